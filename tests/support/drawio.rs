//! Files for diagrams.net under a strict eye: every cell stands in one that exists, and is where the layout has it.

use std::collections::{BTreeMap, BTreeSet};

use kubesketch::layout::{Layout, Point, Rect};
use roxmltree::Node;

/// A file.
pub struct File {
    pub cells: BTreeMap<String, Cell>,
    pub title: String,
}

/// A cell, in the places of the whole picture.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub parent: String,
    pub label: String,
    pub tooltip: String,
    /// The id of the object that the cell represents.
    pub object: String,
    pub style: BTreeMap<String, String>,
    pub rect: Rect,
    /// Both ends and the bends, where it is a line.
    pub line: Option<(String, String, Vec<Point>)>,
    /// How far along a line its label stands, and how far from there.
    pub label_at: (f64, Point),
}

/// Reads a file of which every element must be one that we write.
pub fn parse(text: &str) -> File {
    let document = roxmltree::Document::parse(text).unwrap();
    let elements = BTreeSet::from([
        "mxfile",
        "diagram",
        "mxGraphModel",
        "root",
        "mxCell",
        "UserObject",
        "mxGeometry",
        "Array",
        "mxPoint",
    ]);
    let mut cells: BTreeMap<String, Cell> = BTreeMap::new();
    let mut title = String::new();
    for node in document.descendants().filter(Node::is_element) {
        assert!(
            elements.contains(node.tag_name().name()) && node.text().unwrap_or_default().trim().is_empty(),
            "{node:?}"
        );
        let attributes: Vec<&str> = node.attributes().map(|a| a.name()).collect();
        assert!(!attributes.iter().any(|a| ["link", "placeholders", "href"].contains(a)), "{attributes:?}");
        match node.tag_name().name() {
            "diagram" => title = node.attribute("name").unwrap().to_owned(),
            "mxCell" => {
                let outer = node.parent().filter(|p| p.has_tag_name("UserObject")).unwrap_or(node);
                let id = outer.attribute("id").unwrap().to_owned();
                let cell = cell(outer, node, &cells);
                assert!(cells.insert(id.clone(), cell).is_none(), "{id} is there twice");
            }
            _ => {}
        }
    }
    for (id, cell) in &cells {
        if let Some((from, to, _)) = &cell.line {
            let legend = cell.parent == "legend" && from.is_empty() && to.is_empty();
            assert!(legend || cells[from].line.is_none() && cells[to].line.is_none(), "{id}");
        }
    }
    File { cells, title }
}

fn cell(outer: Node<'_, '_>, node: Node<'_, '_>, cells: &BTreeMap<String, Cell>) -> Cell {
    let mut cell = Cell {
        parent: node.attribute("parent").unwrap_or_default().to_owned(),
        label: outer.attribute("label").or(node.attribute("value")).unwrap_or_default().to_owned(),
        tooltip: outer.attribute("tooltip").unwrap_or_default().to_owned(),
        object: outer.attribute("object").unwrap_or_default().to_owned(),
        ..Cell::default()
    };
    for pair in node.attribute("style").unwrap_or_default().split(';').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || " .,#-+/:=".contains(c);
        assert!(pair.chars().all(plain) && cell.style.insert(key.to_owned(), value.to_owned()).is_none(), "{pair}");
    }
    if cell.parent.is_empty() {
        return cell;
    }
    // A cell stands before what stands in it.
    let parent = &cells[&cell.parent];
    let plain = cell.style.get("html").is_some_and(|v| v == "0");
    assert!(plain || cell.label.is_empty() && outer == node, "{cell:?}");
    let Some(geometry) = node.children().find(|c| c.has_tag_name("mxGeometry")) else {
        return cell;
    };
    let number = |node: Node<'_, '_>, name: &str| node.attribute(name).map_or(0.0, |v| v.parse::<f64>().unwrap());
    let moved =
        |node: Node<'_, '_>| Point { x: number(node, "x") + parent.rect.x, y: number(node, "y") + parent.rect.y };
    if node.attribute("edge").is_some() {
        let points = |wanted: fn(&Node<'_, '_>) -> bool| {
            geometry.descendants().filter(|n| n.has_tag_name("mxPoint")).filter(wanted).map(moved).collect()
        };
        let bends: Vec<Point> = points(|n| n.attribute("as").is_none());
        let offset: Vec<Point> = points(|n| n.attribute("as") == Some("offset"));
        cell.label_at = (number(geometry, "x"), offset.first().copied().unwrap_or_default());
        let end = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
        cell.line = Some((end("source"), end("target"), bends));
    } else {
        assert_eq!(node.attribute("vertex"), Some("1"));
        let at = moved(geometry);
        cell.rect = Rect { x: at.x, y: at.y, w: number(geometry, "width"), h: number(geometry, "height") };
    }
    cell
}

