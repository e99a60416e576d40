//! Policies that are enforced elsewhere than at the pods: at gateways, waypoints and the interfaces of nodes. Whom they
//! may concern all the same.

use super::{BOTH, ForeignPolicy, IN, Influence, Surroundings};
use crate::cluster::{Cluster, Entry};
use crate::manifest::Tree;
use crate::net::{Labels, ObjectKey};
use crate::policy::rule::Direction;

/// The label of the pods of a Gateway (<https://gateway-api.sigs.k8s.io/geps/gep-1762/>).
const OF_GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

/// A policy with what is known of where it is enforced.
pub(super) fn narrowed(policy: ForeignPolicy, entry: &Entry, around: &Surroundings<'_>) -> ForeignPolicy {
    let spec = entry.object.tree.at(&["spec"]);
    let is = |key: &str| spec.and_then(|s| s.get(key)).and_then(Tree::as_bool) == Some(true);
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("security.istio.io", "AuthorizationPolicy") => of_targets(policy, entry, around.cluster),
        // Without `Deny` it lets everything out (https://linkerd.io/2/reference/egress-network/).
        ("policy.linkerd.io", "EgressNetwork") => {
            let denies = spec.and_then(|s| s.get("trafficPolicy")).and_then(Tree::as_str) == Some("Deny");
            let cluster_wide = entry.key.namespace() == "linkerd-egress";
            ForeignPolicy { cluster_wide, members: if denies { None } else { Some(Vec::new()) }, ..policy }
        }
        (group, "HostEndpoint") if is_calico(group) => of_hosts(policy, around.cluster),
        // What is not tracked is forwarded as if nothing were said of it
        // (<https://docs.tigera.io/calico/latest/reference/host-endpoints/summary>).
        (group, "GlobalNetworkPolicy") if is_calico(group) && is("doNotTrack") => of_hosts(policy, around.cluster),
        (group, "GlobalNetworkPolicy") if is_calico(group) && is("preDNAT") => forwarded(policy, IN),
        _ => policy,
    }
}

/// What a policy of Calico that holds for pods may deny beside that: with `applyOnForward` it holds for what is
/// forwarded through the interfaces of nodes too, as far as these are host endpoints
/// (<https://docs.tigera.io/calico/latest/reference/host-endpoints/forwarded>).
pub(super) fn on_interfaces(entry: &Entry, around: &Surroundings<'_>) -> Option<ForeignPolicy> {
    let forwards = entry.object.tree.at(&["spec", "applyOnForward"]).and_then(Tree::as_bool) == Some(true);
    let has_hosts = || around.cluster.entries().iter().any(|e| is_calico(&e.key.group) && e.key.kind == "HostEndpoint");
    if !(is_calico(&entry.key.group) && forwards && has_hosts()) {
        return None;
    }
    let policy = ForeignPolicy { cluster_wide: true, ..ForeignPolicy::refused(entry) };
    Some(forwarded(policy, BOTH))
}

fn is_calico(group: &str) -> bool {
    ["projectcalico.org", "crd.projectcalico.org"].contains(&group)
}

/// What holds for nodes: of pods only for those in the network of their node.
fn of_hosts(policy: ForeignPolicy, cluster: &Cluster) -> ForeignPolicy {
    let on_host = |w: &usize| cluster.workloads()[*w].spec.pod.host_network == Some(true);
    let members = (0..cluster.workloads().len()).filter(on_host).collect();
    ForeignPolicy { subject: None, members: Some(members), ..policy }
}

/// What holds for traffic that nodes forward: it denies what pods may do, and allows them nothing.
fn forwarded(policy: ForeignPolicy, directions: &[Direction]) -> ForeignPolicy {
    ForeignPolicy {
        influence: Influence::Restricts,
        directions: directions.to_vec(),
        subject: None,
        members: None,
        enforced_by: Some("the interfaces of nodes".to_owned()),
        ..policy
    }
}

/// A policy for gateways and Services holds where these let requests through, and for pods behind them only as far as
/// requests pass there (<https://istio.io/latest/docs/reference/config/security/authorization-policy/>).
fn of_targets(policy: ForeignPolicy, entry: &Entry, cluster: &Cluster) -> ForeignPolicy {
    let tree = &entry.object.tree;
    let one = tree.at(&["spec", "targetRef"]).into_iter();
    let refs: Vec<&Tree> = one.chain(tree.at(&["spec", "targetRefs"]).into_iter().flat_map(Tree::items)).collect();
    if refs.is_empty() {
        return policy;
    }
    let text = |target: &Tree, key: &str| target.get(key).and_then(Tree::as_str).unwrap_or_default().to_owned();
    let names: Vec<String> = refs.iter().map(|t| format!("{} {}", text(t, "kind"), text(t, "name"))).collect();
    let home = entry.key.namespace();
    let mut members: Option<Vec<usize>> = Some(Vec::new());
    for target in &refs {
        let found = behind(cluster, home, &text(target, "kind"), &text(target, "name"));
        members = members.zip(found).map(|(mut all, found)| {
            all.extend(found);
            all
        });
    }
    let members = members.map(|mut all| {
        all.sort_unstable();
        all.dedup();
        all
    });
    ForeignPolicy { members, enforced_by: Some(names.join(", ")), ..policy }
}

/// The workloads that a target may keep requests from; `None` if these may be any of the namespace.
fn behind(cluster: &Cluster, home: &str, kind: &str, name: &str) -> Option<Vec<usize>> {
    match kind {
        "Service" => {
            let at = cluster.find(&ObjectKey::new("", "Service", home, name))?;
            let selector = cluster.entries()[at].object.tree.at(&["spec", "selector"])?;
            let pair = |label: &crate::manifest::Entry| Some((label.key.to_string(), label.value.as_str()?.to_owned()));
            let labels: Labels = selector.entries().iter().map(pair).collect::<Option<_>>()?;
            Some(cluster.select(home, &labels))
        }
        "Gateway" => {
            let at = cluster.find(&ObjectKey::new("gateway.networking.k8s.io", "Gateway", home, name))?;
            let class = cluster.entries()[at].object.tree.at(&["spec", "gatewayClassName"]).and_then(Tree::as_str);
            // Requests to any pod of the namespace may go through a waypoint.
            let is_waypoint = class.is_none_or(|c| c.contains("waypoint"));
            let own = Labels::from([(OF_GATEWAY.to_owned(), name.to_owned())]);
            (!is_waypoint).then(|| cluster.select(home, &own))
        }
        // Hosts outside are no pods.
        "ServiceEntry" => Some(Vec::new()),
        _ => None,
    }
}
