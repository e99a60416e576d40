//! Selectors of Cilium: labels that say where they come from, among them the namespace of a pod, the labels of that
//! namespace, and reserved ones of whatever is no pod
//! (<https://docs.cilium.io/en/stable/gettingstarted/terminology/#labels>).
//!
//! Pods have no labels that Cilium leaves out of identities
//! (<https://docs.cilium.io/en/stable/operations/performance/scalability/identity-relevant-labels/>).

use super::super::read::{Field, Read};
use super::super::rule::{NamespaceSelection, PodSelection};
use crate::net::{Expression, NAMESPACE_NAME, Operator, Requirement, Selector};

/// The namespace of a pod.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// Before the labels of the namespace of a pod.
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";
/// The reserved label that represents everything.
const ALL: &str = "all";

/// Where keys of labels begin that identities leave out, unless they begin as [`RELEVANT`] does.
const LEFT_OUT: [&str; 13] = [
    "annotation.",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-revision-hash",
    "controller-uid",
    "etcd_node",
    "io.kubernetes",
    "k8s.io",
    "kubernetes.io",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];
const RELEVANT: [&str; 3] = ["app.kubernetes.io", "io.cilium.k8s.", NAMESPACE];

/// Whether pods can be told apart by a label.
fn is_relevant(key: &str) -> bool {
    let begins = |list: &[&str]| list.iter().any(|start| key.starts_with(start));
    begins(&RELEVANT) || !(begins(&LEFT_OUT) || key.contains("beta.kubernetes.io"))
}

/// What a selector asks for, sorted by what has such labels.
#[derive(Default)]
pub(super) struct LabelSelector {
    pods: Vec<Requirement>,
    namespaces: Vec<Requirement>,
    /// What it asks of reserved labels: their name, and whether it must be there.
    reserved: Vec<(String, bool)>,
    /// Whether it asks for a label that nothing has.
    never: bool,
    names_namespace: bool,
    names_namespace_labels: bool,
}

/// In which namespaces a selector looks that does not say so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home<'a> {
    /// In this one.
    Namespace(&'a str),
    /// In any: it is one of the whole cluster.
    Anywhere,
}

impl LabelSelector {
    /// A selector of endpoints.
    pub fn read(field: &Field<'_>) -> Read<LabelSelector> {
        LabelSelector::read_all(field, false)
    }

    /// The selector of what a policy is about. The namespace is that of the policy, whatever labels say.
    pub fn read_subject(field: &Field<'_>) -> Read<LabelSelector> {
        LabelSelector::read_all(field, true)
    }

    fn read_all(field: &Field<'_>, subject: bool) -> Read<LabelSelector> {
        field.must_be_map()?;
        let mut selector = LabelSelector::default();
        if let Some(labels) = field.get("matchLabels") {
            for label in labels.entries()? {
                let is_home = label.key().strip_prefix("k8s:") == Some(NAMESPACE);
                if !(subject && is_home) {
                    let value = label.text_or_empty()?;
                    selector.add(&label, label.key(), "In", vec![value.to_owned()])?;
                }
            }
        }
        for expression in field.list("matchExpressions")? {
            expression.must_be_map()?;
            let key = expression.required("key")?.text()?;
            let operator = expression.required("operator")?.text()?;
            let values = expression.list("values")?.iter().map(|v| v.text().map(str::to_owned)).collect::<Read<_>>()?;
            selector.add(&expression, key, operator, values)?;
        }
        Ok(selector)
    }

    fn add(&mut self, at: &Field<'_>, written: &str, operator: &str, values: Vec<String>) -> Read<()> {
        let (source, key) = written.split_once(':').unwrap_or(("any", written));
        let (of, key) = match key.strip_prefix(OF_NAMESPACE) {
            Some(own) => (Some(own), own),
            None => (None, key),
        };
        let made = Requirement::new(key, operator, values).map_err(|m| at.fault(m))?;
        let asks = matches!(made.operator, Operator::In(_) | Operator::Exists);
        match source {
            "k8s" | "any" => {}
            "reserved" => {
                // Reserved labels have no value.
                let is_empty = !matches!(&made.operator, Operator::In(values) if values.iter().all(|v| !v.is_empty()));
                self.never |= asks && !is_empty;
                let none = matches!(&made.operator, Operator::NotIn(values) if values.iter().all(|v| !v.is_empty()));
                if !none {
                    self.reserved.push((key.to_owned(), asks));
                }
                return Ok(());
            }
            _ => {
                self.never |= asks;
                return Ok(());
            }
        }
        if of.is_some() {
            self.names_namespace_labels = true;
            self.namespaces.push(made);
        } else if key == NAMESPACE {
            self.names_namespace = true;
            self.namespaces.push(Requirement { key: NAMESPACE_NAME.to_owned(), ..made });
        } else if is_relevant(key) {
            self.pods.push(made);
        } else {
            self.never |= asks;
        }
        Ok(())
    }

