//! AuthorizationPolicy, PeerAuthentication and Sidecar of Istio, brought into the one form of policies
//! (<https://istio.io/latest/docs/reference/config/security/authorization-policy/>).
//!
//! They make a tier of their own, which comes first and lets on what it allows: network policies and the mesh both
//! have to let traffic through. Proxies see TCP only. Policies that deny are asked first; where some allow, what none
//! of them allows is denied. `CUSTOM` policies and those for gateways and Services (`targetRefs`) are not read.

mod membership;
mod peer;
mod sidecar;
mod source;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) use self::membership::{Membership, MeshConfig};
use self::peer::Authentications;
use self::source::{Home, Source, negative, text_test, texts};
use super::added;
use super::everywhere::Everywhere;
use super::ports::RulePorts;
use super::read::{Fault, Field, Read};
use super::request::{Condition, METHOD, Test};
use super::rule::{Action, Blocks, Closes, HostNetwork, NamespaceSelection, Peers, PodSelection, Policy, Rule, Scope};
use super::tier::{Order, Tier};
use crate::cluster::{Cluster, Entry};
use crate::net::{AddressSet, Expression, Operator, PortSet, Protocol, Requirement, Selector};

/// The group of policies, and that of Sidecars.
const SECURITY: &str = "security.istio.io";
const NETWORKING: &str = "networking.istio.io";

/// Reads the policies of a cluster.
pub(super) struct Reader {
    /// Whether some pods are outside of the mesh.
    has_outsiders: bool,
    /// Whether proxies of nodes serve some pods.
    has_ambient: bool,
    /// Whether there are policies about requests.
    authorizes: bool,
    pub config: MeshConfig,
    /// All addresses.
    pub everywhere: Everywhere,
}

/// An operation of a rule: ports, and what is asked of the request.
type Operation = (PortSet, Vec<Test>);

impl Reader {
    /// Prepares to read.
    pub fn new(cluster: &Cluster) -> Reader {
        let config = MeshConfig::of(cluster);
        let has_any = config.registry_only.is_some()
            || cluster.entries().iter().any(|e| [SECURITY, NETWORKING].contains(&e.key.group.as_str()));
        let some =
            |wanted: Membership| has_any && cluster.workloads().iter().any(|w| Membership::of(cluster, w) == wanted);
        Reader {
            has_outsiders: some(Membership::Outside),
            has_ambient: some(Membership::Ambient),
            authorizes: cluster.entries().iter().any(is_authorization),
            config,
            everywhere: Everywhere::default(),
        }
    }

    /// The policies that PeerAuthentications are; which one holds for a pod depends on the others.
    pub fn authentications<'a>(
        &self,
        cluster: &'a Cluster,
        everywhere: AddressSet,
        faults: &mut Vec<(&'a Entry, Fault)>,
    ) -> Vec<Policy> {
        let all = cluster.entries().iter().filter(|e| is_authentication(e));
        let read = |entry: &'a Entry| peer::read(entry).map_err(|fault| faults.push((entry, fault))).ok();
        let all = all.filter_map(read).collect();
        Authentications { all, config: &self.config, everywhere }.policies(cluster)
    }

    /// The policies that Sidecars are; which one holds for a pod depends on the others.
    pub fn sidecars<'a>(&self, cluster: &'a Cluster, faults: &mut Vec<(&'a Entry, Fault)>) -> Vec<Policy> {
        let all = cluster.entries().iter().filter(|e| (&*e.key.group, &*e.key.kind) == (NETWORKING, "Sidecar"));
        let mode = self.config.registry_only.map(|at| &cluster.entries()[at]);
        let read =
            |entry: &'a Entry| sidecar::read(entry, mode.is_some()).map_err(|fault| faults.push((entry, fault))).ok();
        let mut found: Vec<_> = all.filter_map(read).collect();
        found.sort_by(|a, b| a.key().cmp(b.key()));
        found.extend(mode.and_then(|entry| sidecar::of_mesh(entry, &self.config.root, &found)));
        sidecar::policies(cluster, &found, self)
    }

