//! The answers of the tools, in the words and data of the commands.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bounded::{Limit, Reply};
use super::roots::Roots;
use crate::check::{self, Finding, Judgement, Options, Terms};
use crate::cli::input::{ConnectArgs, ReadingArgs, UnitArgs};
use crate::cli::{explain, levels, report, why};
use crate::diagnostic::{Diagnostic, Severity};
use crate::face::{self, Refusals};
use crate::inert;
use crate::layout;
use crate::picture::{self, Shown};
use crate::policy::Extent;
use crate::render::{self, FindingsFormat, FindingsReport, Paint, PictureOptions, PixelScale, Report, Table};
use crate::source::Sources;
use crate::view::Selection;
use crate::why::Question as Connection;
use crate::world::World;

/// The largest image, in bytes.
const MAX_IMAGE: usize = 1 << 20;
/// The most problems of the input that an answer lists.
const MAX_PROBLEMS: usize = 8;
/// The longest line about a problem, in characters.
const MAX_PROBLEM: usize = 240;
/// What of an answer is kept free for problems of the input and for sentences, in bytes.
const RESERVE: usize = 4 << 10;

/// The arguments of a call, of any tool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The place to read.
    pub path: Option<String>,
    /// Units of deployment to render.
    pub unit: Vec<String>,
    /// The namespace of objects without one; of a picture the only one.
    pub namespace: Option<String>,
    /// The source of a connection.
    pub from: String,
    /// The target of a connection.
    pub to: String,
    /// The text that rows or findings must have.
    pub contains: Option<String>,
    /// Whether unrestricted and denied connections are listed too.
    pub all: bool,
    /// Objects to draw with their surroundings.
    pub focus: Vec<String>,
    /// Steps around them.
    pub depth: Option<usize>,
    /// The aspect to draw.
    pub view: Option<String>,
    /// The format to draw.
    pub format: Option<String>,
    /// The codes of findings.
    pub code: Vec<String>,
    /// The old state.
    pub old: Option<String>,
    /// The new state.
    pub new: Option<String>,
    /// The revision to compare with.
    pub base: Option<String>,
}

/// What answers are made with.
#[derive(Debug)]
pub struct Desk {
    /// The paths that may be read.
    pub roots: Roots,
    /// Facts that the manifests do not contain.
    pub connect: ConnectArgs,
    /// The limit of an answer, in bytes.
    pub max_answer: usize,
}

/// A World, and what is to be known of reading it.
pub struct Reading {
    /// Everything that was read.
    pub world: World,
    notes: Vec<String>,
}

impl Desk {
    /// The limit of the main part of an answer.
    pub fn limit(&self) -> Limit {
        Limit(self.max_answer.saturating_sub(RESERVE).max(1))
    }

    /// Options for reading.
    pub fn reading(&self, asked: &Question) -> ReadingArgs {
        ReadingArgs::inside(self.roots.fence(), asked.namespace.clone().filter(|name| !name.is_empty()))
    }

    /// Reads what a question is about.
    fn read(&self, asked: &Question) -> Result<Reading> {
        let reading = self.reading(asked);
        let places = self.roots.chosen(asked.path.as_deref())?;
        let material = UnitArgs::of(asked.unit.clone()).load(places, &reading, &mut std::io::empty());
        let notes = material.notes.clone();
        let world = reading.world(material, &self.connect)?;
        if let Some(nothing) = report::nothing_understood(&world, asked.path.as_deref().unwrap_or("the input")) {
            let (problems, _) = problems(&world.diagnostics().iter().collect::<Vec<_>>(), world.sources(), &notes);
            bail!("{nothing}{problems}");
        }
        Ok(Reading { world, notes })
    }

    /// The verdict on a connection.
    pub fn why(&self, asked: &Question) -> Result<Reply> {
        let connection = Connection::parse(&asked.from, &asked.to).map_err(anyhow::Error::msg)?;
        let reading = self.read(asked)?;
        let namespace = asked.namespace.as_deref().filter(|name| !name.is_empty());
        let mut answer = crate::why::answer(&reading.world, &connection, namespace).map_err(anyhow::Error::msg)?;
        face::with_findings(&mut answer, &reading.world, Refusals::Count);
        let (text, whole) = self.limit().lines(&why::plain_text(&answer));
        let mut data = why::data(&answer)?;
        let is_long = data.to_string().len() > self.limit().0;
        if let Some(map) = data.as_object_mut().filter(|_| is_long) {
            map.retain(|key, _| !matches!(key.as_str(), "steps" | "changes"));
        }
        let mut reply = Reply::new(text, data);
        if !whole || is_long {
            reply.cut("Cut: the rest of the reasons. Ask about one workload and one port, or one `unit`.");
        }
        Ok(self.finished(reply, &reading))
    }

