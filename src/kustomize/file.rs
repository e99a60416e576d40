//! The kustomization itself: which fields it has, and what they ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Texts, is_remote, join};
use super::{Outcome, Reason, Unbuilt};
use crate::manifest::{self, Tree};
use crate::source::{Files, SourceFile, Sources, Span};

/// What the file of a kustomization may be called.
pub const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The fields that are built here. The order of the result is none of our business.
const KNOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "replacements",
    "sortOptions",
];

/// Fields that kustomize knows and that are left to it.
const LEFT: &[&str] = &[
    "buildMetadata",
    "configurations",
    "crds",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "imageTags",
    "inventory",
    "openapi",
    "transformers",
    "validators",
    "vars",
];

/// A kustomization of which all fields are known.
pub(super) struct Kustomization {
    pub folder: String,
    pub tree: Tree,
}

/// What a kustomization says of itself without being built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Whether it is a component, which only others use.
    pub is_component: bool,
    /// Its `namespace`.
    pub namespace: Option<String>,
    /// The files and folders that it names, as paths beside its own.
    pub uses: Vec<String>,
    /// Those of them that change objects of others and are none themselves.
    pub patches: Vec<String>,
    /// What it would fetch.
    pub remote: Vec<String>,
    /// The first field that is left to kustomize itself.
    pub left: Option<String>,
    /// Its file, if nothing of it can be read.
    pub unread: Option<String>,
    /// The charts that it asks for: the folder in which kustomize looks for each, and its name with where it is from.
    pub charts: Vec<(String, String)>,
}

/// What a kustomization says of itself, from the text of its file; `None` if it cannot be read.
pub fn outline(folder: &str, text: &str) -> Option<Outline> {
    let sources = Sources::from_files([SourceFile::new("kustomization", text)]);
    let read = manifest::values(&sources, sources.ids().next()?);
    let tree = read.value.into_iter().find(Tree::is_map)?;
    let word = |key: &str| tree.get(key).and_then(Tree::as_str);
    let mut outline = Outline {
        is_component: word("kind") == Some("Component"),
        namespace: word("namespace").map(str::to_owned),
        ..Outline::default()
    };
    let listed = ["resources", "bases", "components", "crds", "configurations", "generators", "transformers"];
    let listed = listed.iter().flat_map(|key| tree.get(key).map(Tree::items).unwrap_or_default());
    let patches = tree.get("patchesStrategicMerge").map(Tree::items).unwrap_or_default();
    let named = |keys: &'static [&str]| {
        let items = keys.iter().flat_map(|key| tree.get(key).map(Tree::items).unwrap_or_default());
        items.filter_map(|item| item.get("path"))
    };
    let patching = patches.iter().chain(named(&["patches", "patchesJson6902"])).filter_map(Tree::as_str);
    outline.patches = patching.filter(|p| !p.contains('\n') && !is_remote(p)).map(|p| join(folder, p)).collect();
    let named = named(&["patches", "patchesJson6902", "replacements"]);
    let generated = ["configMapGenerator", "secretGenerator"]
        .iter()
        .flat_map(|key| tree.get(key).map(Tree::items).unwrap_or_default())
        .flat_map(|item| ["files", "envs"].iter().flat_map(|key| item.get(key).map(Tree::items).unwrap_or_default()));
    // A file of a generator may have a name in front of it.
    let generated = generated.filter_map(Tree::as_str).map(path_of_pair);
    let charts_of = ["helmCharts", "helmChartInflationGenerator"];
    let charts_of = charts_of.iter().flat_map(|key| tree.get(key).map(Tree::items).unwrap_or_default());
    let values = charts_of.flat_map(|chart| {
        let more = chart.get("additionalValuesFiles").map(Tree::items).unwrap_or_default();
        ["valuesFile", "values"].iter().filter_map(|key| chart.get(key)).chain(more)
    });
    let others = values.chain(tree.at(&["openapi", "path"]));
    for path in listed.chain(patches).chain(named).chain(others).filter_map(Tree::as_str).chain(generated) {
        if is_remote(path) {
            outline.remote.push(path.to_owned());
        } else if !path.contains('\n') {
            outline.uses.push(join(folder, path));
        }
    }
    outline.left = tree.entries().iter().find(|e| !KNOWN.contains(&&*e.key)).map(|e| e.key.to_string());
    outline.charts = charts(folder, &tree);
    Some(outline)
}

