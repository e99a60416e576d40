//! Comparisons of the units of deployment of two states of a repository: those that a change touches, one by one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::diff::{self, Args};
use super::material::{self, Material, Renderer};
use super::output::{self, Target};
use super::places::Inputs;
use super::report::Verbosity;
use super::revisions::{self, Asked, Read};
use super::{Status, report};
use crate::diff::Revision;
use crate::kustomize;
use crate::manifest::{Rendered, Tree};
use crate::render::{self, Changes, ChangesFormat, CommentOptions, PairList};
use crate::source::{self, Files, GitState, Problem, Programs};
use crate::units::{self, How, Unit};

/// A unit on both sides.
type Pair<'u> = (&'u Unit, [Option<&'u Unit>; 2]);

/// A unit that was compared, or the reasons why not.
struct Compared {
    name: String,
    environment: Option<String>,
    namespace: Option<String>,
    outcome: Result<Sides, Vec<Problem>>,
}

/// Both sides of a unit, read and judged, and the objects that they were made of.
struct Sides {
    states: Box<[Revision; 2]>,
    rendered: [Rendered; 2],
}

/// Compares the units of two states. `None` if there are none: then files are compared as they lie.
pub fn run(args: &Args, states: &[GitState; 2], verbosity: Verbosity) -> anyhow::Result<Option<Status>> {
    let roots: Vec<String> = match args.paths() {
        [] => vec![".".to_owned()],
        paths => paths.iter().map(|path| material::shown(path)).collect(),
    };
    let found = states.each_ref().map(|state| find(state, &roots));
    let is_rendered = |unit: &Unit| matches!(unit.how, How::Kustomize(_) | How::Helm(_));
    if args.units().patterns().is_empty() && !found.iter().flatten().any(is_rendered) {
        return Ok(None);
    }
    let changed = source::changed_files(&states[0], &states[1]);
    let mut pairs = touched(args, states, &found, &changed)?;
    let moved = moved(states, &mut pairs);
    if verbosity != Verbosity::Quiet {
        states.iter().filter_map(GitState::note).for_each(report::say);
        let all: BTreeSet<_> = found.iter().flatten().map(key).collect();
        report::say(&format!("{} of {} units touched", pairs.len(), all.len()));
        for (old, new) in moved {
            report::say(&format!("{} moved to {}, with the same objects", old.name, new.name));
        }
    }
    let compared: Vec<Compared> =
        pairs.par_iter().map(|pair| compare(args, states, pair)).collect::<anyhow::Result<_>>()?;
    write(args, states, compared, verbosity).map(Some)
}

fn find(state: &GitState, roots: &[String]) -> Vec<Unit> {
    let mut found = Vec::new();
    for root in roots.iter().filter(|root| state.is_folder(root)) {
        let repository = units::Repository {
            files: state,
            paths: state.list(root),
            top: state.top().to_owned(),
            root: root.clone(),
        };
        found.extend(units::find(&repository));
    }
    found
}

/// By what a unit is found again on the other side.
fn key(unit: &Unit) -> (&str, &str, &str) {
    (unit.kind.as_str(), &unit.name, unit.environment.as_deref().unwrap_or_default())
}

/// The units that a change touches, or that were asked for and touched.
fn touched<'u>(
    args: &Args,
    states: &[GitState; 2],
    found: &'u [Vec<Unit>; 2],
    changed: &BTreeSet<String>,
) -> anyhow::Result<Vec<Pair<'u>>> {
    let mut pairs: BTreeMap<(&str, &str, &str), [Option<&Unit>; 2]> = BTreeMap::new();
    for (side, units) in found.iter().enumerate() {
        for unit in units {
            pairs.entry(key(unit)).or_default()[side] = Some(unit);
        }
    }
    let patterns = args.units().patterns();
    let selected: Vec<&Unit> = patterns
        .iter()
        .flat_map(|pattern| found.iter().flat_map(move |units| units::select(units, ".", pattern)))
        .collect();
    if let (Some(pattern), true) = (patterns.first(), selected.is_empty()) {
        anyhow::bail!("--unit {pattern}: there is no such unit; there are {}", material::names(&found[1]));
    }
    let mut wanted = Vec::new();
    for sides in pairs.into_values() {
        let Some(unit) = sides[1].or(sides[0]).filter(|_| !is_object_of_another(&sides)) else { continue };
        let is_asked = patterns.is_empty() || sides.iter().flatten().any(|unit| selected.contains(unit));
        let how = |side: usize| sides[side].map(|u| (&u.how, &u.placed, &u.edits, declared_if_drawn(u)));
        let is_moved = how(0) != how(1);
        let reads = |side: usize| sides[side].is_some_and(|unit| reads_any(&states[side], unit, changed));
        if is_asked && (is_moved || reads(0) || reads(1)) {
            wanted.push((unit, sides));
        }
    }
    Ok(wanted)
}

