//! Routes of the Gateway API and of OpenShift: whether what they send to is there, and whether Gateways accept them.

use super::registry::family;
use super::scene::Scene;
use crate::diagnostic::{Code, Severity};
use crate::resolve::RefusalReason;

family! {
    RouteBackendMissing, "route-backend-missing", true, "A route of the Gateway API or of OpenShift sends to a Service that is not in the input: requests get an answer with status 500 (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec) or 503. Where the manifests contain no Service of that namespace at all it is plainly a part, and this is only worth knowing.";
    BackendPortMissing, "backend-port-missing", false, "A route names a port that its Service does not have, so its requests get an answer with status 500 or 503. A route of the Gateway API names a port of the Service by number, and not that of the container behind it. `targetPort` of a Route of OpenShift is the name of the Service's port or the number of the pods' port (https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1).";
    RouteNotAllowed, "route-not-allowed", false, "A route names a Gateway as its parent that does not accept it: no listener has the name or port that is asked for, or none takes routes of this kind, namespace and hosts (https://gateway-api.sigs.k8s.io/reference/spec/#allowedroutes). Requests do not come to the route this way.";
    ReferenceNotPermitted, "reference-not-permitted", false, "A route sends to another namespace, which has no ReferenceGrant that allows it: requests get an answer with status 500 (https://gateway-api.sigs.k8s.io/api-types/referencegrant/).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for refusal in &facts.refusals {
        let (route, gateway) = (scene.entry(refusal.route), scene.entry(refusal.gateway));
        let reason = match &refusal.reason {
            RefusalReason::NoListenerNamed(name) => format!("it has no listener `{name}`"),
            RefusalReason::NoListenerOn(port) => format!("it has no listener on port {port}"),
            RefusalReason::NoListenerSets => {
                format!("its `allowedListeners` take none of namespace {}", route.key.namespace())
            }
            RefusalReason::NotTaken { hosts } => {
                let hosts = if hosts.is_empty() { String::new() } else { format!(" for {}", hosts.join(", ")) };
                format!("no listener takes a {} of namespace {}{hosts}", route.key.kind, route.key.namespace())
            }
        };
        let message = format!("{} does not accept {}: {reason}", gateway.key, route.key);
        let contested = scene.cluster.is_contested(&gateway.key);
        let report = scene.report(Code::RouteNotAllowed, route, &refusal.field, message).related(
            gateway,
            "spec.listeners",
            "its listeners",
        );
        // Another one of this name may accept it.
        if contested {
            report
                .severity(Severity::Info)
                .help("the Gateway is defined more than once with different content; the first is looked at");
        }
    }
}
