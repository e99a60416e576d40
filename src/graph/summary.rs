//! Objects that are drawn as one, and edges that are drawn as one, with the words for both.

use std::collections::BTreeSet;

use super::{EdgeDetail, EdgeKind, Mark, NodeKind};

/// Which objects a summary stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All of a namespace, or all that have one value of a label.
    Whole,
    /// Those that a selection left out and that have to do with what it took.
    Rest,
    /// Those of a union of two states that are the same in both and far from what differs.
    Unchanged,
}

impl Scope {
    /// `whole`, `rest` or `unchanged`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Whole => "whole",
            Scope::Rest => "rest",
            Scope::Unchanged => "unchanged",
        }
    }
}

/// What is known of objects that are drawn as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which they are.
    pub scope: Scope,
    /// How many of each kind, in the order of [`NodeKind::ALL`]; only kinds that are there.
    pub counts: Vec<(NodeKind, usize)>,
    /// How many workloads requests from outside come to, as far as policies let them.
    pub exposed: usize,
    /// How many workloads a NetworkPolicy isolates, for traffic in and for traffic out; `None` if the input holds no
    /// policy.
    pub isolated: Option<(usize, usize)>,
}

impl Summary {
    /// How many objects of a kind there are.
    pub fn count(&self, kind: NodeKind) -> usize {
        self.counts.iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| *n)
    }

    /// How many objects there are.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, n)| n).sum()
    }

    /// `12 workloads`, `8 services`, `2 exposed`; what a selection left out says so first.
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

    /// Which part of the workloads is isolated.
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

/// Edges of one kind that are drawn as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Several {
    /// Their kind.
    pub kind: EdgeKind,
    /// How many they are.
    pub count: usize,
    /// Their details, sorted, each once.
    pub details: Vec<EdgeDetail>,
}

impl Several {
    /// How many they are, and what they say if all say the same: `12 × 443`.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![match self.texts().as_slice() {
            [one] => format!("{} × {one}", self.count),
            _ => format!("{} ×", self.count),
        }]
    }

    /// What they say, sorted, each text once.
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