/// Whether a unit is only an object of another one: a release whose chart is not here, on both sides.
fn is_object_of_another(sides: &[Option<&Unit>; 2]) -> bool {
    let is_object = |unit: &&Unit| {
        matches!(unit.how, How::NotHere(_))
            && matches!(unit.kind, units::Kind::HelmRelease | units::Kind::FluxKustomization)
    };
    sides.iter().flatten().all(is_object)
}

/// The object that represents a unit which is not rendered.
fn declared_if_drawn(unit: &Unit) -> Option<&units::Declared> {
    unit.declared.as_deref().filter(|_| matches!(unit.how, How::NotHere(_)))
}

/// Whether a unit reads any of some files.
fn reads_any(state: &GitState, unit: &Unit, changed: &BTreeSet<String>) -> bool {
    if unit.edits.files.iter().any(|path| changed.contains(path)) {
        return true;
    }
    match &unit.how {
        How::Kustomize(folder) => {
            let parts = unit.edits.kustomization.iter().flat_map(|changes| changes.parts(folder));
            let all: Vec<String> = parts.chain([folder.clone()]).collect();
            let outlines = kustomize::folders(all.iter().map(String::as_str), state);
            let charts: Vec<&String> = outlines.values().flat_map(|o| o.charts.iter().map(|(at, _)| at)).collect();
            let is_of_chart = |path: &String| charts.iter().any(|chart| kustomize::is_below(chart, path));
            all.iter().any(|part| kustomize::reads(part, state).iter().any(|path| changed.contains(path)))
                || !charts.is_empty() && changed.iter().any(is_of_chart)
        }
        How::Helm(chart) => {
            let parts = units::local_parts(&chart.folder, state);
            let is_part = |path: &String| parts.iter().any(|(_, folder)| kustomize::is_below(folder, path));
            let is_read = |path: &String| {
                kustomize::is_below(&chart.folder, path)
                    || chart.values.contains(path)
                    || chart.set_file.iter().any(|(_, file)| file == path)
                    || is_part(path)
            };
            changed.iter().any(is_read)
        }
        How::Plain(files) => files.iter().any(|path| changed.contains(path)),
        How::NotHere(_) => changed.contains(&unit.path),
    }
}

/// Renders and reads a unit on both sides.
fn compare(args: &Args, states: &[GitState; 2], (unit, sides): &Pair<'_>) -> anyhow::Result<Compared> {
    let (programs, charts) = (Programs::from_env(), args.units().charts());
    let limit = args.reading().max_file_bytes();
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (state, side) in states.iter().zip(sides) {
        let renderer = Renderer { files: state, programs: &programs, limit, charts: &charts };
        let mut material = Material::default();
        match side.map(|unit| renderer.unit(unit)) {
            Some(Ok(rendered)) => material.add(Ok(rendered)),
            Some(Err(problem)) => problems.push(in_state(problem, state)),
            None => {}
        }
        read.push(material.rendered);
    }
    let outcome = match <[Rendered; 2]>::try_from(read) {
        Ok(rendered) if problems.is_empty() => {
            Ok(Sides { states: Box::new(judged(args, states, rendered.clone())?), rendered })
        }
        _ => Err(problems),
    };
    let namespace = unit.placed.namespace().map(str::to_owned);
    Ok(Compared { name: unit.name.clone(), environment: unit.environment.clone(), namespace, outcome })
}

