//! Text to typed Kubernetes objects.
//!
//! Guarantees: an invalid document does not stop the run; every object has an `apiVersion`, a `kind` and a name; every
//! problem has a place; the result depends on the texts and their order alone. YAML is read as Kubernetes reads it (see
//! `scalar`), and no input makes reading slow, deep or large out of proportion: nesting, aliases and told problems are
//! bounded.

mod assemble;
mod chart;
mod comments;
mod decode;
mod excerpt;
mod hint;
mod identity;
mod json;
mod kinds;
mod object;
mod outline;
mod prune;
mod read;
mod rendered;
mod repair;
mod scalar;
mod split;
mod template;
mod templates;
mod tree;
mod typed;
mod upgrade;
mod validate;

pub use chart::{ChartRef, chart_of, chart_of_source};
pub use comments::{Remark, remarks};
pub use excerpt::{Excerpt, Secrecy, WITHHELD, excerpts};
pub use object::{Body, Object, OwnerRef, Workload};
pub use rendered::{Rendered, parse_with};
pub use tree::{Entry, Step, Tree, Value, push_index, push_key, steps};

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Warned};
use crate::source::{FileId, Sources};

use self::decode::Written;
use self::hint::{Fault, Input};
use self::split::Chunk;

/// How many steps deep a document may nest.
pub const MAX_DEPTH: usize = 512;

/// Objects and files found in the input.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// All objects: by file, then in document order, Lists flattened.
    pub objects: Vec<Object>,
    /// Files without any problem that hold no Kubernetes object, in path order.
    pub ignored_files: Vec<FileId>,
    /// Files that contain templates that were not rendered, in path order.
    pub templates: Vec<FileId>,
    /// How many documents were read that hold something.
    pub documents: usize,
}

/// Reads all objects. The result does not depend on the number of threads.
pub fn parse(sources: &Sources) -> Warned<Parsed> {
    parse_of(sources, |_| true)
}

/// Reads the objects of some of the files.
fn parse_of(sources: &Sources, is_read: impl Fn(FileId) -> bool) -> Warned<Parsed> {
    let documents: Vec<(FileId, Chunk<'_>)> = sources
        .ids()
        .filter(|file| is_read(*file))
        .flat_map(|file| split::documents(sources.text(file)).into_iter().map(move |chunk| (file, chunk)))
        .collect();
    let read: Vec<Document> =
        documents.par_iter().map(|(file, chunk)| document(sources, Input { file: *file, chunk: *chunk })).collect();

    let mut parsed = Parsed { documents: documents.len(), ..Parsed::default() };
    let mut diagnostics = Vec::new();
    let mut templates = Vec::new();
    let mut of_file = BTreeMap::new();
    let mut of_interest = vec![false; sources.len()];
    for document in read {
        of_interest[document.file.index()] |=
            document.is_kubernetes || !document.problems.is_empty() || document.template.is_some();
        *of_file.entry(document.file).or_default() += 1;
        templates.extend(document.template);
        parsed.objects.extend(document.objects);
        diagnostics.extend(document.problems);
    }
    parsed.ignored_files = sources.ids().filter(|file| is_read(*file) && !of_interest[file.index()]).collect();
    parsed.templates = templates.iter().map(|at| at.file).collect();
    parsed.templates.dedup();
    diagnostics.extend(template::summary(sources, &templates, &of_file));
    Warned { value: parsed, diagnostics }
}

/// The values of all documents of one file that is no manifest, such as a configuration file.
pub fn values(sources: &Sources, file: FileId) -> Warned<Vec<Tree>> {
    let mut read = Warned::new(Vec::new());
    for chunk in split::documents(sources.text(file)) {
        let fault = read_trees(&Input { file, chunk }, &mut read.value, &mut read.diagnostics).err();
        read.diagnostics.extend(fault.map(|f| f.problem));
    }
    withhold(sources, &mut read.diagnostics);
    read
}

/// Takes what is quoted out of problems with lines that nobody may see.
fn withhold(sources: &Sources, problems: &mut [Diagnostic]) {
    for problem in problems.iter_mut().filter(|p| p.at.is_some_and(|at| !sources.shows(at))) {
        hint::withhold(problem);
    }
}

/// What was found in one document.
struct Document {
    file: FileId,
    objects: Vec<Object>,
    problems: Vec<Diagnostic>,
    /// Where it shows that it is a template.
    template: Option<crate::source::Span>,
    is_kubernetes: bool,
}

fn document(sources: &Sources, input: Input<'_>) -> Document {
    let text = sources.text(input.file);
    let mut document =
        Document { file: input.file, objects: Vec::new(), problems: Vec::new(), template: None, is_kubernetes: false };
    let mut trees = Vec::new();
    let fault = read_trees(&input, &mut trees, &mut document.problems).err();
    let may_be_template = input.chunk.text.contains(['{', '$', '<', '@', '%']);
    let of_ytt = input.chunk.text.contains("#@").then(|| template::of_ytt(&input)).flatten();
    for tree in trees {
        if of_ytt.is_some() && tree.get("apiVersion").is_some() && tree.get("kind").is_some() {
            document.template = of_ytt;
            continue;
        }
        if may_be_template && let Some(at) = template::placeholder(&tree) {
            document.template = Some(at);
            continue;
        }
        let (objects, problems) = (document.objects.len(), document.problems.len());
        document.is_kubernetes |=
            identity::objects(tree, Written::File(text), &mut document.objects, &mut document.problems);
        let mut new = document.objects[objects..].iter().flat_map(|o| &o.faults).chain(&document.problems[problems..]);
        if let Some(cause) = new.find(|p| may_be_template && template::caused(p, text)) {
            document.template = cause.at;
            document.objects.truncate(objects);
            document.problems.truncate(problems);
        }
    }
    match fault {
        Some(fault) if fault.template => {
            document.template = fault.problem.at.map(|at| template::first_action(&input, at));
            // What a template looks like before it is rendered says nothing about what it becomes.
            document.problems.clear();
        }
        Some(fault) => document.problems.push(fault.problem),
        None => {}
    }
    if !document.is_kubernetes && document.objects.is_empty() {
        // Files of other programs are none of our business as long as they can be read.
        document.problems.retain(|p| p.code != crate::diagnostic::Code::YamlDuplicateKey);
    }
    withhold(sources, &mut document.problems);
    document
}

fn read_trees(input: &Input<'_>, trees: &mut Vec<Tree>, problems: &mut Vec<Diagnostic>) -> Result<(), Fault> {
    if let Some(fault) = hint::control_character(input) {
        return Err(fault);
    }
    let text = input.chunk.text;
    if !json::looks_like_json(text) {
        return read::yaml(input, trees, problems);
    }
    let Err(fault) = json::json(input, trees, problems) else { return Ok(()) };
    if !trees.is_empty() || fault.problem.code == crate::diagnostic::Code::YamlLimit {
        return Err(fault);
    }
    // YAML can be written with braces too, and JSON with comments can be read as YAML.
    problems.clear();
    read::yaml(input, trees, problems).map_err(|yaml| if json::is_surely_json(text) { fault } else { yaml })
}

#[cfg(test)]
mod tests;
