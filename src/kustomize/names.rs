//! References by name, which follow the objects that were renamed.

use std::collections::BTreeMap;

use super::edit;
use super::fields::{self, Field, Make};
use super::resource::{Id, Resource};
use super::tree::Texts;
use super::{Outcome, Reason};
use crate::manifest::{Tree, Value};
use crate::source::Span;

/// Kinds with a pod, and the way to it.
const PODS: &[(&str, &str)] = &[
    ("/v1/Pod", "spec/"),
    ("//PodTemplate", "template/spec/"),
    ("//Deployment", "spec/template/spec/"),
    ("//ReplicaSet", "spec/template/spec/"),
    ("//DaemonSet", "spec/template/spec/"),
    ("//StatefulSet", "spec/template/spec/"),
    ("//Job", "spec/template/spec/"),
    ("//CronJob", "spec/jobTemplate/spec/template/spec/"),
];

/// The kinds with a pod of which kustomize follows accounts, claims and priorities.
const OTHER_PODS: &[(&str, &str)] = &[
    ("//Pod", "spec/"),
    ("//StatefulSet", "spec/template/spec/"),
    ("//Deployment", "spec/template/spec/"),
    ("//ReplicationController", "spec/template/spec/"),
    ("//CronJob", "spec/jobTemplate/spec/template/spec/"),
    ("//Job", "spec/template/spec/"),
    ("//DaemonSet", "spec/template/spec/"),
];

/// Kinds that are referred to (`group/version/Kind`), with the fields of pods and of other objects that do.
type Target = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

