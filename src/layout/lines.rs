//! Breaks a long part into two lines, like text: where all further paths use one trunk of one card, its targets move to
//! the lower line. The trunk leaves at the right end, turns back between both lines and enters
//! the lower one from the left.

use super::engine::{BoxIn, EDGE_NODE, EdgeIn, LAYER_GAP, Part, Pin, Placed};
use super::geometry::simplify;
use super::{Point, Rect};

/// The maximum length of a part in one line, in user units: its texts are readable on a page.
const SHORT: f64 = 900.0;
/// At most this share of the whole way may be left in either line.
const SHARE: f64 = 0.8;
/// Distance of the line that turns back from both parts, in user units; an arrowhead and a corner fit in.
const TURN: f64 = 14.0;
/// How far right of everything the line turns, and how far left of everything it turns again if it does not branch
/// there.
const OUT: f64 = 12.0;
const IN: f64 = EDGE_NODE + 4.0;

/// Where a part is broken.
struct Cut {
    /// True for each box in the lower line.
    below: Vec<bool>,
    /// The edges that lead from the upper line to the lower one, all of one box and trunk.
    edges: Vec<usize>,
}

/// The cut that leaves the longest way shortest; `None` if none makes it much shorter.
fn cut(part: &Part) -> Option<Cut> {
    let whole = reach(part, |_| true);
    if whole < SHORT {
        return None;
    }
    let mut trunks: Vec<(usize, usize)> =
        part.edges.iter().filter(|e| e.from != e.to).map(|e| (e.from, e.trunk)).collect();
    trunks.sort_unstable();
    trunks.dedup();
    let mut best: Option<(f64, Cut)> = None;
    for (from, trunk) in trunks.into_iter().filter(|(from, _)| part.boxes[*from].pin == Pin::Free) {
        let above = part.joined([from], |e| e.from != from || e.trunk != trunk);
        if above.iter().all(|a| *a) {
            continue;
        }
        // A line from the left may not have to get past the one that turns back, nor may a line to the right.
        let misplaced = part.boxes.iter().zip(&above).any(|(b, above)| match b.pin {
            Pin::Free => false,
            Pin::Left => !above,
            Pin::Right => *above,
        });
        // Lines that run against the reading direction, into the part from the right, are left alone.
        let backward =
            part.edges.iter().any(|e| part.boxes[e.from].pin == Pin::Right || part.boxes[e.to].pin == Pin::Left);
        let cost = reach(part, |b| above[b]).max(reach(part, |b| !above[b]));
        if misplaced || backward || cost > whole * SHARE || best.as_ref().is_some_and(|(known, _)| *known <= cost) {
            continue;
        }
        let leads = |e: &EdgeIn| e.from == from && e.trunk == trunk && !above[e.to];
        let edges = (0..part.edges.len()).filter(|&e| leads(&part.edges[e])).collect();
        let below = above.iter().map(|a| !a).collect();
        best = Some((cost, Cut { below, edges }));
    }
    best.map(|b| b.1)
}

/// About the width of the boxes that are wanted: that of their longest way, by Kahn's algorithm. What stands on a cycle
/// counts as far as it is reached, and Services that may stand above their workloads do not count.
fn reach(part: &Part, wanted: impl Fn(usize) -> bool) -> f64 {
    let n = part.boxes.len();
    let (mut next, mut waiting) = (vec![Vec::new(); n], vec![0usize; n]);
    for e in part.edges.iter().filter(|e| e.from != e.to && wanted(e.from) && wanted(e.to)) {
        next[e.from].push((e.to, LAYER_GAP + e.label.map_or(0.0, |(w, _)| w), e.straight));
        waiting[e.to] += 1;
    }
    let mut start = vec![0.0f64; n];
    let mut ready: Vec<usize> = (0..n).filter(|&b| waiting[b] == 0).collect();
    let entered: Vec<bool> = waiting.iter().map(|w| *w > 0).collect();
    let mut longest = 0.0f64;
    while let Some(at) = ready.pop() {
        let end = start[at] + part.boxes[at].width;
        longest = longest.max(end);
        for &(to, gap, straight) in &next[at] {
            if entered[at] || !straight {
                start[to] = start[to].max(end + gap);
            }
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(to);
            }
        }
    }
    longest
}

