//! Allowed connections as data of a page: by groups that policies treat alike, each row as its differences from the row
//! before, in runs of equal cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::net::{AddressSet, PortSet, text};
use crate::policy::{Answer, Certainty, Connectivity, Direction, Effect, GroupId, Members, Reason, Ruling, Tier, Way};
use crate::world::World;

use super::edges::{Range, ranges};
use super::reasons::Cast;
use super::seen;
use crate::graph::{Detail, Location, Node};
use crate::render::calls::names_pods;
use crate::render::entries::Entries;
use crate::render::words;

/// The name of an ingress controller that the manifests do not contain.
const CONTROLLER: &str = "ingress controller";
/// The maximum number of cells on a page.
const MAX_CELLS: usize = 4_000_000;

/// Allowed connections between all workloads and outside peers of a World, for every page of it.
#[derive(Debug)]
pub struct Verdicts {
    /// The verdicts: ports, rules and certainty.
    cells: Vec<CellJson>,
    planes: Vec<Plane>,
    cast: Cast,
}

/// One network of a World.
#[derive(Debug)]
struct Plane {
    /// Its position.
    number: usize,
    /// Its name; left out for the one that all pods are on.
    network: Option<String>,
    /// The position of each group that is shown.
    position: BTreeMap<GroupId, usize>,
    /// Outside peers: position and name.
    outside: Vec<(usize, String)>,
    /// For each group as the source what differs from the row before it (of the first: from cells 0): target, count,
    /// cell, target, count, cell, …
    rows: Vec<Vec<usize>>,
}

#[derive(Debug, Serialize)]
struct CellJson {
    /// `all`, `none`, or the ports in words.
    ports: String,
    /// The ports as data, if they are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r: Vec<Range>,
    /// True if a rule allows it for these pods, and not for everybody or for a whole namespace.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    own: bool,
    /// The ports that a NetworkPolicy would have to allow at each end.
    #[serde(skip_serializing_if = "Lacks::is_nothing")]
    lacks: Lacks,
    /// Reasons, by position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<usize>,
    /// The certainty, if not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    sure: Option<&'static str>,
}

/// What NetworkPolicies do not allow and could: out of the source, and into the target. `all` is every protocol.
#[derive(Debug, Default, Serialize)]
struct Lacks {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    egress: Vec<Range>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ingress: Vec<Range>,
    /// True if something else denies it, that no NetworkPolicy can overrule.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
}

impl Lacks {
    fn of(connectivity: &Connectivity, answer: &Answer, network: usize, from: GroupId, to: GroupId) -> Lacks {
        let pods = |group: GroupId| matches!(connectivity.groups(network)[group].members, Members::Pods(_));
        // Outside addresses are nobody's to change.
        if answer.ports.is_all() || !pods(from) || !pods(to) {
            return Lacks::default();
        }
        let mut fixed = false;
        let mut side = |direction| {
            let mut lacking = PortSet::none();
            for part in connectivity.explain(network, from, to, direction).decisions {
                if part.ruling != Ruling::Denied {
                    continue;
                }
                let policy = |r: &Reason| &connectivity.policies()[r.policy];
                let is_other = |r: &Reason| {
                    r.effect == Effect::Deny || (r.effect == Effect::Isolate && policy(r).tier != Tier::Network)
                };
                if part.because.iter().any(is_other) {
                    fixed = true;
                } else {
                    lacking.add(&part.ports);
                }
            }
            if lacking.is_all() { vec![("all", 1, u16::MAX)] } else { ranges(&lacking) }
        };
        let (egress, ingress) = (side(Direction::Egress), side(Direction::Ingress));
        Lacks { egress, ingress, fixed }
    }

    fn is_nothing(&self) -> bool {
        self.egress.is_empty() && self.ingress.is_empty() && !self.fixed
    }
}

