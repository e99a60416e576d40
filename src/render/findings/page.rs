//! The pages of rules in Markdown: what a finding means, with an example and a near miss.

use crate::check::{Rule, rules};
use crate::diagnostic::Code;

/// The page of a rule; `docs/diagnostics` is made of these.
pub fn rule_page(rule: &Rule) -> String {
    let severity = rule.code.severity().as_str();
    format!(
        "# {}\n\nSeverity: {severity}.\n\n{}\n## An example\n\n```yaml\n{}```\n\n## A near miss\n\n```yaml\n{}```\n",
        rule.code.as_str(),
        about(rule),
        rule.bad,
        rule.good
    )
}

/// The page of a code that is noticed while the input is read or drawn, and is no rule of `check`.
pub fn code_page(code: Code) -> String {
    format!(
        "# {}\n\nSeverity: {}.\n\n{}\n\nEvery command reports it while it reads the input.\n",
        code.as_str(),
        code.severity().as_str(),
        code.summary()
    )
}

/// What a rule is about, in Markdown.
pub(super) fn about(rule: &Rule) -> String {
    let world = if rule.dangling {
        "\nIt is about something that the input does not hold. Where the input does not declare the namespace, and so may be a part of what is deployed, it counts for one step less.\n"
    } else {
        ""
    };
    format!("{}\n{world}", rule.about)
}

/// A page with all rules, by name.
pub fn rules_page() -> String {
    let mut rules: Vec<&Rule> = rules().collect();
    rules.sort_by_key(|r| r.code.as_str());
    let rows = rules.iter().map(|rule| {
        let (code, severity) = (rule.code.as_str(), rule.code.severity().as_str());
        let dangling = if rule.dangling { "\\*" } else { "" };
        format!("| [{code}]({code}.md) | {severity}{dangling} | {} |\n", rule.code.summary())
    });
    format!(
        "# Findings\n\nWhat `kubesketch check` looks for; [how to use it](../check.md). `kubesketch explain CODE` prints the page of one.\n\n| code | severity | what it is |\n|---|---|---|\n{}\n\\* Counts for one step less where the input does not declare the namespace, and so may be a part of what is deployed.\n",
        rows.collect::<String>()
    )
}