/// Coordinates have two decimals, and a cell in a cell may add up two of them.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.03
}

fn same(a: Rect, b: Rect) -> bool {
    close(a.x, b.x) && close(a.y, b.y) && close(a.w, b.w) && close(a.h, b.h)
}

impl File {
    /// The cell of the thing with this id, of which a label or the like starts with `kind`.
    pub fn of(&self, kind: &str, object: &str) -> (&str, &Cell) {
        let found: Vec<_> = self.cells.iter().filter(|(id, c)| id.starts_with(kind) && c.object == object).collect();
        assert_eq!(found.len(), 1, "{kind} {object:?}");
        (found[0].0, found[0].1)
    }

    /// Holds every frame, card, line, text and sample of the layout against the file.
    pub fn check(&self, layout: &Layout) {
        for frame in &layout.frames {
            let (_, cell) = self.of("frame-", &kept(&frame.id.to_string()));
            assert!(same(cell.rect, frame.rect), "{cell:?}\n{frame:?}");
            let parent = frame.parent.as_ref().map_or("layer", |p| self.of("frame-", &kept(&p.to_string())).0);
            assert_eq!(cell.parent, parent);
        }
        for card in &layout.cards {
            let (id, cell) = self.of("card-", &kept(card.id.as_str()));
            assert!(same(cell.rect, card.rect), "{cell:?}\n{:?}", card.rect);
            let parent = card.group.as_ref().map_or("layer", |p| self.of("frame-", &kept(&p.to_string())).0);
            assert_eq!(cell.parent, parent);
            assert_eq!(unescaped(&cell.tooltip).is_empty(), card.tooltip.is_empty());
            let inside = |rect: Rect, what: &str| {
                let starts = format!("{id}-{what}");
                let found = self.cells.iter().any(|(part, c)| part.starts_with(&starts) && same(c.rect, rect));
                assert!(found, "{what} of {id} at {rect:?}");
            };
            inside(card.bar, "bar");
            inside(card.glyph, "kind");
            card.badges.iter().for_each(|b| inside(b.at, "badge"));
            card.rows.iter().flat_map(|r| &r.locks).for_each(|l| inside(*l, "row"));
        }
        let lines: Vec<&Cell> = self.cells.iter().filter(|(id, _)| id.starts_with("line-")).map(|(_, c)| c).collect();
        assert_eq!(lines.len(), layout.links.len());
        for link in &layout.links {
            let (from, to) = (self.of("card-", &kept(link.from.as_str())), self.of("card-", &kept(link.to.as_str())));
            let as_drawn = lines.iter().find(|cell| {
                let (source, target, bends) = cell.line.as_ref().unwrap();
                let points: Vec<Point> = std::iter::once(cell.end("exit", from.1.rect))
                    .chain(bends.iter().copied())
                    .chain([cell.end("entry", to.1.rect)])
                    .collect();
                let near = |(a, b): (&Point, &Point)| close(a.x, b.x) && close(a.y, b.y);
                source == from.0
                    && target == to.0
                    && points.len() == link.points.len()
                    && points.iter().zip(&link.points).all(near)
            });
            let cell = as_drawn.unwrap_or_else(|| panic!("{link:?}"));
            let words = link.label.iter().flat_map(|l| &l.texts).count();
            assert_eq!(cell.label.matches('\n').count() + 1, words.max(1), "{cell:?}");
        }
        let heading = self.cells.keys().filter(|id| id.starts_with("heading-")).count();
        assert_eq!(heading, layout.heading.len());
        let samples = self.cells.keys().filter(|id| id.starts_with("legend-") && !id.ends_with("-text")).count();
        assert_eq!(samples, layout.legend.len());
    }
}

impl Cell {
    /// Where a line is fastened to a card.
    fn end(&self, which: &str, rect: Rect) -> Point {
        let number = |key: &str| self.style[&format!("{which}{key}")].parse::<f64>().unwrap();
        Point { x: rect.x + rect.w * number("X") + number("Dx"), y: rect.y + rect.h * number("Y") + number("Dy") }
    }
}

/// What a parser gives back for an attribute: only what XML or HTML cannot hold is replaced.
pub fn kept(text: &str) -> String {
    let lost = |c: char| (c.is_control() && !"\t\n\r".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if lost(c) { '\u{fffd}' } else { c }).collect()
}

/// A tooltip is HTML without an element.
fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "{text}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
