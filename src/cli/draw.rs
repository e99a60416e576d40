//! `kubesketch draw`: pictures of manifests.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Context as _;

use super::folder::{self, Check, Folder};
use super::inject::{self, Form, Place};
use super::input::{ConnectArgs, InputArgs};
use super::levels::LevelArgs;
use super::output::{self, Target, Wish};
use super::picture::{Drawing, PictureArgs};
use super::report::Verbosity;
use super::site::{self, Asked};
use super::{Status, cluster, complete, drift, places, progress, report};
use crate::check::Finding;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::picture::{self, Shown};
use crate::render::{self, Format, PixelScale, Report};
use crate::world::World;

/// Arguments of `draw`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubesketch draw deploy/ -o network.svg -o network.html
  kubectl get all,ingress,networkpolicy -A -o yaml | kubesketch draw -o network.html")]
pub struct Args {
    /// Output, repeatable: svg, html, png, pdf, drawio, mermaid, d2, dot or json, a file with that extension, or a
    /// folder
    ///
    /// A format goes to standard output; the extension of a file gives its format, FORMAT=FILE gives both, and FOLDER/
    /// gets a page with the overview and a page for each namespace, or an index and a page for each unit of a
    /// repository with several. By default SVG goes to standard output; a terminal gets a summary.
    #[arg(short, long = "output", value_name = "FORMAT|FILE|FOLDER/", help_heading = "Output",
          add = complete::outputs::<Format>())]
    output: Vec<Wish>,

    /// Pixels of a PNG for each unit of the picture, from 0.05 to 10 [default: 2, or what fits]
    ///
    /// The file records its density, so that documents show it in the same size.
    #[arg(long, value_name = "NUMBER", help_heading = "Output", hide_short_help = true)]
    scale: Option<PixelScale>,

    /// Put the picture into a Markdown file, repeatable
    ///
    /// Between the lines `<!-- kubesketch:begin -->` and `<!-- kubesketch:end -->`; for FILE#NAME the first line is
    /// `<!-- kubesketch:begin NAME -->`. The rest of the file stays as it is.
    #[arg(long, value_name = "FILE[#NAME]", help_heading = "Output")]
    inject: Vec<Place>,

    /// The form of the injected picture
    #[arg(
        long,
        value_enum,
        default_value_t = Form::Mermaid,
        requires = "inject",
        help_heading = "Output",
        hide_short_help = true
    )]
    inject_as: Form,

    /// Write nothing; exit with 1 if a file of -o or --inject is out of date
    #[arg(long, help_heading = "Output")]
    check: bool,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    #[command(flatten)]
    levels: LevelArgs,

    #[command(flatten)]
    pub(super) picture: PictureArgs,
}

impl Args {
    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.output.iter().filter_map(|wish| match wish {
            Wish::Target(target) => Some(target),
            Wish::Folder(_) => None,
        })
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        self.output.iter().filter_map(|wish| match wish {
            Wish::Folder(path) => Some(path.as_path()),
            Wish::Target(_) => None,
        })
    }
}

