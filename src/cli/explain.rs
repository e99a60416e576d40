//! `kubesketch explain`: what a finding means, with an example.

use super::{Status, output};
use crate::check::{self, Rule};

/// Explains one, or lists all.
pub fn run(code: Option<&str>) -> anyhow::Result<Status> {
    let Some(code) = code else {
        let lines: Vec<String> = check::rules()
            .map(|r| format!("{:<8} {}", r.code.severity().as_str(), r.code.as_str()))
            .collect();
        output::to_stdout(lines.join("\n") + "\n")?;
        return Ok(Status::Success);
    };
    let Some(rule) = check::rules().find(|r| r.code.as_str() == code) else {
        anyhow::bail!("there is no finding `{code}`; `kubesketch explain` lists them");
    };
    output::to_stdout(page(rule))?;
    Ok(Status::Success)
}

/// The page of a rule in Markdown; `docs/diagnostics` is made of these.
pub fn page(rule: &Rule) -> String {
    let world = if rule.dangling {
        "\nIt is about something that the input does not hold. Where the input does not declare the namespace, and so may be a part of what is deployed, it counts for one step less.\n"
    } else {
        ""
    };
    format!(
        "# {}\n\nSeverity: {}.\n\n{}\n{world}\n## An example\n\n```yaml\n{}```\n\n## A near miss\n\n```yaml\n{}```\n",
        rule.code.as_str(),
        rule.code.severity().as_str(),
        rule.about,
        rule.bad,
        rule.good
    )
}
