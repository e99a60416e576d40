//! One level of the picture: what stands in a frame, or in no frame, in columns from left to right.
//!
//! Guarantees: items do not overlap; what is connected stands in the order of its layers; the work is n log n in items
//! and connections for each arrangement that is tried.

use std::collections::BTreeMap;
use std::ops::Range;

use super::fit::{Span, fit};
use super::layers::layers;

/// Space between two columns.
const COLUMN_GAP: f64 = 40.0;
/// Space between two items of a column.
const ITEM_GAP: f64 = 20.0;
/// Space between two rows of columns.
const ROW_GAP: f64 = 36.0;
/// The widest frame that may stand left of all rows.
const ASIDE: f64 = 200.0;
/// Most columns that take several layers.
const FILLED: usize = 7;
/// Columns that take several layers are also tried this many times as high as they must be.
const LOOSER: f64 = 1.5;

/// What is placed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Item {
    pub w: f64,
    pub h: f64,
    /// True for a frame.
    pub frame: bool,
    /// The distance from where traffic comes from.
    pub distance: usize,
}

/// A connection between two items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie {
    pub from: usize,
    pub to: usize,
    /// The heights of its ends below the tops of the items.
    pub from_y: f64,
    pub to_y: f64,
    /// True if it leaves to the right, from a row of a card.
    pub row: bool,
}

/// A connection to something outside the level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    pub item: usize,
    /// The height of its end below the top of the item.
    pub item_y: f64,
    /// True if it leads to the item.
    pub enters: bool,
    /// The height of its other end, below the top of the level, once that is known.
    pub y: Option<f64>,
}

/// How the items of a level are arranged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The height of a column from which on its layer takes several.
    pub cap: f64,
    /// The width from which on columns go on in a second row.
    pub limit: f64,
    /// Where items without connections stand.
    pub loose: Loose,
    /// Whether a column takes several layers, one below the other, as long as it is not too high.
    pub fill: Fill,
    /// Whether connected parts stand side by side, each in columns of its own.
    pub apart: bool,
}

/// Which columns take several layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    No,
    /// As many as fit, beginning with the first layer.
    FromLeft,
    /// As many as fit, beginning with the last layer.
    FromRight,
}

/// Where items without connections stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loose {
    Below,
    Right,
}

/// An arrangement.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub w: f64,
    pub h: f64,
    /// The top left corner of each item.
    pub at: Vec<(f64, f64)>,
    /// Items in the second and further columns of their layer: lines to them pass between others.
    pub behind: usize,
}

/// A level with its layers.
pub(super) struct Level<'a> {
    pub items: &'a [Item],
    pub ties: &'a [Tie],
    pub(super) pulls: &'a [Pull],
    /// Ties by item: the tie, and whether the item is its target.
    near: Vec<Vec<(usize, bool)>>,
    pulls_of: Vec<Vec<usize>>,
    /// Items by layer, from top to bottom.
    pub(super) layers: Vec<Vec<usize>>,
    /// Items without any connection.
    loose: Vec<usize>,
    /// The connected part of each item.
    part: Vec<usize>,
    pub(super) gap: f64,
    /// The order from top to bottom.
    pub(super) place: Vec<f64>,
}

/// A column of an arrangement, with its place.
struct Column {
    items: Vec<usize>,
    x: f64,
    row: usize,
    /// True if it is not the first of its layer.
    behind: bool,
}

