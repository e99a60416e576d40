//! `kubesketch diff`: the differences between two states.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::cluster::{self, ClusterArgs};
use super::input::{ConnectArgs, ReadingArgs, UnitArgs};
use super::material::{self, Fetch, Material, Renderer};
use super::output::{self, Target};
use super::picture::Texts;
use super::places::Inputs;
use super::report::Verbosity;
use super::revisions::{self, Asked, Read};
use super::{Status, complete, diff_units, progress, report};
use crate::diagnostic::Code;
use crate::diff::{Diff, Gate, Revision};
use crate::graph::Graph;
use crate::layout::{self, Layout, Legend};
use crate::render::{
    self, COMMENT_CHARS, Changes, ChangesFormat, CommentOptions, PairList, PictureOptions, PixelScale, Theme,
};
use crate::source::{self, Disk, GitRange, Programs};
use crate::view::{self, Hops};

/// Arguments of `diff`.
#[derive(clap::Args, Debug)]
#[command(
    next_help_heading = "Input",
    mut_arg("namespace", |a| a
        .help("The namespace of objects without one, and to read with --cluster")
        .long_help(None)),
    after_help = "Examples:
  kubesketch diff old/ new/ -o change.html
  kubesketch diff --git main...HEAD deploy/ -o comment.md --fail-on exposure"
)]
pub struct Args {
    /// The old and the new state, or with --git what to compare [default: .]
    ///
    /// Files, folders, or - for standard input.
    #[arg(value_name = "OLD NEW|PATH", help_heading = None::<&str>)]
    paths: Vec<PathBuf>,

    /// Compare revisions of the git repository around the current folder
    ///
    /// BASE...HEAD (since HEAD left BASE), BASE..HEAD, or BASE (against the working tree). Nothing is checked out, and
    /// no hook or filter runs.
    #[arg(long, value_name = "BASE[...HEAD]")]
    git: Option<GitRange>,

    /// Build kustomizations, as -k of the other commands: the old and the new one, or with --git or --cluster one
    #[arg(short = 'k', long, value_name = "DIR", num_args = 0..)]
    kustomize: Option<Vec<PathBuf>>,

    #[command(flatten)]
    units: UnitArgs,

    /// Compare what runs in a cluster, read with the installed kubectl, with what it would be with a path applied
    ///
    /// -n names a namespace, -A means all; without both it is that of the context.
    #[arg(long, conflicts_with = "git")]
    cluster: bool,

    /// The context of the cluster; means --cluster
    #[arg(long, value_name = "NAME", hide_short_help = true, conflicts_with = "git")]
    kube_context: Option<String>,

    /// The configuration of kubectl; means --cluster
    #[arg(long, value_name = "FILE", hide_short_help = true, conflicts_with = "git")]
    kubeconfig: Option<PathBuf>,

    /// Read all namespaces of the cluster
    #[arg(short = 'A', long, hide_short_help = true)]
    all_namespaces: bool,

    #[command(flatten)]
    reading: ReadingArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// Output, repeatable: text, md, json, svg, html, png, pdf, drawio, mermaid, d2 or dot, or a file with that
    /// extension
    ///
    /// A format goes to standard output; the extension of a file gives its format, FORMAT=FILE gives both. By default
    /// text goes to standard output.
    #[arg(short, long = "output", value_name = "FORMAT|FILE", help_heading = "Output",
          add = complete::outputs::<ChangesFormat>())]
    output: Vec<Target<ChangesFormat>>,

    /// Unchanged objects in pictures: those within this number of steps of a change, or all
    #[arg(long, help_heading = "Appearance", value_name = "STEPS", default_value = "1")]
    context: Hops,

    /// List every pair of ends in -o json, even if they are more than 10,000
    ///
    /// Groups of them are always listed.
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    all: bool,

    /// Exit with 1 if the states differ
    #[arg(long, help_heading = "Gate")]
    exit_code: bool,

    /// Exit with 1 at these differences
    ///
    /// exposure: a workload becomes reachable from outside; widened: existing objects may connect in more ways;
    /// finding: a new problem; any: any difference. exposure and widened also fail at what cannot be determined: an
    /// entrance that is not read, or a policy that is not evaluated, is new or changed.
    #[arg(long, help_heading = "Gate", value_enum, value_name = "WHAT,...", value_delimiter = ',')]
    fail_on: Vec<FailOn>,

    /// The maximum length of -o md, in characters
    #[arg(long, help_heading = "Output", hide_short_help = true, value_name = "NUMBER", default_value_t = COMMENT_CHARS, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(500..))]
    max_chars: usize,

    /// The name in the first line of -o md, by which the next run finds the comment
    #[arg(long, help_heading = "Output", hide_short_help = true, value_name = "NAME", default_value = "default", value_parser = marker)]
    marker: String,

    /// The title of pictures
    #[arg(long, help_heading = "Appearance")]
    title: Option<String>,

    /// Leave the legend out of pictures
    #[arg(long, help_heading = "Appearance", hide_short_help = true)]
    no_legend: bool,

    /// The colors: light, dark, or auto for the reader's setting [default: light for pictures, auto for pages]
    #[arg(long, help_heading = "Appearance", add = complete::values::<Theme>())]
    theme: Option<Theme>,

    /// Manifests of objects in HTML pages
    ///
    /// redacted leaves out values that may be secret (of ConfigMaps, environment variables, annotations), full shows
    /// them. Values of Secrets are never shown.
    #[arg(long = "yaml", value_enum, value_name = "WHICH", default_value_t = Texts::Redacted, hide_short_help = true)]
    texts: Texts,

    /// Pixels of a PNG for each unit of the picture, from 0.05 to 10 [default: 2, or what fits]
    #[arg(long, help_heading = "Output", hide_short_help = true, value_name = "NUMBER")]
    scale: Option<PixelScale>,
}

