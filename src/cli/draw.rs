//! `kubesketch draw`: manifests in, pictures out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::input::{ConnectArgs, Input, InputArgs};
use super::output::{self, Target};
use super::report::Verbosity;
use super::{Status, report};
use crate::graph::{Graph, NodeKind};
use crate::layout::{self, Layout, Legend};
use crate::policy::Connectivity;
use crate::render::{self, Format, PictureOptions, Report, Theme};
use crate::resolve::Denied;

/// Arguments of `draw`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// What to write, repeatable: a format (svg, html, dot, json) to standard output, a file whose ending says the format, or FORMAT=FILE.
    /// Without it SVG goes to standard output, or a summary when that is a terminal
    #[arg(short, long = "output", value_name = "FORMAT|FILE|FORMAT=FILE")]
    output: Vec<Target>,

    /// The title of the picture
    #[arg(long)]
    title: Option<String>,

    /// Leave the legend out
    #[arg(long)]
    no_legend: bool,

    /// Also draw what a policy at one end allows and policies at the other deny
    #[arg(long)]
    show_denied: bool,

    /// The colors of the picture: light, dark, or auto to follow the reader's setting
    #[arg(long, default_value = "light")]
    theme: Theme,
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    if args.output.iter().filter(|t| t.file.is_none()).count() > 1 {
        anyhow::bail!("more than one format is asked for on standard output: give all but one a file, as in -o svg=picture.svg");
    }
    let mut files = BTreeSet::new();
    if let Some(twice) = args
        .output
        .iter()
        .filter_map(|t| t.file.as_deref())
        .find(|f| !files.insert(f.components().collect::<PathBuf>()))
    {
        anyhow::bail!("{} is asked for twice", twice.display());
    }
    let mut input = args.input.read()?;
    let connectivity = input.connect(&args.connect)?;
    let denied = if args.show_denied { Denied::Shown } else { Denied::Hidden };
    crate::allow(&mut input.inspection, &connectivity, &input.sources, denied);
    if args.output.is_empty() && std::io::stdout().is_terminal() {
        input.report(verbosity);
        output::to_stdout(&summary(&input.inspection.graph))?;
        return Ok(args.input.status(&input.diagnostics));
    }
    let default = [Target {
        format: Format::Svg,
        file: None,
    }];
    let targets = if args.output.is_empty() { &default[..] } else { &args.output };
    let drawn = targets
        .iter()
        .any(|t| matches!(t.format, Format::Svg | Format::Html))
        .then(|| draw(args, &mut input));
    input.report(verbosity);
    let mut status = args.input.status(&input.diagnostics);
    // A path that was mistyped must not cost the picture that is there.
    let nothing_read = input.sources.is_empty() && status == Status::Failure;
    for target in targets.iter().filter(|t| !nothing_read || t.file.is_none()) {
        // One output that cannot be written does not cost the others.
        if let Err(error) = text(args, target.format, &input, &connectivity, drawn.as_ref()).and_then(|text| output::write(target, &text)) {
            report::fail(&error);
            status = Status::Failure;
        }
    }
    Ok(status)
}

fn draw(args: &Args, input: &mut Input) -> Layout {
    let legend = if args.no_legend { Legend::Hidden } else { Legend::Shown };
    let options = layout::Options {
        title: args.title.clone(),
        legend,
        ..layout::Options::default()
    };
    crate::arrange(&input.inspection.graph, &options).unpack(&mut input.diagnostics)
}

fn text(args: &Args, format: Format, input: &Input, connectivity: &Connectivity, drawn: Option<&Layout>) -> anyhow::Result<String> {
    let graph = &input.inspection.graph;
    let options = PictureOptions {
        theme: args.theme,
        title: args.title.clone(),
        ..PictureOptions::default()
    };
    Ok(match (format, drawn) {
        (Format::Svg, Some(layout)) => render::svg(layout, graph, &options),
        (Format::Html, Some(layout)) => render::html(layout, graph, &input.diagnostics, &input.sources, &options)?,
        (Format::Dot, _) => render::dot(graph),
        (Format::Json, _) => render::json(&Report {
            cluster: &input.inspection.cluster,
            graph,
            connectivity,
            diagnostics: &input.diagnostics,
            sources: &input.sources,
        }),
        (Format::Svg | Format::Html, None) => String::new(),
    })
}

/// What there is, for a person at a terminal who asked for no output.
fn summary(graph: &Graph) -> String {
    let mut counts: BTreeMap<NodeKind, usize> = BTreeMap::new();
    for node in graph.nodes() {
        *counts.entry(node.kind).or_default() += 1;
    }
    let mut text = format!("{} namespaces, {} edges\n", graph.groups().len(), graph.edges().len());
    for (kind, count) in counts {
        text.push_str(&format!("{count:>6} {}\n", kind.as_str()));
    }
    text.push_str("-o network.svg draws them; -o network.html makes a page; --help says more\n");
    text
}
