//! Units of deployment: what a repository deploys, and what each of these is rendered from. Kustomizations that no
//! other one uses, charts with their values files, Applications and ApplicationSets of Argo CD, Kustomizations and
//! HelmReleases of Flux, and plain folders.
//!
//! Guarantees: nothing is fetched, run or rendered; only files that may say something of a unit are read; what cannot
//! be rendered from the repository is a unit that says so.

mod argo;
mod argo_set;
mod chart;
mod documents;
mod edits;
mod environment;
mod flux;
mod kustomization;
mod others;
mod overlaid;
mod plain;
mod project;
mod samples;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::kustomize::{self, Changes, Outline, Variables};
use crate::manifest::Tree;
use crate::source::{Files, SourceFile};

pub use chart::local_parts;
pub use environment::select;

/// What a unit is, as its author wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
pub enum Kind {
    /// A kustomization that no other one uses.
    Kustomization,
    /// Releases that helmfile installs.
    Helmfile,
    /// Manifests that Jsonnet makes.
    Jsonnet,
    /// A Helm chart, with one of its values files.
    #[strum(serialize = "Chart")]
    Chart,
    /// An Application of Argo CD, or one of an ApplicationSet.
    Application,
    /// A Kustomization of Flux.
    #[strum(serialize = "Flux Kustomization")]
    FluxKustomization,
    /// A HelmRelease of Flux.
    HelmRelease,
    /// A folder with manifests.
    #[strum(serialize = "Folder")]
    Folder,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A chart as a unit asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Its folder.
    pub folder: String,
    /// Values files, in order.
    pub values: Vec<String>,
    /// Values that the unit itself says, as JSON.
    pub inline: Option<String>,
    /// Single values, `name=value`.
    pub set: Vec<String>,
    /// Single values that are strings, `name=value`.
    pub set_string: Vec<String>,
    /// Single values that are the contents of files: names and paths.
    pub set_file: Vec<(String, String)>,
    /// The name of the release.
    pub release: Option<String>,
}

/// How a unit becomes objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A kustomization, by its folder.
    Kustomize(String),
    /// A chart.
    Helm(Chart),
    /// Files as they lie.
    Plain(Vec<String>),
    /// Not at all: what it deploys is not in this repository.
    NotHere(String),
}

/// What the namespace of a unit does to its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Nothing is said.
    Anywhere,
    /// Objects without a namespace are in this one.
    Default(String),
    /// All objects are in this one.
    All(String),
}

impl Placed {
    /// The namespace.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Placed::Anywhere => None,
            Placed::Default(name) | Placed::All(name) => Some(name),
        }
    }
}

/// What a program changes in what it deploys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Fields of the kustomization, before it is built.
    pub kustomization: Option<Box<Changes>>,
    /// Labels of all objects, afterwards.
    pub labels: Vec<(String, String)>,
    /// Annotations of all objects, afterwards.
    pub annotations: Vec<(String, String)>,
    /// Variables that are substituted in the result.
    pub variables: Variables,
    /// The files that declare the variables.
    pub files: Vec<String>,
    /// Fields of kustomizations that change what a chart makes, one after the other.
    pub after: Vec<Changes>,
}

/// The object that declares a unit, with the texts that it is made of.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The texts that places in the object count.
    pub files: Arc<Vec<SourceFile>>,
    /// The object.
    pub tree: Tree,
}

impl PartialEq for Declared {
    fn eq(&self, other: &Declared) -> bool {
        self.tree.to_json() == other.tree.to_json()
    }
}

impl Eq for Declared {}

/// A unit of deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name: that of its object, or its path.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The folder or file that is rendered, or that says it.
    pub path: String,
    /// The environment or cluster, as far as names tell.
    pub environment: Option<String>,
    /// Where its objects are.
    pub placed: Placed,
    /// How it becomes objects.
    pub how: How,
    /// What its program changes before and after that.
    pub edits: Edits,
    /// What is missing or not done, a sentence each.
    pub missing: Vec<String>,
    /// The object that declares it, if one does.
    pub declared: Option<Box<Declared>>,
}

