//! One component of a frame: cards and the terminals of its links to other frames, placed by the engine or, failing
//! that, plainly.

use crate::graph::{Change, ChangeKind, Edge, EdgeKind, Graph};

use super::card::CardPlan;
use super::engine::{self, BoxIn, EdgeIn, Part, Pin, Placed};
use super::fallback;
use super::fold;
use super::geometry::{hits, overlap};
use super::hug;
use super::label::LabelPlan;
use super::lift::lift;
use super::lines;
use super::nested;
use super::outline::outline;
use super::scene::Scene;
use super::straighten::straighten;
use super::{Point, Rect};

/// Space between a frame and its contents, in user units.
pub(super) const PAD: f64 = 14.0;

/// The side by which a net enters a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Left,
    Right,
}

/// How the links of a component that enter from elsewhere end in it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub net: usize,
    pub side: Side,
    /// Height of the terminal below the top of the component.
    pub y: f64,
}

/// A placed component. Its left border is that of the frame if a link enters there or leaves to the right, else its
/// leftmost card.
#[derive(Clone, Debug, Default)]
pub(super) struct Inner {
    pub width: f64,
    pub height: f64,
    /// In the order of the component's nodes.
    pub cards: Vec<Rect>,
    /// Order of rows for each card.
    pub orders: Vec<Vec<usize>>,
    /// Lines and labels: edge, line, label.
    pub lines: Vec<(usize, Vec<Point>, Option<Point>)>,
    /// For each entering net.
    pub entries: Vec<Entry>,
    /// For each leaving net: net, line from the card to the right terminal.
    pub exits: Vec<(usize, Vec<Point>)>,
    /// The used area: see [`outline`].
    pub outline: Vec<Rect>,
    /// Frames that stand in it, by the position of their group in the graph.
    pub frames: Vec<(usize, Rect, Vec<String>)>,
    /// Why it is arranged plainly, if so.
    pub fallback: Option<String>,
}

impl Inner {
    /// True if a line ends at the left border of the frame.
    pub fn open_left(&self) -> bool {
        self.entries.iter().any(|e| e.side == Side::Left)
    }

    /// True if a line ends at the right border of the frame.
    pub fn open_right(&self) -> bool {
        !self.exits.is_empty() || self.entries.iter().any(|e| e.side == Side::Right)
    }
}

/// The shared data of every step of a layout.
pub(super) struct Book<'a> {
    pub graph: &'a Graph,
    pub scene: &'a Scene,
    pub cards: &'a [CardPlan],
    pub labels: &'a [Option<LabelPlan>],
    /// Work units for each run of the engine; nothing is given to the engine when it is 0.
    pub budget: usize,
    /// Threads with the stack that the engine needs.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// The shape to fill; `None` leaves it to the number of nodes.
    pub room: Option<Room>,
}

/// The shape that a picture fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The width that is wanted, in user units.
    pub wanted: f64,
    /// The most.
    pub most: f64,
    pub aim: Aim,
}

/// The shape that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// That of a page.
    Page,
    /// As low as the width allows.
    Low,
}

/// The position of Services that target one workload and that no line targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Services {
    /// Left of their workloads.
    #[default]
    Beside,
    /// Above their workloads, even if other lines target the workload.
    Above,
}

/// How many lines a component that can be broken is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Lines {
    #[default]
    One,
    Two,
}

/// How much of the width of a page a component with frames in it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Share {
    #[default]
    Whole,
    Half,
    Third,
}

/// Choices for the inside of components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Form {
    pub services: Services,
    pub lines: Lines,
    pub share: Share,
}

impl Form {
    /// The choices that affect a component.
    pub fn of(self, nested: bool) -> Form {
        if nested { Form { share: self.share, ..Form::default() } } else { Form { share: Share::default(), ..self } }
    }
}

/// True if the position of the Services of a component matters.
pub(super) fn stackable(book: &Book<'_>, component: usize) -> bool {
    book.budget > 0 && !book.scene.components[component].nested && hug::applies(&plain(book, component))
}

/// True if a component can be broken into lines.
pub(super) fn breakable(book: &Book<'_>, component: usize) -> bool {
    book.budget > 0 && !book.scene.components[component].nested && lines::applies(&plain(book, component))
}