/// Two states of some objects, read and judged.
fn judged(args: &Args, states: &[GitState; 2], rendered: [Rendered; 2]) -> anyhow::Result<[Revision; 2]> {
    let asked = Asked { reading: args.reading(), connect: args.connect() };
    let [old, new] = rendered;
    let read = |state: &GitState, rendered: Rendered| Read {
        name: state.name().to_owned(),
        root: String::new(),
        material: Material { rendered, ..Material::default() },
    };
    revisions::both(asked, [read(&states[0], old), read(&states[1], new)])
}

fn in_state(problem: Problem, state: &GitState) -> Problem {
    match problem {
        Problem::NotRendered { job, what } => Problem::NotRendered { job: format!("{job} in {}", state.name()), what },
        other => other,
    }
}

/// Writes what differs, unit by unit; units with the same difference once.
fn write(args: &Args, states: &[GitState; 2], compared: Vec<Compared>, verbosity: Verbosity) -> anyhow::Result<Status> {
    let mut differing: Vec<(Vec<String>, Box<[Revision; 2]>)> = Vec::new();
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut all: [Rendered; 2] = Default::default();
    for Compared { name, environment, namespace, outcome } in compared {
        let name = match environment.filter(|e| !name.contains(e.as_str())) {
            Some(environment) => format!("{name} ({environment})"),
            None => name,
        };
        match outcome {
            Err(problems) => failures.extend(problems.iter().map(|problem| not_compared(&name, problem))),
            Ok(Sides { states: revisions, rendered }) => {
                let text = revisions::compared(&revisions, |c| (!c.diff.is_empty()).then(|| render::changes_text(c)));
                match text {
                    None => {}
                    // Environments that differ in their namespace alone agree.
                    Some(text) => {
                        let [old, new] = rendered;
                        all = [std::mem::take(&mut all[0]).and(old), std::mem::take(&mut all[1]).and(new)];
                        match texts.entry(without(&text, namespace.as_deref())) {
                            Entry::Occupied(at) => differing[*at.get()].0.push(name),
                            Entry::Vacant(new) => {
                                if revisions[1].world.objects() > 0 {
                                    report::show_world(&revisions[1].world, &[], verbosity);
                                }
                                new.insert(differing.len());
                                differing.push((vec![name], revisions));
                            }
                        }
                    }
                }
            }
        }
    }
    let outcome = write_differing(args, states, &differing, &failures, all)?;
    let status = if failures.is_empty() { Status::Success } else { Status::Failure };
    Ok(if outcome == Status::Success || status == Status::Failure { status } else { outcome })
}

/// Reports why a unit was not compared, and returns what was said.
fn not_compared(name: &str, problem: &Problem) -> String {
    let said = format!("{name}: {problem}");
    report::fail(&anyhow::Error::msg(said.clone()));
    said
}

/// Writes the units that differ: none as a comparison without differences, one as any other comparison, and several
/// one by one, or as one picture of `all` their objects.
fn write_differing(
    args: &Args,
    states: &[GitState; 2],
    differing: &[(Vec<String>, Box<[Revision; 2]>)],
    failures: &[String],
    all: [Rendered; 2],
) -> anyhow::Result<Status> {
    let mut inputs = Inputs::default();
    differing.iter().flat_map(|(_, states)| states.iter()).for_each(|state| inputs.add_world(&state.world));
    output::check_inputs(args.output(), &inputs)?;
    match differing {
        [] => {
            let same = judged(args, states, Default::default())?;
            revisions::compared(&same, |changes| diff::write(args, changes))
        }
        [(names, only)] => {
            report::say(&format!("changed: {}", names.join(", ")));
            revisions::compared(only, |changes| diff::write(args, changes))
        }
        several => {
            let is_listed = |t: &Target<ChangesFormat>| is_list(t.format);
            let drawn = (!args.output().iter().all(is_listed)).then(|| judged(args, states, all)).transpose()?;
            write_several(args, several, failures, drawn.as_ref())
        }
    }
}

/// A text in which a namespace is not named.
fn without(text: &str, namespace: Option<&str>) -> String {
    namespace.map_or_else(|| text.to_owned(), |name| text.replace(&format!("{name}/"), "/"))
}

