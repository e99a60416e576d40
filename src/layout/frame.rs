//! Arranges the components of one namespace in its frame.
//!
//! A component with links to other frames has a row of its own, so that its lines run straight to the border. The others stand
//! in tidy grids below, or beside it where there is room.

use super::TextRole;
use super::inner::{Inner, PAD};
use super::metrics::text_width;
use super::wrap::wrap;

/// Space between components, in user units.
const GAP: f64 = 16.0;
const TITLE_LINE: f64 = 15.0;
const TITLE_TOP: f64 = 7.0;
const TITLE_BOTTOM: f64 = 8.0;

/// A frame with its components in place, relative to its top left corner.
#[derive(Clone, Debug, Default)]
pub(super) struct FramePlan {
    pub width: f64,
    pub height: f64,
    pub title: Vec<String>,
    /// Component and offset.
    pub at: Vec<(usize, f64, f64)>,
}

/// Baseline of a line of the title, below the top of the frame.
pub(super) fn title_baseline(line: usize) -> f64 {
    TITLE_TOP + 11.0 + TITLE_LINE * line as f64
}

/// Left end of the title, right of the left border of the frame.
pub(super) const TITLE_X: f64 = 10.0;

/// A component with its size.
struct Item<'a> {
    id: usize,
    inner: &'a Inner,
}

/// Arranges components, aiming at a width of the whole frame.
pub(super) fn pack(name: &str, components: &[(usize, &Inner)], target: f64) -> FramePlan {
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for &(id, inner) in components {
        let item = Item { id, inner };
        if inner.open_left() || inner.open_right() {
            open.push(item)
        } else {
            closed.push(item)
        }
    }
    let widest_open = open.iter().map(|i| i.inner.width).fold(0.0, f64::max);
    let widest_closed = closed.iter().map(|i| i.inner.width).fold(0.0, f64::max) + 2.0 * PAD;
    // A long title may widen a frame a little before it wraps.
    let title_width = text_width(name, TextRole::Frame).min(220.0) + 2.0 * TITLE_X;
    let width = target
        .max(widest_open)
        .max(if closed.is_empty() { 0.0 } else { widest_closed })
        .max(title_width);
    let title = wrap(name, TextRole::Frame, width - 2.0 * TITLE_X, 3);
    let mut plan = FramePlan::default();
    let mut y = TITLE_TOP + TITLE_LINE * title.len() as f64 + TITLE_BOTTOM;
    // Components of one size stand together, larger ones first, and by name within a size.
    closed.sort_by_key(|i| (std::cmp::Reverse(i.inner.cards.len().min(3)), i.id));
    let pairs = closed.partition_point(|i| i.inner.cards.len() > 1);
    let (mut rest, mut singles) = closed.split_at(pairs);
    let anchors = anchors(rest.last().or(singles.first()), width);
    for item in &open {
        plan.at.push((item.id, 0.0, y));
        let bottom = item.inner.height;
        if !item.inner.open_right() {
            let x = item.inner.width + GAP - PAD;
            let taken = rest.len();
            rest = beside(&mut plan, rest, &anchors, x.max(0.0), width - PAD, y, bottom);
            if rest.len() == taken {
                singles = beside(&mut plan, singles, &anchors, x.max(0.0), width - PAD, y, bottom);
            }
        }
        y += bottom + GAP;
    }
    let more = rest.partition_point(|i| i.inner.cards.len() > 2);
    let (large, pairs) = rest.split_at(more);
    y = shelves(&mut plan, large, width, y);
    y = grid(&mut plan, pairs, width, y);
    y = grid(&mut plan, singles, width, y);
    plan.height = y - GAP + PAD;
    let used = plan.at.iter().map(|(id, x, _)| x + right_of(components, *id)).fold(
        title.iter().map(|l| text_width(l, TextRole::Frame) + 2.0 * TITLE_X).fold(0.0, f64::max),
        f64::max,
    );
    plan.width = used;
    plan.title = title;
    plan
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
fn beside<'a, 'b>(plan: &mut FramePlan, items: &'b [Item<'a>], anchors: &[f64], left: f64, right: f64, top: f64, bottom: f64) -> &'b [Item<'a>] {
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

/// Equal cells, as many in a row as fit, rows filled evenly.
fn grid(plan: &mut FramePlan, items: &[Item<'_>], width: f64, top: f64) -> f64 {
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

/// Components of any size, side by side while there is room.
fn shelves(plan: &mut FramePlan, items: &[Item<'_>], width: f64, top: f64) -> f64 {
    let (mut x, mut y, mut height) = (PAD, top, 0.0f64);
    if items.is_empty() {
        return top;
    }
    for item in items {
        if x > PAD && x + item.inner.width > width - PAD {
            y += height + GAP;
            (x, height) = (PAD, 0.0);
        }
        plan.at.push((item.id, x, y));
        x += item.inner.width + GAP;
        height = height.max(item.inner.height);
    }
    y + height + GAP
}
