//! SVG, by the contract of the product: presentation attributes only, text that stays text, nothing that a sanitiser
//! takes away.
//!
//! What is painted later lies over what is painted earlier: frames, edges, cards, legend. Edges with a label come after
//! those without, so that no line runs over the words of another edge even where the layout had to fall back.

use std::collections::BTreeSet;

use crate::graph::{ChangeKind, Graph, NodeId, NodeKind};
use crate::layout::{Card, Frame, Gap, Label, Layout, LegendEntry, Link, Point, Rect, Row, Sample, Text};

use super::changed::{self, Border};
use super::glyphs::{self, Glyph};
use super::strokes::{Head, LineStyle, Path, head_path};
use super::theme::{Hue, Paint, Palette, Theme, dark_rules};
use super::xml::{Element, Xml, number};
use super::{PictureOptions, words};
use crate::inert::{shown, shown_lines};

/// The fonts whose widths the layout measured, and what looks most like them elsewhere.
pub(super) const FONTS: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";
/// Radius of the corners of cards.
pub(super) const CARD_RADIUS: f64 = 6.0;
/// Radius of the corners of frames.
pub(super) const FRAME_RADIUS: f64 = 10.0;
/// Radius of the bends of edges.
pub(super) const BEND_RADIUS: f64 = 5.0;

/// The picture as SVG text.
///
/// The graph gives the description; everything drawn comes from the layout.
pub fn svg(layout: &Layout, graph: &Graph, options: &PictureOptions) -> String {
    let mut xml = Xml::new();
    write(&mut xml, layout, None, graph, (options, Colors::of(options.theme)));
    xml.finish()
}

/// The picture as a part of a page, whose style rules give the colors of its classes.
pub(super) fn svg_in_page(layout: &Layout, graph: &Graph, options: &PictureOptions) -> String {
    let mut xml = Xml::new();
    write(&mut xml, layout, None, graph, (options, Colors::OfPage));
    xml.finish()
}

/// The picture of a comparison as a part of a page, with those of its two states in the same place, each in a group of
/// class `layer`: `both`, which is shown, and `before` and
/// `after`, which are not until a style says so. Above them an invisible `<rect class="anchor">` for each node has the
/// id that others have on the node.
pub(super) fn svg_of_states(layout: &Layout, states: [&Layout; 2], graph: &Graph, options: &PictureOptions) -> String {
    let mut xml = Xml::new();
    write(&mut xml, layout, Some(states), graph, (options, Colors::OfPage));
    xml.finish()
}

/// Where the colors of a picture are said.
#[derive(Clone, Copy, PartialEq)]
enum Colors {
    /// In attributes, which no sanitizer takes away.
    Attributes,
    /// In attributes, and in rules of its own, by class.
    OwnRules,
    /// In rules of the page that it is a part of, by class.
    OfPage,
}

impl Colors {
    fn of(theme: Theme) -> Colors {
        if theme == Theme::Auto { Colors::OwnRules } else { Colors::Attributes }
    }
}

fn write(
    xml: &mut Xml,
    layout: &Layout,
    states: Option<[&Layout; 2]>,
    graph: &Graph,
    (options, colors): (&PictureOptions, Colors),
) {
    let prefix = words::id_prefix(layout, graph, options);
    let (title_id, desc_id) = (format!("{prefix}-title"), format!("{prefix}-desc"));
    let junctions = layout.cards.iter().filter(|c| c.kind == NodeKind::Junction);
    let pen = Pen {
        theme: options.theme,
        colors,
        prefix: &prefix,
        palette: Palette::of(graph),
        junctions: junctions.map(|c| &c.id).collect(),
    };
    let mut view = String::from("0 0 ");
    number(&mut view, layout.width);
    view.push(' ');
    number(&mut view, layout.height);
    xml.element("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .num("width", layout.width)
        .num("height", layout.height)
        .attr("viewBox", &view)
        .attr("role", "img")
        .attr("aria-labelledby", &format!("{title_id} {desc_id}"))
        .attr("font-family", FONTS)
        // Texts start at their left end even in a page that is written from right to left.
        .attr("direction", "ltr")
        .children(|xml| {
            xml.element("title").attr("id", &title_id).text(&shown(&words::title(layout, graph, options)));
            xml.element("desc").attr("id", &desc_id).text(&shown(&words::description(graph)));
            if colors == Colors::OwnRules {
                xml.element("style").text(&dark_rules(Palette::of(graph), options.dark_under.as_deref()));
            }
            let canvas = Rect { x: 0.0, y: 0.0, w: layout.width, h: layout.height };
            drop(pen.paint(boxed(xml, canvas), "", Some(Paint::Canvas), None));
            for text in &layout.heading {
                pen.text(xml, text, Hue::Grey);
            }
            match states {
                None => pen.whole(xml, layout),
                Some(states) => pen.layers(xml, layout, states),
            }
        });
}

/// What every drawing function needs to know.
struct Pen<'a> {
    theme: Theme,
    colors: Colors,
    prefix: &'a str,
    palette: Palette,
    /// Ids of the junctions: a line goes through them and does not end there.
    junctions: BTreeSet<&'a NodeId>,
}

