//! NetworkPolicy and GlobalNetworkPolicy of Calico, brought into the one form of policies
//! (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy>,
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy>).
//!
//! `crd.projectcalico.org` is the same API as it is stored. What is for the hosts themselves (`doNotTrack`, `preDNAT`)
//! is not read, and neither is a policy of a tier that the manifests do not contain: nobody knows its order.

mod entity;
mod selector;
mod sets;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::entity::{Entity, RuleProtocol, of_pods, text_selector};
use self::selector::Of;
use self::sets::NetworkSets;
use super::everywhere::Everywhere;
use super::ports::RulePorts;
use super::read::{Fault, Field, Read};
use super::request::{Condition, METHOD, Pattern, Test};
use super::rule::{
    Action, Blocks, Closes, Direction, HostNetwork, NamespaceSelection, PodSelection, Policy, Rule, Scope,
};
use super::tier::{Order, Tier};
use crate::cluster::{Cluster, Entry};
use crate::net::{Expression, PortSet, Protocol, Selector};

/// The groups of Calico's kinds.
const GROUPS: [&str; 2] = ["crd.projectcalico.org", "projectcalico.org"];

/// What is denied at the end of a tier that the manifests contain, and its place among others.
#[derive(Clone)]
struct TierFacts {
    tier: Tier,
    closes: Closes,
}

/// Reads the policies of a cluster.
pub(super) struct Reader<'a> {
    cluster: &'a Cluster,
    tiers: BTreeMap<&'a str, TierFacts>,
    sets: NetworkSets,
    /// All addresses.
    pub everywhere: Everywhere,
}

impl<'a> Reader<'a> {
    /// Prepares to read: tiers and network sets are needed first. Faults are those of objects that the API server would
    /// not take.
    pub fn new(cluster: &'a Cluster, faults: &mut Vec<(&'a Entry, Fault)>) -> Reader<'a> {
        let own = |e: &&Entry| GROUPS.contains(&e.key.group.as_str());
        let (mut tiers, mut sets, mut names_v6) = (BTreeMap::new(), Vec::new(), false);
        for entry in cluster.entries().iter().filter(own) {
            match entry.key.kind.as_str() {
                "Tier" => match read_tier(entry) {
                    Ok(facts) => drop(tiers.insert(entry.key.name.as_str(), facts)),
                    Err(fault) => faults.push((entry, fault)),
                },
                "NetworkSet" | "GlobalNetworkSet" => match sets::read(entry) {
                    Ok(addresses) => {
                        names_v6 |= addresses.has_v6();
                        sets.push((entry, addresses));
                    }
                    Err(fault) => faults.push((entry, fault)),
                },
                _ => {}
            }
        }
        let ours = TierFacts { tier: Tier::Network, closes: Closes::Everything };
        tiers.insert("default", ours);
        let sets = NetworkSets::new(cluster, sets);
        Reader { cluster, tiers, sets, everywhere: Everywhere::new(names_v6) }
    }

    /// Reads a policy; `None` if the object is none, or none that is read, and a policy of `None` if it has no effect.
    pub fn read(&self, entry: &Entry) -> Option<Read<Option<Policy>>> {
        if !GROUPS.contains(&entry.key.group.as_str()) {
            return None;
        }
        let home = match entry.key.kind.as_str() {
            "NetworkPolicy" => Some(entry.key.namespace()),
            "GlobalNetworkPolicy" => None,
            _ => return None,
        };
        self.policy(entry, home).transpose().map(|read| read.map(Some))
    }

    fn policy(&self, entry: &Entry, home: Option<&str>) -> Read<Option<Policy>> {
        let root = Field::root(&entry.object.tree);
        let spec = root.get("spec").unwrap_or_else(|| root.clone());
        spec.must_be_map()?;
        let tier = match spec.get("tier") {
            Some(field) => field.text()?,
            None => "default",
        };
        let Some(facts) = self.tiers.get(if tier.is_empty() { "default" } else { tier }) else { return Ok(None) };
        if home.is_none() && ["doNotTrack", "preDNAT"].iter().any(|k| spec.get(k).is_some_and(|f| f.is_true())) {
            return Ok(None);
        }
        let rules = |direction: Direction| -> Read<Vec<Rule>> {
            let items = spec.list(direction.as_str())?;
            items.iter().enumerate().map(|(index, field)| self.rule(home, direction, index, field)).collect()
        };
        let (ingress, egress) = (rules(Direction::Ingress)?, rules(Direction::Egress)?);
        let types = types(&spec, &ingress, &egress)?;
        let place = |direction: Direction| {
            let named = spec.get(direction.as_str()).or_else(|| spec.get("types"));
            named.map_or(root.span(), |f| f.span())
        };
        Ok(Some(Policy {
            key: entry.key.clone(),
            scope: Scope::Primary,
            tier: facts.tier.clone(),
            priority: order(&spec)?,
            is_additive: false,
            closes: facts.closes,
            subject: subject(&spec, home)?,
            host_network: HostNetwork::Excluded,
            blocks: Blocks::Anything,
            ingress: types.contains(&Direction::Ingress).then_some(ingress),
            egress: types.contains(&Direction::Egress).then_some(egress),
            at: entry.object.span,
            ingress_at: place(Direction::Ingress),
            egress_at: place(Direction::Egress),
        }))
    }

    fn rule(&self, home: Option<&str>, direction: Direction, index: usize, field: &Field<'_>) -> Read<Rule> {
        field.must_be_map()?;
        let written = field.required("action")?;
        let action = match written.text()? {
            "Allow" => Some(Action::Allow),
            "Deny" => Some(Action::Deny),
            "Pass" => Some(Action::Pass),
            "Log" => None,
            other => {
                return Err(written.fault(format!("`{other}` is no action; there are Allow, Deny, Log and Pass")));
            }
        };
        let protocol = RuleProtocol::read(field)?;
        let entity = |key: &str| Entity { reader: self, field: field.get(key), home };
        let (source, destination) = (entity("source"), entity("destination"));
        let (from, to) = (source.peers()?, destination.peers()?);
        let (peers, own) = match direction {
            Direction::Ingress => (from, to),
            Direction::Egress => (to, from),
        };
        let mut tests = source.source_tests(&protocol)?;
        let mut ports = destination.ports(&protocol)?;
        if let Some(http) = field.get("http") {
            tests.extend(http_tests(&http)?);
            ports = tcp_of(ports);
        }
        // A rule about ICMP is about none of the protocols that have ports, and one that logs decides nothing.
        let idle = action.is_none() || field.get("icmp").is_some();
        Ok(Rule {
            index,
            action: action.unwrap_or(Action::Pass),
            peers,
            own,
            ports: if idle { RulePorts::none() } else { ports },
            when: Condition::of(tests).map(Arc::new),
            field: field.path().to_owned(),
            at: field.span(),
        })
    }
}

