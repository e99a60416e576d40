//! A frame with frames in it: its inside is laid out as a picture of its own, in which the links that cross its border
//! end in points at the left or right. To the whole picture it is one component.

use std::collections::BTreeMap;

use crate::graph::{BorderId, Detail, Edge, EdgeDetail, Graph, GraphBuilder, Identity, Node, NodeId};

use super::card::CardPlan;
use super::inner::{Aim, Book, Entry, Inner, PAD, Room, Share, Side};
use super::portfolio::{self, Tries};
use super::route::GUTTER;
use super::scene::Place;
use super::{Point, Rect, page, pieces, scene};

/// Width and height of the points at the border, in user units; their middles are at whole units.
const END: f64 = 2.0;

/// What an edge of the inside is outside.
#[derive(Clone, Copy)]
enum What {
    /// This edge, or the part of it from the border on.
    Edge(usize),
    /// The way of this net to the border.
    Exit(usize),
}

/// The inside of a frame as a graph.
struct Inside {
    graph: Graph,
    /// For each of its edges.
    edges: Vec<What>,
    /// The node at which each net enters, with its side, and the one at which each leaves.
    entries: Vec<(usize, usize, Side)>,
    exits: Vec<(usize, usize)>,
}

/// Places a component whose nodes stand in frames inside its own.
pub(super) fn place(book: &Book<'_>, component: usize, sides: &[Side], share: Share) -> Inner {
    let this = &book.scene.components[component];
    let inside = inside(book, component, sides);
    let mut ends: BTreeMap<usize, Side> = inside.entries.iter().map(|(_, node, side)| (*node, *side)).collect();
    ends.extend(inside.exits.iter().map(|(_, node)| (*node, Side::Right)));
    let band = is_band(book, component);
    let scene = if band { scene::band(&inside.graph, &ends) } else { scene::inside(&inside.graph, &ends) };
    let mut positions: BTreeMap<usize, usize> = BTreeMap::new();
    for (position, what) in inside.edges.iter().enumerate() {
        let edge = match what {
            What::Edge(edge) => Some(*edge),
            What::Exit(net) => book.scene.nets[*net].row,
        };
        positions.extend(edge.map(|e| (e, position)));
    }
    let mut outer = this.nodes.iter();
    let cards: Vec<CardPlan> = (0..inside.graph.nodes().len())
        .map(|node| match outer.as_slice().first().filter(|_| !ends.contains_key(&node)) {
            Some(&known) => {
                outer.next();
                book.cards[known].renumbered(&positions)
            }
            None => CardPlan::end(END),
        })
        .collect();
    let label = |what: &What| match what {
        What::Edge(edge) => book.labels[*edge].clone(),
        What::Exit(_) => None,
    };
    let labels: Vec<_> = inside.edges.iter().map(label).collect();
    let part = match share {
        Share::Whole => 1.0,
        Share::Half => 2.0,
        Share::Third => 3.0,
    };
    let width = |whole: f64| (whole - GUTTER * (part - 1.0)) / part - 2.0 * PAD;
    let whole = page::room(book);
    let room = if band {
        let room = whole.most - page::beside(book);
        Room { wanted: room, most: room, aim: Aim::Low }
    } else {
        Room { wanted: width(whole.wanted), most: width(whole.most), aim: Aim::Page }
    };
    let sub = Book { graph: &inside.graph, scene: &scene, cards: &cards, labels: &labels, room: Some(room), ..*book };
    let (plan, routed) = portfolio::best(&sub, Tries::Few);
    let left = if ends.values().any(|s| *s == Side::Left) { END } else { 0.0 };
    let right = if ends.values().any(|s| *s == Side::Right) { END } else { 0.0 };
    let open = !ends.is_empty();
    // A component without ends gets its padding from its frame.
    let pad = |end: f64| if open && end == 0.0 && !band { PAD } else { 0.0 };
    let by = Point { x: pad(left) - left, y: 0.0 };
    let shift = |p: Point| Point { x: p.x + by.x, y: p.y + by.y };
    let moved = |r: &Rect| Rect { x: r.x + by.x, y: r.y + by.y, ..*r };
    let spots = pieces::cards(&sub, &plan, &routed);
    let (cards, orders) = spots
        .iter()
        .enumerate()
        .filter(|(node, _)| !ends.contains_key(node))
        .map(|(_, (rect, order))| (moved(rect), order.clone()))
        .unzip();
    let mut inner = Inner {
        width: routed.width - left - right + pad(left) + pad(right),
        height: routed.height,
        cards,
        orders,
        entries: inside
            .entries
            .iter()
            .map(|&(net, node, side)| Entry { net, side, y: spots[node].0.y + END / 2.0 + by.y })
            .collect(),
        fallback: plan.inners.iter().find_map(|i| i.fallback.clone()),
        ..Inner::default()
    };
    for (what, (line, label)) in inside.edges.iter().zip(pieces::lines(&sub, &plan, &routed)) {
        let line: Vec<Point> = line.into_iter().map(shift).collect();
        match *what {
            What::Edge(edge) => inner.lines.push((edge, line, label.map(shift))),
            What::Exit(net) => inner.exits.push((net, line)),
        }
    }
    inner.exits.sort_by_key(|(net, _)| *net);
    // The graph of the inside has groups of its own.
    let outer = |group: usize| {
        let id = &inside.graph.groups()[group].id;
        book.graph.groups().iter().position(|g| g.id == *id)
    };
    let frames = pieces::frames(&sub, &plan, &routed).into_iter();
    inner.outline = vec![Rect { x: 0.0, y: 0.0, w: inner.width, h: inner.height }];
    inner.frames = frames.filter_map(|(group, rect, title)| Some((outer(group)?, moved(&rect), title))).collect();
    inner
}

