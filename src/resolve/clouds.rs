//! What annotations of clouds and controllers say of load balancers: whether they are inside the network, and from
//! where they take connections.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::net::AddressSet;

type Annotations = BTreeMap<String, String>;

/// Where annotations put a load balancer, with the field that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Inside the network around the cluster.
    Inside(String),
    /// Perhaps inside: an annotation that is not known speaks of it.
    Untold(String),
}

/// Any value but `false`.
const ANY: &[&str] = &["*"];
/// A setting of load balancers that are inside for another reason; it puts none there.
const NONE: &[&str] = &[];

/// Annotations by which load balancers are put inside the network, with the values that mean it. Sources: the list at
/// <https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer> and the pages on load
/// balancers of AWS, Azure, Google Cloud, OpenStack, Oracle, Alibaba, Tencent, Baidu, Huawei, IBM, DigitalOcean, Hetzner,
/// Scaleway, Yandex, STACKIT, Volcengine and NAVER.
const INSIDE: &[(&str, &[&str])] = &[
    ("alb.ingress.kubernetes.io/scheme", &["internal"]),
    ("appgw.ingress.kubernetes.io/use-private-ip", &["true"]),
    ("cloud.google.com/load-balancer-type", &["internal"]),
    ("kubernetes.io/ingress.class", &["gce-internal"]),
    ("lb.stackit.cloud/internal-lb", &["true"]),
    ("load-balancer.hetzner.cloud/disable-private-ingress", NONE),
    ("load-balancer.hetzner.cloud/disable-public-network", &["true"]),
    ("load-balancer.hetzner.cloud/private-ipv4", NONE),
    ("load-balancer.hetzner.cloud/private-subnet-ip-range", NONE),
    ("load-balancer.hetzner.cloud/use-private-ip", NONE),
    ("networking.gke.io/internal-load-balancer-allow-global-access", NONE),
    ("networking.gke.io/internal-load-balancer-subnet", NONE),
    ("networking.gke.io/load-balancer-type", &["internal"]),
    ("oci-network-load-balancer.oraclecloud.com/internal", &["true"]),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", &["intranet"]),
    ("service.beta.kubernetes.io/alicloud-loadbalancer-address-type", &["intranet"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", ANY),
    ("service.beta.kubernetes.io/aws-load-balancer-private-ipv4-addresses", NONE),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal-subnet", NONE),
    ("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", &["true"]),
    ("service.beta.kubernetes.io/do-loadbalancer-network", &["internal"]),
    ("service.beta.kubernetes.io/ncloud-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", &["true"]),
    ("service.beta.kubernetes.io/scw-loadbalancer-private", &["true"]),
    ("service.beta.kubernetes.io/volcengine-loadbalancer-address-type", &["private"]),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", &["private"]),
    ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", ANY),
    ("yandex.cloud/load-balancer-type", &["internal"]),
];

/// Huawei's description of a load balancer that is to be made, in JSON
/// (<https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0681.html>).
const HUAWEI: &str = "kubernetes.io/elb.autocreate";

/// Annotations that give a load balancer its addresses: those of
/// <https://metallb.io/usage/#requesting-specific-ips>, <https://kube-vip.io/docs/usage/kubernetes-services/>,
/// <https://docs.cilium.io/en/stable/network/lb-ipam/#requesting-ips> and <https://purelb.gitlab.io/purelb/>.
const ADDRESSES: &[&str] = &[
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "lbipam.cilium.io/ips",
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "purelb.io/addresses",
];

/// Lists of blocks from which a load balancer takes connections: the one of Kubernetes, and those of
/// <https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/>,
/// <https://docs.digitalocean.com/products/kubernetes/how-to/configure-load-balancers/> and
/// <https://help.ovhcloud.com/csm/en-public-cloud-kubernetes-create-loadbalancer>.
const RANGES: &[&str] = &[
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
    "service.beta.kubernetes.io/do-loadbalancer-allow-rules",
    "service.beta.kubernetes.io/ovh-loadbalancer-allowed-sources",
];

/// Blocks from which it takes none.
const REFUSED: &[&str] = &["service.beta.kubernetes.io/do-loadbalancer-deny-rules"];

/// Words in annotations of load balancers that restrict who connects, in ways that manifests do not show: security
/// groups, tags, firewalls and lists of the cloud.
const RESTRICTING: &[&str] =
    &["security-group", "prefix-list", "firewall", "allowed", "allow-rules", "whitelist", "allowlist", "service-tags"];

/// Those of them that restrict nothing: they add rules for nodes or name what the load balancer leaves alone.
const HARMLESS: &[&str] = &[
    "service.beta.kubernetes.io/aws-load-balancer-extra-security-groups",
    "service.beta.kubernetes.io/aws-load-balancer-manage-backend-security-group-rules",
    "service.beta.kubernetes.io/aws-load-balancer-disable-nlb-sg",
];

/// The field of an annotation.
pub(super) fn field(key: &str) -> String {
    format!("metadata.annotations[\"{key}\"]")
}

/// Where annotations put a load balancer; `None` where they say nothing of it.
pub(super) fn placed(annotations: &Annotations) -> Option<Placed> {
    let inside = INSIDE.iter().find(|(key, values)| {
        let value = annotations.get(*key).map(|v| v.trim()).filter(|v| !v.is_empty());
        value.is_some_and(|value| match *values {
            ANY => !value.eq_ignore_ascii_case("false"),
            values => values.iter().any(|w| value.eq_ignore_ascii_case(w)),
        })
    });
    if let Some((key, _)) = inside {
        return Some(Placed::Inside(field(key)));
    }
    if let Some(text) = annotations.get(HUAWEI)
        && let Ok(made) = serde_json::from_str::<serde_json::Value>(text)
        && made.get("type").and_then(|t| t.as_str()) == Some("inner")
    {
        return Some(Placed::Inside(field(HUAWEI)));
    }
    let untold = annotations.iter().find(|(key, value)| {
        INSIDE.iter().all(|(known, _)| known != key) && is_balancers(key) && speaks_of_inside(key, value)
    });
    untold.map(|(key, _)| Placed::Untold(field(key)))
}

/// Whether an annotation is about load balancers, as far as its name tells.
fn is_balancers(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["load-balancer", "loadbalancer"].iter().any(|w| key.contains(w))
        || key.split(['.', '/', '-', '_']).any(|word| matches!(word, "lb" | "elb" | "nlb" | "alb" | "slb" | "clb"))
}

fn speaks_of_inside(key: &str, value: &str) -> bool {
    let is_word = |word: &str| ["internal", "intranet", "private"].iter().any(|w| word.eq_ignore_ascii_case(w));
    let named = key.rsplit('/').next().unwrap_or(key).split(['-', '_', '.']).any(is_word);
    let value = value.trim();
    is_word(value) || named && !value.is_empty() && !value.eq_ignore_ascii_case("false")
}

/// Whether the AWS Load Balancer Controller makes the load balancer of a Service, which is inside the network unless an
/// annotation puts it on the Internet: with the field that says so
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/>).
pub(super) fn inside_by_default(annotations: &Annotations, class: Option<&str>) -> Option<String> {
    const PREFIX: &str = "service.beta.kubernetes.io/aws-load-balancer";
    let is_said = |key: &str| annotations.contains_key(&format!("{PREFIX}-{key}"));
    // The older annotation says `false` for a load balancer on the Internet.
    if is_said("scheme") || is_said("internal") {
        return None;
    }
    if class == Some("service.k8s.aws/nlb") {
        return Some("spec.loadBalancerClass".to_owned());
    }
    let key = format!("{PREFIX}-type");
    let is_its = matches!(annotations.get(&key).map(String::as_str), Some("external" | "nlb-ip"));
    is_its.then(|| field(&key))
}

/// Whether all addresses that something is given are inside the network; `false` for none.
pub(super) fn are_inside<'t>(addresses: impl IntoIterator<Item = &'t str>) -> bool {
    let mut known = addresses.into_iter().filter_map(|a| a.trim().split('/').next()?.parse::<IpAddr>().ok()).peekable();
    known.peek().is_some() && known.all(|a| AddressSet::private().contains(a) || is_of_link(a))
}

