//! Which Services the configuration of a workload names (`calls`), and those edges in a graph.
//!
//! What counts as a name is written down in `docs/semantics.md`: rather too few than one that is none.

mod edges;
mod names;
mod shared;
mod texts;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;

use self::names::{Meaning, Names};
use self::texts::{Text, Told};
use self::words::{Mention, Sign};
use super::{services, workloads};
use crate::cluster::Cluster;
use crate::graph::{ServiceKind, TargetPort};
use crate::manifest::Body;
use crate::net::{PortSet, Protocol};
use crate::policy::{Call, Calls, Said, Target, UnknownService};
use crate::source::{Sources, Span};

pub(super) use edges::add;

/// Finds out whom the workloads of a cluster call, from environment values, arguments, commands and ConfigMaps. A
/// workload that names itself calls nobody.
pub fn calls(cluster: &Cluster, sources: &Sources) -> Calls {
    let finder = Finder { cluster, sources, names: Names::new(cluster) };
    let mut calls = Calls::default();
    let mut shared = texts::Shared::default();
    let mut read = shared::Read::default();
    for (index, workload) in cluster.workloads().iter().enumerate() {
        let home = workload.key.namespace();
        let settings = texts::settings(cluster, workload, &mut shared);
        let mut found: Vec<Found> = Vec::new();
        for told in &settings.containers {
            for text in told.own.values().flatten() {
                finder.variable(text, told, home, &mut found);
            }
            read.inherited(&finder, told, home, &mut found);
            for text in &told.words {
                finder.read(text, home, &mut found);
            }
        }
        // Who reads a ConfigMap is of its namespace, so it says the same to everybody.
        for map in &settings.whole {
            read.files(&finder, *map, home, &mut found);
        }
        for file in settings.files.iter().filter(|(map, _)| !settings.whole.contains(map)) {
            read.file(&finder, file, home, &mut found);
        }
        finder.settle(index, found, &mut calls);
    }
    calls
}

/// How often one name is listed for one text, and of all variables or files that one ConfigMap becomes.
const REPEATED: usize = 8;

/// A name that was found, and what it means.
#[derive(Clone, Debug)]
struct Found {
    what: What,
    said: Said,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A Service by its position among the entries, with the port that is named and whether a pod of it is meant.
    Service {
        entry: usize,
        port: Option<u16>,
        pod: bool,
    },
    Unknown {
        name: String,
        namespace: String,
        service: String,
    },
}

/// Ports that are named with a Service, and whether a pod of it is.
type Ports = BTreeSet<(Option<u16>, bool)>;

struct Finder<'a> {
    cluster: &'a Cluster,
    sources: &'a Sources,
    names: Names,
}

