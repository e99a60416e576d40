//! A file for diagrams.net (draw.io): the layout as cells that people move and edit, in the places that the SVG has
//! them in.
//!
//! What it guarantees:
//! * No text of the input is markup: labels are plain (`html=0`), tooltips, which the program shows as HTML, are
//!   escaped once more, styles hold only what this crate writes, and nothing is a link.
//! * An id is derived from what it names, so a file keeps its ids when an object is added, and a difference of two
//!   files shows what was moved.
//! * A card is one cell with its parts inside: whatever moves it moves them, and its lines follow.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::graph::{Graph, GroupId, NodeId, NodeKind};
use crate::layout::{Card, Frame, Label, Layout, LegendEntry, Link, Point, Rect, Row, Sample, Text, TextRole};

use super::changed::{self, Border};
use super::drawio_style::{ENTRY, EXIT, Style, rounded};
use super::glyphs::{self, Glyph};
use super::strokes::{Head, LineStyle};
use super::svg::{CARD_RADIUS, FRAME_RADIUS, centered, row_ground, shrunk};
use super::theme::{Hue, Paint, Palette, Theme};
use super::xml::Xml;
use super::{PictureOptions, words};
use crate::inert::{shown, shown_lines};

/// The cell that everything stands in which stands in nothing else.
const LAYER: &str = "layer";

/// The layout as a file for diagrams.net. [`Theme::Dark`] makes it dark; every other theme light.
pub fn drawio(layout: &Layout, graph: &Graph, options: &PictureOptions) -> String {
    let pen = Pen {
        theme: if options.theme == Theme::Dark { Theme::Dark } else { Theme::Light },
        palette: Palette::of(graph),
        cards: layout.cards.iter().map(|c| (&c.id, c)).collect(),
        frames: layout.frames.iter().map(|f| (&f.id, f)).collect(),
    };
    let title = words::title(layout, graph, options);
    let mut xml = Xml::new();
    xml.element("mxfile").attr("compressed", "false").children(|xml| {
        let diagram = xml.element("diagram").attr("id", &words::id_prefix(layout, graph, options));
        diagram.attr("name", &shown(&title)).children(|xml| {
            let model = xml.element("mxGraphModel").attr("grid", "1").attr("gridSize", "10");
            let model = model.attr("guides", "1").attr("tooltips", "1").attr("connect", "1").attr("arrows", "1");
            let model = model.attr("fold", "1").attr("page", "0").attr("math", "0").attr("shadow", "0");
            let model = model.num("pageWidth", layout.width).num("pageHeight", layout.height);
            model.attr("background", Paint::Canvas.color(pen.theme)).children(|xml| {
                xml.element("root").children(|xml| pen.whole(xml, layout));
            });
        });
    });
    xml.finish()
}

/// What a cell is, beside its geometry.
struct Cell<'a> {
    id: &'a str,
    parent: &'a str,
    /// What the geometry of its parent begins at: places of cells are relative to that.
    origin: Point,
    /// As people may see it.
    label: &'a str,
    style: String,
}

/// What every drawing function needs to know.
struct Pen<'a> {
    theme: Theme,
    palette: Palette,
    cards: BTreeMap<&'a NodeId, &'a Card>,
    frames: BTreeMap<&'a GroupId, &'a Frame>,
}

