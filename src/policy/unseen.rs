//! Pods that the manifests do not contain: what a rule lets through that mentions pods by labels, for whoever may have
//! these labels one day.
//!
//! Such pods are described: what the selectors of a rule ask of them. A description represents the pods that
//! it fits and of which nothing else is known: another rule means them if whatever fits the description fits that rule
//! too. So a row holds for every pod that no other row describes as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::added;
use super::connectivity::{Connectivity, Extent};
use super::evaluate::{Certainty, Reason, Verdict};
use super::foreign::{self, Influence};
use super::groups::GroupId;
use super::plane::Plane;
use super::rule::{Direction, NamespaceSelection, Peer, Peers, PodSelection, Rule};
use crate::cluster::Cluster;
use crate::net::{Labels, NAMESPACE_NAME, Operator, PortSet, Requirement, Selector};

/// Pods, by what is asked of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Description {
    /// What the labels of their namespace must be.
    pub namespaces: Selector,
    /// What their own labels must be.
    pub pods: Selector,
}

/// What pods that are not in the input may send to a workload, or get from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The workload, by its position in the cluster.
    pub workload: usize,
    /// Which way, seen from the workload.
    pub direction: Direction,
    /// The pods.
    pub peers: Description,
    /// The ports that the workload's own side allows; what policies say of the other end is not known.
    pub ports: PortSet,
    /// How sure that is.
    pub certainty: Certainty,
    /// Which rules decided about it; empty if no policy applies to the workload.
    pub because: Vec<Reason>,
}

/// What a group says of described pods: the ports that it allows, and why.
type Told = (Description, Verdict);

impl Description {
    fn of(selection: &PodSelection) -> Description {
        let namespaces = match &selection.namespaces {
            NamespaceSelection::Labeled(selector) => selector.clone(),
            NamespaceSelection::Named(name) => Selector::new([Requirement {
                key: NAMESPACE_NAME.to_owned(),
                operator: Operator::In(vec![name.clone()]),
            }]),
        };
        Description { namespaces, pods: selection.pods.clone() }
    }

