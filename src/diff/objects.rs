//! Which objects differ, and in which fields.

use std::collections::{BTreeMap, BTreeSet};

use super::Revision;
use crate::cluster::Entry;
use crate::manifest::{Tree, Value};
use crate::net::ObjectKey;
use crate::source::Span;

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Only the new state has it.
    Added,
    /// Only the old state has it.
    Removed,
    /// It is in both, and these fields differ; never empty.
    Changed(Vec<Field>),
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it is in the object, as `spec.template.spec.containers[api].image`.
    pub path: String,
    /// Where the new state says it; what holds it, if the field is gone.
    pub at: Span,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// Its identity.
    pub key: ObjectKey,
    /// What became of it.
    pub fate: Fate,
    /// Where the old state has it.
    pub old: Option<Span>,
    /// Where the new state has it.
    pub new: Option<Span>,
    /// Whether the file that held it has errors in the new state, so that it may be there all the same.
    pub unreadable: bool,
}

/// As many fields of an object as anybody reads.
const FIELDS: usize = 40;

/// Every object that differs, sorted by identity. What a controller made of another object, what a server adds, and
/// labels and annotations that tools renew with every release make no difference.
pub(super) fn compare(old: &Revision, new: &Revision) -> Vec<ObjectChange> {
    let kept = |state: &Revision| -> BTreeMap<ObjectKey, usize> {
        let entries = state.cluster().entries().iter().enumerate();
        let written = entries.filter(|(_, e)| !e.object.owners.iter().any(|o| o.controller));
        written.map(|(i, e)| (e.key.clone(), i)).collect()
    };
    let (before, after) = (kept(old), kept(new));
    let broken: BTreeSet<&str> = {
        let errors = new.problems().iter().filter(|d| d.code.severity() == crate::diagnostic::Severity::Error);
        errors.filter_map(|d| d.at).map(|at| new.file(at.file)).collect()
    };
    let keys: BTreeSet<&ObjectKey> = before.keys().chain(after.keys()).collect();
    let entry = |state: &Revision, index: Option<&usize>| -> Option<Span> {
        index.map(|&i| state.cluster().entries()[i].object.span)
    };
    let scalers = [scaled(old), scaled(new)];
    let change = |key: &ObjectKey| {
        let (a, b) = (before.get(key), after.get(key));
        let fate = match (a, b) {
            (Some(&a), Some(&b)) => {
                let target = (key.namespace.as_deref(), key.kind.as_str(), key.name.as_str());
                let is_scaled = scalers.iter().any(|scaled| scaled.contains(&target));
                let fields = fields(&old.cluster().entries()[a], &new.cluster().entries()[b], is_scaled);
                if fields.is_empty() {
                    return None;
                }
                Fate::Changed(fields)
            }
            (Some(_), None) => Fate::Removed,
            _ => Fate::Added,
        };
        let (was, is) = (entry(old, a), entry(new, b));
        let unreadable = fate == Fate::Removed && was.is_some_and(|span| broken.contains(old.file(span.file)));
        Some(ObjectChange { key: key.clone(), fate, old: was, new: is, unreadable })
    };
    keys.into_iter().filter_map(change).collect()
}

/// What an object is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// With another text.
    Text,
    /// With what runs, which has every field that the server filled in.
    Live,
}

fn fields(old: &Entry, new: &Entry, is_scaled: bool) -> Vec<Field> {
    let is_live = |entry: &Entry| entry.object.tree.at(&["metadata", "uid"]).is_some();
    let before = if is_live(old) && !is_live(new) { Before::Live } else { Before::Text };
    let mut found = Vec::new();
    differ(&old.object.tree, &new.object.tree, before, &mut String::new(), &mut found);
    if before == Before::Live && is_scaled {
        found.retain(|field| field.path != "spec.replicas");
    }
    found
}

