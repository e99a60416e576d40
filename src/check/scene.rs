//! What rules work on, and how they report.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::nearest::Nearest;
use super::registry::rule;
use super::selection::Pods;
use super::separate::Separate;
use super::{Finding, Options};
use crate::cluster::{Cluster, Entry};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::net::ObjectKey;
use crate::policy::{Calls, Connectivity};
use crate::resolve::Facts;
use crate::source::Span;
use crate::world::World;

/// Whether the input is all that will be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It may be a part: what it refers to and does not contain may be elsewhere.
    Partial,
    /// It is all.
    Whole,
}

/// Everything that rules look at, and what they found.
pub(super) struct Scene<'a> {
    pub cluster: &'a Cluster,
    pub graph: &'a Graph,
    pub facts: &'a Facts,
    pub connectivity: &'a Connectivity,
    pub calls: &'a Calls,
    /// The pods of the input.
    pub pods: Rc<Pods<'a>>,
    /// Names and labels that are like others.
    pub near: Rc<Nearest<'a>>,
    /// Files that are not deployed together.
    pub separate: Rc<Separate<'a>>,
    /// The first object of each kind of Kubernetes' core with each name, in whichever namespace.
    named: BTreeMap<&'a str, BTreeMap<&'a str, &'a Entry>>,
    /// Whether the input is all that will be there, as far as that was told.
    told: Option<Completeness>,
    /// Namespaces that the input declares.
    declared: BTreeSet<&'a str>,
    found: Vec<Finding>,
}

impl<'a> Scene<'a> {
    pub fn new(world: &'a World, options: &Options) -> Scene<'a> {
        let cluster = world.cluster();
        let mut named: BTreeMap<&str, BTreeMap<&str, &Entry>> = BTreeMap::new();
        for entry in cluster.entries().iter().filter(|e| e.key.group.is_empty()) {
            named.entry(&entry.key.kind).or_default().entry(&entry.key.name).or_insert(entry);
        }
        Scene {
            cluster,
            graph: world.graph(),
            facts: world.facts(),
            connectivity: world.connectivity(),
            calls: world.calls(),
            pods: Rc::new(Pods::of(cluster)),
            near: Rc::new(Nearest::of(cluster)),
            separate: Rc::new(Separate::of(world)),
            named,
            told: options.completeness,
            declared: cluster
                .namespaces()
                .iter()
                .filter(|(_, n)| n.declared.is_some())
                .map(|(name, _)| name.as_str())
                .collect(),
            found: Vec::new(),
        }
    }

    /// Whether a namespace holds an object of a kind that nobody here knows and that may well make pods: an operator's.
    pub fn is_operated(&self, namespace: &str) -> bool {
        self.facts.operated.contains_key(namespace)
    }

    /// Whether a namespace may hold more than the input: if nothing else was told, one that the input does not declare.
    pub fn completeness(&self, namespace: Option<&str>) -> Completeness {
        let known = match namespace {
            Some(namespace) => self.declared.contains(namespace),
            None => !self.declared.is_empty(),
        };
        self.told.unwrap_or(if known { Completeness::Whole } else { Completeness::Partial })
    }

    /// Whether the manifests do not declare a namespace, and nobody said that they are all.
    pub fn is_undeclared(&self, namespace: &str) -> bool {
        self.completeness(Some(namespace)) == Completeness::Partial
    }

    /// Whether the manifests plainly lack what a namespace runs: it holds no pod of it, and nobody said that it is all.
    pub fn is_bare(&self, namespace: &str) -> bool {
        !self.pods.are_in(namespace) && self.told != Some(Completeness::Whole)
    }

    /// Whether somebody said that the input is all.
    pub fn is_told_closed(&self) -> bool {
        self.told == Some(Completeness::Whole)
    }

    /// Whether policies of kinds that are not evaluated may apply to pods of a namespace.
    pub fn is_ruled_otherwise(&self, namespace: &str) -> bool {
        self.connectivity.foreign().iter().any(|p| !p.is_repeated && p.may_concern(namespace))
    }

    /// The object at a position.
    pub fn entry(&self, position: usize) -> &'a Entry {
        &self.cluster.entries()[position]
    }