/// True if a component is a band of frames.
pub(super) fn is_band(book: &Book<'_>, component: usize) -> bool {
    let first = book.scene.components[component].nodes.first();
    matches!(first.map(|&n| book.scene.places[n]), Some(Place::Inside(group)) if book.scene.frames[group].is_none())
}

fn inside(book: &Book<'_>, component: usize, sides: &[Side]) -> Inside {
    let this = &book.scene.components[component];
    let graph = book.graph;
    let mut builder = GraphBuilder::new();
    let mut known: BTreeMap<(NodeId, NodeId, EdgeDetail), What> = BTreeMap::new();
    for &index in &this.nodes {
        let node = graph.node(index);
        builder.node(node.clone());
        if let Some(group) = graph.group_of(index) {
            builder.place(&node.id, graph.groups()[group].clone());
        }
    }
    let mut add = |builder: &mut GraphBuilder, from: &NodeId, to: &NodeId, edge: &Edge, what: What| {
        builder.edge(from, to, edge.detail.clone(), []);
        known.insert((from.clone(), to.clone(), edge.detail.clone()), what);
    };
    for &index in &this.edges {
        let (from, to, edge) = graph.edge(index);
        add(&mut builder, &graph.node(from).id, &graph.node(to).id, edge, What::Edge(index));
    }
    for (net, edges) in &this.entering {
        let id = border(BorderId::In(*net));
        builder.node(Node::new(id.clone(), "", "", Detail::Junction));
        for &index in edges {
            let (_, to, edge) = graph.edge(index);
            add(&mut builder, &id, &graph.node(to).id, edge, What::Edge(index));
        }
    }
    for &net in &this.leaving {
        let id = border(BorderId::Out(net));
        builder.node(Node::new(id.clone(), "", "", Detail::Junction));
        if let Some(&first) = book.scene.nets[net].edges.first() {
            let (from, _, edge) = graph.edge(first);
            add(&mut builder, &graph.node(from).id, &id, edge, What::Exit(net));
        }
    }
    let graph = builder.build();
    let find = |id: NodeId| graph.find(&id).unwrap_or_default();
    let name = |node: usize| graph.node(node).id.clone();
    let of = |(from, to, edge): (usize, usize, &Edge)| known.get(&(name(from), name(to), edge.detail.clone())).copied();
    Inside {
        // Every edge was added with what it is.
        edges: graph.edges().filter_map(of).collect(),
        entries: this
            .entering
            .iter()
            .zip(sides)
            .map(|((net, _), side)| (*net, find(border(BorderId::In(*net))), *side))
            .collect(),
        exits: this.leaving.iter().map(|&net| (net, find(border(BorderId::Out(net))))).collect(),
        graph,
    }
}

fn border(id: BorderId) -> NodeId {
    Identity::Border(id).into()
}
