//! Reading folders: as their files lie, or as the units of deployment that they hold, rendered.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;

use super::ReadingArgs;
use crate::cli::material::{self, Charts, Fetch, Found, Material, Renderer};
use crate::cli::{complete, report};
use crate::kustomize::{self, FILE_NAMES};
use crate::manifest::Tree;
use crate::source::{self, Cache, Problem};
use crate::units::{self, Chart, How, Unit};

/// Arguments for units of deployment.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Input")]
pub struct UnitArgs {
    /// Render these units of the folder, repeatable: a name, a path, or a pattern such as `prod/*`
    ///
    /// `kubesketch units` lists them. A folder with a kustomization is rendered without being asked.
    #[arg(long = "unit", value_name = "PATTERN", conflicts_with = "flat", add = complete::units())]
    units: Vec<String>,

    /// Read the files of a folder as they lie, also where it has a kustomization
    #[arg(long, hide_short_help = true)]
    flat: bool,

    /// Render charts anew, and keep nothing under the user's cache folder
    #[arg(long, hide_short_help = true)]
    no_cache: bool,

    /// API versions that the cluster has, for charts, repeatable
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    api_versions: Vec<String>,

    /// The version of Kubernetes for which charts are rendered
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    kube_version: Option<String>,
}

impl UnitArgs {
    /// The units that some patterns mean; nothing is kept of what is rendered.
    #[cfg(feature = "mcp")]
    pub fn of(patterns: Vec<String>) -> UnitArgs {
        UnitArgs { units: patterns, no_cache: true, ..UnitArgs::default() }
    }

    /// The patterns that were given.
    pub fn patterns(&self) -> &[String] {
        &self.units
    }

    /// Whether files are read as they lie.
    pub fn is_flat(&self) -> bool {
        self.flat
    }

    /// What charts are rendered with.
    pub fn charts(&self) -> Charts {
        Charts {
            api_versions: self.api_versions.clone(),
            kube_version: self.kube_version.clone(),
            cache: if self.no_cache { Cache::default() } else { Cache::of_user() },
        }
    }

    /// Everything of some paths: files as they lie, kustomizations and units rendered.
    pub fn load(&self, paths: Vec<PathBuf>, reading: &ReadingArgs, stdin: &mut dyn io::Read) -> Material {
        let (folders, plain): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.into_iter().partition(|path| !self.flat && path.as_os_str() != "-" && path.is_dir());
        let (mut parts, mut notes) = (Vec::new(), Vec::new());
        let mut lying = plain;
        for folder in folders {
            match self.folder(&folder, reading, &mut notes) {
                Some(part) => parts.push(part),
                None => lying.push(folder),
            }
        }
        let mut material = Material::from(source::load(&reading.request(lying), stdin));
        material.leave_out_patches();
        notes.iter().for_each(|note| report::say(note));
        material.notes = notes;
        for part in parts {
            material.rendered = std::mem::take(&mut material.rendered).and(part.rendered);
            material.loaded.problems.extend(part.loaded.problems);
        }
        material
    }

