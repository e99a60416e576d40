//! Puts the chosen arrangement together into the final picture: absolute coordinates, rounded.

use super::geometry::{round2, simplify};
use super::inner::Book;
use super::legend::{Lock, heading, legend};
use super::route::{Plan, Routed};
use super::{
    Card, Frame, Layout, Legend, Link, Options, Point, Rect, Text, TextRole, card, crossing, label, pieces, settle,
    title,
};

/// Space around the picture, in user units.
const MARGIN: f64 = 8.0;

/// The final picture.
pub(super) fn assemble(book: &Book<'_>, plan: &Plan, routed: &Routed, options: &Options) -> Layout {
    let graph = book.graph;
    let (heading, top) = heading(graph, options.title.as_deref(), routed.width);
    let origin = Point { x: MARGIN, y: MARGIN + top };
    let mut layout = Layout {
        frames: frames(book, plan, routed),
        cards: cards(book, plan, routed),
        links: links(book, plan, routed),
        ..Layout::default()
    };
    move_all(&mut layout, origin);
    let area = Rect { x: origin.x, y: origin.y, w: routed.width, h: routed.height };
    settle::settle(&mut layout, book.labels, area);
    layout.heading = heading;
    for text in &mut layout.heading {
        move_text(text, Point { x: MARGIN, y: MARGIN });
    }
    let lock =
        if layout.cards.iter().any(|c| c.rows.iter().any(|r| !r.locks.is_empty())) { Lock::Used } else { Lock::Unused };
    let mut bottom = origin.y + routed.height;
    if options.legend == Legend::Shown {
        let (entries, height) = legend(graph, lock, routed.width.max(420.0));
        if height > 0.0 {
            let at = Point { x: MARGIN, y: bottom + 10.0 };
            bottom = at.y + height;
            layout.legend = entries;
            for entry in &mut layout.legend {
                move_rect(&mut entry.at, at);
                move_text(&mut entry.text, at);
            }
        }
    }
    let widest = layout
        .heading
        .iter()
        .chain(layout.legend.iter().map(|e| &e.text))
        .map(|t| t.at.x + t.width)
        .fold(origin.x + routed.width, f64::max);
    layout.width = widest + MARGIN;
    layout.height = bottom + MARGIN;
    layout.fallbacks = fallbacks(book, plan);
    round_all(&mut layout);
    // Rounded points are exact to compare.
    crossing::mark(&mut layout.links);
    layout
}

fn fallbacks(book: &Book<'_>, plan: &Plan) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (component, inner) in book.scene.components.iter().zip(&plan.inners) {
        if let (Some(reason), Some(&node)) = (&inner.fallback, component.nodes.first()) {
            let node = book.graph.node(node);
            let namespace = node.namespace.as_deref().unwrap_or_default();
            let text = format!(
                "{} objects around {} in namespace {namespace} are arranged plainly: {reason}",
                component.nodes.len(),
                node.name
            );
            found.push(text);
        }
    }
    found
}

