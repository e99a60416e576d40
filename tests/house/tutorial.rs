//! The tutorial, from top to bottom: every command of it is run, one after the other in one folder, and what it shows
//! is what they print. `KUBESKETCH_BLESS=1` writes down what they print.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::runner::root;
use crate::support::skip::skip;

/// A command with the lines that the page shows below it.
struct Step {
    /// As it stands on the page, with its prompts.
    written: String,
    command: String,
    shown: String,
}

/// The commands of a block: `$` begins one, `>` goes on with it, and the other lines are what it prints.
fn steps(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> "), steps.last_mut()) {
            (Some(command), _, _) => {
                steps.push(Step { written: format!("{line}\n"), command: command.to_owned(), shown: String::new() });
            }
            (None, Some(more), Some(step)) if step.shown.is_empty() => {
                step.written += &format!("{line}\n");
                step.command += &format!("\n{more}");
            }
            (None, _, Some(step)) => step.shown += &format!("{line}\n"),
            (None, _, None) => panic!("output without a command: {line}"),
        }
    }
    steps
}

/// Runs a command as a person at a terminal: what it prints on both outputs. A shell keeps nothing but `$?`.
fn run(command: &str, status: i32, folder: &Path) -> (String, i32) {
    let programs = Path::new(env!("CARGO_BIN_EXE_kubesketch")).parent().unwrap();
    let script = format!("exec 2>&1\n(exit {status})\n{command}\n");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()))
        .env("KUBESKETCH", root())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "You")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "you@example.org")))
        // The page shows the id of a commit.
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_DATE"), "2026-01-01T12:00:00Z")))
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn every_command_of_the_tutorial_prints_what_it_shows() {
    if Command::new("git").arg("--version").output().is_err() {
        skip("git is not here");
        return;
    }
    let path = root().join("docs/tutorial.md");
    let page = fs::read_to_string(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut parts = page.split("```console\n");
    let mut now = parts.next().unwrap().to_owned();
    let (mut wrong, mut status, mut count) = (Vec::new(), 0, 0);
    for part in parts {
        let (block, rest) = part.split_once("```").unwrap();
        now += "```console\n";
        for step in steps(block) {
            let printed;
            (printed, status) = run(&step.command, status, folder.path());
            count += 1;
            if printed != step.shown {
                wrong.push(format!("$ {}\nshown:\n{}\nprinted:\n{printed}", step.command, step.shown));
            }
            now += &step.written;
            now += &printed;
        }
        now += "```";
        now += rest;
    }
    assert!(count >= 10, "only {count} commands");
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "KUBESKETCH_BLESS=1 cargo test --test house tutorial\n{}", wrong.join("\n"));
}
