//! Sets of IPv4 and IPv6 addresses: CIDR blocks, with parts of them taken out.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;
use std::fmt;

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use range_set_blaze::RangeSetBlaze;

/// A set of addresses of both families.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddressSet {
    v4: RangeSetBlaze<Ipv4Addr>,
    v6: RangeSetBlaze<Ipv6Addr>,
}

/// A stretch of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressRange {
    /// Of IPv4.
    V4(Ipv4Addr, Ipv4Addr),
    /// Of IPv6.
    V6(Ipv6Addr, Ipv6Addr),
}

/// Positions of a part of each of two ways of taking addresses apart.
pub type Parts = (Option<usize>, Option<usize>);

impl AddressRange {
    fn of_numbers(v6: bool, first: u128, last: u128) -> AddressRange {
        if v6 {
            AddressRange::V6(Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last))
        } else {
            AddressRange::V4(Ipv4Addr::from_bits(first as u32), Ipv4Addr::from_bits(last as u32))
        }
    }

    /// The fewest CIDR blocks that cover it exactly.
    pub fn cidrs(self) -> Vec<String> {
        match self {
            AddressRange::V4(a, b) => Ipv4Subnets::new(a, b, 0).map(|n| n.to_string()).collect(),
            AddressRange::V6(a, b) => Ipv6Subnets::new(a, b, 0).map(|n| n.to_string()).collect(),
        }
    }

    /// Whether it is every address of its family.
    pub fn is_whole_family(self) -> bool {
        match self {
            AddressRange::V4(a, b) => a == Ipv4Addr::UNSPECIFIED && b == Ipv4Addr::BROADCAST,
            AddressRange::V6(a, b) => a == Ipv6Addr::UNSPECIFIED && b == Ipv6Addr::from(u128::MAX),
        }
    }
}

impl fmt::Display for AddressRange {
    /// `first-last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressRange::V4(a, b) => write!(f, "{a}-{b}"),
            AddressRange::V6(a, b) => write!(f, "{a}-{b}"),
        }
    }
}

impl AddressSet {
    /// No address.
    pub fn none() -> AddressSet {
        AddressSet::default()
    }

