//! Stacks Services on their workloads: in a chain of workloads, a Service beside each of them would cost a column for
//! every step. Service and workload become one box for the engine.

use super::engine::{self, BoxIn, EdgeIn, Part, Pin, Placed};
use super::geometry::simplify;
use super::{Point, Rect};

/// Space between a Service and its workload; the end of the line fits in.
const GAP: f64 = 20.0;
/// Where the line runs down, right of the left border of both.
const LINE_X: f64 = 24.0;

/// A Service and its workload.
struct Pair {
    above: usize,
    below: usize,
    /// The edge between them.
    edge: usize,
}

fn pairs(part: &Part) -> Vec<Pair> {
    let n = part.boxes.len();
    let (mut out, mut into) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for (index, e) in part.edges.iter().enumerate() {
        out[e.from].push(index);
        into[e.to].push(index);
    }
    let mut taken = vec![false; n];
    let mut found = Vec::new();
    for (index, e) in part.edges.iter().enumerate() {
        let (above, below) = (&part.boxes[e.from], &part.boxes[e.to]);
        let simple =
            e.from != e.to && e.straight && e.label.is_none() && into[e.from].is_empty() && out[e.from].len() == 1;
        let plain = |b: &BoxIn| b.pin == Pin::Free && b.rows.is_empty();
        // What enters from the right, and loops, may end anywhere on a side; those stay as they are.
        let odd = into[e.to].iter().any(|&i| part.boxes[part.edges[i].from].pin == Pin::Right)
            || out[e.to].iter().any(|&i| part.edges[i].to == e.to || part.boxes[part.edges[i].to].pin == Pin::Left);
        if simple && plain(above) && plain(below) && !odd && into[e.to].len() > 1 && !taken[e.to] {
            taken[e.to] = true;
            found.push(Pair { above: e.from, below: e.to, edge: index });
        }
    }
    found
}

/// True if the part has a Service to stack.
pub(super) fn applies(part: &Part) -> bool {
    !pairs(part).is_empty()
}