    /// Reads the policies that an object is; `None` if it is none that is read.
    pub fn read(&self, entry: &Entry) -> Option<Read<Vec<Policy>>> {
        match (entry.key.group.as_str(), entry.key.kind.as_str()) {
            (NETWORKING, "Sidecar") => Some(Ok(Vec::new())),
            // Nobody has an identity where there is no mutual TLS, so what is said of identities is another thing there.
            (SECURITY, "PeerAuthentication") => {
                let is_doubtful = self.authorizes && peer::read(entry).is_ok_and(|own| own.disables());
                (!is_doubtful).then(|| Ok(Vec::new()))
            }
            (SECURITY, "AuthorizationPolicy") => self.policy(entry).transpose(),
            _ => None,
        }
    }

    fn policy(&self, entry: &Entry) -> Read<Option<Vec<Policy>>> {
        let root = Field::root(&entry.object.tree);
        let spec = root.get("spec");
        if let Some(spec) = &spec {
            spec.must_be_map()?;
        }
        let get = |key: &str| spec.as_ref().and_then(|s| s.get(key));
        let action = match get("action").as_ref().map(Field::text).transpose()? {
            None | Some("ALLOW") => Action::Allow,
            Some("DENY") => Action::Deny,
            Some("AUDIT") => return Ok(Some(Vec::new())),
            Some("CUSTOM") => return Ok(None),
            Some(other) => {
                let at = get("action").unwrap_or(root);
                return Err(at.fault(format!("`{other}` is no action; there are ALLOW, DENY, AUDIT and CUSTOM")));
            }
        };
        if entry.object.annotations.get("istio.io/dry-run").is_some_and(|v| v == "true") {
            return Ok(Some(Vec::new()));
        }
        if get("targetRef").is_some() || get("targetRefs").is_some() {
            return Ok(None);
        }
        let namespace = entry.key.namespace();
        let mut rules = Vec::new();
        for (index, field) in spec.as_ref().map_or(Ok(Vec::new()), |s| s.list("rules"))?.iter().enumerate() {
            self.rule(namespace, action, index, field, &mut rules)?;
        }
        let place = get("rules").map_or(root.span(), |f| f.span());
        let allows = action == Action::Allow;
        let policy = Policy {
            key: entry.key.clone(),
            scope: Scope::Primary,
            tier: Tier::Mesh,
            priority: Order::new(if allows { 1.0 } else { 0.0 }),
            is_additive: allows,
            closes: if allows { Closes::Tcp } else { Closes::Nothing },
            subject: self.subject(namespace, get("selector"))?,
            host_network: HostNetwork::Excluded,
            blocks: Blocks::Anything,
            ingress: Some(rules),
            egress: None,
            at: entry.object.span,
            ingress_at: place,
            egress_at: place,
        };
        Ok(Some(self.by_proxy(policy)))
    }

    /// The same policy where pods have a proxy of their own and where that of their node serves them: the latter knows
    /// nothing of requests. Who allows some of them only allows nothing there, and who denies some of them denies all
    /// (<https://istio.io/latest/docs/ambient/usage/l4-policy/>).
    fn by_proxy(&self, policy: Policy) -> Vec<Policy> {
        let has_tests = policy.all_rules().any(|r| r.when.is_some());
        if !(self.has_ambient && has_tests) {
            return vec![policy];
        }
        let part = |operator: Operator, ingress: Vec<Rule>| {
            let is = Expression::label(added::AMBIENT, operator);
            let pods = Selector::of(Expression::All(vec![policy.subject.pods.expression(), is]));
            let subject = PodSelection { pods, ..policy.subject.clone() };
            Policy { subject, ingress: Some(ingress), ..policy.clone() }
        };
        let rules = policy.ingress.clone().unwrap_or_default();
        let known = rules.iter().filter(|r| r.when.is_none() || r.action == Action::Deny);
        let known = known.map(|rule| Rule { when: None, ..rule.clone() }).collect();
        vec![part(Operator::DoesNotExist, rules), part(Operator::Exists, known)]
    }

