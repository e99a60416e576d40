//! Layers: which items stand left of which others, by the direction of the connections.
//!
//! Guarantees: connections lead from a lower layer to a higher one, but for those that close a cycle; the work is n log
//! n in items and connections; the result does not depend on the order of connections.

use std::collections::{BTreeMap, BTreeSet};

/// How early an item wants to stand, before its number decides: its distance from where traffic comes from.
pub(super) type Distance = usize;

/// Connections between two items, as one.
struct Arcs {
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
}

impl Arcs {
    /// The direction of most connections of each pair.
    fn of(count: usize, ties: impl Iterator<Item = (usize, usize)>, distance: &[Distance]) -> Arcs {
        let mut net: BTreeMap<(usize, usize), i64> = BTreeMap::new();
        for (a, b) in ties.filter(|(a, b)| a != b) {
            *net.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
        }
        let mut arcs = Arcs { out: vec![Vec::new(); count], into: vec![Vec::new(); count] };
        for ((a, b), weight) in net {
            let ahead = weight > 0 || (weight == 0 && distance[a] <= distance[b]);
            let (from, to) = if ahead { (a, b) } else { (b, a) };
            arcs.out[from].push(to);
            arcs.into[to].push(from);
        }
        arcs
    }
}

/// An order of all items in which few connections lead back: again and again the sources go first and the sinks last;
/// in a cycle, the item that leads to more than leads to it goes first (Eades, Lin and Smyth).
fn sequence(arcs: &Arcs, distance: &[Distance]) -> Vec<usize> {
    let count = distance.len();
    let mut out: Vec<i64> = arcs.out.iter().map(|a| a.len() as i64).collect();
    let mut into: Vec<i64> = arcs.into.iter().map(|a| a.len() as i64).collect();
    let key = |i: usize, out: &[i64], into: &[i64]| {
        let class = if into[i] == 0 {
            0
        } else if out[i] == 0 {
            2
        } else {
            1
        };
        (class, distance[i], into[i] - out[i], i)
    };
    let mut waiting: BTreeSet<_> = (0..count).map(|i| key(i, &out, &into)).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while let Some(&entry) = waiting.first() {
        // A sink goes to the end as soon as nothing starts.
        let sink = waiting.last().filter(|e| e.0 == 2).copied();
        let (entry, at_end) = match sink {
            Some(sink) if entry.0 != 0 => (sink, true),
            _ => (entry, false),
        };
        waiting.remove(&entry);
        let i = entry.3;
        if at_end {
            last.push(i)
        } else {
            first.push(i)
        }
        for (others, is_out) in [(&arcs.out[i], true), (&arcs.into[i], false)] {
            for &other in others {
                if waiting.remove(&key(other, &out, &into)) {
                    if is_out {
                        into[other] -= 1
                    } else {
                        out[other] -= 1
                    }
                    waiting.insert(key(other, &out, &into));
                }
            }
        }
    }
    first.extend(last.into_iter().rev());
    first
}

/// The layer of each item. `entered` are items that connections from elsewhere lead to: they stay as far left as they
/// can.
pub(super) fn layers(
    count: usize,
    ties: impl Iterator<Item = (usize, usize)>,
    distance: &[Distance],
    entered: &[bool],
) -> Vec<usize> {
    let arcs = Arcs::of(count, ties, distance);
    let order = sequence(&arcs, distance);
    let mut rank = vec![0; count];
    for (place, &item) in order.iter().enumerate() {
        rank[item] = place;
    }
    let mut layer: Vec<usize> = vec![0; count];
    for &item in &order {
        let before = arcs.into[item].iter().filter(|&&o| rank[o] < rank[item]);
        layer[item] = before.map(|&o| layer[o] + 1).max().unwrap_or(0);
    }
    // What nothing leads to stands right before what it leads to.
    for &item in order.iter().rev() {
        let starts = arcs.into[item].iter().all(|&o| rank[o] > rank[item]);
        let after = arcs.out[item].iter().filter(|&&o| rank[o] > rank[item]).map(|&o| layer[o]).min();
        if let (true, false, Some(after)) = (starts, entered[item], after) {
            layer[item] = after.saturating_sub(1);
        }
    }
    layer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_lead_right_but_for_one_of_a_cycle() {
        let ties = [(0, 1), (1, 2), (2, 3), (3, 1), (4, 3)];
        let got = layers(5, ties.into_iter(), &[0, 1, 2, 3, 9], &[false; 5]);
        assert_eq!(got, [0, 1, 2, 3, 2]);
        let entered = [false, false, false, false, true];
        assert_eq!(layers(5, ties.into_iter(), &[0, 1, 2, 3, 9], &entered)[4], 0);
    }
}
