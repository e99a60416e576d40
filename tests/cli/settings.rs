//! Files with settings are regular files of a bounded size; whatever else stands in their place is told and not opened.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n";

/// Runs the program; what stands in the place of settings neither stops it nor fills the memory.
fn refused(folder: &Path, arguments: &[&str], told: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(told), "{arguments:?}: {said}");
}

#[test]
fn settings_are_regular_files() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("repository");
    fs::create_dir_all(folder.join(".git")).unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    fs::write(folder.join("a.yaml"), SERVICE).unwrap();
    symlink("/dev/zero", folder.join("zero")).unwrap();
    let mut odd = vec!["folder", "zero", "/dev/zero"];
    if Command::new("mkfifo").arg(folder.join("pipe")).status().is_ok_and(|s| s.success()) {
        odd.push("pipe");
    }
    for odd in odd {
        let told = format!("{odd}: not a regular file");
        refused(&folder, &["check", "a.yaml", "--baseline", odd], &told);
        refused(&folder, &["check", "a.yaml", "--config", odd], &told);
        refused(&folder, &["draw", "--helm", ".", "--values", odd], &told);
        let (config, ignore) = (folder.join(".kubesketch.yaml"), folder.join(".gitignore"));
        fs::write(&config, format!("check: {{baseline: {odd}}}\n")).unwrap();
        refused(&folder, &["check", "a.yaml"], &told);
        fs::remove_file(&config).unwrap();
        symlink(odd, &ignore).unwrap();
        refused(&folder, &["draw", "."], ".gitignore: not a regular file");
        fs::remove_file(&ignore).unwrap();
    }
    let config = folder.join(".kubesketch.yaml");
    fs::create_dir(&config).unwrap();
    refused(&folder, &["check", "a.yaml"], "not a regular file");
    fs::remove_dir(&config).unwrap();
    fs::write(top.path().join("key"), "TOKEN: S3NT1NEL\n").unwrap();
    symlink("../key", &config).unwrap();
    refused(&folder, &["check", "a.yaml"], "a symbolic link that leads out of its folder: name it by --config");
    fs::remove_file(&config).unwrap();
    fs::write(&config, "#".repeat(2 << 20)).unwrap();
    refused(&folder, &["check", "a.yaml"], "larger than 1048576 bytes");
}
