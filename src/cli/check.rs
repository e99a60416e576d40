//! `kubesketch check`: what is broken or open before it is deployed.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::Status;
use super::input::{ConnectArgs, InputArgs};
use super::output::{self, Target};
use super::report::{self, Verbosity};
use crate::check::{self, Finding, Options, Subject, World};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::render::{self, FindingsFormat};

/// Arguments of `check`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// What to write, repeatable: a format to standard output, a file whose ending says the format, or FORMAT=FILE. Without it findings are shown with
    /// the lines that they are about
    #[arg(short, long = "output", value_name = "FORMAT|FILE|FORMAT=FILE")]
    output: Vec<Target<FindingsFormat>>,

    /// Look for these only, by code; `kubesketch explain` lists them
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    select: Vec<Code>,

    /// Leave these out, by code
    #[arg(long, value_name = "CODE,...", value_delimiter = ',', value_parser = code)]
    skip: Vec<Code>,

    /// Exit with 1 when there is a finding that is at least as bad as this
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,

    /// Take the input as all that will be there: what it refers to and does not hold is missing
    #[arg(long, conflicts_with = "open_world")]
    closed_world: bool,

    /// Take the input as a part of what will be there; without either, namespaces that the input does not declare are taken so
    #[arg(long)]
    open_world: bool,
}

/// From which severity on a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    fn stops(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity == Severity::Error,
            FailOn::Warning => severity <= Severity::Warning,
            FailOn::Info => true,
            FailOn::Never => false,
        }
    }
}

/// Reads a code of a finding.
fn code(text: &str) -> Result<Code, String> {
    let known = Code::ALL.iter().copied().find(|c| c.as_str() == text.trim());
    known.ok_or_else(|| format!("there is no finding `{text}`; `kubesketch explain` lists them"))
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    output::check_distinct(&args.output)?;
    let mut input = args.input.read()?;
    let connectivity = input.connect(&args.connect)?;
    let calls = crate::calls(&input.inspection, &input.sources);
    let subject = Subject {
        cluster: &input.inspection.cluster,
        graph: &input.inspection.graph,
        connectivity: &connectivity,
        calls: &calls,
    };
    let world = match (args.closed_world, args.open_world) {
        (true, _) => Some(World::Closed),
        (_, true) => Some(World::Open),
        _ => None,
    };
    let (selected, skipped): (BTreeSet<Code>, BTreeSet<Code>) = (args.select.iter().copied().collect(), args.skip.iter().copied().collect());
    let wanted = |code: Code| (selected.is_empty() || selected.contains(&code)) && !skipped.contains(&code);
    let mut findings = check::check(&subject, &Options { world });
    // What was noticed on the way here counts as well.
    findings.extend(input.diagnostics.iter().cloned().map(|diagnostic| Finding { diagnostic, about: None }));
    findings.retain(|f| wanted(f.diagnostic.code));
    findings.sort_by(|a, b| {
        (a.diagnostic.at, a.diagnostic.code, &a.diagnostic.message).cmp(&(b.diagnostic.at, b.diagnostic.code, &b.diagnostic.message))
    });
    let mut status = args.input.status(&input.diagnostics);
    if status == Status::Success && findings.iter().any(|f| args.fail_on.stops(f.diagnostic.severity)) {
        status = Status::Negative;
    }
    if args.output.is_empty() {
        let diagnostics: Vec<Diagnostic> = findings.iter().map(|f| f.diagnostic.clone()).collect();
        report::show(&diagnostics, &input.sources, verbosity);
        output::to_stdout(render::findings_summary(&findings))?;
    }
    for target in &args.output {
        let content = render::findings(&findings, &input.sources, target.format);
        if let Err(error) = output::write(target, content.as_bytes()) {
            report::fail(&error);
            status = Status::Failure;
        }
    }
    Ok(status)
}