/// Addresses of a link or of the machine itself.
fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_link_local() || a.is_loopback(),
        IpAddr::V6(a) => a.is_unicast_link_local() || a.is_loopback(),
    }
}

/// The annotation that gives a load balancer addresses of which all are inside the network.
pub(super) fn inside_addresses(annotations: &Annotations) -> Option<String> {
    let key = ADDRESSES.iter().find(|key| annotations.get(**key).is_some_and(|v| are_inside(v.split(','))))?;
    Some(field(key))
}

/// What restricts the clients of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restricted {
    /// Blocks that are let in; none for all.
    pub allowed: Vec<String>,
    /// Blocks that are kept out.
    pub denied: Vec<String>,
    /// The annotation that says so.
    pub field: Option<String>,
    /// An annotation that restricts them in a way that is not evaluated.
    pub unjudged: Option<String>,
}

/// Who may connect to the load balancer of a Service, by annotations.
pub(super) fn restricted(annotations: &Annotations) -> Restricted {
    let mut found = Restricted::default();
    for (keys, list) in [(RANGES, &mut found.allowed), (REFUSED, &mut found.denied)] {
        for key in keys {
            let Some(text) = annotations.get(*key) else { continue };
            match blocks(text) {
                Some(blocks) if blocks.is_empty() => {}
                Some(blocks) => {
                    list.extend(blocks);
                    found.field.get_or_insert_with(|| field(key));
                }
                None => found.unjudged = Some(field(key)),
            }
        }
    }
    let restricts = |(key, value): &(&String, &String)| {
        let known = RANGES.iter().chain(REFUSED).chain(HARMLESS).any(|k| k == key);
        let name = key.rsplit('/').next().unwrap_or(key);
        !known && is_balancers(key) && !value.trim().is_empty() && RESTRICTING.iter().any(|w| name.contains(w))
    };
    // Azure's tags are of load balancers, and their names do not say so.
    let azure = ["service.beta.kubernetes.io/azure-allowed-service-tags"].into_iter();
    let mut azure = azure.filter(|key| annotations.contains_key(*key)).map(field);
    let acl = ["alibaba-cloud", "alicloud"].into_iter().find_map(|cloud| {
        let key = |end: &str| format!("service.beta.kubernetes.io/{cloud}-loadbalancer-acl-{end}");
        (annotations.get(&key("status")).map(String::as_str) == Some("on")).then(|| field(&key("status")))
    });
    let other = annotations.iter().find(restricts).map(|(key, _)| field(key));
    found.unjudged = found.unjudged.or_else(|| azure.next()).or(acl).or(other);
    found
}

