//! Patches of both kinds, from files and from the kustomization.

use super::file::{self, Kustomization};
use super::merge;
use super::pointer;
use super::resource::Resource;
use super::schema::Shape;
use super::selector::Selector;
use super::tree::{Texts, join};
use super::{Outcome, Reason};
use crate::manifest::{Tree, Value};
use crate::source::Span;

/// A patch that was read.
enum Patch {
    Merge(Vec<Tree>),
    Operations(Vec<Tree>),
}

/// How far a merged patch may change what an object is.
#[derive(Clone, Copy, Default)]
struct Freedom {
    name: bool,
    kind: bool,
}

/// Applies `patchesStrategicMerge`, which name files or are texts.
pub(super) fn strategic(texts: &mut Texts<'_>, k: &Kustomization, all: &mut Vec<Resource>) -> Outcome<()> {
    for entry in k.list(texts, "patchesStrategicMerge")?.to_vec() {
        let Some(path) = entry.as_str() else {
            return Err(texts.not(Reason::Refused, entry.span, "a patch is a path or a text"));
        };
        let trees = if path.contains('\n') || path.trim_start().starts_with('{') {
            texts.inline(&entry)?
        } else {
            load(texts, k, path, entry.span)?
        };
        for tree in objects(texts, trees)? {
            to_its_object(texts, all, &tree, Freedom::default())?;
        }
    }
    Ok(())
}

/// Applies `patches`.
pub(super) fn patches(texts: &mut Texts<'_>, k: &Kustomization, all: &mut Vec<Resource>) -> Outcome<()> {
    for entry in k.list(texts, "patches")?.to_vec() {
        file::only(texts, &entry, &["path", "patch", "target", "options"])?;
        let patch = read(texts, k, &entry)?;
        let target = entry.get("target").filter(|t| !t.is_null()).map(|t| Selector::read(texts, t)).transpose()?;
        let options = entry.get("options").filter(|t| !t.is_null());
        let mut freedom = Freedom::default();
        if let Some(options) = options {
            file::only(texts, options, &["allowNameChange", "allowKindChange"])?;
            freedom.name = file::flag(texts, options, "allowNameChange")?;
            freedom.kind = file::flag(texts, options, "allowKindChange")?;
        }
        match (patch, target) {
            (Patch::Operations(operations), Some(target)) => operate(texts, all, &target, &operations)?,
            (Patch::Operations(_), None) => {
                return Err(texts.not(Reason::Refused, entry.span, "a JSON patch without a target"));
            }
            (Patch::Merge(trees), None) => {
                for tree in &trees {
                    to_its_object(texts, all, tree, freedom)?;
                }
            }
            (Patch::Merge(trees), Some(target)) => {
                let [tree] = trees.as_slice() else {
                    return Err(texts.not(Reason::Refused, entry.span, "several patches with one target"));
                };
                to_targets(texts, all, tree, &target, freedom)?;
            }
        }
    }
    Ok(())
}

/// Applies `patchesJson6902`.
pub(super) fn json(texts: &mut Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    for entry in k.list(texts, "patchesJson6902")?.to_vec() {
        file::only(texts, &entry, &["path", "patch", "target"])?;
        let (Patch::Operations(operations), Some(target)) = (read(texts, k, &entry)?, entry.get("target")) else {
            return Err(texts.not(Reason::Refused, entry.span, "not a JSON patch with a target"));
        };
        let target = Selector::read(texts, target)?;
        operate(texts, all, &target, &operations)?;
    }
    Ok(())
}

/// The patch of an entry with `path` or `patch`.
fn read(texts: &mut Texts<'_>, k: &Kustomization, entry: &Tree) -> Outcome<Patch> {
    let path = file::text(texts, entry, "path")?;
    let inline = file::text(texts, entry, "patch")?.filter(|(text, _)| !text.trim().is_empty());
    let trees = match (path, inline, entry.get("patch")) {
        (Some((path, span)), None, _) => load(texts, k, path, span)?,
        (None, Some(_), Some(patch)) => texts.inline(patch)?,
        _ => return Err(texts.not(Reason::Refused, entry.span, "a patch has one of `path` and `patch`")),
    };
    match trees.as_slice() {
        [Tree { value: Value::Seq(_), .. }] if !is_json_where_it_begins_so(texts, k, path, inline) => {
            Err(texts.not(Reason::Refused, entry.span, "a JSON patch that begins with `[` has to be JSON"))
        }
        [Tree { value: Value::Seq(operations), .. }] => Ok(Patch::Operations(operations.clone())),
        _ => Ok(Patch::Merge(objects(texts, trees)?)),
    }
}

/// Whether a text that begins as JSON is JSON: kustomize reads no other form of it as YAML
/// (<https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/utils/jsonpatch.go>).
fn is_json_where_it_begins_so(
    texts: &mut Texts<'_>,
    k: &Kustomization,
    path: Option<(&str, Span)>,
    inline: Option<(&str, Span)>,
) -> bool {
    let bytes = match (path, inline) {
        (Some((path, _)), _) => texts.bytes(&join(&k.folder, path)).unwrap_or_default(),
        (None, Some((text, _))) => text.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    };
    bytes.first() != Some(&b'[') || serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
}

