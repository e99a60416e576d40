//! Labels for lines outside all frames. The engine reserves room for labels inside frames; here a label takes
//! a free place on the line itself, and where there is none the line stays without. Only lines that differ between two
//! states ask for it.

use super::geometry::{hits, overlap};
use super::grid::Grid;
use super::label::{self, LabelPlan};
use super::verify::span;
use super::{Layout, Link, Point, Rect};
use crate::graph::ChangeKind;

/// Space between a label and whatever else there is, in user units.
const CLEAR: f64 = 3.0;
/// Space between a label and the ends of its line: an arrowhead fits in.
const END: f64 = 14.0;
/// Distance of places that are tried.
const STEP: f64 = 8.0;
/// No more places than this are tried on a part of a line.
const TRIES: usize = 200;

/// Gives labels to lines that changed, are to have one, and have none. `area` is where they may be.
pub(super) fn settle(layout: &mut Layout, plans: &[Option<LabelPlan>], area: Rect) {
    let needs = |link: &Link| link.label.is_none() && link.change.is_some_and(|c| c != ChangeKind::Same);
    let wanted: Vec<(usize, &LabelPlan)> = layout
        .links
        .iter()
        .zip(plans)
        .enumerate()
        .filter_map(|(index, (link, plan))| Some((index, plan.as_ref().filter(|_| needs(link))?)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let parts: Vec<(usize, Point, Point)> = layout
        .links
        .iter()
        .enumerate()
        .flat_map(|(index, link)| link.points.windows(2).map(move |w| (index, w[0], w[1])))
        .collect();
    let cards = layout.cards.iter().map(|c| c.rect);
    let mut boxes: Vec<Rect> =
        cards.chain(layout.links.iter().filter_map(|l| l.label.as_ref()).map(|l| l.rect)).collect();
    let known = boxes.len();
    let (fixed, lines) = (Grid::new(boxes.iter().copied()), Grid::new(parts.iter().map(|(_, a, b)| span(*a, *b))));
    let frames: Vec<Rect> = layout.frames.iter().map(|f| f.rect).collect();
    let mut found = Vec::new();
    for (index, plan) in wanted {
        let free = |rect: &Rect| {
            let near = grown(rect, CLEAR);
            let cut = |frame: &Rect| overlap(frame, &near, 0.0) && !within(frame, &near);
            within(&area, &near)
                && !frames.iter().any(cut)
                && !boxes[known..].iter().any(|b| overlap(b, &near, 0.0))
                && !fixed.near(&near).into_iter().any(|b| overlap(&boxes[b], &near, 0.0))
                && !lines
                    .near(&near)
                    .into_iter()
                    .any(|p| parts[p].0 != index && hits(&near, parts[p].1, parts[p].2, 0.0))
        };
        let place = places(&layout.links[index].points, plan).find(free);
        if let Some(rect) = place {
            boxes.push(rect);
            found.push((index, label::place(plan, rect.x, rect.y)));
        }
    }
    for (index, label) in found {
        layout.links[index].label = Some(label);
    }
}

/// Where a label may stand on a line: level parts first, from the end of the line on.
fn places<'a>(points: &'a [Point], plan: &'a LabelPlan) -> impl Iterator<Item = Rect> + 'a {
    let parts = || points.windows(2).rev();
    let level = parts().filter(|w| w[0].y == w[1].y);
    let upright = parts().filter(|w| w[0].x == w[1].x);
    level.chain(upright).flat_map(move |w| {
        let (from, to) = (w[1], w[0]);
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = dx.abs() + dy.abs();
        let half = if dy == 0.0 { plan.width } else { plan.height } / 2.0;
        let room = length - 2.0 * (half + END);
        let count = if room < 0.0 { 0 } else { ((room / STEP) as usize + 1).min(TRIES) };
        (0..count).map(move |i| {
            let share = (half + END + STEP * i as f64) / length;
            Rect {
                x: from.x + dx * share - plan.width / 2.0,
                y: from.y + dy * share - plan.height / 2.0,
                w: plan.width,
                h: plan.height,
            }
        })
    })
}

fn grown(rect: &Rect, by: f64) -> Rect {
    Rect { x: rect.x - by, y: rect.y - by, w: rect.w + 2.0 * by, h: rect.h + 2.0 * by }
}

fn within(outer: &Rect, inner: &Rect) -> bool {
    outer.x <= inner.x && outer.y <= inner.y && outer.right() >= inner.right() && outer.bottom() >= inner.bottom()
}
