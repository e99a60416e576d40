//! `-o FOLDER/` for a repository with several units: a page for each unit, and an index that names what each deploys.

use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;

use super::Status;
use super::folder::{self, Check, FileNames, INDEX};
use super::input::{ConnectArgs, InputArgs};
use super::material::{self, Found, Material, Renderer};
use super::picture::{Drawing, PictureArgs};
use super::places::Inputs;
use super::report::{self, Verbosity};
use crate::diagnostic::Severity;
use crate::kustomize;
use crate::picture;
use crate::render::{self, PageLink, UnitFacts, UnitRow};
use crate::source::Files as _;
use crate::units::{How, Unit};

/// What is drawn, and how.
pub struct Asked<'a> {
    /// The input.
    pub input: &'a InputArgs,
    /// Facts that the manifests do not contain.
    pub connect: &'a ConnectArgs,
    /// The selection.
    pub options: picture::Options,
    /// The looks.
    pub picture: &'a PictureArgs,
}

/// The page of a unit.
struct Made {
    html: String,
    facts: UnitFacts,
    /// How many errors there are in reading it.
    errors: usize,
}

/// Writes a page for each unit and the index into folders, or compares them.
pub fn write(
    asked: &Asked<'_>,
    (found, units): &(Found, Vec<Unit>),
    folders: &[&Path],
    check: Check,
    verbosity: Verbosity,
) -> Result<Status> {
    let (programs, charts) = (asked.input.reading().programs(), asked.input.charts());
    let limit = asked.input.reading().max_file_bytes();
    let renderer = Renderer { files: &found.files, programs: &programs, limit, charts: &charts };
    let made: Vec<Result<Made, String>> = units.par_iter().map(|unit| made(asked, &renderer, unit)).collect();
    let mut names = FileNames::default();
    let mut files = Vec::new();
    let mut rows = Vec::new();
    let mut status = Status::Success;
    for (unit, made) in units.iter().zip(made) {
        let mut row = row_of(unit);
        match made {
            Ok(Made { html, facts, errors }) => {
                if errors > 0 && !asked.input.reading().is_lenient() {
                    report::fail(&anyhow::anyhow!("{}: {errors} errors while reading, listed on its page", unit.name));
                    status = Status::Failure;
                }
                if !facts.namespaces().is_empty() {
                    row.namespace = facts.namespaces().to_owned();
                }
                let file = names.page("unit", &unit.name);
                row.file = Some(file.clone());
                row.facts = facts;
                files.push((file, html.into_bytes()));
            }
            Err(why) => {
                if !matches!(unit.how, How::NotHere(_)) {
                    report::fail(&anyhow::anyhow!("{}: {why}", unit.name));
                    status = if asked.input.reading().is_lenient() { status } else { Status::Failure };
                }
                row.missing.insert(0, why);
            }
        }
        rows.push(row);
    }
    let look = asked.picture.look_of_page();
    let title = look.title.clone().unwrap_or_else(|| "Units of deployment".to_owned());
    let absent = rows.iter().filter(|row| row.file.is_none()).count();
    files.insert(0, (INDEX.to_owned(), render::units_page(&title, &rows, &look)?.into_bytes()));
    status = status.and(into_folders(asked, (found, units), folders, &files, check));
    if verbosity != Verbosity::Quiet {
        report::say(&format!("a page for each of {} units, {absent} not rendered", files.len() - 1));
    }
    Ok(status)
}

/// Writes files into folders, or compares them.
fn into_folders(
    asked: &Asked<'_>,
    (found, units): (&Found, &[Unit]),
    folders: &[&Path],
    files: &[(String, Vec<u8>)],
    check: Check,
) -> Status {
    let mut status = Status::Success;
    let mut inputs = Inputs::default();
    for path in asked.input.paths() {
        let all = found.files.list(&material::shown(path));
        let is_manifest = |file: &&String| [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end));
        all.iter().filter(is_manifest).for_each(|file| inputs.add(Path::new(file)));
    }
    for unit in units {
        // A generator may read files of any kind.
        if let How::Kustomize(folder) = &unit.how {
            kustomize::reads(folder, &found.files).iter().for_each(|file| inputs.add(Path::new(file)));
        }
    }
    for folder in folders {
        match folder::write(folder, files, &inputs, check) {
            Ok(true) => {}
            Ok(false) => status = status.and(Status::Negative),
            Err(error) => {
                report::fail(&error);
                status = Status::Failure;
            }
        }
    }
    status
}

fn row_of(unit: &Unit) -> UnitRow {
    UnitRow {
        name: unit.name.clone(),
        kind: unit.kind.as_str().to_owned(),
        path: unit.path.clone(),
        environment: unit.environment.clone().unwrap_or_default(),
        namespace: unit.placed.namespace().unwrap_or_default().to_owned(),
        missing: unit.missing.clone(),
        ..UnitRow::default()
    }
}

/// The page of a unit, or why there is none.
fn made(asked: &Asked<'_>, renderer: &Renderer<'_>, unit: &Unit) -> Result<Made, String> {
    if let How::NotHere(what) = &unit.how {
        return Err(what.clone());
    }
    let mut material = Material::default();
    material.add(Ok(renderer.unit(unit).map_err(|problem| problem.to_string())?));
    let said = |error: anyhow::Error| format!("{error:#}");
    let world = asked.input.reading().world(material, asked.connect).map_err(said)?;
    let findings = asked.picture.findings(&world);
    let shown = picture::show(&world, &findings, &asked.options).map_err(|nothing| nothing.to_string())?;
    let titled = asked.picture.part(&unit.name);
    let mut problems = Vec::new();
    let layout = titled.draw(&shown, &mut problems);
    let whole = titled.draw_whole(&shown, &mut problems);
    let drawing =
        Drawing { shown: &shown, layout: &layout, whole: whole.as_ref(), findings: &findings, problems: &problems };
    let up = [PageLink { file: INDEX.to_owned(), name: "All units".to_owned(), facts: String::new() }];
    let html = titled.page_beside(&world, &drawing, &titled.look_of_page(), &up).map_err(said)?;
    let errors = world.diagnostics().iter().filter(|d| d.severity == Severity::Error).count();
    Ok(Made { html, facts: UnitFacts::of(&world, &findings), errors })
}
