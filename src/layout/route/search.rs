//! Finds lines on the grid: the shortest with few bends and crossings, where a trunk grows at every connection that
//! joins it (A*).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::grid::{Grid, NONE, OPEN, Side, axis_of};
use super::nets::{Hints, Net};
use super::scene::{Block, CORNER, Scene};
use super::types::{Budget, Connection, End, Port};

// Costs in tenths of a unit of length.
const BEND: u32 = 250;
const CROSSING: u32 = 350;
/// A line that joins its trunk pays this part of its way along the trunk, in hundredths.
const ON_TRUNK: u32 = 40;
/// The first and the further trunks of a net that leave by another side.
const SECOND_EXIT: u32 = 500;
const FOREIGN_FRAME: u32 = 4000;
const NO_ROOM: u32 = 3000;
const FULL_SIDE: u32 = 2500;
/// A line joins its trunk at one of so many places that were found last: the ends of a net are looked for by distance,
/// so those are the nearest.
const JOINTS: usize = 512;

/// Everything that is known of lines found so far.
pub(super) struct Search<'a> {
    scene: &'a Scene,
    grid: &'a Grid,
    /// For each vertex and direction how many nets run there.
    used: Vec<[u16; 4]>,
    /// For each card and side how many nets end there.
    ends: Vec<[u16; 4]>,
    states: Vec<State>,
    goal: Vec<(u32, u32)>,
    frame_ok: Vec<u32>,
    round: u32,
    /// How much the distance to the target counts, in sixteenths: more finds lines sooner, but not always the best.
    haste: u32,
    /// How many straight lines there may be between the cards of the line that is searched, along each axis.
    straights: [u16; 2],
    /// Connections that should end at the left or the right of cards.
    level: BTreeSet<usize>,
    /// For each vertex how crowded the ways to the right and down are.
    crowded: Vec<[u32; 2]>,
    tree: Tree,
}

/// What a search knows of a vertex and the direction in which it is reached, if the round is its own.
#[derive(Clone, Copy)]
struct State {
    round: u32,
    cost: u32,
    from: u32,
}

/// The part of a net that is found, by vertex; what has another number is of nets before.
struct Tree {
    net: u32,
    of: Vec<u32>,
    /// The vertex before it, seen from the root, and the way from the root.
    before: Vec<(u32, u32)>,
    /// Directions in which it runs on from a vertex, a bit for each.
    edges: Vec<u8>,
    /// All its vertices.
    nodes: Vec<u32>,
    sides: BTreeSet<(usize, Side)>,
}

impl Tree {
    fn new(vertices: usize) -> Tree {
        Tree {
            net: 0,
            of: vec![0; vertices],
            before: vec![(NONE, 0); vertices],
            edges: vec![0; vertices],
            nodes: Vec::new(),
            sides: BTreeSet::new(),
        }
    }

    /// Begins a net.
    fn clear(&mut self) {
        self.net += 1;
        self.nodes.clear();
        self.sides.clear();
    }

    fn holds(&self, v: u32) -> bool {
        self.of[v as usize] == self.net
    }

    fn add(&mut self, v: u32, before: u32, length: u32) {
        if !self.holds(v) {
            self.of[v as usize] = self.net;
            self.before[v as usize] = (before, length);
            self.edges[v as usize] = 0;
            self.nodes.push(v);
        }
    }

    fn runs(&self, v: u32, out: Side) -> bool {
        self.holds(v) && self.edges[v as usize] & (1 << out) != 0
    }
}

/// A way from the root to a leaf: vertices, and the sides of both ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    pub vertices: Vec<u32>,
}