/// Units that are gone, and units of another name that are new and have the same objects. They are taken out.
fn moved<'u>(states: &[GitState; 2], pairs: &mut Vec<Pair<'u>>) -> Vec<(&'u Unit, &'u Unit)> {
    let objects = |side: usize, unit: &Unit| match &unit.how {
        How::Kustomize(folder) => {
            let built = kustomize::build(folder, &states[side]).ok()?;
            let mut objects: Vec<String> = built.objects.iter().map(Tree::to_json).collect();
            objects.sort();
            Some(objects)
        }
        _ => None,
    };
    let one_sided = |pair: &&Pair<'u>, side: usize| pair.1[side].is_some() && pair.1[1 - side].is_none();
    let mut gone: Vec<(&Unit, Vec<String>)> =
        pairs.iter().filter(|p| one_sided(p, 0)).filter_map(|p| Some((p.0, objects(0, p.0)?))).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    pairs.retain(|pair| {
        let new = one_sided(&pair, 1).then(|| objects(1, pair.0)).flatten();
        let at = new.and_then(|new| gone.iter().position(|(_, old)| *old == new));
        at.is_none_or(|at| {
            found.push((gone.remove(at).0, pair.0));
            false
        })
    });
    pairs.retain(|pair| pair.1[1].is_some() || !found.iter().any(|(old, _)| std::ptr::eq(*old, pair.0)));
    found
}

/// Whether a format lists units one by one; any other shows all that differ as one.
fn is_list(format: ChangesFormat) -> bool {
    matches!(format, ChangesFormat::Text | ChangesFormat::Markdown | ChangesFormat::Json)
}

fn write_several(
    args: &Args,
    several: &[(Vec<String>, Box<[Revision; 2]>)],
    failures: &[String],
    drawn: Option<&[Revision; 2]>,
) -> anyhow::Result<Status> {
    let default = [Target { format: ChangesFormat::Text, file: None }];
    let targets = if args.output().is_empty() { &default[..] } else { args.output() };
    let mut status = Status::Success;
    for (_, states) in several {
        let failed = revisions::compared(states, |changes| diff::gate(args, changes));
        if failed && status == Status::Success {
            status = Status::Negative;
        }
    }
    for target in targets {
        let content = match drawn.filter(|_| !is_list(target.format)) {
            Some(all) => revisions::compared(all, |changes| diff::one(args, target.format, changes)),
            None => Ok(content(args, target.format, several, failures).into_bytes()),
        };
        if let Err(error) = content.and_then(|content| output::write(target, &content)) {
            report::fail(&error);
            status = Status::Failure;
        }
    }
    Ok(status)
}

fn content(
    args: &Args,
    format: ChangesFormat,
    several: &[(Vec<String>, Box<[Revision; 2]>)],
    failures: &[String],
) -> String {
    let each = |write: &mut dyn FnMut(&[String], &Changes<'_>)| {
        for (names, states) in several {
            revisions::compared(states, |changes| write(names, changes));
        }
    };
    let mut out = String::new();
    match format {
        ChangesFormat::Json => {
            let mut parts = Vec::new();
            let pairs = if args.lists_all() { PairList::All } else { PairList::IfFew };
            each(&mut |names, changes| {
                let names = serde_json::json!(names);
                parts.push(format!(
                    "{{\"units\":{names},\"diff\":{}}}",
                    render::changes_json(changes, pairs).trim_end()
                ));
            });
            out = format!(
                "{{\"version\":1,\"same\":false,\"units\":[{}],\"errors\":{}}}\n",
                parts.join(","),
                serde_json::json!(failures)
            );
        }
        ChangesFormat::Markdown => {
            let share = args.max_chars() / (several.len() + 1);
            out.push_str(&render::comment_start(args.marker()));
            each(&mut |names, changes| {
                let comment = CommentOptions { part: Some(names.join(", ")), max_chars: share, ..args.comment() };
                out.push_str(&render::changes_markdown(changes, &changes.diff.graph, &comment));
                out.push('\n');
            });
            for failure in failures {
                out.push_str(&render::comment_note(failure));
            }
        }
        _ => {
            each(&mut |names, changes| {
                out.push_str(&format!("== {}\n", names.join(", ")));
                out.push_str(&render::changes_text(changes));
                out.push('\n');
            });
            for failure in failures {
                out.push_str(&format!("not compared: {failure}\n"));
            }
        }
    }
    out
}
