//! What Argo CD and Flux change in kustomizations that they deploy, and the variables that Flux substitutes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::documents::{Document, is_yaml, text_of, trees};
use super::{Edits, Known, environment};
use crate::kustomize::{self, Changes, Variables};
use crate::manifest::{Entry, Tree, Value};

/// Fields of `source.kustomize` that mean what the kustomization's own do.
const ARGO: &[&str] = &["namePrefix", "nameSuffix", "namespace", "patches", "components"];
/// Fields of a Kustomization of Flux that do.
const FLUX: &[&str] = &["namePrefix", "nameSuffix", "patches", "images", "components"];
/// Fields of `source.kustomize` that change no object by themselves.
const SILENT: &[&str] =
    &["version", "kubeVersion", "apiVersions", "forceCommonLabels", "forceCommonAnnotations", "labelIncludeTemplates"];

/// The changes of `source.kustomize`; what is not applied is added to `missing`.
pub(super) fn of_source(document: &Document, source: &Tree, missing: &mut Vec<String>) -> Edits {
    let Some(options) = source.get("kustomize").filter(|t| !t.entries().is_empty()) else { return Edits::default() };
    let flag = |key: &str| options.get(key).and_then(Tree::as_bool) == Some(true);
    let mut fields = Vec::new();
    for entry in options.entries().iter().filter(|e| !e.value.is_null()) {
        let value = &entry.value;
        match &*entry.key {
            key if ARGO.contains(&key) => fields.push(entry.clone()),
            "images" => fields.push(with(entry, "images", list(value, image_of))),
            "replicas" => fields.push(with(entry, "replicas", list(value, |item| Some(item.clone())))),
            "commonLabels" if flag("labelWithoutSelector") => {
                let mut pairs = vec![with(entry, "pairs", value.clone())];
                if flag("labelIncludeTemplates") {
                    pairs.push(with(entry, "includeTemplates", Tree { span: value.span, value: Value::Bool(true) }));
                }
                let labels = Tree { span: value.span, value: Value::Map(pairs) };
                fields.push(with(entry, "labels", Tree { span: value.span, value: Value::Seq(vec![labels]) }));
            }
            "commonLabels" => fields.push(entry.clone()),
            "commonAnnotations" if !flag("commonAnnotationsEnvsubst") => fields.push(entry.clone()),
            "labelWithoutSelector" => {}
            key if SILENT.contains(&key) => {}
            key => missing.push(format!("`source.kustomize.{key}` is not applied")),
        }
    }
    Edits { kustomization: changes(document, source, fields, Vec::new()), ..Edits::default() }
}

/// The changes of a Kustomization of Flux. A folder without a kustomization gets one of all that is below it.
pub(super) fn of_flux(known: &Known<'_>, document: &Document, folder: &str, missing: &mut Vec<String>) -> Edits {
    let Some(spec) = document.tree.get("spec") else { return Edits::default() };
    let asked = spec.entries().iter().filter(|e| !e.value.is_null());
    let mut fields: Vec<Entry> = asked.filter(|e| FLUX.contains(&&*e.key)).cloned().collect();
    fields.extend(spec.entry("targetNamespace").map(|entry| with(entry, "namespace", entry.value.clone())));
    let own = known.kustomizations.contains_key(folder) || known.has_file(folder, kustomize::FILE_NAMES);
    let parts = if own { Vec::new() } else { parts_of(known, folder) };
    let is_plain = parts.iter().all(|part| is_yaml(part));
    let kustomization =
        if fields.is_empty() && (own || is_plain) { None } else { changes(document, spec, fields, parts) };
    let pairs = |key: &str| -> Vec<(String, String)> {
        let all = spec.at(&["commonMetadata", key]).map(Tree::entries).unwrap_or_default();
        all.iter().filter_map(|e| Some((e.key.to_string(), e.value.as_str()?.to_owned()))).collect()
    };
    let (variables, files) = variables(known, document, missing);
    let (labels, annotations) = (pairs("labels"), pairs("annotations"));
    Edits { kustomization, labels, annotations, variables, files, ..Edits::default() }
}

