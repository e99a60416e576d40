//! What people type first, and the help that they get when they mistype it.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::program::run_in;

fn shop() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_command_line_without_a_command_draws() {
    let expected = stdout(&run_in(shop(), &["draw", "."], None));
    assert!(expected.starts_with("<svg"));
    for arguments in [&["."][..], &["draw"], &["-o", "svg"], &["-q", ".", "-o", "svg"], &["--color", "never", "."]] {
        assert_eq!(stdout(&run_in(shop(), arguments, None)), expected, "{arguments:?}");
    }
    let one = stdout(&run_in(shop(), &["ingress.yaml"], None));
    assert!(one.starts_with("<svg") && one != expected);
}

#[test]
fn manifests_that_are_piped_in_are_read_by_every_command() {
    let manifests = fs::read_to_string(shop().join("web.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let expected = stdout(&run_in(folder.path(), &["draw", "-"], Some(&manifests)));
    assert!(expected.starts_with("<svg"));
    for arguments in [&[][..], &["draw"], &["-q"]] {
        assert_eq!(stdout(&run_in(folder.path(), arguments, Some(&manifests))), expected, "{arguments:?}");
    }
    for arguments in [&["check"][..], &["table", "isolation"], &["why", "web", "web"]] {
        let explicit: Vec<&str> = arguments.iter().copied().chain(["-"]).collect();
        let [with, without] = [&explicit[..], arguments].map(|a| run_in(folder.path(), a, Some(&manifests)));
        assert_eq!(stdout(&with), stdout(&without), "{arguments:?}");
        assert!(!stdout(&with).is_empty(), "{arguments:?}: {}", stderr(&with));
    }
    // A path that is named is read, whatever is piped in.
    assert_eq!(stdout(&run_in(shop(), &["draw", "."], Some("x"))), stdout(&run_in(shop(), &["draw", "."], None)));
}

#[test]
fn the_ends_of_a_question_stand_before_or_after_the_path() {
    let ask = |arguments: &[&str]| stdout(&run_in(shop(), &[&["why"], arguments].concat(), None));
    let expected = ask(&["internet", "shop/cart", "."]);
    assert!(expected.contains("allowed"), "{expected}");
    assert_eq!(ask(&[".", "internet", "shop/cart"]), expected);
    assert_eq!(ask(&["internet", ".", "shop/cart"]), expected);
    assert_eq!(ask(&["internet", "shop/cart"]), expected);
}

#[test]
fn what_is_mistyped_is_answered_with_what_was_probably_meant() {
    for (arguments, meant) in [
        (&["chekc"][..], "check"),
        (&["draw", "--veiw", "policy"], "--view"),
        (&["draw", "--view", "polcy"], "`policy`"),
        (&["draw", "-o", "x.svgg"], "`svg`"),
        (&["check", "-o", "sarfi"], "`sarif`"),
        (&["table", "routs"], "routes"),
        (&["explain", "ingress-no-tl"], "`ingress-no-tls`"),
        (&["check", "--skip", "ingress-no-tl"], "`ingress-no-tls`"),
        (&["draw", "-n", "shp"], "`shop`"),
        (&["draw", "--kind", "Servce"], "`service`"),
        (&["draw", "--focus", "catlog"], "shop/catalog"),
        (&["why", "internet", "catlog"], "shop/catalog"),
    ] {
        let output = run_in(shop(), arguments, None);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(meant), "{arguments:?}: {said}");
    }
    let output = run_in(shop(), &["draw", "--group-by", "app.kubernetes.io/nam", "-o", "svg"], None);
    let expected = "no object has the label `app.kubernetes.io/nam`, did you mean `app.kubernetes.io/name`?";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn every_code_is_explained_and_listed_with_its_severity_and_title() {
    let list = stdout(&run_in(shop(), &["explain"], None));
    for code in kubesketch::diagnostic::Code::ALL {
        let page = stdout(&run_in(shop(), &["explain", code.as_str()], None));
        assert!(page.starts_with(&format!("# {}\n", code.as_str())) && page.lines().count() > 4, "{page}");
        let row = list.lines().find(|line| line.split_whitespace().nth(1) == Some(code.as_str()));
        let row = row.unwrap_or_else(|| panic!("{} is not listed", code.as_str()));
        assert!(row.starts_with(code.severity().as_str()) && row.ends_with(code.summary()), "{row}");
    }
}

#[test]
fn the_version_is_a_command_too() {
    assert_eq!(stdout(&run_in(shop(), &["version"], None)), stdout(&run_in(shop(), &["--version"], None)));
}
