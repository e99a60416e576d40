//! `kubesketch explain`: the meaning of a code, with an example where there is one.

use super::{Status, output};
use crate::check;
use crate::diagnostic::Code;
use crate::render;

/// Explains one, or lists all.
pub fn run(code: Option<&str>) -> anyhow::Result<Status> {
    let Some(code) = code else {
        let lines: Vec<String> =
            Code::ALL.iter().map(|c| format!("{:<8} {}", c.severity().as_str(), c.as_str())).collect();
        output::to_stdout(lines.join("\n") + "\n")?;
        return Ok(Status::Success);
    };
    let Some(found) = Code::ALL.iter().copied().find(|c| c.as_str() == code) else {
        anyhow::bail!("there is no code `{code}`; `kubesketch explain` lists them");
    };
    let page = check::rule(found).map_or_else(|| render::code_page(found), render::rule_page);
    output::to_stdout(page)?;
    Ok(Status::Success)
}
