//! Marks crossings and branches: where lines of different nets cross, the upright one has a gap; where lines of one net
//! part or join, there is a dot.
//!
//! Level lines are the ones that stay whole because they lie further apart: rows and cards are higher than tracks are
//! wide.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::graph::EdgeKind;

use super::geometry::round2;
use super::{Gap, Link, Point};

/// A gap reaches this far to each side of the crossing, in hundredths of a user unit as all numbers of this file.
const REACH: i64 = 400;
/// The minimum length of a line between two gaps.
const PIECE: i64 = 300;
/// A gap that had to be smaller than this, because the next is so near, is one with it.
const LEAST: i64 = 200;
/// Lines that only touch, or cross this near to an end, do not cross.
const TOUCH: i64 = 100;
/// A gap keeps this far from the ends of its part of the line, so that bends stay whole.
const BEND: i64 = 200;

/// The maximum number of crossings of the sweep: more are unreadable, and time and memory stay bounded.
const MOST_CROSSINGS: usize = 1_000_000;
/// Every link that shares an upright line has all of its gaps. Beyond this many in all, the lines that need most of
/// them stay whole.
const MOST_GAPS: usize = 100_000;

/// A part of the lines of a net: level ones at a height from left to right, upright ones at a place from top to bottom.
///
/// The order of the fields is the order that lookups need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    net: usize,
    at: i64,
    from: i64,
    to: i64,
}

/// Parts of all nets; those of one net that touch are one.
#[derive(Default)]
struct Runs {
    level: Vec<Run>,
    upright: Vec<Run>,
}

/// Marks crossings and branches of links whose points are rounded.
pub(super) fn mark(links: &mut [Link]) {
    let lines: Vec<Vec<(i64, i64)>> = links.iter().map(|l| l.points.iter().map(units).collect()).collect();
    // Lines from one point with the same meaning are one line that branches; rows of a card have a point each.
    let start = |l: &Link, line: &[(i64, i64)]| Some((l.from.clone(), l.kind, l.change, *line.first()?));
    let nets = numbers(links.iter().zip(&lines).map(|(l, line)| start(l, line)));
    let runs = Runs::of(nets.iter().copied().zip(lines.iter().map(Vec::as_slice)));
    let mut crossed = runs.crossings();
    limit(&runs, &mut crossed, nets.iter().copied().zip(&lines));
    for ((link, line), &net) in links.iter_mut().zip(&lines).zip(&nets) {
        link.gaps = line.windows(2).flat_map(|part| gaps(net, part, &runs, &crossed)).collect();
    }
    let mut seen = BTreeSet::new();
    branches(links, &lines, &nets, &runs, &mut seen);
    // Lines of several sources may join before their target.
    let end = |l: &Link, line: &[(i64, i64)]| Some((l.to.clone(), l.kind, l.change, *line.last()?));
    let nets = numbers(links.iter().zip(&lines).map(|(l, line)| end(l, line)));
    let runs = Runs::of(nets.iter().copied().zip(lines.iter().map(Vec::as_slice)));
    branches(links, &lines, &nets, &runs, &mut seen);
}

fn units(p: &Point) -> (i64, i64) {
    ((p.x * 100.0).round() as i64, (p.y * 100.0).round() as i64)
}

/// The same number for the same key, in the order of their first use.
fn numbers<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<usize> {
    let mut known = BTreeMap::new();
    keys.map(|key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    })
    .collect()
}

impl Runs {
    fn of<'a>(lines: impl Iterator<Item = (usize, &'a [(i64, i64)])>) -> Runs {
        let mut runs = Runs::default();
        for (net, line) in lines {
            for part in line.windows(2) {
                let &[(x0, y0), (x1, y1)] = part else { continue };
                if y0 == y1 && x0 != x1 {
                    let (from, to) = (x0.min(x1), x0.max(x1));
                    runs.level.push(Run { net, at: y0, from, to });
                } else if x0 == x1 && y0 != y1 {
                    let (from, to) = (y0.min(y1), y0.max(y1));
                    runs.upright.push(Run { net, at: x0, from, to });
                }
            }
        }
        for runs in [&mut runs.level, &mut runs.upright] {
            runs.sort_unstable();
            runs.dedup_by(|next, last| {
                let touches = (next.net, next.at) == (last.net, last.at) && next.from <= last.to;
                if touches {
                    last.to = last.to.max(next.to);
                }
                touches
            });
        }
        runs
    }

    /// For each upright run the heights, ascending, at which level runs of other nets cross it.
    ///
    /// A sweep from left to right that knows the level runs below it: the work is that of sorting, and of what is
    /// found.
    fn crossings(&self) -> Vec<Vec<i64>> {
        let mut events: Vec<(i64, Event, usize)> = Vec::new();
        for (index, run) in self.level.iter().enumerate() {
            if run.to - run.from > 2 * TOUCH {
                events.push((run.from + TOUCH, Event::Begin, index));
                events.push((run.to - TOUCH, Event::End, index));
            }
        }
        for (index, run) in self.upright.iter().enumerate() {
            if run.to - run.from > 2 * TOUCH {
                events.push((run.at, Event::Ask, index));
            }
        }
        events.sort_unstable();
        let mut active: BTreeSet<(i64, usize)> = BTreeSet::new();
        let mut found = vec![Vec::new(); self.upright.len()];
        let mut count = 0;
        for (_, event, index) in events {
            match event {
                Event::Begin => {
                    active.insert((self.level[index].at, index));
                }
                Event::End => {
                    active.remove(&(self.level[index].at, index));
                }
                Event::Ask => {
                    let run = self.upright[index];
                    let met = active.range((run.from + TOUCH, 0)..=(run.to - TOUCH, usize::MAX));
                    let heights = &mut found[index];
                    heights.extend(met.filter(|(_, other)| self.level[*other].net != run.net).map(|(y, _)| *y));
                    heights.dedup();
                    count += heights.len();
                    if count > MOST_CROSSINGS {
                        break;
                    }
                }
            }
        }
        found
    }

    /// How many of the four directions a point has a line of this net in.
    fn directions(&self, net: usize, (x, y): (i64, i64)) -> usize {
        [(&self.level, y, x), (&self.upright, x, y)]
            .into_iter()
            .filter_map(|(runs, at, along)| find(runs, net, at, along).map(|i| (runs[i], along)))
            .map(|(run, along)| usize::from(run.from < along) + usize::from(run.to > along))
            .sum()
    }
}

