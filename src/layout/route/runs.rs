//! The straight parts of all lines, each one number to decide: where across its direction it runs. Lines of a net share
//! parts.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::{Grid, Side, axis_of, is_forward};
use super::nets::Net;
use super::scene::Scene;
use super::search::Way;
use super::types::{Connection, Port};

/// An end of a run on a card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Attach {
    pub card: usize,
    pub side: Side,
    /// An arrow head is drawn here.
    pub arrow: bool,
}

/// A straight part of the lines of a net.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub net: usize,
    pub style: u32,
    /// The axis along which it runs.
    pub axis: usize,
    /// Where it runs, on the other axis.
    pub at: f64,
    /// From where to where.
    pub lo: f64,
    pub hi: f64,
    pub attached: Vec<Attach>,
    /// It begins at a row of a card, which decides its place.
    pub fixed: bool,
    /// Runs across it that it touches.
    pub joints: Vec<usize>,
    /// The edges of the grid on which it was found: a vertex and an axis.
    pub edges: Vec<(u32, usize)>,
}

/// The line of a connection, from the root of its net to the leaf.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub runs: Vec<usize>,
    pub start: Option<Attach>,
    pub end: Option<Attach>,
}

/// A point of a net, in tenths of a unit.
type Place = (usize, i64, i64);

/// All lines of a picture.
#[derive(Default)]
pub(super) struct Lines {
    pub runs: Vec<Run>,
    /// For each connection.
    pub lines: Vec<Line>,
}

impl Lines {
    pub fn new(scene: &Scene, grid: &Grid, nets: &[Net], ways: &[Vec<Option<Way>>], all: &[Connection]) -> Lines {
        let mut lines = Lines { runs: Vec::new(), lines: vec![Line::default(); all.len()] };
        for (n, net) in nets.iter().enumerate() {
            lines.add_net(scene, grid, n, net, &ways[n], all);
        }
        lines.join();
        lines.measure(scene);
        lines
    }

    fn add_net(&mut self, scene: &Scene, grid: &Grid, n: usize, net: &Net, ways: &[Option<Way>], all: &[Connection]) {
        let run_of = self.straight_parts(grid, n, net, ways);
        for (&member, way) in net.members.iter().zip(ways) {
            if all[member].from.card == all[member].to.card {
                self.loop_line(scene, n, net, member);
                continue;
            }
            let Some(way) = way else {
                self.plain_line(scene, n, net, member, &all[member]);
                continue;
            };
            let mut line = Line::default();
            for pair in way.vertices.windows(2) {
                let Some(run) = edge(grid, pair[0], pair[1]).and_then(|e| run_of.get(&e)) else { continue };
                if line.runs.last() != Some(run) {
                    line.runs.push(*run);
                }
            }
            let leaf = net.leaf(&all[member]);
            line.start = attach(scene, grid, net.root.card, way.vertices.first(), !net.by_source);
            line.end = attach(scene, grid, leaf.card, way.vertices.last(), net.by_source);
            for (end, run) in [(line.start, line.runs.first()), (line.end, line.runs.last())] {
                if let (Some(end), Some(run)) = (end, run) {
                    let port = if end.card == net.root.card { net.root.port } else { leaf.port };
                    self.attach(*run, end, port);
                }
            }
            self.lines[member] = line;
        }
    }

    fn attach(&mut self, run: usize, end: Attach, port: Port) {
        let run = &mut self.runs[run];
        if !run.attached.contains(&end) {
            run.attached.push(end);
        }
        run.fixed |= port != Port::Free;
    }

    /// Makes runs of the edges of a net; returns the run of each edge.
    fn straight_parts(
        &mut self,
        grid: &Grid,
        n: usize,
        net: &Net,
        ways: &[Option<Way>],
    ) -> BTreeMap<(u32, usize), usize> {
        let pairs = ways.iter().flatten().flat_map(|w| w.vertices.windows(2));
        let mut edges: Vec<(u32, usize)> = pairs.filter_map(|p| edge(grid, p[0], p[1])).collect();
        edges.sort_by(|a, b| {
            let place = |e: &(u32, usize)| {
                let at = grid.at[e.0 as usize];
                (e.1, at[1 - e.1], at[e.1])
            };
            place(a).partial_cmp(&place(b)).unwrap_or(std::cmp::Ordering::Equal)
        });
        edges.dedup();
        let mut run_of = BTreeMap::new();
        let mut reached = None;
        for (v, axis) in edges {
            let next = grid.next[v as usize][axis];
            if reached != Some((v, axis)) {
                let at = grid.at[v as usize];
                self.runs.push(new_run(n, net, axis, at[1 - axis]));
            }
            let last = self.runs.len() - 1;
            self.runs[last].edges.push((v, axis));
            run_of.insert((v, axis), last);
            reached = Some((next, axis));
        }
        run_of
    }

