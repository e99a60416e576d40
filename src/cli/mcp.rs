//! `kubesketch mcp`: answers for an assistant, over the Model Context Protocol on standard input and output
//! (<https://modelcontextprotocol.io/specification>). Guarantees: nothing outside of the given paths is read, nothing
//! is written, and no answer is larger than its limit.

#[cfg(feature = "mcp")]
mod answers;
#[cfg(feature = "mcp")]
mod bounded;
#[cfg(feature = "mcp")]
mod changes;
#[cfg(feature = "mcp")]
mod roots;
#[cfg(feature = "mcp")]
mod server;
#[cfg(feature = "mcp")]
mod tools;

use std::path::PathBuf;

use super::Status;
use super::input::ConnectArgs;

/// Arguments of `mcp`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example, for Claude Code:
  claude mcp add kubesketch -- kubesketch mcp /home/me/shop/deploy")]
#[cfg_attr(not(feature = "mcp"), allow(dead_code))]
pub struct Args {
    /// Files and folders that may be read; questions about others are refused, also by `..` and by links
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The maximum size of an answer: of its text, and again of its data, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 32, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(4..=1024))]
    max_answer: usize,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the command.
#[cfg(feature = "mcp")]
pub fn run(args: &Args) -> anyhow::Result<Status> {
    server::run(args)
}

/// Reports that the program was built without it.
#[cfg(not(feature = "mcp"))]
pub fn run(_: &Args) -> anyhow::Result<Status> {
    anyhow::bail!("this kubesketch was built without answers for assistants: build it with `--features mcp`")
}