fn frames(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<Frame> {
    let graph = book.graph;
    let all = pieces::frames(book, plan, routed).into_iter();
    let mut frames: Vec<(usize, Frame)> = all
        .map(|(group, rect, title)| {
            let parent = graph.parent_of(group).and_then(|p| graph.groups().get(p));
            let lines = title.iter().enumerate();
            let title = lines.map(|(i, line)| {
                card::text(line, TextRole::Frame, rect.x + title::TITLE_X, rect.y + title::title_baseline(i))
            });
            let frame = Frame {
                id: graph.groups()[group].id.clone(),
                parent: parent.map(|p| p.id.clone()),
                rect,
                title: title.collect(),
                tooltip: graph.groups()[group].words(),
            };
            (group, frame)
        })
        .collect();
    frames.sort_by_key(|(group, _)| *group);
    frames.into_iter().map(|(_, frame)| frame).collect()
}

fn cards(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<Card> {
    let group = |index: usize| Some(book.graph.groups().get(book.graph.group_of(index)?)?.id.clone());
    let spots = pieces::cards(book, plan, routed).into_iter();
    spots
        .zip(book.graph.nodes().enumerate())
        .map(|((rect, order), (index, node))| Card {
            group: group(index),
            ..card::place(&book.cards[index], node, Point { x: rect.x, y: rect.y }, &order)
        })
        .collect()
}

fn links(book: &Book<'_>, plan: &Plan, routed: &Routed) -> Vec<Link> {
    let edges = book.graph.edges().zip(pieces::lines(book, plan, routed)).enumerate();
    edges
        .map(|(index, ((from, to, edge), (line, label)))| Link {
            from: book.graph.node(from).id.clone(),
            to: book.graph.node(to).id.clone(),
            kind: edge.kind(),
            points: simplify(&line),
            gaps: Vec::new(),
            branches: Vec::new(),
            label: label.zip(book.labels[index].as_ref()).map(|(at, plan)| label::place(plan, at.x, at.y)),
            change: edge.change.as_ref().map(crate::graph::Change::kind),
            tooltip: edge.tooltip(),
        })
        .collect()
}

fn move_text(text: &mut Text, by: Point) {
    text.at.x += by.x;
    text.at.y += by.y;
}

fn move_rect(rect: &mut Rect, by: Point) {
    rect.x += by.x;
    rect.y += by.y;
}

fn move_all(layout: &mut Layout, by: Point) {
    each(
        layout,
        &mut |p| {
            p.x += by.x;
            p.y += by.y;
        },
        &mut |r| move_rect(r, by),
    );
}

/// Rounds every coordinate.
pub(super) fn round_all(layout: &mut Layout) {
    layout.width = round2(layout.width);
    layout.height = round2(layout.height);
    let round_text = |text: &mut Text| {
        text.at.x = round2(text.at.x);
        text.at.y = round2(text.at.y);
        text.width = round2(text.width);
    };
    layout.heading.iter_mut().for_each(round_text);
    for entry in &mut layout.legend {
        round_rect(&mut entry.at);
        round_text(&mut entry.text);
    }
    let widths = layout.frames.iter_mut().flat_map(|f| &mut f.title);
    let widths = widths.chain(layout.cards.iter_mut().flat_map(|c| {
        c.texts
            .iter_mut()
            .chain(c.badges.iter_mut().map(|b| &mut b.text))
            .chain(c.rows.iter_mut().flat_map(|r| &mut r.texts))
    }));
    let widths = widths.chain(layout.links.iter_mut().flat_map(|l| l.label.iter_mut().flat_map(|l| &mut l.texts)));
    widths.for_each(|t| t.width = round2(t.width));
    each(
        layout,
        &mut |p| {
            p.x = round2(p.x);
            p.y = round2(p.y);
        },
        &mut round_rect,
    );
}

fn round_rect(rect: &mut Rect) {
    *rect = Rect { x: round2(rect.x), y: round2(rect.y), w: round2(rect.w), h: round2(rect.h) };
}

/// Applies a change to every point and box of frames, cards and links.
fn each(layout: &mut Layout, point: &mut impl FnMut(&mut Point), rect: &mut impl FnMut(&mut Rect)) {
    for frame in &mut layout.frames {
        rect(&mut frame.rect);
        frame.title.iter_mut().for_each(|t| point(&mut t.at));
    }
    for card in &mut layout.cards {
        rect(&mut card.rect);
        rect(&mut card.bar);
        rect(&mut card.glyph);
        card.texts.iter_mut().for_each(|t| point(&mut t.at));
        for badge in &mut card.badges {
            rect(&mut badge.at);
            point(&mut badge.text.at);
        }
        for row in &mut card.rows {
            rect(&mut row.rect);
            row.locks.iter_mut().for_each(&mut *rect);
            row.texts.iter_mut().for_each(|t| point(&mut t.at));
        }
    }
    for link in &mut layout.links {
        link.points.iter_mut().for_each(&mut *point);
        if let Some(label) = &mut link.label {
            rect(&mut label.rect);
            label.texts.iter_mut().for_each(|t| point(&mut t.at));
        }
    }
}
