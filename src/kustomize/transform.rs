//! What a kustomization does to all its objects: namespace, names, labels, annotations, replicas.

use std::collections::BTreeSet;

use super::edit;
use super::fields::{self, Field, Make};
use super::file::{self, Kustomization};
use super::resource::Resource;
use super::tree::Texts;
use super::{Outcome, Reason, Whose};
use crate::manifest::{Tree, Value};

/// Applies `namespace`.
pub(super) fn namespace(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    let Some((namespace, span)) = k.text(texts, "namespace")? else { return Ok(()) };
    let others = fields::namespaces();
    for resource in all.iter_mut() {
        resource.remember();
        let gvk = resource.gvk();
        if !gvk.is_cluster_scoped()
            && let Some(metadata) = edit::demand(&mut resource.tree, "metadata", || edit::map(span))
        {
            edit::set(metadata, "namespace", edit::text(namespace, span), span);
        }
        if matches!(&*gvk.kind, "RoleBinding" | "ClusterRoleBinding")
            && let Some(subjects) = resource.tree.get_mut("subjects")
        {
            let is_default = |s: &&mut Tree| s.get("name").and_then(Tree::as_str) == Some("default");
            for subject in subjects.items_mut().iter_mut().filter(is_default) {
                edit::set(subject, "namespace", edit::text(namespace, span), span);
            }
        }
        for field in others.iter().filter(|f| f.is_of(&gvk)) {
            let make = if field.create { Make::Text } else { Make::Nothing };
            fields::change(&mut resource.tree, &field.path, make, span, &mut |tree| {
                *tree = edit::text(namespace, span);
                Ok(())
            })?;
        }
    }
    let mut ids = BTreeSet::new();
    match all.iter().find(|r| !ids.insert(r.id())) {
        Some(twice) => Err(texts.not(
            Reason::Refused,
            span,
            format!("two objects {} {} in namespace {namespace}", twice.kind(), twice.name()),
        )),
        None => Ok(()),
    }
}

/// Puts one object into a namespace, as other programs than kustomize do.
pub(super) fn place(object: &mut Tree, namespace: &str, whose: Whose) {
    let gvk = Resource::new(object.clone()).gvk();
    let has_one = object.at(&["metadata", "namespace"]).and_then(Tree::as_str).is_some_and(|n| !n.is_empty());
    if gvk.is_cluster_scoped() || has_one && whose == Whose::WithoutOne {
        return;
    }
    let span = object.span;
    if let Some(metadata) = edit::demand(object, "metadata", || edit::map(span)) {
        edit::set(metadata, "namespace", edit::text(namespace, span), span);
    }
}

/// Applies `namePrefix` and `nameSuffix`.
pub(super) fn names(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    for (key, is_prefix) in [("namePrefix", true), ("nameSuffix", false)] {
        let Some((part, span)) = k.text(texts, key)? else { continue };
        for resource in all.iter_mut() {
            let first = resource.first_id().gvk;
            let keeps = matches!(&*first.kind, "CustomResourceDefinition" | "Namespace")
                || first.is_selected("apiregistration.k8s.io", "", "APIService");
            if keeps {
                continue;
            }
            let given = if is_prefix { &mut resource.prefixes } else { &mut resource.suffixes };
            given.push(part.to_owned());
            resource.remember();
            let name = resource.name().to_owned();
            let name = if is_prefix { format!("{part}{name}") } else { format!("{name}{part}") };
            resource.rename(&name, span);
        }
    }
    Ok(())
}

/// Applies `labels` and `commonLabels`.
pub(super) fn labels(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    for entry in k.list(texts, "labels")? {
        file::only(texts, entry, &["pairs", "includeSelectors", "includeTemplates", "fields"])?;
        let mut fields = if file::flag(texts, entry, "includeSelectors")? {
            fields::labels(true)
        } else if file::flag(texts, entry, "includeTemplates")? {
            fields::labels(false)
        } else {
            vec![Field::everywhere("metadata/labels", true)]
        };
        for own in file::list(texts, entry, "fields")? {
            fields.push(own_field(texts, own)?);
        }
        set_pairs(texts, entry.get("pairs"), &fields, all)?;
    }
    set_pairs(texts, k.tree.get("commonLabels"), &fields::labels(true), all)
}

/// Applies `commonAnnotations`.
pub(super) fn annotations(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    set_pairs(texts, k.tree.get("commonAnnotations"), &fields::annotations(), all)
}

fn own_field(texts: &Texts<'_>, tree: &Tree) -> Outcome<Field> {
    file::only(texts, tree, &["group", "version", "kind", "path", "create"])?;
    let text = |key: &str| Ok(file::text(texts, tree, key)?.map(|(text, _)| text.to_owned()).unwrap_or_default());
    let path = fields::steps(&text("path")?);
    if path.len() > 100 {
        return Err(texts.not(Reason::NotPlain, tree.span, "a field path that is longer than any field's"));
    }
    Ok(Field {
        group: text("group")?,
        version: text("version")?,
        kind: text("kind")?,
        path,
        create: file::flag(texts, tree, "create")?,
    })
}

fn set_pairs(texts: &Texts<'_>, pairs: Option<&Tree>, fields: &[Field], all: &mut [Resource]) -> Outcome<()> {
    let pairs = file::pairs(texts, pairs)?;
    let Some((_, _, span)) = pairs.first() else { return Ok(()) };
    for resource in all.iter_mut() {
        let gvk = resource.gvk();
        for field in fields.iter().filter(|f| f.is_of(&gvk)) {
            let make = if field.create { Make::Map } else { Make::Nothing };
            fields::change(&mut resource.tree, &field.path, make, *span, &mut |tree| match &tree.value {
                Value::Map(_) => {
                    for (key, value, at) in &pairs {
                        edit::set(tree, key, edit::text(value, *at), *at);
                    }
                    Ok(())
                }
                _ => Err(texts.not(Reason::Refused, tree.span, "labels or annotations that are no mapping")),
            })?;
        }
    }
    Ok(())
}

/// Applies `replicas`.
pub(super) fn replicas(texts: &Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    let fields = fields::replicas();
    for entry in k.list(texts, "replicas")? {
        file::only(texts, entry, &["name", "count"])?;
        let count = entry.get("count").filter(|c| matches!(c.value, Value::Int(_)));
        let (Some((name, _)), Some(count)) = (file::text(texts, entry, "name")?, count) else {
            return Err(texts.not(Reason::NotPlain, entry.span, "replicas without a name and a number"));
        };
        let mut found = false;
        for resource in all.iter_mut() {
            let is_meant = |field: &&Field| resource.ids().any(|id| id.name == name && field.is_of(&id.gvk));
            if let Some(field) = fields.iter().find(is_meant) {
                found = true;
                fields::change(&mut resource.tree, &field.path, Make::Text, count.span, &mut |tree| {
                    *tree = count.clone();
                    Ok(())
                })?;
            }
        }
        if !found {
            return Err(texts.not(
                Reason::Refused,
                entry.span,
                format!("there is nothing with replicas called {name}"),
            ));
        }
    }
    Ok(())
}
