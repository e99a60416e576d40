//! The order of runs that share a channel, so that few of them cross.

use std::collections::BTreeMap;

use petgraph::unionfind::UnionFind;

use super::runs::{Lines, Run};

/// Two coordinates on one track.
const SAME: f64 = 0.5;
/// More runs than this are not compared at once.
const MOST: usize = 40;
/// Ends of two runs closer than this keep their distance as if they ran side by side.
pub(super) const NEAR: f64 = 4.0;
/// The least room that two runs need side by side.
const ROOM: f64 = 10.0;
const NEVER: i32 = 1000;

/// Between which borders each run lies; the order may change within.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub min: f64,
    pub max: f64,
}

/// For each run across an axis a number that sorts it among the others and what stands there: between its bounds.
pub(super) fn keys(lines: &Lines, which: &[usize], ranges: &[Range]) -> Vec<f64> {
    let mut keys: Vec<f64> = lines.runs.iter().map(|r| r.at).collect();
    let pairs = pairs(&lines.runs, which, ranges);
    let mut groups = groups(lines.runs.len(), which, &pairs);
    for group in &mut groups {
        group.sort_by(|a, b| lines.runs[*a].at.total_cmp(&lines.runs[*b].at).then(a.cmp(b)));
        let mut whole = Vec::with_capacity(group.len());
        for part in group.chunks(MOST) {
            whole.extend(sift(&lines.runs, part, ranges));
        }
        place(&lines.runs, &whole, ranges, &mut keys);
    }
    keys
}

/// Gives the members of a group keys in their order, each between its bounds and near where it is.
fn place(runs: &[Run], order: &[usize], ranges: &[Range], keys: &mut [f64]) {
    const STEP: f64 = 1e-4;
    let mut places: Vec<f64> = order.iter().map(|r| runs[*r].at).collect();
    places.sort_by(f64::total_cmp);
    let mut most: Vec<f64> = order.iter().map(|r| ranges[*r].max).collect();
    for i in (0..order.len()).rev() {
        let end = order.len().min(i + 1 + MOST * 2);
        let after = (i + 1..end).filter(|k| side_by_side(&runs[order[*k]], &runs[order[i]], NEAR));
        most[i] = after.map(|k| most[k]).fold(most[i], f64::min) - STEP;
    }
    for (i, &r) in order.iter().enumerate() {
        let start = i.saturating_sub(MOST * 2);
        let before = order[start..i].iter().filter(|o| side_by_side(&runs[**o], &runs[r], NEAR)).map(|o| keys[*o]);
        let least = before.fold(ranges[r].min, f64::max) + STEP;
        keys[r] = least.max(places[i]).min(most[i]);
    }
}

/// Whether two runs lie beside each other somewhere, or nearly.
pub(super) fn side_by_side(a: &Run, b: &Run, near: f64) -> bool {
    a.lo - near < b.hi + near && b.lo - near < a.hi + near
}

/// Pairs of runs that lie side by side in one channel.
fn pairs(runs: &[Run], which: &[usize], ranges: &[Range]) -> Vec<(usize, usize)> {
    let key = |v: f64| (v * 100.0).round() as i64;
    let mut events: Vec<(i64, u8, usize)> = Vec::new();
    for &r in which {
        events.push((key(runs[r].lo - NEAR), 0, r));
        events.push((key(runs[r].hi + NEAR), 1, r));
    }
    events.sort_unstable();
    let mut active: BTreeMap<(i64, usize), ()> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (_, kind, r) in events {
        let me = (key(runs[r].at), r);
        if kind == 1 {
            active.remove(&me);
            continue;
        }
        let shares = |o: &usize| ranges[*o].min < ranges[r].max && ranges[r].min < ranges[*o].max;
        let near = active.range(me..).take(MOST).chain(active.range(..me).rev().take(MOST));
        pairs.extend(near.map(|(o, ())| (r, o.1)).filter(|(_, o)| shares(o)));
        active.insert(me, ());
    }
    pairs
}

