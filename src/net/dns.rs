//! Names in the DNS of a cluster (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>).

/// The domain of a cluster.
const DOMAIN: &str = ".cluster.local";

/// The name of a Service, or of a pod behind one, as a pod of the cluster looks it up.
///
/// It says nothing of whether there is such a Service. `a.b` may also be the pod `a` behind the Service `b` of the
/// namespace in which it is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterName<'n> {
    /// The pod, in the name of one: `db-0` of `db-0.db.data`.
    pub pod: Option<&'n str>,
    /// The Service.
    pub service: &'n str,
    /// The namespace; `None` if it is the one in which the name is looked up.
    pub namespace: Option<&'n str>,
    /// True if the name ends in `.svc` or `.svc.cluster.local`: it can mean nothing else.
    pub is_full: bool,
}

impl<'n> ClusterName<'n> {
    /// Reads `web`, `web.shop`, `web.shop.svc`, `web.shop.svc.cluster.local`, and all but the first with a pod before
    /// it; without a dot at the end. Nothing else in the domain of the cluster names a Service.
    pub fn parse(name: &'n str) -> Option<ClusterName<'n>> {
        let stem = name.strip_suffix(DOMAIN).unwrap_or(name);
        let front = stem.strip_suffix(".svc");
        if front.is_none() && stem != name {
            return None;
        }
        // A namespace may be called `svc`.
        let front = front.filter(|f| stem != name || f.contains('.'));
        let is_full = front.is_some();
        let labels: Vec<&str> = front.unwrap_or(name).split('.').collect();
        let (pod, service, namespace) = match labels.as_slice() {
            [service] if !is_full => (None, *service, None),
            [service, namespace] => (None, *service, Some(*namespace)),
            [pod, service, namespace] => (Some(*pod), *service, Some(*namespace)),
            _ => return None,
        };
        (!labels.contains(&"")).then_some(ClusterName { pod, service, namespace, is_full })
    }

    /// True if a name can only be one of the cluster, whether it names a Service or not.
    pub fn is_inside(name: &str) -> bool {
        name.ends_with(DOMAIN) || name.ends_with(".svc")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_told_from_other_names() {
        let name = |pod, namespace, is_full| Some(ClusterName { pod, service: "db", namespace, is_full });
        assert_eq!(ClusterName::parse("db"), name(None, None, false));
        assert_eq!(ClusterName::parse("db.data"), name(None, Some("data"), false));
        for full in ["db.data.svc", "db.data.svc.cluster.local"] {
            assert_eq!(ClusterName::parse(full), name(None, Some("data"), true));
            assert_eq!(ClusterName::parse(&format!("db-0.{full}")), name(Some("db-0"), Some("data"), true));
        }
        assert_eq!(ClusterName::parse("db-0.db.data"), name(Some("db-0"), Some("data"), false));
        assert_eq!(ClusterName::parse("db.svc"), name(None, Some("svc"), false));
        for other in [
            "",
            "db.svc.cluster.local",
            "db.data.cluster.local",
            "a.b.c.d.svc",
            "db..svc",
            "svc.cluster.local",
            "a.b.c.d",
        ] {
            assert_eq!(ClusterName::parse(other), None, "{other}");
        }
        assert!(ClusterName::is_inside("db.data.cluster.local") && !ClusterName::is_inside("db.example.com"));
    }
}
