//! Moves the targets of a card's rows up or down as one block, so that the block is beside the card and not below it.
//!
//! The engine keeps lines short and straight. Where two rows lead to two cards, either line may be the straight one;
//! this takes what makes the part lower. Only the lines between the card and the block change, and these bend at most
//! twice.

use super::engine::{EDGE_EDGE, Part, Placed};
use super::geometry::simplify;
use super::{Point, Rect};

/// Lines that meet a card this near are taken to meet at one point, in user units.
const SAME: f64 = 0.5;

/// Moves the blocks beside every card with rows, where that saves more height than it adds to the upright pieces of
/// their lines.
pub(super) fn lift(part: &Part, placed: &Placed) -> Placed {
    let mut result = placed.clone();
    for card in (0..part.boxes.len()).filter(|&b| part.boxes[b].rows.len() > 1) {
        if let Some(block) = Block::of(part, &result, card)
            && let Some(by) = block.shift(part, &result)
            && let Some(moved) = block.moved(part, &result, by)
        {
            result = moved;
        }
    }
    result
}

/// The targets of the rows of a card.
struct Block {
    /// The edges from the rows, from top to bottom.
    edges: Vec<usize>,
    /// True for each box that moves.
    moves: Vec<bool>,
    /// Places of the upright pieces of the lines, from left to right.
    tracks: Vec<f64>,
}

impl Block {
    /// `None` if the block hangs together with the card in other ways, stands elsewhere than right of everything that
    /// stays, or if its lines are not of the plain kind.
    fn of(part: &Part, placed: &Placed, card: usize) -> Option<Block> {
        let mut edges: Vec<usize> = (0..part.edges.len()).filter(|&e| part.edges[e].from == card).collect();
        let ends = |e: usize| Some((*placed.lines[e].first()?, *placed.lines[e].last()?));
        edges.sort_by(|&a, &b| ends(a).map_or(0.0, |l| l.0.y).total_cmp(&ends(b).map_or(0.0, |l| l.0.y)));
        let apart = |w: &[usize]| match (ends(w[0]), ends(w[1])) {
            (Some(a), Some(b)) => b.0.y - a.0.y > SAME && b.1.y - a.1.y > SAME,
            _ => false,
        };
        if edges.len() < 2 || !edges.windows(2).all(apart) || edges.iter().any(|&e| placed.labels[e].is_some()) {
            return None;
        }
        let moves = part.joined(edges.iter().map(|&e| part.edges[e].to), |e| e.from != card);
        if moves[card] {
            return None;
        }
        // Everything that moves is right of everything that stays, with their lines.
        let (mut stays, mut starts) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut note = |moves: bool, left: f64, right: f64| match moves {
            true => starts = starts.min(left),
            false => stays = stays.max(right),
        };
        for (rect, &moves) in placed.boxes.iter().zip(&moves) {
            note(moves, rect.x, rect.right());
        }
        for (index, edge) in part.edges.iter().enumerate().filter(|(_, e)| e.from != card) {
            let xs = placed.lines[index].iter().map(|p| (p.x, p.x));
            let label = placed.labels[index].iter().map(|l| (l.x, l.right()));
            xs.chain(label).for_each(|(left, right)| note(moves[edge.to], left, right));
        }
        let mut tracks = Vec::new();
        for &e in &edges {
            match placed.lines[e].as_slice() {
                [a, b] if (a.y - b.y).abs() < SAME => {}
                [_, b, c, _] if b.x == c.x && b.x > stays && b.x < starts => tracks.push(b.x),
                _ => return None,
            }
        }
        tracks.sort_by(f64::total_cmp);
        tracks.dedup_by(|a, b| (*a - *b).abs() < SAME);
        (stays <= starts).then_some(Block { edges, moves, tracks })
    }