    /// The pods that a policy is about: those of its namespace, or of all of them if it is in the root namespace.
    fn subject(&self, namespace: &str, selector: Option<Field<'_>>) -> Read<PodSelection> {
        let own = match selector.and_then(|s| s.get("matchLabels")) {
            Some(field) => labels(&field)?,
            None => Selector::everything(),
        };
        let pods = Selector::of(Expression::All(vec![own.expression(), in_mesh(self.has_outsiders)]));
        let namespaces = if namespace == self.config.root {
            NamespaceSelection::Labeled(Selector::everything())
        } else {
            NamespaceSelection::Named(namespace.to_owned())
        };
        Ok(PodSelection { namespaces, pods })
    }

    /// What names of identities in a policy mean.
    fn home<'a>(&'a self, namespace: &'a str) -> Home<'a> {
        Home { namespace, trust_domain: self.config.trust_domain.as_deref() }
    }

    /// One rule: a source, an operation and every condition must match. It becomes as many rules as there are ways in
    /// which it asks something of a request.
    fn rule(
        &self,
        namespace: &str,
        action: Action,
        index: usize,
        field: &Field<'_>,
        rules: &mut Vec<Rule>,
    ) -> Read<()> {
        field.must_be_map()?;
        let mut sources =
            field.list("from")?.iter().map(|f| Source::read(f, &self.home(namespace))).collect::<Read<Vec<_>>>()?;
        if sources.is_empty() {
            sources.push(Source::default());
        }
        let mut operations = field.list("to")?.iter().map(operation).collect::<Read<Vec<_>>>()?;
        if operations.is_empty() {
            operations.push((PortSet::protocol(Protocol::Tcp), Vec::new()));
        }
        for condition in field.list("when")? {
            let key = condition.required("key")?.text()?;
            if let Some(sender) = Source::read_condition(key, &condition, &self.home(namespace))? {
                sources.iter_mut().for_each(|s| *s = s.and(&sender));
            } else if key == "destination.port" {
                let ports = ports(&condition, "values", "notValues")?;
                operations.iter_mut().for_each(|o| o.0 = o.0.intersection(&ports));
            } else {
                let test = text_test(key, true, texts(&condition, "values")?, texts(&condition, "notValues")?);
                operations.iter_mut().for_each(|o| o.1.extend(test.clone()));
            }
        }
        self.everywhere.notice_v6(sources.iter().any(Source::names_v6));
        let mut senders: Vec<(Vec<Test>, Peers)> = Vec::new();
        for source in &sources {
            let peers = source.peers(&self.everywhere.addresses(), self.has_outsiders);
            match senders.iter_mut().find(|(tests, _)| *tests == source.tests) {
                Some((_, Peers::Everybody)) => {}
                Some((_, known)) => match (known, peers) {
                    (Peers::AnyOf(all), Peers::AnyOf(more)) => all.extend(more),
                    (known, _) => *known = Peers::Everybody,
                },
                None => senders.push((source.tests.clone(), peers)),
            }
        }
        for (of_sender, peers) in senders {
            for (fixed, of_operation) in merged(&operations) {
                let tests = of_sender.iter().chain(&of_operation).cloned().collect();
                rules.push(Rule {
                    index,
                    action,
                    peers: peers.clone(),
                    own: Peers::Everybody,
                    ports: RulePorts::Some { fixed, named: Vec::new() },
                    when: Condition::of(tests).map(Arc::new),
                    field: field.path().to_owned(),
                    at: field.span(),
                });
            }
        }
        Ok(())
    }
}

/// The workloads that are taken to be in the mesh although nothing shows it, where the mesh has policies.
pub(super) fn assumed(cluster: &Cluster, policies: &[Policy]) -> BTreeSet<usize> {
    if policies.iter().all(|p| p.tier != Tier::Mesh) {
        return BTreeSet::new();
    }
    let all = cluster.workloads().iter().enumerate();
    all.filter(|(_, w)| Membership::of(cluster, w) == Membership::Assumed).map(|(index, _)| index).collect()
}