impl Finder<'_> {
    /// Adds what a text names to a pod of a namespace.
    fn read(&self, text: &Text, home: &str, found: &mut Vec<Found>) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for mention in words::mentions(&text.text, &text.key, text.form) {
            let count = seen.entry(mention.host.clone()).or_default();
            *count += 1;
            if *count > REPEATED {
                continue;
            }
            let what = match self.names.meaning(&mention.host, home) {
                Meaning::Service { entry, pod } if self.counts(&mention, entry, pod) => What::Service {
                    entry,
                    port: mention.port.or(mention.usual.filter(|p| self.has_port(entry, *p, pod))),
                    pod,
                },
                Meaning::Unknown { namespace, service } => What::Unknown {
                    name: mention.host.clone(),
                    namespace: namespace.to_owned(),
                    service: service.to_owned(),
                },
                _ => continue,
            };
            let said = Said { entry: text.entry, field: text.field.clone(), at: self.line(text, &mention) };
            found.push(Found { what, said });
        }
    }

    /// Whether a name that is one of a Service surely means it. A word before a colon and a number may be an image with
    /// its tag, so the number must be a port of the Service, unless a dot or the key says that it is a host.
    fn counts(&self, mention: &Mention, entry: usize, pod: bool) -> bool {
        let dotted = mention.host.contains('.');
        match mention.sign {
            Sign::Url | Sign::Full | Sign::Key => true,
            Sign::Port => dotted || mention.port.is_some_and(|p| self.has_port(entry, p, pod)),
            Sign::Whole => dotted,
        }
    }

    /// The place of the very line, where the value has several.
    fn line(&self, text: &Text, mention: &Mention) -> Span {
        let at = text.at;
        let raw = self.sources.text(at.file).get(at.start as usize..at.end as usize).unwrap_or_default();
        // Values that were put together stand nowhere as a whole, so the name is searched for, as often as it comes
        // before.
        let before = text.text.get(..mention.at).unwrap_or_default().matches(mention.host.as_str()).count();
        let found = raw.match_indices(mention.host.as_str()).map(|(i, _)| i).nth(before);
        let Some(offset) = found else { return at };
        let lines = raw[..offset].matches('\n').count();
        if lines == 0 {
            return at;
        }
        let line_start = raw[..offset].rfind('\n').map_or(0, |i| i + 1);
        let start = at.start + u32::try_from(offset).unwrap_or_default();
        Span {
            line: at.line + u32::try_from(lines).unwrap_or_default(),
            column: 1 + u32::try_from(raw[line_start..offset].chars().count()).unwrap_or_default(),
            start,
            end: start + u32::try_from(mention.host.len()).unwrap_or_default(),
            ..at
        }
    }

    /// Adds what a variable of a container names.
    fn variable(&self, text: &Text, told: &Told, home: &str, found: &mut Vec<Found>) {
        let start = found.len();
        self.read(text, home, found);
        pair(text, |name| told.variable(name), &mut found[start..]);
    }

    fn service(&self, entry: usize) -> Option<&Service> {
        match &self.cluster.entries()[entry].object.body {
            Body::Service(service) => Some(service),
            _ => None,
        }
    }

    /// Whether a Service has a port, or its pods where clients reach these themselves.
    fn has_port(&self, entry: usize, port: u16, pod: bool) -> bool {
        let Some(service) = self.service(entry) else { return false };
        let mut ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
        let own = ports.any(|p| p.port == i32::from(port));
        own || (pod || services::kind(service) == ServiceKind::Headless) && self.pods_have(entry, port)
    }

    fn pods_have(&self, entry: usize, port: u16) -> bool {
        let declared = self.behind(entry).into_iter().flat_map(|w| workloads::ports(&self.cluster.workloads()[w]));
        declared.into_iter().any(|p| p.number == port)
    }

    /// The workloads that a Service selects.
    fn behind(&self, entry: usize) -> Vec<usize> {
        let Some(service) = self.service(entry) else { return Vec::new() };
        if services::kind(service) == ServiceKind::ExternalName {
            return Vec::new();
        }
        let selector = service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default();
        self.cluster.select(self.cluster.entries()[entry].key.namespace(), &selector)
    }

    /// Makes one call of all that name one Service.
    fn settle(&self, workload: usize, found: Vec<Found>, calls: &mut Calls) {
        let mut services: BTreeMap<usize, (Ports, Vec<Said>)> = BTreeMap::new();
        let mut unknown: BTreeMap<(String, String, String), Vec<Said>> = BTreeMap::new();
        for Found { what, said } in found {
            match what {
                What::Service { entry, port, pod } => {
                    let known = services.entry(entry).or_default();
                    known.0.insert((port, pod));
                    known.1.push(said);
                }
                What::Unknown { name, namespace, service } => {
                    unknown.entry((name, namespace, service)).or_default().push(said)
                }
            }
        }
        for (entry, (named, said)) in services {
            calls.found.extend(self.call(workload, entry, &named, sorted(said)));
        }
        for ((name, namespace, service), said) in unknown {
            calls.unknown.push(UnknownService { workload, name, namespace, service, said: sorted(said) });
        }
    }

    fn call(&self, workload: usize, entry: usize, named: &Ports, said: Vec<Said>) -> Option<Call> {
        let behind = self.behind(entry);
        // A workload that alone is behind the name calls itself.
        if !behind.is_empty() && behind.iter().all(|w| *w == workload) {
            return None;
        }
        let service = self.service(entry)?;
        let headless = services::kind(service) == ServiceKind::Headless;
        let maps = services::port_maps(service, &[]);
        let mut ports: BTreeSet<(u16, Protocol)> = BTreeSet::new();
        for (port, _) in named {
            match port {
                Some(port) => {
                    let own = maps.iter().filter(|m| m.port == *port);
                    let of: BTreeSet<_> = own.map(|m| (*port, m.protocol)).collect();
                    ports.extend(if of.is_empty() { BTreeSet::from([(*port, Protocol::Tcp)]) } else { of });
                }
                None => {
                    // The only port is meant even if nobody says so.
                    if let [only] = maps.as_slice() {
                        ports.insert((only.port, only.protocol));
                    }
                }
            }
        }
        // One name without port among others with one leaves open which is meant.
        let open = named.iter().any(|(port, _)| port.is_none()) && maps.len() != 1;
        let direct = headless || named.iter().any(|(_, pod)| *pod);
        let targets = behind.into_iter().filter(|w| *w != workload).map(|w| Target {
            workload: w,
            ports: if open { PortSet::none() } else { self.pod_ports(service, w, &ports, direct) },
        });
        Some(Call {
            workload,
            service: entry,
            targets: targets.collect(),
            ports: if open { Vec::new() } else { ports.into_iter().collect() },
            said,
        })
    }

    /// The ports of a workload's pods that ports of a Service lead to. Who reaches the pods themselves reaches any of
    /// their ports.
    fn pod_ports(
        &self,
        service: &Service,
        workload: usize,
        ports: &BTreeSet<(u16, Protocol)>,
        direct: bool,
    ) -> PortSet {
        let declared = workloads::ports(&self.cluster.workloads()[workload]);
        let maps = services::port_maps(service, &declared);
        let mut found = PortSet::none();
        for &(port, wanted) in ports {
            if direct {
                found.add(&PortSet::port(wanted, port));
                continue;
            }
            for map in maps.iter().filter(|m| m.port == port && m.protocol == wanted) {
                let numbers: &[u16] = match &map.target {
                    TargetPort::Number(n) => std::slice::from_ref(n),
                    TargetPort::Name { resolved, .. } => resolved,
                };
                for number in numbers {
                    found.add(&PortSet::port(wanted, *number));
                }
            }
        }
        found
    }
}