/// The changes of `spec.postRenderers` of a HelmRelease
/// (<https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers>).
pub(super) fn of_release(document: &Document, missing: &mut Vec<String>) -> Edits {
    let mut after = Vec::new();
    for renderer in document.tree.at(&["spec", "postRenderers"]).map(Tree::items).unwrap_or_default() {
        let mut fields = Vec::new();
        for entry in renderer.entries().iter().filter(|e| &*e.key != "kustomize") {
            missing.push(format!("`spec.postRenderers` with `{}` is not applied", entry.key));
        }
        for entry in renderer.get("kustomize").map(Tree::entries).unwrap_or_default() {
            match &*entry.key {
                _ if entry.value.is_null() => {}
                "patches" | "patchesStrategicMerge" | "patchesJson6902" | "images" => fields.push(entry.clone()),
                key => missing.push(format!("`{key}` of `spec.postRenderers` is not applied")),
            }
        }
        after.extend(changes(document, renderer, fields, Vec::new()).map(|changes| *changes));
    }
    Edits { after, ..Edits::default() }
}

fn changes(document: &Document, around: &Tree, fields: Vec<Entry>, resources: Vec<String>) -> Option<Box<Changes>> {
    if fields.is_empty() && resources.is_empty() {
        return None;
    }
    let files = Arc::clone(&document.files);
    Some(Box::new(Changes { files, fields: Tree { span: around.span, value: Value::Map(fields) }, resources }))
}

/// The same place with another key and value.
fn with(entry: &Entry, key: &str, value: Tree) -> Entry {
    Entry { key: key.into(), key_span: entry.key_span, value }
}

fn list(value: &Tree, of: impl Fn(&Tree) -> Option<Tree>) -> Tree {
    Tree { span: value.span, value: Value::Seq(value.items().iter().filter_map(of).collect()) }
}

/// `[old=]new[:tag|@digest]`, as `kustomize edit set image` takes it.
fn image_of(item: &Tree) -> Option<Tree> {
    let text = item.as_str()?;
    let (old, new) = match text.split_once('=') {
        Some((old, new)) => (Some(old), new),
        None => (None, text),
    };
    let (rest, digest) = new.split_once('@').map_or((new, None), |(rest, digest)| (rest, Some(digest)));
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[last..].split_once(':') {
        Some((_, tag)) => (&rest[..rest.len() - tag.len() - 1], Some(tag)),
        None => (rest, None),
    };
    let mut entries = Vec::new();
    let mut add = |key: &str, text: &str| {
        let value = Tree { span: item.span, value: Value::Str(text.into()) };
        entries.push(Entry { key: key.into(), key_span: item.span, value });
    };
    add("name", old.unwrap_or(name));
    if old.is_some_and(|old| old != name) && !name.is_empty() {
        add("newName", name);
    }
    tag.into_iter().for_each(|tag| add("newTag", tag));
    digest.into_iter().for_each(|digest| add("digest", digest));
    Some(Tree { span: item.span, value: Value::Map(entries) })
}

/// What Flux makes a kustomization of: folders with one of their own, and all other manifests.
fn parts_of(known: &Known<'_>, folder: &str) -> Vec<String> {
    let start = if folder == "." { 0 } else { folder.len() + 1 };
    let mut parts = BTreeSet::new();
    for path in known.repository.paths.iter().filter(|path| kustomize::is_below(folder, path)) {
        let below = &path[start..];
        let ends = below.match_indices('/').map(|(at, _)| at);
        let own =
            ends.map(|at| &below[..at]).find(|part| known.kustomizations.contains_key(&path[..start + part.len()]));
        match own {
            Some(part) => drop(parts.insert(part.to_owned())),
            None if path.ends_with(".yaml") || path.ends_with(".yml") => drop(parts.insert(below.to_owned())),
            None => {}
        }
    }
    parts.into_iter().collect()
}