/// The path of `name=path`.
fn path_of_pair(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(_, path)| path)
}

/// The charts of `helmCharts`. A chart with a version and a repository is looked for in a folder named after both
/// (<https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/builtins/HelmChartInflationGenerator.go>).
fn charts(folder: &str, tree: &Tree) -> Vec<(String, String)> {
    let home = tree.at(&["helmGlobals", "chartHome"]).and_then(Tree::as_str).unwrap_or("charts");
    let listed = ["helmCharts", "helmChartInflationGenerator"];
    let listed = listed.iter().flat_map(|key| tree.get(key).map(Tree::items).unwrap_or_default());
    let one = |chart: &Tree| {
        let word = |key: &str| chart.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
        let name = word("name").or(word("chartName"))?;
        let place = match (word("version"), word("repo")) {
            (Some(version), Some(_)) => format!("{home}/{name}-{version}/{name}"),
            _ => format!("{home}/{name}"),
        };
        let from = word("repo").map(|url| format!(" from {url}")).unwrap_or_default();
        Some((join(folder, &place), format!("{name}{from}")))
    };
    listed.filter_map(one).collect()
}

impl Kustomization {
    /// Reads the kustomization of a folder, which may have no other fields than the known ones.
    pub fn read(folder: &str, texts: &mut Texts<'_>) -> Outcome<Kustomization> {
        let kustomization = Kustomization::unchecked(folder, texts)?;
        kustomization.check(texts)?;
        Ok(kustomization)
    }

    /// Reads the kustomization of a folder, whatever its fields are.
    pub fn unchecked(folder: &str, texts: &mut Texts<'_>) -> Outcome<Kustomization> {
        let refused = |what: String| Unbuilt { reason: Reason::Refused, at: folder.to_owned(), what };
        let mut found = Vec::new();
        for name in FILE_NAMES {
            let path = join(folder, name);
            if let Some(documents) = texts.documents(&path)? {
                found.push((path, documents));
            }
        }
        let mut found = found.into_iter();
        let (path, documents) = match (found.next(), found.next()) {
            (Some(found), None) => found,
            (None, _) => return Err(refused(format!("there is none of {} in this folder", FILE_NAMES.join(", ")))),
            (Some((a, _)), Some((b, _))) => return Err(refused(format!("two kustomizations: {a} and {b}"))),
        };
        let mut documents = documents.into_iter();
        let (Some(tree), None) = (documents.next(), documents.next()) else {
            return Err(Unbuilt { reason: Reason::Refused, at: path, what: "not one document".into() });
        };
        Ok(Kustomization { folder: folder.to_owned(), tree })
    }

    pub fn check(&self, texts: &Texts<'_>) -> Outcome<()> {
        if !self.tree.is_map() {
            return Err(texts.not(Reason::Refused, self.tree.span, "a kustomization is a mapping"));
        }
        for entry in self.tree.entries() {
            let key = &*entry.key;
            if LEFT.contains(&key) {
                let what = format!("`{key}` is left to kustomize itself");
                return Err(texts.not(Reason::NotPlain, entry.key_span, what));
            }
            if !KNOWN.contains(&key) {
                return Err(texts.not(Reason::Refused, entry.key_span, format!("kustomize knows no field `{key}`")));
            }
        }
        let kind = self.tree.get("kind").and_then(Tree::as_str).unwrap_or("Kustomization");
        if !matches!(kind, "Kustomization" | "Component") {
            return Err(texts.not(Reason::Refused, self.tree.span, format!("a kustomization of kind {kind}")));
        }
        Ok(())
    }

    /// Whether it is a component.
    pub fn is_component(&self) -> bool {
        self.tree.get("kind").and_then(Tree::as_str) == Some("Component")
    }

    /// The elements of a list; none if it is null or not there.
    pub fn list(&self, texts: &Texts<'_>, key: &str) -> Outcome<&[Tree]> {
        list(texts, &self.tree, key)
    }

    /// A text that is not empty.
    pub fn text(&self, texts: &Texts<'_>, key: &str) -> Outcome<Option<(&str, Span)>> {
        text(texts, &self.tree, key)
    }
}