    /// The line of a card to itself: out of its right side and back into it below.
    fn loop_line(&mut self, scene: &Scene, n: usize, net: &Net, member: usize) {
        let card = net.root.card;
        if let Some(same) = net.members.iter().find(|m| self.lines[**m].runs.len() == 3 && loops(&self.lines[**m])) {
            self.lines[member] = self.lines[*same].clone();
            return;
        }
        let b = &scene.cards[card];
        let height = b.hi[1] - b.lo[1];
        let first = self.runs.len();
        let end = |arrow| Attach { card, side: 0, arrow };
        for (axis, at, attached) in [
            (0, b.lo[1] + height * 0.3, vec![end(!net.by_source)]),
            (1, b.hi[0] + 24.0, vec![]),
            (0, b.lo[1] + height * 0.7, vec![end(net.by_source)]),
        ] {
            let mut run = new_run(n, net, axis, at);
            run.attached = attached;
            self.runs.push(run);
        }
        let runs = vec![first, first + 1, first + 2];
        self.lines[member] = Line { runs, start: Some(end(!net.by_source)), end: Some(end(net.by_source)) };
    }

    /// A line of three parts that heeds nothing else, where no way leads from card to card.
    fn plain_line(&mut self, scene: &Scene, n: usize, net: &Net, member: usize, c: &Connection) {
        let leaf = net.leaf(c);
        let (a, b) = (&scene.cards[net.root.card], &scene.cards[leaf.card]);
        let (sides, x): ([Side; 2], f64) = if a.hi[0] < b.lo[0] {
            ([0, 2], (a.hi[0] + b.lo[0]) / 2.0)
        } else if b.hi[0] < a.lo[0] {
            ([2, 0], (b.hi[0] + a.lo[0]) / 2.0)
        } else {
            ([0, 0], a.hi[0].max(b.hi[0]) + 24.0)
        };
        let first = self.runs.len();
        let start = Attach { card: net.root.card, side: sides[0], arrow: !net.by_source };
        let end = Attach { card: leaf.card, side: sides[1], arrow: net.by_source };
        for (axis, at) in [(0, a.middle(1)), (1, x), (0, b.middle(1))] {
            self.runs.push(new_run(n, net, axis, at));
        }
        self.attach(first, start, Port::Free);
        self.attach(first + 2, end, Port::Free);
        self.lines[member] = Line { runs: vec![first, first + 1, first + 2], start: Some(start), end: Some(end) };
    }

    /// Finds what touches what.
    fn join(&mut self) {
        for line in &self.lines {
            for pair in line.runs.windows(2) {
                self.runs[pair[0]].joints.push(pair[1]);
                self.runs[pair[1]].joints.push(pair[0]);
            }
        }
        for run in &mut self.runs {
            run.joints.sort_unstable();
            run.joints.dedup();
        }
    }

    /// Works out from where to where each run goes.
    pub fn measure(&mut self, scene: &Scene) {
        let places: Vec<f64> = self.runs.iter().map(|r| r.at).collect();
        for run in &mut self.runs {
            let axis = run.axis;
            let ends = run.attached.iter().filter(|a| axis_of(a.side) == axis).map(|a| border(scene, a));
            let all: Vec<f64> = run.joints.iter().map(|j| places[*j]).chain(ends).collect();
            run.lo = all.iter().copied().fold(f64::INFINITY, f64::min);
            run.hi = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        }
    }

    /// The points of a line, from the root to the leaf.
    pub fn points(&self, scene: &Scene, line: &Line) -> Vec<[f64; 2]> {
        let mut points = Vec::with_capacity(line.runs.len() + 1);
        let at_end = |end: &Attach, run: usize| {
            let run = &self.runs[run];
            let mut p = [0.0; 2];
            p[run.axis] = border(scene, end);
            p[1 - run.axis] = run.at;
            p
        };
        if let (Some(start), Some(run)) = (&line.start, line.runs.first()) {
            points.push(at_end(start, *run));
        }
        for pair in line.runs.windows(2) {
            let (a, b) = (&self.runs[pair[0]], &self.runs[pair[1]]);
            let mut p = [0.0; 2];
            p[a.axis] = b.at;
            p[b.axis] = a.at;
            points.push(p);
        }
        if let (Some(end), Some(run)) = (&line.end, line.runs.last()) {
            points.push(at_end(end, *run));
        }
        points
    }
}