/// True if breaking makes the part much shorter.
pub(super) fn applies(part: &Part) -> bool {
    cut(part).is_some()
}

/// One of the lines, as a part of its own: its boxes first, then the terminal of the trunk.
struct Half {
    part: Part,
    /// Number in the whole part of each of its boxes but the terminal.
    boxes: Vec<usize>,
    /// Number in the whole part of each of its edges; in the upper line the edge to the terminal represents all
    /// edges that are cut.
    edges: Vec<usize>,
}

fn half(part: &Part, cut: &Cut, below: bool) -> Half {
    let boxes: Vec<usize> = (0..part.boxes.len()).filter(|&b| cut.below[b] == below).collect();
    let mut number = vec![0; part.boxes.len()];
    boxes.iter().enumerate().for_each(|(new, &old)| number[old] = new);
    let mut half = Half { part: Part::default(), boxes, edges: Vec::new() };
    half.part.boxes.extend(half.boxes.iter().map(|&b| part.boxes[b].clone()));
    let terminal = half.part.boxes.len();
    half.part.boxes.push(BoxIn {
        width: 2.0,
        height: 2.0,
        pin: if below { Pin::Left } else { Pin::Right },
        header: 0.0,
        rows: Vec::new(),
        entries: Vec::new(),
    });
    for (index, e) in part.edges.iter().enumerate() {
        let new = match (cut.below[e.from], cut.below[e.to]) {
            (from, to) if from == below && to == below => {
                EdgeIn { from: number[e.from], to: number[e.to], ..e.clone() }
            }
            (false, true) if below => EdgeIn { from: terminal, to: number[e.to], row: None, trunk: 0, ..e.clone() },
            (false, true) if cut.edges.first() == Some(&index) => {
                EdgeIn { from: number[e.from], to: terminal, label: None, entry: None, ..e.clone() }
            }
            _ => continue,
        };
        half.part.edges.push(new);
        half.edges.push(index);
    }
    half
}

/// Places a part in two lines, each by the given means; `None` if there is no place to break it.
pub(super) fn run(part: &Part, place: impl Fn(&Part) -> Placed) -> Option<Placed> {
    let cut = cut(part)?;
    let (upper, lower) = (half(part, &cut, false), half(part, &cut, true));
    let (first, second) = (place(&upper.part), place(&lower.part));
    let (top, bottom) = (extent(&upper, &first), extent(&lower, &second));
    let entering: Vec<&Vec<Point>> =
        lower.edges.iter().zip(&second.lines).filter(|(e, _)| cut.edges.contains(e)).map(|(_, l)| l).collect();
    let trunk = trunk(&entering).map(|x| x - bottom.x + top.x);
    let indent = if trunk.is_some() { 0.0 } else { IN };
    let (dx, dy) = (top.x - bottom.x + indent, top.bottom() + 2.0 * TURN - bottom.y);
    let mut whole = Placed {
        boxes: vec![Rect::default(); part.boxes.len()],
        orders: vec![Vec::new(); part.boxes.len()],
        lines: vec![Vec::new(); part.edges.len()],
        labels: vec![None; part.edges.len()],
    };
    for (half, placed, dx, dy) in [(&upper, &first, 0.0, 0.0), (&lower, &second, dx, dy)] {
        let moved = |r: &Rect| Rect { x: r.x + dx, y: r.y + dy, ..*r };
        for (place, &b) in half.boxes.iter().enumerate() {
            whole.boxes[b] = moved(&placed.boxes[place]);
            whole.orders[b].clone_from(&placed.orders[place]);
        }
        for (place, &e) in half.edges.iter().enumerate() {
            let shifted = placed.lines[place].iter().map(|p| Point { x: p.x + dx, y: p.y + dy });
            whole.lines[e].extend(shifted);
            whole.labels[e] = placed.labels[place].as_ref().map(moved);
        }
    }
    // The way from the card to the right end, which all lines that are cut share; the first of them has its own way
    // behind it.
    let stem = first.lines.get(upper.edges.iter().position(|e| cut.edges.first() == Some(e))?)?.clone();
    let right = top.right() + OUT;
    let turn = top.bottom() + TURN;
    for &e in &cut.edges {
        let (mut line, end) = (stem.clone(), stem.last()?);
        let own = if cut.edges.first() == Some(&e) { stem.len() } else { 0 };
        let tail = whole.lines[e].get(own..)?.to_vec();
        let entry = trunk.unwrap_or(top.x);
        line.extend([(right, end.y), (right, turn), (entry, turn)].map(|(x, y)| Point { x, y }));
        if let (None, Some(start)) = (trunk, tail.first()) {
            line.push(Point { x: entry, y: start.y });
        }
        // Down the trunk at once, not first to the height at which it would begin.
        let skipped = match (trunk, tail.as_slice()) {
            (None, _) => 1,
            (Some(_), [_, b, ..]) if (b.x - entry).abs() < 0.01 => 2,
            (Some(x), [a, ..]) => {
                line.push(Point { x, y: a.y });
                1
            }
            _ => 0,
        };
        line.extend(tail.iter().skip(skipped));
        whole.lines[e] = simplify(&line);
    }
    Some(whole)
}