/// The variables of `postBuild`, and the files that declare them. Values of Secrets are not read.
fn variables(known: &Known<'_>, document: &Document, missing: &mut Vec<String>) -> (Variables, Vec<String>) {
    let mut variables = Variables::default();
    let mut files = Vec::new();
    let Some(after) = document.tree.at(&["spec", "postBuild"]) else { return (variables, files) };
    for source in after.get("substituteFrom").map(Tree::items).unwrap_or_default() {
        let text = |key: &str| source.get(key).and_then(Tree::as_str).unwrap_or_default();
        let (kind, name) = (text("kind"), text("name"));
        let found = (kind == "ConfigMap").then(|| config_map(known, document, name)).flatten();
        match found {
            Some(map) => {
                variables.known.extend(data_of(map.tree));
                files.extend(map.path.map(str::to_owned));
            }
            None => {
                variables.may_be_more = true;
                let why = match kind {
                    "Secret" => "values of Secrets are not read",
                    _ => "it is not here, or several are",
                };
                missing.push(format!("variables of the {kind} {name}: {why}"));
            }
        }
    }
    let own = after.get("substitute").map(Tree::entries).unwrap_or_default();
    variables.known.extend(own.iter().filter_map(|e| Some((e.key.to_string(), scalar(&e.value)?))));
    (variables, files)
}

fn data_of(map: &Tree) -> BTreeMap<String, String> {
    let data = map.get("data").map(Tree::entries).unwrap_or_default();
    data.iter().filter_map(|e| Some((e.key.to_string(), scalar(&e.value)?))).collect()
}

fn scalar(tree: &Tree) -> Option<String> {
    match &tree.value {
        Value::Str(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A ConfigMap, with its file if it is read as it lies.
pub(super) struct ConfigMap<'k> {
    pub tree: &'k Tree,
    pub path: Option<&'k str>,
}

/// The ConfigMap of a name beside a document: that of the kustomization around it, the only one of the repository, or
/// the only one of its environment.
pub(super) fn config_map<'k>(known: &'k Known<'_>, document: &'k Document, name: &str) -> Option<ConfigMap<'k>> {
    let around = document.built.iter().flat_map(|around| &around.config_maps);
    let is_meant = |tree: &&Tree| tree.at(&["metadata", "name"]).and_then(Tree::as_str) == Some(name);
    let mut built = around.filter(is_meant);
    if let (Some(tree), None) = (built.next(), built.next()) {
        return Some(ConfigMap { tree, path: None });
    }
    let all = known.config_maps.get_or_init(|| read_config_maps(known));
    let namespace = document.text(&["metadata", "namespace"]);
    let fits =
        |map: &&Document| map.text(&["metadata", "namespace"]).is_none_or(|of| namespace.is_none_or(|own| own == of));
    let fitting: Vec<&Document> = all.get(name)?.iter().filter(fits).collect();
    let own = document.environment();
    let near: Vec<&Document> = fitting.iter().copied().filter(|map| environment::of(&map.path) == own).collect();
    match (fitting.as_slice(), near.as_slice()) {
        ([only], _) | (_, [only]) => Some(ConfigMap { tree: &only.tree, path: Some(&only.path) }),
        _ => None,
    }
}

/// All ConfigMaps of the repository as they lie, by their names.
fn read_config_maps(known: &Known<'_>) -> BTreeMap<String, Vec<Document>> {
    let mut all: BTreeMap<String, Vec<Document>> = BTreeMap::new();
    for path in known.repository.paths.iter().filter(|path| is_yaml(path)) {
        let Some(text) = text_of(known.repository, path).filter(|text| text.contains("ConfigMap")) else {
            continue;
        };
        for tree in trees(&text) {
            let map = Document { path: path.clone(), tree, files: Arc::default(), built: None, notes: Vec::new() };
            if map.text(&["kind"]) == Some("ConfigMap") && map.text(&["apiVersion"]) == Some("v1") {
                all.entry(map.name().to_owned()).or_default().push(map);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_as_kustomize_takes_them() {
        let span = trees("a: 1")[0].span;
        for (text, expected) in [
            ("web:2", r#"{"name":"web","newTag":"2"}"#),
            ("web=example.com:5000/web:2", r#"{"name":"web","newName":"example.com:5000/web","newTag":"2"}"#),
            ("a/web@sha256:0", r#"{"digest":"sha256:0","name":"a/web"}"#),
        ] {
            let item = Tree { span, value: Value::Str(text.into()) };
            assert_eq!(image_of(&item).map(|tree| tree.to_json()).as_deref(), Some(expected));
        }
    }
}