    /// The object with this identity.
    pub fn find(&self, key: &ObjectKey) -> Option<&'a Entry> {
        self.cluster.find(key).map(|i| &self.cluster.entries()[i])
    }

    /// The first object of a kind of Kubernetes' core with a name, in whichever namespace.
    pub fn find_anywhere(&self, kind: &str, name: &str) -> Option<&'a Entry> {
        self.named.get(kind)?.get(name).copied()
    }

    /// Says that an object has a problem at a field; an empty path means the object as a whole.
    pub fn report(&mut self, code: Code, entry: &Entry, path: &str, message: impl Into<String>) -> Report<'_, 'a> {
        let at = if path.is_empty() { entry.object.span } else { entry.object.at(path) };
        self.report_at(code, entry, at, message)
    }

    /// Says that an object has a problem at a place.
    pub fn report_at(&mut self, code: Code, entry: &Entry, at: Span, message: impl Into<String>) -> Report<'_, 'a> {
        Report {
            finding: Some(Finding { diagnostic: Diagnostic::at(code, at, message), about: Some(entry.key.clone()) }),
            scene: self,
        }
    }

    pub fn finish(self) -> Vec<Finding> {
        let mut found = self.found;
        found.sort_by(|a, b| {
            let (a, b) = (&a.diagnostic, &b.diagnostic);
            (a.at, a.code, &a.message).cmp(&(b.at, b.code, &b.message))
        });
        found.dedup();
        found
    }
}

/// A finding in the making; it is kept when this goes out of scope.
pub(super) struct Report<'s, 'a> {
    finding: Option<Finding>,
    scene: &'s mut Scene<'a>,
}

impl Report<'_, '_> {
    fn change(mut self, change: impl FnOnce(&mut Diagnostic)) -> Self {
        if let Some(finding) = &mut self.finding {
            change(&mut finding.diagnostic);
        }
        self
    }

    /// What to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        let help = help.into();
        self.change(|d| d.help = Some(help))
    }

    /// Another place that matters.
    pub fn related(self, entry: &Entry, path: &str, text: impl Into<String>) -> Self {
        let at = if path.is_empty() { entry.object.span } else { entry.object.at(path) };
        self.related_at(at, text)
    }

    /// Another place that matters, wherever it is.
    pub fn related_at(self, at: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        self.change(|d| d.related.push(crate::diagnostic::Related { at, text }))
    }

    /// As bad as this, and not as findings of its kind are.
    pub fn severity(self, severity: Severity) -> Self {
        self.change(|d| d.severity = severity)
    }

    /// Less bad, for a reason.
    pub fn lowered(self, why: &str) -> Self {
        self.change(|d| lower(d, why))
    }
}

impl Drop for Report<'_, '_> {
    fn drop(&mut self) {
        if let Some(mut finding) = self.finding.take() {
            let dangling = rule(finding.diagnostic.code).is_some_and(|r| r.dangling);
            let namespace = finding.about.as_ref().and_then(|k| k.namespace.as_deref());
            if dangling && self.scene.completeness(namespace) == Completeness::Partial {
                let why = "the input does not declare the namespace and may be a part of what is deployed; --closed-world takes it as the whole";
                lower(&mut finding.diagnostic, why);
            }
            self.scene.found.push(finding);
        }
    }
}

fn lower(diagnostic: &mut Diagnostic, why: &str) {
    diagnostic.severity = match diagnostic.severity {
        Severity::Error => Severity::Warning,
        Severity::Warning | Severity::Info => Severity::Info,
    };
    let help = diagnostic.help.take().map_or(String::new(), |h| format!("{h}; "));
    diagnostic.help = Some(format!("{help}{why}"));
}
