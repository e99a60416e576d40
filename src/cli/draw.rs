//! `kubesketch draw`: manifests in, pictures out.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use super::Status;
use super::input::{Input, InputArgs};
use super::output::{self, Target};
use super::report::Verbosity;
use crate::graph::{Graph, NodeKind};
use crate::layout::{self, Layout, Legend};
use crate::render::{self, Format, PictureOptions, Theme};

/// Arguments of `draw`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,

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

    /// The colors of the picture: light, dark, or auto to follow the reader's setting
    #[arg(long, default_value = "light")]
    theme: Theme,
}

/// Runs the command.
pub fn run(args: &Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    if args.output.iter().filter(|t| t.file.is_none()).count() > 1 {
        anyhow::bail!("more than one format is asked for on standard output: give all but one a file, as in -o svg=picture.svg");
    }
    let mut input = args.input.read()?;
    if args.output.is_empty() && std::io::stdout().is_terminal() {
        input.report(verbosity);
        output::to_stdout(&summary(&input.inspection.graph))?;
    } else {
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
        for target in targets {
            output::write(target, &text(args, target.format, &input, drawn.as_ref())?)?;
        }
    }
    Ok(if args.input.accepts(&input.diagnostics) {
        Status::Success
    } else {
        Status::Failure
    })
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

fn text(args: &Args, format: Format, input: &Input, drawn: Option<&Layout>) -> anyhow::Result<String> {
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
        (Format::Json, _) => render::json(graph, &input.diagnostics, &input.sources),
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
