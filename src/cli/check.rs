//! `kubesketch check`: findings about manifests before they are deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use super::config::{CheckConfig, ConfigArgs};
use super::input::{ConnectArgs, InputArgs};
use super::output::{self, Target};
use super::places::Place;
use super::report::{self, Verbosity};
use super::scope::{self, LabelArgs};
use super::{Status, complete, explain, progress};
use crate::check::{self, Baseline, Completeness, Finding, Judgement, Options, Terms};
use crate::diagnostic::{Code, Severity};
use crate::inert;
use crate::render::{self, FindingsFormat, FindingsReport, Paint};
use crate::source;
use crate::world::World;

/// Arguments of `check`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubesketch check deploy/ --fail-on warning
  kubesketch check deploy/ -o sarif=findings.sarif")]
pub struct Args {
    /// Output, repeatable: text, json, sarif, junit, github or gitlab, or a file with that extension
    ///
    /// A format goes to standard output; the extension of a file gives its format (.txt, .json, .sarif, .xml for
    /// JUnit), FORMAT=FILE gives both. By default findings are printed with the lines they refer to.
    #[arg(short, long = "output", value_name = "FORMAT|FILE", help_heading = "Output",
          add = complete::outputs::<FindingsFormat>())]
    output: Vec<Target<FindingsFormat>>,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    labels: LabelArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    #[command(flatten)]
    config: ConfigArgs,

    /// Report only these findings; `kubesketch explain` lists the codes
    #[arg(long, help_heading = "Rules", value_name = "CODE,...", value_delimiter = ',', value_parser = explain::known,
          add = complete::codes())]
    select: Vec<Code>,

    /// Skip these findings
    #[arg(long, help_heading = "Rules", value_name = "CODE,...", value_delimiter = ',', value_parser = explain::known,
          add = complete::codes())]
    skip: Vec<Code>,

    /// Exit with 1 if a finding has this severity or a higher one [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Rules")]
    fail_on: Option<FailOn>,

    /// Treat the manifests as complete: a referenced object that they do not contain is missing
    #[arg(long, help_heading = "Rules", conflicts_with = "open_world")]
    closed_world: bool,

    /// Treat the manifests as a part of the cluster
    ///
    /// By default only namespaces that they do not declare are treated so.
    #[arg(long, help_heading = "Rules", hide_short_help = true)]
    open_world: bool,

    /// Ignore suppressions
    ///
    /// These are annotations `kubesketch.dev/ignore-CODE` and comments `# kubesketch:ignore CODE reason`.
    #[arg(long, help_heading = "Rules", hide_short_help = true)]
    no_suppress: bool,

    /// Exclude the findings listed in this baseline file
    #[arg(long, help_heading = "Rules", value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the findings to a file for --baseline, and exclude them from the exit code
    #[arg(long, help_heading = "Output", value_name = "FILE", hide_short_help = true)]
    write_baseline: Option<PathBuf>,
}

/// The lowest severity that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and worse.
    Warning,
    /// Every finding.
    Info,
    /// Never.
    Never,
}

impl FailOn {
    /// Every value with its name.
    pub const NAMES: &[(&str, FailOn)] =
        &[("error", FailOn::Error), ("warning", FailOn::Warning), ("info", FailOn::Info), ("never", FailOn::Never)];

    /// The lowest severity that fails a run; `None` for never.
    fn gate(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    output::check_distinct(&args.output)?;
    refuse_baseline_as_output(args)?;
    let config = args.config.read(&args.input.first_place())?.check;
    let baseline = match args.baseline.as_ref().or(config.baseline.as_ref()) {
        // The baseline to write may not exist yet.
        Some(file) if args.write_baseline.is_none() => Some(read_baseline(file)?),
        _ => None,
    };
    let world = args.input.read(&args.connect.or(&config.ingress_controllers))?;
    refuse_inputs_as_outputs(args, &config, &world)?;
    let findings = findings(args, &config, &world);
    let (select, skip) = (codes(&args.select, &config.select), codes(&args.skip, &config.skip));
    let suppressions = (!args.no_suppress).then(|| check::suppressions(&world));
    let terms = Terms {
        select: Some(&select),
        skip: Some(&skip),
        severities: Some(&config.severity),
        suppressions: suppressions.as_ref(),
        baseline: baseline.as_ref(),
    };
    let mut judgement = check::judge(findings, &world, &terms);
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &world, &mut judgement)?;
    }
    let left_out = leave_out(args, &world, &mut judgement)?;
    if left_out > 0 && verbosity != Verbosity::Quiet {
        let options = args.labels.written(&args.input);
        report::say(&format!("{options}: findings about other objects are left out: {left_out}"));
    }
    let gate = args.fail_on.or(config.fail_on).unwrap_or(FailOn::Error).gate();
    let mut status = args.input.status(world.diagnostics());
    let nothing = report::nothing_understood(&world, "the input");
    if let Some(nothing) = &nothing {
        report::fail(&anyhow::Error::msg(nothing.clone()));
        status = Status::Failure;
    }
    report::not_shown(&world, verbosity);
    let fails = |f: &Finding| gate.is_some_and(|gate| f.diagnostic.severity <= gate);
    if status == Status::Success && judgement.counting().any(fails) {
        status = Status::Negative;
    }
    let looked_for: BTreeSet<Code> = Code::ALL.iter().copied().filter(|c| terms.wants(*c)).collect();
    let base = std::env::current_dir().ok().and_then(|dir| dir.to_str().map(str::to_owned)).unwrap_or_default();
    let report = FindingsReport {
        judgement: &judgement,
        sources: world.sources(),
        looked_for: Some(&looked_for),
        gate,
        base: &base,
    };
    // Nothing found would sound as if something had been looked at.
    if args.output.is_empty() && (nothing.is_none() || !judgement.findings.is_empty()) {
        output::to_terminal(&shown(&report, verbosity))?;
    }
    Ok(status.and(write(args, &report)))
}

