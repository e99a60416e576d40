//! Findings that are made on the way here, when objects are sorted and policies are read.

use super::registry::family;

family! {
    DuplicateObject, "duplicate-object", false, "Two objects have the same kind, namespace and name and different content. Only one of them can be in a cluster, and which one depends on what is applied last; here the first in path order is looked at. Often a base and its overlay were both given.";
    UnsupportedPolicy, "unsupported-policy", false, "The manifests contain policies of kinds that are not evaluated, such as those of Calico, Cilium or Istio. They may allow or deny more than what is said of connections, and findings about what policies deny are left out where these may change the verdict.";
}
