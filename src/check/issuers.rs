//! Issuers of certificates that cert-manager is to use and that the manifests do not contain.

use std::collections::BTreeMap;

use super::nearest;
use super::registry::family;
use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::Code;
use crate::manifest::Tree;
use crate::source::Span;

family! {
    CertificateIssuerMissing, "certificate-issuer-missing", true, "An Ingress, a Gateway or a Certificate names an issuer of cert-manager that is not in the manifests, although they contain others: no certificate is made, and clients get one of the controller's own, which no browser trusts. An Issuer serves its own namespace, a ClusterIssuer all of them, and the annotations differ: `cert-manager.io/issuer` and `cert-manager.io/cluster-issuer` (https://cert-manager.io/docs/usage/ingress/#supported-annotations).";
}

/// The group of cert-manager's kinds.
const GROUP: &str = "cert-manager.io";
const ISSUER: &str = "Issuer";
const CLUSTER_ISSUER: &str = "ClusterIssuer";

/// An issuer that an object names.
struct Wanted<'a> {
    entry: &'a Entry,
    kind: &'static str,
    name: &'a str,
    /// The place of the name.
    at: Span,
}

impl Wanted<'_> {
    /// The namespace where the issuer has to be; none for one that serves all.
    fn namespace(&self) -> &str {
        if self.kind == CLUSTER_ISSUER { "" } else { self.entry.key.namespace() }
    }
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let mut issuers: BTreeMap<(&str, &str), BTreeMap<&str, &Entry>> = BTreeMap::new();
    let cluster = scene.cluster;
    for entry in cluster.entries().iter().filter(|e| e.key.group == GROUP) {
        let namespace = match entry.key.kind.as_str() {
            CLUSTER_ISSUER => "",
            ISSUER => entry.key.namespace(),
            _ => continue,
        };
        issuers.entry((&entry.key.kind, namespace)).or_default().insert(&entry.key.name, entry);
    }
    if issuers.is_empty() {
        return;
    }
    for wanted in cluster.entries().iter().filter_map(wanted) {
        let there = issuers.get(&(wanted.kind, wanted.namespace()));
        if there.is_some_and(|names| names.contains_key(wanted.name)) {
            continue;
        }
        let (entry, name) = (wanted.entry, wanted.name);
        let message = format!(
            "{} {}/{} asks for a certificate from {} {name}, which is not among the issuers of the manifests",
            entry.key.kind,
            entry.key.namespace(),
            entry.key.name,
            wanted.kind
        );
        let other = if wanted.kind == ISSUER { (CLUSTER_ISSUER, "") } else { (ISSUER, entry.key.namespace()) };
        let twin = issuers.get(&other).and_then(|names| names.get(name));
        let near = there.and_then(|names| nearest::name(name, names.keys().copied()));
        let report = scene.report_at(Code::CertificateIssuerMissing, entry, wanted.at, message);
        match (twin, near) {
            (Some(twin), _) => {
                let help = format!("there is {} {name}: name its kind", article(other.0));
                report.related(twin, "metadata.name", "the issuer of that name").help(help);
            }
            (None, Some(near)) => {
                report.help(format!("{near} is probably meant"));
            }
            (None, None) => {
                report.help("nothing is wrong if it is made by other means");
            }
        }
    }
}

fn article(kind: &str) -> String {
    if kind == ISSUER { format!("an {kind}") } else { format!("a {kind}") }
}

/// The issuer of cert-manager's own that an object names.
fn wanted(entry: &Entry) -> Option<Wanted<'_>> {
    let tree = &entry.object.tree;
    let text = |value: Option<&'_ Tree>| value.and_then(Tree::as_str).map(str::to_owned);
    let (group, kind, name) = match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        (GROUP, "Certificate") => {
            let reference = tree.at(&["spec", "issuerRef"])?;
            (text(reference.get("group")), text(reference.get("kind")), reference.get("name")?)
        }
        (_, "Ingress" | "Gateway") => {
            let annotation = |name| tree.at(&["metadata", "annotations", name]);
            let group = text(annotation("cert-manager.io/issuer-group"));
            match annotation("cert-manager.io/cluster-issuer") {
                Some(name) => (group, Some(CLUSTER_ISSUER.to_owned()), name),
                None => {
                    let kind = text(annotation("cert-manager.io/issuer-kind"));
                    (group, kind, annotation("cert-manager.io/issuer")?)
                }
            }
        }
        _ => return None,
    };
    // Issuers of other groups have kinds of their own.
    if group.is_some_and(|g| !g.is_empty() && g != GROUP) {
        return None;
    }
    let kind = kind.unwrap_or_else(|| ISSUER.to_owned());
    let kind = [ISSUER, CLUSTER_ISSUER].into_iter().find(|known| *known == kind)?;
    Some(Wanted { entry, kind, name: name.as_str()?, at: name.span })
}