    /// Every address of IPv4.
    pub fn all_v4() -> AddressSet {
        AddressSet::range(AddressRange::V4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST))
    }

    /// Every address of IPv6.
    pub fn all_v6() -> AddressSet {
        AddressSet::range(AddressRange::V6(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from(u128::MAX)))
    }

    /// The addresses of a stretch.
    pub fn range(range: AddressRange) -> AddressSet {
        let mut set = AddressSet::none();
        match range {
            AddressRange::V4(a, b) => set.v4 = RangeSetBlaze::from_iter([a..=b]),
            AddressRange::V6(a, b) => set.v6 = RangeSetBlaze::from_iter([a..=b]),
        }
        set
    }

    /// The addresses of a CIDR block.
    pub fn block(block: IpNet) -> AddressSet {
        AddressSet::range(match block {
            IpNet::V4(net) => AddressRange::V4(net.network(), net.broadcast()),
            IpNet::V6(net) => AddressRange::V6(net.network(), net.broadcast()),
        })
    }

    /// Addresses that clusters give to pods and that the Internet does not route: those for private networks (RFC 1918,
    /// RFC 6598, RFC 4193).
    pub fn private() -> AddressSet {
        let v4 = |a, b, c, d, len| Ipv4Net::new(Ipv4Addr::new(a, b, c, d), len).map(IpNet::V4);
        let v6 = Ipv6Net::new(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7).map(IpNet::V6);
        let blocks = [v4(10, 0, 0, 0, 8), v4(172, 16, 0, 0, 12), v4(192, 168, 0, 0, 16), v4(100, 64, 0, 0, 10), v6];
        blocks.into_iter().flatten().fold(AddressSet::none(), |set, block| set.with(&AddressSet::block(block)))
    }

    /// Whether there is no address in it.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(a) => self.v4.contains(a),
            IpAddr::V6(a) => self.v6.contains(a),
        }
    }

    /// Whether it has an IPv6 address.
    pub fn has_v6(&self) -> bool {
        !self.v6.is_empty()
    }

    /// The addresses of either set.
    pub fn union(&self, other: &AddressSet) -> AddressSet {
        AddressSet { v4: &self.v4 | &other.v4, v6: &self.v6 | &other.v6 }
    }

    /// Puts the addresses of another set in: as much work as the smaller one has stretches.
    pub fn add(&mut self, other: &AddressSet) {
        fn grow<T: range_set_blaze::Integer>(all: &mut RangeSetBlaze<T>, more: &RangeSetBlaze<T>) {
            if more.ranges_len() > all.ranges_len() {
                let few = std::mem::replace(all, more.clone());
                all.extend(few.ranges());
            } else {
                all.extend(more.ranges());
            }
        }
        grow(&mut self.v4, &other.v4);
        grow(&mut self.v6, &other.v6);
    }

    /// The same with the addresses of another set.
    pub fn with(mut self, other: &AddressSet) -> AddressSet {
        self.add(other);
        self
    }

    /// The addresses of both sets.
    pub fn intersection(&self, other: &AddressSet) -> AddressSet {
        AddressSet { v4: &self.v4 & &other.v4, v6: &self.v6 & &other.v6 }
    }

    /// The addresses that are not in the other set.
    pub fn difference(&self, other: &AddressSet) -> AddressSet {
        AddressSet { v4: &self.v4 - &other.v4, v6: &self.v6 - &other.v6 }
    }

    /// Two ways of taking addresses apart, as one: what lies in each two of their parts, or in one of them only, by the
    /// positions of the parts. As much work as sorting all stretches.
    pub fn overlaid(one: &[AddressSet], other: &[AddressSet]) -> Vec<(Parts, AddressSet)> {
        let mut found: BTreeMap<(bool, usize, bool, usize), AddressSet> = BTreeMap::new();
        let mut add = |(a, b): Parts, range: AddressRange| {
            let key = (a.is_none(), a.unwrap_or_default(), b.is_none(), b.unwrap_or_default());
            found.entry(key).or_default().add(&AddressSet::range(range));
        };
        // The stretches of each side are apart, so that at most one of each is open at a time.
        for v6 in [false, true] {
            let mut changes: BTreeMap<u128, Vec<(bool, Option<usize>)>> = BTreeMap::new();
            for (second, sets) in [(false, one), (true, other)] {
                for (at, set) in sets.iter().enumerate() {
                    for (first, last) in set.numbers(v6) {
                        changes.entry(first).or_default().push((second, Some(at)));
                        if let Some(next) = last.checked_add(1) {
                            changes.entry(next).or_default().insert(0, (second, None));
                        }
                    }
                }
            }
            let (mut open, mut rest): (Parts, _) = ((None, None), changes.iter().peekable());
            while let Some((&first, turns)) = rest.next() {
                for (second, at) in turns {
                    *(if *second { &mut open.1 } else { &mut open.0 }) = *at;
                }
                let last = rest.peek().map_or(u128::MAX, |(next, _)| **next - 1);
                if open != (None, None) {
                    add(open, AddressRange::of_numbers(v6, first, last));
                }
            }
        }
        let part = |none: bool, at: usize| (!none).then_some(at);
        found.into_iter().map(|((no_a, a, no_b, b), set)| ((part(no_a, a), part(no_b, b)), set)).collect()
    }

    /// Its stretches of a family as numbers.
    fn numbers(&self, v6: bool) -> Vec<(u128, u128)> {
        let of = |range: AddressRange| match range {
            AddressRange::V4(a, b) if !v6 => Some((u128::from(a.to_bits()), u128::from(b.to_bits()))),
            AddressRange::V6(a, b) if v6 => Some((a.to_bits(), b.to_bits())),
            _ => None,
        };
        self.ranges().into_iter().filter_map(of).collect()
    }

    /// It as people write it: blocks, and the parts of them that are not in it. One block with holes where that takes
    /// fewer words.
    pub fn with_holes(&self) -> (Vec<String>, Vec<String>) {
        let blocks =
            |set: &AddressSet| -> Vec<String> { set.ranges().into_iter().flat_map(AddressRange::cidrs).collect() };
        let plain = blocks(self);
        let hull = match (self.v4.first().zip(self.v4.last()), self.v6.first().zip(self.v6.last())) {
            (Some((a, b)), None) => {
                let shared = (a.to_bits() ^ b.to_bits()).leading_zeros() as u8;
                Ipv4Net::new(a, shared).ok().map(|n| IpNet::V4(n.trunc()))
            }
            (None, Some((a, b))) => {
                let shared = (a.to_bits() ^ b.to_bits()).leading_zeros() as u8;
                Ipv6Net::new(a, shared).ok().map(|n| IpNet::V6(n.trunc()))
            }
            _ => None,
        };
        if let Some(hull) = hull {
            let holes = blocks(&AddressSet::block(hull).difference(self));
            if 1 + holes.len() < plain.len() {
                return (vec![hull.to_string()], holes);
            }
        }
        (plain, Vec::new())
    }

    /// Its stretches, ascending, IPv4 first.
    pub fn ranges(&self) -> Vec<AddressRange> {
        let v4 = self.v4.ranges().map(|r| AddressRange::V4(*r.start(), *r.end()));
        let v6 = self.v6.ranges().map(|r| AddressRange::V6(*r.start(), *r.end()));
        v4.chain(v6).collect()
    }
}

