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
        (&["exposure"], "`kubesketch table exposure`"),
        (&["table"], "isolation"),
        (&["diff", "main", "."], "`kubesketch diff --git BASE...HEAD PATH`"),
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

#[test]
fn selections_list_the_rows_that_touch_them_and_change_no_verdict() {
    let rows = |arguments: &[&str]| {
        let output = run_in(shop(), &[arguments, &["-o", "csv"]].concat(), None);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        stdout(&output).lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    for kind in ["connections", "exposure", "isolation", "policies", "routes"] {
        let all = rows(&["table", kind]);
        assert_eq!(rows(&["table", kind, "-n", "shop", "-A"]), all);
        let parts: Vec<Vec<String>> = ["shop", "data"].map(|name| rows(&["table", kind, "-n", name])).into();
        for row in parts.iter().flatten() {
            assert!(all.contains(row), "{kind}: {row}");
        }
        assert!(all.iter().all(|row| parts.iter().any(|part| part.contains(row))), "{kind}");
    }
    // A row of another namespace that leads here is listed.
    let into_data = rows(&["table", "connections", "-n", "data"]);
    assert!(into_data.len() == 2 && into_data.iter().all(|row| row.starts_with("shop/")), "{into_data:?}");
    let cart = rows(&["table", "exposure", "-l", "app.kubernetes.io/name=cart"]);
    assert!(cart.len() == 1 && cart[0].contains("shop/cart[Deployment]"), "{cart:?}");
    // Data are selected alike.
    let json = stdout(&run_in(shop(), &["table", "connections", "-n", "data", "-o", "json"], None));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["connections"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!(value["openPairs"], serde_json::Value::Null);
}

#[test]
fn findings_of_a_selection_are_reported_and_the_others_are_counted() {
    let check = |arguments: &[&str]| run_in(shop(), &[&["check", "-v", "--fail-on", "info"], arguments].concat(), None);
    let all = check(&[]);
    assert_eq!(all.status.code(), Some(1));
    assert!(stdout(&all).contains("3 remarks"), "{}", stdout(&all));
    let data = check(&["-n", "data"]);
    assert_eq!(data.status.code(), Some(0), "what is left out does not count");
    assert!(stdout(&data).contains("nothing found"), "{}", stdout(&data));
    assert!(stderr(&data).contains("-n data: findings about other objects are left out: 3"), "{}", stderr(&data));
    let cart = check(&["-l", "app.kubernetes.io/name=cart"]);
    assert!(stdout(&cart).contains("1 remark"), "{}", stdout(&cart));
    assert_eq!(cart.status.code(), Some(1));
}

#[test]
fn a_selection_of_nothing_is_an_error_with_what_was_probably_meant() {
    for arguments in [&["table", "exposure", "-n", "dta"][..], &["check", "-n", "dta"], &["draw", "-n", "dta"]] {
        let output = run_in(shop(), arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("did you mean `data`?"), "{arguments:?}: {}", stderr(&output));
    }
}

/// An option of one letter means the same for each command that has it.
#[test]
fn short_options_mean_the_same_for_every_command() {
    let commands = ["draw", "check", "diff", "table", "serve", "why", "units"];
    for option in ["-n", "-A", "-l", "-k", "-f", "-o"] {
        let forms: std::collections::BTreeSet<String> = commands
            .iter()
            .filter_map(|command| {
                let help = stdout(&run_in(shop(), &[command, "--help"], None));
                let line = help.lines().find(|l| l.trim_start().starts_with(&format!("{option}, ")))?.trim().to_owned();
                Some(
                    line.split("  ").next().unwrap_or_default().split([' ', '[']).take(2).collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        assert_eq!(forms.len(), 1, "{option}: {forms:?}");
    }
}

/// Words of tables that are not words of Kubernetes are explained below them, for people and not for programs.
#[test]
fn tables_explain_their_words_where_they_stand() {
    let table = |arguments: &[&str]| stdout(&run_in(shop(), &[&["table"], arguments].concat(), None));
    let exposure = table(&["exposure"]);
    for start in
        ["  OPEN: empty where", "  convention: the ingress controller is not in the manifests", "  BECAUSE: empty"]
    {
        assert!(exposure.contains(start), "{exposure}");
    }
    assert!(table(&["connections", "-o", "md"]).contains("\n\n- convention: "));
    assert!(table(&["isolation"]).contains("  open: no policy applies"));
    assert!(!table(&["exposure", "-o", "csv"]).contains("empty where"));
    assert!(table(&["routes", "-n", "data"]).ends_with("\n\n  none\n"));
}

/// The short help of a command is read on a screen, not scrolled through.
#[test]
fn help_fits_a_screen() {
    for command in ["draw", "check", "diff", "table", "serve", "why", "units", "explain", "completions"] {
        let lines = stdout(&run_in(shop(), &[command, "-h"], None)).lines().count();
        assert!(lines <= 50, "{command} -h has {lines} lines");
    }
}