    /// Allowed connections.
    pub fn connections(&self, asked: &Question) -> Result<Reply> {
        let reading = self.read(asked)?;
        let report = Report::of(&reading.world, reading.world.graph());
        let connections = render::connections_table(&report, extent(asked), render::TableFormat::Markdown);
        let mut rows = Matching::of(asked, self.limit());
        connections.each(&mut |columns, cells| rows.add(columns, cells));
        Ok(self.finished(rows.reply("connections", asked), &reading))
    }

    /// Workloads that are reachable from outside.
    pub fn exposure(&self, asked: &Question) -> Result<Reply> {
        let reading = self.read(asked)?;
        let report = Report::of(&reading.world, reading.world.graph());
        let table = render::exposure_table(&report, extent(asked));
        let mut rows = Matching::of(asked, self.limit());
        rows.table.columns = table.columns.clone();
        for row in &table.rows {
            rows.add(&table.columns, &row.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Ok(self.finished(rows.reply("rows of exposure", asked), &reading))
    }

    /// Findings.
    pub fn check(&self, asked: &Question) -> Result<Reply> {
        let codes = asked.code.iter().map(|code| explain::known(code)).collect::<Result<_, _>>();
        let codes = codes.map_err(anyhow::Error::msg)?;
        let reading = self.read(asked)?;
        let world = &reading.world;
        let mut findings = check::check(world, &Options::default());
        findings.extend(world.diagnostics().iter().cloned().map(|diagnostic| Finding { diagnostic, about: None }));
        findings.retain(|finding| is_about(finding, asked, world.sources()));
        let suppressions = check::suppressions(world);
        let terms = Terms { select: Some(&codes), suppressions: Some(&suppressions), ..Terms::default() };
        let judgement = check::judge(findings, world, &terms);
        let reply = self.findings(&judgement, world.sources())?;
        Ok(self.finished(reply, &Reading { notes: reading.notes, world: World::default() }))
    }

    fn findings(&self, judgement: &Judgement, sources: &Sources) -> Result<Reply> {
        let report = FindingsReport { judgement, sources, looked_for: None, gate: None, base: "" };
        let mut data: Value = serde_json::from_str(&render::findings(&report, FindingsFormat::Json))?;
        let mut text = render::findings_summary(&report);
        let (mut shown, mut all) = (0, 0);
        for finding in judgement.counting() {
            let words = render::finding(&report, finding, Paint::Plain);
            all += 1;
            if shown + 1 == all && text.len() + words.len() + 2 <= self.limit().0 {
                shown += 1;
                text = format!("{text}\n{words}\n");
            }
        }
        let listed = data.get_mut("findings").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let count = listed.len();
        let items = self.limit().items(listed);
        let kept = items.len();
        if let Some(map) = data.as_object_mut() {
            map.insert("findings".to_owned(), items.into());
            map.remove("fixed");
        }
        let mut reply = Reply::new(text, data);
        if shown < all || kept < count {
            reply.cut(&format!(
                "Cut: {shown} of {all} findings are shown, {kept} of {count} are in the data. Narrow with `code`, `contains` or `path`."
            ));
        }
        Ok(reply)
    }

    /// A picture.
    pub fn draw(&self, asked: &Question) -> Result<Reply> {
        let reading = self.read(asked)?;
        let world = &reading.world;
        let focus = asked.focus.iter().map(|text| levels::anchor(text)).collect::<Result<_, _>>();
        let namespace = asked.namespace.iter().filter(|name| !name.is_empty()).cloned();
        let options = picture::Options {
            aspect: asked.view.as_deref().unwrap_or("network").parse()?,
            selection: Selection {
                namespaces: namespace.collect(),
                focus: focus.map_err(anyhow::Error::msg)?,
                depth: asked.depth.unwrap_or(1),
                ..Selection::default()
            },
            ..picture::Options::default()
        };
        let shown = picture::show(world, &face::check(world), &options)?;
        let reply = self.drawn(asked.format.as_deref().unwrap_or("mermaid"), &shown)?;
        Ok(self.finished(reply, &reading))
    }

    fn drawn(&self, format: &str, shown: &Shown) -> Result<Reply> {
        let (graph, look) = (shown.picture(), PictureOptions::default());
        let arranged = || picture::arrange(graph, &layout::Options::default()).value;
        let mut image = None;
        let picture = match format {
            "mermaid" => render::mermaid(&shown.graph, &look),
            "d2" => render::d2(&shown.graph, &look),
            "svg" => render::svg(&arranged(), graph, &look),
            "png" => {
                let layout = arranged();
                let bytes = render::png(&layout, graph, &look, PixelScale::of(&layout)).context("png")?;
                image = Some(BASE64.encode(bytes));
                String::new()
            }
            other => bail!("`{other}` is no format of this tool: mermaid, d2, svg or png"),
        };
        let (size, limit) = match &image {
            Some(image) => (image.len(), MAX_IMAGE),
            None => (picture.len(), self.limit().0),
        };
        if size > limit {
            bail!(
                "the picture has {} KiB, and an answer may have {}: narrow it with `namespace`, `focus`, `view` or `path`, or let \
                 `kubesketch draw -o FILE` write it",
                size.div_ceil(1024),
                limit / 1024
            );
        }
        let description = render::description(graph);
        let data = json!({
            "format": format,
            "description": description,
            "objects": shown.graph.nodes().len(),
            "overview": shown.picture.is_some(),
            "picture": image.is_none().then_some(&picture),
        });
        let text = if image.is_some() { description } else { picture };
        Ok(Reply { image, ..Reply::new(text, data) })
    }

    /// The answer with the problems of the input.
    fn finished(&self, reply: Reply, reading: &Reading) -> Reply {
        let found: Vec<&Diagnostic> = reading.world.diagnostics().iter().collect();
        with_problems(reply, &found, reading.world.sources(), &reading.notes)
    }
}

/// Adds what could not be read or is doubtful to an answer.
pub fn with_problems(mut reply: Reply, found: &[&Diagnostic], sources: &Sources, notes: &[String]) -> Reply {
    let (text, data) = problems(found, sources, notes);
    reply.text.push_str(&text);
    if let Some(data) = data {
        reply.data.insert("input".to_owned(), data);
    }
    reply
}

/// Errors and warnings of the input, and notes, as text and as data.
fn problems(found: &[&Diagnostic], sources: &Sources, notes: &[String]) -> (String, Option<Value>) {
    let count = |severity: Severity| found.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut worst: Vec<&&Diagnostic> = found.iter().filter(|d| d.severity != Severity::Info).collect();
    worst.sort_by_key(|d| d.severity);
    let line = |d: &&Diagnostic| {
        let place = d.at.map_or(String::new(), |at| format!(" ({})", sources.line_of(at)));
        format!("{}[{}]: {}{place}", d.severity.as_str(), d.code.as_str(), short(&d.message))
    };
    let lines: Vec<String> =
        worst.iter().take(MAX_PROBLEMS).map(|d| line(d)).chain(notes.iter().take(4).map(|n| short(n))).collect();
    if lines.is_empty() {
        return (String::new(), None);
    }
    let list: String = lines.iter().map(|line| format!("- {}\n", inert::printable(line))).collect();
    let more = worst.len().saturating_sub(MAX_PROBLEMS);
    let more = if more == 0 { String::new() } else { format!("- {more} more; the tool `check` lists them\n") };
    let text = format!("\nAbout the input ({errors} errors, {warnings} warnings):\n{list}{more}");
    (text, Some(json!({ "errors": errors, "warnings": warnings, "notes": lines })))
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MAX_PROBLEM) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn extent(asked: &Question) -> Extent {
    if asked.all { Extent::All } else { Extent::Ruled }
}

fn is_about(finding: &Finding, asked: &Question, sources: &Sources) -> bool {
    let Some(text) = asked.contains.as_deref() else { return true };
    let place = finding.diagnostic.at.map(|at| sources.line_of(at)).unwrap_or_default();
    let about = finding.about.as_ref().map(ToString::to_string).unwrap_or_default();
    [finding.diagnostic.message.as_str(), &place, &about].iter().any(|part| part.contains(text))
}

/// Rows of a table that a question is about: all are counted, and as many kept as an answer can have.
struct Matching<'q> {
    table: Table,
    count: usize,
    size: usize,
    contains: Option<&'q str>,
    limit: Limit,
}

impl<'q> Matching<'q> {
    fn of(asked: &'q Question, limit: Limit) -> Matching<'q> {
        Matching { table: Table::default(), count: 0, size: 0, contains: asked.contains.as_deref(), limit }
    }

    fn add(&mut self, columns: &[&'static str], cells: &[&str]) {
        if self.contains.is_some_and(|text| !cells.iter().any(|cell| cell.contains(text))) {
            return;
        }
        self.count += 1;
        self.size += cells.iter().map(|cell| cell.len()).sum::<usize>();
        if self.size <= self.limit.0 {
            self.table.columns = columns.to_vec();
            self.table.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
        }
    }

    fn reply(self, about: &str, asked: &Question) -> Reply {
        let hint = "Narrow with `contains` (a part of a name, as shop/web) or `path`.";
        let mut reply = self.limit.table(self.table, self.count, about, hint);
        if !asked.all {
            let rest =
                "Connections that no policy restricts are not listed, nor those that policies deny: `all` lists them.";
            reply.text.push_str(&format!("\n{rest}\n"));
        }
        reply
    }
}
