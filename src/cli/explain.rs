//! `kubesketch explain`: the meaning of a finding, with an example.

use super::{Status, output};
use crate::check;
use crate::render;

/// Explains one, or lists all.
pub fn run(code: Option<&str>) -> anyhow::Result<Status> {
    let Some(code) = code else {
        let lines: Vec<String> =
            check::rules().map(|r| format!("{:<8} {}", r.code.severity().as_str(), r.code.as_str())).collect();
        output::to_stdout(lines.join("\n") + "\n")?;
        return Ok(Status::Success);
    };
    let Some(rule) = check::rules().find(|r| r.code.as_str() == code) else {
        anyhow::bail!("there is no finding `{code}`; `kubesketch explain` lists them");
    };
    output::to_stdout(render::rule_page(rule))?;
    Ok(Status::Success)
}