/// A component that is entered from the left only.
fn plain(book: &Book<'_>, component: usize) -> Part {
    part(book, component, &vec![Side::Left; book.scene.components[component].entering.len()]).0
}

/// Places a component whose entering nets come from the given sides.
pub(super) fn place(book: &Book<'_>, component: usize, sides: &[Side], form: Form) -> Inner {
    if book.scene.components[component].nested {
        return nested::place(book, component, sides, form.share);
    }
    let (part, edges) = part(book, component, sides);
    let line = |part: &Part| {
        let stacked = if form.services == Services::Above { stacked(book, part) } else { None };
        stacked.map_or_else(|| arrange(book, part), |placed| (placed, None))
    };
    let broken = if form.lines == Lines::Two && book.budget > 0 {
        lines::run(&part, |half| line(half).0).filter(|placed| sound(&part, placed))
    } else {
        None
    };
    let (placed, fallback) = broken.map_or_else(|| line(&part), |placed| (placed, None));
    let mut inner = read(book, component, sides, &part, &edges, placed);
    inner.fallback = fallback;
    inner
}

fn stacked(book: &Book<'_>, part: &Part) -> Option<Placed> {
    if book.budget == 0 {
        return None;
    }
    let placed = hug::run(part, book.budget).filter(|placed| sound(part, placed))?;
    let straight = straighten(part, &placed);
    Some(if sound(part, &straight) { straight } else { placed })
}

fn arrange(book: &Book<'_>, part: &Part) -> (Placed, Option<String>) {
    if part.edges.is_empty() && part.boxes.len() == 1 {
        return (fallback::run(part), None);
    }
    let Some(folded) = fold::fold(part) else {
        return engine_or_plain(book, part);
    };
    let (placed, reason) = engine_or_plain(book, &folded.part);
    let whole = folded.unfold(part, &placed);
    if sound(part, &whole) {
        return (whole, reason);
    }
    engine_or_plain(book, part)
}

fn engine_or_plain(book: &Book<'_>, part: &Part) -> (Placed, Option<String>) {
    if book.budget == 0 {
        return (fallback::run(part), Some("the layout engine was not used".into()));
    }
    match engine::run(part, book.budget) {
        Ok(placed) if sound(part, &placed) => {
            let tried = [straighten, lift].into_iter().fold(placed, |placed, change| {
                let changed = change(part, &placed);
                if sound(part, &changed) { changed } else { placed }
            });
            (tried, None)
        }
        Ok(_) => (fallback::run(part), Some("the layout engine let things overlap".into())),
        Err(reason) => (fallback::run(part), Some(reason)),
    }
}

/// The engine's input, and for each of its edges the edge of the graph, or `None` for the way to a terminal.
fn part(book: &Book<'_>, component: usize, sides: &[Side]) -> (Part, Vec<Option<usize>>) {
    let this = &book.scene.components[component];
    let walk = walk(book, component);
    let mut place_of = vec![0; walk.len()];
    for (place, &index) in walk.iter().enumerate() {
        place_of[index] = place;
    }
    let local = |node: usize| place_of[this.nodes.binary_search(&node).unwrap_or_default()];
    let mut part = Part::default();
    let mut edges = Vec::new();
    for node in walk.iter().map(|&i| this.nodes[i]) {
        let plan = &book.cards[node];
        part.boxes.push(BoxIn {
            width: plan.width,
            height: plan.height(),
            pin: Pin::Free,
            header: plan.header,
            rows: plan.rows.iter().map(|r| r.height).collect(),
            entries: Vec::new(),
        });
    }
    for edge in ordered_edges(book, component) {
        let (from, to, what) = book.graph.edge(edge);
        let row = book.cards[from].row_of(edge);
        part.edges.push(EdgeIn {
            from: local(from),
            to: local(to),
            row,
            entry: None,
            label: book.labels[edge].as_ref().map(|l| (l.width, l.height)),
            trunk: trunk(row, Some(what)),
            straight: what.kind() == EdgeKind::Selects,
        });
        edges.push(Some(edge));
    }
    for ((_, entering), side) in this.entering.iter().zip(sides) {
        let from = part.boxes.len();
        part.boxes.push(terminal(match side {
            Side::Left => Pin::Left,
            Side::Right => Pin::Right,
        }));
        for &edge in entering {
            part.edges.push(EdgeIn {
                from,
                to: local(book.graph.edge(edge).1),
                row: None,
                entry: None,
                label: book.labels[edge].as_ref().map(|l| (l.width, l.height)),
                trunk: 0,
                straight: false,
            });
            edges.push(Some(edge));
        }
    }
    for &net in &this.leaving {
        let net = &book.scene.nets[net];
        let row = net.row.and_then(|edge| book.cards[net.source].row_of(edge));
        let first = net.edges.first().map(|&e| book.graph.edge(e).2);
        let to = part.boxes.len();
        part.boxes.push(terminal(Pin::Right));
        part.edges.push(EdgeIn {
            from: local(net.source),
            to,
            row,
            entry: None,
            label: None,
            trunk: trunk(row, first),
            straight: false,
        });
        edges.push(None);
    }
    (part, edges)
}