/// What autoscalers of a state scale, by namespace, kind and name.
fn scaled(state: &Revision) -> BTreeSet<(Option<&str>, &str, &str)> {
    let scalers = state.cluster().entries().iter().filter(|e| e.key.kind == "HorizontalPodAutoscaler");
    scalers
        .filter_map(|entry| {
            let target = entry.object.tree.at(&["spec", "scaleTargetRef"])?;
            let word = |field: &str| target.get(field).and_then(Tree::as_str);
            Some((entry.key.namespace.as_deref(), word("kind")?, word("name")?))
        })
        .collect()
}

/// Fields whose values say nothing about what is meant: the identity is compared already, the status is an answer of
/// the cluster, and the rest is what a server or a release tool adds.
fn is_noise(path: &str, key: &str) -> bool {
    const TOP: &[&str] = &["apiVersion", "kind", "status"];
    const METADATA: &[&str] = &[
        "creationTimestamp",
        "generation",
        "managedFields",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    ];
    const LABELS: &[&str] =
        &["app.kubernetes.io/version", "chart", "helm.sh/chart", "heritage", "app.kubernetes.io/managed-by"];
    match path {
        "" => TOP.contains(&key),
        "metadata" => METADATA.contains(&key),
        _ if path.ends_with("metadata.labels") => LABELS.contains(&key),
        _ if path.ends_with("metadata.annotations") => {
            key.starts_with("checksum/")
                || key.starts_with("meta.helm.sh/")
                || key.starts_with("deployment.kubernetes.io/")
                || key.starts_with("kubectl.kubernetes.io/")
        }
        _ => path.ends_with("metadata") && key == "creationTimestamp",
    }
}

/// Collects the fields in which two values differ. Elements of a list that have names are compared by name.
fn differ(old: &Tree, new: &Tree, against: Before, path: &mut String, found: &mut Vec<Field>) {
    if found.len() >= FIELDS {
        return;
    }
    match (&old.value, &new.value) {
        (Value::Map(a), Value::Map(b)) => {
            let keys: BTreeSet<&str> = a.iter().chain(b).map(|e| &*e.key).filter(|key| !is_noise(path, key)).collect();
            for key in keys {
                let step = if path.is_empty() { key.to_owned() } else { format!(".{key}") };
                // What the server filled in is as good as not there.
                if against == Before::Text || new.get(key).is_some() {
                    pair((old.get(key), new.get(key)), new.span, against, &step, path, found);
                }
            }
        }
        (Value::Seq(a), Value::Seq(b)) => match (names(a), names(b)) {
            (Some(before), Some(after)) => {
                let all: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
                for name in all {
                    let ends = (before.get(name).and_then(|&i| a.get(i)), after.get(name).and_then(|&i| b.get(i)));
                    pair(ends, new.span, against, &format!("[{name}]"), path, found);
                }
            }
            _ => {
                for index in 0..a.len().max(b.len()) {
                    pair((a.get(index), b.get(index)), new.span, against, &format!("[{index}]"), path, found);
                }
            }
        },
        (a, b) => {
            if !is_equal(a, b) {
                let path = path.clone();
                found.push(Field { path, at: new.span });
            }
        }
    }
}

fn pair(
    ends: (Option<&Tree>, Option<&Tree>),
    holder: Span,
    against: Before,
    step: &str,
    path: &mut String,
    found: &mut Vec<Field>,
) {
    let length = path.len();
    path.push_str(step);
    match ends {
        (Some(a), Some(b)) => differ(a, b, against, path, found),
        // A field that is null is as good as not there.
        (Some(one), None) | (None, Some(one)) if one.is_null() => {}
        (_, new) => found.push(Field { path: path.clone(), at: new.map_or(holder, |n| n.span) }),
    }
    path.truncate(length);
}

/// The positions of the elements of a list by name, if each has one of its own.
fn names(items: &[Tree]) -> Option<BTreeMap<&str, usize>> {
    let mut all = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        if all.insert(item.get("name")?.as_str()?, index).is_some() {
            return None;
        }
    }
    Some(all)
}

fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::UInt(a), Value::UInt(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Str(a), Value::Str(b)) => a == b,
        _ => false,
    }
}
