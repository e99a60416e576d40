//! Arranges the components of one namespace in its frame.
//!
//! A component with links to other frames has a row of its own, so that its lines run straight to the border. The
//! others stand in tidy grids below, or beside it where there is room. In dense rows several such components stand side
//! by side; then those lines that would meet a neighbor run to the border in the space between the rows, each at a
//! height of its own.

use std::collections::BTreeMap;

use super::fitted;
use super::inner::{Inner, PAD, Side};
use super::outline::GAP;
use super::title::{Title, title_height};

/// Distance between lines that run around components, in user units.
pub(super) const LANE: f64 = 8.0;
/// A component this much wider than the middle one of a grid stands outside of it.
const MUCH_WIDER: f64 = 1.15;

/// A frame with its components in place, relative to its top left corner.
#[derive(Clone, Debug, Default)]
pub(super) struct FramePlan {
    pub width: f64,
    pub height: f64,
    pub title: Vec<String>,
    /// Component and offset.
    pub at: Vec<(usize, f64, f64)>,
    /// By component and net: how a line gets around the neighbors of its component.
    pub ways: BTreeMap<(usize, usize), Way>,
}

/// A line bends between its component and the border of the frame: it is upright here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub x: f64,
    /// The height at which it runs to the border.
    pub y: f64,
}

/// How components with links to other frames are put into rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Rows {
    /// One in each.
    #[default]
    Single,
    /// As many as there is room for.
    Dense,
    /// One in each, but for single cards, which stand in columns; and what has no links wherever there is room: see
    /// [`fitted`].
    Fitted,
}

/// A component with its size.
pub(super) struct Item<'a> {
    pub id: usize,
    pub inner: &'a Inner,
}

impl Item<'_> {
    /// What it needs at each side: components with links have the padding in their width.
    fn pad(&self) -> f64 {
        if self.is_open() { 0.0 } else { PAD }
    }

    fn is_open(&self) -> bool {
        self.inner.open_left() || self.inner.open_right()
    }

    /// The padding within its width.
    pub fn inset(&self) -> f64 {
        PAD - self.pad()
    }
}