impl Pen<'_> {
    fn whole(&self, xml: &mut Xml, layout: &Layout) {
        drop(xml.element("mxCell").attr("id", "root"));
        drop(xml.element("mxCell").attr("id", LAYER).attr("parent", "root"));
        for (i, text) in layout.heading.iter().enumerate() {
            self.text(xml, &format!("heading-{}", i + 1), (LAYER, Point::default()), text, Hue::Grey);
        }
        for frame in &layout.frames {
            self.frame(xml, frame);
        }
        for card in &layout.cards {
            self.card(xml, card);
        }
        let mut alike: BTreeMap<String, usize> = BTreeMap::new();
        for link in &layout.links {
            let id = words::node_id("line", &format!("{}\n{}\n{}", link.from, link.to, link.kind.as_str()));
            let count = alike.entry(id.clone()).or_default();
            *count += 1;
            // Several lines of a kind between the same cards are distinguished by their order.
            self.link(xml, &if *count > 1 { format!("{id}-{count}") } else { id }, link);
        }
        self.legend(xml, &layout.legend);
    }

    /// A vertex with what else is known of it; gives the cell that its parts stand in.
    fn vertex(&self, xml: &mut Xml, cell: &Cell<'_>, rect: Rect) {
        let element = xml.element("mxCell").attr("id", cell.id).attr("value", cell.label);
        let element = element.attr("style", &cell.style).attr("parent", cell.parent);
        // Lines end at cards, not at what stands on them.
        let element = element.attr("vertex", "1").attr("connectable", "0");
        element.children(|xml| geometry(xml, rect, cell.origin));
    }

    /// The same for what has a tooltip, and an object that it represents.
    fn told_vertex(&self, xml: &mut Xml, cell: &Cell<'_>, rect: Rect, (object, tooltip): (&str, &str)) {
        told(xml, cell, (object, tooltip)).children(|xml| {
            let element = xml.element("mxCell").attr("style", &cell.style).attr("parent", cell.parent);
            element.attr("vertex", "1").children(|xml| geometry(xml, rect, cell.origin));
        });
    }

    fn frame(&self, xml: &mut Xml, frame: &Frame) {
        let (parent, origin) = self.inside(frame.parent.as_ref());
        let title = lines(frame.title.iter());
        let left = frame.title.first().map_or(0.0, |t| t.at.x - frame.rect.x);
        let head = frame.title.last().map_or(0.0, |t| t.at.y - frame.rect.y) + 8.0;
        // A frame in a frame stands out against it.
        let ground = if frame.parent.is_some() { Paint::Canvas } else { Paint::Frame };
        let mut style = Style::new("swimlane");
        style.word("html", "0").word("rounded", "1").word("absoluteArcSize", "1");
        style.num("arcSize", 2.0 * FRAME_RADIUS).num("startSize", head).word("swimlaneLine", "0");
        style.word("container", "1").word("collapsible", "0").word("recursiveResize", "0");
        style.paint("fillColor", ground, self.theme).paint("swimlaneFillColor", ground, self.theme);
        style.paint("strokeColor", Paint::FrameLine, self.theme);
        style.font(TextRole::Frame, Paint::FrameText, self.theme);
        style.word("align", "left").num("spacingLeft", left - 4.0);
        let cell = Cell { id: &frame_id(&frame.id), parent: &parent, origin, label: &title, style: style.text };
        self.told_vertex(xml, &cell, frame.rect, (&frame.id.to_string(), &frame.tooltip));
    }

    /// The cell of a frame and its corner, or what stands in none.
    fn inside(&self, frame: Option<&GroupId>) -> (String, Point) {
        match frame.and_then(|id| self.frames.get(id)) {
            Some(frame) => (frame_id(&frame.id), corner(frame.rect)),
            None => (LAYER.to_owned(), Point::default()),
        }
    }

    fn card(&self, xml: &mut Xml, card: &Card) {
        let (parent, origin) = self.inside(card.group.as_ref());
        let hue = Hue::of_node(card.kind, &card.label);
        let id = card_id(&card.id);
        let names: Vec<&Text> = card.texts.iter().filter(|t| t.role == TextRole::Name).collect();
        let mut style = self.bordered(&Border::of_card(card.kind, hue, card.change), CARD_RADIUS);
        style.word("collapsible", "0").word("recursiveResize", "0");
        let ink = names.first().map_or(Paint::Ink, |t| changed::text(t, hue));
        style.font(TextRole::Name, ink, self.theme);
        style.word("align", "left").word("verticalAlign", "top").word("spacing", "0");
        if let Some(first) = names.first() {
            style.num("spacingLeft", first.at.x - card.rect.x);
            style.num("spacingTop", first.at.y - card.rect.y - first.role.size());
        }
        let cell = Cell { id: &id, parent: &parent, origin, label: &lines(names.iter().copied()), style: style.text };
        self.told_vertex(xml, &cell, card.rect, (card.id.as_str(), &card.tooltip));
        let place = (id.as_str(), corner(card.rect));
        let accent = |hue| changed::accent(hue, card.change);
        self.bar(xml, &format!("{id}-bar"), place, card.bar, accent(hue));
        let kind = glyphs::of_node(card.kind, &card.label);
        self.glyph(xml, &format!("{id}-kind"), place, kind, card.glyph, accent(hue));
        for (i, text) in card.texts.iter().filter(|t| t.role != TextRole::Name).enumerate() {
            self.text(xml, &format!("{id}-text-{}", i + 1), place, text, hue);
        }
        for (i, badge) in card.badges.iter().enumerate() {
            let id = format!("{id}-badge-{}", i + 1);
            let paint = accent(Hue::of_mark(badge.mark));
            self.glyph(xml, &id, place, glyphs::of_mark(badge.mark), badge.at, paint);
            self.text(xml, &format!("{id}-text"), place, &badge.text, hue);
        }
        for (i, row) in card.rows.iter().enumerate() {
            self.row(xml, &format!("{id}-row-{}", i + 1), place, card, row);
        }
    }

    fn row(&self, xml: &mut Xml, id: &str, (parent, origin): (&str, Point), card: &Card, row: &Row) {
        let hue = Hue::of_node(card.kind, &card.label);
        let style = match changed::row(hue, card.change, row.change) {
            (_, Some(border)) => self.bordered(&border, 3.0),
            (fill, None) => {
                let mut style = rounded(3.0);
                style.paint("fillColor", fill, self.theme).word("strokeColor", "none");
                style
            }
        };
        let ground = row_ground(row.rect);
        let cell = Cell { id, parent, origin, label: "", style: style.text };
        self.vertex(xml, &cell, ground);
        let place = (id, corner(ground));
        for (i, lock) in row.locks.iter().enumerate() {
            let id = format!("{id}-lock-{}", i + 1);
            self.glyph(xml, &id, place, glyphs::lock(), *lock, changed::accent(hue, row.change));
        }
        for (i, text) in row.texts.iter().enumerate() {
            self.text(xml, &format!("{id}-text-{}", i + 1), place, text, hue);
        }
    }

    fn bar(&self, xml: &mut Xml, id: &str, (parent, origin): (&str, Point), rect: Rect, paint: Paint) {
        let mut style = rounded(2.0);
        style.paint("fillColor", paint, self.theme).word("strokeColor", "none");
        let cell = Cell { id, parent, origin, label: "", style: style.text };
        self.vertex(xml, &cell, rect);
    }

    fn text(&self, xml: &mut Xml, id: &str, (parent, origin): (&str, Point), text: &Text, hue: Hue) {
        let size = text.role.size();
        let mut style = Style::new("text");
        style.word("html", "0").word("align", "left").word("verticalAlign", "middle").word("spacing", "0");
        style.word("strokeColor", "none").word("fillColor", "none");
        style.font(text.role, changed::text(text, hue), self.theme);
        if changed::is_struck(text) {
            style.word("textDecoration", "line-through");
        }
        let cell = Cell { id, parent, origin, label: &shown(&text.content), style: style.text };
        // Letters stand on the baseline, and what hangs below it takes a fifth of their size.
        let rect = Rect { x: text.at.x, y: text.at.y - size, w: text.width, h: size * 1.2 };
        self.vertex(xml, &cell, rect);
    }

    fn glyph(&self, xml: &mut Xml, id: &str, (parent, origin): (&str, Point), glyph: Glyph, at: Rect, paint: Paint) {
        let mut style = Style::new("shape=image");
        style.word("html", "0").word("aspect", "fixed").word("imageAspect", "1");
        // The program knows data without the word `base64`, whose `;` would end the value.
        style
            .word("image", &format!("data:image/svg+xml,{}", STANDARD.encode(drawing(glyph, paint.color(self.theme)))));
        let cell = Cell { id, parent, origin, label: "", style: style.text };
        self.vertex(xml, &cell, at);
    }

    fn bordered(&self, border: &Border, radius: f64) -> Style {
        let mut style = rounded(radius);
        if border.double {
            style.word("shape", "ext").word("double", "1");
        }
        style.paint("fillColor", border.ground, self.theme).paint("strokeColor", border.line, self.theme);
        if let Some(width) = border.width {
            style.num("strokeWidth", width);
        }
        style.dashes(border.dash);
        style
    }

    fn link(&self, xml: &mut Xml, id: &str, link: &Link) {
        let (Some(from), Some(to)) = (self.cards.get(&link.from), self.cards.get(&link.to)) else {
            return;
        };
        let (looks, paint) = changed::line(link.kind, link.change);
        let head = if to.kind == NodeKind::Junction { Head::None } else { looks.head };
        let mut style = self.line(&looks, head, paint);
        for (end, rect, point) in [(EXIT, from.rect, link.points.first()), (ENTRY, to.rect, link.points.last())] {
            if let Some(point) = point {
                style.end(end, rect, *point);
            }
        }
        if link.label.is_some() {
            let border = Border::of_label(Hue::of_edge(link.kind), link.change);
            style.font(TextRole::Label, Paint::Ink, self.theme);
            style.paint("labelBackgroundColor", border.ground, self.theme);
            style.paint("labelBorderColor", border.line, self.theme);
        }
        let cell = Cell {
            id,
            parent: LAYER,
            origin: Point::default(),
            label: &lines(link.label.iter().flat_map(|l| &l.texts)),
            style: style.text,
        };
        let object = format!("{} {} {}", link.from, link.kind.as_str(), link.to);
        told(xml, &cell, (&object, &link.tooltip)).children(|xml| {
            let element =
                xml.element("mxCell").attr("style", &cell.style).attr("parent", cell.parent).attr("edge", "1");
            let element = element.attr("source", &card_id(&link.from)).attr("target", &card_id(&link.to));
            element.children(|xml| way(xml, &link.points, link.label.as_ref()));
        });
    }

    fn line(&self, looks: &LineStyle, head: Head, paint: Paint) -> Style {
        let mut style = Style::new("edgeStyle=orthogonalEdgeStyle");
        style.word("html", "0").word("rounded", "1").word("arcSize", "10").word("jettySize", "auto");
        style.paint("strokeColor", paint, self.theme).num("strokeWidth", looks.width);
        style.dashes(looks.dash);
        let (shape, filled) = match head {
            Head::Arrow(_) => ("block", "1"),
            Head::Diamond => ("diamond", "0"),
            Head::Ring => ("oval", "0"),
            Head::Barbed => ("classic", "1"),
            Head::Bar => ("baseDash", "1"),
            Head::Square => ("box", "1"),
            Head::Double => ("doubleBlock", "1"),
            Head::None => ("none", "0"),
        };
        style.word("endArrow", shape).word("endFill", filled).num("endSize", looks.head_length - 1.0);
        style
    }

    /// The legend, as one thing that can be moved or taken away.
    fn legend(&self, xml: &mut Xml, entries: &[LegendEntry]) {
        let ends = entries.iter().flat_map(|e| {
            [
                corner(e.at),
                Point { x: e.at.right(), y: e.at.bottom() },
                Point { x: e.text.at.x + e.text.width, y: e.text.at.y },
            ]
        });
        let Some(rect) = around(ends) else { return };
        let cell =
            Cell { id: "legend", parent: LAYER, origin: Point::default(), label: "", style: Style::new("group").text };
        self.vertex(xml, &cell, rect);
        let place = ("legend", corner(rect));
        for (i, entry) in entries.iter().enumerate() {
            let id = format!("legend-{}", i + 1);
            self.sample(xml, &id, place, entry);
            self.text(xml, &format!("{id}-text"), place, &entry.text, Hue::Grey);
        }
    }

    fn sample(&self, xml: &mut Xml, id: &str, place: (&str, Point), entry: &LegendEntry) {
        let at = entry.at;
        match entry.sample {
            Sample::Node(kind) => {
                let paint = Paint::Strong(Hue::of_node(kind, ""));
                self.glyph(xml, id, place, glyphs::of_node(kind, ""), centered(at), paint);
            }
            Sample::Lock => self.glyph(xml, id, place, glyphs::lock(), centered(at), Paint::Strong(Hue::Violet)),
            Sample::Mark(mark) => {
                let paint = Paint::Strong(Hue::of_mark(mark));
                self.glyph(xml, id, place, glyphs::of_mark(mark), centered(at), paint);
            }
            Sample::Change(change) => {
                let border = Border::of_card(NodeKind::Service, Hue::Grey, Some(change));
                let cell =
                    Cell { id, parent: place.0, origin: place.1, label: "", style: self.bordered(&border, 4.0).text };
                self.vertex(xml, &cell, shrunk(at, 1.0));
            }
            Sample::Edge(kind) => {
                let looks = LineStyle::of(kind);
                let style = self.line(&looks, looks.head, Paint::Strong(self.palette.of_sample(kind)));
                let element = xml.element("mxCell").attr("id", id).attr("style", &style.text).attr("parent", place.0);
                let y = at.y + at.h / 2.0 - place.1.y;
                element.attr("edge", "1").children(|xml| {
                    xml.element("mxGeometry").attr("relative", "1").attr("as", "geometry").children(|xml| {
                        for (name, x) in [("sourcePoint", at.x), ("targetPoint", at.right())] {
                            drop(xml.element("mxPoint").num("x", x - place.1.x).num("y", y).attr("as", name));
                        }
                    });
                });
            }
        }
    }
}