/// Edges of a component by source, and those of rows in the order of the rows.
fn ordered_edges(book: &Book<'_>, component: usize) -> Vec<usize> {
    let mut edges = book.scene.components[component].edges.clone();
    edges.sort_by_key(|&edge| {
        let from = book.graph.edge(edge).0;
        (from, book.cards[from].row_of(edge), edge)
    });
    edges
}

/// The nodes of a component in the order in which a reader meets them: from every start along its edges, row by row.
/// Where nothing else decides, the engine keeps this order, so that the targets of a card stand in the order of its
/// rows.
fn walk(book: &Book<'_>, component: usize) -> Vec<usize> {
    let this = &book.scene.components[component];
    let count = this.nodes.len();
    let local = |node: usize| this.nodes.binary_search(&node).unwrap_or_default();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut entered = vec![false; count];
    for edge in ordered_edges(book, component) {
        let (from, to, _) = book.graph.edge(edge);
        if from != to {
            next[local(from)].push(local(to));
            entered[local(to)] = true;
        }
    }
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    // What is exposed comes first, then other starts, then whatever only cycles reach.
    let mut starts: Vec<usize> = (0..count).collect();
    let outer: Vec<bool> = {
        let mut outer = vec![false; count];
        for &edge in this.entering.iter().flat_map(|(_, edges)| edges) {
            outer[local(book.graph.edge(edge).1)] = true;
        }
        outer
    };
    starts.sort_by_key(|&n| (entered[n], !outer[n], n));
    for start in starts {
        let mut stack = vec![start];
        while let Some(at) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            order.push(at);
            stack.extend(next[at].iter().rev().filter(|&&n| !seen[n]));
        }
    }
    order
}

fn terminal(pin: Pin) -> BoxIn {
    BoxIn { width: 2.0, height: 2.0, pin, header: 0.0, rows: Vec::new(), entries: Vec::new() }
}

/// Lines of one color share a trunk; those of rows never do.
fn trunk(row: Option<usize>, edge: Option<&Edge>) -> usize {
    let colors = EdgeKind::ALL.len() * (1 + ChangeKind::ALL.len());
    let kind = EdgeKind::ALL.iter().position(|k| Some(*k) == edge.map(Edge::kind)).unwrap_or_default();
    let change = edge.and_then(|e| e.change.as_ref()).map(Change::kind);
    match row {
        Some(row) => colors + row,
        None => {
            kind + EdgeKind::ALL.len() * ChangeKind::ALL.iter().position(|k| Some(*k) == change).map_or(0, |p| p + 1)
        }
    }
}