/// What the sweep meets, in the order in which it counts at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Begin,
    Ask,
    End,
}

/// The run of a net that a point lies on.
fn find(runs: &[Run], net: usize, at: i64, along: i64) -> Option<usize> {
    let after = runs.partition_point(|r| (r.net, r.at, r.from) <= (net, at, along));
    let index = after.checked_sub(1)?;
    let run = runs[index];
    ((run.net, run.at) == (net, at) && run.to >= along).then_some(index)
}

/// The run that an upright part of a line belongs to, and which of its crossings lie on that part.
fn upright(net: usize, part: &[(i64, i64)], runs: &Runs, crossed: &[Vec<i64>]) -> Option<(usize, Range<usize>)> {
    let &[(x, y0), (x1, y1)] = part else { return None };
    let (top, bottom) = (y0.min(y1), y0.max(y1));
    let run = find(&runs.upright, net, x, top).filter(|_| x == x1 && top != bottom)?;
    let first = crossed[run].partition_point(|&y| y <= top + BEND);
    let last = crossed[run].partition_point(|&y| y < bottom - BEND);
    Some((run, first..last.max(first)))
}

/// Forgets crossings that would make too many gaps, those of the runs with most of them first.
fn limit<'a>(runs: &Runs, crossed: &mut [Vec<i64>], lines: impl Iterator<Item = (usize, &'a Vec<(i64, i64)>)>) {
    let mut costs = vec![0; crossed.len()];
    for (net, line) in lines {
        for (run, on) in line.windows(2).filter_map(|part| upright(net, part, runs, crossed)) {
            costs[run] += on.len();
        }
    }
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by_key(|&run| costs[run]);
    let mut all = 0;
    for run in order {
        all += costs[run];
        if all > MOST_GAPS {
            crossed[run].clear();
        }
    }
}

/// The gaps in one part of a line, in its direction.
fn gaps(net: usize, part: &[(i64, i64)], runs: &Runs, crossed: &[Vec<i64>]) -> Vec<Gap> {
    let (&[(x, y0), (_, y1)], Some((run, on))) = (part, upright(net, part, runs, crossed)) else {
        return Vec::new();
    };
    let (top, bottom) = (y0.min(y1), y0.max(y1));
    let heights = &crossed[run];
    let mut found: Vec<(i64, i64)> = Vec::new();
    // Neighbours may belong to the run and not to this part: parts that lie on each other must have the same gaps.
    for i in on {
        let y = heights[i];
        let reach = |other: Option<&i64>| other.map_or(REACH, |o| REACH.min(((o - y).abs() - PIECE) / 2));
        let above = reach(i.checked_sub(1).and_then(|i| heights.get(i)));
        let below = reach(heights.get(i + 1));
        let from = (y - above.max(LEAST)).max(top + BEND);
        let to = (y + below.max(LEAST)).min(bottom - BEND);
        match found.last_mut() {
            Some(gap) if above < LEAST => gap.1 = to,
            _ => found.push((from, to)),
        }
    }
    let point = |y: i64| Point { x: round2(x as f64 / 100.0), y: round2(y as f64 / 100.0) };
    let down = |(from, to): (i64, i64)| Gap { from: point(from), to: point(to) };
    let up = |(from, to): (i64, i64)| Gap { from: point(to), to: point(from) };
    if y0 < y1 { found.into_iter().map(down).collect() } else { found.into_iter().rev().map(up).collect() }
}

