//! The pages of rules in Markdown: what a finding means, with an example and a near miss.

use std::collections::BTreeSet;

use crate::check::{Rule, rules};
use crate::diagnostic::Code;

/// The page of a rule.
fn rule_page(rule: &Rule) -> String {
    let severity = rule.code.severity().as_str();
    format!(
        "# {}\n\n{} Severity: {severity}.\n\n{}\n## An example\n\n```yaml\n{}```\n\n## A near miss\n\n```yaml\n{}```\n",
        rule.code.as_str(),
        rule.code.summary(),
        about(rule),
        rule.bad,
        rule.good
    )
}

/// The explanation of any problem that a command reports: that of its rule, or its meaning; in Markdown.
/// `docs/diagnostics` is made of these.
pub fn code_page(code: Code) -> String {
    if let Some(rule) = rules().find(|r| r.code == code) {
        return rule_page(rule);
    }
    let (title, severity) = (code.as_str(), code.severity().as_str());
    format!("# {title}\n\n{} Severity: {severity}.\n\n{}\n", code.summary(), code.meaning().unwrap_or_default())
}

/// What a rule is about, in Markdown.
pub(super) fn about(rule: &Rule) -> String {
    let world = if rule.dangling {
        "\nIt is about an object that the manifests do not contain. If they do not declare its namespace either, the object may exist in the cluster, and the finding is one step less severe.\n"
    } else {
        ""
    };
    format!("{}\n{world}", rule.about)
}

/// A page with all rules, by name.
pub fn rules_page() -> String {
    let dangling: BTreeSet<Code> = rules().filter(|r| r.dangling).map(|r| r.code).collect();
    let row = |code: &Code| {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        let mark = if dangling.contains(code) { "\\*" } else { "" };
        format!("| [{name}]({name}.md) | {severity}{mark} | {} |\n", code.summary())
    };
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| code.as_str());
    let (found, noticed): (Vec<Code>, Vec<Code>) = codes.into_iter().partition(|code| code.meaning().is_none());
    let table = |codes: &[Code]| codes.iter().map(row).collect::<String>();
    format!(
        "# Findings\n\nThe findings of `kubesketch check`; [how to use it](../check.md). `kubesketch explain CODE` prints the page of one.\n\n| code | severity | meaning |\n|---|---|---|\n{}\n\\* One step less severe if the manifests do not declare the namespace: the object may exist in the cluster.\n\n## Problems of reading, evaluating and drawing\n\nEvery command reports these.\n\n| code | severity | meaning |\n|---|---|---|\n{}",
        table(&found),
        table(&noticed)
    )
}
