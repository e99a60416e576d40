//! Assigns each net a vertical track in a gutter.
//!
//! Nets whose vertical runs do not meet share a track. Where a line that comes from the left and one that goes to the
//! right lie at the same height, the first must take the track further left, or they would lie on each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Nearer than this, two lines look like one; in user units.
const NEAR: f64 = 3.0;
/// Distance kept between the ends of two vertical runs on one track.
const CLEARANCE: f64 = 6.0;

/// The border of the gutter that a horizontal end runs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Toward {
    Left,
    Right,
}

/// A horizontal end of a net in a gutter.
#[derive(Clone, Debug)]
pub(super) struct Stub {
    pub net: usize,
    pub toward: Toward,
    pub y: f64,
}

/// The tracks of a gutter.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracks {
    /// For each net that bends in it its track, from left to right.
    pub of: BTreeMap<usize, usize>,
    pub count: usize,
    /// Those nets in the order in which they chose.
    pub order: Vec<usize>,
}

/// Gives each net that bends in this gutter a track. Nets choose in the wanted order as far as the constraints allow
/// it; without one in an order that makes few crossings.
pub(super) fn assign(stubs: &[Stub], wanted: Option<&[usize]>) -> Tracks {
    let mut spans: BTreeMap<usize, Span> = BTreeMap::new();
    for stub in stubs {
        let span = spans.entry(stub.net).or_insert(Span {
            top: stub.y,
            bottom: stub.y,
            left: 0.0,
            lefts: 0,
            right: 0.0,
            rights: 0,
        });
        span.top = span.top.min(stub.y);
        span.bottom = span.bottom.max(stub.y);
        match stub.toward {
            Toward::Left => (span.left, span.lefts) = (span.left + stub.y, span.lefts + 1),
            Toward::Right => (span.right, span.rights) = (span.right + stub.y, span.rights + 1),
        }
    }
    // A net that runs straight through needs no track.
    spans.retain(|_, s| s.bottom - s.top > 0.01);
    let before = constraints(stubs, &spans);
    let order = match wanted {
        None => sort(&spans, &before, |net| usual(&spans[&net], net)),
        Some(wanted) => {
            let place: BTreeMap<usize, usize> = wanted.iter().enumerate().map(|(i, net)| (*net, i)).collect();
            sort(&spans, &before, |net| Rank {
                band: Band::Wanted(place.get(&net).copied().unwrap_or(usize::MAX)),
                net,
            })
        }
    };
    let mut tracks: Vec<BTreeMap<u64, f64>> = Vec::new();
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for &net in &order {
        let span = &spans[&net];
        let least = before
            .get(&net)
            .into_iter()
            .flatten()
            .filter_map(|other| found.get(other))
            .map(|t| t + 1)
            .max()
            .unwrap_or(0);
        let free = (least..tracks.len()).find(|&t| is_free(&tracks[t], span));
        let track = free.unwrap_or_else(|| {
            while tracks.len() <= least {
                tracks.push(BTreeMap::new());
            }
            if !is_free(&tracks[least], span) {
                tracks.push(BTreeMap::new());
            }
            if is_free(&tracks[least], span) { least } else { tracks.len() - 1 }
        });
        tracks[track].insert(key(span.top), span.bottom);
        found.insert(net, track);
    }
    Tracks { of: found, count: tracks.len(), order }
}

struct Span {
    top: f64,
    bottom: f64,
    left: f64,
    lefts: usize,
    right: f64,
    rights: usize,
}

/// Heights are never negative by much, so their order is that of these keys.
fn key(y: f64) -> u64 {
    ((y + 1.0e6).max(0.0) * 100.0) as u64
}

fn is_free(track: &BTreeMap<u64, f64>, span: &Span) -> bool {
    let end = key(span.bottom + CLEARANCE);
    match track.range(..=end).next_back() {
        Some((_, bottom)) => bottom + CLEARANCE < span.top,
        None => true,
    }
}

/// For each net those that must stand left of it.
fn constraints(stubs: &[Stub], spans: &BTreeMap<usize, Span>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut sorted: Vec<&Stub> = stubs.iter().filter(|s| spans.contains_key(&s.net)).collect();
    sorted.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.net.cmp(&b.net)));
    let mut before: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (i, a) in sorted.iter().enumerate() {
        for b in sorted[i + 1..].iter().take_while(|b| b.y - a.y < NEAR) {
            match (a.toward, b.toward) {
                _ if a.net == b.net => {}
                (Toward::Left, Toward::Right) => {
                    before.entry(b.net).or_default().insert(a.net);
                }
                (Toward::Right, Toward::Left) => {
                    before.entry(a.net).or_default().insert(b.net);
                }
                _ => {}
            }
        }
    }
    before
}

