//! `kubesketch explain`: the meaning of a problem, with an example.

use super::{Status, cluster, output};
use crate::diagnostic::Code;
use crate::inert::printable;
use crate::net::choice::did_you_mean;
use crate::render;

/// Explains one, or lists all: code, severity and title of each.
pub fn run(code: Option<&str>) -> anyhow::Result<Status> {
    match code {
        Some(text) => output::to_stdout(render::code_page(known(text).map_err(anyhow::Error::msg)?))?,
        None => output::to_stdout(list())?,
    }
    Ok(Status::Success)
}

/// The code of this name.
pub fn known(text: &str) -> Result<Code, String> {
    let text = text.trim();
    Code::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| {
        let meant = did_you_mean(text, Code::ALL.iter().map(|code| code.as_str()));
        format!("there is no finding `{}`{meant}; `{} explain` lists them", printable(text), cluster::program())
    })
}

fn list() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| (code.severity(), code.as_str()));
    let width = codes.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let line = |code: &Code| format!("{:<8} {:<width$}  {}\n", code.severity().as_str(), code.as_str(), code.summary());
    codes.iter().map(line).collect()
}