impl Verdicts {
    /// The verdicts of a World; `None` above the maximum of cells.
    pub fn of(world: &World) -> Option<Verdicts> {
        let connectivity = world.connectivity();
        let mut cast = Cast::default();
        let mut cells = Cells::default();
        let mut planes = Vec::new();
        for (number, network) in connectivity.networks().enumerate() {
            let workloads = 0..world.cluster().workloads().len();
            let mut shown: Vec<GroupId> =
                workloads.flat_map(|w| connectivity.groups_of(number, w).iter().copied()).collect();
            if shown.is_empty() {
                continue;
            }
            let all = connectivity.groups(number);
            shown.extend((0..all.len()).filter(|g| {
                !matches!(all[*g].members, Members::Pods(_)) && is_relevant(connectivity, &all[*g].members)
            }));
            shown.sort_unstable();
            shown.dedup();
            if shown.len() * shown.len() > MAX_CELLS {
                return None;
            }
            planes.push(Plane {
                number,
                network: (number > 0).then(|| seen(&network.to_string())),
                outside: shown.iter().enumerate().filter_map(|(i, g)| Some((i, outside(&all[*g].members)?))).collect(),
                rows: rows(connectivity, number, &shown, &mut cells, &mut cast),
                position: shown.into_iter().enumerate().map(|(i, g)| (g, i)).collect(),
            });
        }
        Some(Verdicts { cells: cells.list, planes, cast })
    }

    /// The reasons of the verdicts.
    pub(super) fn cast(&self) -> &Cast {
        &self.cast
    }

    /// The groups of addresses of the Internet, by network.
    pub(super) fn internet(&self, world: &World) -> Vec<(usize, Vec<usize>)> {
        let private = AddressSet::private();
        self.of_addresses(world, |group| !group.difference(&private).is_empty())
    }

    /// For a node outside of the cluster: by network, the groups of addresses that it has a part in. A name may mean
    /// any address.
    pub(super) fn outside(&self, world: &World, node: &Node) -> Vec<(usize, Vec<usize>)> {
        match &node.detail {
            Detail::External { set, location: Location::Outside, .. } => {
                self.of_addresses(world, |group| !group.intersection(set).is_empty())
            }
            Detail::External { .. } => {
                let private = AddressSet::private();
                self.of_addresses(world, |group| !group.intersection(&private).is_empty())
            }
            Detail::ExternalName => self.of_addresses(world, |_| true),
            _ => Vec::new(),
        }
    }

    fn of_addresses(&self, world: &World, has: impl Fn(&AddressSet) -> bool) -> Vec<(usize, Vec<usize>)> {
        let of = |(at, plane): (usize, &Plane)| {
            let all = world.connectivity().groups(plane.number);
            let groups = plane.position.iter().filter_map(|(group, at)| match &all[*group].members {
                Members::Addresses(set) if has(set) => Some(*at),
                _ => None,
            });
            (at, groups.collect())
        };
        self.planes.iter().enumerate().map(of).filter(|(_, groups): &(usize, Vec<usize>)| !groups.is_empty()).collect()
    }
}

/// For each group as the source what differs from the row before it.
fn rows(
    connectivity: &Connectivity,
    network: usize,
    shown: &[GroupId],
    cells: &mut Cells,
    cast: &mut Cast,
) -> Vec<Vec<usize>> {
    let all = connectivity.groups(network);
    let is_outside: Vec<bool> = shown.iter().map(|g| !matches!(all[*g].members, Members::Pods(_))).collect();
    let mut rows = Vec::with_capacity(shown.len());
    let mut before = vec![0; shown.len()];
    // Some rows at a time, for each verdict is large until it is replaced by its number.
    for (chunk, sources) in shown.chunks(64).enumerate() {
        let verdicts: Vec<Vec<Option<Arc<Answer>>>> = sources
            .par_iter()
            .enumerate()
            .map(|(i, from)| {
                let from_outside = is_outside[chunk * 64 + i];
                let pair = |(to, to_outside): (&GroupId, &bool)| {
                    (!from_outside || !to_outside).then(|| connectivity.between_groups(network, *from, *to))
                };
                shown.iter().zip(&is_outside).map(pair).collect()
            })
            .collect();
        for row in verdicts {
            let from = shown[rows.len()];
            let cell =
                |(v, to): (Option<Arc<Answer>>, &GroupId)| cells.position(v, (network, from, *to), connectivity, cast);
            let row: Vec<usize> = row.into_iter().zip(shown).map(cell).collect();
            rows.push(differences(&before, &row));
            before = row;
        }
    }
    rows
}