/// The documents of a file below the kustomization.
fn load(texts: &mut Texts<'_>, k: &Kustomization, path: &str, span: Span) -> Outcome<Vec<Tree>> {
    let full = join(&k.folder, path);
    if !texts.is_inside(&k.folder, &full) {
        return Err(texts.not(Reason::Refused, span, format!("`{path}` is not below the folder of the kustomization")));
    }
    match texts.documents(&full)? {
        Some(trees) => Ok(trees),
        None => Err(texts.not(Reason::Refused, span, format!("there is no file {full}"))),
    }
}

/// Patches that say which object they are for.
fn objects(texts: &Texts<'_>, trees: Vec<Tree>) -> Outcome<Vec<Tree>> {
    for tree in &trees {
        let is_named = ["kind", "apiVersion"].iter().all(|key| tree.get(key).is_some_and(|t| t.as_str().is_some()))
            && tree.at(&["metadata", "name"]).is_some_and(|t| t.as_str().is_some());
        if !is_named || tree.get("items").is_some() {
            return Err(texts.not(Reason::NotPlain, tree.span, "a patch without apiVersion, kind and name"));
        }
    }
    Ok(trees)
}

/// Merges a patch into the one object that has, or had, its name.
fn to_its_object(texts: &Texts<'_>, all: &mut Vec<Resource>, patch: &Tree, freedom: Freedom) -> Outcome<()> {
    let id = Resource::new(patch.clone()).id();
    let mut found = (0..all.len()).filter(|at| all[*at].ids().any(|other| other == id));
    let (Some(at), None) = (found.next(), found.next()) else {
        let what = format!("there is not one {} {} in {}", id.gvk.kind, id.name, id.namespace);
        return Err(texts.not(Reason::Refused, patch.span, what));
    };
    if !merge_into(texts, &mut all[at], patch, freedom)? {
        all.remove(at);
    }
    Ok(())
}

/// Merges a patch into every object that is selected.
fn to_targets(
    texts: &Texts<'_>,
    all: &mut Vec<Resource>,
    patch: &Tree,
    target: &Selector,
    freedom: Freedom,
) -> Outcome<()> {
    let mut stays = vec![true; all.len()];
    for (resource, stays) in all.iter_mut().zip(&mut stays).filter(|(r, _)| target.selects(r)) {
        let mut patch = patch.clone();
        for key in ["apiVersion", "kind"] {
            let own = resource.tree.entry(key).cloned();
            let keeps = key == "kind" && freedom.kind;
            if let Some(own) = own.filter(|_| !keeps) {
                super::edit::set(&mut patch, key, own.value, own.key_span);
            }
        }
        *stays = merge_into(texts, resource, &patch, freedom)?;
    }
    let mut stays = stays.into_iter();
    all.retain(|_| stays.next().unwrap_or(true));
    Ok(())
}

/// Merges a patch into an object. `false` if nothing of it stays.
fn merge_into(texts: &Texts<'_>, resource: &mut Resource, patch: &Tree, freedom: Freedom) -> Outcome<bool> {
    if freedom.name || freedom.kind {
        resource.remember();
    }
    let kept: Vec<_> = [
        (["kind"].as_slice(), freedom.kind),
        (&["metadata", "name"], freedom.name),
        (&["metadata", "namespace"], false),
    ]
    .into_iter()
    .filter(|(_, free)| !free)
    .map(|(keys, _)| (keys, resource.tree.at(keys).cloned()))
    .collect();
    let shape = Shape::of(&resource.gvk());
    let Some(merged) = merge::merge(texts, Some(resource.tree.clone()), Some(patch), shape)? else { return Ok(false) };
    resource.tree = merged;
    for (keys, value) in kept {
        let Some((last, before)) = keys.split_last() else { continue };
        let holder = before.iter().try_fold(&mut resource.tree, |tree, key| tree.get_mut(key));
        let Some(holder) = holder else { continue };
        match value {
            Some(value) => {
                let at = value.span;
                super::edit::set(holder, last, value, at);
            }
            None => {
                holder.remove(last);
            }
        }
    }
    Ok(!resource.tree.entries().is_empty())
}

/// Applies operations to every object that is selected.
fn operate(texts: &Texts<'_>, all: &mut [Resource], target: &Selector, operations: &[Tree]) -> Outcome<()> {
    for resource in all.iter_mut().filter(|r| target.selects(r)) {
        resource.remember();
        pointer::apply(texts, &mut resource.tree, operations)?;
        let is_object = resource.tree.get("kind").is_some() && !resource.name().is_empty();
        if !is_object {
            let at = pointer::span(operations, resource.tree.span);
            return Err(texts.not(Reason::Refused, at, "a patch takes away what an object is"));
        }
    }
    Ok(())
}
