//! Sets of ports by protocol, and the ports that containers declare.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, LazyLock};

use range_set_blaze::RangeSetBlaze;

use super::Protocol;

/// The least port of a protocol; the greatest is `u16::MAX`.
const FIRST: u16 = 1;

/// The ports of nodes that Services may have, unless the API server is configured otherwise
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport>).
pub const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

/// The place of a protocol's ports in the one line of numbers that a [`PortSet`] is made of.
fn base(protocol: Protocol) -> u32 {
    (protocol as u32) << 16
}

/// A set of ports of TCP, UDP and SCTP. Copies share their ranges: a rule has one set for all of its peers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PortSet {
    ranges: Arc<RangeSetBlaze<u32>>,
}

impl Default for PortSet {
    fn default() -> PortSet {
        PortSet::none()
    }
}

impl Ord for PortSet {
    fn cmp(&self, other: &PortSet) -> Ordering {
        if Arc::ptr_eq(&self.ranges, &other.ranges) { Ordering::Equal } else { self.ranges.cmp(&other.ranges) }
    }
}

impl PartialOrd for PortSet {
    fn partial_cmp(&self, other: &PortSet) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<RangeSetBlaze<u32>> for PortSet {
    fn from(ranges: RangeSetBlaze<u32>) -> PortSet {
        PortSet { ranges: Arc::new(ranges) }
    }
}

impl PortSet {
    /// No port at all.
    pub fn none() -> PortSet {
        static NONE: LazyLock<Arc<RangeSetBlaze<u32>>> = LazyLock::new(Arc::default);
        PortSet { ranges: Arc::clone(&NONE) }
    }

    /// Every port of every protocol.
    pub fn all() -> PortSet {
        Protocol::ALL.into_iter().fold(PortSet::none(), |set, p| set.with(&PortSet::protocol(p)))
    }

    /// Every port of a protocol.
    pub fn protocol(protocol: Protocol) -> PortSet {
        PortSet::range(protocol, FIRST, u16::MAX)
    }

    /// One port.
    pub fn port(protocol: Protocol, port: u16) -> PortSet {
        PortSet::range(protocol, port, port)
    }

    /// The ports from one to another, both included; none if the first is greater.
    pub fn range(protocol: Protocol, first: u16, last: u16) -> PortSet {
        let base = base(protocol);
        let (first, last) = (base + u32::from(first.max(FIRST)), base + u32::from(last));
        if first > last { PortSet::none() } else { RangeSetBlaze::from_iter([first..=last]).into() }
    }

    /// Puts the ports of another set in: as much work as the smaller one has ranges.
    pub fn add(&mut self, other: &PortSet) {
        let few = if other.ranges.ranges_len() > self.ranges.ranges_len() {
            &std::mem::replace(&mut self.ranges, Arc::clone(&other.ranges))
        } else {
            &other.ranges
        };
        if !few.is_empty() && !Arc::ptr_eq(few, &self.ranges) {
            Arc::make_mut(&mut self.ranges).extend(few.ranges());
        }
    }

    /// The same with the ports of another set.
    pub fn with(mut self, other: &PortSet) -> PortSet {
        self.add(other);
        self
    }

    /// Whether there is no port in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many ports are in it.
    pub fn count(&self) -> u64 {
        self.ranges.len()
    }

    /// Whether every port of every protocol is in it.
    pub fn is_all(&self) -> bool {
        self.ranges.ranges_len() == 3 && self.ranges.len() == 3 * u64::from(u16::MAX)
    }

    /// Whether a port is in it.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.ranges.contains(base(protocol) + u32::from(port))
    }

    /// The ports of either set.
    pub fn union(&self, other: &PortSet) -> PortSet {
        self.clone().with(other)
    }

    /// The ports of both sets.
    pub fn intersection(&self, other: &PortSet) -> PortSet {
        match self.few_of(other, true) {
            Some(few) => few,
            None if Arc::ptr_eq(&self.ranges, &other.ranges) => self.clone(),
            None => (&*self.ranges & &*other.ranges).into(),
        }
    }

    /// The ports that are not in the other set.
    pub fn difference(&self, other: &PortSet) -> PortSet {
        match self.few_of(other, false) {
            Some(few) => few,
            None => (&*self.ranges - &*other.ranges).into(),
        }
    }

    /// The ports that are in another set, or are not, where that takes fewer steps port by port than range by range.
    fn few_of(&self, other: &PortSet, inside: bool) -> Option<PortSet> {
        const MUCH: usize = 16;
        let (own, others) = (self.ranges.ranges_len(), other.ranges.ranges_len());
        if others < MUCH * own.max(1) || self.ranges.len() != own as u64 {
            return None;
        }
        let kept = self.ranges.iter().filter(|port| other.ranges.contains(*port) == inside);
        Some(kept.collect::<RangeSetBlaze<u32>>().into())
    }

    /// The ranges of a protocol, both ends included, ascending.
    pub fn ranges(&self, protocol: Protocol) -> Vec<(u16, u16)> {
        let base = base(protocol);
        let own = self.ranges.ranges().filter(|r| r.start() >> 16 == base >> 16);
        own.map(|r| ((r.start() - base) as u16, (r.end() - base) as u16)).collect()
    }
}

impl fmt::Display for PortSet {
    /// `all`, `none`, or as in `TCP 80, 443, 8000-8080; UDP 53`; every port of a protocol is just its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all");
        }
        let mut parts = Vec::new();
        for protocol in Protocol::ALL {
            let ranges = self.ranges(protocol);
            if ranges.is_empty() {
                continue;
            }
            if ranges == [(FIRST, u16::MAX)] {
                parts.push(protocol.as_str().to_owned());
                continue;
            }
            let words: Vec<String> =
                ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
            parts.push(format!("{} {}", protocol.as_str(), words.join(", ")));
        }
        f.write_str(if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }.as_str())
    }
}

impl fmt::Debug for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPort {
    /// Its name, by which policies and Services may call it.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub number: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_do_not_run_into_each_other() {
        let tcp = PortSet::protocol(Protocol::Tcp);
        assert_eq!(tcp.ranges(Protocol::Tcp), [(1, 65535)]);
        assert!(tcp.ranges(Protocol::Udp).is_empty());
        assert!(PortSet::all().is_all());
        assert!(!PortSet::all().difference(&PortSet::port(Protocol::Sctp, 1)).is_all());
        assert_eq!(PortSet::all().difference(&tcp).to_string(), "UDP; SCTP");
    }

    #[test]
    fn neighbors_become_one_range() {
        let set = PortSet::range(Protocol::Tcp, 80, 81)
            .union(&PortSet::port(Protocol::Tcp, 82))
            .union(&PortSet::port(Protocol::Udp, 53));
        assert_eq!(set.to_string(), "TCP 80-82; UDP 53");
        assert!(set.contains(Protocol::Tcp, 82) && !set.contains(Protocol::Udp, 80));
        assert!(PortSet::range(Protocol::Tcp, 2, 1).is_empty());
        assert!(!PortSet::all().contains(Protocol::Tcp, 0));
    }
}