const TARGETS: &[Target] = &[
    ("//Deployment", &[], &[], &[("//HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    ("//ReplicationController", &[], &[], &[("//HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    ("//ReplicaSet", &[], &[], &[("//HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    ("//StatefulSet", &[], &[], &[("//HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    (
        "/v1/ConfigMap",
        PODS,
        &[
            "volumes/configMap/name",
            "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name",
            "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name",
            "volumes/projected/sources/configMap/name",
        ],
        &[
            ("//Node", "spec/configSource/configMap"),
            ("//Role", "rules/resourceNames"),
            ("//ClusterRole", "rules/resourceNames"),
            ("//Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
        ],
    ),
    (
        "/v1/Secret",
        PODS,
        &[
            "volumes/secret/secretName",
            "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name",
            "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name",
            "imagePullSecrets/name",
            "volumes/projected/sources/secret/name",
        ],
        &[
            ("//Ingress", "spec/tls/secretName"),
            ("//Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
            ("//Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
            ("//Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
            ("//ServiceAccount", "imagePullSecrets/name"),
            ("//StorageClass", "parameters/secretName"),
            ("//StorageClass", "parameters/adminSecretName"),
            ("//StorageClass", "parameters/userSecretName"),
            ("//StorageClass", "parameters/secretRef"),
            ("//Role", "rules/resourceNames"),
            ("//ClusterRole", "rules/resourceNames"),
            ("serving.knative.dev/v1/Service", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name"),
            ("//PersistentVolume", "spec/azureFile/secretName"),
        ],
    ),
    (
        "/v1/Service",
        &[],
        &[],
        &[
            ("apps//StatefulSet", "spec/serviceName"),
            ("//Ingress", "spec/rules/http/paths/backend/serviceName"),
            ("//Ingress", "spec/backend/serviceName"),
            ("//Ingress", "spec/rules/http/paths/backend/service/name"),
            ("//Ingress", "spec/defaultBackend/service/name"),
            ("apiregistration.k8s.io//APIService", "spec/service/name"),
            ("admissionregistration.k8s.io//ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
            ("admissionregistration.k8s.io//MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ],
    ),
    ("rbac.authorization.k8s.io//Role", &[], &[], &[("rbac.authorization.k8s.io//RoleBinding", "roleRef/name")]),
    (
        "rbac.authorization.k8s.io//ClusterRole",
        &[],
        &[],
        &[
            ("rbac.authorization.k8s.io//RoleBinding", "roleRef/name"),
            ("rbac.authorization.k8s.io//ClusterRoleBinding", "roleRef/name"),
        ],
    ),
    (
        "/v1/ServiceAccount",
        OTHER_PODS,
        &["serviceAccountName"],
        &[
            ("rbac.authorization.k8s.io//RoleBinding", "subjects"),
            ("rbac.authorization.k8s.io//ClusterRoleBinding", "subjects"),
        ],
    ),
    ("/v1/PersistentVolumeClaim", OTHER_PODS, &["volumes/persistentVolumeClaim/claimName"], &[]),
    (
        "/v1/PersistentVolume",
        &[],
        &[],
        &[("//PersistentVolumeClaim", "spec/volumeName"), ("//ClusterRole", "rules/resourceNames")],
    ),
    (
        "storage.k8s.io/v1/StorageClass",
        &[],
        &[],
        &[
            ("//PersistentVolume", "spec/storageClassName"),
            ("//PersistentVolumeClaim", "spec/storageClassName"),
            ("//StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ],
    ),
    ("scheduling.k8s.io/v1/PriorityClass", OTHER_PODS, &["priorityClassName"], &[]),
];

/// An object that may be referred to.
struct Candidate {
    ids: Vec<Id>,
    first: Id,
    now: Id,
    name: (String, Span),
    namespace: String,
    named: Resource,
}

/// Lets all references follow.
pub(super) fn follow(texts: &Texts<'_>, all: &mut [Resource]) -> Outcome<()> {
    let renamed: Vec<Candidate> = all.iter().filter(|r| !r.previous.is_empty()).map(Candidate::of).collect();
    let mut by_name: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in &renamed {
        let mut names: Vec<&str> = candidate.ids.iter().map(|id| id.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().for_each(|name| by_name.entry(name).or_default().push(candidate));
    }
    if by_name.is_empty() {
        return Ok(());
    }
    for (target, pods, of_pods, others) in TARGETS {
        let target = Field::of(&(target, "", false));
        if !renamed.iter().any(|c| c.ids.iter().any(|id| target.is_of(&id.gvk))) {
            continue;
        }
        let mut fields: Vec<Field> = Vec::new();
        for (kind, way) in *pods {
            fields.extend(
                of_pods.iter().map(|path| Field {
                    path: fields::steps(&format!("{way}{path}")),
                    ..Field::of(&(kind, "", false))
                }),
            );
        }
        fields.extend(others.iter().map(|(kind, path)| Field::of(&(kind, path, false))));
        for resource in all.iter_mut() {
            let first = resource.first_id();
            let fields: Vec<&Field> = fields.iter().filter(|f| f.is_of(&first.gvk)).collect();
            if fields.is_empty() {
                continue;
            }
            let referrer = Referrer::of(resource);
            for field in fields {
                let find = |name: &str| by_name.get(name).map(Vec::as_slice).unwrap_or_default();
                let search = Search { texts, referrer: &referrer, target: &target, field, find: &find };
                let span = resource.tree.span;
                fields::change(&mut resource.tree, &field.path, Make::Nothing, span, &mut |tree| search.set(tree))?;
            }
        }
    }
    Ok(())
}

impl Candidate {
    fn of(resource: &Resource) -> Candidate {
        let span = resource.tree.at(&["metadata", "name"]).map_or(resource.tree.span, |t| t.span);
        Candidate {
            ids: resource.previous_ids().collect(),
            first: resource.first_id(),
            now: resource.id(),
            name: (resource.name().to_owned(), span),
            namespace: resource.namespace().to_owned(),
            named: Resource { tree: edit::map(span), previous: Vec::new(), ..resource.clone() },
        }
    }
}

/// The object that refers to others.
struct Referrer {
    id: Id,
    /// Group and kind of the role that a binding names.
    role: Option<(String, String)>,
    /// Other namespaces in which a binding has subjects.
    namespaces: Vec<String>,
    named: Resource,
}

impl Referrer {
    fn of(resource: &Resource) -> Referrer {
        let text = |keys: &[&str]| resource.tree.at(keys).and_then(Tree::as_str).map(str::to_owned);
        let role = text(&["roleRef", "apiGroup"]).zip(text(&["roleRef", "kind"]));
        let subjects = resource.tree.get("subjects").filter(|_| resource.kind() == "RoleBinding");
        let accounts = subjects.map(Tree::items).unwrap_or_default().iter();
        let accounts = accounts.filter(|s| s.get("kind").and_then(Tree::as_str) == Some("ServiceAccount"));
        let namespaces = accounts.filter_map(|s| s.get("namespace")?.as_str().map(str::to_owned)).collect();
        let named = Resource { tree: edit::map(resource.tree.span), previous: Vec::new(), ..resource.clone() };
        Referrer { id: resource.id(), role, namespaces, named }
    }

    /// Whether it could refer to an object, by where both are.
    fn reaches(&self, candidate: &Candidate) -> bool {
        self.id.is_cluster_scoped()
            || candidate.now.is_cluster_scoped()
            || candidate.now.namespace == self.id.namespace
            || self.namespaces.contains(&candidate.namespace)
    }
}

/// A reference whose object is looked for.
struct Search<'a, 't, 'f> {
    texts: &'a Texts<'f>,
    referrer: &'a Referrer,
    target: &'a Field,
    field: &'a Field,
    find: &'a dyn Fn(&str) -> &'t [&'t Candidate],
}

impl<'t> Search<'_, 't, '_> {
    fn set(&self, tree: &mut Tree) -> Outcome<()> {
        match &mut tree.value {
            Value::Seq(items) => items.iter_mut().try_for_each(|item| match &item.value {
                Value::Map(_) => self.set_mapping(item),
                _ => self.set_scalar(item),
            }),
            Value::Map(_) => self.set_mapping(tree),
            _ => self.set_scalar(tree),
        }
    }

    fn set_scalar(&self, tree: &mut Tree) -> Outcome<()> {
        let Some(name) = edit::scalar(tree) else { return Ok(()) };
        let all = (self.find)(&name).to_vec();
        if let Some(found) = self.select(tree, all, |a, b| a.name.0 == b.name.0)?
            && found.name.0 != name
        {
            *tree = edit::text(&found.name.0, tree.span);
        }
        Ok(())
    }

    fn set_mapping(&self, tree: &mut Tree) -> Outcome<()> {
        let Some(name) = tree.get("name").and_then(edit::scalar) else {
            return Err(self.texts.not(Reason::Refused, tree.span, "a reference without a name"));
        };
        let mut all = (self.find)(&name).to_vec();
        if let Some(namespace) = tree.get("namespace").and_then(edit::scalar) {
            let first: Vec<_> = all.iter().copied().filter(|c| c.first.namespace == namespace).collect();
            all = if first.is_empty() {
                all.into_iter().filter(|c| c.now.namespace == namespace).collect()
            } else {
                first
            };
        }
        let same = |a: &Candidate, b: &Candidate| a.name.0 == b.name.0 && a.namespace == b.namespace;
        let Some(found) = self.select(tree, all, same)? else { return Ok(()) };
        if found.name.0 == name && found.namespace.is_empty() {
            return Ok(());
        }
        let span = tree.span;
        let at = tree.get("name").map_or(span, |t| t.span);
        edit::set(tree, "name", edit::text(&found.name.0, at), at);
        if !found.namespace.is_empty() {
            let at = tree.get("namespace").map_or(span, |t| t.span);
            edit::set(tree, "namespace", edit::text(&found.namespace, at), at);
        }
        Ok(())
    }

    /// The object that is meant; `None` if there is none, an error if it might be several.
    fn select(
        &self,
        tree: &Tree,
        mut all: Vec<&'t Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Outcome<Option<&'t Candidate>> {
        let is_role = self.field.path.len() == 2 && self.field.path[0] == "roleRef";
        let is_account = |c: &Candidate| c.now.gvk.kind == "ServiceAccount";
        all.retain(|c| {
            self.referrer.reaches(c)
                && c.ids.iter().any(|id| self.target.is_of(&id.gvk))
                && (!is_role
                    || self
                        .referrer
                        .role
                        .as_ref()
                        .is_none_or(|(group, kind)| c.ids.iter().any(|id| id.gvk.is_selected(group, "", kind))))
                && (self.referrer.id.is_cluster_scoped()
                    || c.now.is_cluster_scoped()
                    || is_account(c)
                    || c.now.namespace == self.referrer.id.namespace)
        });
        for lenient in [true, false] {
            if all.len() > 1 {
                all.retain(|c| c.named.is_named_like(&self.referrer.named, lenient));
            }
        }
        match all.as_slice() {
            [] => Ok(None),
            [first, rest @ ..] if rest.iter().all(|other| same(first, other)) => Ok(Some(first)),
            _ => Err(self.texts.not(Reason::Refused, tree.span, "a name that may mean several objects")),
        }
    }
}
