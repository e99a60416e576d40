//! The kinds of objects by which requests from outside reach Services: one table, which readers, findings, questions
//! and selections share. A kind that is not in it is no entry point to any of them.

/// A project whose kinds one reader understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Ingress of Kubernetes.
    Ingress,
    /// The Gateway API.
    GatewayApi,
    /// OpenShift.
    OpenShift,
    /// Istio.
    Istio,
    /// Traefik.
    Traefik,
    /// Contour.
    Contour,
    /// The controller of NGINX Inc., not that of the Kubernetes project.
    Nginx,
    /// Kong.
    Kong,
    /// Emissary-ingress, once called Ambassador.
    Emissary,
    /// Apache APISIX.
    Apisix,
    /// Google Kubernetes Engine.
    Gke,
    /// Knative Serving.
    Knative,
}

/// The part that a kind plays on the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It listens, and routes attach to it.
    Gateway,
    /// It sends requests to backends.
    Route,
    /// It changes how other kinds of its family are read, and takes no requests itself.
    Setting,
}

/// The ports that a kind names at its backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortsOf {
    /// Ports of the Service.
    Service,
    /// Names of the Service's ports, or numbers of the pods'.
    Endpoints,
}

/// The namespaces of the backends that a kind may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its own.
    Own,
    /// Others with a ReferenceGrant there.
    Granted,
    /// Any.
    Any,
}

/// A kind of entry points.
#[derive(Debug, PartialEq, Eq)]
pub struct EntranceKind {
    /// Its API groups, the current one first.
    pub groups: &'static [&'static str],
    /// The kind.
    pub kind: &'static str,
    /// Plural and short names, in lower case, as kubectl knows them.
    pub names: &'static [&'static str],
    /// The reader that understands it.
    pub family: Family,
    /// Its part.
    pub role: Role,
    /// The namespaces that it may send to.
    pub reach: Reach,
    /// The ports that it names.
    pub ports: PortsOf,
    /// Words in the names of the controllers that serve every object of the kind; empty if a class says which.
    pub controllers: &'static [&'static str],
    /// Lists in the object whose elements name Secrets with certificates, or one such element.
    pub certificates: &'static [&'static str],
}

const GATEWAY_API: &[&str] = &["gateway.networking.k8s.io", "gateway.networking.x-k8s.io"];

/// The usual kind; the table says in what others differ.
const PLAIN: EntranceKind = EntranceKind {
    groups: &[],
    kind: "",
    names: &[],
    family: Family::Ingress,
    role: Role::Route,
    reach: Reach::Own,
    ports: PortsOf::Service,
    controllers: &[],
    certificates: &[],
};

/// A route of the Gateway API.
const ROUTE: EntranceKind =
    EntranceKind { groups: GATEWAY_API, family: Family::GatewayApi, reach: Reach::Granted, ..PLAIN };

/// A kind of the Gateway API that listens.
const LISTENERS: EntranceKind = EntranceKind { role: Role::Gateway, certificates: &["spec.listeners"], ..ROUTE };

/// A kind of Istio.
const ISTIO: EntranceKind = EntranceKind {
    groups: &["networking.istio.io"],
    family: Family::Istio,
    reach: Reach::Any,
    controllers: &["istio"],
    ..PLAIN
};

/// A kind of Traefik. Other namespaces need an option of the controller, which no manifest of a route shows.
const TRAEFIK: EntranceKind = EntranceKind {
    groups: &["traefik.io", "traefik.containo.us"],
    family: Family::Traefik,
    reach: Reach::Any,
    controllers: &["traefik"],
    certificates: &["spec.tls"],
    ..PLAIN
};

/// A kind of Contour.
const CONTOUR: EntranceKind = EntranceKind {
    groups: &["projectcontour.io"],
    family: Family::Contour,
    controllers: &["contour"],
    certificates: &["spec.virtualhost.tls"],
    ..PLAIN
};

/// A kind of the controller of NGINX Inc.
const NGINX: EntranceKind =
    EntranceKind { groups: &["k8s.nginx.org"], family: Family::Nginx, controllers: &["nginx"], ..PLAIN };

