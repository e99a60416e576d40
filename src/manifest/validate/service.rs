//! What a Service must have.

use std::collections::BTreeMap;

use super::{Report, text};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::hint::excerpt;
use crate::manifest::template;
use crate::manifest::tree::Tree;
use crate::source::Span;

impl Report<'_> {
    /// Ports that are there, of different numbers and names, and fields that its type takes.
    pub(super) fn service(&mut self, tree: &Tree) {
        let Some(spec) = tree.get("spec") else { return };
        let ports = spec.get("ports").map(Tree::items).unwrap_or_default();
        self.port_names(ports);
        self.port_numbers(ports);
        // Without a selector it may be a patch of another.
        if spec.get("selector").is_none_or(|s| s.entries().is_empty()) {
            return;
        }
        let kind = text(spec, "type").unwrap_or("ClusterIP");
        let headless = text(spec, "clusterIP") == Some("None");
        if ports.is_empty() && !headless && kind != "ExternalName" {
            self.say(Code::FieldMissing, spec.span, "spec: `ports` is missing".to_owned());
        }
        if headless && matches!(kind, "NodePort" | "LoadBalancer") {
            let at = spec.get("clusterIP").map_or(spec.span, |t| t.span);
            self.say(Code::FieldValue, at, format!("spec.clusterIP: a Service of type {kind} cannot have `None`"));
        }
        if kind == "ClusterIP" {
            self.inside_only(spec, ports);
        }
    }

    /// Fields that only open a Service of another type.
    fn inside_only(&mut self, spec: &Tree, ports: &[Tree]) {
        for (p, port) in ports.iter().enumerate() {
            if let Some(node_port) = port.get("nodePort").filter(|n| n.as_i64().is_some_and(|n| n != 0)) {
                let message = format!("spec.ports[{p}].nodePort: a Service of type ClusterIP has no port of nodes");
                let problem = Diagnostic::at(Code::FieldValue, node_port.span, message);
                self.problems.push(problem.with_help("set `type: NodePort` or leave it out"));
            }
        }
        let has_addresses = spec.get("externalIPs").is_some_and(|list| !list.items().is_empty());
        if let Some(policy) = spec.get("externalTrafficPolicy").filter(|t| !t.is_null() && !has_addresses) {
            let message = "spec.externalTrafficPolicy: only Services that are reached from outside take it".to_owned();
            self.say(Code::FieldValue, policy.span, message);
        }
    }

    /// Several ports need names, and different ones; each is a DNS label.
    fn port_names(&mut self, ports: &[Tree]) {
        let name = |port: &Tree| text(port, "name").unwrap_or_default().to_owned();
        for (p, port) in ports.iter().enumerate().filter(|(_, port)| port.is_map()) {
            let written = name(port);
            if ports.len() > 1 && written.is_empty() {
                let message = format!("spec.ports[{p}]: `name` is missing, which each of several ports needs");
                self.say(Code::FieldMissing, port.span, message);
            }
            if let Some(at) = port.get("name").filter(|_| has_capitals(&written)) {
                let message = format!("spec.ports[{p}].name: `{}` has capital letters", excerpt(&written));
                self.say(Code::FieldValue, at.span, message);
            }
        }
        self.different(ports, "spec.ports", &name);
    }

    /// Each number stands once for each protocol.
    fn port_numbers(&mut self, ports: &[Tree]) {
        let mut first: BTreeMap<(i64, &str), Span> = BTreeMap::new();
        for (p, port) in ports.iter().enumerate() {
            let Some((at, number)) = port.get("port").and_then(|t| Some((t.span, t.as_i64()?))) else { continue };
            let protocol = text(port, "protocol").unwrap_or("TCP");
            match first.get(&(number, protocol)) {
                Some(other) => {
                    let message = format!("spec.ports[{p}].port: {number} of {protocol} is listed already");
                    let problem = Diagnostic::at(Code::FieldValue, at, message);
                    self.problems.push(problem.with_related(*other, "the other port"));
                }
                None => {
                    first.insert((number, protocol), at);
                }
            }
        }
    }
}

/// Whether a name that may have none has capital letters.
pub(super) fn has_capitals(name: &str) -> bool {
    !template::has(name) && name.chars().any(|c| c.is_ascii_uppercase())
}