fn is_authorization(entry: &Entry) -> bool {
    (&*entry.key.group, &*entry.key.kind) == (SECURITY, "AuthorizationPolicy")
}

fn is_authentication(entry: &Entry) -> bool {
    (&*entry.key.group, &*entry.key.kind) == (SECURITY, "PeerAuthentication")
}

/// Operations that ask the same of requests as one.
fn merged(operations: &[Operation]) -> Vec<Operation> {
    let mut merged: Vec<Operation> = Vec::new();
    for (ports, tests) in operations {
        match merged.iter_mut().find(|(_, t)| t == tests) {
            Some((known, _)) => known.add(ports),
            None => merged.push((ports.clone(), tests.clone())),
        }
    }
    merged
}

/// An entry of `to`
/// (<https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation>).
fn operation(entry: &Field<'_>) -> Read<Operation> {
    let Some(field) = entry.get("operation") else { return Ok((PortSet::protocol(Protocol::Tcp), Vec::new())) };
    field.must_be_map()?;
    let mut tests = Vec::new();
    let lower = |texts: Vec<String>| texts.into_iter().map(|t| t.to_ascii_lowercase()).collect();
    tests.extend(text_test("host", false, lower(texts(&field, "hosts")?), lower(texts(&field, "notHosts")?)));
    tests.extend(text_test(METHOD, false, texts(&field, "methods")?, texts(&field, "notMethods")?));
    // Templates such as `/a/{*}` are not compared with other paths.
    let (templates, paths): (Vec<_>, Vec<_>) = texts(&field, "paths")?.into_iter().partition(|p| p.contains('{'));
    let (not_templates, not_paths): (Vec<_>, Vec<_>) =
        texts(&field, &negative("paths"))?.into_iter().partition(|p| p.contains('{'));
    if templates.is_empty() {
        tests.extend(text_test("path", false, paths, not_paths));
    } else {
        let of = format!("path like {}", [templates, paths].concat().join(" or "));
        tests.extend(text_test(&of, true, vec!["*".to_owned()], Vec::new()));
        tests.extend(text_test("path", false, Vec::new(), not_paths));
    }
    for template in not_templates {
        tests.extend(text_test(&format!("path like {template}"), true, Vec::new(), vec!["*".to_owned()]));
    }
    Ok((ports(&field, "ports", "notPorts")?, tests))
}

/// Ports of TCP that are written as texts.
fn ports(field: &Field<'_>, any: &str, none: &str) -> Read<PortSet> {
    let list = |key: &str| -> Read<PortSet> {
        let mut set = PortSet::none();
        for item in field.list(key)? {
            let number = match item.as_text() {
                Some(text) => text.trim().parse::<u16>().ok().filter(|n| *n > 0),
                None => Some(item.port()?),
            };
            let number = number.ok_or_else(|| item.fault("expected a port as in \"8080\""))?;
            set.add(&PortSet::port(Protocol::Tcp, number));
        }
        Ok(set)
    };
    let (wanted, unwanted) = (list(any)?, list(none)?);
    let wanted = if wanted.is_empty() { PortSet::protocol(Protocol::Tcp) } else { wanted };
    Ok(wanted.difference(&unwanted))
}

/// Every port of TCP.
fn tcp() -> RulePorts {
    RulePorts::Some { fixed: PortSet::protocol(Protocol::Tcp), named: Vec::new() }
}

/// A selector of labels with one value each.
fn labels(field: &Field<'_>) -> Read<Selector> {
    let mut requirements = Vec::new();
    for label in field.entries()? {
        let value = label.text_or_empty()?;
        requirements.push(Requirement::equals(label.key(), value).map_err(|m| label.fault(m))?);
    }
    Ok(Selector::new(requirements))
}

/// Holds for pods in the mesh; where all of them are, nothing needs to be asked.
fn in_mesh(has_outsiders: bool) -> Expression {
    if has_outsiders { Expression::label(added::PRINCIPAL, Operator::Exists) } else { Expression::always() }
}