/// A place in the order of nets; smaller ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    band: Band,
    net: usize,
}

/// The bands of tracks, from left to right, with the order of the nets in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Band {
    /// Nets whose ends are all at the left, the shortest first.
    LeftEnds(u64),
    /// Nets that go down, the lowest first.
    Down(Reverse<u64>),
    /// Nets that go up, the highest first.
    Up(u64),
    /// Nets whose ends are all at the right, the longest first.
    RightEnds(Reverse<u64>),
    /// Nets in the order that is asked for.
    Wanted(usize),
}

/// An order that makes few crossings: of the lines that go down the lower ones stand further left, of those that go up
/// the upper ones. Lines whose ends are all on one side stand nearest to it, and those that reach around others stand
/// behind them.
fn usual(s: &Span, net: usize) -> Rank {
    if s.lefts == 0 {
        return Rank { band: Band::RightEnds(Reverse(key(s.bottom - s.top))), net };
    }
    if s.rights == 0 {
        return Rank { band: Band::LeftEnds(key(s.bottom - s.top)), net };
    }
    let mean = |sum: f64, n: usize| if n == 0 { None } else { Some(sum / n as f64) };
    let (left, right) = (mean(s.left, s.lefts), mean(s.right, s.rights));
    let (from, to) = (left.or(right).unwrap_or(0.0), right.or(left).unwrap_or(0.0));
    Rank { band: if to > from { Band::Down(Reverse(key(from))) } else { Band::Up(key(from)) }, net }
}

/// The order of ranks, but for what the constraints ask, as far as they have no cycle.
fn sort(
    spans: &BTreeMap<usize, Span>,
    before: &BTreeMap<usize, BTreeSet<usize>>,
    rank: impl Fn(usize) -> Rank,
) -> Vec<usize> {
    let mut waiting: BTreeMap<usize, usize> = BTreeMap::new();
    let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (&net, others) in before {
        waiting.insert(net, others.len());
        for &other in others {
            after.entry(other).or_default().push(net);
        }
    }
    let mut ready: BTreeSet<_> = spans.keys().filter(|n| !waiting.contains_key(n)).map(|&n| rank(n)).collect();
    let mut blocked: BTreeSet<_> = waiting.keys().map(|&n| rank(n)).collect();
    let mut order = Vec::with_capacity(spans.len());
    // Where only a cycle is left, one constraint of it is given up.
    while let Some(next) = ready.pop_first().or_else(|| blocked.pop_first()) {
        order.push(next.net);
        blocked.remove(&next);
        for &net in after.get(&next.net).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(&net) {
                *count = count.saturating_sub(1);
                if *count == 0 && blocked.remove(&rank(net)) {
                    ready.insert(rank(net));
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stub(net: usize, toward: Toward, y: f64) -> Stub {
        Stub { net, toward, y }
    }

    #[test]
    fn runs_apart_share_a_track_and_lines_never_lie_on_each_other() {
        use Toward::{Left, Right};
        let tracks = |stubs: &[Stub]| {
            let found = assign(stubs, None);
            (found.of, found.count)
        };
        let all = [stub(0, Left, 0.0), stub(0, Right, 50.0), stub(1, Left, 100.0), stub(1, Right, 150.0)];
        let (found, count) = tracks(&all);
        assert_eq!((found[&0], found[&1], count), (0, 0, 1));
        // Net 1 comes in at the height where net 0 goes out.
        let (found, _) = tracks(&[stub(0, Left, 0.0), stub(0, Right, 50.0), stub(1, Left, 50.0), stub(1, Right, 90.0)]);
        assert!(found[&1] < found[&0]);
        let (found, count) = tracks(&[stub(0, Left, 5.0), stub(0, Right, 5.0)]);
        assert!(found.is_empty() && count == 0);
        // So it stays whatever order is wanted.
        let crossed = [stub(0, Left, 0.0), stub(0, Right, 50.0), stub(1, Left, 50.0), stub(1, Right, 90.0)];
        assert_eq!(assign(&crossed, Some(&[0, 1])).order, [1, 0]);
        // A cycle of constraints still ends.
        let (found, _) = tracks(&[stub(0, Left, 0.0), stub(0, Right, 50.0), stub(1, Left, 50.0), stub(1, Right, 0.0)]);
        assert_eq!(found.len(), 2);
    }
}
