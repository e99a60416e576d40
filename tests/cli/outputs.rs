//! Where outputs go: never over an input, never two to one file, and nothing half-done stays behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]}
";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deploy")).unwrap();
    fs::write(folder.path().join("deploy/web.yaml"), WEB).unwrap();
    fs::write(folder.path().join("old.yaml"), WEB.replace("8080", "80")).unwrap();
    folder
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = folder();
    let path = folder.path();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("deploy/web.yaml", path.join("link.json")).unwrap();
        fs::hard_link(path.join("deploy/web.yaml"), path.join("hard.json")).unwrap();
        fs::create_dir(path.join("pages")).unwrap();
        std::os::unix::fs::symlink("../deploy/web.yaml", path.join("pages/index.html")).unwrap();
    }
    let mut all = vec![
        vec!["draw", "deploy/web.yaml", "-o", "json=deploy/web.yaml"],
        vec!["draw", "deploy", "-o", "svg=./deploy/../deploy/web.yaml"],
        vec!["draw", "-f", "deploy", "-o", "a.svg", "-o", "json=deploy/web.yaml"],
        vec!["draw", "deploy", "--inject", "deploy/web.yaml"],
        vec!["check", "deploy", "--write-baseline", "deploy/web.yaml"],
        vec!["check", "deploy", "-o", "json=deploy/web.yaml"],
        vec!["check", "old.yaml", "-o", "b.json", "--write-baseline", "./b.json"],
        vec!["diff", "old.yaml", "deploy", "-o", "md=deploy/web.yaml"],
        vec!["diff", "old.yaml", "deploy", "-o", "md=old.yaml"],
    ];
    if cfg!(unix) {
        all.push(vec!["draw", "deploy", "-o", "link.json"]);
        all.push(vec!["draw", "deploy", "-o", "hard.json"]);
        all.push(vec!["draw", "deploy", "-o", "pages/"]);
    }
    for arguments in all {
        let output = run(path, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        let told = said(&output);
        assert!(told.contains("would be written over") || told.contains("is asked for by both"), "{told}");
        assert_eq!(fs::read_to_string(path.join("deploy/web.yaml")).unwrap(), WEB, "{arguments:?}");
        assert!(!path.join("a.svg").exists() && !path.join("b.json").exists(), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn standard_input_from_a_file_is_an_input_too() {
    let folder = folder();
    let file = folder.path().join("deploy/web.yaml");
    let mut command = command(folder.path(), &["draw", "-", "-o", "json=deploy/web.yaml"]);
    let output = command.stdin(fs::File::open(&file).unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), WEB);
}

/// A folder of manifests may hold the pictures of them: what is no manifest is replaced.
#[test]
fn an_output_of_before_is_written_again() {
    let folder = folder();
    let arguments = ["draw", "deploy", "-o", "deploy/net.json", "-o", "deploy/net.svg"];
    for _ in 0..2 {
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    let arguments = ["check", "deploy", "--write-baseline", "deploy/known.json"];
    for _ in 0..2 {
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

#[test]
fn two_names_of_one_file_are_one_output() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("there.svg"), "").unwrap();
    let mut all = vec![
        vec!["draw", "deploy", "-o", "a.svg", "-o", "svg=./a.svg"],
        vec!["draw", "deploy", "-o", "a.svg", "-o", "json=deploy/../a.svg"],
        vec!["draw", "deploy", "-o", "there.svg", "-o", "json=./there.svg"],
        vec!["draw", "deploy", "-o", "pages/", "-o", "./pages/"],
        vec!["check", "deploy", "-o", "a.json", "-o", "sarif=./a.json"],
        vec!["diff", "old.yaml", "deploy", "-o", "a.svg", "-o", "md=./a.svg"],
    ];
    if cfg!(unix) {
        #[cfg(unix)]
        std::os::unix::fs::symlink("there.svg", path.join("link.svg")).unwrap();
        all.push(vec!["draw", "deploy", "-o", "there.svg", "-o", "link.svg"]);
    }
    for arguments in all {
        let output = run(path, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains("asked for twice"), "{}", said(&output));
        assert!(!path.join("a.svg").exists() && !path.join("pages").exists());
    }
}

/// Whether what is started from here ignores a signal; no where the system does not say it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1)
}

/// While an outside program reads a revision that was written to a temporary folder, a signal comes.
#[cfg(unix)]
#[test]
fn a_signal_leaves_no_temporary_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::ExitStatusExt as _;
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("deploy/kustomization.yaml"), "resources: [web.yaml]\nvars: []\n").unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let done = Command::new("git").args(identity).args(arguments).current_dir(path).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "deploy", "old.yaml"]);
    git(&["commit", "-qm", "one"]);
    git(&["commit", "-qm", "two", "--allow-empty"]);
    let (programs, temporary) = (path.join("bin"), path.join("tmp"));
    fs::create_dir(&programs).unwrap();
    fs::create_dir(&temporary).unwrap();
    let fake = programs.join("kustomize");
    fs::write(&fake, "#!/bin/sh\necho > \"$STARTED\"\nexec sleep 5\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    for (signal, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let started = path.join(format!("started-{signal}"));
        let paths = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut child = command(path, &["diff", "--git", "HEAD~1..HEAD", "-k", "deploy"])
            .env("PATH", paths)
            .env("TMPDIR", &temporary)
            .env("STARTED", &started)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !started.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it ran the program");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(fs::read_dir(&temporary).unwrap().count() > 0, "the revision is not in a temporary folder");
        let id = child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), id.as_str()]).status().unwrap().success());
        // One that this run was told to ignore, as what a script starts in the background is, is ignored.
        assert_eq!(child.wait().unwrap().signal(), (!is_ignored(number)).then_some(number));
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{signal}");
    }
}