/// A condition that fails a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Exposure,
    Widened,
    Finding,
    Any,
}

impl FailOn {
    /// What the gate stops at, a line each.
    fn reasons(self, diff: &Diff) -> Vec<String> {
        let gate = match self {
            FailOn::Any if diff.is_empty() => return Vec::new(),
            FailOn::Any => return vec!["the states differ".to_owned()],
            FailOn::Exposure => Gate::Exposure,
            FailOn::Widened => Gate::Widened,
            FailOn::Finding => Gate::Finding,
        };
        let items = diff.sections.iter().flat_map(|s| &s.items).filter(|i| gate.stops_at(i));
        items.map(|i| i.text.clone()).collect()
    }

    fn as_str(self) -> &'static str {
        match self {
            FailOn::Exposure => "exposure",
            FailOn::Widened => "widened",
            FailOn::Finding => "finding",
            FailOn::Any => "any",
        }
    }
}

/// Checks a marker, which becomes part of an HTML comment.
fn marker(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > 100 || !text.chars().all(plain) || text.contains("--") {
        return Err("up to 100 letters, digits, dashes, dots and underscores, and no two dashes in a row".into());
    }
    Ok(text.to_owned())
}

impl Args {
    /// The paths to compare.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Which units are meant.
    pub(super) fn units(&self) -> &UnitArgs {
        &self.units
    }

    /// The folders to build as kustomizations: those after -k, or all that are named.
    fn built(&self) -> &[PathBuf] {
        match &self.kustomize {
            Some(named) if named.is_empty() => &self.paths,
            Some(named) => named,
            None => &[],
        }
    }

    /// The other files and folders.
    fn plain(&self) -> &[PathBuf] {
        if self.kustomize.as_ref().is_some_and(Vec::is_empty) { &[] } else { &self.paths }
    }

    /// Options for reading.
    pub(super) fn reading(&self) -> &ReadingArgs {
        &self.reading
    }

    /// Facts that the manifests do not contain.
    pub(super) fn connect(&self) -> &ConnectArgs {
        &self.connect
    }

    /// The outputs that are asked for.
    pub(super) fn output(&self) -> &[Target<ChangesFormat>] {
        &self.output
    }

    /// Whether every pair of ends is listed.
    pub(super) fn lists_all(&self) -> bool {
        self.all
    }

    /// The maximum length of a comment.
    pub(super) fn max_chars(&self) -> usize {
        self.max_chars
    }

    /// The name by which a comment is found again.
    pub(super) fn marker(&self) -> &str {
        &self.marker
    }

    /// How a comment is written.
    pub(super) fn comment(&self) -> CommentOptions {
        let picture = PictureOptions {
            theme: self.theme.unwrap_or_default(),
            title: self.title.clone(),
            ..PictureOptions::default()
        };
        CommentOptions { marker: self.marker.clone(), max_chars: self.max_chars, picture, part: None }
    }
}