/// Where the lines that enter have their common upright part, if it is one.
fn trunk(tails: &[&Vec<Point>]) -> Option<f64> {
    let mut bends = tails.iter().filter(|t| t.len() > 2).map(|t| t[1].x);
    let first = bends.next()?;
    let all = bends.all(|x| (x - first).abs() < 0.01);
    // A line without a bend must run past the trunk.
    let past = tails.iter().all(|t| t.last().is_some_and(|p| p.x > first + EDGE_NODE));
    (all && past).then_some(first)
}

/// The box around the cards, labels and lines of one of the lines, without the ends at terminals.
fn extent(half: &Half, placed: &Placed) -> Rect {
    let boxes = placed.boxes.iter().zip(&half.part.boxes);
    placed.extent(boxes.filter(|(_, b)| b.pin == Pin::Free).map(|(r, _)| r))
}

#[cfg(test)]
mod tests {
    use super::super::{engine, sample};
    use super::*;

    fn chain(boxes: usize, edges: &[(usize, usize)]) -> Part {
        sample::part(boxes, edges.iter().map(|&(from, to)| sample::labeled(from, to)))
    }

    #[test]
    fn a_chain_is_broken_in_the_middle_and_its_line_arrives() {
        // Box 2 leads to all that follows.
        let part = chain(8, &[(0, 1), (1, 2), (2, 3), (2, 4), (2, 5), (3, 5), (5, 6), (4, 7)]);
        assert!(applies(&part));
        let one = engine::run(&part, 1_000_000_000).unwrap();
        let two = run(&part, |p| engine::run(p, 1_000_000_000).unwrap()).unwrap();
        let width = |p: &Placed| {
            p.boxes.iter().map(Rect::right).fold(0.0, f64::max)
                - p.boxes.iter().map(|b| b.x).fold(f64::INFINITY, f64::min)
        };
        assert!(width(&two) < 0.8 * width(&one), "{} {}", width(&two), width(&one));
        assert!(two.boxes[3].y > two.boxes[2].bottom());
        for (e, line) in part.edges.iter().zip(&two.lines) {
            let (from, to, first, last) = (two.boxes[e.from], two.boxes[e.to], line[0], line[line.len() - 1]);
            assert!(
                (first.x - from.right()).abs() < 0.01 && first.y > from.y && first.y < from.bottom(),
                "{e:?} {line:?}"
            );
            assert!((last.x - to.x).abs() < 0.01 && last.y > to.y && last.y < to.bottom(), "{e:?} {line:?}");
            assert!(line.windows(2).all(|w| w[0].x == w[1].x || w[0].y == w[1].y), "{line:?}");
        }
        assert!(two.labels.iter().all(Option::is_some));
    }

    #[test]
    fn what_is_short_or_woven_stays() {
        assert!(!applies(&chain(2, &[(0, 1)])));
        assert!(!applies(&chain(4, &[(0, 1), (1, 2), (2, 3)])));
        assert!(applies(&chain(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])));
        // Two ways lead around every box.
        assert!(!applies(&chain(6, &[(0, 1), (0, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 5), (4, 5), (0, 5), (1, 5)])));
        // A line from the left would have to get into the lower line.
        let mut part = chain(5, &[(0, 1), (1, 2), (4, 2), (2, 3)]);
        part.boxes[4].pin = Pin::Left;
        let cut = cut(&part);
        assert!(cut.is_none_or(|c| !c.below[4]));
    }
}