/// Arranges components, aiming at a width of the whole frame.
pub(super) fn pack(title: Option<&Title>, components: &[(usize, &Inner)], target: f64, rows: Rows) -> FramePlan {
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for &(id, inner) in components {
        let item = Item { id, inner };
        if item.is_open() { open.push(item) } else { closed.push(item) }
    }
    let widest_open = open.iter().map(|i| i.inner.width).fold(0.0, f64::max);
    let widest_closed = closed.iter().map(|i| i.inner.width).fold(0.0, f64::max) + 2.0 * PAD;
    let width = target
        .max(widest_open)
        .max(if closed.is_empty() { 0.0 } else { widest_closed })
        .max(title.map_or(0.0, Title::least));
    let mut plan = FramePlan::default();
    if let (None, [(id, inner)]) = (title, components)
        && !inner.frames.is_empty()
    {
        // A band of frames has no border of its own.
        plan.at.push((*id, 0.0, 0.0));
        (plan.width, plan.height) = (inner.width, inner.height);
        return plan;
    }
    let (mut y, mut used) = (PAD, 0.0f64);
    if let Some(title) = title {
        (plan.title, used) = title.lines(width);
        y = title_height(plan.title.len());
    }
    // Components of one size stand together, larger ones first; large ones by height, so that little is left empty,
    // others by name.
    closed.sort_by(|a, b| {
        let size = |i: &Item<'_>| i.inner.cards.len().min(3);
        let height = |i: &Item<'_>| if size(i) < 3 { 0.0 } else { i.inner.height };
        (size(b).cmp(&size(a))).then(height(b).total_cmp(&height(a))).then(a.id.cmp(&b.id))
    });
    if rows == Rows::Fitted && open.iter().any(|i| i.inner.open_left()) {
        y = fitted::fill(&mut plan, std::mem::take(&mut open), &std::mem::take(&mut closed), width, y);
    }
    let bulky = closed.partition_point(|i| i.inner.cards.len() > 2);
    let mut large: Vec<Item<'_>> = closed.drain(..bulky).collect();
    let pairs = closed.partition_point(|i| i.inner.cards.len() > 1);
    let (mut rest, mut singles) = closed.split_at(pairs);
    let anchors = anchors(rest.last().or(singles.first()), width);
    if rows == Rows::Dense && open.len() > 1 {
        y = dense(&mut plan, &open, &large, width, y);
        open.clear();
        large.clear();
    }
    for item in &open {
        let (top, height) = (y, item.inner.height);
        y += height + GAP;
        if !item.inner.open_left() {
            // Its lines run to the right: what has none stands left of it.
            let before = plan.at.len();
            let room = width - item.inner.width + PAD - GAP;
            rest = beside(&mut plan, rest, &[], PAD, room, top, height);
            singles = match before == plan.at.len() {
                true => beside(&mut plan, singles, &[], PAD, room, top, height),
                false => singles,
            };
            let taken = plan.at[before..].iter().map(|(id, x, _)| x + right_of(components, *id) - PAD);
            let x = taken.reduce(f64::max).map_or(0.0, |x| x + GAP - PAD);
            plan.at.push((item.id, x, top));
            continue;
        }
        plan.at.push((item.id, 0.0, top));
        if !item.inner.open_right() {
            let x = item.inner.width + GAP - PAD;
            let x = stack(&mut plan, &mut large, x.max(0.0), width - PAD, top, height);
            let taken = rest.len();
            rest = beside(&mut plan, rest, &anchors, x.max(0.0), width - PAD, top, height);
            if rest.len() == taken {
                singles = beside(&mut plan, singles, &anchors, x.max(0.0), width - PAD, top, height);
            }
        }
    }
    y = shelves(&mut plan, &large.iter().collect::<Vec<_>>(), width, y);
    y = grid(&mut plan, rest, width, y);
    y = grid(&mut plan, singles, width, y);
    plan.height = y - GAP + PAD;
    used = plan.at.iter().map(|(id, x, _)| x + right_of(components, *id)).fold(used, f64::max);
    plan.width = used;
    plan
}

/// Components above each other, with the lines that end in them.
#[derive(Clone)]
struct Cell<'a> {
    items: Vec<(&'a Item<'a>, f64)>,
    /// Net, component and height of the ends on each side, from top to bottom.
    left: Vec<(usize, usize, f64)>,
    right: Vec<(usize, usize, f64)>,
    width: f64,
    height: f64,
}

impl<'a> Cell<'a> {
    fn new(item: &'a Item<'a>) -> Self {
        let mut cell = Cell { items: Vec::new(), left: Vec::new(), right: Vec::new(), width: 0.0, height: -GAP };
        cell.add(item);
        cell
    }

    fn with(&self, item: &'a Item<'a>) -> Self {
        let mut cell = self.clone();
        cell.add(item);
        cell
    }

    fn add(&mut self, item: &'a Item<'a>) {
        let top = self.height + GAP;
        let entries = |side: Side| {
            item.inner.entries.iter().filter(move |e| e.side == side).map(move |e| (e.net, item.id, top + e.y))
        };
        let exits = item.inner.exits.iter().filter_map(|(net, line)| Some((*net, item.id, top + line.last()?.y)));
        self.left.extend(entries(Side::Left));
        self.right.extend(entries(Side::Right).chain(exits));
        for ends in [&mut self.left, &mut self.right] {
            ends.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
        }
        self.items.push((item, top));
        self.width = self.width.max(item.inner.width + 2.0 * item.pad());
        self.height = top + item.inner.height;
    }

    /// Room for the lines that come to it from between the rows.
    fn margin(ends: &[(usize, usize, f64)]) -> f64 {
        LANE * ends.len() as f64
    }
}

