//! The pages of the documentation, from top to bottom: every command that one shows is run, in a folder such as its
//! readers have, and what it shows below a command is what that prints. `KUBESKETCH_BLESS=1` writes down what they print.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

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
        // Pages show ids of commits.
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_DATE"), "2026-01-01T12:00:00Z")))
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// What a reader of the how-to pages has: a repository with the shop on its branch `main` and one change since, units of
/// two environments, an old and a new state, and a README with places for pictures.
const STAGE: &str = r#"
git init --quiet --initial-branch main
ln -s "$KUBESKETCH/examples" examples && ln -s "$KUBESKETCH/tests" tests && ln -s "$KUBESKETCH/docs" book
printf '%s\n' /examples /tests /book > .git/info/exclude
cp -r "$KUBESKETCH/examples/shop" deploy && cp -r deploy old && cp -r deploy new && mkdir docs
cat > new/debug.yaml <<'END'
apiVersion: v1
kind: Service
metadata: {name: catalog-debug, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app.kubernetes.io/name: catalog}
  ports: [{port: 9000, targetPort: 8081}]
END
for unit in base overlays/production overlays/prod overlays/stage web/base web/overlays/prod; do mkdir -p $unit; done
cp deploy/web.yaml base/ && echo 'resources: [web.yaml]' > base/kustomization.yaml
cp base/* web/base/ && echo 'resources: [../../base]' > web/overlays/prod/kustomization.yaml
for unit in production prod stage; do
  printf 'namespace: %s\nresources: [../../base, cart.yaml]\n' $unit > overlays/$unit/kustomization.yaml
  sed -n '/^---$/q;p' deploy/cart.yaml > overlays/$unit/cart.yaml
done
for name in '' ' shop'; do printf '<!-- kubesketch:begin%s -->\n<!-- kubesketch:end -->\n' "$name"; done > README.md
git add . && git commit --quiet --message 'As it is' && git update-ref refs/remotes/origin/main main
git checkout --quiet -b change && cp new/debug.yaml deploy/ && git add . && git commit --quiet --message 'A door'
"#;

fn stage() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (printed, status) = run(&format!("set -e\n{STAGE}"), 0, folder.path());
    assert!(status == 0 && printed.is_empty(), "{printed}");
    folder
}

/// The pages that people read, from the top of the repository; those that are made by the program say nothing to run.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && !["cli.md", "kinds.md", "SUMMARY.md"].contains(&name.as_str()) {
            pages.push(Path::new("docs").join(name));
        }
    }
    pages.sort();
    pages
}

/// Commands that a comment of a page runs unseen, so that the next block has what it is about.
fn unseen(text: &str) -> impl Iterator<Item = &str> {
    text.split("<!-- run: ").skip(1).map(|rest| rest.split_once(" -->").unwrap().0)
}

#[test]
fn what_pages_show_below_commands_is_what_they_print() {
    if Command::new("git").arg("--version").output().is_err() {
        skip("git is not here");
        return;
    }
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        if !text.contains("```console\n") {
            continue;
        }
        // The tutorial makes everything itself.
        let folder = if page.ends_with("tutorial.md") { tempfile::tempdir().unwrap() } else { stage() };
        let mut parts = text.split("```console\n");
        let before = parts.next().unwrap();
        unseen(before).for_each(|command| assert_eq!(run(command, 0, folder.path()).1, 0, "{command}"));
        let (mut now, mut status) = (before.to_owned(), 0);
        for part in parts {
            let (block, rest) = part.split_once("```").unwrap();
            now += "```console\n";
            for step in steps(block) {
                let printed;
                (printed, status) = run(&step.command, status, folder.path());
                count += 1;
                if printed != step.shown {
                    let name = page.display();
                    wrong.push(format!("{name}: $ {}\nshown:\n{}\nprinted:\n{printed}", step.command, step.shown));
                }
                now += &step.written;
                now += &printed;
            }
            now += "```";
            now += rest;
            unseen(rest).for_each(|command| assert_eq!(run(command, 0, folder.path()).1, 0, "{command}"));
        }
        if std::env::var_os("KUBESKETCH_BLESS").is_some() {
            fs::write(root().join(&page), now).unwrap();
            wrong.clear();
        }
    }
    assert!(count >= 15, "only {count} commands");
    assert!(wrong.is_empty(), "KUBESKETCH_BLESS=1 cargo test --test house pages\n{}", wrong.join("\n"));
}

/// The commands of the program in the fenced blocks of a page that show no output, without comments and pipes.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines().map(str::trim) {
        if let Some(language) = line.strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language) };
            continue;
        }
        let Some("sh" | "yaml") = fence else { continue };
        let line = line.strip_prefix("- run: ").or_else(|| line.strip_prefix("- ")).unwrap_or(line);
        let line = line.split_once(" && ").map_or(line, |(_, then)| then);
        let line = ["  #", " | ", " > "].iter().fold(line, |line, end| line.split(end).next().unwrap());
        if line.starts_with("kubesketch ") || line.starts_with("kubectl sketch ") {
            found.push(line.trim().replacen("kubectl sketch", "kubesketch", 1));
        }
    }
    found
}

/// Whether a command needs a cluster, a chart or a browser, or does not end: only its arguments are looked at.
fn needs_more(command: &str, line: &str) -> bool {
    let words: Vec<&str> = command.split(' ').collect();
    matches!(words[1], "serve" | "mcp")
        || words.contains(&"--cluster")
        || words.contains(&"--helm")
        || command.contains(" charts/")
        || line.contains("kubectl")
}

#[test]
fn every_command_of_a_page_runs() {
    if Command::new("git").arg("--version").output().is_err() {
        skip("git is not here");
        return;
    }
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        let commands = commands(&text);
        if commands.is_empty() {
            continue;
        }
        let folder = stage();
        for command in commands {
            count += 1;
            let is_of_kubectl = text.contains(&command.replacen("kubesketch", "kubectl sketch", 1));
            let more = needs_more(&command, if is_of_kubectl { "kubectl" } else { "" });
            let run_as = if more { format!("{command} --help") } else { command.clone() };
            let (printed, status) = run(&run_as, 0, folder.path());
            // 1 is an answer: something is stale, or a gate stops.
            let fine = if more { status == 0 } else { status <= 1 };
            // Broken on purpose, and drawn all the same.
            if command.contains("examples/broken") {
                assert_eq!(status, 2, "{command}");
                continue;
            }
            if !fine || printed.contains("\nerror: ") || printed.starts_with("error: ") {
                wrong.push(format!("{}: {command}: exit code {status}\n{printed}", page.display()));
            }
        }
    }
    assert!(count >= 40, "only {count} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
