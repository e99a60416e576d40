//! What belongs to a shell and a terminal: completions of values for every shell, and progress that only a person sees.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::program::run_in;
use crate::support::skip::{program, skip};

const SHELLS: &[&str] = &["bash", "elvish", "fish", "powershell", "zsh"];

fn shop() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop"))
}

/// What a shell is answered for a command line whose last word is completed.
fn completed(shell: &str, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .arg("--")
        .args(words)
        .current_dir(shop())
        .env("KUBESKETCH_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_shell_completes_codes_views_formats_namespaces_and_objects() {
    for shell in SHELLS {
        for (words, expected) in [
            (&["kubesketch", "explain", "ingress-no"][..], "ingress-no-tls"),
            (&["kubesketch", "check", "--skip", "ingress-no-tls,exp"], "exposed-to-internet"),
            (&["kubesketch", "draw", "--view", ""], "resources"),
            (&["kubesketch", "draw", "-o", "me"], "mermaid"),
            (&["kubesketch", "check", "-o", "sa"], "sarif"),
            (&["kubesketch", "table", "ex"], "exposure"),
            (&["kubesketch", "table", "exposure", "-n", ""], "data"),
            (&["kubesketch", "draw", "--kind", "Stat"], "StatefulSet"),
            (&["kubesketch", "draw", "--focus", "shop/c"], "shop/catalog"),
            (&["kubesketch", "why", "inter"], "internet"),
            (&["kubesketch", "why", "internet", "data/"], "data/postgres"),
        ] {
            let output = completed(shell, words);
            assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {}", text(&output.stderr));
            let answer = text(&output.stdout);
            assert!(answer.contains(expected), "{shell} {words:?}: {answer}");
        }
    }
}

#[test]
fn the_script_of_every_shell_asks_the_program() {
    for shell in SHELLS {
        let script = text(&run_in(shop(), &["completions", shell], None).stdout);
        assert!(script.contains("KUBESKETCH_COMPLETE") && script.contains("kubesketch"), "{shell}: {script}");
        assert!(!script.contains(env!("CARGO_MANIFEST_DIR")), "{shell} would call one place only: {script}");
    }
}

#[test]
fn bash_itself_takes_the_script_and_completes_a_namespace() {
    let Some(mut bash) = program("bash") else { return };
    let folder = Path::new(env!("CARGO_BIN_EXE_kubesketch")).parent().unwrap().display();
    let script = format!(
        "PATH={folder}:$PATH; source <(kubesketch completions bash)
         COMP_WORDS=(kubesketch draw -n sh); COMP_CWORD=3
         _clap_complete_kubesketch kubesketch sh -n; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = bash.args(["-c", &script]).current_dir(shop()).output().unwrap();
    assert_eq!(text(&output.stdout), "shop\n", "{}", text(&output.stderr));
}

#[test]
fn names_that_a_shell_would_take_apart_are_not_completed() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: '$(id)', namespace: 'a b'}\n---\n\
                    apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: fine}\n";
    std::fs::write(folder.path().join("a.yaml"), manifest).unwrap();
    let place = folder.path().to_str().unwrap();
    for option in ["-n", "--focus"] {
        let answer = text(&completed("bash", &["kubesketch", "draw", place, option, ""]).stdout);
        assert!(answer.contains("fine") && !answer.contains("$(") && !answer.contains("a b"), "{answer}");
    }
}

/// What a command writes to a terminal, as `script` records it; `None` where there is no such program.
#[cfg(target_os = "linux")]
fn on_a_terminal(command: &str) -> Option<String> {
    let mut script = program("script")?;
    let folder = Path::new(env!("CARGO_BIN_EXE_kubesketch")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = script
        .args(["-qec", command, "/dev/null"])
        .current_dir(shop())
        .envs([("PATH", path.as_str()), ("TERM", "xterm"), ("KUBESKETCH_PROGRESS", "now")])
        .output()
        .unwrap();
    Some(text(&output.stdout))
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_what_is_being_done_with_counts_and_is_left_clean() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let Some(seen) = on_a_terminal(&format!("kubesketch draw . -o {place}/x.svg -o {place}/site/")) else { return };
    for step in ["reading manifests", "working out what can reach what: 7 files", "arranging pages: 0 of 2"] {
        assert!(seen.contains(step), "{step}: {seen:?}");
    }
    assert!(seen.ends_with("\r\u{1b}[2K"), "the line stays: {seen:?}");
    assert_eq!(on_a_terminal(&format!("kubesketch -q draw . -o {place}/x.svg")).as_deref(), Some(""));
    // What is printed stands on lines of its own.
    let seen = on_a_terminal("kubesketch check --fail-on never").unwrap();
    assert!(seen.contains("\u{1b}[2K3 remarks"), "{seen:?}");
}

#[test]
fn a_pipe_gets_no_progress() {
    let folder = tempfile::tempdir().unwrap();
    let site = format!("{}/", folder.path().display());
    for arguments in [&["draw", ".", "-o", &site][..], &["check"], &["table", "exposure"], &["diff", ".", "."]] {
        let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
            .args(arguments)
            .current_dir(shop())
            .env("KUBESKETCH_PROGRESS", "now")
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    }
    if cfg!(not(target_os = "linux")) {
        skip("progress on a terminal is tested with the `script` of Linux");
    }
}