/// Writes the findings to every output. One that cannot be written does not stop the others.
fn write(args: &Args, report: &FindingsReport<'_>) -> Status {
    let mut status = Status::Success;
    for target in &args.output {
        let content = render::findings(report, target.format);
        if let Err(error) = output::write(target, content.as_bytes()) {
            report::fail(&error);
            status = Status::Failure;
        }
    }
    status
}

/// Refuses to write findings and a baseline to the same file.
fn refuse_baseline_as_output(args: &Args) -> anyhow::Result<()> {
    let is_baseline = |t: &&Target<FindingsFormat>| {
        let [file, baseline] = [&t.file, &args.write_baseline].map(|f| f.as_deref().map(Place::of));
        file.is_some() && file == baseline
    };
    if let Some(twice) = args.output.iter().find(is_baseline).and_then(|t| t.file.as_ref()) {
        anyhow::bail!("{} is asked for by both -o and --write-baseline", twice.display());
    }
    Ok(())
}

/// Refuses to write over what was read.
fn refuse_inputs_as_outputs(args: &Args, config: &CheckConfig, world: &World) -> anyhow::Result<()> {
    let mut inputs = args.input.inputs(world);
    args.write_baseline.iter().try_for_each(|file| inputs.refuse(file))?;
    // A baseline may be written over the one before, and by nothing else.
    args.baseline.iter().chain(&config.baseline).for_each(|file| inputs.add(file));
    output::check_inputs(&args.output, &inputs)
}

/// Everything that is found in a world, problems of reading included.
fn findings(args: &Args, config: &CheckConfig, world: &World) -> Vec<Finding> {
    let completeness = match (args.closed_world, args.open_world) {
        (true, _) => Some(Completeness::Whole),
        (_, true) => Some(Completeness::Partial),
        _ => config.completeness,
    };
    let looking = progress::step(progress::looking(world.objects()));
    let mut findings = check::check(world, &Options { completeness });
    drop(looking);
    // Problems found while reading count as well.
    findings.extend(world.diagnostics().iter().cloned().map(|diagnostic| Finding { diagnostic, about: None }));
    findings
}

/// The codes on the command line, or else the configured ones.
fn codes(given: &[Code], configured: &[Code]) -> BTreeSet<Code> {
    let which = if given.is_empty() { configured } else { given };
    which.iter().copied().collect()
}

/// Writes the findings as a baseline, which they are then judged by.
fn write_baseline(file: &Path, world: &World, judgement: &mut Judgement) -> anyhow::Result<()> {
    let text = check::baseline(&judgement.findings, world.sources());
    output::to_file(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    let written = Baseline::read(&text).context("the baseline that was just written")?;
    judgement.know(&written);
    Ok(())
}

/// Leaves out findings about objects that are not selected, and returns how many of them count.
fn leave_out(args: &Args, world: &World, judgement: &mut Judgement) -> anyhow::Result<usize> {
    let Some(scope) = args.labels.scope(&args.input, world)? else { return Ok(0) };
    let before = judgement.counting().count();
    judgement.findings.retain(|judged| scope::lists(&scope, &judged.finding, world));
    Ok(before - judgement.counting().count())
}

fn read_baseline(file: &Path) -> anyhow::Result<Baseline> {
    let whose = || format!("cannot read the baseline {}", file.display());
    let text = source::read_settings(file, source::MAX_SETTINGS_BYTES).with_context(whose)?;
    Baseline::read(&text).with_context(whose)
}

/// Findings for a terminal: a limited number of each kind, and remarks only with `-v`.
fn shown(report: &FindingsReport<'_>, verbosity: Verbosity) -> String {
    let all = verbosity == Verbosity::Verbose;
    let mut text = String::new();
    let mut count: BTreeMap<Code, usize> = BTreeMap::new();
    let mut hidden = 0;
    for finding in report.judgement.counting() {
        if !report::speaks(finding.diagnostic.severity, verbosity) {
            hidden += 1;
            continue;
        }
        let count = count.entry(finding.diagnostic.code).or_default();
        *count += 1;
        if *count <= report::SHOWN || all {
            text.push_str(&render::finding(report, finding, Paint::Colors));
            text.push_str("\n\n");
        }
    }
    for (code, count) in count.into_iter().filter(|(_, count)| *count > report::SHOWN && !all) {
        text.push_str(&format!("{} more of {}; -v shows all\n", count - report::SHOWN, code.as_str()));
    }
    if all {
        for judged in &report.judgement.findings {
            if let Some((at, reason)) = judged.suppressed() {
                let code = judged.finding.diagnostic.code.as_str();
                text.push_str(&inert::printable(&format!(
                    "suppressed at {}: {code}: {reason}",
                    report.sources.line_of(at)
                )));
                text.push('\n');
            }
        }
    }
    text.push_str(&render::findings_summary(report));
    if hidden > 0 && verbosity == Verbosity::Normal {
        text.push_str("-v shows remarks\n");
    }
    text
}