/// Places a part with Services above their workloads; `None` if there are none, or if the engine fails.
pub(super) fn run(part: &Part, budget: usize) -> Option<Placed> {
    let pairs = pairs(part);
    if pairs.is_empty() {
        return None;
    }
    let mut pair_of = vec![None; part.boxes.len()];
    let mut gone = vec![false; part.boxes.len()];
    for (i, pair) in pairs.iter().enumerate() {
        pair_of[pair.below] = Some(i);
        gone[pair.above] = true;
    }
    let mut small = Part::default();
    let mut number = vec![0; part.boxes.len()];
    for (index, b) in part.boxes.iter().enumerate().filter(|(i, _)| !gone[*i]) {
        number[index] = small.boxes.len();
        let mut b = b.clone();
        if let Some(pair) = pair_of[index] {
            let above = &part.boxes[pairs[pair].above];
            let mut trunks: Vec<usize> = part.edges.iter().filter(|e| e.from == index).map(|e| e.trunk).collect();
            trunks.sort_unstable();
            trunks.dedup();
            b.header = above.height + GAP;
            b.rows = vec![b.height / trunks.len().max(1) as f64; trunks.len()];
            b.height += b.header;
            b.width = b.width.max(above.width);
        }
        small.boxes.push(b);
    }
    let skipped: Vec<usize> = pairs.iter().map(|p| p.edge).collect();
    let kept: Vec<usize> = (0..part.edges.len()).filter(|e| skipped.binary_search(e).is_err()).collect();
    for &index in &kept {
        let e = &part.edges[index];
        let mut trunks: Vec<usize> = part.edges.iter().filter(|o| o.from == e.from).map(|o| o.trunk).collect();
        trunks.sort_unstable();
        trunks.dedup();
        small.edges.push(EdgeIn {
            from: number[e.from],
            to: number[e.to],
            row: if pair_of[e.from].is_some() { trunks.binary_search(&e.trunk).ok() } else { e.row },
            ..e.clone()
        });
    }
    // The first run finds the order in which lines enter, the second one keeps it and has them enter the workload.
    let first = engine::run(&small, budget).ok()?;
    for (index, &b) in number.iter().enumerate().filter(|(i, _)| pair_of[*i].is_some()) {
        let mut entering: Vec<(f64, usize)> = Vec::new();
        for (edge, line) in
            small.edges.iter().zip(&first.lines).enumerate().filter(|(_, (e, _))| e.to == b).map(|(i, (_, l))| (i, l))
        {
            entering.push((line.last()?.y, edge));
        }
        entering.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (top, height) = (small.boxes[b].header, part.boxes[index].height);
        let step = height / (entering.len() + 1) as f64;
        small.boxes[b].entries = (1..=entering.len()).map(|i| (top + step * i as f64).round()).collect();
        for (entry, (_, edge)) in entering.into_iter().enumerate() {
            small.edges[edge].entry = Some(entry);
        }
    }
    let placed = engine::run(&small, budget).ok()?;
    let mut whole = Placed {
        boxes: number.iter().map(|&n| placed.boxes[n]).collect(),
        orders: part.boxes.iter().map(|b| (0..b.rows.len()).collect()).collect(),
        lines: vec![Vec::new(); part.edges.len()],
        labels: vec![None; part.edges.len()],
    };
    for (index, b) in part.boxes.iter().enumerate().filter(|(_, b)| !b.rows.is_empty()) {
        debug_assert!(pair_of[index].is_none());
        whole.orders[index].clone_from(&placed.orders[number[index]]);
        whole.boxes[index].h = b.height;
    }
    for ((index, line), label) in kept.into_iter().zip(placed.lines).zip(placed.labels) {
        whole.lines[index] = line;
        whole.labels[index] = label;
    }
    for pair in &pairs {
        let at = placed.boxes[number[pair.below]];
        let size = |b: &BoxIn, y: f64| Rect { x: at.x, y, w: b.width, h: b.height };
        let (above, below) = (&part.boxes[pair.above], &part.boxes[pair.below]);
        whole.boxes[pair.above] = size(above, at.y);
        whole.boxes[pair.below] = size(below, at.y + above.height + GAP);
        let x = at.x + LINE_X;
        whole.lines[pair.edge] = vec![Point { x, y: at.y + above.height }, Point { x, y: at.y + above.height + GAP }];
        // The box of both may be wider than the workload.
        let right = at.x + below.width;
        for (edge, line) in part.edges.iter().zip(&mut whole.lines) {
            if edge.from == pair.below && right < at.right() {
                if let Some(first) = line.first().copied() {
                    line.insert(0, Point { x: right, y: first.y });
                }
                *line = simplify(line);
            }
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_chain_has_half_the_columns_and_lines_end_at_workloads() {
        let selects = |from, to| EdgeIn { trunk: 1, straight: true, ..sample::edge(from, to) };
        // Workloads 0, 1, 2 with Services 3, 4, 5; the first may talk to both others, and the second to the third.
        let allows = [(0, 1), (0, 2), (1, 2)].map(|(from, to)| sample::labeled(from, to));
        let mut part = sample::part(6, [selects(3, 0), selects(4, 1), selects(5, 2)].into_iter().chain(allows));
        (part.boxes[4].width, part.boxes[5].width) = (190.0, 140.0);
        assert!(applies(&part));
        let placed = run(&part, 1_000_000_000).unwrap();
        assert_eq!(placed.boxes[4].x, placed.boxes[1].x);
        for (e, line) in part.edges.iter().zip(&placed.lines) {
            let (from, to, last) = (placed.boxes[e.from], placed.boxes[e.to], line[line.len() - 1]);
            let on = |r: Rect, p: Point| {
                p.x >= r.x - 0.01 && p.x <= r.right() + 0.01 && p.y >= r.y - 0.01 && p.y <= r.bottom() + 0.01
            };
            assert!(on(from, line[0]) && on(to, last), "{e:?} {line:?} {from:?} {to:?}");
        }
    }
}
