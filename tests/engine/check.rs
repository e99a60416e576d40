//! Every rule by its two examples: `tests/cases/check/CODE/bad.yaml` has it, and `good.yaml`, a near miss, has not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::states;
use kubesketch::check::{self, Completeness, Finding, Options, Terms};
use kubesketch::diagnostic::{Code, Severity};
use kubesketch::source::Sources;

fn findings(name: &str, text: &str, options: &Options) -> (Sources, Vec<Finding>) {
    let world = states::world([(name, text)]);
    let mut found = check::check(&world, options);
    // What was noticed on the way, as far as it has a page.
    let known = world.diagnostics().iter().filter(|d| check::rule(d.code).is_some()).cloned();
    found.extend(known.map(|diagnostic| Finding { diagnostic, about: None }));
    let suppressions = check::suppressions(&world);
    let terms = Terms { suppressions: Some(&suppressions), ..Terms::default() };
    let judgement = check::judge(found, &world, &terms);
    let found = judgement.counting().cloned().collect();
    (world.sources().clone(), found)
}

fn told(sources: &Sources, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let d = &finding.diagnostic;
        let at = d.at.unwrap();
        text.push_str(&format!(
            "{}:{} {}[{}]: {}\n",
            sources.line_of(at),
            at.column,
            d.severity.as_str(),
            d.code.as_str(),
            d.message
        ));
        for related in &d.related {
            text.push_str(&format!("  {}: {}\n", sources.line_of(related.at), related.text));
        }
        text.extend(d.help.iter().map(|h| format!("  help: {h}\n")));
    }
    text
}

#[test]
fn each_rule_has_its_examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/check");
    let mut wrong = Vec::new();
    for rule in check::rules() {
        let code = rule.code;
        let (sources, bad) = findings("bad.yaml", rule.bad, &Options::default());
        let own: Vec<Finding> = bad.iter().filter(|f| f.diagnostic.code == code).cloned().collect();
        if own.is_empty() {
            wrong.push(format!("{}: bad.yaml has it not:\n{}", code.as_str(), told(&sources, &bad)));
        }
        let worse: Vec<&Finding> =
            bad.iter().filter(|f| f.diagnostic.code != code && f.diagnostic.severity != Severity::Info).collect();
        if !worse.is_empty() {
            wrong.push(format!("{}: bad.yaml has more:\n{}", code.as_str(), told(&sources, &bad)));
        }
        let (sources, good) = findings("good.yaml", rule.good, &Options::default());
        if good.iter().any(|f| f.diagnostic.code == code || f.diagnostic.severity != Severity::Info) {
            wrong.push(format!("{}: good.yaml is not good:\n{}", code.as_str(), told(&sources, &good)));
        }
        let golden = folder.join(code.as_str()).join("findings.txt");
        let (sources, bad) = findings("bad.yaml", rule.bad, &Options::default());
        let now = told(&sources, &bad);
        if std::env::var_os("KUBESKETCH_BLESS").is_some() {
            fs::write(&golden, &now).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != now {
            wrong.push(format!("{} is stale, now:\n{now}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_the_example_of_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/check");
    let there: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let codes: BTreeSet<String> = check::rules().map(|r| r.code.as_str().to_owned()).collect();
    assert_eq!(there, codes);
    assert_eq!(check::rules().count(), codes.len(), "a code has two rules");
}

#[test]
fn what_may_be_elsewhere_counts_for_less_in_an_open_world() {
    let bad = check::rule(Code::ServiceSelectsNothing).unwrap().bad;
    let open = bad.replacen("kind: Namespace", "kind: ConfigMap", 1);
    let severity = |text: &str, completeness: Option<Completeness>| {
        let (_, found) = findings("x.yaml", text, &Options { completeness });
        found.iter().find(|f| f.diagnostic.code == Code::ServiceSelectsNothing).map(|f| f.diagnostic.severity)
    };
    assert_eq!(severity(bad, None), Some(Severity::Error));
    assert_eq!(severity(&open, None), Some(Severity::Warning));
    assert_eq!(severity(&open, Some(Completeness::Whole)), Some(Severity::Error));
    assert_eq!(severity(bad, Some(Completeness::Partial)), Some(Severity::Warning));
}
