//! Which objects a patch is for.

use regex_lite::Regex;

use super::file;
use super::resource::Resource;
use super::tree::Texts;
use super::{Outcome, Reason};
use crate::manifest::Tree;

/// A selection of objects by patterns and labels.
pub(super) struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Demand>,
    annotations: Vec<Demand>,
}

/// What a label is to be.
enum Demand {
    Is(String, String),
    IsNot(String, String),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// The selector that a mapping is.
    pub fn read(texts: &Texts<'_>, tree: &Tree) -> Outcome<Selector> {
        const FIELDS: &[&str] =
            &["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
        file::only(texts, tree, FIELDS)?;
        let pattern = |key: &str| -> Outcome<Option<Regex>> {
            let Some((pattern, span)) = file::text(texts, tree, key)? else { return Ok(None) };
            // Both are expressions without going back, so that none is slow.
            match Regex::new(&format!("^(?:{pattern})$")) {
                Ok(regex) => Ok(Some(regex)),
                Err(_) => {
                    Err(texts.not(Reason::NotPlain, span, format!("`{pattern}` is no pattern that is read here")))
                }
            }
        };
        Ok(Selector {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: demands(texts, tree, "labelSelector")?,
            annotations: demands(texts, tree, "annotationSelector")?,
        })
    }

    /// Whether it means an object.
    pub fn selects(&self, resource: &Resource) -> bool {
        let is = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let (first, now) = (resource.first_id(), resource.id());
        (is(&self.namespace, &first.namespace) || is(&self.namespace, &now.namespace))
            && (is(&self.name, &first.name) || is(&self.name, &now.name))
            && is(&self.group, &now.gvk.group)
            && is(&self.version, &now.gvk.version)
            && is(&self.kind, &now.gvk.kind)
            && self.labels.iter().all(|d| d.holds(resource.tree.at(&["metadata", "labels"])))
            && self.annotations.iter().all(|d| d.holds(resource.tree.at(&["metadata", "annotations"])))
    }
}

impl Demand {
    fn holds(&self, labels: Option<&Tree>) -> bool {
        let value = |key: &str| labels.and_then(|l| l.get(key)).and_then(Tree::as_str);
        match self {
            Demand::Is(key, wanted) => value(key) == Some(wanted),
            Demand::IsNot(key, other) => value(key) != Some(other),
            Demand::Exists(key) => value(key).is_some(),
            Demand::Absent(key) => value(key).is_none(),
        }
    }
}

fn demands(texts: &Texts<'_>, tree: &Tree, key: &str) -> Outcome<Vec<Demand>> {
    let Some((text, span)) = file::text(texts, tree, key)? else { return Ok(Vec::new()) };
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let own = |text: &str| text.trim().to_owned();
    let mut demands = Vec::new();
    for part in text.split(',') {
        let demand = if let Some((key, value)) = part.split_once("!=") {
            Demand::IsNot(own(key), own(value))
        } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            Demand::Is(own(key), own(value))
        } else if let Some(key) = part.trim().strip_prefix('!') {
            Demand::Absent(own(key))
        } else {
            Demand::Exists(own(part))
        };
        let is_plain = match &demand {
            Demand::Is(key, value) | Demand::IsNot(key, value) => plain(key) && (value.is_empty() || plain(value)),
            Demand::Exists(key) | Demand::Absent(key) => plain(key),
        };
        if !is_plain {
            return Err(texts.not(Reason::NotPlain, span, format!("`{text}` is left to kustomize itself")));
        }
        demands.push(demand);
    }
    Ok(demands)
}
