//! `kubesketch units`: what a repository deploys, and what each unit is rendered from.

use std::path::PathBuf;

use serde_json::json;

use super::material::{self, Found};
use super::{Status, output};
use crate::source::{DEFAULT_MAX_FILE_BYTES, Disk};
use crate::units::{How, Unit};

/// Arguments of `units`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubesketch units
  kubesketch units clusters/ -o json
  kubesketch draw . --unit 'prod/*'")]
pub struct Args {
    /// The folder to look through
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,

    /// Output: text or json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    output: Form,

    /// Follow symbolic links in folders that lead out of the folder and of the git repository around it
    #[arg(long, hide_short_help = true)]
    follow_links: bool,
}

/// The form of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Text,
    Json,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Status> {
    anyhow::ensure!(args.path.is_dir(), "{}: there is no such folder", args.path.display());
    let Found { units, .. } =
        material::find(&args.path, Disk::around(&args.path, DEFAULT_MAX_FILE_BYTES, args.follow_links));
    match args.output {
        Form::Text => output::to_terminal(&table(&units))?,
        Form::Json => {
            let list: Vec<_> = units.iter().map(of_unit).collect();
            output::to_stdout(format!("{:#}\n", json!({ "version": 1, "units": list })))?;
        }
    }
    Ok(Status::Success)
}

/// How a unit becomes objects, in a word or two.
fn how(unit: &Unit) -> String {
    match &unit.how {
        How::Kustomize(folder) if *folder == unit.path => "kustomize".to_owned(),
        How::Kustomize(folder) => format!("kustomize {folder}"),
        How::Helm(chart) if chart.values.is_empty() => "helm".to_owned(),
        How::Helm(chart) => format!("helm with {}", chart.values.join(", ")),
        How::Plain(files) => match files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        },
        How::NotHere(_) => "not rendered".to_owned(),
    }
}

fn missing(unit: &Unit) -> Vec<String> {
    let not_here = match &unit.how {
        How::NotHere(what) => Some(what.clone()),
        _ => None,
    };
    not_here.into_iter().chain(unit.missing.iter().cloned()).collect()
}

fn of_unit(unit: &Unit) -> serde_json::Value {
    let (program, folder, files) = match &unit.how {
        How::Kustomize(folder) => ("kustomize", Some(folder.as_str()), Vec::new()),
        How::Helm(chart) => ("helm", Some(chart.folder.as_str()), chart.values.clone()),
        How::Plain(files) => ("none", None, files.clone()),
        How::NotHere(_) => ("not rendered", None, Vec::new()),
    };
    json!({
        "name": unit.name,
        "kind": unit.kind.as_str(),
        "path": unit.path,
        "environment": unit.environment,
        "namespace": unit.placed.namespace(),
        "label": unit.label(),
        "rendered": { "by": program, "folder": folder, "files": files },
        "missing": missing(unit),
    })
}

/// A table with a column for each property.
fn table(units: &[Unit]) -> String {
    if units.is_empty() {
        return "no units: there is nothing here that is deployed\n".to_owned();
    }
    let head = ["NAME", "KIND", "ENVIRONMENT", "NAMESPACE", "PATH", "RENDERED", "MISSING"].map(str::to_owned);
    let dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let rows = units.iter().map(|unit| {
        [
            unit.name.clone(),
            unit.kind.as_str().to_owned(),
            dash(unit.environment.as_deref()),
            dash(unit.placed.namespace()),
            unit.path.clone(),
            how(unit),
            Some(missing(unit).join("; ")).filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(n, cell)| match widths.get(n) {
            Some(width) => format!("{}{}", cell, " ".repeat(width - cell.chars().count())),
            None => cell.clone(),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