impl fmt::Display for AddressSet {
    /// CIDR blocks, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks: Vec<String> = self.ranges().into_iter().flat_map(AddressRange::cidrs).collect();
        f.write_str(&blocks.join(", "))
    }
}

impl fmt::Debug for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a CIDR block as the API server does: a prefix length is needed, bits behind it may be set, numbers may begin
/// with zeros (<https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#IPBlock>).
pub fn parse_cidr(text: &str) -> Result<IpNet, String> {
    let help = "a block is written like 10.0.0.0/8 or fd00::/8";
    if !text.contains('/') {
        return Err(format!("`{text}` has no prefix length; {help}"));
    }
    let length = text.rsplit('/').next().unwrap_or_default();
    let is_plain = length == "0" || !length.starts_with(['+', '0']);
    text.parse::<IpNet>().ok().filter(|_| is_plain).ok_or_else(|| format!("`{text}` is no CIDR block; {help}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> AddressSet {
        AddressSet::block(parse_cidr(text).unwrap())
    }

    #[test]
    fn blocks_with_holes_are_ranges() {
        let set = block("10.0.0.0/8").difference(&block("10.1.0.0/16"));
        let ranges: Vec<String> = set.ranges().iter().map(AddressRange::to_string).collect();
        assert_eq!(ranges, ["10.0.0.0-10.0.255.255", "10.2.0.0-10.255.255.255"]);
        assert!(set.contains("10.2.3.4".parse().unwrap()) && !set.contains("10.1.3.4".parse().unwrap()));
        assert_eq!(set.union(&block("10.1.0.0/16")).to_string(), "10.0.0.0/8");
    }

    #[test]
    fn holes_are_told_where_that_is_shorter() {
        let check = |set: AddressSet, expected: (&[&str], &[&str])| {
            let (blocks, holes) = set.with_holes();
            assert_eq!(blocks, expected.0);
            assert_eq!(holes, expected.1);
        };
        check(block("0.0.0.0/0").difference(&block("10.0.0.0/8")), (&["0.0.0.0/0"], &["10.0.0.0/8"]));
        check(block("fd00::/8").difference(&block("fd00:1::/32")), (&["fd00::/8"], &["fd00:1::/32"]));
        check(block("10.0.0.0/24").union(&block("192.168.0.0/16")), (&["10.0.0.0/24", "192.168.0.0/16"], &[]));
        check(AddressSet::none(), (&[], &[]));
    }

    #[test]
    fn families_are_apart() {
        let both = AddressSet::all_v4().union(&block("fd00::/8"));
        assert!(both.has_v6() && !AddressSet::all_v4().has_v6());
        assert_eq!(both.difference(&AddressSet::all_v6()).to_string(), "0.0.0.0/0");
        assert!(both.ranges()[0].is_whole_family() && !both.ranges()[1].is_whole_family());
        assert!(!AddressSet::private().intersection(&block("172.20.0.0/24")).is_empty());
    }

    #[test]
    fn what_is_no_block_says_so() {
        let check = |text: &str, word: &str| assert!(parse_cidr(text).unwrap_err().contains(word), "{text}");
        check("10.0.0.0", "no prefix length");
        check("10.0.0/8", "no CIDR block");
        check("10.0.0.0/33", "no CIDR block");
        check("zc00::/8", "no CIDR block");
        check("10.0.0.0/08", "no CIDR block");
        assert_eq!(block("10.1.2.3/8").to_string(), "10.0.0.0/8");
    }
}