impl<'a> Search<'a> {
    pub fn new(scene: &'a Scene, grid: &'a Grid, hasty: bool) -> Search<'a> {
        let n = grid.at.len();
        Search {
            scene,
            grid,
            used: vec![[0; 4]; n],
            ends: vec![[0; 4]; scene.cards.len()],
            states: vec![State { round: 0, cost: 0, from: NONE }; n * 4],
            goal: vec![(0, 0); n],
            frame_ok: vec![0; scene.frames.len()],
            round: 0,
            haste: if hasty { 22 } else { 16 },
            straights: [0; 2],
            level: BTreeSet::new(),
            crowded: vec![[0; 2]; n],
            tree: Tree::new(n),
        }
    }

    /// Takes over hints from an attempt.
    pub fn learn(&mut self, hints: &Hints) {
        self.level.clone_from(&hints.level);
        for ((v, axis), times) in &hints.crowded {
            self.crowded[*v as usize][*axis] = *times;
        }
    }

    /// Whether hints that are not yet taken over are about a net and its ways.
    pub fn is_hinted(&self, hints: &Hints, net: &Net, ways: &[Option<Way>]) -> bool {
        let level = |m: &usize| hints.level.contains(m) && !self.level.contains(m);
        let crowded = |v: &u32| {
            let times = |axis: usize| hints.crowded.get(&(*v, axis)).copied().unwrap_or_default();
            (0..2).any(|axis| times(axis) > self.crowded[*v as usize][axis])
        };
        net.members.iter().any(level) || ways.iter().flatten().any(|w| w.vertices.iter().any(crowded))
    }

    /// The port of an end that costs least.
    pub fn port(&self, end: End, other: End, is_source: bool) -> Option<u32> {
        let ports = self.ports(end, other, is_source, false);
        ports.into_iter().min_by_key(|p| (p.2, p.1)).map(|p| p.1)
    }

    /// Routes a net: for each member in order its way, or nothing if there is none or the budget is spent.
    pub fn net(&mut self, net: &Net, all: &[Connection], budget: &mut Budget) -> Vec<Option<Way>> {
        self.tree.clear();
        let root = self.scene.cards[net.root.card];
        let mut order: Vec<usize> = (0..net.members.len()).collect();
        let far = |i: &usize| {
            let leaf = net.leaf(&all[net.members[*i]]);
            (distance(&root, &self.scene.cards[leaf.card]) * 10.0) as u64
        };
        order.sort_by_key(|i| (far(i), *i));
        let mut ways: Vec<Option<Way>> = vec![None; net.members.len()];
        let mut same: BTreeMap<(usize, u64), usize> = BTreeMap::new();
        for i in order {
            let leaf = net.leaf(&all[net.members[i]]);
            if leaf.card == net.root.card {
                continue;
            }
            // Equal ends have equal ways.
            let key = (leaf.card, if let Port::Row { y } = leaf.port { y.to_bits() } else { 0 });
            if let Some(same) = same.get(&key) {
                ways[i] = ways[*same].clone();
                continue;
            }
            same.insert(key, i);
            if let Some(way) = self.connect(
                net,
                leaf,
                all[net.members[i]].label.is_some(),
                self.level.contains(&net.members[i]),
                budget,
            ) {
                self.keep(net, leaf, &way);
                ways[i] = Some(way);
            }
        }
        ways
    }

    /// Forgets the lines of a net.
    pub fn remove(&mut self, net: &Net, all: &[Connection], ways: &[Option<Way>]) {
        let mut edges = BTreeSet::new();
        let mut sides = BTreeSet::new();
        for (i, way) in net.members.iter().zip(ways).filter_map(|(i, w)| Some((i, w.as_ref()?))) {
            for pair in way.vertices.windows(2) {
                if let Some(d) = (0..4).find(|d| self.grid.next[pair[0] as usize][*d] == pair[1]) {
                    edges.insert((pair[0], d));
                    edges.insert((pair[1], (d + 2) % 4));
                }
            }
            for (card, side) in self.sides_of(net, net.leaf(&all[*i]), way) {
                sides.insert((card, side));
            }
        }
        for (v, d) in edges {
            self.used[v as usize][d] = self.used[v as usize][d].saturating_sub(1);
        }
        for (card, side) in sides {
            self.ends[card][side] = self.ends[card][side].saturating_sub(1);
        }
    }

    /// The sides at which a way begins and ends.
    fn sides_of(&self, net: &Net, leaf: End, way: &Way) -> Vec<(usize, Side)> {
        let side = |card: usize, v: Option<&u32>| {
            let v = v?;
            let hull = self.scene.hull_of[card];
            self.grid.ports[hull].iter().find(|p| p.1 == *v).map(|p| (card, p.0))
        };
        let ends = [side(net.root.card, way.vertices.first()), side(leaf.card, way.vertices.last())];
        ends.into_iter().flatten().collect()
    }

    fn keep(&mut self, net: &Net, leaf: End, way: &Way) {
        for (card, side) in self.sides_of(net, leaf, way) {
            if self.tree.sides.insert((card, side)) {
                self.ends[card][side] += 1;
            }
        }
        let mut length = 0;
        for (k, &v) in way.vertices.iter().enumerate() {
            let before = if k == 0 { NONE } else { way.vertices[k - 1] };
            if before != NONE {
                length += self.length(before, v);
            }
            self.tree.add(v, before, length);
        }
        for pair in way.vertices.windows(2) {
            let Some(d) = (0..4).find(|d| self.grid.next[pair[0] as usize][*d] == pair[1]) else { continue };
            if !self.tree.runs(pair[0], d) {
                self.tree.edges[pair[0] as usize] |= 1 << d;
                self.tree.edges[pair[1] as usize] |= 1 << ((d + 2) % 4);
                self.used[pair[0] as usize][d] += 1;
                self.used[pair[1] as usize][(d + 2) % 4] += 1;
            }
        }
    }

    fn length(&self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.grid.at[a as usize], self.grid.at[b as usize]);
        (((a[0] - b[0]).abs() + (a[1] - b[1]).abs()) * 10.0) as u32
    }

    /// Ports of an end with their costs. The source and the target of the line differ in which sides they like.
    fn ports(&self, end: End, other: End, is_source: bool, level: bool) -> Vec<(Side, u32, u32)> {
        let (b, o) = (&self.scene.cards[end.card], &self.scene.cards[other.card]);
        let mut ports = self.grid.ports_of(self.scene, end.card);
        if let Port::Row { y } = end.port {
            ports = self.grid.ports[self.scene.hull_of[end.card]].clone();
            ports.retain(|(side, v)| *side == 0 && (self.grid.at[*v as usize][1] - y).abs() < 0.01);
        }
        let above = o.lo[0] < b.hi[0] && b.lo[0] < o.hi[0];
        let cost = |side: Side, v: u32| {
            let liking = match (side, is_source) {
                (0, true) | (2, false) => 0,
                (2, true) => {
                    if o.hi[0] <= b.lo[0] {
                        100
                    } else {
                        350
                    }
                }
                (0, false) => {
                    if o.lo[0] >= b.hi[0] {
                        100
                    } else {
                        350
                    }
                }
                _ if level => 2000,
                _ if above => 100,
                _ => 300,
            };
            let across = 1 - axis_of(side);
            let off = (self.grid.at[v as usize][across] - b.middle(across)).abs();
            let room = ((b.hi[across] - b.lo[across] - 2.0 * CORNER) / 12.0).max(0.0) as u16 + 1;
            let used = self.ends[end.card][side];
            liking + (off * 10.0) as u32 + u32::from(used) * 20 + if used >= room { FULL_SIDE } else { 0 }
        };
        ports.into_iter().map(|(side, v)| (side, v, cost(side, v))).collect()
    }

    /// The best way from the root, or what is found of the net, to a leaf.
    fn connect(&mut self, net: &Net, leaf: End, labeled: bool, level: bool, budget: &mut Budget) -> Option<Way> {
        self.round += 1;
        let round = self.round;
        for card in [net.root.card, leaf.card] {
            self.scene.around(card).into_iter().for_each(|f| self.frame_ok[f] = round);
        }
        for (_, v, cost) in self.ports(leaf, net.root, !net.by_source, level) {
            self.goal[v as usize] = (round, cost);
        }
        let (root, target) = (self.scene.cards[net.root.card], self.scene.cards[leaf.card]);
        self.straights = [1, 0].map(|across| {
            let common = root.hi[across].min(target.hi[across]) - root.lo[across].max(target.lo[across]);
            ((common - 2.0 * CORNER) / if labeled { 20.0 } else { 12.0 }).max(0.0) as u16 + 1
        });
        let mut heap = BinaryHeap::new();
        self.start(net, leaf, level, &target, &mut heap);
        while let Some(Reverse(top)) = heap.pop() {
            let (cost, state) = ((top >> 32) as u32, top as u32);
            let (v, d) = ((state / 4) as usize, (state % 4) as usize);
            if self.goal[v].0 == round && self.states[state as usize].from != NONE {
                return Some(self.trace(state));
            }
            let g = self.states[state as usize].cost;
            if g + self.heuristic(v, d, &target) < cost {
                continue;
            }
            if !budget.step() {
                return None;
            }
            for out in 0..4 {
                if out != (d + 2) % 4 {
                    self.relax(v, d, out, g, &target, &mut heap);
                }
            }
        }
        None
    }

    /// The least that a way from a vertex in a direction to a box can cost: length and bends.
    fn heuristic(&self, v: usize, d: Side, target: &Block) -> u32 {
        let at = self.grid.at[v];
        let off = |a: usize| (target.lo[a] - at[a]).max(at[a] - target.hi[a]).max(0.0);
        let axis = axis_of(d);
        let (along, across) = (off(axis), off(1 - axis));
        let behind = along > 0.0 && (target.lo[axis] > at[axis]) != (d < 2);
        let bends = if behind { 2 } else { u32::from(across > 0.0) };
        (((along + across) * 10.0) as u32 + bends * BEND) * self.haste / 16
    }

    /// Where a search begins: at the ports of the root and on what is found of the net.
    fn start(&mut self, net: &Net, leaf: End, level: bool, target: &Block, heap: &mut BinaryHeap<Reverse<u64>>) {
        let round = self.round;
        let further = if self.tree.nodes.is_empty() { 0 } else { SECOND_EXIT };
        for (side, v, cost) in self.ports(net.root, leaf, net.by_source, level) {
            if !self.tree.holds(v) {
                self.push(v * 4 + side as u32, cost + further, NONE, target, heap);
            }
        }
        let mut starts = Vec::new();
        for &v in self.tree.nodes.iter().rev().take(JOINTS).rev() {
            let (before, length) = self.tree.before[v as usize];
            if before == NONE || self.goal[v as usize].0 == round {
                continue;
            }
            let way_in = (0..4).find(|d| self.grid.next[before as usize][*d] == v).unwrap_or(0);
            starts.push((v * 4 + way_in as u32, length * ON_TRUNK / 100));
        }
        for (state, cost) in starts {
            let v = (state / 4) as usize;
            let foreign = (0..4).any(|d| self.grid.next[v][d] != NONE && !self.may_enter(v, d));
            if !foreign {
                self.push(state, cost, NONE, target, heap);
            }
        }
    }

    fn push(&mut self, state: u32, g: u32, from: u32, target: &Block, heap: &mut BinaryHeap<Reverse<u64>>) {
        let s = state as usize;
        let known = &mut self.states[s];
        if known.round == self.round && known.cost <= g {
            return;
        }
        *known = State { round: self.round, cost: g, from };
        let f = g.saturating_add(self.heuristic(s / 4, s % 4, target));
        heap.push(Reverse(u64::from(f) << 32 | u64::from(state)));
    }

    /// Whether the way from a vertex in a direction lies in a frame of one of the ends, or in none.
    fn may_enter(&self, v: usize, out: Side) -> bool {
        let frame =
            if out < 2 { self.grid.frames[v][out] } else { self.grid.frames[self.grid.next[v][out] as usize][out - 2] };
        frame == OPEN || self.frame_ok[frame as usize] == self.round
    }

    fn relax(&mut self, v: usize, d: Side, out: Side, g: u32, target: &Block, heap: &mut BinaryHeap<Reverse<u64>>) {
        let next = self.grid.next[v][out];
        if next == NONE {
            return;
        }
        // It neither follows its trunk nor comes back to it.
        if self.tree.holds(next) {
            return;
        }
        let length = self.length(v as u32, next);
        let mut cost = length;
        if out == d {
            let across = self.used[v][(d + 1) % 4].min(self.used[v][(d + 3) % 4]);
            cost += u32::from(across) * CROSSING;
        } else {
            cost += BEND;
        }
        let (first, axis) = if out < 2 { (v, out) } else { (next as usize, out - 2) };
        let narrow = self.grid.narrow[first][axis];
        cost += length * self.crowded[first][axis];
        cost += if narrow { length / 3 } else { 0 };
        cost += u32::from(self.used[v][out].min(4)) * (length / 12 + 5);
        if !self.may_enter(v, out) {
            cost += FOREIGN_FRAME + length * 6;
        }
        let goal = self.goal[next as usize];
        if goal.0 == self.round {
            cost += goal.1;
            // Two straight lines need two heights that both cards have.
            let back = self.used[next as usize][(out + 2) % 4];
            if back > 0 && d == out && self.is_straight(v * 4 + d) {
                cost += if back < self.straights[axis_of(out)] { 100 } else { NO_ROOM };
            }
        } else if self.grid.next[next as usize].iter().filter(|n| **n != NONE).count() < 2 {
            return;
        }
        self.push(next * 4 + out as u32, g + cost, v as u32 * 4 + d as u32, target, heap);
    }

    /// Whether the way to a state begins at a card and has no bend.
    fn is_straight(&self, state: usize) -> bool {
        let mut s = state;
        while self.states[s].from != NONE {
            let before = self.states[s].from as usize;
            if before % 4 != s % 4 {
                return false;
            }
            s = before;
        }
        !self.tree.holds(s as u32 / 4)
    }

    /// The way to a state, from the root.
    fn trace(&self, state: u32) -> Way {
        let mut back = vec![state / 4];
        let mut s = state;
        while self.states[s as usize].from != NONE {
            s = self.states[s as usize].from;
            back.push(s / 4);
        }
        let mut v = s / 4;
        while self.tree.holds(v) && self.tree.before[v as usize].0 != NONE {
            v = self.tree.before[v as usize].0;
            back.push(v);
        }
        back.reverse();
        Way { vertices: back }
    }
}

/// Distance of two boxes, along the axes.
pub(super) fn distance(a: &Block, b: &Block) -> f64 {
    (0..2).map(|k| (a.lo[k] - b.hi[k]).max(b.lo[k] - a.hi[k]).max(0.0)).sum()
}