/// Rows of cells; each but the first of a row is reached from the left through the space above the row, and each but
/// the last from the right through the space below it. No two of these lines cross.
fn dense(plan: &mut FramePlan, open: &[Item<'_>], closed: &[Item<'_>], width: f64, top: f64) -> f64 {
    let mut rows: Vec<Vec<(Cell<'_>, f64)>> = Vec::new();
    let mut pool: Vec<&Item<'_>> = open.iter().collect();
    // Highest first, so that every row has room for what follows.
    pool.sort_by(|a, b| b.inner.height.total_cmp(&a.inner.height).then(a.id.cmp(&b.id)));
    pool.extend(closed);
    while !pool.is_empty() {
        let first = pool.remove(0);
        let mut row = vec![(Cell::new(first), 0.0)];
        while let Some((last, x)) = row.last() {
            let from = x + last.width + Cell::margin(&last.right);
            let fits = |cell: &Cell<'_>| {
                from + Cell::margin(&cell.left) + cell.width <= width && cell.height <= first.inner.height
            };
            let Some(next) = pool.iter().position(|i| fits(&Cell::new(i))) else {
                break;
            };
            let mut cell = Cell::new(pool.remove(next));
            while let Some(more) = pool.iter().position(|i| fits(&cell.with(i))) {
                cell = cell.with(pool.remove(more));
            }
            let x = from + Cell::margin(&cell.left);
            row.push((cell, x));
        }
        rows.push(row);
    }
    let mut y = top - GAP;
    let mut waiting: Vec<(usize, usize, f64)> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        // The first lines keep off the title.
        let first = if number == 0 { top + LANE / 2.0 } else { y + LANE };
        let mut lane = lanes(plan, std::mem::take(&mut waiting), first);
        let mut entering = Vec::new();
        for (cell, x) in row.iter().skip(1).rev() {
            // Lines of one net that come one after the other are one line that branches.
            let mut number = 0;
            for (i, e) in cell.left.iter().enumerate() {
                number += usize::from(i > 0 && cell.left[i - 1].0 != e.0);
                entering.push((e.0, e.1, x - LANE * number as f64));
            }
        }
        lane = lanes(plan, entering, lane);
        y = if lane > first { lane.max(y + GAP) } else { y + GAP };
        for (cell, x) in row {
            plan.at.extend(cell.items.iter().map(|(item, top)| (item.id, x + item.pad(), y + top)));
        }
        for (cell, x) in row.iter().rev().skip(1) {
            let count = cell.right.len();
            let right = x + cell.width;
            waiting
                .extend(cell.right.iter().enumerate().map(|(i, e)| (e.0, e.1, right + LANE * (count - 1 - i) as f64)));
        }
        y += row.iter().map(|(c, _)| c.height).fold(0.0, f64::max);
    }
    let end = lanes(plan, waiting, y + LANE);
    end.max(y + GAP)
}

/// Gives lines a height each, downward from the given one; those of one net that come one after the other share it.
fn lanes(plan: &mut FramePlan, lines: Vec<(usize, usize, f64)>, mut y: f64) -> f64 {
    let mut last = None;
    for (net, component, x) in lines {
        if last.replace(net).is_some_and(|l| l != net) {
            y += LANE;
        }
        plan.ways.insert((component, net), Way { x, y });
    }
    if last.is_some() { y + LANE } else { y }
}

/// How far a component reaches to the right of its offset, with its share of the padding.
fn right_of(components: &[(usize, &Inner)], id: usize) -> f64 {
    let found = components.binary_search_by_key(&id, |c| c.0).ok().and_then(|i| components.get(i));
    found.map_or(0.0, |(_, inner)| {
        let closed = !inner.open_left() && !inner.open_right();
        inner.width + if closed { PAD } else { 0.0 }
    })
}

/// Where cards of the grid below begin, from left to right, when it is made of components like this one.
fn anchors(item: Option<&Item<'_>>, width: f64) -> Vec<f64> {
    let Some(item) = item else { return Vec::new() };
    let mut found = Vec::new();
    let mut x = PAD;
    while x + item.inner.width <= width {
        found.extend(item.inner.cards.iter().map(|c| x + c.x));
        x += item.inner.width + GAP;
    }
    found.sort_by(f64::total_cmp);
    found
}

