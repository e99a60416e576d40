//! What a command works on: texts, and objects that were rendered from units of deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::kustomize::{self, Changes, FILE_NAMES, Reason, Unbuilt, Whose};
use crate::manifest::{self, Rendered, Tree};
use crate::source::{
    self, Cache, CacheKey, Copied, Disk, Files, HelmChart, Inflate, Loaded, Problem, Programs, SourceFile, Sources,
};
use crate::units::{self, Chart, How, Placed, Unit};

/// How many units a message names.
const NAMED: usize = 30;

/// Texts, and objects that were made of others.
#[derive(Debug, Default)]
pub struct Material {
    /// The texts.
    pub loaded: Loaded,
    /// The objects.
    pub rendered: Rendered,
    /// Whether some of the texts come from a live cluster.
    pub is_live: bool,
    /// What was read otherwise than one might think.
    #[cfg_attr(not(feature = "mcp"), allow(dead_code))]
    pub notes: Vec<String>,
}

impl From<Loaded> for Material {
    fn from(loaded: Loaded) -> Material {
        Material { loaded, ..Material::default() }
    }
}

impl Material {
    /// Adds what was rendered, or the reason why it was not.
    pub fn add(&mut self, outcome: Result<Rendered, Problem>) {
        match outcome {
            Ok(rendered) => self.rendered = std::mem::take(&mut self.rendered).and(rendered),
            Err(problem) => self.loaded.problems.push(problem),
        }
    }

    /// Leaves out the files that kustomizations among the texts name as patches: read as they lie, these would be taken
    /// for objects.
    pub fn leave_out_patches(&mut self) {
        let sources = &self.loaded.sources;
        let mut patches: BTreeSet<String> = BTreeSet::new();
        for file in sources.ids() {
            let (folder, name) = sources.name(file).rsplit_once('/').unwrap_or((".", sources.name(file)));
            if FILE_NAMES.contains(&name) {
                patches.extend(kustomize::outline(folder, sources.text(file)).into_iter().flat_map(|o| o.patches));
            }
        }
        if !patches.is_empty() {
            let before = sources.len();
            let is_patch = |name: &str| {
                let (folder, file) = name.rsplit_once('/').unwrap_or((".", name));
                patches.contains(&kustomize::join(folder, file))
            };
            self.loaded.sources = std::mem::take(&mut self.loaded.sources).without(is_patch);
            self.loaded.skipped.patches += before - self.loaded.sources.len();
        }
    }

    /// Adds the texts of a live cluster.
    pub fn add_live(&mut self, files: Result<Vec<SourceFile>, Problem>) {
        self.is_live = true;
        match files {
            Ok(files) => self.loaded.add(files.into_iter().map(Ok)),
            Err(problem) => self.loaded.problems.push(problem),
        }
    }

    /// Adds a text that a program made.
    pub fn add_text(&mut self, made: Result<SourceFile, Problem>) {
        self.loaded.add(std::iter::once(made));
    }
}

/// What charts are rendered with, beside what a unit says.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    /// API versions of the cluster.
    pub api_versions: Vec<String>,
    /// The version of Kubernetes.
    pub kube_version: Option<String>,
    /// Where results are kept.
    pub cache: Cache,
}

/// Renders units of a tree of files.
pub struct Renderer<'a> {
    /// The files.
    pub files: &'a dyn Files,
    /// Where programs are looked for.
    pub programs: &'a Programs,
    /// The most that is read of one file, in bytes.
    pub limit: u64,
    /// What charts are rendered with.
    pub charts: &'a Charts,
}

/// Whether a program may be run that fetches something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// It was named to do so.
    Allowed,
    /// No.
    Never,
}

