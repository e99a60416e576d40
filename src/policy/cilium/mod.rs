//! CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, brought into the one form of policies
//! (<https://docs.cilium.io/en/stable/security/policy/language/>).
//!
//! They stand beside NetworkPolicies of Kubernetes: what any rule denies is denied, and of the rest what any rule
//! allows is allowed. A direction that a policy has rules for is closed, unless the policy says otherwise. Policies
//! for nodes (`nodeSelector`) are not evaluated: they are about no pods but those in the network of their node.

mod labels;
mod layer7;
mod peers;
mod ports;

use self::labels::{Home, LabelSelector};
use self::peers::Side;
use super::everywhere::Everywhere;
use super::ports::RulePorts;
use super::read::{Fault, Field, Read};
use super::rule::{Action, Blocks, Closes, Direction, HostNetwork, Peers, PodSelection, Policy, Rule, Scope};
use super::tier::{Order, Tier};
use crate::cluster::{Cluster, Entry};
use crate::net::{AddressSet, Labels};

/// The group of Cilium's kinds.
pub(super) const GROUP: &str = "cilium.io";

/// Blocks of addresses that policies call by a name or by labels
/// (<https://docs.cilium.io/en/stable/network/kubernetes/ciliumcidrgroup/>).
struct CidrGroup<'a> {
    name: &'a str,
    labels: &'a Labels,
    addresses: AddressSet,
}

/// Reads the policies of a cluster.
pub(super) struct Reader<'a> {
    cluster: &'a Cluster,
    groups: Vec<CidrGroup<'a>>,
    /// All addresses.
    pub everywhere: Everywhere,
}

/// The rules of one part of a policy, and what they make of each direction.
#[derive(Default)]
struct Rules {
    /// What is denied before anything is asked.
    required: Vec<Rule>,
    /// What is denied and allowed.
    own: Vec<Rule>,
    /// Requests that a proxy refuses although the direction is not closed.
    refused: Vec<Rule>,
    /// Whether there are any rules.
    there: bool,
    closes: bool,
}