    /// The one namespace that is meant, if it is said by name.
    pub fn namespace(&self) -> Option<&str> {
        let named = |r: &'_ Requirement| r.key == NAMESPACE_NAME;
        match &self.namespaces.requirements().iter().find(|r| named(r))?.operator {
            Operator::In(values) => {
                if let [one] = values.as_slice() {
                    Some(one)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Whether every pod that fits this fits a selection too.
    fn is_within(&self, selection: &PodSelection, cluster: &Cluster) -> bool {
        let own = self.namespace();
        let declared = own.and_then(|name| cluster.namespaces().get(name)).filter(|n| n.declared.is_some());
        let namespace = match (&selection.namespaces, declared) {
            (NamespaceSelection::Named(name), _) => own == Some(name),
            (NamespaceSelection::Labeled(selector), Some(namespace)) => selector.matches(&namespace.labels),
            (NamespaceSelection::Labeled(selector), None) => implies(&self.namespaces, selector),
        };
        namespace && implies(&self.pods, &selection.pods)
    }

    /// Whether the manifests contain the pods: it has some with these very labels. Who is described in a looser way may
    /// be others as well.
    fn is_in_input(&self, cluster: &Cluster) -> bool {
        let (Some(namespaces), Some(pods)) = (exact(&self.namespaces), exact(&self.pods)) else {
            return false;
        };
        let meant =
            cluster.namespaces().iter().filter(|(_, n)| namespaces.iter().all(|(k, v)| n.labels.get(k) == Some(v)));
        !pods.is_empty() && meant.into_iter().any(|(name, _)| !cluster.select(name, &pods).is_empty())
    }
}

impl fmt::Display for Description {
    /// `any pod`, `pods with app=web of namespace shop`, `pods of namespaces with team=a`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespaces.is_everything() && self.pods.is_everything() {
            return f.write_str("any pod");
        }
        f.write_str("pods")?;
        if !self.pods.is_everything() {
            write!(f, " with {}", self.pods)?;
        }
        match self.namespace() {
            Some(name) if self.namespaces.requirements().len() + self.namespaces.expressions().len() == 1 => {
                write!(f, " of namespace {name}")
            }
            _ if self.namespaces.is_everything() => f.write_str(" of any namespace"),
            _ => write!(f, " of namespaces with {}", self.namespaces),
        }
    }
}

/// The labels that a selector names, if it says nothing else of them.
fn exact(selector: &Selector) -> Option<Labels> {
    let label = |r: &Requirement| match &r.operator {
        Operator::In(values) => values.first().filter(|_| values.len() == 1).map(|v| (r.key.clone(), v.clone())),
        _ => None,
    };
    selector.requirements().iter().map(label).collect::<Option<Labels>>().filter(|_| selector.expressions().is_empty())
}

/// Whether whatever has the labels that one selector asks for is selected by another.
fn implies(known: &Selector, wanted: &Selector) -> bool {
    let expressions = wanted.expressions().iter().all(|e| known.expressions().contains(e));
    expressions
        && wanted.requirements().iter().all(|w| {
            let same_key = known.requirements().iter().filter(|k| k.key == w.key);
            same_key.map(|k| &k.operator).any(|k| match (k, &w.operator) {
                (Operator::In(a), Operator::In(b)) => a.iter().all(|v| b.contains(v)),
                (Operator::In(a), Operator::NotIn(b)) => a.iter().all(|v| !b.contains(v)),
                (Operator::NotIn(a), Operator::NotIn(b)) => b.iter().all(|v| a.contains(v)),
                (Operator::In(a), Operator::Contains(part)) => a.iter().all(|v| v.contains(part.as_str())),
                (Operator::In(a), Operator::StartsWith(part)) => a.iter().all(|v| v.starts_with(part.as_str())),
                (Operator::In(a), Operator::EndsWith(part)) => a.iter().all(|v| v.ends_with(part.as_str())),
                (
                    Operator::In(_)
                    | Operator::Exists
                    | Operator::Contains(_)
                    | Operator::StartsWith(_)
                    | Operator::EndsWith(_),
                    Operator::Exists,
                )
                | (Operator::DoesNotExist, Operator::NotIn(_) | Operator::DoesNotExist) => true,
                (k, w) => k == w,
            })
        })
}

impl Connectivity {
    /// What pods that the manifests do not contain may send to its workloads or get from them, on the primary networks:
    /// by workload, direction and description. Any pod comes first; other descriptions are listed where they fare
    /// differently. Of [`Extent::Ruled`] only what some policy applies to.
    pub fn unseen(&self, cluster: &Cluster, extent: Extent) -> Vec<Unseen> {
        let mut known: BTreeMap<(usize, GroupId, Direction), Vec<Told>> = BTreeMap::new();
        let mut rows = Vec::new();
        for workload in 0..cluster.workloads().len() {
            let home = self.home(workload);
            let Some(plane) = self.plane(home) else { continue };
            for direction in Direction::ALL {
                let mut found: BTreeMap<Description, (PortSet, Vec<Reason>, Certainty)> = BTreeMap::new();
                for &group in plane.groups_of(workload) {
                    let own = known
                        .entry((home, group, direction))
                        .or_insert_with(|| self.of_group(plane, group, direction, cluster));
                    for (peers, verdict) in own.iter() {
                        let (all, reasons, sure) = found.entry(peers.clone()).or_default();
                        *all = all.union(&verdict.ports);
                        *sure = (*sure).max(verdict.certainty());
                        reasons.extend(
                            verdict.because.iter().filter(|r| !reasons.contains(r)).cloned().collect::<Vec<_>>(),
                        );
                    }
                }
                let told =
                    found.into_iter().filter(|(_, (_, because, _))| extent == Extent::All || !because.is_empty());
                let unread = self.influence(workload, direction);
                rows.extend(told.map(|(peers, (ports, because, sure))| {
                    let all = PortSet::all();
                    let certainty = sure.max(foreign::certainty((unread, &ports), (Influence::None, &all), &all));
                    Unseen { workload, direction, peers, ports, certainty, because }
                }));
            }
        }
        rows
    }

    fn of_group(&self, plane: &Plane, group: GroupId, direction: Direction, cluster: &Cluster) -> Vec<Told> {
        let judge = &plane.judge;
        let rule =
            |policy: usize, rule: usize| self.policies()[policy].rules(direction).and_then(|rules| rules.get(rule));
        let verdict = |described: &Description| {
            let means = |policy: usize, index: usize| {
                rule(policy, index).is_some_and(|rule| is_meant(described, rule, cluster))
            };
            // Nobody knows the names that ports of such pods have.
            let declared = if direction == Direction::Ingress { judge.groups[group].ports.as_slice() } else { &[] };
            judge.of_side(direction, group, means, declared)
        };
        let anybody = Description::default();
        let of_anybody = verdict(&anybody);
        let mut rows = Vec::new();
        let side = judge.side(group, direction);
        let rules = side.all().flat_map(|policy| self.policies()[policy].rules(direction).unwrap_or_default());
        let described: BTreeSet<Description> = rules.flat_map(selections).map(Description::of).collect();
        // Nobody describes pods by whether they are in a mesh.
        let is_named = |d: &Description| *d != anybody && !d.pods.keys().contains(added::MESH);
        for described in described.into_iter().filter(|d| is_named(d) && !d.is_in_input(cluster)) {
            let own = verdict(&described);
            if (&own.ports, &own.sometimes) != (&of_anybody.ports, &of_anybody.sometimes) {
                rows.push((described, own));
            }
        }
        if !of_anybody.ports.is_empty() {
            rows.insert(0, (anybody, of_anybody));
        }
        rows
    }
}

fn selections(rule: &Rule) -> impl Iterator<Item = &PodSelection> {
    let peers = if let Peers::AnyOf(peers) = &rule.peers { peers.as_slice() } else { &[] };
    peers.iter().filter_map(|p| if let Peer::Pods(selection) = p { Some(selection) } else { None })
}

fn is_meant(described: &Description, rule: &Rule, cluster: &Cluster) -> bool {
    rule.peers == Peers::Everybody || selections(rule).any(|s| described.is_within(s, cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(operator: Operator) -> Selector {
        Selector::new([Requirement { key: "a".into(), operator }])
    }

    #[test]
    fn a_selector_implies_those_that_select_no_less() {
        let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let (within, without) = (|v: &[&str]| one(Operator::In(list(v))), |v: &[&str]| one(Operator::NotIn(list(v))));
        let check = |known: &Selector, wanted: &Selector, expected: bool| {
            assert_eq!(implies(known, wanted), expected, "{known} → {wanted}")
        };
        check(&within(&["x"]), &within(&["x", "y"]), true);
        check(&within(&["x", "y"]), &within(&["x"]), false);
        check(&within(&["x"]), &without(&["y"]), true);
        check(&without(&["x", "y"]), &without(&["x"]), true);
        check(&without(&["x"]), &without(&["x", "y"]), false);
        check(&within(&["x"]), &one(Operator::Exists), true);
        check(&without(&["x"]), &one(Operator::Exists), false);
        check(&one(Operator::DoesNotExist), &without(&["x"]), true);
        check(&one(Operator::Exists), &one(Operator::DoesNotExist), false);
        check(&Selector::everything(), &within(&["x"]), false);
        check(&within(&["x"]), &Selector::everything(), true);
    }
}