/// A kind of Kong.
const KONG: EntranceKind = EntranceKind {
    groups: &["configuration.konghq.com"],
    family: Family::Kong,
    controllers: &["kong"],
    certificates: &["spec.tls"],
    ..PLAIN
};

/// A kind of Emissary-ingress.
const EMISSARY: EntranceKind = EntranceKind {
    groups: &["getambassador.io"],
    family: Family::Emissary,
    reach: Reach::Any,
    controllers: &["emissary"],
    ..PLAIN
};

/// A kind of Apache APISIX.
const APISIX: EntranceKind =
    EntranceKind { groups: &["apisix.apache.org"], family: Family::Apisix, controllers: &["apisix"], ..PLAIN };

/// A kind of Google Kubernetes Engine.
const GKE: EntranceKind =
    EntranceKind { groups: &["networking.gke.io"], family: Family::Gke, controllers: &["gce"], ..PLAIN };

/// A kind of Knative Serving.
const KNATIVE: EntranceKind = EntranceKind {
    groups: &["serving.knative.dev"],
    family: Family::Knative,
    controllers: &["kourier", "knative"],
    ..PLAIN
};

/// Every kind of entry points.
pub const ENTRANCES: &[EntranceKind] = &[
    EntranceKind {
        groups: &["networking.k8s.io"],
        kind: "Ingress",
        names: &["ing", "ingresses"],
        certificates: &["spec.tls"],
        ..PLAIN
    },
    EntranceKind { groups: &["networking.k8s.io"], kind: "IngressClass", role: Role::Setting, ..PLAIN },
    EntranceKind { kind: "Gateway", names: &["gtw", "gateways"], ..LISTENERS },
    EntranceKind { kind: "ListenerSet", names: &["lset", "listenersets"], ..LISTENERS },
    EntranceKind { kind: "XListenerSet", names: &["lset", "xlistenersets"], ..LISTENERS },
    EntranceKind { kind: "HTTPRoute", names: &["httproutes"], ..ROUTE },
    EntranceKind { kind: "GRPCRoute", names: &["grpcroutes"], ..ROUTE },
    EntranceKind { kind: "TLSRoute", names: &["tlsroutes"], ..ROUTE },
    EntranceKind { kind: "TCPRoute", names: &["tcproutes"], ..ROUTE },
    EntranceKind { kind: "UDPRoute", names: &["udproutes"], ..ROUTE },
    EntranceKind { kind: "GatewayClass", role: Role::Setting, ..ROUTE },
    EntranceKind { kind: "ReferenceGrant", role: Role::Setting, ..ROUTE },
    EntranceKind {
        groups: &["route.openshift.io"],
        kind: "Route",
        names: &["routes"],
        family: Family::OpenShift,
        ports: PortsOf::Endpoints,
        controllers: &["openshift"],
        ..PLAIN
    },
    EntranceKind { kind: "Gateway", names: &["gw", "gateways"], role: Role::Gateway, ..ISTIO },
    EntranceKind { kind: "VirtualService", names: &["vs", "virtualservices"], ..ISTIO },
    EntranceKind { kind: "ServiceEntry", names: &["se", "serviceentries"], role: Role::Setting, ..ISTIO },
    EntranceKind { kind: "DestinationRule", names: &["dr", "destinationrules"], role: Role::Setting, ..ISTIO },
    EntranceKind { kind: "IngressRoute", names: &["ingressroutes"], ..TRAEFIK },
    EntranceKind { kind: "IngressRouteTCP", names: &["ingressroutetcps"], ..TRAEFIK },
    EntranceKind { kind: "IngressRouteUDP", names: &["ingressrouteudps"], ..TRAEFIK },
    EntranceKind { kind: "TraefikService", names: &["traefikservices"], role: Role::Setting, ..TRAEFIK },
    EntranceKind { kind: "Middleware", names: &["middlewares"], role: Role::Setting, ..TRAEFIK },
    EntranceKind { kind: "MiddlewareTCP", names: &["middlewaretcps"], role: Role::Setting, ..TRAEFIK },
    EntranceKind { kind: "HTTPProxy", names: &["proxy", "proxies", "httpproxies"], ..CONTOUR },
    EntranceKind { kind: "VirtualServer", names: &["virtualservers"], certificates: &["spec.tls"], ..NGINX },
    EntranceKind { kind: "VirtualServerRoute", names: &["vsr", "virtualserverroutes"], ..NGINX },
    EntranceKind { kind: "TransportServer", names: &["ts", "transportservers"], certificates: &["spec.tls"], ..NGINX },
    EntranceKind { kind: "GlobalConfiguration", names: &["gc", "globalconfigurations"], role: Role::Setting, ..NGINX },
    EntranceKind { kind: "TCPIngress", names: &["tcpingresses"], ..KONG },
    EntranceKind { kind: "UDPIngress", names: &["udpingresses"], ..KONG },
    EntranceKind { kind: "Mapping", names: &["mappings"], ..EMISSARY },
    EntranceKind { kind: "TCPMapping", names: &["tcpmappings"], ..EMISSARY },
    EntranceKind {
        kind: "Host",
        names: &["hosts"],
        role: Role::Setting,
        certificates: &["spec.tlsSecret"],
        ..EMISSARY
    },
    EntranceKind { kind: "ApisixRoute", names: &["ar", "apisixroutes"], ..APISIX },
    EntranceKind {
        kind: "ApisixTls",
        names: &["atls", "apisixtlses"],
        role: Role::Setting,
        certificates: &["spec.secret"],
        ..APISIX
    },
    EntranceKind {
        kind: "MultiClusterIngress",
        names: &["mci", "multiclusteringresses"],
        certificates: &["spec.template.spec.tls"],
        ..GKE
    },
    EntranceKind { kind: "MultiClusterService", names: &["mcs", "multiclusterservices"], role: Role::Setting, ..GKE },
    EntranceKind { kind: "Service", names: &["ksvc", "kservices"], role: Role::Setting, ..KNATIVE },
    EntranceKind { kind: "DomainMapping", names: &["dm", "domainmappings"], certificates: &["spec.tls"], ..KNATIVE },
];

