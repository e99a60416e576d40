//! Assigns frames to columns and orders them.

use std::collections::BTreeSet;

use crate::graph::Graph;

use super::scene::{Place, Scene};

/// More columns than this make a ribbon.
const MAX_LAYERS: usize = 6;

/// How the groups hang together.
struct Links {
    /// Groups with links to other groups.
    linked: Vec<bool>,
    /// Groups that are reached from outside.
    exposed: Vec<bool>,
    /// For each group its longest distance from a start, along links between groups.
    ranks: Vec<usize>,
}

fn links(graph: &Graph, scene: &Scene) -> Links {
    let count = scene.groups.len();
    let mut linked = vec![false; count];
    let mut exposed = vec![false; count];
    let mut between = BTreeSet::new();
    for net in &scene.nets {
        for &edge in &net.edges {
            let (from, to, _) = graph.edge(edge);
            match (scene.places[from], scene.places[to]) {
                (Place::Inside(a), Place::Inside(b)) => {
                    between.insert((a, b));
                    linked[a] = true;
                    linked[b] = true;
                }
                (Place::Left, Place::Inside(b)) => exposed[b] = true,
                _ => {}
            }
        }
    }
    let ranks = ranks(count, between.into_iter());
    Links { linked, exposed, ranks }
}

/// The groups by their distance from the outside; those that nothing links come last.
///
/// Cut into columns in this order, most links between frames run from left to right.
pub(super) fn order(graph: &Graph, scene: &Scene) -> Vec<usize> {
    let l = links(graph, scene);
    let mut order: Vec<usize> = (0..scene.groups.len()).collect();
    // Groups are sorted by name already; a stable sort keeps that within a rank.
    order.sort_by_key(|&g| (!(l.exposed[g] || l.linked[g]), l.ranks[g], !l.exposed[g]));
    order
}

/// One column for each distance, if groups link at all: no link between frames runs backward unless there is a cycle.
/// Groups without links fill up the columns that have the fewest components.
pub(super) fn layers(order: &[usize], scene: &Scene, graph: &Graph) -> impl Iterator<Item = Vec<Vec<usize>>> {
    let l = links(graph, scene);
    let last = order.iter().map(|&g| l.ranks[g]).max().unwrap_or(0);
    let usable = (1..MAX_LAYERS).contains(&last);
    let mut columns = vec![Vec::new(); last + 1];
    let mut load = vec![0usize; last + 1];
    for &group in order {
        let column =
            if l.linked[group] { l.ranks[group] } else { (0..=last).min_by_key(|&c| (load[c], c)).unwrap_or_default() };
        load[column] += scene.groups[group].iter().map(|&c| scene.components[c].nodes.len()).sum::<usize>();
        columns[column].push(group);
    }
    usable.then_some(columns).into_iter()
}

/// Longest distance from a start, by Kahn's algorithm; what stands on a cycle gets the rank reached so far.
fn ranks(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut entering = vec![0usize; count];
    for (a, b) in edges {
        leaving[a].push(b);
        entering[b] += 1;
    }
    let mut ranks = vec![0; count];
    let mut ready: Vec<usize> = (0..count).rev().filter(|&g| entering[g] == 0).collect();
    while let Some(at) = ready.pop() {
        for &to in &leaving[at] {
            ranks[to] = ranks[to].max(ranks[at] + 1);
            entering[to] -= 1;
            if entering[to] == 0 {
                ready.push(to);
            }
        }
    }
    ranks
}

/// Cuts a sequence of heights into at most `columns` runs so that the tallest run is as low as can be. Gives the length
/// of each run.
pub(super) fn cut(heights: &[f64], columns: usize) -> Vec<usize> {
    let (mut low, mut high) = (heights.iter().copied().fold(0.0, f64::max), heights.iter().sum::<f64>());
    // Forty halvings bring any picture below a tenth of a unit.
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if runs(heights, middle).len() <= columns { high = middle } else { low = middle }
    }
    runs(heights, high + 0.001)
}

fn runs(heights: &[f64], limit: f64) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut sum, mut len) = (0.0, 0);
    for &h in heights {
        if len > 0 && sum + h > limit {
            found.push(len);
            (sum, len) = (0.0, 0);
        }
        sum += h;
        len += 1;
    }
    if len > 0 {
        found.push(len);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_balanced() {
        assert_eq!(cut(&[1.0, 1.0, 1.0, 1.0], 2), vec![2, 2]);
        assert_eq!(cut(&[5.0, 1.0, 1.0, 1.0], 3).len(), 2);
        assert_eq!(cut(&[], 3), Vec::<usize>::new());
    }

    #[test]
    fn ranks_follow_links_and_survive_cycles() {
        assert_eq!(ranks(3, [(0, 1), (1, 2), (0, 2)].into_iter()), vec![0, 1, 2]);
        assert_eq!(ranks(2, [(0, 1), (1, 0)].into_iter()).len(), 2);
    }
}