    /// How far down the block should move; `None` if it stands well. One line is straight afterwards.
    fn shift(&self, part: &Part, placed: &Placed) -> Option<f64> {
        let steps: Vec<f64> =
            self.edges.iter().filter_map(|&e| Some(placed.lines[e].first()?.y - placed.lines[e].last()?.y)).collect();
        let span = |moves: bool| {
            let boxes =
                placed.boxes.iter().zip(&self.moves).filter(move |(_, m)| **m == moves).map(|(r, _)| (r.y, r.bottom()));
            let lines = part
                .edges
                .iter()
                .zip(&placed.lines)
                .filter(move |(e, _)| self.moves[e.from] == moves && self.moves[e.to] == moves);
            let lines = lines.flat_map(|(_, l)| l.iter().map(|p| (p.y, p.y)));
            boxes
                .chain(lines)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), (t, b)| (top.min(t), bottom.max(b)))
        };
        let ((top, bottom), (first, last)) = (span(false), span(true));
        let cost = |by: f64| {
            let height = bottom.max(last + by) - top.min(first + by);
            height + steps.iter().map(|s| (s - by).abs()).sum::<f64>()
        };
        let best =
            steps.iter().copied().min_by(|a, b| cost(*a).total_cmp(&cost(*b)).then(a.abs().total_cmp(&b.abs())))?;
        (cost(best) + SAME < cost(0.0)).then_some(best)
    }

    /// The part with the block moved; lines that bend upward do so further right the lower they start, and those that
    /// bend downward the other way round.
    fn moved(&self, part: &Part, placed: &Placed, by: f64) -> Option<Placed> {
        let mut result = placed.clone();
        let ends: Vec<(Point, Point)> =
            self.edges.iter().filter_map(|&e| Some((*placed.lines[e].first()?, *placed.lines[e].last()?))).collect();
        let rise = |(from, to): &(Point, Point)| to.y + by - from.y;
        let (up, down) =
            (ends.iter().filter(|l| rise(l) < -SAME).count(), ends.iter().filter(|l| rise(l) > SAME).count());
        let mut tracks = self.tracks.clone();
        let wider = up.max(down).saturating_sub(tracks.len());
        for _ in 0..wider {
            tracks.push(tracks.last()? + EDGE_EDGE);
        }
        let wide = EDGE_EDGE * wider as f64;
        let shift = |p: Point| Point { x: p.x + wide, y: p.y + by };
        let slide = |r: &mut Rect| (r.x, r.y) = (r.x + wide, r.y + by);
        result.boxes.iter_mut().zip(&self.moves).filter(|(_, m)| **m).for_each(|(r, _)| slide(r));
        for (index, edge) in part.edges.iter().enumerate().filter(|(_, e)| self.moves[e.from]) {
            debug_assert!(self.moves[edge.to]);
            result.lines[index].iter_mut().for_each(|p| *p = shift(*p));
            result.labels[index].iter_mut().for_each(slide);
        }
        let (mut ups, mut downs) = (0, down);
        for (&edge, ends) in self.edges.iter().zip(&ends) {
            let (from, to) = (ends.0, shift(ends.1));
            let track = match rise(ends) {
                rise if rise < -SAME => {
                    ups += 1;
                    ups - 1
                }
                rise if rise > SAME => {
                    downs -= 1;
                    downs
                }
                _ => 0,
            };
            let x = tracks.get(track).copied().unwrap_or(from.x);
            result.lines[edge] = simplify(&[from, Point { x, y: from.y }, Point { x, y: to.y }, to]);
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{engine, sample};
    use super::*;

    /// A card whose rows stand at its bottom and lead to a card each, which lead on.
    fn fan(rows: usize) -> Part {
        let leads = (0..rows).flat_map(|row| {
            let first = engine::EdgeIn { row: Some(row), trunk: 100 + row, ..sample::edge(0, 1 + row) };
            [first, sample::edge(1 + row, 1 + rows + row)]
        });
        let mut part = sample::part(1 + 2 * rows, leads);
        part.boxes[0].header = 80.0;
        part.boxes[0].rows = vec![18.0; rows];
        part.boxes[0].height = 80.0 + 18.0 * rows as f64;
        part
    }

    fn height(placed: &Placed) -> f64 {
        placed.extent(placed.boxes.iter()).h
    }

    #[test]
    fn a_block_stands_beside_its_card_and_its_lines_arrive() {
        for rows in 2..7 {
            let part = fan(rows);
            let before = engine::run(&part, 1_000_000_000).unwrap();
            let after = lift(&part, &before);
            assert!(height(&after) <= height(&before), "{rows} rows");
            let mut straight = 0;
            for (edge, line) in part.edges.iter().zip(&after.lines) {
                let (first, last) = (line[0], line[line.len() - 1]);
                let (from, to) = (after.boxes[edge.from], after.boxes[edge.to]);
                assert!((first.x - from.right()).abs() < 0.01 && (last.x - to.x).abs() < 0.01, "{line:?}");
                assert!(last.y > to.y && last.y < to.bottom(), "{line:?}");
                assert!(line.windows(2).all(|w| w[0].x == w[1].x || (w[0].y - w[1].y).abs() < SAME), "{line:?}");
                straight += usize::from(edge.row.is_some() && line.len() == 2);
            }
            assert_eq!(straight, 1, "{rows} rows");
            let rows: Vec<(usize, &[Point])> =
                (0..2 * rows).step_by(2).map(|e| (e, after.lines[e].as_slice())).collect();
            assert_eq!(super::super::crossing::count(rows.iter().copied()), 0);
        }
        let part = fan(2);
        let before = engine::run(&part, 1_000_000_000).unwrap();
        assert!(height(&lift(&part, &before)) < height(&before) - 20.0, "two rows need less height");
    }

    #[test]
    fn what_hangs_together_with_the_card_otherwise_stays() {
        let mut part = fan(2);
        part.boxes.push(sample::card(160.0, 46.0));
        let last = part.boxes.len() - 1;
        part.edges.extend([sample::edge(last, 0), sample::edge(last, 1)]);
        let before = engine::run(&part, 1_000_000_000).unwrap();
        let after = lift(&part, &before);
        assert_eq!(after.boxes, before.boxes);
    }
}