/// True if a difference fails the run.
pub(super) fn gate(args: &Args, changes: &Changes<'_>) -> bool {
    let failed = failed_on(args, changes.diff);
    failed || args.exit_code && !changes.diff.is_empty()
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    output::check_distinct(&args.output)?;
    output::check_terminal(&args.output)?;
    if let Some(range) = args.git.as_ref().filter(|_| args.kustomize.is_none() && !args.units.is_flat()) {
        let request = revisions::request(range, &[], &[], &args.reading);
        if let Some(status) = diff_units::run(args, &source::states(&request)?, verbosity)? {
            return Ok(status);
        }
    }
    let reading = progress::step(|| format!("reading manifests: {} files", progress::grouped(source::files_read())));
    let states = states(args, verbosity)?;
    drop(reading);
    let [old, new] = &states;
    // Problems of the old state are part of the difference, except that it could not be read at all.
    let unread = old.world.is_unread();
    if unread || verbosity == Verbosity::Verbose {
        report::show_world(&old.world, &[], verbosity);
    }
    report::show_world(&new.world, &[], verbosity);
    // Against a state of which nothing could be read everything would be new or gone: a path that was mistyped must not
    // look like a change.
    if [old, new].into_iter().any(|state| state.world.is_unread() && state.world.sources().is_empty()) {
        if args.git.is_none() && args.plain().iter().any(|path| path.as_os_str() != "-" && !path.exists()) {
            let diff = format!("{} diff --git", cluster::program());
            report::say(&format!("revisions of git are compared by `{diff} BASE...HEAD PATH`, or `{diff} BASE PATH`"));
        }
        return Ok(Status::Failure);
    }
    if let Some(nothing) = void(old, new) {
        report::fail(&anyhow::Error::msg(nothing));
        return Ok(Status::Failure);
    }
    let mut inputs = Inputs::default();
    states.iter().for_each(|state| inputs.add_world(&state.world));
    args.paths.iter().for_each(|path| inputs.add(path));
    args.built().iter().for_each(|path| inputs.add_built(path));
    output::check_inputs(&args.output, &inputs)?;
    revisions::compared(&states, |changes| write(args, changes))
}

/// Why two states cannot be compared: one with files and without one object that is understood, or two without any.
/// A state that has no files may well be empty, and what came before the first manifest may be other files.
fn void(old: &Revision, new: &Revision) -> Option<String> {
    let nothing = |state: &Revision| report::nothing_understood(&state.world, &state.name);
    let is_template = |state: &Revision| state.world.diagnostics().iter().any(|d| d.code == Code::HelmTemplate);
    match (nothing(old), nothing(new)) {
        (Some(_), Some(both)) => Some(both),
        (_, Some(new_one)) if !new.world.sources().is_empty() => Some(new_one),
        (Some(old_one), _) if is_template(old) => Some(old_one),
        _ => None,
    }
}

/// Writes the difference, and returns the status of the run.
pub(super) fn write(args: &Args, changes: &Changes<'_>) -> anyhow::Result<Status> {
    let Changes { diff, old, new } = *changes;
    let default = [Target { format: ChangesFormat::Text, file: None }];
    let targets = if args.output.is_empty() { &default[..] } else { &args.output };
    let drawn = view::context(diff.graph.clone(), args.context);
    let objects = progress::grouped(drawn.nodes().len());
    let drawing = progress::step(move || format!("drawing the differences: {objects} objects"));
    let layout = targets.iter().any(|t| t.format.is_picture()).then(|| layout::layout(&drawn, &layout_options(args)));
    drop(drawing);
    let mut status = match args.reading.status(new.world.diagnostics()) {
        Status::Success if old.world.is_unread() => args.reading.status(old.world.diagnostics()),
        status => status,
    };
    let failed = failed_on(args, diff);
    if status == Status::Success && (args.exit_code && !diff.is_empty() || failed) {
        status = Status::Negative;
    }
    for target in targets {
        let written =
            content(args, target.format, changes, &drawn, layout.as_ref()).and_then(|c| output::write(target, &c));
        if let Err(error) = written {
            report::fail(&error);
            status = Status::Failure;
        }
    }
    Ok(status)
}

/// A difference in one format.
pub(super) fn one(args: &Args, format: ChangesFormat, changes: &Changes<'_>) -> anyhow::Result<Vec<u8>> {
    let drawn = view::context(changes.diff.graph.clone(), args.context);
    let layout = format.is_picture().then(|| layout::layout(&drawn, &layout_options(args)));
    content(args, format, changes, &drawn, layout.as_ref())
}

/// True if a gate stops. What it stops at is printed, also with `-q`: an exit code alone explains nothing.
fn failed_on(args: &Args, diff: &Diff) -> bool {
    let mut failed = false;
    for gate in &args.fail_on {
        let reasons = gate.reasons(diff);
        failed |= !reasons.is_empty();
        for reason in reasons.iter().take(report::SHOWN) {
            report::say(&format!("--fail-on {}: {reason}", gate.as_str()));
        }
        if reasons.len() > report::SHOWN {
            report::say(&format!("--fail-on {}: {} more", gate.as_str(), reasons.len() - report::SHOWN));
        }
    }
    failed
}

