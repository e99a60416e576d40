//! The ways of all nets: the short ones first, then each once more, when all others are known; after an attempt only
//! those again that it is about.

use std::collections::BTreeMap;

use super::fallback::SpanningTree;
use super::grid::Grid;
use super::nets::{Hints, Net, group};
use super::scene::Scene;
use super::search::{Search, Way, distance};
use super::types::{Budget, Connection};

/// With more connections than this lines are found faster, and not once more when all others are known.
pub(super) const MANY: usize = 250;

/// Finds ways.
pub(super) struct Finder<'a> {
    scene: &'a Scene,
    grid: &'a Grid,
    all: &'a [Connection],
    search: Search<'a>,
    /// The nets, and for each the ways of its members.
    pub nets: Vec<Net>,
    pub ways: Vec<Vec<Option<Way>>>,
    /// How many ways were found without a search.
    pub plain: usize,
}

impl<'a> Finder<'a> {
    pub fn new(scene: &'a Scene, grid: &'a Grid, all: &'a [Connection]) -> Finder<'a> {
        let search = Search::new(scene, grid, all.len() > MANY);
        Finder { scene, grid, all, search, nets: Vec::new(), ways: Vec::new(), plain: 0 }
    }

    /// Finds the ways of all nets that have none or whose ways a hint is about.
    pub fn find(&mut self, hints: &Hints, budget: &mut Budget) {
        let nets = group(self.all, &hints.alone);
        let old: BTreeMap<&[usize], usize> = self.nets.iter().enumerate().map(|(i, n)| (&n.members[..], i)).collect();
        let kept: Vec<Option<usize>> = nets
            .iter()
            .map(|n| old.get(&n.members[..]).copied().filter(|o| !self.search.is_hinted(hints, n, &self.ways[*o])))
            .collect();
        let mut ways: Vec<Vec<Option<Way>>> = vec![Vec::new(); nets.len()];
        let mut stays = vec![false; self.nets.len()];
        for (n, old) in kept.iter().enumerate().filter_map(|(n, o)| Some((n, (*o)?))) {
            ways[n] = self.ways[old].clone();
            stays[old] = true;
        }
        for old in (0..self.nets.len()).filter(|o| !stays[*o]) {
            self.search.remove(&self.nets[old], self.all, &self.ways[old]);
        }
        self.search.learn(hints);
        (self.nets, self.ways) = (nets, ways);
        let mut order: Vec<usize> = (0..self.nets.len()).filter(|n| kept[*n].is_none()).collect();
        order.sort_by(|a, b| self.reach(*a).total_cmp(&self.reach(*b)).then(a.cmp(b)));
        for &n in &order {
            self.ways[n] = self.search.net(&self.nets[n], self.all, budget);
        }
        if self.all.len() <= MANY {
            for &n in &order {
                self.search.remove(&self.nets[n], self.all, &self.ways[n]);
                self.ways[n] = self.search.net(&self.nets[n], self.all, budget);
            }
        }
        self.complete();
    }

    /// The distance to the farthest end of a net.
    fn reach(&self, n: usize) -> f64 {
        let net = &self.nets[n];
        let root = &self.scene.cards[net.root.card];
        let leaves = net.members.iter().map(|m| distance(root, &self.scene.cards[net.leaf(&self.all[*m]).card]));
        leaves.fold(0.0, f64::max)
    }

    /// Gives plain ways to connections that have none.
    fn complete(&mut self) {
        self.plain = 0;
        let mut tree = None;
        for (net, ways) in self.nets.iter().zip(&mut self.ways) {
            for (member, way) in net.members.iter().zip(ways.iter_mut()).filter(|(_, w)| w.is_none()) {
                let leaf = net.leaf(&self.all[*member]);
                if leaf.card == net.root.card {
                    continue;
                }
                self.plain += 1;
                let tree = tree.get_or_insert_with(|| SpanningTree::new(self.grid));
                let from = self.search.port(net.root, leaf, net.by_source);
                let to = self.search.port(leaf, net.root, !net.by_source);
                *way = from.zip(to).and_then(|(from, to)| tree.way(from, to)).map(|vertices| Way { vertices });
            }
        }
    }
}
