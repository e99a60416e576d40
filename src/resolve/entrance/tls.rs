//! How an Ingress encrypts its hosts: by its `tls`, or by annotations of its controller.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::IngressTLS;

use crate::graph::HostTls;

/// Annotations that let the pods terminate TLS, with the value that means it: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/tls/#ssl-passthrough>,
/// <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/>,
/// <https://haproxy-ingress.github.io/docs/configuration/keys/#ssl-passthrough> and
/// <https://docs.cilium.io/en/stable/network/servicemesh/ingress/>.
const PASSTHROUGH: &[(&str, &str)] = &[
    ("nginx.ingress.kubernetes.io/ssl-passthrough", "true"),
    ("ingress.kubernetes.io/ssl-passthrough", "true"),
    ("haproxy.org/ssl-passthrough", "true"),
    ("haproxy-ingress.github.io/ssl-passthrough", "true"),
    ("ingress.cilium.io/tls-passthrough", "enabled"),
    ("ingress.cilium.io/tls-passthrough", "true"),
    (TERMINATION, "passthrough"),
];

/// By which OpenShift makes Routes of Ingresses
/// (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/ingress_and_load_balancing/>).
const TERMINATION: &str = "route.openshift.io/termination";

/// Annotations that name a certificate outside of the cluster: of Google Cloud
/// (<https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-multi-ssl>) and Azure
/// (<https://learn.microsoft.com/en-us/azure/application-gateway/ingress-controller-annotations>).
const CERTIFICATES: &[&str] = &[
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/certmap",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "haproxy.org/ssl-certificate",
];

const ALB_CERTIFICATE: &str = "alb.ingress.kubernetes.io/certificate-arn";
const ALB_PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
const TRAEFIK: &str = "traefik.ingress.kubernetes.io/router.tls";

/// Words in the names of annotations that are about TLS, whatever they mean.
const HINTS: &[&str] = &["certificate", "ssl-cert", "tls", "pre-shared-cert"];

/// How an Ingress with these annotations and this `tls` encrypts requests for a host; `None` is any host.
pub(super) fn of_host(annotations: &BTreeMap<String, String>, tls: &[IngressTLS], host: Option<&str>) -> HostTls {
    // Passing through goes by the name in the client's greeting: any host has none.
    if host.is_some() && is_passthrough(annotations) {
        return HostTls::Passthrough;
    }
    let annotated = by_controller(annotations);
    match annotated {
        _ if is_covered(tls, host) => match annotated {
            HostTls::Reencrypted => annotated,
            _ => HostTls::Terminated,
        },
        HostTls::Undetermined if !tls.is_empty() => HostTls::Uncovered,
        HostTls::None if !tls.is_empty() => HostTls::Uncovered,
        _ => annotated,
    }
}

/// Whether annotations ask for TLS to be passed through to the pods.
pub(super) fn is_passthrough(annotations: &BTreeMap<String, String>) -> bool {
    let says =
        |(key, value): &(&str, &str)| annotations.get(*key).is_some_and(|v| v.trim().eq_ignore_ascii_case(value));
    PASSTHROUGH.iter().any(says)
}

/// What annotations say of TLS that the controller terminates.
fn by_controller(annotations: &BTreeMap<String, String>) -> HostTls {
    match annotations.get(TERMINATION).map(|v| v.trim().to_ascii_lowercase()).as_deref() {
        Some("edge") => return HostTls::ByController,
        Some("reencrypt") => return HostTls::Reencrypted,
        _ => {}
    }
    // Without a list of ports a load balancer listens on 443 if it is given a certificate
    // (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#listen-ports).
    match (annotations.get(ALB_PORTS), annotations.get(ALB_CERTIFICATE)) {
        (Some(ports), _) if ports.to_ascii_uppercase().contains("\"HTTPS\"") => return HostTls::ByController,
        (Some(_), _) => return HostTls::None,
        (None, Some(_)) => return HostTls::ByController,
        (None, None) => {}
    }
    let traefik = |key: &String| key == TRAEFIK || key.starts_with("traefik.ingress.kubernetes.io/router.tls.");
    match annotations.get(TRAEFIK) {
        Some(off) if off.trim().eq_ignore_ascii_case("false") => return HostTls::None,
        _ if annotations.keys().any(traefik) => return HostTls::ByController,
        _ => {}
    }
    if CERTIFICATES.iter().any(|key| annotations.contains_key(*key)) {
        HostTls::ByController
    } else if annotations.keys().any(|key| HINTS.iter().any(|word| key.contains(word))) && !is_passthrough(annotations)
    {
        HostTls::Undetermined
    } else {
        HostTls::None
    }
}