/// Runs that are connected by pairs, each group in the order of `which`.
fn groups(count: usize, which: &[usize], pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut joined: UnionFind<usize> = UnionFind::new(count);
    for &(a, b) in pairs {
        joined.union(a, b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &r in which {
        groups.entry(joined.find_mut(r)).or_default().push(r);
    }
    groups.into_values().collect()
}

/// An order with few crossings: each member in turn goes where it crosses least.
fn sift(runs: &[Run], part: &[usize], ranges: &[Range]) -> Vec<usize> {
    let k = part.len();
    if k < 2 {
        return part.to_vec();
    }
    let turns: Vec<Vec<Turn>> = part.iter().map(|r| turns(runs, *r)).collect();
    // What it costs that i comes before j.
    let mut cost = vec![0i32; k * k];
    for i in 0..k {
        for j in i + 1..k {
            let (ij, ji) = crossings(runs, part[i], &turns[i], part[j], &turns[j], ranges);
            cost[i * k + j] = ij;
            cost[j * k + i] = ji;
        }
    }
    let mut order: Vec<usize> = (0..k).collect();
    for _ in 0..5 {
        let mut changed = false;
        for member in 0..k {
            let was = order.iter().position(|m| *m == member).unwrap_or(0);
            order.remove(was);
            // Cost of coming first, then of passing one after the other, relative to that.
            let (mut here, mut best, mut at) = (0, i32::MAX, 0);
            let mut stay = 0;
            for place in 0..k {
                if place > 0 {
                    let passed = order[place - 1];
                    here += cost[passed * k + member] - cost[member * k + passed];
                }
                if place == was {
                    stay = here;
                }
                if here < best {
                    (best, at) = (here, place);
                }
            }
            let to = if stay == best { was } else { at };
            changed |= to != was;
            order.insert(to, member);
        }
        if !changed {
            break;
        }
    }
    order.into_iter().map(|m| part[m]).collect()
}

/// How often two runs and what they join cross if a comes before b, and if it comes after.
fn crossings(runs: &[Run], a: usize, turns_a: &[Turn], b: usize, turns_b: &[Turn], ranges: &[Range]) -> (i32, i32) {
    let (ra, rb) = (&runs[a], &runs[b]);
    if !side_by_side(ra, rb, NEAR) {
        return (0, 0);
    }
    if ranges[a].max <= ranges[b].min + SAME {
        return (0, NEVER);
    }
    if ranges[b].max <= ranges[a].min + SAME {
        return (NEVER, 0);
    }
    if !side_by_side(ra, rb, -SAME) || ra.fixed && rb.fixed {
        // Ends that only come near each other stay as they are.
        return if ra.at < rb.at - SAME / 10.0 {
            (0, NEVER / 10)
        } else if rb.at < ra.at - SAME / 10.0 {
            (NEVER / 10, 0)
        } else {
            (0, 0)
        };
    }
    // Where there is no room for both in this order.
    let tight = |p: usize, q: usize| if ranges[q].max - ranges[p].min < ROOM { NEVER / 20 } else { 0 };
    let (mut first, mut second) = (tight(a, b), tight(b, a));
    let within = |t: &&Turn, r: &Run| t.at > r.lo + SAME && t.at < r.hi - SAME;
    // What goes on crosses if it comes first, what goes back if it comes second.
    for t in turns_a.iter().filter(|t| within(t, rb)) {
        first += i32::from(t.on);
        second += i32::from(t.back);
    }
    for t in turns_b.iter().filter(|t| within(t, ra)) {
        first += i32::from(t.back);
        second += i32::from(t.on);
    }
    for end in 0..2 {
        if (ends(ra)[end] - ends(rb)[end]).abs() <= SAME {
            match at_end(runs, a, b, end, 0) {
                s if s < 0 => second += 1,
                s if s > 0 => first += 1,
                _ => {}
            }
        }
    }
    (first, second)
}

/// A run across another: where it is, and whether it goes to smaller and to larger coordinates from there.
struct Turn {
    at: f64,
    back: bool,
    on: bool,
}

fn turns(runs: &[Run], r: usize) -> Vec<Turn> {
    let turn = |j: &usize| {
        let (back, on) = directions(&runs[r], &runs[*j]);
        Turn { at: runs[*j].at, back, on }
    };
    runs[r].joints.iter().map(turn).collect()
}

fn ends(r: &Run) -> [f64; 2] {
    [r.lo, r.hi]
}

/// Whether a run across another goes on to smaller and to larger coordinates from there.
fn directions(r: &Run, joint: &Run) -> (bool, bool) {
    (joint.lo < r.at - SAME, joint.hi > r.at + SAME)
}

/// Which of two runs on one track comes first, by what they do at one end: below zero if the first.
fn at_end(runs: &[Run], a: usize, b: usize, end: usize, depth: usize) -> i32 {
    if depth > 8 {
        return 0;
    }
    let (ra, rb) = (&runs[a], &runs[b]);
    let (ea, eb) = (ends(ra)[end], ends(rb)[end]);
    let turn = |r: &Run, e: f64| {
        let joint = r.joints.iter().copied().find(|j| (runs[*j].at - e).abs() <= SAME)?;
        match directions(r, &runs[joint]) {
            (true, false) => Some((joint, -1)),
            (false, true) => Some((joint, 1)),
            _ => None,
        }
    };
    if (ea - eb).abs() > SAME {
        let a_is_shorter = (end == 1) == (ea < eb);
        return if a_is_shorter { turn(ra, ea).map_or(0, |t| t.1) } else { turn(rb, eb).map_or(0, |t| -t.1) };
    }
    if (ra.at - rb.at).abs() > SAME {
        // Their ends only happen to lie on one line.
        return if ra.at < rb.at { -1 } else { 1 };
    }
    match (turn(ra, ea), turn(rb, eb)) {
        (Some((ja, da)), Some((jb, db))) if da == db => {
            let on = at_end(runs, ja, jb, usize::from(da > 0), depth + 1);
            if (end == 0) == (da > 0) { on } else { -on }
        }
        (Some((_, da)), Some((_, db))) => (da - db).signum(),
        _ => 0,
    }
}
