//! The index of a folder of pages, one for each unit of deployment: what is deployed, where it is in the repository, what
//! is reachable from outside in it, and what was not rendered and why.

use std::collections::BTreeSet;

use askama::Template;

use super::PictureOptions;
use super::brief;
use super::head::Head;
use super::report::Report;
use super::theme::Palette;
use super::words::counted;
use crate::check::Finding;
use crate::graph::Identity;
use crate::inert::{shown, shown_lines};
use crate::net::text as words_of;
use crate::world::World;

/// The most workloads and namespaces that a line of the index names.
const NAMED: usize = 5;

/// A unit in the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitRow {
    /// The file of its page; `None` if it was not rendered.
    pub file: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The folder or file that is rendered, or that declares it.
    pub path: String,
    /// Its environment; empty if names say none.
    pub environment: String,
    /// Its namespaces; empty if there is none.
    pub namespace: String,
    /// What is missing, or why it was not rendered.
    pub missing: Vec<String>,
    /// What was found in it.
    pub facts: UnitFacts,
}

/// What a page of a unit is about, in the words of its index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFacts {
    /// The number of objects.
    objects: usize,
    /// Workloads that are reachable from outside, a line each.
    reached: Vec<String>,
    /// What is said where there is none.
    not_reached: String,
    /// Its problems by severity; empty if there is none.
    problems: String,
    /// The namespaces of its objects.
    namespaces: String,
}

impl UnitFacts {
    /// The facts of a World.
    pub fn of(world: &World, findings: &[Finding]) -> UnitFacts {
        let report = Report::of(world, world.graph());
        let open = brief::open(&report);
        let mut reached: Vec<String> = open
            .lines
            .iter()
            .take(NAMED)
            .map(|[workload, ports, by]| format!("{workload}: {ports} through {by}"))
            .collect();
        if open.lines.len() > NAMED {
            reached.push(format!("and {} more", open.lines.len() - NAMED));
        }
        let not_reached = match (open.shut, report.unread.len(), report.cluster.workloads().len()) {
            (0, 0, 0) => "no workload".to_owned(),
            (0, 0, _) => "nothing".to_owned(),
            (0, unread, _) => {
                let objects =
                    counted(unread, "object that may open an entry point is", "objects that may open entry points are");
                format!("cannot be determined: {objects} not read")
            }
            (shut, ..) => format!("nothing: policies deny {}", counted(shut, "exposed workload", "exposed workloads")),
        };
        let all: BTreeSet<&str> = world
            .graph()
            .nodes()
            .filter(|n| !matches!(n.id.identity(), Identity::Summary(_)))
            .filter_map(|n| n.namespace.as_deref())
            .collect();
        UnitFacts {
            objects: world.objects(),
            reached,
            not_reached,
            problems: brief::problem_counts(world, findings),
            namespaces: words_of::first(all, NAMED),
        }
    }

    /// The namespaces of its objects; empty if there is none.
    pub fn namespaces(&self) -> &str {
        &self.namespaces
    }
}

/// The index as text.
///
/// # Errors
///
/// Errors of the template engine.
pub fn units_page(title: &str, rows: &[UnitRow], options: &PictureOptions) -> Result<String, askama::Error> {
    let text = |text: &str| shown(text).into_owned();
    let texts = |all: &[String]| all.iter().map(|line| shown_lines(line)).collect::<Vec<_>>();
    let row = |row: &UnitRow| Row {
        file: row.file.clone().unwrap_or_default(),
        name: text(&row.name),
        kind: text(&row.kind),
        environment: text(&row.environment),
        namespace: text(&row.namespace),
        path: text(&row.path),
        objects: row.facts.objects,
        reached: texts(&row.facts.reached),
        not_reached: text(&row.facts.not_reached),
        problems: text(&row.facts.problems),
        missing: texts(&row.missing),
    };
    let (drawn, absent): (Vec<&UnitRow>, Vec<&UnitRow>) = rows.iter().partition(|row| row.file.is_some());
    let description = format!(
        "{}: {} rendered, {} not.",
        counted(rows.len(), "unit of deployment", "units of deployment"),
        drawn.len(),
        absent.len()
    );
    let page = UnitsTemplate {
        head: Head::new(title, options, Palette::State),
        description,
        drawn: drawn.into_iter().map(&row).collect(),
        absent: absent.into_iter().map(&row).collect(),
    };
    page.render()
}

#[derive(Template)]
#[template(path = "units.html")]
struct UnitsTemplate {
    head: Head,
    description: String,
    drawn: Vec<Row>,
    absent: Vec<Row>,
}

/// A line of a table, printable.
struct Row {
    file: String,
    name: String,
    kind: String,
    environment: String,
    namespace: String,
    path: String,
    objects: usize,
    reached: Vec<String>,
    not_reached: String,
    problems: String,
    missing: Vec<String>,
}