impl<'a> Level<'a> {
    /// Finds layers and the order in them.
    pub fn new(items: &'a [Item], ties: &'a [Tie], pulls: &'a [Pull]) -> Level<'a> {
        let count = items.len();
        let (mut near, mut pulls_of) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (index, tie) in ties.iter().enumerate().filter(|(_, t)| t.from != t.to) {
            near[tie.from].push((index, false));
            near[tie.to].push((index, true));
        }
        let mut entered = vec![false; count];
        for (index, pull) in pulls.iter().enumerate() {
            pulls_of[pull.item].push(index);
            entered[pull.item] |= pull.enters;
        }
        let distance: Vec<usize> = items.iter().map(|i| i.distance).collect();
        let layer = layers(count, ties.iter().map(|t| (t.from, t.to)), &distance, &entered);
        let tied = |i: usize| !near[i].is_empty();
        let most = (0..count).filter(|&i| tied(i)).map(|i| layer[i]).max().unwrap_or(0);
        let mut found: Vec<Vec<usize>> = vec![Vec::new(); most + 1];
        let mut heights = vec![0.0; most + 1];
        let mut loose = Vec::new();
        let mut order: Vec<usize> = (0..count).collect();
        let parts = parts(count, ties);
        order.sort_by_key(|&i| (parts[i], items[i].distance, i));
        for &i in order.iter().filter(|&&i| tied(i)) {
            heights[layer[i]] += items[i].h + ITEM_GAP;
            found[layer[i]].push(i);
        }
        for &i in order.iter().filter(|&&i| !tied(i)) {
            if pulls_of[i].is_empty() {
                loose.push(i);
                continue;
            }
            let place = if entered[i] { 0 } else { lowest(&heights) };
            heights[place] += items[i].h + ITEM_GAP;
            found[place].push(i);
        }
        found.retain(|l| !l.is_empty());
        let gap = ITEM_GAP;
        let mut level = Level {
            items,
            ties,
            pulls,
            near,
            pulls_of,
            layers: found,
            loose,
            part: parts,
            gap,
            place: vec![0.0; count],
        };
        level.sort();
        level
    }

    /// The height of a column.
    pub(super) fn height(&self, column: &[usize]) -> f64 {
        let all: f64 = column.iter().map(|&i| self.items[i].h + self.gap).sum();
        (all - self.gap).max(0.0)
    }

    /// The height of the highest layer.
    pub(super) fn tallest(&self) -> f64 {
        let linked = self.layers.iter().map(|l| self.height(l)).fold(0.0, f64::max);
        linked.max(0.0)
    }

    /// Heights of columns: those at which layers take several columns, and those that so many columns need at least
    /// when each takes several layers.
    pub fn caps(&self, most: usize) -> (Vec<f64>, Vec<f64>) {
        let all: f64 = self.items.iter().map(|i| i.h + ITEM_GAP).sum();
        let mut split = Vec::new();
        let mut n = 1;
        while n <= most.min(self.items.len().max(1)) {
            split.push(all / n as f64 + 1.0);
            n = if n < 6 { n + 1 } else { n + n / 2 };
        }
        let heights: Vec<f64> = self.layers.iter().map(|l| self.height(l) + ITEM_GAP).collect();
        let tallest = heights.iter().copied().fold(0.0, f64::max);
        let mut filled = Vec::new();
        for count in 1..heights.len().min(FILLED) {
            let (mut low, mut high) = (tallest, heights.iter().sum::<f64>());
            for _ in 0..12 {
                let middle = (low + high) / 2.0;
                if filled_columns(&heights, middle) <= count { high = middle } else { low = middle }
            }
            filled.extend([high.ceil() + 1.0, (high * LOOSER).ceil()]);
        }
        (split, filled)
    }

    pub fn has_loose(&self) -> bool {
        !self.loose.is_empty() && !self.layers.is_empty()
    }

    /// The height where an item wants its top to be, by what it is connected to on the wanted side, and how much.
    pub(super) fn wanted(&self, item: usize, y: &[f64], counts: impl Fn(usize) -> bool) -> Option<(f64, f64)> {
        let mut all: Vec<f64> = Vec::new();
        for &(tie, is_target) in &self.near[item] {
            let tie = &self.ties[tie];
            let (other, other_y, own_y) =
                if is_target { (tie.from, tie.from_y, tie.to_y) } else { (tie.to, tie.to_y, tie.from_y) };
            if counts(other) {
                all.push(y[other] + other_y - own_y);
            }
        }
        for &pull in &self.pulls_of[item] {
            let pull = &self.pulls[pull];
            all.extend(pull.y.map(|y| y - pull.item_y));
        }
        if all.is_empty() {
            return None;
        }
        all.sort_by(f64::total_cmp);
        let middle = all.len() / 2;
        let median = if all.len() % 2 == 1 { all[middle] } else { (all[middle - 1] + all[middle]) / 2.0 };
        Some((median, all.len() as f64))
    }

    /// Layers that share a column.
    fn groups(&self, layers: &[Vec<usize>], choice: &Choice, aside: bool) -> Vec<Range<usize>> {
        let fits = |group: &Range<usize>| {
            let all: f64 = layers[group.clone()].iter().map(|l| self.height(l) + self.gap).sum();
            all - self.gap <= choice.cap
        };
        let mut groups: Vec<Range<usize>> = Vec::new();
        let join = |number: usize| {
            let wider = groups.last().map(|g| g.start.min(number)..g.end.max(number + 1));
            match (groups.last_mut(), wider) {
                (Some(last), Some(wider)) if fits(&wider) && !(aside && wider.start == 0) => *last = wider,
                _ => groups.push(number..number + 1),
            }
        };
        match choice.fill {
            Fill::No => return (0..layers.len()).map(|n| n..n + 1).collect(),
            Fill::FromLeft => (0..layers.len()).for_each(join),
            Fill::FromRight => (0..layers.len()).rev().for_each(join),
        }
        groups.sort_by_key(|g| g.start);
        groups
    }

    /// Columns, one or more for each layer, in rows; and how many of them stand left of all rows.
    fn columns(&self, layers: &[Vec<usize>], choice: &Choice) -> (Vec<Column>, usize) {
        let mut columns: Vec<Column> = Vec::new();
        let (mut x, mut row) = (0.0, 0);
        // What stands in no frame, or in a narrow one, at the start of the picture stays left of all rows.
        let narrow = |i: usize| !self.items[i].frame || self.items[i].w <= ASIDE;
        let aside = layers.first().is_some_and(|l| l.iter().all(|&i| narrow(i))) && self.items.iter().any(|i| i.frame);
        let (mut left, mut beside) = (0.0, 0);
        for group in self.groups(layers, choice, aside) {
            let joined: Vec<usize> = layers[group.clone()].iter().flatten().copied().collect();
            let many = (self.height(&joined) / choice.cap.max(1.0)).ceil() as usize;
            let count = if group.len() > 1 { 1 } else { many.clamp(1, joined.len().max(1)) };
            for (behind, part) in dealt(&joined, count).into_iter().enumerate() {
                let w = part.iter().map(|&i| self.items[i].w).fold(0.0, f64::max);
                if x > left && x + w > choice.limit {
                    (x, row) = (left, row + 1);
                }
                columns.push(Column { items: part, x, row, behind: behind > 0 });
                x += w + COLUMN_GAP;
            }
            // Columns of it that took a row of their own stand below each other.
            if group.start == 0 && aside && row == 0 {
                (left, beside) = (x, columns.len());
            }
        }
        (columns, beside)
    }

    /// The arrangement of a choice.
    pub fn build(&self, choice: &Choice) -> Block {
        let mut block = Block { at: vec![(0.0, 0.0); self.items.len()], ..Block::default() };
        if choice.apart {
            self.build_apart(choice, &mut block);
        } else {
            self.build_columns(&self.layers, choice, &mut block);
        }
        self.add_loose(choice, &mut block);
        block
    }

    /// True if there are several connected parts.
    pub fn has_parts(&self) -> bool {
        let mut linked = self.layers.iter().flatten();
        let first = linked.next().map(|&i| self.part[i]);
        linked.any(|&i| Some(self.part[i]) != first)
    }

    /// Each connected part in columns of its own, the parts packed into the width.
    fn build_apart(&self, choice: &Choice, block: &mut Block) {
        // Layers of each part, in the order of the uppermost item.
        let mut layers: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
        for (number, layer) in self.layers.iter().enumerate() {
            for &i in layer {
                let own = layers.entry(self.part[i]).or_default();
                own.resize(own.len().max(number + 1), Vec::new());
                own[number].push(i);
            }
        }
        let mut blocks: Vec<(f64, Vec<usize>, Block)> = Vec::new();
        for (_, mut layers) in layers {
            layers.retain(|l| !l.is_empty());
            let mut own = Block { at: vec![(0.0, 0.0); self.items.len()], ..Block::default() };
            let members: Vec<usize> = layers.iter().flatten().copied().collect();
            self.build_columns(&layers, choice, &mut own);
            // Its columns may all stand lower than they must.
            let top = members.iter().map(|&i| own.at[i].1).fold(f64::INFINITY, f64::min);
            members.iter().for_each(|&i| own.at[i].1 -= top);
            own.h -= top;
            let first = members.iter().map(|&i| self.place[i]).fold(f64::INFINITY, f64::min);
            let at = members.iter().map(|&i| own.at[i]).collect();
            blocks.push((first, members, Block { at, ..own }));
        }
        blocks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let gap = COLUMN_GAP - ITEM_GAP;
        let sizes: Vec<(f64, f64)> = blocks.iter().map(|(_, _, b)| (b.w + gap, b.h)).collect();
        for ((_, members, own), (x, y)) in blocks.iter().zip(super::pack::pack(&sizes, choice.limit + gap, ITEM_GAP)) {
            for (&i, at) in members.iter().zip(&own.at) {
                block.at[i] = (at.0 + x, at.1 + y);
            }
            block.w = block.w.max(x + own.w);
            block.h = block.h.max(y + own.h);
            block.behind += own.behind;
        }
    }

    /// Layers in columns, with the heights of all items.
    fn build_columns(&self, layers: &[Vec<usize>], choice: &Choice, block: &mut Block) {
        let (columns, aside) = self.columns(layers, choice);
        let mut y = self.place.clone();
        let rows = columns.last().map_or(0, |c| c.row + 1);
        let mut tops = Vec::new();
        let mut top = 0.0;
        for row in 0..rows {
            let height = columns.iter().filter(|c| c.row == row).map(|c| self.height(&c.items)).fold(0.0, f64::max);
            tops.push((top, height));
            top += height + ROW_GAP;
        }
        let all = (top - ROW_GAP).max(0.0);
        self.heights(&columns, &tops, if rows > 1 { aside } else { 0 }, all, &mut y);
        for column in &columns {
            block.behind += if column.behind { column.items.len() } else { 0 };
            for &i in &column.items {
                block.at[i] = (column.x, y[i]);
                block.w = block.w.max(column.x + self.items[i].w);
                block.h = block.h.max(y[i] + self.items[i].h);
            }
        }
    }

    /// Heights of all items: columns settle by what is left of them, by what is right, then by both.
    fn heights(&self, columns: &[Column], tops: &[(f64, f64)], aside: usize, all: f64, y: &mut [f64]) {
        let mut column_of = vec![usize::MAX; self.items.len()];
        for (number, column) in columns.iter().enumerate() {
            column.items.iter().for_each(|&i| column_of[i] = number);
        }
        let settle = |number: usize, y: &mut [f64], counts: &dyn Fn(usize) -> bool| {
            let column = &columns[number];
            let (top, height) = if number < aside { (0.0, all) } else { tops[column.row] };
            for &i in &column.items {
                y[i] -= top;
            }
            let spans: Vec<Span> = column
                .items
                .iter()
                .map(|&i| {
                    let (wanted, weight) = self
                        .wanted(i, y, |o| column_of[o] != number && counts(o))
                        .map_or((y[i], 0.1), |(at, weight)| (at - top, weight));
                    Span { size: self.items[i].h, wanted, weight, gap: self.gap }
                })
                .collect();
            for (&i, at) in column.items.iter().zip(fit(&spans, height)) {
                y[i] = at + top;
            }
        };
        for number in 0..columns.len() {
            settle(number, y, &|o| column_of[o] < number);
        }
        for number in (0..columns.len()).rev() {
            settle(number, y, &|o| column_of[o] > number);
        }
        for number in 0..columns.len() {
            settle(number, y, &|_| true);
        }
    }

    /// Puts items without connections in rows, below or right of everything else.
    fn add_loose(&self, choice: &Choice, block: &mut Block) {
        if self.loose.is_empty() {
            return;
        }
        let empty = block.w == 0.0;
        let (x0, y0, room) = match choice.loose {
            _ if empty => (0.0, 0.0, choice.limit),
            Loose::Below => (0.0, block.h + ROW_GAP, block.w.max(choice.limit)),
            Loose::Right => (block.w + COLUMN_GAP, 0.0, choice.limit - block.w - COLUMN_GAP),
        };
        let sizes: Vec<(f64, f64)> = self.loose.iter().map(|&i| (self.items[i].w, self.items[i].h)).collect();
        let room = if empty || choice.loose == Loose::Right {
            // Columns as high as wanted.
            let high = if empty { choice.cap } else { choice.cap.max(block.h) };
            let area: f64 = sizes.iter().map(|(w, h)| (w + self.gap) * (h + self.gap)).sum();
            let widest = sizes.iter().map(|s| s.0).fold(0.0, f64::max);
            (area / high.max(1.0)).max(widest).min(room.max(widest))
        } else {
            room
        };
        for (&i, (x, y)) in self.loose.iter().zip(super::pack::pack(&sizes, room, self.gap)) {
            block.at[i] = (x0 + x, y0 + y);
            block.w = block.w.max(x0 + x + self.items[i].w);
            block.h = block.h.max(y0 + y + self.items[i].h);
        }
    }
}

/// How many columns of a height layers fill.
fn filled_columns(heights: &[f64], cap: f64) -> usize {
    let (mut count, mut used) = (1, 0.0);
    for height in heights {
        if used > 0.0 && used + height > cap {
            (count, used) = (count + 1, 0.0);
        }
        used += height;
    }
    count
}

/// The index of the lowest number.
fn lowest(heights: &[f64]) -> usize {
    let lower = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1);
    heights.iter().enumerate().min_by(lower).map_or(0, |(i, _)| i)
}

/// The items of a layer in so many columns, dealt out row by row.
fn dealt(layer: &[usize], count: usize) -> Vec<Vec<usize>> {
    let mut parts = vec![Vec::new(); count];
    for (place, &item) in layer.iter().enumerate() {
        parts[place % count].push(item);
    }
    parts
}

/// The connected part of each item, by its first item.
fn parts(count: usize, ties: &[Tie]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..count).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for tie in ties {
        let (a, b) = (root(&mut parent, tie.from), root(&mut parent, tie.to));
        parent[a.max(b)] = a.min(b);
    }
    (0..count).map(|i| root(&mut parent, i)).collect()
}
