//! Areas in their forms, and which forms of the whole picture are kept to be drawn.

use super::super::Point;
use super::level::{Block, Choice};

/// How much lines count against the page for ways to arrange the whole picture.
pub(super) const WEIGHTS: [f64; 3] = [1.0, 3.0, 0.3];

/// An area in one of its forms.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub choice: Choice,
    pub block: Block,
    /// For each part that is an area the number of its form.
    pub inner: Vec<usize>,
    /// Size with border and title.
    pub w: f64,
    pub h: f64,
    pub lines: Vec<String>,
    /// Where its contents begin.
    pub top: f64,
    /// What its lines cost.
    pub strain: f64,
    /// For each card in it its place in the frame.
    pub cards: Vec<(usize, Point)>,
}

/// The best forms of the whole picture: for each weight of lines, the best first.
pub(super) struct Ranking {
    pub ways: usize,
    /// Each form with what its page costs and what its lines cost.
    pub forms: Vec<(f64, f64, Form)>,
}

impl Ranking {
    pub fn cost(weight: f64, form: &(f64, f64, Form)) -> f64 {
        form.0 + weight * form.1
    }

    pub fn best(&self, weight: f64) -> Option<&(f64, f64, Form)> {
        self.forms.iter().min_by(|a, b| Ranking::cost(weight, a).total_cmp(&Ranking::cost(weight, b)))
    }

    pub fn add(&mut self, page: f64, lines: f64, form: Form) {
        let new = (page, lines, form);
        if self.forms.iter().any(|f| f.2.cards == new.2.cards) {
            return;
        }
        self.forms.push(new);
        if self.forms.len() > 4 * self.ways {
            self.shrink();
        }
    }

    /// Keeps the forms that are among the best.
    pub fn shrink(&mut self) {
        let mut kept: Vec<usize> = Vec::new();
        let orders: Vec<Vec<usize>> = WEIGHTS
            .iter()
            .map(|&weight| {
                let mut order: Vec<usize> = (0..self.forms.len()).collect();
                let cost = |i: &usize| Ranking::cost(weight, &self.forms[*i]);
                order.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
                order
            })
            .collect();
        for place in 0..self.forms.len() {
            for order in &orders {
                if kept.len() < self.ways && !kept.contains(&order[place]) {
                    kept.push(order[place]);
                }
            }
        }
        let mut old: Vec<Option<(f64, f64, Form)>> = std::mem::take(&mut self.forms).into_iter().map(Some).collect();
        self.forms = kept.into_iter().filter_map(|i| old[i].take()).collect();
    }
}