impl Renderer<'_> {
    /// The objects of a kustomization: built here if it is plain, by the installed program if not.
    pub fn kustomization(&self, folder: &str, fetch: Fetch) -> Result<Rendered, Problem> {
        let unbuilt = match kustomize::build(folder, self.files) {
            Ok(built) => return Ok(Rendered::new(built.files, built.objects)),
            Err(unbuilt) => unbuilt,
        };
        if fetch == Fetch::Never && unbuilt.reason == Reason::Remote {
            return Err(not(folder, &unbuilt.to_string()));
        }
        let all = kustomize::folders([folder], self.files);
        if fetch == Fetch::Never
            && let Some(url) = kustomize::fetches(&all, self.files)
        {
            return Err(not(folder, &format!("{url} is not here, and nothing is fetched")));
        }
        if self.programs.find("kustomize").or(self.programs.find("kubectl")).is_none() {
            return Err(no_program(folder, &unbuilt, self.programs));
        }
        let place = self.files.on_disk(folder)?;
        let inflate = inflate(&all, fetch);
        let made = source::kustomize_with(&place, folder, inflate, self.programs, self.limit)?;
        Ok(of_text(made))
    }

    /// The same with changes in it: the program builds a copy of the files, in which they are made.
    fn changed_by_program(&self, folder: &str, changes: &Changes, unbuilt: &Unbuilt) -> Result<Rendered, Problem> {
        let parts = changes.parts(folder);
        let (file, text) = kustomize::edited(folder, self.files, changes).map_err(|e| not(folder, &e.to_string()))?;
        let mut all = kustomize::folders(parts.iter().map(String::as_str).chain([folder]), self.files);
        all.extend(kustomize::outline(folder, &text).map(|changed| (kustomize::join(folder, "."), changed)));
        if let Some(url) = kustomize::fetches(&all, self.files) {
            return Err(not(folder, &format!("{url} is not here, and nothing is fetched")));
        }
        if self.programs.find("kustomize").or(self.programs.find("kubectl")).is_none() {
            return Err(no_program(folder, unbuilt, self.programs));
        }
        let listed = all.keys().map(String::as_str).chain([folder]).flat_map(|folder| self.files.list(folder));
        let listed = listed.chain(parts.iter().cloned());
        let mut copies: BTreeMap<String, Vec<u8>> =
            listed.filter_map(|path| Some((path.clone(), self.files.read(&path)?))).collect();
        copies.insert(file, text.into_bytes());
        let inflate = inflate(&all, Fetch::Never);
        let copied = Copied::new(&copies, &format!("-k {folder}"))?;
        let made = source::kustomize_with(&copied.place(folder), folder, inflate, self.programs, self.limit)?;
        Ok(of_text(made))
    }

    /// The objects of a unit, in its namespace.
    pub fn unit(&self, unit: &Unit) -> Result<Rendered, Problem> {
        let mut rendered = match &unit.how {
            How::Kustomize(folder) => match &unit.edits.kustomization {
                Some(changes) => self.changed(folder, changes)?,
                None => self.kustomization(folder, Fetch::Never)?,
            },
            How::Helm(chart) => {
                let rendered = self.chart(chart, unit.placed.namespace())?;
                unit.edits.after.iter().try_fold(rendered, |made, changes| after(&unit.name, &made, changes))?
            }
            How::Plain(files) => self.plain(files),
            How::NotHere(_) => self.declared(unit),
        };
        match &unit.placed {
            Placed::Anywhere => {}
            Placed::Default(name) => rendered.change(|o| kustomize::set_namespace(o, name, Whose::WithoutOne)),
            Placed::All(name) => rendered.change(|o| kustomize::set_namespace(o, name, Whose::All)),
        }
        let edits = &unit.edits;
        if !edits.labels.is_empty() || !edits.annotations.is_empty() {
            rendered.change(|object| {
                kustomize::set_metadata(object, "labels", &edits.labels);
                kustomize::set_metadata(object, "annotations", &edits.annotations);
            });
        }
        rendered.change(|object| drop(kustomize::substitute(object, &edits.variables)));
        Ok(rendered)
    }

    /// The objects of a kustomization in which a unit changes something.
    fn changed(&self, folder: &str, changes: &Changes) -> Result<Rendered, Problem> {
        match kustomize::build_changed(folder, self.files, changes) {
            Ok(built) => Ok(Rendered::new(built.files, built.objects)),
            Err(unbuilt) if unbuilt.reason == Reason::Remote => Err(not(folder, &unbuilt.to_string())),
            Err(unbuilt) => self.changed_by_program(folder, changes, &unbuilt),
        }
    }

    /// The objects of a chart.
    pub fn chart(&self, chart: &Chart, namespace: Option<&str>) -> Result<Rendered, Problem> {
        let values = chart.values.iter().map(|path| self.files.on_disk(path)).collect::<Result<Vec<PathBuf>, _>>()?;
        let set_file = chart.set_file.iter().map(|(name, path)| Ok((name.clone(), self.files.on_disk(path)?)));
        let set_file = set_file.collect::<Result<_, Problem>>()?;
        let parts = units::local_parts(&chart.folder, self.files);
        let copied = (!parts.is_empty()).then(|| self.with_parts(&chart.folder, &parts)).transpose()?;
        let wanted = HelmChart {
            chart: match &copied {
                Some(copied) => copied.place(&chart.folder),
                None => self.files.on_disk(&chart.folder)?,
            },
            values,
            release: chart.release.clone(),
            namespace: namespace.map(str::to_owned),
            inline: chart.inline.clone(),
            set: chart.set.clone(),
            set_string: chart.set_string.clone(),
            set_file,
            skip_tests: true,
            api_versions: self.charts.api_versions.clone(),
            kube_version: self.charts.kube_version.clone(),
            shown: Some(chart.folder.clone()),
        };
        let key = self.key(chart, &wanted, &parts);
        if let Some(text) = key.as_ref().and_then(|key| self.charts.cache.get(key)) {
            return Ok(of_text(SourceFile::new(format!("helm:{}", chart.folder), text)));
        }
        let made = source::helm_template(&wanted, self.programs, self.limit)?;
        if let Some(key) = key {
            self.charts.cache.put(&key, made.text());
        }
        Ok(of_text(made))
    }

    /// A copy of a chart with the charts of the repository that are parts of it.
    fn with_parts(&self, folder: &str, parts: &[(String, String)]) -> Result<Copied, Problem> {
        let mut copies = BTreeMap::new();
        for (place, from) in [(String::new(), folder.to_owned())].iter().chain(parts) {
            let start = if from == "." { 0 } else { from.len() + 1 };
            let ignored = kustomize::join(from, ".helmignore");
            for path in self.files.list(from).into_iter().chain([ignored]) {
                let Some(bytes) = self.files.read(&path) else { continue };
                let below = path.get(start..).unwrap_or_default();
                // What a chart names by `file://` need not be locked.
                if below != "Chart.lock" {
                    copies.insert(kustomize::join(&kustomize::join(folder, place), below), bytes);
                }
            }
        }
        Copied::new(&copies, &format!("--helm {folder}"))
    }

    /// Everything that the result of a chart depends on; `None` without a helm.
    fn key(&self, chart: &Chart, wanted: &HelmChart, parts: &[(String, String)]) -> Option<CacheKey> {
        let helm = self.programs.find("helm")?;
        let about = std::fs::metadata(&helm).ok()?;
        let mut key = CacheKey::new("helm");
        key.add(helm.as_os_str().as_encoded_bytes());
        key.add(format!("{} {:?}", about.len(), about.modified().ok()).as_bytes());
        let asked = (&chart, &wanted.namespace, &wanted.api_versions, &wanted.kube_version, wanted.skip_tests);
        key.add(format!("{asked:?}").as_bytes());
        let ignored = kustomize::join(&chart.folder, ".helmignore");
        let named = chart.set_file.iter().map(|(_, path)| path);
        let of_parts: Vec<String> = parts.iter().flat_map(|(_, folder)| self.files.list(folder)).collect();
        for path in
            self.files.list(&chart.folder).iter().chain([&ignored]).chain(&of_parts).chain(&chart.values).chain(named)
        {
            key.add(path.as_bytes());
            key.add(&self.files.read(path).unwrap_or_default());
        }
        Some(key)
    }

    /// The object that says what a unit is, which represents what is not here.
    fn declared(&self, unit: &Unit) -> Rendered {
        match &unit.declared {
            Some(declared) => Rendered::new(declared.files.to_vec(), vec![declared.tree.clone()]),
            None => Rendered::default(),
        }
    }

    fn plain(&self, files: &[String]) -> Rendered {
        let texts = files.iter().filter_map(|path| Some((path, String::from_utf8(self.files.read(path)?).ok()?)));
        let texts = texts.map(|(path, text)| SourceFile::new(path, text));
        texts.map(of_text).fold(Rendered::default(), Rendered::and)
    }
}

