//! Which documents are Kubernetes objects, and who they are.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::decode::{Findings, Strictness, Written, decode};
use super::hint::excerpt;
use super::object::{Object, OwnerRef};
use super::prune;
use super::tree::{Entry, Tree, Value};
use super::{kinds, typed, upgrade, validate};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// API groups that no cluster serves: their documents are read by programs that run beside one. A group represents
/// those that end in it too.
const LOCAL_GROUPS: &[&str] = &[
    "kustomize.config.k8s.io",
    "skaffold",
    "kind.x-k8s.io",
    "k3d.io",
    "eksctl.io",
    "kubeadm.k8s.io",
    "kpt.dev",
    "tilt.dev",
    "ctlptl.dev",
    "backstage.io",
    "client.config.k8s.io",
    "apiserver.config.k8s.io",
    "apiserver.k8s.io",
    "audit.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "controller-runtime.sigs.k8s.io",
    "krew.googlecontainertools.github.com",
    "builtin",
];

/// Groups whose objects always have a name.
pub(super) const BUILT_IN_GROUPS: &[&str] = &[
    "",
    "apps",
    "batch",
    "extensions",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "discovery.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "admissionregistration.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "gateway.networking.k8s.io",
    "policy.networking.k8s.io",
];

/// Takes the objects out of a document. `false` if it is no Kubernetes document at all.
pub(super) fn objects(
    tree: Tree,
    text: Written<'_>,
    objects: &mut Vec<Object>,
    problems: &mut Vec<Diagnostic>,
) -> bool {
    let mut is_kubernetes = false;
    // Lists may hold lists. A stack keeps the order and needs no recursion.
    let mut waiting = vec![Waiting { tree, inherited: None }];
    while let Some(Waiting { mut tree, inherited }) = waiting.pop() {
        if let Some((api_version, kind)) = &inherited {
            give_identity(&mut tree, api_version, kind);
        }
        if let Value::Seq(items) = tree.value {
            // A JSON array of objects, as some tools write it.
            waiting.extend(items.into_iter().rev().map(|tree| Waiting { tree, inherited: None }));
            continue;
        }
        if let Some(items) = list_items(&mut tree) {
            is_kubernetes = true;
            waiting.extend(items.into_iter().rev());
            continue;
        }
        match identify(&tree) {
            Identity::Nothing => {}
            Identity::Broken(problem) => {
                is_kubernetes = true;
                problems.push(problem);
            }
            Identity::Object { api_version, kind } => {
                is_kubernetes = true;
                objects.extend(object(tree, api_version, kind, text, problems));
            }
        }
    }
    is_kubernetes
}

struct Waiting {
    tree: Tree,
    /// What an element of a typed list is, if it does not say so itself.
    inherited: Option<(String, String)>,
}

fn text_of<'a>(tree: &'a Tree, key: &str) -> Option<&'a str> {
    tree.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty())
}

/// The elements of a List or a typed list.
fn list_items(tree: &mut Tree) -> Option<Vec<Waiting>> {
    let kind = text_of(tree, "kind")?;
    let element = kind.strip_suffix("List")?.to_owned();
    let api_version = text_of(tree, "apiVersion")?.to_owned();
    let has_items = tree.get("items").is_some_and(|items| matches!(items.value, Value::Seq(_) | Value::Null));
    if !has_items || tree.at(&["metadata", "name"]).is_some() {
        return None;
    }
    let inherited = (!element.is_empty()).then_some((api_version, element));
    let items = match tree.remove("items").map(|e| e.value.value) {
        Some(Value::Seq(items)) => items,
        _ => Vec::new(),
    };
    let wait = |tree| Waiting { tree, inherited: inherited.clone() };
    Some(items.into_iter().map(wait).collect())
}

fn give_identity(tree: &mut Tree, api_version: &str, kind: &str) {
    let span = Span { end: tree.span.start, ..tree.span };
    for (key, text) in [("apiVersion", api_version), ("kind", kind)] {
        tree.insert(Entry { key: key.into(), key_span: span, value: Tree { span, value: Value::Str(text.into()) } });
    }
}

enum Identity {
    /// No Kubernetes object.
    Nothing,
    /// Meant as one, but not usable.
    Broken(Diagnostic),
    Object {
        api_version: String,
        kind: String,
    },
}