/// The element around a cell that has a tooltip and represents an object.
fn told<'x>(xml: &'x mut Xml, cell: &Cell<'_>, (object, tooltip): (&str, &str)) -> super::xml::Element<'x> {
    let element = xml.element("UserObject").attr("id", cell.id).attr("label", cell.label);
    let tooltip = markup(&shown_lines(tooltip));
    element.maybe("tooltip", (!tooltip.is_empty()).then_some(tooltip.as_str())).attr("object", object)
}

/// Texts as a label of so many lines.
fn lines<'t>(texts: impl Iterator<Item = &'t Text>) -> String {
    texts.map(|t| shown(&t.content)).collect::<Vec<_>>().join("\n")
}

/// A text as HTML: tooltips are shown as such.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn card_id(id: &NodeId) -> String {
    words::node_id("card", id.as_str())
}

fn frame_id(id: &GroupId) -> String {
    words::node_id("frame", &id.to_string())
}

fn corner(rect: Rect) -> Point {
    Point { x: rect.x, y: rect.y }
}

/// The box around points; `None` if there are none.
fn around(points: impl Iterator<Item = Point>) -> Option<Rect> {
    points.fold(None, |rect: Option<Rect>, p| {
        let Some(r) = rect else {
            return Some(Rect { x: p.x, y: p.y, w: 0.0, h: 0.0 });
        };
        let (x, y) = (r.x.min(p.x), r.y.min(p.y));
        Some(Rect { x, y, w: r.right().max(p.x) - x, h: r.bottom().max(p.y) - y })
    })
}