/// Whether charts of kustomizations are rendered: they are all here, or may be fetched.
fn inflate(all: &BTreeMap<String, kustomize::Outline>, fetch: Fetch) -> Inflate {
    let has_charts = fetch == Fetch::Never && all.values().any(|outline| !outline.charts.is_empty());
    if has_charts { Inflate::Charts } else { Inflate::Nothing }
}

/// What a chart made, with what its release changes in it.
fn after(name: &str, made: &Rendered, changes: &Changes) -> Result<Rendered, Problem> {
    let sources = made.sources();
    let files: Vec<SourceFile> = sources.ids().map(|id| SourceFile::new(sources.name(id), sources.text(id))).collect();
    match kustomize::transform(made.trees().to_vec(), &files, changes) {
        Ok(built) => Ok(Rendered::new(built.files, built.objects)),
        Err(unbuilt) => Err(not(name, &format!("its post-renderer: {unbuilt}"))),
    }
}

/// The documents of a text as objects.
fn of_text(file: SourceFile) -> Rendered {
    let sources = Sources::from_files([file.clone()]);
    let trees = sources.ids().next().map(|id| manifest::values(&sources, id).value).unwrap_or_default();
    Rendered::new(vec![file], trees.into_iter().filter(Tree::is_map).collect())
}

