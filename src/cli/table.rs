//! `kubesketch table`: connections, exposure, isolation, policies and routes, as a table or as data.

use clap::ValueEnum as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::input::{ConnectArgs, InputArgs};
use super::output;
use super::report::{self, Verbosity};
use super::scope::LabelArgs;
use super::{Status, complete};
use crate::policy::Extent;
use crate::render::{self, Report, TableFormat};

/// Arguments of `table`.
#[derive(clap::Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  kubesketch table exposure deploy/ -n shop
  kubesketch table connections deploy/ -o csv > connections.csv"
)]
pub struct Args {
    /// The subject of the table
    kind: Kind,

    /// The output format: text, md, csv or json
    #[arg(short, help_heading = "Output", long = "output", value_name = "FORMAT", default_value = "text",
          add = complete::values::<TableFormat>())]
    output: TableFormat,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    labels: LabelArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// Also list connections that no policy restricts, and those that policies deny
    ///
    /// For connections and exposure. The JSON of connections then has pairs instead of groups.
    #[arg(long, help_heading = "Output")]
    all: bool,
}

/// The subject of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Allowed connections, with ports and rules
    Connections,
    /// Workloads reachable from outside, and the ports that policies allow
    Exposure,
    /// The policies that select each workload
    Isolation,
    /// What each policy is worth: needed, redundant, shadowed, contradicted or without effect
    Policies,
    /// Hosts and paths, with their backends
    Routes,
}

/// The subject that was taken for a command, as in `kubesketch exposure`.
pub fn subject(error: &clap::Error) -> Option<String> {
    let given = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(given))) => given,
        _ => return None,
    };
    let is_subject = |kind: &&Kind| kind.to_possible_value().is_some_and(|value| value.matches(given, true));
    Kind::value_variants().iter().any(|kind| is_subject(&kind)).then(|| given.to_lowercase())
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    let world = args.input.read(&args.connect)?;
    report::show_world(&world, &[], verbosity);
    // An empty table would say that nothing is open.
    if let Some(nothing) = report::nothing_understood(&world, "the input") {
        report::fail(&anyhow::Error::msg(nothing));
        return Ok(Status::Failure);
    }
    let scope = args.labels.scope(&args.input, &world)?;
    let report = Report::of(&world, world.graph()).within(scope.as_ref());
    let json = args.output == TableFormat::Json;
    let extent = if args.all { Extent::All } else { Extent::Ruled };
    let text = match args.kind {
        // There may be many: they are written as they are found.
        Kind::Connections if json => {
            output::stream_json(&render::connections_json(&report, extent))?;
            return Ok(args.input.status(world.diagnostics()));
        }
        Kind::Connections => {
            let table = render::connections_table(&report, extent, args.output);
            output::stream(&table)?;
            output::to_stdout(footnotes(args, || render::connection_footnotes(&table)))?;
            return Ok(args.input.status(world.diagnostics()));
        }
        Kind::Exposure if json => render::exposure_json(&report, extent),
        Kind::Isolation if json => render::isolation_json(&report),
        Kind::Policies if json => render::policies_json(&report),
        Kind::Routes if json => render::routes_json(&report),
        Kind::Exposure => words(args, &render::exposure_table(&report, extent)),
        Kind::Isolation => words(args, &render::isolation_table(&report)),
        Kind::Policies => words(args, &render::policies_table(&report)),
        Kind::Routes => words(args, &render::routes_table(&report)),
    };
    output::to_stdout(&text)?;
    Ok(args.input.status(world.diagnostics()))
}

fn words(args: &Args, table: &render::Table) -> String {
    render::table(table, args.output) + &footnotes(args, || render::footnotes(table))
}

/// What the words of a table mean, below it, where people read it.
fn footnotes(args: &Args, notes: impl FnOnce() -> Vec<String>) -> String {
    let start = match args.output {
        TableFormat::Text => "  ",
        TableFormat::Markdown => "- ",
        TableFormat::Csv | TableFormat::Json => return String::new(),
    };
    let lines: Vec<String> = notes().into_iter().map(|note| format!("{start}{note}\n")).collect();
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}