impl Pen<'_> {
    /// A comparison and its two states, a layer each, and the anchors of the nodes above them.
    fn layers(&self, xml: &mut Xml, layout: &Layout, [before, after]: [&Layout; 2]) {
        for (name, layout) in [("both", layout), ("before", before), ("after", after)] {
            let prefix = format!("{}-{name}", self.prefix);
            let layer = Pen {
                prefix: &prefix,
                palette: if name == "both" { self.palette } else { Palette::State },
                junctions: self.junctions.clone(),
                ..*self
            };
            let group = xml.element("g").attr("class", &format!("layer {name}"));
            let group = group.maybe("display", (name != "both").then_some("none"));
            group.children(|xml| layer.whole(xml, layout));
        }
        for card in &layout.cards {
            let id = words::node_id(self.prefix, card.id.as_str());
            let anchor = boxed(xml, shrunk(card.rect, -4.0)).attr("id", &id);
            let anchor = anchor.attr("class", "anchor").num("rx", CARD_RADIUS + 3.0);
            drop(anchor.attr("fill", "none").attr("pointer-events", "none"));
        }
    }

    /// Everything but canvas and heading.
    fn whole(&self, xml: &mut Xml, layout: &Layout) {
        for frame in &layout.frames {
            self.frame(xml, frame);
        }
        for link in layout.links.iter().filter(|l| l.label.is_none()) {
            self.link(xml, link);
        }
        for link in layout.links.iter().filter(|l| l.label.is_some()) {
            self.link(xml, link);
        }
        for card in &layout.cards {
            self.card(xml, card);
        }
        if !layout.legend.is_empty() {
            xml.element("g").attr("class", "legend").children(|xml| {
                for entry in &layout.legend {
                    self.legend(xml, entry);
                }
            });
        }
    }

    /// Class, fill and stroke in one go, because rules find their elements by class.
    fn paint<'x>(&self, element: Element<'x>, class: &str, fill: Option<Paint>, stroke: Option<Paint>) -> Element<'x> {
        let mut classes = class.to_owned();
        if self.colors != Colors::Attributes {
            for (way, paint) in [("ks-f-", fill), ("ks-s-", stroke)] {
                if let Some(paint) = paint {
                    if !classes.is_empty() {
                        classes.push(' ');
                    }
                    classes.push_str(way);
                    classes.push_str(paint.word());
                }
            }
        }
        let element = element.maybe("class", (!classes.is_empty()).then_some(classes.as_str()));
        // A page gives all colors by its rules.
        if self.colors == Colors::OfPage {
            return element.maybe("fill", fill.is_none().then_some("none"));
        }
        element
            .attr("fill", fill.map_or("none", |p| p.color(self.theme)))
            .maybe("stroke", stroke.map(|p| p.color(self.theme)))
    }

    fn text(&self, xml: &mut Xml, text: &Text, hue: Hue) {
        let paint = changed::text(text, hue);
        let element = xml
            .element("text")
            .num("x", text.at.x)
            .num("y", text.at.y)
            .num("font-size", text.role.size())
            .maybe("font-weight", text.role.bold().then_some("bold"))
            .maybe("text-decoration", changed::is_struck(text).then_some("line-through"));
        // Without this a browser draws runs of spaces as one, and the text would not be what the manifest says.
        let spaced = text.content.starts_with(' ') || text.content.ends_with(' ') || text.content.contains("  ");
        self.paint(element, "", Some(paint), None)
            .maybe("xml:space", spaced.then_some("preserve"))
            .text(&shown(&text.content));
    }

    fn frame(&self, xml: &mut Xml, frame: &Frame) {
        let group = xml.element("g").attr("class", "group").attr("data-id", &frame.id.to_string());
        // A frame in a frame stands out against it.
        let fill = if frame.parent.is_some() { Paint::Canvas } else { Paint::Frame };
        group.maybe("data-parent", frame.parent.as_ref().map(|p| p.to_string()).as_deref()).children(|xml| {
            drop(self.paint(boxed(xml, frame.rect), "", Some(fill), Some(Paint::FrameLine)).num("rx", FRAME_RADIUS));
            for text in &frame.title {
                self.text(xml, text, Hue::Grey);
            }
            self.tooltip(xml, &frame.tooltip);
        });
    }

    fn card(&self, xml: &mut Xml, card: &Card) {
        let hue = Hue::of_node(card.kind, &card.label);
        let group = xml
            .element("g")
            .attr("id", &words::node_id(self.prefix, card.id.as_str()))
            .attr("class", "node")
            .attr("data-id", card.id.as_str())
            .attr("data-kind", card.kind.as_str())
            .maybe("data-namespace", card.namespace.as_deref())
            .attr("data-name", &card.name)
            .maybe("data-change", card.change.map(ChangeKind::as_str));
        group.children(|xml| {
            self.border(xml, card.rect, "", &Border::of_card(card.kind, hue, card.change), CARD_RADIUS);
            // The bar is outlined in its own color, or the border of the card would show around it.
            let bar = xml.element("path").attr("d", &bar_path(card.bar));
            let accent = |hue| changed::accent(hue, card.change);
            drop(self.paint(bar, "", Some(accent(hue)), Some(accent(hue))));
            self.glyph(xml, glyphs::of_node(card.kind, &card.label), card.glyph, accent(hue));
            for text in &card.texts {
                self.text(xml, text, hue);
            }
            for badge in &card.badges {
                self.glyph(xml, glyphs::of_mark(badge.mark), badge.at, accent(Hue::of_mark(badge.mark)));
                self.text(xml, &badge.text, hue);
            }
            for row in &card.rows {
                self.row(xml, card, row, hue);
            }
            self.tooltip(xml, &card.tooltip);
        });
    }

    /// A box with its border.
    fn border(&self, xml: &mut Xml, rect: Rect, class: &str, border: &Border, radius: f64) {
        let line = |xml: &mut Xml, rect: Rect, fill: Option<Paint>, radius: f64, class: &str| {
            let element = self.paint(boxed(xml, rect), class, fill, Some(border.line)).num("rx", radius);
            let element = match border.width {
                Some(width) => element.num("stroke-width", width),
                None => element,
            };
            drop(element.maybe("stroke-dasharray", border.dash));
        };
        line(xml, rect, Some(border.ground), radius, class);
        if border.double {
            line(xml, shrunk(rect, 3.0), None, radius - 2.5, "");
        }
    }

    fn row(&self, xml: &mut Xml, card: &Card, row: &Row, hue: Hue) {
        let ground = row_ground(row.rect);
        match changed::row(hue, card.change, row.change) {
            (_, Some(border)) => self.border(xml, ground, "", &border, 3.0),
            (fill, None) => drop(self.paint(boxed(xml, ground), "", Some(fill), None).num("rx", 3.0)),
        }
        for &lock in &row.locks {
            self.glyph(xml, glyphs::lock(), lock, changed::accent(hue, row.change));
        }
        for text in &row.texts {
            self.text(xml, text, hue);
        }
    }

    fn glyph(&self, xml: &mut Xml, glyph: Glyph, at: Rect, paint: Paint) {
        let mut place = String::from("translate(");
        number(&mut place, at.x);
        place.push(' ');
        number(&mut place, at.y);
        place.push(')');
        let scale = at.w.min(at.h) / glyphs::GRID;
        if (scale - 1.0).abs() > 0.004 {
            place.push_str(" scale(");
            number(&mut place, scale);
            place.push(')');
        }
        let element = xml.element("path").attr("transform", &place).attr("d", glyph.path);
        if glyph.filled {
            drop(self.paint(element, "", Some(paint), None).attr("fill-rule", "evenodd"));
        } else {
            drop(
                self.paint(element, "", None, Some(paint))
                    .num("stroke-width", 1.4)
                    .attr("stroke-linecap", "round")
                    .attr("stroke-linejoin", "round"),
            );
        }
    }

    fn link(&self, xml: &mut Xml, link: &Link) {
        let group = xml
            .element("g")
            .attr("class", "edge")
            .attr("data-from", link.from.as_str())
            .attr("data-to", link.to.as_str())
            .attr("data-kind", link.kind.as_str())
            .maybe("data-change", link.change.map(ChangeKind::as_str));
        group.children(|xml| {
            let (mut style, paint) = changed::line(link.kind, link.change);
            if self.junctions.contains(&link.to) {
                style.head = Head::None;
                style.head_length = 0.0;
            }
            self.line(xml, &link.points, &link.gaps, paint, &style);
            for at in &link.branches {
                let dot = xml.element("circle").num("cx", at.x).num("cy", at.y).num("r", style.dot);
                drop(self.paint(dot, "", Some(paint), None));
            }
            if let Some(label) = &link.label {
                self.label(xml, label, link);
            }
            self.tooltip(xml, &link.tooltip);
        });
    }

    fn line(&self, xml: &mut Xml, points: &[Point], gaps: &[Gap], paint: Paint, style: &LineStyle) {
        let (shaft, tip) = shorten(points, style.head_length);
        drop(
            self.paint(xml.element("path").attr("d", &line_path(&shaft, gaps)), "", None, Some(paint))
                .num("stroke-width", style.width)
                .maybe("stroke-dasharray", style.dash)
                .maybe("stroke-linecap", style.dash.filter(|d| *d != changed::BROKEN).map(|_| "round")),
        );
        if let (Some(tip), Some(base), false) = (tip, shaft.last(), style.head == Head::None) {
            let head = xml.element("path").attr("d", &head_path(*base, tip, style.head));
            let element = match style.head {
                // The open diamond is filled, or the lines under it would show through.
                Head::Diamond | Head::Ring => self
                    .paint(head, "", Some(Paint::Card), Some(paint))
                    .num("stroke-width", 1.4)
                    .attr("stroke-linejoin", "round"),
                Head::Arrow(_) | Head::Barbed | Head::Bar | Head::Square | Head::Double | Head::None => {
                    self.paint(head, "", Some(paint), None)
                }
            };
            drop(element);
        }
    }

    fn label(&self, xml: &mut Xml, label: &Label, link: &Link) {
        let hue = Hue::of_edge(link.kind);
        self.border(xml, label.rect, "label", &Border::of_label(hue, link.change), 4.0);
        for text in &label.texts {
            self.text(xml, text, hue);
        }
    }

    fn tooltip(&self, xml: &mut Xml, text: &str) {
        // In a page tables and panels tell the rest.
        let text = match self.colors {
            Colors::OfPage => text.splitn(3, '\n').take(2).collect::<Vec<_>>().join("\n"),
            Colors::Attributes | Colors::OwnRules => text.to_owned(),
        };
        if !text.is_empty() {
            xml.element("title").text(&shown_lines(&text));
        }
    }

    fn legend(&self, xml: &mut Xml, entry: &LegendEntry) {
        let at = entry.at;
        match entry.sample {
            Sample::Node(kind) => {
                let hue = Hue::of_node(kind, "");
                self.glyph(xml, glyphs::of_node(kind, ""), centered(at), Paint::Strong(hue));
            }
            Sample::Edge(kind) => {
                let y = at.y + at.h / 2.0;
                let hue = self.palette.of_sample(kind);
                let points = [Point { x: at.x, y }, Point { x: at.right(), y }];
                self.line(xml, &points, &[], Paint::Strong(hue), &LineStyle::of(kind));
            }
            Sample::Lock => self.glyph(xml, glyphs::lock(), centered(at), Paint::Strong(Hue::Violet)),
            Sample::Mark(mark) => {
                self.glyph(xml, glyphs::of_mark(mark), centered(at), Paint::Strong(Hue::of_mark(mark)))
            }
            Sample::Change(change) => {
                self.border(xml, shrunk(at, 1.0), "", &Border::of_card(NodeKind::Service, Hue::Grey, Some(change)), 4.0)
            }
        }
        self.text(xml, &entry.text, Hue::Grey);
    }
}

