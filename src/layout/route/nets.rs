//! Which connections share a trunk: those of one style with a common source or a common target, in as few trunks as a
//! greedy choice finds.

use std::collections::{BTreeMap, BTreeSet};

use super::runs::Lines;
use super::types::{Connection, End, Port};

/// Connections that share a trunk.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Net {
    /// The common end.
    pub root: End,
    /// Whether the common end is the source.
    pub by_source: bool,
    /// The style.
    pub style: u32,
    /// The connections.
    pub members: Vec<usize>,
}

/// What is known from attempts before, in which labels found no place or lines no room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hints {
    /// These share no trunk.
    pub alone: BTreeSet<usize>,
    /// These end at the left or the right of cards.
    pub level: BTreeSet<usize>,
    /// Ways of the grid, by vertex and axis, on which lines found too little room, and how often.
    pub crowded: BTreeMap<(u32, usize), u32>,
}

impl Net {
    /// The other end of a connection.
    pub fn leaf(&self, c: &Connection) -> End {
        if self.by_source { c.to } else { c.from }
    }
}

impl Hints {
    /// Learns from connections whose labels are missing, runs that keep them from their places, and runs that lie too
    /// close together.
    pub fn learn(&mut self, lines: &Lines, missing: &[usize], blocking: &[usize], squeezed: &[usize]) {
        self.alone.extend(missing);
        if !missing.is_empty() {
            let blocking: BTreeSet<&usize> = blocking.iter().collect();
            let blocks = |i: &usize| lines.lines[*i].runs.iter().any(|r| blocking.contains(r));
            self.level.extend((0..lines.lines.len()).filter(blocks));
            self.level.extend(missing);
        }
        for edge in squeezed.iter().flat_map(|r| &lines.runs[*r].edges) {
            *self.crowded.entry(*edge).or_default() += 1;
        }
    }
}

type Key = (bool, u32, usize, Option<u64>);

fn key(is_target: bool, c: &Connection) -> Key {
    let end = if is_target { c.to } else { c.from };
    let row = match end.port {
        Port::Free => None,
        Port::Row { y } => Some(y.to_bits()),
    };
    (is_target, c.style, end.card, row)
}

/// Groups connections; the largest group first, then those that stay alone.
pub(super) fn group(connections: &[Connection], alone: &BTreeSet<usize>) -> Vec<Net> {
    let mut open: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (i, c) in connections.iter().enumerate().filter(|(i, _)| !alone.contains(i)) {
        open.entry(key(false, c)).or_default().push(i);
        open.entry(key(true, c)).or_default().push(i);
    }
    // Rows come first, since their lines begin at one point; then many before few, and sources before targets.
    let mut count: BTreeMap<Key, usize> = open.iter().map(|(k, v)| (*k, v.len())).collect();
    let rank = |n: usize, k: Key| (k.3.is_none(), std::cmp::Reverse(n), k);
    let mut queue: BTreeSet<_> = count.iter().map(|(k, n)| rank(*n, *k)).collect();
    let mut taken = vec![false; connections.len()];
    let mut nets = Vec::new();
    while let Some((_, _, best)) = queue.pop_first() {
        let members: Vec<usize> = open[&best].iter().copied().filter(|i| !taken[*i]).collect();
        let Some(first) = members.first().map(|i| &connections[*i]) else { continue };
        for i in &members {
            taken[*i] = true;
            let other = key(!best.0, &connections[*i]);
            if let Some(n) = count.get_mut(&other) {
                queue.remove(&rank(*n, other));
                *n -= 1;
                queue.insert(rank(*n, other));
            }
        }
        let root = if best.0 { first.to } else { first.from };
        nets.push(Net { root, by_source: !best.0, style: first.style, members });
    }
    for &i in alone {
        let c = &connections[i];
        nets.push(Net { root: c.from, by_source: true, style: c.style, members: vec![i] });
    }
    nets
}
