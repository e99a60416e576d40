//! Pod templates of kinds that the program does not know: wherever an object holds something that is shaped like one
//! and called so.

use super::tree::{Tree, Value, push_index, push_key};

/// A template in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The path of the template.
    pub template: String,
    /// What tells it from the other templates of the object.
    pub name: String,
}

/// Templates deeper in an object than this are not found.
const DEEPEST: usize = 12;

/// More templates of one object than this are not found.
const MOST: usize = 32;

/// Groups whose objects describe other objects, and run nothing themselves.
const DESCRIBING: &[&str] = &[
    "kyverno.io",
    "gatekeeper.sh",
    "toolkit.fluxcd.io",
    "kustomize.config.k8s.io",
    "crossplane.io",
    "open-cluster-management.io",
    "karmada.io",
    "template.openshift.io",
    "apiextensions.k8s.io",
    "helm.cattle.io",
];

/// The templates of an object of a kind that is not known.
pub(super) fn find(group: &str, kind: &str, tree: &Tree) -> Vec<Found> {
    let describes = DESCRIBING.iter().any(|g| group.ends_with(g)) || matches!(kind, "Application" | "ApplicationSet");
    let mut search = Search { found: Vec::new() };
    if let Some(spec) = tree.get("spec").filter(|_| !describes && group.contains('.')) {
        let mut path = "spec".to_owned();
        search.visit(spec, &mut path, "", 0);
    }
    search.found
}

struct Search {
    found: Vec<Found>,
}

impl Search {
    fn visit(&mut self, tree: &Tree, path: &mut String, name: &str, depth: usize) {
        if depth > DEEPEST || self.found.len() >= MOST || is_object(tree) {
            return;
        }
        let length = path.len();
        match &tree.value {
            Value::Map(entries) => {
                for entry in entries {
                    let key: &str = &entry.key;
                    push_key(path, key);
                    let own = named(key, name);
                    if is_called_so(key) && is_template(&entry.value) {
                        if self.found.len() < MOST {
                            self.found.push(Found { template: path.clone(), name: own.to_owned() });
                        }
                    } else {
                        self.visit(&entry.value, path, own, depth + 1);
                    }
                    path.truncate(length);
                }
            }
            Value::Seq(items) => {
                for (index, item) in items.iter().enumerate() {
                    push_index(path, index);
                    let own = ["name", "groupName"].iter().find_map(|k| item.get(k).and_then(Tree::as_str));
                    self.visit(item, path, own.filter(|n| !n.is_empty()).unwrap_or(name), depth + 1);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }
}

/// Whether a tree is an object of its own.
fn is_object(tree: &Tree) -> bool {
    tree.get("apiVersion").is_some() && tree.get("kind").is_some()
}

/// Whether a key is one for templates of pods: `template`, `podTemplate`, `leaderTemplate`.
fn is_called_so(key: &str) -> bool {
    key == "template" || key.ends_with("Template")
}

/// Whether a tree has the shape of a template.
fn is_template(tree: &Tree) -> bool {
    let containers = tree.at(&["spec", "containers"]).map(Tree::items).unwrap_or_default();
    !is_object(tree) && !containers.is_empty() && containers.iter().all(Tree::is_map)
}

/// The part of an object that a key names, if it names one: `leader` for `leaderTemplate`, `head` for `headGroupSpec`,
/// `Master` for a key that is the name of a list of replicas.
fn named<'n>(key: &'n str, before: &'n str) -> &'n str {
    const PLAIN: &[&str] = &["template", "podTemplate", "spec", "jobTemplate", "jobTargetRef", "metadata"];
    let stem = ["GroupSpec", "Template", "Spec"].into_iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key);
    let is_list = key.ends_with('s') && key.len() > 1;
    if PLAIN.contains(&key) || is_list || stem.is_empty() { before } else { stem }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::source::Sources;

    fn found(text: &str) -> Vec<String> {
        let parsed = parse(&Sources::from_texts([("x.yaml", text)]));
        let object = &parsed.value.objects[0];
        let all = find(object.group(), &object.kind, &object.tree);
        all.into_iter().map(|f| format!("{} {}", f.template, f.name)).collect()
    }

    const POD: &str = "{spec: {containers: [{name: c, image: i}]}}";

    #[test]
    fn templates_are_found_wherever_they_are() {
        let object = |spec: &str| {
            format!("apiVersion: example.com/v1\nkind: Fleet\nmetadata: {{name: x}}\nspec: {spec}\n")
                .replace("POD", POD)
        };
        let check = |spec: &str, expected: &[&str]| assert_eq!(found(&object(spec)), expected, "{spec}");
        check(
            "{leaderWorkerTemplate: {leaderTemplate: POD, workerTemplate: POD}}",
            &["spec.leaderWorkerTemplate.leaderTemplate leader", "spec.leaderWorkerTemplate.workerTemplate worker"],
        );
        check(
            "{headGroupSpec: {template: POD}, workerGroupSpecs: [{groupName: small, template: POD}]}",
            &["spec.headGroupSpec.template head", "spec.workerGroupSpecs[0].template small"],
        );
        check(
            "{replicatedJobs: [{name: a, template: {spec: {template: POD}}}]}",
            &["spec.replicatedJobs[0].template.spec.template a"],
        );
        check("{replicaSpecs: {Master: {template: POD}}}", &["spec.replicaSpecs.Master.template Master"]);
        // An object in an object, a pattern and a list of containers are no templates.
        check("{template: {apiVersion: v1, kind: Pod, spec: {containers: [{name: c}]}}}", &[]);
        check("{pattern: POD, containers: [{name: c}], template: {spec: {containers: []}}}", &[]);
    }
}