/// Allowed connections as a page has them.
#[derive(Serialize)]
pub(super) struct Matrix<'v> {
    cells: &'v [CellJson],
    planes: Vec<PlaneJson<'v>>,
}

/// One network of a page.
#[derive(Serialize)]
struct PlaneJson<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'v str>,
    /// Workloads: the node of each, and the groups that its pods are in.
    members: Vec<(usize, Vec<usize>)>,
    outside: &'v [(usize, String)],
    /// The number of groups.
    groups: usize,
    rows: &'v [Vec<usize>],
}

impl<'v> Matrix<'v> {
    /// The verdicts for a page on which the workloads of the World are these nodes.
    pub(super) fn of(verdicts: &'v Verdicts, world: &World, workloads: &[(usize, usize)]) -> Matrix<'v> {
        let plane = |plane: &'v Plane| {
            let groups = |workload: usize| world.connectivity().groups_of(plane.number, workload);
            let place = |group: &GroupId| plane.position.get(group).copied();
            let members = workloads.iter().filter(|(_, workload)| !groups(*workload).is_empty());
            PlaneJson {
                network: plane.network.as_deref(),
                members: members
                    .map(|(node, workload)| (*node, groups(*workload).iter().filter_map(place).collect()))
                    .collect(),
                outside: &plane.outside,
                groups: plane.position.len(),
                rows: &plane.rows,
            }
        };
        Matrix { cells: &verdicts.cells, planes: verdicts.planes.iter().map(plane).collect() }
    }
}

/// The differences between two rows: target, count and cell of each run.
fn differences(before: &[usize], row: &[usize]) -> Vec<usize> {
    let mut runs: Vec<usize> = Vec::new();
    for (at, (old, new)) in before.iter().zip(row).enumerate() {
        match runs.as_mut_slice() {
            _ if old == new => {}
            [.., start, count, cell] if *start + *count == at && cell == new => *count += 1,
            _ => runs.extend([at, 1, *new]),
        }
    }
    runs
}

/// Cells by content.
#[derive(Default)]
struct Cells {
    list: Vec<CellJson>,
    known: BTreeMap<Arc<Answer>, usize>,
    /// By the place of the verdict, which is held.
    same: FxHashMap<usize, (Arc<Answer>, usize)>,
}

impl Cells {
    /// The position of a cell; what is outside among itself is not evaluated and has an empty cell.
    fn position(
        &mut self,
        verdict: Option<Arc<Answer>>,
        (network, from, to): (usize, GroupId, GroupId),
        connectivity: &Connectivity,
        cast: &mut Cast,
    ) -> usize {
        let place = verdict.as_ref().map_or(0, |verdict| Arc::as_ptr(verdict).addr());
        if let Some((_, at)) = self.same.get(&place) {
            return *at;
        }
        let verdict = verdict.unwrap_or_default();
        let at = match self.known.get(&verdict) {
            Some(at) => *at,
            None => {
                self.list.push(CellJson {
                    ports: verdict.ports.to_string(),
                    r: if verdict.ports.is_all() { Vec::new() } else { ranges(&verdict.ports) },
                    own: names_pods(connectivity, &verdict),
                    lacks: Lacks::of(connectivity, &verdict, network, from, to),
                    why: verdict.because.iter().map(|r| cast.reason(r)).collect(),
                    sure: (verdict.certainty != Certainty::Certain).then(|| verdict.certainty.as_str()),
                });
                self.known.insert(Arc::clone(&verdict), self.list.len() - 1);
                self.list.len() - 1
            }
        };
        self.same.insert(place, (verdict, at));
        at
    }
}