fn boxed(xml: &mut Xml, rect: Rect) -> Element<'_> {
    xml.element("rect").num("x", rect.x).num("y", rect.y).num("width", rect.w).num("height", rect.h)
}

/// What is tinted of a row: rows lie against each other and against the border of the card, and their tint keeps clear
/// of both.
pub(super) fn row_ground(row: Rect) -> Rect {
    Rect { x: row.x + 4.0, y: row.y + 1.0, w: (row.w - 8.0).max(0.0), h: (row.h - 2.0).max(0.0) }
}

/// The box that lies this far inside of a box.
pub(super) fn shrunk(rect: Rect, by: f64) -> Rect {
    Rect { x: rect.x + by, y: rect.y + by, w: (rect.w - 2.0 * by).max(0.0), h: (rect.h - 2.0 * by).max(0.0) }
}

/// The largest square in the middle of a box.
pub(super) fn centered(rect: Rect) -> Rect {
    let side = rect.w.min(rect.h);
    Rect { x: rect.x + (rect.w - side) / 2.0, y: rect.y + (rect.h - side) / 2.0, w: side, h: side }
}

/// A bar whose left corners follow the corners of its card.
fn bar_path(bar: Rect) -> String {
    let radius = CARD_RADIUS.min(bar.w).min(bar.h / 2.0);
    let mut path = Path::default();
    path.to('M', &[bar.right(), bar.y])
        .to('H', &[bar.x + radius])
        .to('Q', &[bar.x, bar.y, bar.x, bar.y + radius])
        .to('V', &[bar.bottom() - radius])
        .to('Q', &[bar.x, bar.bottom(), bar.x + radius, bar.bottom()])
        .to('H', &[bar.right()]);
    path.close()
}