fn read(
    book: &Book<'_>,
    component: usize,
    sides: &[Side],
    part: &Part,
    edges: &[Option<usize>],
    placed: Placed,
) -> Inner {
    let this = &book.scene.components[component];
    let count = this.nodes.len();
    // The terminals at the sides do not count: they stand on the frame.
    let bounds = placed.extent(placed.boxes.iter().take(count));
    let open_left = sides.contains(&Side::Left);
    let open_right = !this.leaving.is_empty() || sides.contains(&Side::Right);
    // Terminals give way: lines that run straight to them are as long as the padding of the frame, as elsewhere.
    let (dx, width) =
        if open_left || open_right { (PAD - bounds.x, bounds.w + 2.0 * PAD) } else { (-bounds.x, bounds.w) };
    let dy = -bounds.y;
    let shift = |p: &Point| Point { x: p.x + dx, y: p.y + dy };
    let move_rect = |r: &Rect| Rect { x: r.x + dx, y: r.y + dy, ..*r };
    let mut inner = Inner {
        width,
        height: bounds.h,
        cards: vec![Rect::default(); count],
        orders: vec![Vec::new(); count],
        ..Inner::default()
    };
    for (place, index) in walk(book, component).into_iter().enumerate() {
        inner.cards[index] = move_rect(&placed.boxes[place]);
        inner.orders[index].clone_from(&placed.orders[place]);
    }
    for (((line, label), edge), known) in placed.lines.iter().zip(&placed.labels).zip(edges).zip(&part.edges) {
        let mut line: Vec<Point> = line.iter().map(shift).collect();
        // Terminals may share a layer with cards; their lines go on to the border all the same, and nothing is in their
        // way.
        for (end, at) in [(known.from, 0), (known.to, line.len().saturating_sub(1))] {
            if let Some(point) = line.get_mut(at) {
                match part.boxes[end].pin {
                    Pin::Left => point.x = 0.0,
                    Pin::Right => point.x = width,
                    Pin::Free => {}
                }
            }
        }
        if let Some(edge) = edge {
            inner.lines.push((*edge, line, label.map(|l| Point { x: l.x + dx, y: l.y + dy })));
        } else if let Some(&net) = this.leaving.get(inner.exits.len()) {
            inner.exits.push((net, line));
        }
    }
    for (((net, _), side), rect) in this.entering.iter().zip(sides).zip(&placed.boxes[count..]) {
        inner.entries.push(Entry { net: *net, side: *side, y: rect.y + rect.h / 2.0 + dy });
    }
    let whole = Rect { x: bounds.x + dx, y: 0.0, ..bounds };
    let labels = placed.labels.iter().flatten().map(move_rect);
    let exits = inner.exits.iter().map(|(_, line)| line);
    let lines = inner.lines.iter().map(|(_, line, _)| line).chain(exits);
    inner.outline = outline(whole, &inner.cards, labels, lines.flat_map(|l| l.windows(2).map(|w| (w[0], w[1]))));
    inner
}

/// True if no card or label overlaps another and no line crosses a card that is not its end. Sweeps from left to
/// right.
fn sound(part: &Part, placed: &Placed) -> bool {
    #[derive(Clone, Copy)]
    enum What {
        Card(usize),
        Label(usize),
        Line(usize, Point, Point),
    }
    let mut all: Vec<(f64, f64, What)> = Vec::new();
    for (i, r) in placed.boxes.iter().enumerate() {
        all.push((r.x, r.right(), What::Card(i)));
    }
    for (i, r) in placed.labels.iter().enumerate() {
        all.extend(r.map(|r| (r.x, r.right(), What::Label(i))));
    }
    for (i, line) in placed.lines.iter().enumerate() {
        all.extend(line.windows(2).map(|w| (w[0].x.min(w[1].x), w[0].x.max(w[1].x), What::Line(i, w[0], w[1]))));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut open: Vec<(f64, What)> = Vec::new();
    let label = |i: usize| placed.labels[i].unwrap_or_default();
    for &(start, end, what) in &all {
        open.retain(|(until, _)| *until >= start);
        for &(_, other) in &open {
            let bad = match (what, other) {
                (What::Card(a), What::Card(b)) => overlap(&placed.boxes[a], &placed.boxes[b], 0.5),
                (What::Label(a), What::Label(b)) => overlap(&label(a), &label(b), 0.5),
                (What::Card(a), What::Label(b)) | (What::Label(b), What::Card(a)) => {
                    overlap(&placed.boxes[a], &label(b), 0.5)
                }
                (What::Card(a), What::Line(e, p, q)) | (What::Line(e, p, q), What::Card(a)) => {
                    part.edges[e].from != a && part.edges[e].to != a && hits(&placed.boxes[a], p, q, -1.0)
                }
                (What::Label(a), What::Line(e, p, q)) | (What::Line(e, p, q), What::Label(a)) => {
                    e != a && hits(&label(a), p, q, -1.0)
                }
                (What::Line(..), What::Line(..)) => false,
            };
            if bad {
                return false;
            }
        }
        open.push((end, what));
    }
    true
}