/// The blocks of a list; `None` if some of it is none. An address is a block of one, and DigitalOcean says of each what
/// it is.
fn blocks(text: &str) -> Option<Vec<String>> {
    let written = text.split([',', ' ', '\n']).map(str::trim).filter(|b| !b.is_empty());
    let block = |text: &str| {
        let text = text.strip_prefix("cidr:").or_else(|| text.strip_prefix("ip:")).unwrap_or(text);
        let is_address = text.split('/').next().is_some_and(|a| a.parse::<IpAddr>().is_ok());
        is_address.then(|| text.to_owned())
    };
    written.map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Annotations {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn an_internal_load_balancer_is_told_by_its_annotation_and_value() {
        let told = |k: &str, v: &str| placed(&with(&[(k, v)]));
        assert!(INSIDE.is_sorted_by_key(|(key, _)| key));
        for (key, value) in [
            ("networking.gke.io/load-balancer-type", "Internal"),
            ("service.beta.kubernetes.io/aws-load-balancer-internal", "0.0.0.0/0"),
            ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "subnet-1"),
            ("service.beta.kubernetes.io/do-loadbalancer-network", "INTERNAL"),
            (HUAWEI, r#"{"type": "inner", "name": "x"}"#),
        ] {
            assert!(matches!(told(key, value), Some(Placed::Inside(_))), "{key}");
        }
        for (key, value) in [
            ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing"),
            ("service.beta.kubernetes.io/azure-load-balancer-internal", "false"),
            ("load-balancer.hetzner.cloud/use-private-ip", "true"),
            ("external-dns.alpha.kubernetes.io/internal-hostname", "a.example.com"),
            (HUAWEI, r#"{"type": "public"}"#),
        ] {
            assert_eq!(told(key, value), None, "{key}");
        }
    }

    #[test]
    fn an_unknown_annotation_that_speaks_of_the_inside_is_a_doubt() {
        let told = |k: &str, v: &str| placed(&with(&[(k, v)]));
        assert!(matches!(told("cloud.example.com/internal-load-balancer", "true"), Some(Placed::Untold(_))));
        assert!(matches!(told("metallb.example.com/loadbalancer-pool", "private"), Some(Placed::Untold(_))));
        assert_eq!(told("cloud.example.com/internal-load-balancer", "false"), None);
    }

    #[test]
    fn the_controller_of_aws_makes_internal_load_balancers() {
        let key = "service.beta.kubernetes.io/aws-load-balancer-type";
        assert!(inside_by_default(&with(&[(key, "external")]), None).is_some());
        assert!(inside_by_default(&with(&[(key, "nlb")]), None).is_none());
        assert!(inside_by_default(&with(&[]), Some("service.k8s.aws/nlb")).is_some());
        let scheme = ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing");
        assert!(inside_by_default(&with(&[(key, "external"), scheme]), None).is_none());
    }

    #[test]
    fn blocks_of_clouds_are_read_and_what_is_none_is_not_judged() {
        let found = restricted(&with(&[(RANGES[2], "cidr:203.0.113.0/24,ip:198.51.100.4")]));
        assert_eq!((found.allowed.len(), found.unjudged), (2, None));
        let found = restricted(&with(&[(RANGES[1], "AzureFrontDoor.Backend")]));
        assert!(found.allowed.is_empty() && found.unjudged.is_some());
        let groups = "service.beta.kubernetes.io/aws-load-balancer-security-groups";
        assert!(restricted(&with(&[(groups, "sg-1")])).unjudged.is_some());
        assert_eq!(restricted(&with(&[(HARMLESS[0], "sg-1")])), Restricted::default());
    }

    #[test]
    fn addresses_are_inside_if_all_of_them_are() {
        assert!(are_inside(["10.1.2.3"]));
        assert!(are_inside(["192.168.1.9/32", "fd00::1"]));
        assert!(!are_inside(["10.1.2.3", "203.0.113.7"]));
        assert!(!are_inside([]));
    }
}
