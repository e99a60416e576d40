//! Whom a rule of Cilium means: endpoints, entities, blocks of addresses, Services, names
//! (<https://docs.cilium.io/en/stable/security/policy/language/#layer-3-examples>).
//!
//! Blocks never mean pods, whatever their addresses are.

use super::super::read::{Field, Read};
use super::super::rule::{Direction, NamespaceSelection, Peer, Peers, Perhaps, PodSelection};
use super::Reader;
use super::labels::{Home, LabelSelector};
use crate::net::{AddressSet, Requirement, Selector, parse_cidr};

/// The fields that say whom a rule means, without `from` or `to` before them; a rule has one of them at most.
const INGRESS: [&str; 6] = ["Endpoints", "Entities", "CIDR", "CIDRSet", "Nodes", "Groups"];
const EGRESS: [&str; 8] = ["Endpoints", "Entities", "CIDR", "CIDRSet", "Services", "FQDNs", "Nodes", "Groups"];

/// A rule that says whom it means.
pub(super) struct Side<'r, 'f> {
    pub reader: &'r Reader<'r>,
    pub rule: &'f Field<'f>,
    pub direction: Direction,
    pub home: Home<'r>,
    /// Whether it is a rule that denies.
    pub denies: bool,
}

impl Side<'_, '_> {
    /// The name of a field: `fromEndpoints`, `toEndpoints`.
    fn key(&self, what: &str) -> String {
        match self.direction {
            Direction::Ingress => format!("from{what}"),
            Direction::Egress => format!("to{what}"),
        }
    }

    /// Whom the rule means; `None` if it does not say so. Of an empty list nobody is meant.
    pub fn peers(&self) -> Read<Option<Peers>> {
        let kinds: &[&str] = match self.direction {
            Direction::Ingress => &INGRESS,
            Direction::Egress => &EGRESS,
        };
        let (mut said, mut is_empty) = (Vec::new(), false);
        for kind in kinds {
            let Some(field) = self.rule.get(&self.key(kind)) else { continue };
            match field.items()?.is_empty() {
                true => is_empty = true,
                false => said.push((*kind, field)),
            }
        }
        match said.as_slice() {
            [] if is_empty => Ok(Some(Peers::AnyOf(Vec::new()))),
            [] => Ok(None),
            [(first, _), (second, field), ..] => {
                let (first, second) = (self.key(first), self.key(second));
                let message = format!("`{second}` cannot go with `{first}`; Cilium takes one of them in a rule");
                Err(field.fault(message))
            }
            [_] if is_empty => Ok(Some(Peers::AnyOf(Vec::new()))),
            [(kind, field)] => self.of_kind(kind, field).map(Some),
        }
    }

    fn of_kind(&self, kind: &str, field: &Field<'_>) -> Read<Peers> {
        if kind == "FQDNs" {
            if self.denies {
                return Err(field.fault("names can only be allowed"));
            }
            return self.names(field).map(|names| Peers::AnyOf(vec![Peer::Names(names)]));
        }
        let mut all = Vec::new();
        for item in field.items()? {
            let peers = match kind {
                "Endpoints" => self.endpoints(&LabelSelector::read(&item)?),
                "Entities" => self.entity(&item)?,
                "CIDR" => Peers::AnyOf(vec![Peer::Addresses(self.block(&item)?)]),
                "CIDRSet" => Peers::AnyOf(vec![Peer::Addresses(self.block_set(&item)?)]),
                "Services" => Peers::AnyOf(self.services(&item)?),
                "Nodes" => {
                    LabelSelector::read(&item)?;
                    Peers::AnyOf(vec![Peer::Nodes])
                }
                _ => Peers::AnyOf(vec![Peer::Untold("groups of a cloud", Perhaps::Outside)]),
            };
            match peers {
                Peers::Everybody => return Ok(Peers::Everybody),
                Peers::AnyOf(some) => all.extend(some),
            }
        }
        Ok(Peers::AnyOf(all))
    }

