//! Probes at ports that the containers do not declare.

use super::nearest::named;
use super::scene::Scene;
use super::selection::ports;
use crate::diagnostic::{Code, Severity};
use crate::net::near::Names;
use crate::net::text;
use crate::resolve::ProbePort;

pub(super) fn check(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for probe in &facts.probes {
        let workload = &scene.cluster.workloads()[probe.workload];
        let container = workload.spec.pod.containers.iter().find(|c| c.name == probe.container);
        let own: Vec<&str> =
            container.iter().flat_map(|c| c.ports.iter().flatten()).filter_map(|p| p.name.as_deref()).collect();
        let mut numbers: Vec<String> = ports(workload).iter().map(|p| p.number.to_string()).collect();
        numbers.dedup();
        let asks = format!("{} of container {} in {}", probe.probe, probe.container, named(workload));
        let (message, help, severity) = match &probe.port {
            ProbePort::Name(name) => {
                let there = match own.as_slice() {
                    [] => "declares no port with a name".to_owned(),
                    all => format!("declares {}", text::sentence(all, 5)),
                };
                let help = match Names::new(own.iter().copied()).nearest(name) {
                    Some(near) => format!("`port: {near}` is probably meant"),
                    None => "name a port of the container, or give a number".to_owned(),
                };
                let message =
                    format!("{asks} asks port `{name}`, and the container {there}: the pods never become ready");
                (message, help, Severity::Error)
            }
            ProbePort::Number(number) => {
                let message = format!(
                    "{asks} asks port {number}, and the containers declare port {}: unless something listens there all the same, the pods never become ready",
                    text::first(&numbers, 20)
                );
                (message, "ask a port that the container listens on, or declare this one".to_owned(), Severity::Warning)
            }
        };
        let entry = scene.entry(workload.entry);
        scene.report(Code::ProbePortUnmatched, entry, &probe.field, message).severity(severity).help(help);
    }
}