/// The order and the default action of a tier
/// (<https://docs.tigera.io/calico/latest/reference/resources/tier>).
fn read_tier(entry: &Entry) -> Read<TierFacts> {
    let root = Field::root(&entry.object.tree);
    let spec = root.get("spec").unwrap_or(root);
    let closes = match spec.get("defaultAction") {
        None => Closes::Everything,
        Some(field) => match field.text()? {
            "Deny" => Closes::Everything,
            "Pass" => Closes::Nothing,
            other => return Err(field.fault(format!("`{other}` is no default action; there are Deny and Pass"))),
        },
    };
    Ok(TierFacts { tier: Tier::Calico(order(&spec)?, entry.key.name.as_str().into()), closes })
}

/// An order may have a fraction; without one it is the last.
fn order(spec: &Field<'_>) -> Read<Order> {
    let Some(field) = spec.get("order") else { return Ok(Order::LAST) };
    Ok(Order::new(field.decimal()?))
}

/// The pods that a policy is about
/// (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#spec>).
fn subject(spec: &Field<'_>, home: Option<&str>) -> Read<PodSelection> {
    let selector = |key: &str, of: Of| spec.get(key).map_or(Ok(None), |field| text_selector(&field, of));
    let labels = selector("selector", Of::Endpoints)?;
    let account = selector("serviceAccountSelector", Of::Accounts)?;
    let pods = Selector::of(Expression::All(labels.into_iter().chain(account).collect()));
    let namespaces = match home {
        Some(home) => NamespaceSelection::Named(home.to_owned()),
        None => {
            let selector = selector("namespaceSelector", Of::Namespaces)?.map(Selector::of);
            NamespaceSelection::Labeled(selector.as_ref().map_or(Selector::everything(), of_pods))
        }
    };
    Ok(PodSelection { namespaces, pods })
}

/// Which directions a policy is about. When it does not say so, it is about those that it has rules for, and about
/// ingress if it has none at all.
fn types(spec: &Field<'_>, ingress: &[Rule], egress: &[Rule]) -> Read<Vec<Direction>> {
    let written = spec.list("types")?;
    if written.is_empty() {
        return Ok(match (ingress.is_empty(), egress.is_empty()) {
            (_, true) => vec![Direction::Ingress],
            (true, false) => vec![Direction::Egress],
            (false, false) => Direction::ALL.to_vec(),
        });
    }
    let direction = |field: &Field<'_>| match field.text()? {
        "Ingress" => Ok(Direction::Ingress),
        "Egress" => Ok(Direction::Egress),
        other => Err(field.fault(format!("`{other}` is no policy type; there are Ingress and Egress"))),
    };
    written.iter().map(direction).collect()
}

/// What is asked of HTTP requests
/// (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#httpmatch>).
fn http_tests(http: &Field<'_>) -> Read<Vec<Test>> {
    http.must_be_map()?;
    let text = |of: &str, any: Vec<Pattern>| Test::Text { of: of.to_owned(), optional: false, any, none: Vec::new() };
    let mut tests = Vec::new();
    let methods = http.list("methods")?.iter().map(|m| m.text().map(Pattern::with_stars)).collect::<Read<Vec<_>>>()?;
    if !methods.is_empty() {
        tests.push(text(METHOD, methods));
    }
    let path = |field: &Field<'_>| {
        let one = field.exactly_one(&["exact", "prefix"])?;
        let path = one.text()?.to_owned();
        Ok(if one.key() == "exact" { Pattern::Exact(path) } else { Pattern::Prefix(path) })
    };
    let paths = http.list("paths")?.iter().map(path).collect::<Read<Vec<_>>>()?;
    if !paths.is_empty() {
        tests.push(text("path", paths));
    }
    Ok(tests)
}

/// Those of some ports that are of TCP, the only protocol that carries HTTP here.
fn tcp_of(ports: RulePorts) -> RulePorts {
    let others = PortSet::all().difference(&PortSet::protocol(Protocol::Tcp));
    match ports {
        RulePorts::All => RulePorts::Some { fixed: PortSet::protocol(Protocol::Tcp), named: Vec::new() },
        some => RulePorts::Except(Box::new([some, RulePorts::Some { fixed: others, named: Vec::new() }])),
    }
}
