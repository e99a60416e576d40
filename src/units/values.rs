//! The values that a HelmRelease of Flux gives its chart: those of ConfigMaps in order, then its own
//! (<https://fluxcd.io/flux/components/helm/helmreleases/#values>).

use super::documents::{Document, trees};
use super::{Known, edits};
use crate::manifest::{Entry, Tree, Value};

/// The most steps of a `targetPath`.
const STEPS: usize = 50;

/// The values of a release; what is not known of them is added to `missing`. Values of Secrets are not read.
pub(super) fn of_release(known: &Known<'_>, release: &Document, missing: &mut Vec<String>) -> Option<Tree> {
    let mut all: Option<Tree> = None;
    for source in release.tree.at(&["spec", "valuesFrom"]).map(Tree::items).unwrap_or_default() {
        let text = |key: &str| source.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
        let (kind, name) = (text("kind").unwrap_or_default(), text("name").unwrap_or_default());
        let key = text("valuesKey").unwrap_or("values.yaml");
        let value = match kind {
            "ConfigMap" => edits::config_map(known, release, name).and_then(|map| map.tree.at(&["data", key])),
            _ => None,
        };
        let Some(value) = value.and_then(Tree::as_str) else {
            let why =
                if kind == "Secret" { "values of Secrets are not read" } else { "it is not here, or several are" };
            missing.push(format!("values of the {kind} {name}: {why}"));
            continue;
        };
        let read = match text("targetPath") {
            Some(path) => at_path(path, value, source),
            None => trees(value).into_iter().next(),
        };
        match read {
            Some(tree) => all = Some(all.map_or(tree.clone(), |all| merged(all, &tree))),
            None => missing.push(format!("values of the {kind} {name}: `{key}` cannot be read")),
        }
    }
    match (all, release.tree.at(&["spec", "values"]).filter(|t| t.is_map())) {
        (Some(all), Some(own)) => Some(merged(all, own)),
        (all, own) => all.or_else(|| own.cloned()),
    }
}

/// A value at a path of keys; `None` for a path of another form.
fn at_path(path: &str, value: &str, around: &Tree) -> Option<Tree> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let keys: Vec<&str> = path.split('.').collect();
    if !path.chars().all(is_plain) || keys.len() > STEPS || keys.iter().any(|key| key.is_empty()) {
        return None;
    }
    let scalar = trees(value).into_iter().next().filter(|t| !t.is_map() && t.items().is_empty());
    let scalar = scalar.unwrap_or(Tree { span: around.span, value: Value::Str(value.into()) });
    Some(keys.into_iter().rev().fold(scalar, |value, key| Tree {
        span: around.span,
        value: Value::Map(vec![Entry { key: key.into(), key_span: around.span, value }]),
    }))
}

/// Mappings key by key; anything else is replaced.
pub(super) fn merged(mut under: Tree, over: &Tree) -> Tree {
    let (Value::Map(entries), Value::Map(more)) = (&mut under.value, &over.value) else { return over.clone() };
    for entry in more {
        match entries.iter_mut().find(|e| e.key == entry.key) {
            Some(there) => there.value = merged(there.value.clone(), &entry.value),
            None => entries.push(entry.clone()),
        }
    }
    under
}