/// The hint of an overview.
const HINT: &str = "-n NAME draws one, -o DIR/ a page each";

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    let targets: Vec<Target> = args.targets().cloned().collect();
    let linked = validate(args, &targets)?;
    output::check_terminal(&targets)?;
    let check = if args.check { Check::Only } else { Check::No };
    let site = site_of_units(args, check, verbosity)?;
    if let Some(status) = site.filter(|_| targets.is_empty() && args.inject.is_empty()) {
        return Ok(status);
    }
    let world = args.input.read(&args.connect)?;
    let inputs = args.input.inputs(&world);
    output::check_inputs(&targets, &inputs)?;
    args.inject.iter().try_for_each(|place| inputs.refuse(&place.file))?;
    let findings = args.picture.findings(&world);
    let options = args.picture.options(args.levels.options(&args.input, HINT));
    let shown = show(args, &world, &findings, &options, verbosity)?;
    let nothing_asked = args.output.is_empty() && args.inject.is_empty();
    if nothing_asked && std::io::stdout().is_terminal() {
        return summarize(args, &world, &findings, verbosity);
    }
    let default = [Target { format: Format::Svg, file: None }];
    let targets = if nothing_asked { &default[..] } else { &targets };
    let mut problems = Vec::new();
    let layout = targets.iter().any(|t| t.format.is_picture()).then(|| args.picture.draw(&shown, &mut problems));
    let pages = targets.iter().any(|t| t.format == Format::Html);
    let whole = if pages { args.picture.draw_whole(&shown, &mut problems) } else { None };
    let mut folders = Vec::new();
    for path in args.folders().filter(|_| site.is_none()) {
        folders.push((path, Folder::draw(&world, &shown.graph, &options, &args.picture, &mut problems)?));
    }
    report_problems(args, &world, &findings, &problems, verbosity);
    let mut status = args.input.status(world.diagnostics());
    // Neither a mistyped path nor an empty stream must replace an existing picture.
    let nothing_read = world.sources().is_empty() && status == Status::Failure || shown.graph.nodes().len() == 0;
    if shown.graph.nodes().len() == 0 && status != Status::Failure {
        report::fail(&anyhow::anyhow!("there is nothing to draw: no file was written"));
        status = Status::Failure;
    }
    let drawn = layout.as_ref().map(|layout| Drawing {
        shown: &shown,
        layout,
        whole: whole.as_ref(),
        findings: &findings,
        problems: &problems,
    });
    for target in targets.iter().filter(|t| !nothing_read || t.file.is_none()) {
        status = status.and(settled(write_target(args, target, &world, &shown, drawn)));
    }
    for (path, folder) in folders.iter().filter(|_| !nothing_read) {
        let files = folder.files(&world, &args.picture);
        status = status.and(settled(files.and_then(|files| folder::write(path, &files, &inputs, check))));
    }
    for place in args.inject.iter().filter(|_| !nothing_read) {
        status = status.and(settled(inject_into(args, place, linked, &shown.graph)));
    }
    Ok(site.map_or(status, |site| site.and(status)))
}

/// Writes the folders of pages of a repository with several units; `None` if there is one picture.
fn site_of_units(args: &Args, check: Check, verbosity: Verbosity) -> anyhow::Result<Option<Status>> {
    let folders: Vec<&Path> = args.folders().collect();
    if folders.is_empty() {
        return Ok(None);
    }
    let Some(units) = args.input.pages_of_units() else { return Ok(None) };
    let asked = Asked {
        input: &args.input,
        connect: &args.connect,
        options: args.picture.options(args.levels.options(&args.input, HINT)),
        picture: &args.picture,
    };
    site::write(&asked, &units, &folders, check, verbosity).map(Some)
}

/// What is drawn of a world. That there is nothing is an error, which is told with the problems of the input.
fn show(
    args: &Args,
    world: &World,
    findings: &[Finding],
    options: &picture::Options,
    verbosity: Verbosity,
) -> anyhow::Result<Shown> {
    let shown = picture::show(world, findings, options)
        .inspect_err(|_| report::show_picture(world, &[], verbosity, &args.input.command_line()))?;
    if let Some(warning) = args.levels.unknown_label(world).filter(|_| verbosity != Verbosity::Quiet) {
        report::say(&warning);
    }
    Ok(shown)
}

/// Prints a summary to the terminal in place of a picture.
fn summarize(args: &Args, world: &World, findings: &[Finding], verbosity: Verbosity) -> anyhow::Result<Status> {
    report::show_picture(world, &[], verbosity, &args.input.command_line());
    output::to_terminal(&(render::brief(world, findings) + &next_commands(&args.input)))?;
    Ok(args.input.status(world.diagnostics()))
}

/// Reports the problems of drawing, and the findings that connections are missing because of.
fn report_problems(args: &Args, world: &World, findings: &[Finding], problems: &[Diagnostic], verbosity: Verbosity) {
    let hiding = findings.iter().map(|f| &f.diagnostic).filter(|d| d.code.hides_connections());
    let noticed: Vec<Diagnostic> = problems.iter().chain(hiding).cloned().collect();
    report::show_picture(world, &noticed, verbosity, &args.input.command_line());
}

/// The status after an output, which is current or not. One that cannot be written does not stop the others.
fn settled(outcome: anyhow::Result<bool>) -> Status {
    match outcome {
        Ok(true) => Status::Success,
        Ok(false) => Status::Negative,
        Err(error) => {
            report::fail(&error);
            Status::Failure
        }
    }
}