/// The elements of a list of a mapping; none if it is null or not there.
pub(super) fn list<'t>(texts: &Texts<'_>, tree: &'t Tree, key: &str) -> Outcome<&'t [Tree]> {
    match tree.get(key).filter(|t| !t.is_null()) {
        None => Ok(&[]),
        Some(tree) if matches!(tree.value, manifest::Value::Seq(_)) => Ok(tree.items()),
        Some(tree) => {
            let what = format!("`{key}` is {}, not a list", tree.kind_name());
            Err(texts.not(Reason::Refused, tree.span, what))
        }
    }
}

/// A text of a mapping with its place; `None` if it is empty, null or not there.
pub(super) fn text<'t>(texts: &Texts<'_>, tree: &'t Tree, key: &str) -> Outcome<Option<(&'t str, Span)>> {
    match tree.get(key).filter(|t| !t.is_null()) {
        None => Ok(None),
        Some(tree) => match tree.as_str() {
            Some(text) => Ok(Some((text, tree.span)).filter(|(text, _)| !text.is_empty())),
            None => {
                let what = format!("`{key}` is {}, not a string", tree.kind_name());
                Err(texts.not(Reason::Refused, tree.span, what))
            }
        },
    }
}

/// Whether a mapping says `true` for a key.
pub(super) fn flag(texts: &Texts<'_>, tree: &Tree, key: &str) -> Outcome<bool> {
    match tree.get(key).filter(|t| !t.is_null()) {
        None => Ok(false),
        Some(tree) => match tree.as_bool() {
            Some(value) => Ok(value),
            None => {
                let what = format!("`{key}` is {}, not a boolean", tree.kind_name());
                Err(texts.not(Reason::Refused, tree.span, what))
            }
        },
    }
}

/// Texts by their keys, in the order of these, each with the place of its key.
pub(super) fn pairs<'t>(texts: &Texts<'_>, tree: Option<&'t Tree>) -> Outcome<Vec<(&'t str, &'t str, Span)>> {
    let Some(tree) = tree.filter(|t| !t.is_null()) else { return Ok(Vec::new()) };
    let mut pairs = Vec::new();
    for entry in tree.entries() {
        let Some(value) = entry.value.as_str() else {
            let what = format!("`{}` is {}, not a string", entry.key, entry.value.kind_name());
            return Err(texts.not(Reason::Refused, entry.value.span, what));
        };
        pairs.push((&*entry.key, value, entry.key_span));
    }
    if !tree.is_map() {
        return Err(texts.not(Reason::Refused, tree.span, format!("{} where a mapping is meant", tree.kind_name())));
    }
    pairs.sort();
    Ok(pairs)
}

/// Refuses fields that are not among the known ones of an entry.
pub(super) fn only(texts: &Texts<'_>, tree: &Tree, known: &[&str]) -> Outcome<()> {
    match tree.entries().iter().find(|e| !known.contains(&&*e.key)) {
        Some(entry) => {
            Err(texts.not(Reason::NotPlain, entry.key_span, format!("`{}` is left to kustomize itself", entry.key)))
        }
        None => Ok(()),
    }
}

/// The first thing that some kustomizations, or those that they use, would fetch.
pub fn fetches(all: &BTreeMap<String, Outline>, files: &dyn Files) -> Option<String> {
    all.values().find_map(|outline| {
        let chart = outline.charts.iter().find(|(folder, _)| !files.is_folder(folder));
        let chart = chart.map(|(folder, what)| format!("the chart {what} ({folder})"));
        outline.remote.first().cloned().or(chart)
    })
}

/// The folders of a kustomization and of all that it uses, as far as their files say.
pub fn folders<'s>(parts: impl IntoIterator<Item = &'s str>, files: &dyn Files) -> BTreeMap<String, Outline> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<String> = parts.into_iter().map(|folder| join(folder, ".")).collect();
    while let Some(folder) = waiting.pop() {
        if found.contains_key(&folder) {
            continue;
        }
        let bytes = FILE_NAMES.iter().find_map(|name| files.read(&join(&folder, name)));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(outline) = text.and_then(|text| outline(&folder, &text)) else { continue };
        waiting.extend(outline.uses.iter().cloned());
        found.insert(folder, outline);
    }
    found
}

/// The files that a kustomization reads, those of the ones that it uses included, as far as their files say.
pub fn reads(folder: &str, files: &dyn Files) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![join(folder, ".")];
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        for name in FILE_NAMES {
            let file = join(&path, name);
            let Some(text) = files.read(&file).and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
            waiting.extend(outline(&path, &text).map(|outline| outline.uses).unwrap_or_default());
            seen.insert(file);
        }
    }
    seen
}