/// The line without the stretch that its head covers, and the point of the head. A last part that is shorter than the
/// head gives half of itself.
fn shorten(points: &[Point], head: f64) -> (Vec<Point>, Option<Point>) {
    let mut shaft = points.to_vec();
    let tip = shaft.pop();
    if let (Some(tip), Some(before)) = (tip, shaft.last().copied()) {
        let length = (tip.x - before.x).abs() + (tip.y - before.y).abs();
        let head = head.min(length / 2.0);
        shaft.push(toward(tip, before, head));
    } else {
        shaft.extend(tip);
    }
    (shaft, tip)
}

/// The point at a distance from `from` on the upright or level line to `to`.
fn toward(from: Point, to: Point, distance: f64) -> Point {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.abs() + dy.abs();
    if length <= f64::EPSILON {
        return from;
    }
    Point { x: from.x + dx / length * distance, y: from.y + dy / length * distance }
}

/// What a line does at a point.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    Bend,
    Leave,
    Resume,
}

/// The points of a line with its gaps between them.
fn stops(points: &[Point], gaps: &[Gap]) -> Vec<(Point, Stop)> {
    let between = |a: f64, b: f64, p: f64| a.min(b) <= p && p <= a.max(b);
    let mut gaps = gaps.iter().peekable();
    let mut stops = Vec::with_capacity(points.len() + 2 * gaps.len());
    for (i, at) in points.iter().enumerate() {
        stops.push((*at, Stop::Bend));
        let Some(next) = points.get(i + 1) else { break };
        let here = |p: &Point| between(at.x, next.x, p.x) && between(at.y, next.y, p.y);
        while let Some(gap) = gaps.next_if(|g| here(&g.from) && here(&g.to)) {
            stops.extend([(gap.from, Stop::Leave), (gap.to, Stop::Resume)]);
        }
    }
    stops
}

/// A line through points, its bends rounded.
fn line_path(points: &[Point], gaps: &[Gap]) -> String {
    let stops = stops(points, gaps);
    let mut path = Path::default();
    let Some((first, _)) = stops.first() else { return path.data };
    path.to('M', &[first.x, first.y]);
    for (i, (at, stop)) in stops.iter().enumerate().skip(1) {
        match (stop, stops.get(i + 1)) {
            (Stop::Bend, Some((after, next))) => {
                let (before, last) = &stops[i - 1];
                // Two bends share what is between them; a gap takes no part of it.
                let reach = |p: &Point, stop: Stop| {
                    ((p.x - at.x).abs() + (p.y - at.y).abs()) / if stop == Stop::Bend { 2.0 } else { 1.0 }
                };
                let radius = BEND_RADIUS.min(reach(before, *last)).min(reach(after, *next));
                let (enter, leave) = (toward(*at, *before, radius), toward(*at, *after, radius));
                path.to('L', &[enter.x, enter.y]).to('Q', &[at.x, at.y, leave.x, leave.y]);
            }
            (Stop::Resume, _) => {
                path.to('M', &[at.x, at.y]);
            }
            _ => {
                path.to('L', &[at.x, at.y]);
            }
        }
    }
    path.data
}