impl Unit {
    /// By what it is selected: `prod/web`, its environment and the name of what is deployed.
    pub fn label(&self) -> String {
        environment::label(self)
    }
}

/// The files of a repository, or of a part of it.
pub struct Repository<'f> {
    /// Where files are read.
    pub files: &'f dyn Files,
    /// The folder that is looked through.
    pub root: String,
    /// The folder from which paths in Applications and Kustomizations of Flux count.
    pub top: String,
    /// All files below the root, in path order.
    pub paths: Vec<String>,
}

/// What is known of a repository while units are looked for.
struct Known<'f> {
    repository: &'f Repository<'f>,
    /// Kustomizations by their folder.
    kustomizations: BTreeMap<String, Outline>,
    /// The folders of charts.
    charts: BTreeSet<String>,
    /// Documents of programs that deploy.
    documents: Vec<documents::Document>,
    /// ConfigMaps by their name, read when one is asked for.
    config_maps: OnceLock<BTreeMap<String, Vec<documents::Document>>>,
}

/// Finds the units of a repository, in the order of their names.
pub fn find(repository: &Repository<'_>) -> Vec<Unit> {
    let kustomizations = kustomization::all(repository);
    let charts = chart::folders(repository);
    let documents = documents::read(repository, &charts);
    let documents = overlaid::documents(repository, &kustomizations, documents);
    let known = Known { repository, kustomizations, charts, documents, config_maps: OnceLock::new() };
    let mut units = argo::units(&known);
    units.extend(flux::kustomizations(&known));
    let claimed: BTreeSet<String> = units.iter().flat_map(claimed).collect();
    units.extend(kustomization::units(&known, &claimed));
    let releases = flux::releases(&known, &units);
    let claimed = claimed.into_iter().chain(releases.iter().flat_map(self::claimed)).collect();
    units.extend(releases);
    units.extend(chart::units(&known, &claimed));
    units.extend(plain::units(&known, &claimed));
    units.extend(others::units(&known));
    for unit in &mut units {
        unit.environment = unit.environment.take().or_else(|| environment::of(&unit.path));
    }
    units.sort_by(|a, b| (&a.name, a.kind, &a.path).cmp(&(&b.name, b.kind, &b.path)));
    units.dedup();
    units
}

/// The folders that a unit of another program already represents.
fn claimed(unit: &Unit) -> Vec<String> {
    match &unit.how {
        How::Kustomize(folder) => {
            let parts = unit.edits.kustomization.iter().flat_map(|changes| &changes.resources);
            parts.map(|part| kustomize::join(folder, part)).chain([folder.clone()]).collect()
        }
        How::Helm(chart) => vec![chart.folder.clone()],
        How::Plain(_) => vec![unit.path.clone()],
        How::NotHere(_) => Vec::new(),
    }
}

impl Known<'_> {
    /// A folder as a path from the top says it; `None` if it is not here.
    fn folder(&self, path: &str) -> Option<String> {
        let path = path.trim_start_matches('/');
        let folder = kustomize::join(&self.repository.top, path);
        self.repository.files.is_folder(&folder).then_some(folder)
    }

    /// How a folder is rendered that another program deploys.
    fn how(&self, folder: &str, recursive: bool) -> How {
        if self.kustomizations.contains_key(folder) || self.has_file(folder, kustomize::FILE_NAMES) {
            return How::Kustomize(folder.to_owned());
        }
        if self.charts.contains(folder) || self.has_file(folder, &["Chart.yaml"]) {
            return How::Helm(Chart { folder: folder.to_owned(), ..Chart::default() });
        }
        How::Plain(plain::files_of(self.repository, folder, recursive))
    }

    fn has_file(&self, folder: &str, names: &[&str]) -> bool {
        names.iter().any(|name| self.repository.files.read(&kustomize::join(folder, name)).is_some())
    }
}
