//! Allowed connections as data of a page: by groups that policies treat alike, each row as its differences from the row
//! before, in runs of equal cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::net::text;
use crate::policy::{Answer, Certainty, Connectivity, GroupId, Members, Way};
use crate::world::World;

use super::reasons::Cast;
use super::seen;
use crate::render::words;

/// The name of an ingress controller that the manifests do not contain.
const CONTROLLER: &str = "ingress controller";
/// The maximum number of cells on a page.
const MAX_CELLS: usize = 4_000_000;

/// Allowed connections.
#[derive(Serialize)]
pub(super) struct Matrix {
    /// The verdicts: ports, rules and certainty.
    cells: Vec<CellJson>,
    planes: Vec<PlaneJson>,
}

#[derive(Serialize)]
struct CellJson {
    /// `all`, `none`, or the ports in words.
    ports: String,
    /// Reasons, by position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<usize>,
    /// The certainty, if not certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    sure: Option<&'static str>,
}

/// One network.
#[derive(Serialize)]
struct PlaneJson {
    /// Its name; left out for the one that all pods are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// Workloads: the node of each, and the groups that its pods are in.
    members: Vec<(usize, Vec<usize>)>,
    /// Outside peers: group and name.
    outside: Vec<(usize, String)>,
    /// The number of groups.
    groups: usize,
    /// For each group as the source what differs from the row before it (of the first: from cells 0): target, count,
    /// cell, target, count, cell, …
    rows: Vec<Vec<usize>>,
}

impl Matrix {
    /// The verdicts between all workloads and outside peers; `None` above the maximum.
    pub(super) fn of(world: &World, workloads: &[(usize, usize)], cast: &mut Cast) -> Option<Matrix> {
        let connectivity = world.connectivity();
        let mut cells = Cells::default();
        let mut planes = Vec::new();
        for (number, network) in connectivity.networks().enumerate() {
            let members: Vec<(usize, &[GroupId])> = workloads
                .iter()
                .map(|(node, workload)| (*node, connectivity.groups_of(number, *workload)))
                .filter(|(_, groups)| !groups.is_empty())
                .collect();
            if members.is_empty() {
                continue;
            }
            let all = connectivity.groups(number);
            let mut shown: Vec<GroupId> = members.iter().flat_map(|(_, groups)| groups.iter().copied()).collect();
            shown.extend((0..all.len()).filter(|g| {
                !matches!(all[*g].members, Members::Pods(_)) && is_relevant(connectivity, &all[*g].members)
            }));
            shown.sort_unstable();
            shown.dedup();
            if shown.len() * shown.len() > MAX_CELLS {
                return None;
            }
            let position: BTreeMap<GroupId, usize> = shown.iter().enumerate().map(|(i, g)| (*g, i)).collect();
            let mut plane = PlaneJson {
                network: (number > 0).then(|| seen(&network.to_string())),
                members: members
                    .iter()
                    .map(|(node, groups)| (*node, groups.iter().map(|g| position[g]).collect()))
                    .collect(),
                outside: shown.iter().enumerate().filter_map(|(i, g)| Some((i, outside(&all[*g].members)?))).collect(),
                groups: shown.len(),
                rows: Vec::new(),
            };
            let is_outside: Vec<bool> = shown.iter().map(|g| !matches!(all[*g].members, Members::Pods(_))).collect();
            let mut before = vec![0; shown.len()];
            // Some rows at a time, for each verdict is large until it is replaced by its number.
            for (chunk, sources) in shown.chunks(64).enumerate() {
                let verdicts: Vec<Vec<Option<Arc<Answer>>>> = sources
                    .par_iter()
                    .enumerate()
                    .map(|(i, from)| {
                        let from_outside = is_outside[chunk * 64 + i];
                        let pair = |(to, to_outside): (&GroupId, &bool)| {
                            (!from_outside || !to_outside).then(|| connectivity.between_groups(number, *from, *to))
                        };
                        shown.iter().zip(&is_outside).map(pair).collect()
                    })
                    .collect();
                for row in verdicts {
                    let row: Vec<usize> = row.into_iter().map(|v| cells.position(v, cast)).collect();
                    plane.rows.push(differences(&before, &row));
                    before = row;
                }
            }
            planes.push(plane);
        }
        Some(Matrix { cells: cells.list, planes })
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
    fn position(&mut self, verdict: Option<Arc<Answer>>, cast: &mut Cast) -> usize {
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
    /// The exposed ports.
    asked: String,
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
            asked: entrance.ports.to_string(),
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