impl Lines {
    /// The points where lines of one net part or join: for each connection those on its line that no earlier one has.
    pub fn branches(&self) -> Vec<Vec<[f64; 2]>> {
        let mut ways: BTreeMap<Place, u8> = BTreeMap::new();
        for (r, run) in self.runs.iter().enumerate() {
            for &j in &run.joints {
                let (place, bits) = self.joint(r, j);
                *ways.entry(place).or_default() |= bits;
            }
        }
        let mut seen = BTreeSet::new();
        let mut all = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let mut mine = Vec::new();
            for (&r, &j) in line.runs.iter().flat_map(|r| self.runs[*r].joints.iter().map(move |j| (r, j))) {
                let (a, b) = (&self.runs[r], &self.runs[j]);
                let place = self.joint(r, j).0;
                let parts = ways.get(&place).is_some_and(|bits| bits.count_ones() > 2);
                if parts && (line.runs.contains(&j) || self.passes(line, r, b.at)) && seen.insert(place) {
                    let mut p = [0.0; 2];
                    (p[a.axis], p[b.axis]) = (b.at, a.at);
                    mine.push(p);
                }
            }
            all.push(mine);
        }
        all
    }

    /// Where two runs meet, and the directions in which they go on from there: a bit for each.
    fn joint(&self, r: usize, j: usize) -> (Place, u8) {
        const NEAR: f64 = 0.5;
        let (a, b) = (&self.runs[r], &self.runs[j]);
        let key = |v: f64| (v * 10.0).round() as i64;
        let place = if a.axis == 0 { (a.net, key(b.at), key(a.at)) } else { (a.net, key(a.at), key(b.at)) };
        let bits =
            |run: &Run, at: f64| (u8::from(run.lo < at - NEAR) | u8::from(run.hi > at + NEAR) << 1) << (2 * run.axis);
        (place, bits(a, b.at) | bits(b, a.at))
    }

    /// Whether a line runs through a coordinate along one of its runs.
    fn passes(&self, line: &Line, r: usize, at: f64) -> bool {
        let Some(k) = line.runs.iter().position(|x| *x == r) else { return false };
        let run = &self.runs[r];
        let end = |neighbor: Option<&usize>, attach: &Option<Attach>| match (neighbor, attach) {
            (Some(n), _) => self.runs[*n].at,
            (None, Some(a)) if is_forward(a.side) => run.lo,
            _ => run.hi,
        };
        let a = end(k.checked_sub(1).and_then(|k| line.runs.get(k)), &line.start);
        let b = end(line.runs.get(k + 1), &line.end);
        a.min(b) <= at && at <= a.max(b)
    }
}

/// Whether a line leads from a card to itself.
fn loops(line: &Line) -> bool {
    line.start.map(|s| s.card) == line.end.map(|e| e.card)
}

fn new_run(n: usize, net: &Net, axis: usize, at: f64) -> Run {
    Run {
        net: n,
        style: net.style,
        axis,
        at,
        lo: 0.0,
        hi: 0.0,
        attached: Vec::new(),
        fixed: false,
        joints: Vec::new(),
        edges: Vec::new(),
    }
}

/// The border of a card at which a line ends.
pub(super) fn border(scene: &Scene, end: &Attach) -> f64 {
    let (b, axis) = (&scene.cards[end.card], axis_of(end.side));
    if is_forward(end.side) { b.hi[axis] } else { b.lo[axis] }
}

/// The edge between two neighbors: its first vertex and its axis.
fn edge(grid: &Grid, a: u32, b: u32) -> Option<(u32, usize)> {
    match grid.next[a as usize].iter().position(|n| *n == b)? {
        d @ 0..=1 => Some((a, d)),
        d => Some((b, d - 2)),
    }
}

fn attach(scene: &Scene, grid: &Grid, card: usize, v: Option<&u32>, arrow: bool) -> Option<Attach> {
    let v = v?;
    let port = grid.ports[scene.hull_of[card]].iter().find(|p| p.1 == *v)?;
    Some(Attach { card, side: port.0, arrow })
}