/// The kind of entry points with this group and kind.
pub fn entrance_kind(group: &str, kind: &str) -> Option<&'static EntranceKind> {
    ENTRANCES.iter().find(|k| k.kind == kind && k.groups.contains(&group))
}

/// True if a group is that of a project which routes requests and runs no pods of its own kinds.
pub fn is_entrance_group(group: &str) -> bool {
    ENTRANCES.iter().any(|k| k.groups.contains(&group))
}

/// Plural and short names of further kinds that pictures show, in lower case.
const OTHERS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["cm", "configmaps"]),
    ("Secret", &["secrets"]),
    ("PersistentVolumeClaim", &["pvc", "persistentvolumeclaims"]),
    ("ServiceAccount", &["sa", "serviceaccounts"]),
    ("HorizontalPodAutoscaler", &["hpa", "horizontalpodautoscalers"]),
];

/// The kind that a plural or short name means, other than kinds of pods and Services.
pub fn kind_named(word: &str) -> Option<&'static str> {
    let entrances = ENTRANCES.iter().map(|k| (k.kind, k.names));
    let mut all = OTHERS.iter().copied().chain(entrances);
    all.find(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(word))).map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_group_and_by_name() {
        assert_eq!(entrance_kind("networking.k8s.io", "Ingress").map(|k| k.family), Some(Family::Ingress));
        assert_eq!(entrance_kind("example.com", "Ingress"), None);
        assert_eq!(kind_named("ING"), Some("Ingress"));
        assert_eq!(kind_named("cm"), Some("ConfigMap"));
        assert_eq!(kind_named("deploy"), None);
    }

    #[test]
    fn a_group_has_each_kind_once() {
        for (index, kind) in ENTRANCES.iter().enumerate() {
            let other = ENTRANCES[..index].iter().find(|o| o.kind == kind.kind && o.groups == kind.groups);
            assert_eq!(other, None);
            assert!(kind.names.iter().all(|name| *name == name.to_ascii_lowercase()));
        }
    }
}