    /// Whether it asks for a reserved label.
    fn is_reserved(&self) -> bool {
        !self.reserved.is_empty()
    }

    /// Whether it means everything there is.
    pub fn is_all(&self) -> bool {
        self.reserved.iter().any(|(name, asks)| *asks && name == ALL)
    }

    /// Whether it means what has nothing but one reserved label. Selectors without a namespace are those of pods.
    pub fn means_reserved(&self, name: &str) -> bool {
        let asks = |r: &Requirement| matches!(r.operator, Operator::In(_) | Operator::Exists);
        let free = self.is_reserved() || self.names_namespace || self.names_namespace_labels;
        let fits = self.reserved.iter().all(|(known, asks)| (known == name) == *asks);
        free && fits && !self.never && !self.pods.iter().chain(&self.namespaces).any(asks)
    }

    /// The pods that it means; `None` if it can mean none.
    pub fn pods(&self, home: Home<'_>) -> Option<PodSelection> {
        if self.never || self.reserved.iter().any(|(_, asks)| *asks) {
            return None;
        }
        let mut namespaces = self.namespaces.clone();
        if let Home::Namespace(name) = home
            && !(self.is_reserved() || self.names_namespace || self.names_namespace_labels)
        {
            namespaces.push(named(name));
        }
        Some(PodSelection {
            namespaces: NamespaceSelection::Labeled(Selector::new(namespaces)).simplest(),
            pods: Selector::new(self.pods.iter().cloned()),
        })
    }

    /// The pods that a policy is about with this selector.
    pub fn subject(&self, home: Home<'_>) -> PodSelection {
        let mut namespaces = self.namespaces.clone();
        namespaces.extend(if let Home::Namespace(name) = home { Some(named(name)) } else { None });
        let none = self.never || self.reserved.iter().any(|(_, asks)| *asks);
        let own = Selector::new(self.pods.iter().cloned());
        PodSelection {
            namespaces: NamespaceSelection::Labeled(Selector::new(namespaces)).simplest(),
            pods: if none { Selector::of(Expression::never()) } else { own },
        }
    }

    /// The pods that it does not mean.
    pub fn others(&self, home: Home<'_>) -> Vec<PodSelection> {
        let everywhere = NamespaceSelection::Labeled(Selector::everything());
        let Some(PodSelection { namespaces, pods }) = self.pods(home) else {
            return vec![PodSelection { namespaces: everywhere, pods: Selector::everything() }];
        };
        let own = match &namespaces {
            NamespaceSelection::Named(name) => Selector::new([named(name)]),
            NamespaceSelection::Labeled(selector) => selector.clone(),
        };
        let mut found = Vec::new();
        if !own.is_everything() {
            let namespaces = NamespaceSelection::Labeled(Selector::of(own.expression().negated()));
            found.push(PodSelection { namespaces, pods: Selector::everything() });
        }
        if !pods.is_everything() {
            found.push(PodSelection { namespaces, pods: Selector::of(pods.expression().negated()) });
        }
        found
    }

    /// What it asks of labels, wherever they are; for objects that have no others.
    pub fn of_objects(&self) -> Selector {
        let own = Selector::new(self.pods.iter().chain(&self.namespaces).cloned());
        if self.never { Selector::of(Expression::never()) } else { own }
    }
}

fn named(name: &str) -> Requirement {
    Requirement { key: NAMESPACE_NAME.to_owned(), operator: Operator::In(vec![name.to_owned()]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_leave_labels_out() {
        for key in ["app", "k8s-app", "app.kubernetes.io/name", "topology.kubernetes.io/zone", "job-name"] {
            assert!(is_relevant(key), "{key}");
        }
        for key in ["pod-template-hash", "kubernetes.io/os", "statefulset.kubernetes.io/pod-name", "k8s.io/x"] {
            assert!(!is_relevant(key), "{key}");
        }
    }
}
