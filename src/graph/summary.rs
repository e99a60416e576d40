//! Several objects drawn as one node, and several edges drawn as one edge, with their texts.

use std::collections::BTreeSet;

use super::{EdgeDetail, EdgeKind, Mark, NodeKind};

/// The objects that a summary represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// All objects of a namespace, or with one value of a label.
    Whole,
    /// Objects that a selection leaves out and that are connected to the selected ones.
    Rest,
    /// Unchanged objects of a union of two states that are far from every change.
    Unchanged,
}

impl Scope {
    /// `whole`, `rest` or `unchanged`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The details of objects that are drawn as one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The scope.
    pub scope: Scope,
    /// The number of objects of each kind, in the order of [`NodeKind::ALL`]; only kinds with objects.
    pub counts: Vec<(NodeKind, usize)>,
    /// The number of workloads that requests from outside the cluster reach, after policies are applied.
    pub exposed: usize,
    /// The number of workloads that NetworkPolicies isolate, for ingress and for egress; `None` if the manifests
    /// contain no policy.
    pub isolated: Option<(usize, usize)>,
}

impl Summary {
    /// The number of objects of a kind.
    pub fn count(&self, kind: NodeKind) -> usize {
        self.counts.iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| *n)
    }

    /// The number of objects.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, n)| n).sum()
    }

    /// `12 workloads`, `8 services`, `2 exposed`; a summary of left-out objects states its scope first.
    pub(super) fn facts(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if self.scope == Scope::Rest {
            parts.push("not selected".to_owned());
        }
        parts.extend(self.counts.iter().map(|(kind, n)| counted(*kind, *n)));
        if self.exposed > 0 && self.scope != Scope::Unchanged {
            parts.push(format!("{} exposed", self.exposed));
        }
        parts
    }

    /// The share of the workloads that is isolated.
    pub(super) fn badges(&self) -> Vec<(Mark, String)> {
        let (all, Some((ingress, egress))) = (self.count(NodeKind::Workload), self.isolated) else {
            return Vec::new();
        };
        if all == 0 || self.scope == Scope::Unchanged {
            return Vec::new();
        }
        let of = |n: usize, word: &str| match n {
            0 => (Mark::Open, word.to_owned()),
            n if n == all => (Mark::Isolated, word.to_owned()),
            n => (Mark::Isolated, format!("{n}/{all} {word}")),
        };
        if (ingress == all && egress == all) || (ingress == 0 && egress == 0) {
            vec![of(ingress, "in and out")]
        } else {
            vec![of(ingress, "in"), of(egress, "out")]
        }
    }
}

/// Several edges of one kind that are drawn as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Several {
    /// Their kind.
    pub kind: EdgeKind,
    /// The number of edges.
    pub count: usize,
    /// Their details, sorted, each once.
    pub details: Vec<EdgeDetail>,
}

impl Several {
    /// The number of edges, and their text if all have the same: `12 × 443`.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![match self.texts().as_slice() {
            [one] => format!("{} × {one}", self.count),
            _ => format!("{} ×", self.count),
        }]
    }

    /// The texts of the edges, sorted, without duplicates.
    pub fn texts(&self) -> Vec<String> {
        let texts = self.details.iter().map(|detail| detail.lines().join(", ")).filter(|text| !text.is_empty());
        texts.collect::<BTreeSet<String>>().into_iter().collect()
    }
}

/// `1 workload`, `2 services`.
pub(super) fn counted(kind: NodeKind, count: usize) -> String {
    let (one, many) = match kind {
        NodeKind::Ingress => ("ingress", "ingresses"),
        NodeKind::Gateway => ("gateway", "gateways"),
        NodeKind::Route => ("route", "routes"),
        NodeKind::Service => ("service", "services"),
        NodeKind::Workload => ("workload", "workloads"),
        NodeKind::External => ("address range", "address ranges"),
        NodeKind::ExternalName => ("outside name", "outside names"),
        NodeKind::Peers => ("set of pods", "sets of pods"),
        NodeKind::ConfigMap => ("ConfigMap", "ConfigMaps"),
        NodeKind::Secret => ("Secret", "Secrets"),
        NodeKind::Claim => ("volume claim", "volume claims"),
        NodeKind::ServiceAccount => ("account", "accounts"),
        NodeKind::Scaler => ("autoscaler", "autoscalers"),
        NodeKind::Missing => return format!("{count} missing"),
        NodeKind::Summary => ("box", "boxes"),
        NodeKind::Internet | NodeKind::Resource | NodeKind::Junction => ("other object", "other objects"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}
