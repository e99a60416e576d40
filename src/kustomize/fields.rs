//! Where in objects kustomize changes something: the fields of labels, annotations, images, replicas and namespaces, as
//! its documents list them.

use super::Outcome;
use super::edit;
use super::resource::Gvk;
use crate::manifest::{Tree, Value};
use crate::source::Span;

/// A field of some kinds.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub group: String,
    pub version: String,
    pub kind: String,
    /// Its way from the top.
    pub path: Vec<String>,
    /// Whether it is made where it is not there.
    pub create: bool,
}

/// A field as it is written in the tables below: `group/version/Kind`, its way, and whether it is made.
type Row = (&'static str, &'static str, bool);

impl Field {
    /// A field of any kind.
    pub fn everywhere(path: &str, create: bool) -> Field {
        Field { path: steps(path), create, ..Field::of(&("//", "", false)) }
    }

    pub(super) fn of((of, path, create): &Row) -> Field {
        let mut parts = of.splitn(3, '/').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (group, version, kind) = (part(), part(), part());
        Field { group, version, kind, path: steps(path), create: *create }
    }

    /// Whether it is one of an object.
    pub fn is_of(&self, gvk: &Gvk) -> bool {
        gvk.is_selected(&self.group, &self.version, &self.kind)
    }
}

/// The steps of a way; a slash inside of one is written `\/`.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for part in path.split('/') {
        match steps.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => steps.push(part.to_owned()),
        }
    }
    steps
}

fn fields(rows: &[Row]) -> Vec<Field> {
    rows.iter().map(Field::of).collect()
}

/// Where the labels of pods are, which `includeTemplates` sets.
const TEMPLATE_LABELS: &[Row] = &[
    ("//", "metadata/labels", true),
    ("/v1/ReplicationController", "spec/template/metadata/labels", true),
    ("//Deployment", "spec/template/metadata/labels", true),
    ("//ReplicaSet", "spec/template/metadata/labels", true),
    ("//DaemonSet", "spec/template/metadata/labels", true),
    ("apps//StatefulSet", "spec/template/metadata/labels", true),
    ("apps//StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    ("batch//Job", "spec/template/metadata/labels", true),
    ("batch//CronJob", "spec/jobTemplate/metadata/labels", true),
    ("batch//CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

/// Where labels are that select pods.
const SELECTORS: &[Row] = &[
    ("/v1/Service", "spec/selector", true),
    ("/v1/ReplicationController", "spec/selector", true),
    ("//Deployment", "spec/selector/matchLabels", true),
    ("//ReplicaSet", "spec/selector/matchLabels", true),
    ("//DaemonSet", "spec/selector/matchLabels", true),
    ("apps//StatefulSet", "spec/selector/matchLabels", true),
    ("batch//Job", "spec/selector/matchLabels", false),
    ("batch//CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("policy//PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("networking.k8s.io//NetworkPolicy", "spec/podSelector/matchLabels", false),
    ("networking.k8s.io//NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    ("networking.k8s.io//NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

/// Where pods say which pods they are near or far from.
const NEIGHBOURS: &[&str] = &[
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

const ANNOTATIONS: &[Row] = &[
    ("//", "metadata/annotations", true),
    ("/v1/ReplicationController", "spec/template/metadata/annotations", true),
    ("//Deployment", "spec/template/metadata/annotations", true),
    ("//ReplicaSet", "spec/template/metadata/annotations", true),
    ("//DaemonSet", "spec/template/metadata/annotations", true),
    ("//StatefulSet", "spec/template/metadata/annotations", true),
    ("batch//Job", "spec/template/metadata/annotations", true),
    ("batch//CronJob", "spec/jobTemplate/metadata/annotations", true),
    ("batch//CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

const REPLICAS: &[Row] = &[
    ("//Deployment", "spec/replicas", true),
    ("//ReplicationController", "spec/replicas", true),
    ("//ReplicaSet", "spec/replicas", true),
    ("//StatefulSet", "spec/replicas", true),
];

const NAMESPACES: &[Row] = &[
    ("//Namespace", "metadata/name", true),
    ("apiregistration.k8s.io//APIService", "spec/service/namespace", true),
    ("apiextensions.k8s.io//CustomResourceDefinition", "spec/conversion/webhook/clientConfig/service/namespace", false),
];

/// Image volumes, beside the containers that are found anywhere.
const IMAGES: &[Row] =
    &[("//", "spec/volumes[]/image/reference", false), ("//", "spec/template/spec/volumes[]/image/reference", false)];

/// The labels of objects and pods, and with `selectors` those that select pods.
pub(super) fn labels(selectors: bool) -> Vec<Field> {
    let mut found = fields(TEMPLATE_LABELS);
    if selectors {
        found.extend(fields(SELECTORS));
        for kind in ["Deployment", "StatefulSet"] {
            found.extend(NEIGHBOURS.iter().map(|path| Field {
                group: "apps".into(),
                kind: kind.into(),
                ..Field::everywhere(&format!("spec/template/spec/{path}"), false)
            }));
        }
    }
    found
}

/// The annotations of objects and pods.
pub(super) fn annotations() -> Vec<Field> {
    fields(ANNOTATIONS)
}

/// How many pods there are.
pub(super) fn replicas() -> Vec<Field> {
    fields(REPLICAS)
}

/// The namespaces beside that of the object.
pub(super) fn namespaces() -> Vec<Field> {
    fields(NAMESPACES)
}

/// The images beside those of containers.
pub(super) fn images() -> Vec<Field> {
    fields(IMAGES)
}

/// What is made at the end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    /// Nothing: a way that ends early leads nowhere.
    Nothing,
    /// A text.
    Text,
    /// A mapping.
    Map,
}

/// Goes a way through a tree, into every element of the lists on it, and changes what is at its end. `span` is the place
/// of what is made.
pub(super) fn change(
    tree: &mut Tree,
    path: &[String],
    make: Make,
    span: Span,
    set: &mut dyn FnMut(&mut Tree) -> Outcome<()>,
) -> Outcome<()> {
    let Some((step, rest)) = path.split_first() else { return set(tree) };
    match &mut tree.value {
        Value::Seq(items) => {
            for item in items {
                change(item, path, make, span, set)?;
            }
            Ok(())
        }
        Value::Map(_) => {
            let (name, is_list) = step.strip_suffix("[]").map_or((step.as_str(), false), |name| (name, true));
            let next = match (make, is_list) {
                (Make::Nothing, _) | (_, true) => tree.get_mut(name).filter(|t| !t.is_null()),
                _ => edit::demand(tree, name, || match make {
                    Make::Text if rest.is_empty() => edit::text("", span),
                    _ => edit::map(span),
                }),
            };
            next.map_or(Ok(()), |next| change(next, rest, make, span, set))
        }
        // What is written there in another form is left to whoever reads the object.
        _ => Ok(()),
    }
}
