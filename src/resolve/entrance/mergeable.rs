//! Ingresses of the controller of NGINX Inc. that share a host: one, the master, has the host, and others add paths to it
//! (<https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/cross-namespace-configuration/>).

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::Ingress;

use super::super::facts::Host;
use super::{Context, tls};
use crate::cluster::{Cluster, Entry};
use crate::graph::HostTls;

/// How masters encrypt the requests for their hosts.
pub(super) type Masters = BTreeMap<String, HostTls>;

const KINDS: &[&str] = &["nginx.org/mergeable-ingress-type", "nginx.com/mergeable-ingress-type"];

fn kind(entry: &Entry) -> Option<&str> {
    KINDS.iter().find_map(|key| entry.object.annotations.get(*key)).map(String::as_str)
}

/// The masters of a cluster, by host.
pub(super) fn masters(cluster: &Cluster) -> Masters {
    let mut found = Masters::new();
    for (entry, ingress) in cluster.ingresses().filter(|(entry, _)| kind(entry) == Some("master")) {
        let Some(spec) = &ingress.spec else { continue };
        for host in spec.rules.iter().flatten().filter_map(|r| r.host.clone()) {
            let annotations = &entry.object.annotations;
            let tls = tls::of_host(annotations, spec.tls.as_deref().unwrap_or_default(), Some(&host));
            found.entry(host).or_insert(tls);
        }
    }
    found
}

/// Keeps what the controller does not take of a master or a minion. A minion has the TLS of its master.
pub(super) fn of(
    context: &mut Context<'_>,
    (entry, ingress): (&Entry, &Ingress),
    masters: &Masters,
    hosts: &mut [Host],
) {
    let rules = || ingress.spec.iter().flat_map(|s| s.rules.iter().flatten());
    match kind(entry) {
        Some("master") if rules().any(|r| r.http.as_ref().is_some_and(|h| !h.paths.is_empty())) => {
            context.fault(entry, "it is a master and has paths: the controller takes none that has", "spec.rules");
        }
        Some("minion") => {
            for host in hosts.iter_mut() {
                let own = host.name.as_deref().and_then(|name| masters.get(name));
                host.tls = own.copied().unwrap_or(host.tls);
            }
            if let Some(host) = rules().filter_map(|r| r.host.as_deref()).find(|h| !masters.contains_key(*h)) {
                let text = format!("it is a minion, and no master of the input has the host {host}");
                context.fault(entry, text, "spec.rules");
            }
        }
        _ => {}
    }
}