    fn endpoints(&self, selector: &LabelSelector) -> Peers {
        if selector.is_all() {
            return Peers::Everybody;
        }
        let mut peers: Vec<Peer> = selector.pods(self.home).map(Peer::Pods).into_iter().collect();
        if selector.means_reserved("world") {
            peers.push(Peer::Addresses(self.reader.everywhere.addresses()));
        }
        if selector.means_reserved("host") || selector.means_reserved("remote-node") {
            peers.push(Peer::Nodes);
        }
        let untold = UNTOLD.iter().filter(|(name, _)| selector.means_reserved(name));
        peers.extend(untold.map(untold_peer));
        Peers::AnyOf(peers)
    }

    /// Who is meant by an entity (<https://docs.cilium.io/en/stable/security/policy/language/#entities-based>). What
    /// is in its bootstrap phase, checks health or is not managed is none of the pods of the input.
    fn entity(&self, field: &Field<'_>) -> Read<Peers> {
        let name = field.text()?;
        let untold = UNTOLD.iter().find(|(known, _)| *known == name).map(untold_peer);
        Ok(Peers::AnyOf(match name {
            "all" => return Ok(Peers::Everybody),
            "world" => vec![Peer::Addresses(self.reader.everywhere.addresses())],
            "world-ipv4" => vec![Peer::Addresses(AddressSet::all_v4())],
            "world-ipv6" => {
                let all = AddressSet::all_v6();
                self.reader.everywhere.notice(&all);
                vec![Peer::Addresses(all)]
            }
            "cluster" => vec![Peer::Pods(everywhere()), Peer::Nodes],
            "host" | "remote-node" => vec![Peer::Nodes],
            "health" | "init" | "none" | "unmanaged" => Vec::new(),
            _ => match untold {
                Some(peer) => vec![peer],
                None => return Err(field.fault(format!("`{name}` is no entity; there are {ENTITIES}"))),
            },
        }))
    }