impl<'a> Reader<'a> {
    /// Prepares to read: groups of blocks are needed first.
    pub fn new(cluster: &'a Cluster, faults: &mut Vec<(&'a Entry, Fault)>) -> Reader<'a> {
        let mut groups = Vec::new();
        let own = |e: &&Entry| (&*e.key.group, &*e.key.kind) == (GROUP, "CiliumCIDRGroup");
        for entry in cluster.entries().iter().filter(own) {
            let root = Field::root(&entry.object.tree);
            match root.get("spec").map_or(Ok(AddressSet::none()), |spec| spec.blocks("externalCIDRs")) {
                Ok(addresses) => {
                    groups.push(CidrGroup { name: &entry.key.name, labels: &entry.object.labels, addresses });
                }
                Err(fault) => faults.push((entry, fault)),
            }
        }
        let names_v6 = groups.iter().any(|g| g.addresses.has_v6());
        Reader { cluster, groups, everywhere: Everywhere::new(names_v6) }
    }

    /// Reads the policies that an object is; `None` if it is none.
    pub fn read(&self, entry: &Entry) -> Option<Read<Vec<Policy>>> {
        let home = match (entry.key.group.as_str(), entry.key.kind.as_str()) {
            (GROUP, "CiliumNetworkPolicy") => Home::Namespace(entry.key.namespace()),
            (GROUP, "CiliumClusterwideNetworkPolicy") => Home::Anywhere,
            (GROUP, "CiliumCIDRGroup") => return Some(Ok(Vec::new())),
            _ => return None,
        };
        Some(self.object(entry, home))
    }

    /// Whether an object has rules for nodes, which are left out.
    pub fn is_about_nodes(entry: &Entry) -> bool {
        let Ok(specs) = specs(entry) else { return false };
        entry.key.group == GROUP
            && entry.key.kind == "CiliumClusterwideNetworkPolicy"
            && specs.iter().any(|spec| spec.get("nodeSelector").is_some())
    }

    fn object(&self, entry: &Entry, home: Home<'_>) -> Read<Vec<Policy>> {
        let mut found = Vec::new();
        let specs = specs(entry)?;
        if specs.is_empty() {
            return Err(Field::root(&entry.object.tree).fault("one of `spec` and `specs` must be there"));
        }
        for spec in &specs {
            self.spec(entry, home, spec, &mut found)?;
        }
        Ok(found)
    }

    fn spec(&self, entry: &Entry, home: Home<'_>, spec: &Field<'_>, found: &mut Vec<Policy>) -> Read<()> {
        spec.must_be_map()?;
        let rules = |direction: Direction| self.rules(home, direction, spec);
        let (ingress, egress) = (rules(Direction::Ingress)?, rules(Direction::Egress)?);
        let Some(subject) = subject(home, spec)? else { return Ok(()) };
        let place = |direction: Direction| {
            let deny = format!("{}Deny", direction.as_str());
            let named = [direction.as_str(), &deny, "enableDefaultDeny"].iter().find_map(|k| spec.get(k));
            named.map_or(spec.span(), |f| f.span())
        };
        let policy = Policy {
            key: entry.key.clone(),
            scope: Scope::Primary,
            tier: Tier::Network,
            priority: Order::new(1_000.0),
            is_additive: true,
            closes: Closes::Everything,
            subject,
            host_network: HostNetwork::Excluded,
            blocks: Blocks::Outside,
            ingress: None,
            egress: None,
            at: entry.object.span,
            ingress_at: place(Direction::Ingress),
            egress_at: place(Direction::Egress),
        };
        let part = |ingress: Vec<Rule>, egress: Vec<Rule>, priority: Order| {
            let some = |rules: Vec<Rule>| (!rules.is_empty()).then_some(rules);
            let (ingress, egress) = (some(ingress), some(egress));
            (ingress.is_some() || egress.is_some()).then(|| Policy {
                ingress,
                egress,
                priority,
                is_additive: false,
                closes: Closes::Nothing,
                ..policy.clone()
            })
        };
        found.extend(part(ingress.required, egress.required, Order::FIRST));
        found.extend(part(ingress.refused, egress.refused, Order::LAST));
        let own = |rules: Vec<Rule>, there: bool| there.then_some(rules);
        if ingress.closes == egress.closes || !ingress.there || !egress.there {
            let closes = (ingress.there && ingress.closes) || (egress.there && egress.closes);
            let closes = if closes { Closes::Everything } else { Closes::Nothing };
            let (ingress, egress) = (own(ingress.own, ingress.there), own(egress.own, egress.there));
            found.push(Policy { ingress, egress, closes, ..policy });
        } else {
            let closes = |closes: bool| if closes { Closes::Everything } else { Closes::Nothing };
            let (of_ingress, of_egress) = (closes(ingress.closes), closes(egress.closes));
            found.push(Policy { ingress: Some(ingress.own), closes: of_ingress, ..policy.clone() });
            found.push(Policy { egress: Some(egress.own), closes: of_egress, ..policy });
        }
        Ok(())
    }

    /// The rules of a direction. Without any it is left as it is, unless the policy says that it closes it.
    fn rules(&self, home: Home<'_>, direction: Direction, spec: &Field<'_>) -> Read<Rules> {
        let list = direction.as_str();
        let (allowing, denying) = (spec.list(list)?, spec.list(&format!("{list}Deny"))?);
        let some = !allowing.is_empty() || !denying.is_empty();
        let closes = match spec.get("enableDefaultDeny") {
            Some(field) => {
                field.must_be_map()?;
                field.get(list).map(|f| f.flag()).transpose()?
            }
            None => None,
        };
        let mut rules =
            Rules { there: some || closes == Some(true), closes: closes.unwrap_or(some), ..Rules::default() };
        for (denies, items) in [(true, &denying), (false, &allowing)] {
            for (index, field) in items.iter().enumerate() {
                field.must_be_map()?;
                let side = Side { reader: self, rule: field, direction, home, denies };
                self.rule(index, &side, &mut rules)?;
            }
        }
        if rules.closes {
            rules.refused.clear();
        }
        Ok(rules)
    }

    fn rule(&self, index: usize, side: &Side<'_, '_>, rules: &mut Rules) -> Read<()> {
        let field = side.rule;
        let made = |action: Action, peers: Peers, ports: RulePorts, when| Rule {
            index,
            action,
            peers,
            own: Peers::Everybody,
            ports,
            when,
            field: field.path().to_owned(),
            at: field.span(),
        };
        if let Some(unwanted) = side.unwanted()? {
            rules.required.push(made(Action::Deny, Peers::AnyOf(unwanted), RulePorts::All, None));
        }
        let peers = side.peers()?;
        let ports = ports::read(field, side.direction, side.denies)?;
        let has_ports = ["toPorts", "icmps"].iter().any(|k| field.list(k).is_ok_and(|list| !list.is_empty()));
        // A rule that says neither who nor which ports means nobody.
        let nobody = Peers::AnyOf(Vec::new());
        let peers = peers.unwrap_or(if has_ports { Peers::Everybody } else { nobody.clone() });
        let fails =
            field.get("authentication").and_then(|a| a.get("mode")).and_then(|m| m.as_text().map(str::to_owned));
        let peers = if fails.as_deref() == Some("test-always-fail") { nobody } else { peers };
        let action = if side.denies { Action::Deny } else { Action::Allow };
        for (ports, when) in ports {
            if when.is_some() {
                rules.refused.push(made(Action::Deny, peers.clone(), ports.clone(), None));
            }
            rules.own.push(made(action, peers.clone(), ports, when));
        }
        Ok(())
    }
}

/// The pods that a part of a policy is about; `None` if it is about nodes.
fn subject(home: Home<'_>, spec: &Field<'_>) -> Read<Option<PodSelection>> {
    match (spec.get("endpointSelector"), spec.get("nodeSelector"), home) {
        (Some(_), Some(node), _) => Err(node.fault("`nodeSelector` cannot go with `endpointSelector`")),
        (Some(field), None, _) => Ok(Some(LabelSelector::read_subject(&field)?.subject(home))),
        (None, Some(_), Home::Anywhere) => Ok(None),
        (None, Some(node), Home::Namespace(_)) => {
            Err(node.fault("`nodeSelector` is for CiliumClusterwideNetworkPolicies"))
        }
        (None, None, _) => Err(spec.fault("`endpointSelector` is missing")),
    }
}

/// The parts of an object: `spec`, and each of `specs`.
fn specs(entry: &Entry) -> Read<Vec<Field<'_>>> {
    let root = Field::root(&entry.object.tree);
    let mut specs: Vec<Field<'_>> = root.get("spec").into_iter().collect();
    specs.extend(root.list("specs")?);
    Ok(specs)
}