/// Adds to each link the bends at which other lines of its net go on.
fn branches(
    links: &mut [Link],
    lines: &[Vec<(i64, i64)>],
    nets: &[usize],
    runs: &Runs,
    seen: &mut BTreeSet<(EdgeKind, (i64, i64))>,
) {
    for ((link, line), &net) in links.iter_mut().zip(lines).zip(nets) {
        let inner = line.len().saturating_sub(2);
        for (&bend, point) in line.iter().zip(&link.points).skip(1).take(inner) {
            if runs.directions(net, bend) > 2 && seen.insert((link.kind, bend)) {
                link.branches.push(*point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Identity;

    fn link(from: &str, to: &str, points: &[(f64, f64)]) -> Link {
        Link {
            from: Identity::DnsName(from.into()).into(),
            to: Identity::DnsName(to.into()).into(),
            kind: EdgeKind::Exposes,
            points: points.iter().map(|&(x, y)| Point { x, y }).collect(),
            gaps: Vec::new(),
            branches: Vec::new(),
            label: None,
            change: None,
            tooltip: String::new(),
        }
    }

    fn gaps_of(link: &Link) -> Vec<(f64, f64)> {
        link.gaps.iter().map(|g| (g.from.y, g.to.y)).collect()
    }

    /// A trunk from `a` with three ends, and lines that cross it.
    fn trunk(across: &[f64]) -> Vec<Link> {
        let mut links = vec![
            link("a", "b", &[(0.0, 10.0), (90.0, 10.0)]),
            link("a", "c", &[(0.0, 10.0), (20.0, 10.0), (20.0, 100.0), (90.0, 100.0)]),
            link("a", "d", &[(0.0, 10.0), (20.0, 10.0), (20.0, 60.0), (90.0, 60.0)]),
        ];
        links.extend(across.iter().map(|&y| link(&format!("other {y}"), "x", &[(0.0, y), (90.0, y)])));
        links
    }

    #[test]
    fn the_upright_line_has_a_gap_and_the_level_one_is_whole() {
        let mut links = trunk(&[40.0]);
        mark(&mut links);
        assert_eq!(gaps_of(&links[1]), [(36.0, 44.0)]);
        assert_eq!(gaps_of(&links[2]), [(36.0, 44.0)]);
        assert!(links[0].gaps.is_empty() && links[3].gaps.is_empty());
    }

    #[test]
    fn gaps_follow_the_line() {
        let up = link("a", "b", &[(0.0, 90.0), (20.0, 90.0), (20.0, 0.0), (40.0, 0.0)]);
        let mut links =
            vec![up, link("c", "d", &[(0.0, 30.0), (40.0, 30.0)]), link("e", "f", &[(0.0, 60.0), (40.0, 60.0)])];
        mark(&mut links);
        assert_eq!(gaps_of(&links[0]), [(64.0, 56.0), (34.0, 26.0)]);
    }

    #[test]
    fn near_gaps_leave_a_piece_or_become_one() {
        let mut links = trunk(&[30.0, 38.0, 50.0, 52.0]);
        mark(&mut links);
        assert_eq!(gaps_of(&links[1]), [(26.0, 32.5), (35.5, 42.0), (46.0, 56.0)]);
    }

    #[test]
    fn lines_that_touch_do_not_cross_and_lines_of_one_net_branch() {
        let mut links = trunk(&[]);
        links.push(link("e", "x", &[(20.0, 80.0), (90.0, 80.0)]));
        mark(&mut links);
        assert!(links.iter().all(|l| l.gaps.is_empty()));
        let dots: Vec<_> = links.iter().map(|l| l.branches.clone()).collect();
        assert_eq!(dots, [vec![], vec![Point { x: 20.0, y: 10.0 }], vec![Point { x: 20.0, y: 60.0 }], vec![]]);
    }

    #[test]
    fn work_is_bounded() {
        let mut links = Vec::new();
        for i in 0..5_000 {
            let (x, y) = (f64::from(i % 50) * 8.0 + 10.0, f64::from(i) * 14.0);
            let from = format!("trunk {}", i % 50);
            links.push(link(&from, &format!("{i}"), &[(0.0, -1.0 - x), (x, -1.0 - x), (x, y), (900.0, y)]));
            links.push(link(&format!("level {i}"), "x", &[(0.0, y + 7.0), (900.0, y + 7.0)]));
        }
        mark(&mut links);
        let gaps: usize = links.iter().map(|l| l.gaps.len()).sum();
        assert!(gaps <= MOST_GAPS && links.iter().all(|l| l.gaps.len() < 5_000), "{gaps}");
    }

    #[test]
    fn lines_that_join_have_a_dot() {
        let mut links = vec![
            link("a", "x", &[(0.0, 10.0), (20.0, 10.0), (20.0, 30.0), (40.0, 30.0)]),
            link("b", "x", &[(0.0, 30.0), (40.0, 30.0)]),
            link("c", "x", &[(0.0, 50.0), (20.0, 50.0), (20.0, 30.0), (40.0, 30.0)]),
        ];
        mark(&mut links);
        assert_eq!(links[0].branches, [Point { x: 20.0, y: 30.0 }]);
        assert!(links.iter().all(|l| l.gaps.is_empty()) && links[2].branches.is_empty());
    }
}
