//! Takes crossings out of the lines between frames: lines that share a gap or a gutter change places as long as that
//! helps.
//!
//! The router orders lines by rules that are right for two of them. With many, and with lines that branch, trying is
//! better: every line is put into every other place among those that it shares a space with, and stays where fewest
//! lines cross.

use std::collections::BTreeMap;

use super::crossing;
use super::inner::Book;
use super::route::{Orders, Plan, Routed, route};

/// With more lines than this between frames, each try takes too long.
const MOST_NETS: usize = 64;

/// The picture with fewer crossings, if the given number of tries finds any.
pub(super) fn untangle(book: &Book<'_>, plan: &Plan, mut best: Routed, tries: usize) -> Routed {
    if book.scene.nets.len() > MOST_NETS {
        return best;
    }
    let mut least = cost(&best);
    let mut left = tries;
    let mut improved = true;
    while improved && least > 0 {
        improved = false;
        for place in places(&best.orders) {
            for from in 0..place.len(&best.orders) {
                for to in 0..place.len(&best.orders) {
                    if from == to || from == to + 1 {
                        continue;
                    }
                    if left == 0 || least == 0 {
                        return best;
                    }
                    left -= 1;
                    let mut orders = best.orders.clone();
                    place.put(&mut orders, from, to);
                    let routed = route(book, plan, &orders);
                    let cost = cost(&routed);
                    // No wider for it: a picture that needs another track is larger in all its texts.
                    if cost < least && routed.width <= best.width + 0.01 {
                        (best, least, improved) = (routed, cost, true);
                    }
                }
            }
        }
    }
    best
}

/// Where lines share a space.
#[derive(Clone, Copy)]
enum Place {
    Gap((usize, usize)),
    Gutter(usize),
}

fn places(orders: &Orders) -> Vec<Place> {
    let gaps = orders.gaps.iter().flat_map(BTreeMap::keys).map(|key| Place::Gap(*key));
    gaps.chain((0..orders.gutters.len()).map(Place::Gutter)).collect()
}

impl Place {
    fn nets<'a>(&self, orders: &'a mut Orders) -> Option<&'a mut Vec<usize>> {
        match self {
            Place::Gap(key) => orders.gaps.as_mut()?.get_mut(key),
            Place::Gutter(gutter) => orders.gutters.get_mut(*gutter),
        }
    }

    fn len(&self, orders: &Orders) -> usize {
        let nets = match self {
            Place::Gap(key) => orders.gaps.as_ref().and_then(|g| g.get(key)),
            Place::Gutter(gutter) => orders.gutters.get(*gutter),
        };
        nets.map_or(0, Vec::len)
    }

    /// Moves a line to another place among its neighbors.
    fn put(&self, orders: &mut Orders, from: usize, to: usize) {
        if let Some(nets) = self.nets(orders) {
            let net = nets.remove(from);
            nets.insert(to, net);
        }
    }
}

/// Crossings of lines as the eye sees them, and of the edges that run in them.
fn cost(routed: &Routed) -> usize {
    let seen = crossing::count(routed.paths.iter().map(|((net, _), line)| (*net, line.as_slice())));
    let edges = crossing::count(routed.paths.values().enumerate().map(|(index, line)| (index, line.as_slice())));
    seen + edges
}
