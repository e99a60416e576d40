//! `kubesketch why`: the verdict on a connection, with the rules that decide.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use super::Status;
use super::input::{ConnectArgs, InputArgs};
use super::output;
use super::report::{self, Verbosity};
use crate::face;
use crate::inert::{self, printable};
use crate::why::{self, Answer, Change, Mark, Outcome, Question, Rank};

/// Arguments of `why`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:
  kubesketch why frontend database:5432 deploy/
  kubesketch why internet shop/web deploy/",
    after_long_help = "FROM and TO are written
  name, ns/name               a workload or Service; if both exist, FROM is the workload, TO the Service
  deploy/name, ns/sts/name    of a kind: deploy, sts, ds, job, cronjob, pod, svc, ...
  name.ns, name.ns.svc, ...   a DNS name, also with .cluster.local; one outside ends with a dot or has three parts
  10.0.0.7, 10.0.0.0/8, ::1   addresses; with a port IPv6 is written [::1]:443
  internet                    everything outside, through the entry points of TO
PORT is a number or a name, followed by /udp or /sctp if the protocol is not TCP. By default
every port that the Service or the containers declare is checked. `-o json` is described by docs/why.schema.json.

Exit code: 0 if the connection is allowed on every port; 1 if it is denied on some port, or cannot be
determined from the manifests; 2 if the question or the input cannot be read.

Examples:
  kubesketch why frontend database:5432 deploy/
  kubesketch why shop/deploy/web postgres.data:sql -k overlays/production
  kubesketch why internet shop/web deploy/
  kubesketch why shop/cart internet:443 deploy/ -o json"
)]
pub struct Args {
    /// The source of the connection
    from: String,

    /// The target of the connection, and the port
    #[arg(value_name = "TO[:PORT]")]
    to: String,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// The output format: text or json
    #[arg(short, help_heading = "Output", long = "output", value_name = "FORMAT", default_value = "text")]
    output: Form,
}

impl Args {
    /// Puts the ends first where the path stands before them or between them, as in `why deploy/ web db`.
    pub fn sort_positions(&mut self) {
        let there = |text: &str| Path::new(text).exists();
        let Some(last) = self.input.only_path().filter(|last| !there(last)) else { return };
        let path = match (there(&self.from), there(&self.to)) {
            (true, false) => std::mem::replace(&mut self.from, std::mem::replace(&mut self.to, last)),
            (false, true) => std::mem::replace(&mut self.to, last),
            _ => return,
        };
        self.input.replace_path(path.into());
    }
}

/// The format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    let question = Question::parse(&args.from, &args.to).map_err(anyhow::Error::msg)?;
    let world = args.input.read(&args.connect)?;
    report::show_world(&world, &[], verbosity);
    let mut answer = why::answer(&world, &question, args.input.namespace()).map_err(anyhow::Error::msg)?;
    let refusals = if args.input.reading().is_lenient() { face::Refusals::Ignored } else { face::Refusals::Count };
    face::with_findings(&mut answer, &world, refusals);
    match args.output {
        Form::Json => output::to_stdout(&json(&answer)?)?,
        Form::Text => output::to_terminal(&text(&answer, Signs::of_terminal()))?,
    }
    Ok(match answer.outcome {
        _ if args.input.status(world.diagnostics()) == Status::Failure => Status::Failure,
        Outcome::Allowed => Status::Success,
        Outcome::Denied | Outcome::Partly | Outcome::Undetermined => Status::Negative,
    })
}

fn json(answer: &Answer) -> anyhow::Result<String> {
    Ok(inert::json_document(&data(answer)?))
}

/// The answer as data, which `docs/why.schema.json` describes.
pub(super) fn data(answer: &Answer) -> anyhow::Result<serde_json::Value> {
    let mut value = serde_json::to_value(answer)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("version".into(), 1.into());
    }
    Ok(value)
}

/// The answer without colors.
#[cfg(feature = "mcp")]
pub(super) fn plain_text(answer: &Answer) -> String {
    anstream::adapter::strip_str(&text(answer, Signs::Ascii)).to_string()
}

/// The signs that mark the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signs {
    /// `ok`, `--`, `!!`: everywhere.
    Ascii,
    /// For UTF-8 terminals.
    Unicode,
}

impl Signs {
    fn of_terminal() -> Signs {
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
        let utf8 = locale.is_some_and(|l| l.to_ascii_uppercase().replace('-', "").ends_with("UTF8"));
        if utf8 && io::stdout().is_terminal() { Signs::Unicode } else { Signs::Ascii }
    }

    fn of(self, mark: Mark) -> &'static str {
        match (self, mark) {
            (Signs::Ascii, Mark::Ok) => "ok",
            (Signs::Ascii, Mark::Doubt) => "--",
            (Signs::Ascii, Mark::Problem) => "!!",
            (Signs::Unicode, Mark::Ok) => "\u{2713}",
            (Signs::Unicode, Mark::Doubt) => "\u{2013}",
            (Signs::Unicode, Mark::Problem) => "\u{2717}",
        }
    }
}

const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RED: &str = "\u{1b}[31m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

fn color(mark: Mark) -> &'static str {
    match mark {
        Mark::Ok => GREEN,
        Mark::Doubt => YELLOW,
        Mark::Problem => RED,
    }
}

/// The answer with colors.
fn text(answer: &Answer, signs: Signs) -> String {
    let mut text = String::new();
    let port = answer.port.as_ref().map_or(String::new(), |p| format!(", port {p}"));
    let _ = writeln!(text, "{BOLD}{} to {}{port}{PLAIN}\n", printable(&answer.from), printable(&answer.to));
    for step in &answer.steps {
        let _ =
            writeln!(text, "{}{}{PLAIN} {BOLD}{}{PLAIN}", color(step.mark), signs.of(step.mark), step.layer.as_str());
        for line in &step.lines {
            let paint = if line.mark == Mark::Ok { "" } else { color(line.mark) };
            let at = line.at.as_ref().map_or(String::new(), |at| format!("  {DIM}{}{PLAIN}", printable(at)));
            let indent = if line.rank == Rank::Detail { "     " } else { "   " };
            let _ = writeln!(
                text,
                "{indent}{paint}{}{}{at}",
                printable(&line.text),
                if paint.is_empty() { "" } else { PLAIN }
            );
        }
    }
    let (word, mark) = match answer.outcome {
        Outcome::Allowed => ("allowed", Mark::Ok),
        Outcome::Denied => ("denied", Mark::Problem),
        Outcome::Partly => ("partly allowed", Mark::Doubt),
        Outcome::Undetermined => ("undetermined", Mark::Doubt),
    };
    let _ = writeln!(text, "\n{}{BOLD}{word}{PLAIN}: {}", color(mark), printable(&answer.summary));
    let edits = answer.changes.iter().filter_map(|c| if let Change::Edit(edit) = c { Some(edit) } else { None });
    for edit in edits {
        let _ = writeln!(text, "\n{BOLD}What would help{PLAIN}: {}", printable(edit));
    }
    let added: Vec<&str> = answer
        .changes
        .iter()
        .filter_map(|c| if let Change::Add(manifest) = c { Some(manifest.as_str()) } else { None })
        .collect();
    if !added.is_empty() {
        let _ = writeln!(text, "\n# The smallest change that would allow it:");
        let _ = write!(text, "{}", added.join("---\n"));
    }
    text
}