    /// A block, or one address.
    fn block(&self, field: &Field<'_>) -> Read<AddressSet> {
        let text = field.text()?;
        let block = match text.parse::<std::net::IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => parse_cidr(text).map_err(|m| field.fault(m))?,
        };
        let set = AddressSet::block(block);
        self.reader.everywhere.notice(&set);
        Ok(set)
    }

    /// A block without parts of it, or the blocks of CiliumCIDRGroups.
    fn block_set(&self, field: &Field<'_>) -> Read<AddressSet> {
        let one = field.exactly_one(&["cidr", "cidrGroupRef", "cidrGroupSelector"])?;
        let groups = self.reader.groups.iter();
        let mut set = match one.key() {
            "cidr" => AddressSet::block(parse_cidr(one.text()?).map_err(|m| one.fault(m))?),
            "cidrGroupRef" => {
                let name = one.text()?;
                groups.filter(|g| g.name == name).fold(AddressSet::none(), |all, g| all.with(&g.addresses))
            }
            _ => {
                let selector = LabelSelector::read(&one)?.of_objects();
                groups.filter(|g| selector.matches(g.labels)).fold(AddressSet::none(), |all, g| all.with(&g.addresses))
            }
        };
        for except in field.list("except")? {
            let hole = AddressSet::block(parse_cidr(except.text()?).map_err(|m| except.fault(m))?);
            if one.key() == "cidr" && !hole.difference(&set).is_empty() && hole.intersection(&set).is_empty() {
                return Err(except.fault(format!("{hole} is no part of {set}")));
            }
            set = set.difference(&hole);
        }
        self.reader.everywhere.notice(&set);
        Ok(set)
    }

    /// The pods behind Services. Those without a selector are addresses that only the cluster knows.
    fn services(&self, item: &Field<'_>) -> Read<Vec<Peer>> {
        item.must_be_map()?;
        let by_name = match item.get("k8sService") {
            Some(field) => {
                let name = field.required("serviceName")?.text()?;
                let namespace = match (field.get("namespace"), self.home) {
                    (Some(namespace), _) => namespace.text()?,
                    (None, Home::Namespace(home)) => home,
                    (None, Home::Anywhere) => return Err(field.fault("`namespace` is missing")),
                };
                Some((name, namespace))
            }
            None => None,
        };
        let by_labels = match item.get("k8sServiceSelector") {
            Some(field) => {
                let selector = LabelSelector::read(&field.required("selector")?)?.of_objects();
                let namespace = field.get("namespace").map(|f| f.text()).transpose()?;
                Some((selector, namespace.filter(|n| !n.is_empty())))
            }
            None => None,
        };
        if by_name.is_none() && by_labels.is_none() {
            return Err(item.fault("one of `k8sService`, `k8sServiceSelector` must be set"));
        }
        let mut peers = Vec::new();
        for (entry, service) in self.reader.cluster.services() {
            let is_named = by_name.is_none_or(|known| known == (&*entry.key.name, entry.key.namespace()));
            let is_labeled = by_labels.as_ref().is_none_or(|(selector, namespace)| {
                namespace.is_none_or(|n| n == entry.key.namespace()) && selector.matches(&entry.object.labels)
            });
            if !(is_named && is_labeled) {
                continue;
            }
            let labels = service.spec.as_ref().and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty());
            let Some(labels) = labels else {
                peers.push(Peer::Untold("a Service without a selector", Perhaps::Outside));
                continue;
            };
            let equal = |(key, value): (&String, &String)| Requirement::equals(key, value).map_err(|m| item.fault(m));
            let pods = Selector::new(labels.iter().map(equal).collect::<Read<Vec<_>>>()?);
            let namespaces = NamespaceSelection::Named(entry.key.namespace().to_owned());
            peers.push(Peer::Pods(PodSelection { namespaces, pods }));
        }
        Ok(peers)
    }

    /// Names of hosts outside, without repetitions.
    fn names(&self, field: &Field<'_>) -> Read<Vec<String>> {
        let mut names = Vec::new();
        for item in field.items()? {
            let one = item.exactly_one(&["matchName", "matchPattern"])?;
            names.push(one.text()?.trim_end_matches('.').to_ascii_lowercase());
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// What everybody who is allowed must be beside: traffic of others is denied.
    pub fn unwanted(&self) -> Read<Option<Vec<Peer>>> {
        let wanted = self.rule.list(&self.key("Requires"))?;
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut peers = Vec::new();
        for item in wanted {
            let selector = LabelSelector::read(&item)?;
            if selector.is_all() {
                continue;
            }
            peers.extend(selector.others(self.home).into_iter().map(Peer::Pods));
            if !selector.means_reserved("world") {
                peers.push(Peer::Addresses(self.reader.everywhere.addresses()));
            }
            if !(selector.means_reserved("host") || selector.means_reserved("remote-node")) {
                peers.push(Peer::Nodes);
            }
        }
        Ok(Some(peers))
    }
}

/// Entities whose addresses manifests do not tell.
const UNTOLD: [(&str, &str); 2] =
    [("ingress", "the proxy of Cilium for Ingresses"), ("kube-apiserver", "the API server")];

/// The peer for such an entity: requests of Ingresses come from the proxy for them
/// (<https://docs.cilium.io/en/stable/network/servicemesh/ingress/#ingress-and-network-policy>).
fn untold_peer((entity, words): &(&str, &'static str)) -> Peer {
    Peer::Untold(words, if *entity == "ingress" { Perhaps::Ingresses } else { Perhaps::Outside })
}

const ENTITIES: &str = "all, world, world-ipv4, world-ipv6, cluster, host, remote-node, kube-apiserver, ingress, init, \
                        health, unmanaged and none";

/// The pods of all namespaces.
pub(super) fn everywhere() -> PodSelection {
    PodSelection { namespaces: NamespaceSelection::Labeled(Selector::everything()), pods: Selector::everything() }
}