fn not(name: &str, what: &str) -> Problem {
    Problem::NotRendered { job: name.to_owned(), what: what.to_owned() }
}

fn no_program(folder: &str, unbuilt: &Unbuilt, programs: &Programs) -> Problem {
    let help = match unbuilt.reason {
        Reason::NotPlain if programs.is_refused() => ", and no program is run here that would build it",
        Reason::Refused if programs.is_refused() => "",
        Reason::NotPlain => ", and neither kustomize nor kubectl is on the PATH",
        Reason::Refused => " (neither kustomize nor kubectl is on the PATH, which might say more)",
        Reason::Remote => "",
    };
    not(&format!("-k {folder}"), &format!("{unbuilt}{help}"))
}

/// The units of a folder.
pub struct Found {
    /// The files.
    pub files: Disk,
    /// The units.
    pub units: Vec<Unit>,
}

/// Whether a folder is a chart that can be rendered: a library is none.
pub fn is_chart(folder: &str, files: &dyn Files) -> bool {
    let text = files.read(&kustomize::join(folder, "Chart.yaml")).and_then(|bytes| String::from_utf8(bytes).ok());
    let is_library = |text: String| {
        let sources = Sources::from_files([SourceFile::new("Chart.yaml", text)]);
        let trees = sources.ids().next().map(|id| manifest::values(&sources, id).value).unwrap_or_default();
        trees.iter().any(|tree| tree.get("type").and_then(Tree::as_str) == Some("library"))
    };
    text.is_some_and(|text| !is_library(text))
}

/// Finds the units of a folder on disk.
pub fn find(folder: &Path, files: Disk) -> Found {
    let root = shown(folder);
    let repository =
        units::Repository { files: &files, paths: files.list(&root), top: top_of(folder, &root), root: root.clone() };
    let units = units::find(&repository);
    Found { units, files }
}

/// A folder as the paths below it are written.
pub fn shown(folder: &Path) -> String {
    kustomize::join(&folder.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"), ".")
}

/// The top of the repository around a folder, as a path like that of the folder; the folder itself without one.
fn top_of(folder: &Path, root: &str) -> String {
    let Ok(real) = std::fs::canonicalize(folder) else { return root.to_owned() };
    match real.ancestors().position(|above| above.join(".git").exists()) {
        Some(levels) => (0..levels).fold(root.to_owned(), |path, _| kustomize::join(&path, "..")),
        None => root.to_owned(),
    }
}

/// What says that units of some patterns, or all without any, are of programs that are not run here, and that no object
/// represents; `None` if there is no such unit.
pub fn not_evaluated(units: &[Unit], patterns: &[String], folder: &str) -> Option<String> {
    let meant: Vec<&Unit> = match patterns {
        [] => units.iter().collect(),
        patterns => patterns.iter().flat_map(|pattern| units::select(units, folder, pattern)).collect(),
    };
    let what = |unit: &&Unit| match &unit.how {
        How::NotHere(what) if unit.declared.is_none() => Some(what.clone()),
        _ => None,
    };
    let mut all = meant.iter().filter_map(what).collect::<BTreeSet<String>>().into_iter();
    let first = all.next()?;
    let more = all.count();
    Some(match more {
        0 => format!("not rendered: {first}"),
        _ => format!("not rendered: {first}, and {more} more; `kubesketch units` lists all"),
    })
}

/// Names of units.
pub fn names<'u>(units: impl IntoIterator<Item = &'u Unit>) -> String {
    let all: Vec<&Unit> = units.into_iter().collect();
    let mut lines: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|unit| match &unit.environment {
            Some(environment) => format!("{} ({}, {environment})", unit.name, unit.kind.as_str()),
            None => format!("{} ({})", unit.name, unit.kind.as_str()),
        })
        .collect();
    if all.len() > NAMED {
        lines.push(format!("and {} more; `kubesketch units` lists all", all.len() - NAMED));
    }
    lines.join(", ")
}
