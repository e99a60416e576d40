//! The namespaces that deny by default, with the policy, for the script and for the table of a page.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::net::text;
use crate::policy::{Closes, Connectivity, Direction};
use crate::world::World;

use super::reasons::Cast;
use super::seen;

/// A namespace with workloads.
pub(crate) struct Space {
    /// Its printable name.
    pub name: String,
    pub workloads: usize,
    pub ingress: SpaceSide,
    pub egress: SpaceSide,
}

/// One direction of a namespace.
pub(crate) struct SpaceSide {
    /// The number of workloads that a NetworkPolicy isolates.
    pub isolated: usize,
    /// The policy that selects every pod, by its position among those of the input.
    pub deny: Option<usize>,
}

/// The namespaces with workloads, by name: all of the World, whatever a page shows.
pub(crate) fn spaces(world: &World) -> Vec<Space> {
    let connectivity = world.connectivity();
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, workload) in world.cluster().workloads().iter().enumerate() {
        of.entry(workload.key.namespace()).or_default().push(index);
    }
    let side = |namespace: &str, members: &[usize], direction: Direction| {
        let isolation = |w: &usize| connectivity.isolation(*w, direction);
        SpaceSide {
            isolated: members.iter().filter(|w| isolation(w).is_isolated()).count(),
            deny: closing(connectivity, namespace, direction),
        }
    };
    let mut of: Vec<(&str, Vec<usize>)> = of.into_iter().collect();
    of.sort_by(|(a, _), (b, _)| text::natural(a, b));
    let spaces = of.iter().map(|(name, members)| Space {
        name: seen(name),
        workloads: members.len(),
        ingress: side(name, members, Direction::Ingress),
        egress: side(name, members, Direction::Egress),
    });
    spaces.collect()
}

/// The NetworkPolicy of a namespace that selects all of its pods in a direction, so that what no rule allows is denied
/// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies>).
fn closing(connectivity: &Connectivity, namespace: &str, direction: Direction) -> Option<usize> {
    connectivity.policies().iter().position(|policy| {
        policy.closes == Closes::Everything
            && policy.key.namespace() == namespace
            && policy.subject.pods.is_everything()
            && policy.rules(direction).is_some()
    })
}

/// A namespace as the script knows it.
#[derive(Serialize)]
pub(super) struct SpaceJson {
    name: String,
    workloads: usize,
    ingress: SideJson,
    egress: SideJson,
}

#[derive(Serialize)]
struct SideJson {
    isolated: usize,
    /// By position among the policies that the script knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    deny: Option<usize>,
}

impl SpaceJson {
    pub(super) fn of(space: Space, cast: &mut Cast) -> Self {
        let mut side = |side: SpaceSide| SideJson { isolated: side.isolated, deny: side.deny.map(|p| cast.policy(p)) };
        SpaceJson {
            name: space.name,
            workloads: space.workloads,
            ingress: side(space.ingress),
            egress: side(space.egress),
        }
    }
}