/// Whether `tls` is about a host. An entry without hosts is about every host, and a wildcard is one label
/// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressSpec>).
fn is_covered(tls: &[IngressTLS], host: Option<&str>) -> bool {
    tls.iter().any(|entry| {
        let hosts = entry.hosts.as_deref().unwrap_or_default();
        hosts.is_empty() || host.is_some_and(|h| hosts.iter().any(|t| t == h || wildcard_covers(t, h)))
    })
}

fn wildcard_covers(pattern: &str, host: &str) -> bool {
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((_, rest))) => domain == rest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(wildcard_covers("*.example.com", "shop.example.com"));
        assert!(!wildcard_covers("*.example.com", "a.shop.example.com"));
        assert!(!wildcard_covers("*.example.com", "example.com"));
    }

    #[test]
    fn tls_without_hosts_covers_all() {
        let all = [IngressTLS { hosts: None, secret_name: Some("x".into()) }];
        let one = [IngressTLS { hosts: Some(vec!["a.example.com".into()]), secret_name: None }];
        let none = BTreeMap::new();
        assert_eq!(of_host(&none, &all, Some("b.example.com")), HostTls::Terminated);
        assert_eq!(of_host(&none, &all, None), HostTls::Terminated);
        assert_eq!(of_host(&none, &one, Some("a.example.com")), HostTls::Terminated);
        assert_eq!(of_host(&none, &one, Some("b.example.com")), HostTls::Uncovered);
        assert_eq!(of_host(&none, &[], Some("a.example.com")), HostTls::None);
    }

    #[test]
    fn annotations_of_controllers_are_known() {
        let tls = |pairs: &[(&str, &str)]| of_host(&annotations(pairs), &[], Some("a.example.com"));
        assert_eq!(tls(&[("nginx.ingress.kubernetes.io/ssl-passthrough", "true")]), HostTls::Passthrough);
        assert_eq!(tls(&[("nginx.ingress.kubernetes.io/ssl-passthrough", "false")]), HostTls::None);
        assert_eq!(tls(&[("route.openshift.io/termination", "passthrough")]), HostTls::Passthrough);
        assert_eq!(tls(&[("route.openshift.io/termination", "reencrypt")]), HostTls::Reencrypted);
        assert_eq!(tls(&[(ALB_CERTIFICATE, "arn:aws:acm:eu:1:certificate/1")]), HostTls::ByController);
        assert_eq!(tls(&[(ALB_CERTIFICATE, "arn"), (ALB_PORTS, r#"[{"HTTP": 80}]"#)]), HostTls::None);
        assert_eq!(tls(&[(ALB_PORTS, r#"[{"HTTP": 80}, {"HTTPS": 443}]"#)]), HostTls::ByController);
        assert_eq!(tls(&[(TRAEFIK, "true")]), HostTls::ByController);
        assert_eq!(tls(&[(TRAEFIK, "false")]), HostTls::None);
        assert_eq!(tls(&[("example.com/tls-profile", "modern")]), HostTls::Undetermined);
        assert_eq!(of_host(&annotations(&[(PASSTHROUGH[0].0, "true")]), &[], None), HostTls::None);
    }
}