fn geometry(xml: &mut Xml, rect: Rect, origin: Point) {
    let element = xml.element("mxGeometry").num("x", rect.x - origin.x).num("y", rect.y - origin.y);
    drop(element.num("width", rect.w).num("height", rect.h).attr("as", "geometry"));
}

/// The bends of a line, and where on it its label stands.
fn way(xml: &mut Xml, points: &[Point], label: Option<&Label>) {
    let (place, offset) = label.map_or((0.0, Point::default()), |l| label_place(points, l.rect));
    let element = xml.element("mxGeometry").num("x", place).attr("relative", "1").attr("as", "geometry");
    element.children(|xml| {
        if let Some(bends) = points.get(1..points.len().saturating_sub(1)).filter(|b| !b.is_empty()) {
            xml.element("Array").attr("as", "points").children(|xml| {
                for bend in bends {
                    drop(xml.element("mxPoint").num("x", bend.x).num("y", bend.y));
                }
            });
        }
        if label.is_some() {
            drop(xml.element("mxPoint").num("x", offset.x).num("y", offset.y).attr("as", "offset"));
        }
    });
}

/// Where a label stands: how far along the line, from −1 at its start to 1 at its end, and how far its middle is from
/// there.
fn label_place(points: &[Point], rect: Rect) -> (f64, Point) {
    let middle = Point { x: rect.x + rect.w / 2.0, y: rect.y + rect.h / 2.0 };
    let length = |a: &Point, b: &Point| (b.x - a.x).abs() + (b.y - a.y).abs();
    let whole: f64 = points.windows(2).map(|w| length(&w[0], &w[1])).sum();
    let (mut before, mut best) = (0.0, (f64::INFINITY, 0.0));
    for (a, b) in points.iter().zip(points.iter().skip(1)) {
        let near =
            Point { x: middle.x.clamp(a.x.min(b.x), a.x.max(b.x)), y: middle.y.clamp(a.y.min(b.y), a.y.max(b.y)) };
        let off = length(&near, &middle);
        if off < best.0 {
            best = (off, before + length(a, &near));
        }
        before += length(a, b);
    }
    // A place has two decimals and a distance is whole, so the rest is written as an offset.
    let place = if whole > 0.0 { (200.0 * best.1 / whole).round() / 100.0 - 1.0 } else { 0.0 };
    let mut left = ((place / 2.0 + 0.5) * whole).round();
    let mut at = points.last().copied().unwrap_or_default();
    for (a, b) in points.iter().zip(points.iter().skip(1)) {
        let part = length(a, b);
        if left <= part && part > 0.0 {
            at = Point { x: a.x + (b.x - a.x) * left / part, y: a.y + (b.y - a.y) * left / part };
            break;
        }
        left -= part;
    }
    let offset = Point { x: middle.x - at.x, y: middle.y - at.y };
    (place, offset)
}

/// A glyph as a picture of its own.
fn drawing(glyph: Glyph, color: &'static str) -> String {
    let mut xml = Xml::new();
    let side = format!("0 0 {0} {0}", glyphs::GRID);
    let svg = xml.element("svg").attr("xmlns", "http://www.w3.org/2000/svg").attr("viewBox", &side);
    svg.children(|xml| {
        let path = xml.element("path").attr("d", glyph.path);
        drop(if glyph.filled {
            path.attr("fill", color).attr("fill-rule", "evenodd")
        } else {
            let path = path.attr("fill", "none").attr("stroke", color).num("stroke-width", 1.4);
            path.attr("stroke-linecap", "round").attr("stroke-linejoin", "round")
        });
    });
    xml.finish()
}
