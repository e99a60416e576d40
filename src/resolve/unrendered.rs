//! Objects that stand for others which are not in the manifests: HelmReleases of Flux, and Applications of Argo CD. What
//! they deploy is not known, and they are drawn as what they are.

use super::Context;
use crate::cluster::Entry;
use crate::graph::{Detail, Node, NodeId};
use crate::manifest::{self, Tree};

/// Adds a node for each of them, in the namespace into which it deploys.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for entry in cluster.entries() {
        let Some((what, namespace)) = deployed(context, entry) else { continue };
        let evidence = context.evidence(entry, "");
        let detail = Detail::Unrendered { what };
        context.node(Node {
            namespace: namespace.or_else(|| entry.key.namespace.clone()),
            evidence: vec![evidence],
            ..Node::new(NodeId::object(&entry.key), entry.key.kind.clone(), entry.key.name.clone(), detail)
        });
    }
}

/// What an object deploys, and where.
fn deployed(context: &Context<'_>, entry: &Entry) -> Option<(String, Option<String>)> {
    let tree = &entry.object.tree;
    let text = |keys: &[&str]| tree.at(keys).and_then(Tree::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            let chart = manifest::chart_of(tree, |kind, name| url_of(context, kind, name));
            Some((chart.to_string(), text(&["spec", "targetNamespace"])))
        }
        ("argoproj.io", "Application") => {
            let several = tree.at(&["spec", "sources"]).map(Tree::items).unwrap_or_default();
            let source = tree.at(&["spec", "source"]).or(several.first())?;
            let what = match source.get("chart") {
                Some(_) => manifest::chart_of_source(source).to_string(),
                None => {
                    let part = |key: &str| source.get(key).and_then(Tree::as_str);
                    format!("{} of {}", part("path").unwrap_or("."), part("repoURL").unwrap_or("an unnamed repository"))
                }
            };
            Some((what, text(&["spec", "destination", "namespace"])))
        }
        _ => None,
    }
}

/// The address of a source of charts.
fn url_of(context: &Context<'_>, kind: &str, name: &str) -> Option<String> {
    let is_it = |e: &&Entry| e.key.group == "source.toolkit.fluxcd.io" && e.key.kind == kind && e.key.name == name;
    let found = context.cluster.entries().iter().find(is_it)?;
    found.object.tree.at(&["spec", "url"]).and_then(Tree::as_str).map(str::to_owned)
}
