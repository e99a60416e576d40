//! Converts cards, frames and lines of an arrangement from the coordinates of components and frames to those of the
//! whole picture.

use super::inner::Book;
use super::route::{End, Plan, Routed};
use super::scene::Place;
use super::{Point, Rect};

/// For each node its box, and the order of its rows.
pub(super) fn cards(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<(Rect, Vec<usize>)> {
    let place = |index: usize| {
        let card = &book.cards[index];
        let Some(component) = book.scene.component_of[index] else {
            let rect = routed.outside.get(&index).copied().unwrap_or_default();
            return (rect, (0..card.rows.len()).collect());
        };
        let inner = &plan.inners[component];
        let local = book.scene.components[component].nodes.binary_search(&index).unwrap_or_default();
        (moved(&inner.cards[local], routed.components[component]), inner.orders[local].clone())
    };
    (0..book.graph.nodes().len()).map(place).collect()
}

/// The frames that are drawn: position of the group in the graph, box and lines of the title.
pub(super) fn frames(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<(usize, Rect, Vec<String>)> {
    let own = book.scene.frames.iter().zip(&routed.frames).zip(&plan.frames);
    let mut found: Vec<_> =
        own.filter_map(|((group, rect), plan)| Some(((*group)?, *rect, plan.title.clone()))).collect();
    for (inner, at) in plan.inners.iter().zip(&routed.components) {
        found.extend(inner.frames.iter().map(|(group, rect, title)| (*group, moved(rect, *at), title.clone())));
    }
    found
}

/// For each edge its line, and the top left corner of its label.
pub(super) fn lines(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<(Vec<Point>, Option<Point>)> {
    let count = book.graph.edges().len();
    let mut lines: Vec<(Vec<Point>, Option<Point>)> = vec![(Vec::new(), None); count];
    for (inner, at) in plan.inners.iter().zip(&routed.components) {
        for (edge, line, label) in &inner.lines {
            lines[*edge] = (line.iter().map(|p| sum(*p, *at)).collect(), label.map(|p| sum(p, *at)));
        }
    }
    for (index, (from, to, _)) in book.graph.edges().enumerate() {
        let Some(net) = book.scene.net_of[index] else { continue };
        if from == to {
            lines[index].0 = outside_loop(routed.outside.get(&from).copied().unwrap_or_default());
            continue;
        }
        let end = match book.scene.component_of[to] {
            Some(component) => End::Component(component),
            None => End::Node(to),
        };
        let mut line = exit(book, plan, routed, net, from);
        if let (Some(way), Some(last)) = (around(book, plan, routed, net, from), line.last().copied()) {
            line.extend([Point { x: way.x, y: last.y }, way]);
        }
        line.extend(routed.paths.get(&(net, end)).into_iter().flatten());
        if let (Some(way), Some(first)) = (around(book, plan, routed, net, to), lines[index].0.first()) {
            line.extend([way, Point { x: way.x, y: first.y }]);
        }
        line.append(&mut lines[index].0);
        lines[index].0 = line;
    }
    lines
}

/// The way of a net from its card to the border of its frame; nothing for cards outside.
fn exit(book: &Book<'_>, plan: &Plan, routed: &Routed, net: usize, source: usize) -> Vec<Point> {
    let Some(component) = book.scene.component_of[source] else {
        return Vec::new();
    };
    let at = routed.components[component];
    let exits = &plan.inners[component].exits;
    let found = exits.binary_search_by_key(&net, |e| e.0).ok().and_then(|i| exits.get(i));
    found.map_or_else(Vec::new, |(_, line)| line.iter().map(|p| sum(*p, at)).collect())
}

/// Where a net bends on its way between a component and the border of its frame, if it has to.
fn around(book: &Book<'_>, plan: &Plan, routed: &Routed, net: usize, node: usize) -> Option<Point> {
    let component = book.scene.component_of[node]?;
    let Place::Inside(group) = book.scene.places[node] else {
        return None;
    };
    let way = plan.frames[group].ways.get(&(component, net))?;
    let frame = routed.frames[group];
    Some(Point { x: frame.x + way.x, y: frame.y + way.y })
}

/// A line from an outside card to itself, at its right side.
fn outside_loop(card: Rect) -> Vec<Point> {
    let (x, y0, y1) = (card.right(), card.y + card.h * 0.25, card.y + card.h * 0.75);
    [(x, y0), (x + 8.0, y0), (x + 8.0, y1), (x, y1)].map(|(x, y)| Point { x, y }).to_vec()
}

fn sum(a: Point, b: Point) -> Point {
    Point { x: a.x + b.x, y: a.y + b.y }
}

fn moved(rect: &Rect, by: Point) -> Rect {
    Rect { x: rect.x + by.x, y: rect.y + by.y, ..*rect }
}
