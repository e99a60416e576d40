//! Tiers and orders: who is asked before whom.
//!
//! The tiers of the network policy API and of Calico stand in one line: Calico gives those of the API orders of their
//! own (<https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy>). What a service mesh says
//! comes before all of them, and lets them go on.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A rank among tiers, or among the policies of a tier: the lesser is asked first.
#[derive(Clone, Copy, Debug)]
pub struct Order(f64);

impl Order {
    /// Before everything that has an order.
    pub const FIRST: Order = Order(f64::NEG_INFINITY);
    /// After everything that has an order.
    pub const LAST: Order = Order(f64::INFINITY);

    /// An order; what is no number comes last.
    pub fn new(order: f64) -> Order {
        // Adding zero makes the negative one positive, which is the same to Calico.
        if order.is_nan() { Order::LAST } else { Order(order + 0.0) }
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Order) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Order {}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Order) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Order) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            order if *order == Order::LAST => f.write_str("none"),
            order if *order == Order::FIRST => f.write_str("first"),
            Order(order) => order.fmt(f),
        }
    }
}

/// The tiers, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Policies of a service mesh, which hold beside those of the network: what they allow goes on to the other tiers.
    Mesh,
    /// AdminNetworkPolicies, and ClusterNetworkPolicies of this tier.
    Admin,
    /// NetworkPolicies, and Calico's policies of the tier `default`.
    Network,
    /// The BaselineAdminNetworkPolicy, and ClusterNetworkPolicies of this tier.
    Baseline,
    /// Another tier of Calico: its order and its name.
    Calico(Order, Arc<str>),
}

impl Tier {
    /// Orders of the tiers that Calico makes by itself
    /// (<https://docs.tigera.io/calico/latest/reference/resources/tier>).
    fn rank(&self) -> (Order, &str) {
        match self {
            Tier::Mesh => (Order(f64::NEG_INFINITY), ""),
            Tier::Admin => (Order(1_000.0), "kube-admin"),
            Tier::Network => (Order(1_000_000.0), "default"),
            Tier::Baseline => (Order(10_000_000.0), "kube-baseline"),
            Tier::Calico(order, name) => (*order, name),
        }
    }

    /// Whether what it allows goes on to the tiers after it, as what it does not decide.
    pub fn is_gate(&self) -> bool {
        *self == Tier::Mesh
    }
}

impl PartialOrd for Tier {
    fn partial_cmp(&self, other: &Tier) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tier {
    fn cmp(&self, other: &Tier) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_in_the_order_of_calico() {
        let calico = |order: Order| Tier::Calico(order, "x".into());
        let tiers = [
            Tier::Mesh,
            calico(Order::new(999.5)),
            Tier::Admin,
            calico(Order::new(1_000.0)),
            Tier::Network,
            Tier::Baseline,
            calico(Order::LAST),
        ];
        assert!(tiers.is_sorted());
        assert_eq!(Order::new(1_000.0).to_string(), "1000");
        assert_eq!((Order::new(-0.0), Order::new(f64::NAN)), (Order::new(0.0), Order::LAST));
    }
}
