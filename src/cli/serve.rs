//! `kubesketch serve`: manifests in a browser, redrawn when they change.

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
#[command(after_help = "Examples:
  kubesketch serve deploy/ --open
  kubesketch serve --git main deploy/")]
#[command(mut_arg("lenient", |a| a.help("Show the readable part of broken files instead of the last good picture")))]
// Here, `--context` are the unchanged objects around a change.
#[command(mut_arg("kube_context", |a| a.long("kube-context").hide(true)))]
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

    /// Show the differences between revisions of the git repository around the current folder
    ///
    /// BASE (against the working tree), BASE...HEAD or BASE..HEAD.
    #[arg(long, help_heading = "Preview", value_name = "BASE[...HEAD]", conflicts_with_all = NOT_OF_CHANGES)]
    git: Option<GitRange>,

    /// With --git, the unchanged objects in the picture: those within this number of steps of a change, or all
    #[arg(
        long,
        help_heading = "Preview",
        hide_short_help = true,
        value_name = "STEPS",
        default_value = "1",
        requires = "git"
    )]
    context: Hops,

    /// The port to listen on [default: a free port]
    #[arg(long, help_heading = "Preview", value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Open the page in a browser
    ///
    /// The one that the environment variable BROWSER names, or that of the system.
    #[arg(long, help_heading = "Preview")]
    open: bool,

    /// Poll the files at this interval, or the cluster [default: what the system reports; with --cluster 5 seconds]
    ///
    /// For file systems that do not report changes, such as some network file systems.
    #[arg(long, help_heading = "Preview", hide_short_help = true, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = seconds)]
    poll: Option<std::time::Duration>,
}

/// Arguments that do not apply to a comparison.
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

impl Args {
    /// The interval of polling; `None` if the system reports changes.
    #[cfg(feature = "serve")]
    fn interval(&self) -> Option<std::time::Duration> {
        self.poll.or(self.input.reads_cluster().then_some(CLUSTER))
    }
}

/// The time between two questions to a cluster.
#[cfg(feature = "serve")]
const CLUSTER: std::time::Duration = std::time::Duration::from_secs(5);

/// Parses a polling interval.
fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().filter(|s| (0.05..=3600.0).contains(s));
    seconds.map(std::time::Duration::from_secs_f64).ok_or_else(|| "a number of seconds from 0.05 to 3600".into())
}

/// Runs the command.
#[cfg(feature = "serve")]
pub fn run(args: Box<Args>, verbosity: Verbosity) -> anyhow::Result<Status> {
    server::run(*args, verbosity)
}

/// Reports that the program was built without the preview.
#[cfg(not(feature = "serve"))]
pub fn run(_: Box<Args>, _: Verbosity) -> anyhow::Result<Status> {
    anyhow::bail!(
        "this kubesketch was built without the live preview: build it with the feature `serve`, \
         or use `draw -o page.html`"
    )
}
