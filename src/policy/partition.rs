//! Cuts the addresses outside of the cluster into parts that no rule takes apart.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::collections::{BTreeMap, BTreeSet};

use crate::net::{AddressRange, AddressSet};

/// The parts into which some sets cut all addresses, each with the numbers of the sets that it lies in. IPv6 is only
/// there if a set mentions it: where none does, what holds for IPv4 holds for IPv6 as well.
pub(super) fn partition(sets: &[(usize, &AddressSet)]) -> Vec<(AddressSet, Vec<usize>)> {
    let mut parts: BTreeMap<(bool, Vec<usize>), AddressSet> = BTreeMap::new();
    let with_v6 = sets.iter().any(|(_, s)| s.has_v6());
    for v6 in [false, true] {
        if v6 && !with_v6 {
            continue;
        }
        // At each of these addresses some sets begin or end; `None` would lie behind the last address.
        let mut changes: BTreeMap<u128, (Vec<usize>, Vec<usize>)> = BTreeMap::from([(0, (Vec::new(), Vec::new()))]);
        let greatest = if v6 { u128::MAX } else { u128::from(u32::MAX) };
        for &(id, set) in sets {
            for range in set.ranges() {
                let (first, last) = match range {
                    AddressRange::V4(a, b) if !v6 => (u128::from(a.to_bits()), u128::from(b.to_bits())),
                    AddressRange::V6(a, b) if v6 => (a.to_bits(), b.to_bits()),
                    _ => continue,
                };
                changes.entry(first).or_default().0.push(id);
                if last < greatest {
                    changes.entry(last + 1).or_default().1.push(id);
                }
            }
        }
        let mut inside: BTreeSet<usize> = BTreeSet::new();
        let mut rest = changes.iter().peekable();
        while let Some((&first, (begin, end))) = rest.next() {
            for id in end {
                inside.remove(id);
            }
            inside.extend(begin);
            let last = rest.peek().map_or(greatest, |(next, _)| **next - 1);
            let range = if v6 {
                AddressRange::V6(Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last))
            } else {
                AddressRange::V4(Ipv4Addr::from_bits(first as u32), Ipv4Addr::from_bits(last as u32))
            };
            let part = parts.entry((v6, inside.iter().copied().collect())).or_default();
            part.add(&AddressSet::range(range));
        }
    }
    parts.into_iter().map(|((_, sets), addresses)| (addresses, sets)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::parse_cidr;

    fn block(text: &str) -> AddressSet {
        AddressSet::block(parse_cidr(text).unwrap())
    }

    fn words(sets: &[AddressSet]) -> Vec<String> {
        let numbered: Vec<(usize, &AddressSet)> = sets.iter().enumerate().collect();
        partition(&numbered).into_iter().map(|(a, s)| format!("{s:?} {a}")).collect()
    }

    #[test]
    fn without_sets_all_of_ipv4_is_one_part() {
        assert_eq!(words(&[]), ["[] 0.0.0.0/0"]);
    }

    #[test]
    fn overlapping_sets_make_parts() {
        let found = words(&[block("10.0.0.0/8"), block("10.0.0.0/9"), block("0.0.0.0/0")]);
        assert_eq!(
            found,
            [
                "[0, 1, 2] 10.0.0.0/9",
                "[0, 2] 10.128.0.0/9",
                &format!("[2] {}", block("0.0.0.0/0").difference(&block("10.0.0.0/8")))
            ]
        );
    }

    #[test]
    fn ipv6_is_there_if_somebody_speaks_of_it() {
        assert_eq!(words(&[block("::/0")]), ["[] 0.0.0.0/0", "[0] ::/0"]);
        assert_eq!(words(&[block("8000::/1")]), ["[] 0.0.0.0/0", "[] ::/1", "[0] 8000::/1"]);
    }

    #[test]
    fn sets_that_touch_keep_their_order() {
        assert_eq!(words(&[block("0.0.0.0/1"), block("128.0.0.0/1")]), ["[0] 0.0.0.0/1", "[1] 128.0.0.0/1"]);
    }
}