/// Both states, read and judged.
fn states(args: &Args, verbosity: Verbosity) -> anyhow::Result<[Revision; 2]> {
    if let Some(range) = &args.git {
        return of_git(args, range, verbosity);
    }
    let cluster = ClusterArgs::of(args.cluster, args.kube_context.clone(), args.kubeconfig.clone());
    if cluster.is_asked() {
        return of_cluster(args, &cluster);
    }
    let paths = match (args.plain(), args.built()) {
        (plain, []) => plain,
        ([], built) => built,
        _ => anyhow::bail!("two states are compared: name both after -k, or neither"),
    };
    let [old, new] = paths else {
        anyhow::bail!("two states are compared: name the old and the new file or folder, or - for standard input");
    };
    if old.as_os_str() == "-" && new.as_os_str() == "-" {
        anyhow::bail!("standard input can be one of the two states only");
    }
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        Read { root: name.clone(), name, material: load(args, path) }
    };
    revisions::both(asked(args), [read(old), read(new)])
}

/// A cluster, and the same with a path applied.
fn of_cluster(args: &Args, cluster: &ClusterArgs) -> anyhow::Result<[Revision; 2]> {
    let (([path], []) | ([], [path])) = (args.plain(), args.built()) else {
        anyhow::bail!("a cluster is compared with one file or folder: name it");
    };
    let limit = args.reading.max_file_bytes();
    let files = cluster.read(args.reading.namespace(), args.all_namespaces, limit)?;
    let mut old = Material::default();
    old.add_live(Ok(files.clone()));
    let mut new = load(args, path);
    new.add_live(Ok(files));
    let name = path.display().to_string();
    let old = Read { name: "the cluster".to_owned(), root: String::new(), material: old };
    revisions::both(asked(args), [old, Read { root: name.clone(), name, material: new }])
}

/// Two revisions of a repository.
fn of_git(args: &Args, range: &GitRange, verbosity: Verbosity) -> anyhow::Result<[Revision; 2]> {
    anyhow::ensure!(
        args.kustomize.is_none() || !args.built().is_empty(),
        "-k builds the folders that are named: name at least one"
    );
    let request = revisions::request(range, args.plain(), args.built(), &args.reading);
    let [old, new] = source::load_range(&request)?;
    for note in old.notes.iter().chain(&new.notes).filter(|_| verbosity != Verbosity::Quiet) {
        report::say(note);
    }
    revisions::both(asked(args), [old.into(), new.into()])
}

fn asked(args: &Args) -> Asked<'_> {
    Asked { reading: &args.reading, connect: &args.connect }
}

fn load(args: &Args, path: &Path) -> Material {
    let limit = args.reading.max_file_bytes();
    if args.kustomize.is_some() {
        let files = Disk::around(path, limit, false);
        let (programs, charts) = (Programs::from_env(), args.units.charts());
        let renderer = Renderer { files: &files, programs: &programs, limit, charts: &charts };
        let mut material = Material::default();
        material.add(renderer.kustomization(&material::shown(path), Fetch::Allowed));
        return material;
    }
    let mut material = args.units.load(vec![path.to_path_buf()], &args.reading, &mut io::stdin().lock());
    // A state may well be empty.
    material.loaded.problems.retain(|p| !matches!(p, source::Problem::NoManifests { .. }));
    material
}

fn layout_options(args: &Args) -> layout::Options {
    layout::Options {
        title: args.title.clone(),
        legend: if args.no_legend { Legend::Hidden } else { Legend::Shown },
        ..layout::Options::default()
    }
}

/// The content of a target.
fn content(
    args: &Args,
    format: ChangesFormat,
    changes: &Changes<'_>,
    drawn: &Graph,
    layout: Option<&Layout>,
) -> anyhow::Result<Vec<u8>> {
    let options = PictureOptions {
        theme: args.theme.unwrap_or_default(),
        title: args.title.clone(),
        ..PictureOptions::default()
    };
    let layout = || layout.context("the picture was not laid out");
    Ok(match format {
        ChangesFormat::Text => render::changes_text(changes).into_bytes(),
        ChangesFormat::Markdown => render::changes_markdown(changes, drawn, &args.comment()).into_bytes(),
        ChangesFormat::Json => {
            let pairs = if args.all { PairList::All } else { PairList::IfFew };
            render::changes_json(changes, pairs).into_bytes()
        }
        ChangesFormat::Svg => render::svg(layout()?, drawn, &options).into_bytes(),
        ChangesFormat::Html => {
            let page = render::ChangesPage { changes, drawn, layout: layout()?, texts: args.texts.into() };
            let options = PictureOptions { theme: args.theme.unwrap_or(Theme::Auto), ..options };
            render::changes_page(&page, &options)?.into_bytes()
        }
        ChangesFormat::Mermaid => render::mermaid(drawn, &options).into_bytes(),
        ChangesFormat::Png => output::bitmap(layout()?, drawn, &options, args.scale)?,
        ChangesFormat::Pdf => render::pdf(layout()?, drawn, &options)?,
        ChangesFormat::Dot => render::dot(drawn).into_bytes(),
        ChangesFormat::D2 => render::d2(drawn, &options).into_bytes(),
        ChangesFormat::Drawio => render::drawio(layout()?, drawn, &options).into_bytes(),
    })
}
