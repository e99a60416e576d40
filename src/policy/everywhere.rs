//! All addresses outside of the cluster, as rules without a block of their own mean them.

use std::cell::Cell;

use crate::net::AddressSet;

/// All addresses: those of IPv4, and those of IPv6 too once some policy is known to name any.
#[derive(Debug, Default)]
pub(super) struct Everywhere {
    with_v6: Cell<bool>,
    names_v6: Cell<bool>,
}

impl Everywhere {
    /// Those of IPv4; `names_v6` says whether addresses of IPv6 were named already.
    pub fn new(names_v6: bool) -> Everywhere {
        Everywhere { with_v6: Cell::new(false), names_v6: Cell::new(names_v6) }
    }

    /// Takes note of addresses that a rule names.
    pub fn notice(&self, addresses: &AddressSet) {
        self.notice_v6(addresses.has_v6());
    }

    /// Takes note of whether a rule names addresses of IPv6.
    pub fn notice_v6(&self, names_v6: bool) {
        self.names_v6.set(self.names_v6.get() || names_v6);
    }

    /// Whether rules about all addresses were read without those of IPv6, which some policy names. From then on these
    /// are among them.
    pub fn must_read_again(&self, others_name_v6: bool) -> bool {
        !self.with_v6.replace(true) && (others_name_v6 || self.names_v6.get())
    }

    /// The addresses.
    pub fn addresses(&self) -> AddressSet {
        let v4 = AddressSet::all_v4();
        if self.with_v6.get() { v4.with(&AddressSet::all_v6()) } else { v4 }
    }
}