    /// The objects of a folder with units; `None` if its files are read as they lie.
    fn folder(&self, folder: &Path, reading: &ReadingArgs, notes: &mut Vec<String>) -> Option<Material> {
        let limit = reading.max_file_bytes();
        let programs = reading.programs();
        let charts = self.charts();
        let mut material = Material::default();
        let files = reading.files(folder);
        let name = material::shown(folder);
        let paths = FILE_NAMES.iter().map(|file| folder.join(file)).filter(|path| reading.fence().leads_inside(path));
        let file = paths.filter_map(|path| fs::read_to_string(path).ok()).next();
        let own = file.and_then(|text| kustomize::outline(&name, &text));
        if self.units.is_empty() && own.is_some_and(|own| !own.is_component) {
            let renderer = Renderer { files: &files, programs: &programs, limit, charts: &charts };
            material.add(renderer.kustomization(&name, Fetch::Never));
            return Some(material);
        }
        if self.units.is_empty() && material::is_chart(&name, &files) {
            if programs.find("helm").is_none() {
                notes.push(format!(
                    "{name} is a chart, and helm is not on the PATH: its files are read as they lie; with helm it is \
                     rendered"
                ));
                return None;
            }
            let renderer = Renderer { files: &files, programs: &programs, limit, charts: &charts };
            let chart = Chart { folder: name, ..Chart::default() };
            material.add(renderer.chart(&chart, reading.namespace()));
            return Some(material);
        }
        let found = material::find(folder, files);
        notes.extend(material::not_evaluated(&found.units, &self.units, &name));
        let renderer = Renderer { files: &found.files, programs: &programs, limit, charts: &charts };
        let chosen = match self.chosen(&name, &found.units, notes) {
            Ok(Some(chosen)) => chosen,
            Ok(None) => return None,
            Err(problem) => {
                material.loaded.problems.push(problem);
                return Some(material);
            }
        };
        let rendered: Vec<_> = chosen.par_iter().map(|unit| renderer.unit(unit)).collect();
        let mut deployed = Vec::new();
        for (unit, outcome) in chosen.iter().zip(rendered) {
            if outcome.is_ok() && !matches!(unit.how, How::NotHere(_)) {
                deployed.push(unit.name.as_str());
            }
            material.add(outcome);
        }
        // What was rendered is not drawn as something that is not.
        material.rendered.retain(|tree| {
            let word = |keys: &[&str]| tree.at(keys).and_then(Tree::as_str).unwrap_or_default();
            !matches!(word(&["kind"]), "HelmRelease" | "Application")
                || !deployed.contains(&word(&["metadata", "name"]))
        });
        Some(material)
    }

    /// The units of a folder of which each gets a page of its own: those that were asked for, or all of a folder that
    /// holds several to be rendered. `None` if there is one picture.
    pub fn pages(&self, folder: &Path, reading: &ReadingArgs) -> Option<(Found, Vec<Unit>)> {
        let files = reading.files(folder);
        let name = material::shown(folder);
        let is_one = FILE_NAMES.iter().any(|file| folder.join(file).is_file()) || material::is_chart(&name, &files);
        if self.flat || self.units.is_empty() && is_one {
            return None;
        }
        let found = material::find(folder, files);
        let is_rendered = |unit: &&Unit| matches!(unit.how, How::Kustomize(_) | How::Helm(_));
        let units: Vec<Unit> = match self.units.is_empty() {
            true if found.units.iter().filter(is_rendered).count() < 2 => return None,
            true => found.units.clone(),
            false => self.chosen(&name, &found.units, &mut Vec::new()).ok()??.into_iter().cloned().collect(),
        };
        (units.len() > 1).then_some((found, units))
    }

    /// The units that are meant: those that were asked for, or all of a folder with one kustomization. `None` if the
    /// folder has none, or several of which none was asked for.
    fn chosen<'u>(
        &self,
        folder: &str,
        units: &'u [Unit],
        notes: &mut Vec<String>,
    ) -> Result<Option<Vec<&'u Unit>>, Problem> {
        if self.units.is_empty() {
            let states = units.iter().filter(|unit| matches!(unit.how, How::Kustomize(_))).count();
            return match states {
                0 => Ok(None),
                1 => {
                    let parts = units.iter().filter(|u| matches!(u.how, How::Kustomize(_) | How::Plain(_)));
                    Ok(Some(parts.collect()))
                }
                count => {
                    let states = units.iter().filter(|u| matches!(u.how, How::Kustomize(_)));
                    notes.push(format!(
                        "{folder}: {count} units, which may be states of one system; all files are read as they lie, \
                         --unit NAME reads one: {}",
                        material::names(states)
                    ));
                    Ok(None)
                }
            };
        }
        let mut chosen: Vec<&Unit> = Vec::new();
        for pattern in &self.units {
            let meant = units::select(units, folder, pattern);
            if meant.is_empty() {
                let list = material::names(units);
                return Err(Problem::NoSuchUnit { pattern: pattern.clone(), name: folder.to_owned(), list });
            }
            chosen.extend(meant.into_iter().filter(|unit| !chosen.contains(unit)).collect::<Vec<_>>());
        }
        Ok(Some(chosen))
    }
}