/// Draws and writes a target, or returns whether its file is current.
fn write_target(
    args: &Args,
    target: &Target,
    world: &World,
    shown: &Shown,
    drawn: Option<Drawing<'_>>,
) -> anyhow::Result<bool> {
    let format = target.format;
    let writing = progress::step(move || format!("drawing {}", format.as_str()));
    let content = content(args, format, world, shown, drawn);
    drop(writing);
    let content = content?;
    match &target.file {
        Some(file) if args.check => drift::is_current(file, &content),
        _ => output::write(target, &content).map(|()| true),
    }
}

/// The commands that a summary proposes.
fn next_commands(input: &InputArgs) -> String {
    let asked = input.command_line();
    let draw = format!("{} draw {asked} -o network.html", cluster::program());
    let check = format!("{} check {asked}", cluster::program());
    let width = draw.chars().count();
    format!("\nNext:\n  {draw}   the picture, as a page\n  {check:<width$}   the problems, with their places\n")
}

/// Checks that the outputs are compatible. Returns the picture that documents link to, if any.
fn validate<'a>(args: &Args, targets: &'a [Target]) -> anyhow::Result<Option<&'a Path>> {
    output::check_distinct(targets)?;
    let files: BTreeSet<places::Place> =
        targets.iter().filter_map(|t| t.file.as_deref()).map(places::Place::of).collect();
    if let Some(place) = args.inject.iter().find(|p| files.contains(&places::Place::of(&p.file))) {
        anyhow::bail!("{} is asked for by both -o and --inject", place.file.display());
    }
    let mut folders = BTreeSet::new();
    if let Some(twice) = args.folders().find(|path| !folders.insert(places::Place::of(path))) {
        anyhow::bail!("{} is asked for twice", twice.display());
    }
    if args.check && (targets.iter().any(|t| t.file.is_none()) || args.output.is_empty() && args.inject.is_empty()) {
        anyhow::bail!("--check compares files: name them with -o FILE or --inject FILE");
    }
    if args.inject.is_empty() || args.inject_as != Form::Image {
        return Ok(None);
    }
    let written = |format: Format| targets.iter().find(|t| t.format == format).and_then(|t| t.file.as_deref());
    match written(Format::Svg).or_else(|| written(Format::Png)) {
        Some(picture) => Ok(Some(picture)),
        None => anyhow::bail!("--inject-as image links to a picture: add -o with an SVG or PNG file"),
    }
}

/// Puts the picture into a document, or returns whether the document is current.
fn inject_into(args: &Args, place: &Place, picture: Option<&Path>, graph: &Graph) -> anyhow::Result<bool> {
    let name = place.file.display();
    let document = std::fs::read(&place.file).with_context(|| format!("cannot read {name}"))?;
    let block = match picture {
        Some(picture) => inject::link(&place.file, picture, &render::description(graph))?,
        None => inject::fenced(&render::mermaid(graph, &args.picture.look_of_text())),
    };
    let wanted = inject::replaced(&document, place.name.as_deref(), &block)
        .with_context(|| format!("cannot write into {name}"))?;
    if args.check {
        return drift::is_current(&place.file, &wanted);
    }
    if wanted != document {
        output::to_file(&place.file, &wanted).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(true)
}

/// The content of a target.
fn content(
    args: &Args,
    format: Format,
    world: &World,
    shown: &Shown,
    drawn: Option<Drawing<'_>>,
) -> anyhow::Result<Vec<u8>> {
    let graph = shown.picture();
    let look = args.picture.look();
    let drawing = || drawn.context("the picture was not laid out");
    Ok(match format {
        Format::Svg => render::svg(drawing()?.layout, graph, &look).into_bytes(),
        Format::Html => args.picture.page(world, &drawing()?, &args.picture.look_of_page())?.into_bytes(),
        Format::Png => output::bitmap(drawing()?.layout, graph, &look, args.scale)?,
        Format::Pdf => render::pdf(drawing()?.layout, graph, &look)?,
        Format::Drawio => render::drawio(drawing()?.layout, graph, &look).into_bytes(),
        Format::Mermaid => render::mermaid(&shown.graph, &args.picture.look_of_text()).into_bytes(),
        Format::D2 => render::d2(&shown.graph, &args.picture.look_of_text()).into_bytes(),
        Format::Dot => render::dot(&shown.graph).into_bytes(),
        Format::Json => render::json(&Report::of(world, &shown.graph)).into_bytes(),
    })
}