fn identify(tree: &Tree) -> Identity {
    let (api_version, kind) = match (text_of(tree, "apiVersion"), text_of(tree, "kind")) {
        (Some(api_version), Some(kind)) => (api_version, kind),
        (None, None) => return Identity::Nothing,
        (api_version, _) => {
            // Many other formats have a field `kind` or `apiVersion`; only few have these as well.
            let like_an_object = tree.get("metadata").is_some_and(Tree::is_map) && tree.entries().len() > 2;
            if !like_an_object {
                return Identity::Nothing;
            }
            let missing = if api_version.is_none() { "apiVersion" } else { "kind" };
            let found = match tree.entry(missing) {
                Some(entry) if !entry.value.is_null() => {
                    format!("`{missing}` is {}, not a string", entry.value.kind_name())
                }
                _ => format!("an object without `{missing}`"),
            };
            let at = tree.entry(missing).map_or(tree.span, |e| e.value.span);
            return Identity::Broken(Diagnostic::at(Code::ObjectIdentity, at, found));
        }
    };
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_local =
        |local: &&str| group == *local || group.strip_suffix(*local).is_some_and(|before| before.ends_with('.'));
    let local_config = tree.at(&["metadata", "annotations", LOCAL_CONFIG]).is_some_and(|v| v.as_str() == Some("true"));
    // A kubeconfig calls itself `v1` too.
    let kubeconfig = group.is_empty() && kind == "Config";
    // Objects that kustomize deletes are absent.
    let deleted = tree.get("$patch").and_then(Tree::as_str) == Some("delete");
    if LOCAL_GROUPS.iter().any(is_local) || local_config || kubeconfig || deleted {
        return Identity::Nothing;
    }
    let metadata = tree.get("metadata");
    let name = metadata.and_then(|m| m.get("name"));
    let named = metadata.is_some_and(|m| text_of(m, "name").is_some() || text_of(m, "generateName").is_some());
    if !named {
        let like_an_object = metadata.is_some_and(Tree::is_map) || BUILT_IN_GROUPS.contains(&group);
        if !like_an_object {
            return Identity::Nothing;
        }
        let kind = excerpt(kind);
        let problem = match name.filter(|n| !n.is_null()) {
            Some(name) if name.as_str().is_some() => {
                Diagnostic::at(Code::ObjectIdentity, name.span, format!("{kind}: `metadata.name` is empty"))
            }
            Some(name) => {
                let text = format!("{kind}: metadata.name: expected a string, found {}", name.kind_name());
                Diagnostic::at(Code::ObjectIdentity, name.span, text)
                    .with_help("a name that looks like a number or a boolean must be quoted")
            }
            None => {
                let at = tree.entry("metadata").map_or(tree.span, |e| e.key_span);
                Diagnostic::at(Code::ObjectIdentity, at, format!("{kind} without `metadata.name`"))
            }
        };
        return Identity::Broken(problem);
    }
    Identity::Object { api_version: api_version.to_owned(), kind: kind.to_owned() }
}

fn object(
    mut tree: Tree,
    api_version: String,
    kind: String,
    text: Written<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Object> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    problems.extend(kinds::near_miss(&tree, &api_version, &kind));
    prune::before_decoding(&mut tree);
    upgrade::upgrade(group, version, &kind, &mut tree);
    let mut findings = Findings::new(problems);
    let meta: ObjectMeta = decode(tree.get("metadata")?, "metadata", Strictness::Known, text, &mut findings);
    let name = match (meta.name, meta.generate_name) {
        (Some(name), _) if !name.is_empty() => name,
        (_, Some(prefix)) => format!("{prefix}*"),
        _ => return None,
    };
    let owners = meta.owner_references.unwrap_or_default().into_iter().map(|owner| OwnerRef {
        api_version: owner.api_version,
        kind: owner.kind,
        name: owner.name,
        controller: owner.controller.unwrap_or_default(),
    });
    let labels = meta.labels.unwrap_or_default();
    // A policy without one of its values would mean more than its author wrote, so it keeps all of them and is judged
    // as a whole.
    let is_policy = typed::is_policy(group, &kind);
    if is_policy {
        findings.keep_faults();
    }
    let body = typed::body(group, &kind, &tree, &labels, text, &mut findings);
    if !is_policy {
        findings.align(&mut tree);
    }
    let faults = findings.into_faults();
    let pod = if let super::Body::Workload(workload) = &body { Some(workload.pod_path.as_str()) } else { None };
    validate::validate(&api_version, &kind, pod, &tree, problems);
    prune::after_decoding(group, &kind, &mut tree);
    Some(Object {
        namespace: meta.namespace.filter(|n| !n.is_empty()),
        name,
        labels,
        annotations: meta.annotations.unwrap_or_default(),
        owners: owners.collect(),
        span: tree.span,
        body,
        faults,
        tree,
        api_version,
        kind,
    })
}
