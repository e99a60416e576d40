//! Runs cut where lines part: the pieces on which labels may stand, and whose lines run there.

use super::nets::Net;
use super::runs::{Lines, border};
use super::scene::Scene;
use super::types::{Connection, Tag};

/// A piece of a run between two places where lines of its net part or end.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub run: usize,
    pub lo: f64,
    pub hi: f64,
    /// How many connections run here.
    pub count: usize,
    /// Their common label.
    pub tag: Option<Tag>,
}

/// All pieces.
pub(super) struct Pieces {
    pub all: Vec<Piece>,
    /// For each connection its pieces, from the root to the leaf.
    pub of: Vec<Vec<usize>>,
}

impl Pieces {
    pub fn new(scene: &Scene, lines: &Lines, nets: &[Net], connections: &[Connection]) -> Pieces {
        let mut all = Vec::new();
        let mut first = Vec::with_capacity(lines.runs.len());
        for (r, run) in lines.runs.iter().enumerate() {
            first.push(all.len());
            let mut stops: Vec<f64> = run.joints.iter().map(|j| lines.runs[*j].at).chain([run.lo, run.hi]).collect();
            stops.sort_by(f64::total_cmp);
            for pair in stops.windows(2).filter(|p| p[1] - p[0] > 0.01) {
                all.push(Piece { run: r, lo: pair[0], hi: pair[1], count: 0, tag: None });
            }
        }
        first.push(all.len());
        let mut pieces = Pieces { all, of: vec![Vec::new(); connections.len()] };
        for &member in nets.iter().flat_map(|n| &n.members) {
            let line = &lines.lines[member];
            let mut of = Vec::new();
            for (k, &r) in line.runs.iter().enumerate() {
                let end = |neighbor: Option<&usize>, attach| match (neighbor, attach) {
                    (Some(n), _) => lines.runs[*n].at,
                    (None, Some(a)) => border(scene, &a),
                    _ => lines.runs[r].lo,
                };
                let a = end(k.checked_sub(1).and_then(|k| line.runs.get(k)), line.start);
                let b = end(line.runs.get(k + 1), line.end);
                let here = first[r]..first[r + 1];
                let mut mine: Vec<usize> = here
                    .filter(|p| pieces.all[*p].lo > a.min(b) - 0.01 && pieces.all[*p].hi < a.max(b) + 0.01)
                    .collect();
                if a > b {
                    mine.reverse();
                }
                of.extend(mine);
            }
            for p in &of {
                let piece = &mut pieces.all[*p];
                let same = |t: Tag| connections[member].label.is_some_and(|l| l.text == t.text);
                piece.tag = match piece.count {
                    0 => connections[member].label,
                    _ => piece.tag.filter(|t| same(*t)),
                };
                piece.count += 1;
            }
            pieces.of[member] = of;
        }
        pieces
    }
}
