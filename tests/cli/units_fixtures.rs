//! Folders with units of deployment, and the program that reads them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A Deployment with its Service.
pub const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// A folder that is the top of a repository.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    write(folder.path(), files);
    folder
}

/// Writes files below a folder.
pub fn write(top: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The program with some programs on its PATH beside those of the system.
pub fn with_programs(folder: &Path, programs: &[&Path], arguments: &[&str]) -> Output {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let bin = tempfile::tempdir().unwrap();
    for program in programs {
        let name = program.file_name().unwrap();
        let real = fs::canonicalize(program).unwrap_or_else(|_| (*program).to_owned());
        std::os::unix::fs::symlink(real, bin.path().join(name)).unwrap();
    }
    let path = std::env::join_paths([bin.path().to_owned()].into_iter().chain(std::env::split_paths(&own))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.args(arguments).current_dir(folder).env("PATH", path).env("XDG_CACHE_HOME", bin.path()).output().unwrap()
}

/// The program.
pub fn kubesketch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch")).args(arguments).current_dir(folder).output().unwrap()
}

/// What a run that succeeds writes.
pub fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the program writes, which succeeds.
pub fn said(folder: &Path, arguments: &[&str]) -> String {
    text(&kubesketch(folder, arguments))
}

/// The units of a folder, as data.
pub fn units(folder: &Path) -> Vec<serde_json::Value> {
    let list: serde_json::Value = serde_json::from_str(&said(folder, &["units", "-o", "json"])).unwrap();
    list["units"].as_array().unwrap().clone()
}