/// A host without port takes that of the variable beside it: `DB_HOST` and `DB_PORT`.
fn pair<'t>(text: &Text, variable: impl Fn(&str) -> Option<&'t Text>, found: &mut [Found]) {
    let Some(names) = beside(text, found) else { return };
    if let [Found { what: What::Service { port, .. }, .. }] = found {
        *port = names.iter().find_map(|n| variable(n)).and_then(|t| t.text.trim().parse().ok()).filter(|p| *p > 0);
    }
}

/// The names of the variables that may hold the port of the host that a variable names, the likely one first.
fn beside(text: &Text, found: &[Found]) -> Option<[String; 2]> {
    let [Found { what: What::Service { port: None, .. }, .. }] = found else {
        return None;
    };
    let ends = ["_SERVICE_HOST", "_HOSTNAME", "_HOST", "_ADDRESS", "_ADDR", "_SERVER", "_ENDPOINT", "_URL"];
    let (stem, end) = ends.into_iter().find_map(|end| Some((text.key.strip_suffix(end)?, end)))?;
    let (own, of_service) = (format!("{stem}_PORT"), format!("{stem}_SERVICE_PORT"));
    Some(if end == "_SERVICE_HOST" { [of_service, own] } else { [own, of_service] })
}

fn sorted(mut said: Vec<Said>) -> Vec<Said> {
    said.sort();
    said.dedup();
    said
}