/// True for peers that are not pods: ingress controllers and addresses.
fn is_relevant(connectivity: &Connectivity, members: &Members) -> bool {
    match members {
        Members::IngressController => {
            connectivity.entrances().iter().any(|e| matches!(&e.way, Way::Controller(known) if known.is_empty()))
        }
        Members::Addresses(_) | Members::Pods(_) => true,
    }
}

/// The name of a group of outside peers; `None` for pods.
fn outside(members: &Members) -> Option<String> {
    match members {
        Members::Pods(_) => None,
        Members::IngressController => Some(CONTROLLER.to_owned()),
        Members::Addresses(set) => {
            let (blocks, holes) = set.with_holes();
            let named = |list: &[String]| text::first(list, 2);
            let whole = set.ranges().iter().all(|r| r.is_whole_family());
            let text = match (whole, holes.as_slice()) {
                (true, _) => "any address outside".to_owned(),
                (false, []) => named(&blocks),
                (false, holes) if blocks == ["0.0.0.0/0"] => format!("any address but {}", named(holes)),
                (false, holes) => format!("{} but {}", named(&blocks), named(holes)),
            };
            Some(seen(&text))
        }
    }
}

/// A path from outside to a workload, with the ports that policies allow.
#[derive(Serialize)]
pub(super) struct WayJson {
    /// The node of the workload.
    to: usize,
    /// The id of the object that opens it.
    by: String,
    /// The source: the id of a node of the graph, or a text.
    from: Vec<String>,
    /// True if requests of the Internet may come this way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internet: bool,
    /// True if nobody stands between: clients come to the pods themselves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    direct: bool,
    /// The exposed ports, in words and as data.
    asked: String,
    r: Vec<Range>,
    /// The allowed ports.
    ports: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sure: Option<&'static str>,
}

/// The paths from outside to the workloads of a page.
pub(super) fn ways(world: &World, workloads: &[(usize, usize)], cast: &mut Cast) -> Vec<WayJson> {
    let (cluster, connectivity) = (world.cluster(), world.connectivity());
    let nodes: BTreeMap<usize, usize> = workloads.iter().map(|(node, workload)| (*workload, *node)).collect();
    let entries = Entries::of(world);
    let paths = connectivity.entrances().iter().filter_map(|entrance| {
        let to = *nodes.get(&entrance.workload)?;
        let admission = connectivity.admission(entrance);
        Some(WayJson {
            to,
            by: entrance.by.to_string(),
            from: match &entrance.way {
                Way::Controller(known) if known.is_empty() => vec![CONTROLLER.to_owned()],
                Way::Controller(known) => known.iter().map(|w| cluster.workloads()[*w].key.to_string()).collect(),
                Way::Direct { from, .. } => vec![words::origin(from).to_string()],
            },
            internet: entries.is_from_internet(entrance),
            direct: matches!(entrance.way, Way::Direct { .. }),
            asked: entrance.ports.to_string(),
            r: ranges(&entrance.ports),
            ports: admission.ports.to_string(),
            why: admission.because.iter().map(|r| cast.reason(r)).collect(),
            sure: (admission.certainty != Certainty::Certain).then(|| admission.certainty.as_str()),
        })
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn a_row_is_relevant_by_what_differs_from_the_one_before() {
        assert_eq!(differences(&[0, 0, 0, 0], &[0, 2, 2, 1]), [1, 2, 2, 3, 1, 1]);
        assert_eq!(differences(&[0, 2, 2, 1], &[0, 2, 2, 1]), [0; 0]);
        assert_eq!(differences(&[1, 2, 1], &[2, 2, 2]), [0, 1, 2, 2, 1, 2]);
    }
}
