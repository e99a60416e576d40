//! Which frames share a column, and in what order.

use std::collections::BTreeMap;

use crate::graph::Graph;

use super::scene::{Place, Scene};

/// How far each group is from the outside, by links between frames; groups without any come last.
///
/// Groups in this order, cut into columns, have most links between frames run from left to right.
pub(super) fn order(graph: &Graph, scene: &Scene) -> Vec<usize> {
    let count = scene.groups.len();
    let mut linked = vec![false; count];
    let mut exposed = vec![false; count];
    let mut between: BTreeMap<(usize, usize), ()> = BTreeMap::new();
    for net in &scene.nets {
        for &edge in &net.edges {
            let (from, to, _) = graph.edge(edge);
            match (scene.places[from], scene.places[to]) {
                (Place::Inside(a), Place::Inside(b)) => {
                    between.insert((a, b), ());
                    linked[a] = true;
                    linked[b] = true;
                }
                (Place::Left, Place::Inside(b)) => exposed[b] = true,
                (Place::Inside(a), _) => linked[a] = true,
                _ => {}
            }
        }
    }
    let ranks = ranks(count, between.keys().copied());
    let mut order: Vec<usize> = (0..count).collect();
    // Groups are sorted by name already; a stable sort keeps that within a rank.
    order.sort_by_key(|&g| (!(exposed[g] || linked[g]), ranks[g], !exposed[g]));
    order
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

/// Cuts a sequence of heights into at most `columns` runs so that the tallest run is as low as can be. Gives the length of each run.
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
