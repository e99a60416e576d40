//! `kubesketch serve`: manifests in a browser, drawn again whenever they change.

#[cfg(feature = "serve")]
mod browser;
#[cfg(feature = "serve")]
mod guard;
#[cfg(feature = "serve")]
mod roots;
#[cfg(feature = "serve")]
mod routes;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod state;
#[cfg(feature = "serve")]
mod watch;
#[cfg(feature = "serve")]
mod work;

use super::Status;
use super::input::{ConnectArgs, InputArgs};
use super::levels::LevelArgs;
use super::picture::PictureArgs;
use super::report::Verbosity;
use crate::source::GitRange;
use crate::view::Hops;

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
#[command(mut_arg("lenient", |a| a.help("Show what can be read of broken files at once, and not the last good picture")))]
#[cfg_attr(not(feature = "serve"), allow(dead_code))]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    #[command(flatten)]
    levels: LevelArgs,

    #[command(flatten)]
    picture: PictureArgs,

    /// Show what differs between revisions of the git repository around the current folder: BASE (against the files
    /// that are there), BASE...HEAD or BASE..HEAD
    #[arg(long, value_name = "BASE[...HEAD]", conflicts_with_all = NOT_OF_CHANGES)]
    git: Option<GitRange>,

    /// With --git: how many steps around what changed the picture shows of the rest: a number, or all
    #[arg(long, value_name = "STEPS", default_value = "1", requires = "git")]
    context: Hops,

    /// The port to listen on [default: one that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Open the page in a browser: the one that BROWSER names, or that of the system
    #[arg(long)]
    open: bool,

    /// Look at the files again and again in place of waiting for the system to tell of changes, which some network file
    /// systems do not: every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = seconds)]
    poll: Option<std::time::Duration>,
}

/// What a picture of changes has no use for.
const NOT_OF_CHANGES: &[&str] = &[
    "helm",
    "all_namespaces",
    "labels",
    "kind",
    "focus",
    "view",
    "group_by",
    "overview",
    "max_nodes",
    "no_findings",
    "show_denied",
    "calls",
    "show_images",
    "texts",
];

/// Takes a time between two looks.
fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().filter(|s| (0.05..=3600.0).contains(s));
    seconds.map(std::time::Duration::from_secs_f64).ok_or_else(|| "a number of seconds from 0.05 to 3600".into())
}

/// Runs the command.
#[cfg(feature = "serve")]
pub fn run(args: Box<Args>, verbosity: Verbosity) -> anyhow::Result<Status> {
    server::run(*args, verbosity)
}

/// Says that the program was built without it.
#[cfg(not(feature = "serve"))]
pub fn run(_: Box<Args>, _: Verbosity) -> anyhow::Result<Status> {
    anyhow::bail!(
        "this kubesketch was built without the live preview: build it with the feature `serve`, or use `draw -o page.html`"
    )
}
