//! What the ConfigMap of ingress-nginx says of the requests of all Ingresses
//! (<https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/>).

use super::limits::is_restricting;
use super::{Context, annotations};
use crate::cluster::Entry;
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// How the ConfigMaps of its charts are called.
pub(super) const NAMES: &[&str] = &["ingress-nginx-controller", "nginx-ingress-controller"];

/// Keys that keep addresses out.
const LISTS: &[&str] = &["block-cidrs", "denylist-source-range", "whitelist-source-range", "allowlist-source-range"];

/// Keys that hold parts of the configuration.
const SNIPPETS: &[&str] = &["http-snippet", "location-snippet", "main-snippet", "server-snippet"];

/// Keys that keep requests out by what they say.
const BLOCKS: &[&str] = &["block-referers", "block-user-agents"];

/// Keeps what it may do to the requests of an Ingress.
pub(super) fn of(context: &mut Context<'_>, entry: &Entry) {
    let Some(config) = config(context, entry) else { return };
    let cluster = context.cluster;
    let config = &cluster.entries()[config];
    let own = annotations::clients(&entry.object.annotations).is_some();
    for said in config.object.tree.get("data").map(Tree::entries).unwrap_or_default() {
        let (key, value) = (&*said.key, said.value.as_str().unwrap_or_default().trim());
        let restricts = match key {
            _ if value.is_empty() => false,
            // A list of an Ingress takes the place of that for all.
            key if LISTS.contains(&key) => key == "block-cidrs" || !own,
            key if SNIPPETS.contains(&key) => is_restricting(value),
            key => BLOCKS.contains(&key),
        };
        if restricts {
            context.unjudged(entry, format!("{key} of {}", config.key), "");
        } else if key == "global-auth-url" && !value.is_empty() {
            context.checked(entry, value, "");
        }
    }
}

/// The ConfigMap of the controller of an Ingress: that which its arguments name, else one that is called as those of
/// its charts.
fn config(context: &Context<'_>, entry: &Entry) -> Option<usize> {
    let cluster = context.cluster;
    let pods = context.controllers.bringing(cluster, &context.facts, context.position(entry));
    for workload in pods.iter().map(|&w| &cluster.workloads()[w]) {
        let containers = workload.spec.pod.containers.iter();
        let mut args = containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten()));
        if let Some(named) = args.find_map(|a| a.strip_prefix("--configmap=")) {
            let (home, name) = named.split_once('/')?;
            let home = if home.starts_with("$(") { workload.key.namespace() } else { home };
            return cluster.find(&ObjectKey::new("", "ConfigMap", home, name));
        }
    }
    context.of_kind("ConfigMap").first().map(|(index, _)| *index).filter(|_| pods.is_empty())
}