/// Stacks components in columns beside an open one, no deeper than it is, and gives back those that found no room.
fn beside<'a, 'b>(
    plan: &mut FramePlan,
    items: &'b [Item<'a>],
    anchors: &[f64],
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
) -> &'b [Item<'a>] {
    let mut rest = items;
    let mut x = left;
    loop {
        // Its columns are those of the grid below it.
        x = anchors.iter().copied().find(|a| *a >= x).unwrap_or(x);
        let (mut y, mut wide, mut taken) = (0.0, 0.0f64, 0);
        for item in rest {
            let fits = x + item.inner.width <= right && y + item.inner.height <= bottom;
            if !fits {
                break;
            }
            plan.at.push((item.id, x, top + y));
            y += item.inner.height + GAP;
            wide = wide.max(item.inner.width);
            taken += 1;
        }
        if taken == 0 {
            return rest;
        }
        rest = &rest[taken..];
        x += wide + GAP;
    }
}

/// Equal cells, as many in a row as fit, rows filled evenly. What is much wider than most does not widen their cells:
/// it comes first.
fn grid(plan: &mut FramePlan, items: &[Item<'_>], width: f64, top: f64) -> f64 {
    let mut widths: Vec<f64> = items.iter().map(|i| i.inner.width).collect();
    widths.sort_by(f64::total_cmp);
    let most = widths.get(widths.len() / 2).map_or(0.0, |w| w * MUCH_WIDER);
    let (usual, wide): (Vec<&Item<'_>>, Vec<&Item<'_>>) = items.iter().partition(|i| i.inner.width <= most);
    let y = shelves(plan, &wide, width, top);
    cells(plan, &usual, width, y)
}

fn cells(plan: &mut FramePlan, items: &[&Item<'_>], width: f64, top: f64) -> f64 {
    let cell = items.iter().map(|i| i.inner.width).fold(0.0, f64::max);
    let room = width - 2.0 * PAD;
    let most = (((room + GAP + 0.01) / (cell + GAP)).floor() as usize).clamp(1, items.len().max(1));
    let rows = items.len().div_ceil(most);
    let columns = items.len().div_ceil(rows.max(1)).max(1);
    let mut y = top;
    for row in items.chunks(columns) {
        let height = row.iter().map(|i| i.inner.height).fold(0.0, f64::max);
        for (i, item) in row.iter().enumerate() {
            plan.at.push((item.id, PAD + i as f64 * (cell + GAP), y));
        }
        y += height + GAP;
    }
    y
}

/// Stacks large components beside an open one wherever one of them fits, in columns from left to right; gives the place
/// after them.
fn stack(plan: &mut FramePlan, items: &mut Vec<Item<'_>>, left: f64, right: f64, top: f64, bottom: f64) -> f64 {
    let (mut x, mut y, mut wide) = (left, 0.0, 0.0f64);
    while let Some(at) = items.iter().position(|i| x + i.inner.width <= right && y + i.inner.height <= bottom) {
        let item = items.remove(at);
        plan.at.push((item.id, x, top + y));
        y += item.inner.height + GAP;
        wide = wide.max(item.inner.width);
        let full = |i: &Item<'_>| y + i.inner.height > bottom || x + i.inner.width > right;
        if items.iter().all(full) {
            x += wide + GAP;
            (y, wide) = (0.0, 0.0);
        }
    }
    if wide > 0.0 { x + wide + GAP } else { x }
}

/// Components of any size, highest first, each in the first row that has room for it.
fn shelves(plan: &mut FramePlan, items: &[&Item<'_>], width: f64, top: f64) -> f64 {
    // The right end and the components of each row.
    let mut rows: Vec<(f64, Vec<(&Item<'_>, f64)>)> = Vec::new();
    for item in items {
        match rows.iter_mut().find(|(x, _)| x + item.inner.width <= width - PAD) {
            Some((x, row)) => {
                row.push((item, *x));
                *x += item.inner.width + GAP;
            }
            None => rows.push((PAD + item.inner.width + GAP, vec![(item, PAD)])),
        }
    }
    let mut y = top;
    for (_, row) in rows {
        plan.at.extend(row.iter().map(|(item, x)| (item.id, *x, y)));
        y += row.iter().map(|(item, _)| item.inner.height).fold(0.0, f64::max) + GAP;
    }
    y
}
