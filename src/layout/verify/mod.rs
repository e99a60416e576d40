//! The invariants of a picture, checked on the picture alone.
//!
//! Boxes are kept in a grid of buckets, so that the check does not compare everything with everything.

pub(in crate::layout) mod grid;

use std::collections::BTreeMap;
use std::fmt;

use super::cards::metrics::text_width;
use super::geometry::{hits, overlap};
use super::{Frame, Layout, Link, Point, Rect, Text};
use crate::graph::{GroupId, NodeId};
use grid::Grid;

/// An invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Two nodes overlap.
    NodeOverNode,
    /// A node lies outside the frame of its namespace, or inside another one.
    NodeOutsideFrame,
    /// Two frames overlap, and neither stands in the other.
    FrameOverFrame,
    /// A frame does not lie inside the one that it stands in.
    FrameOutsideFrame,
    /// A card, a label, a line or another frame lies on the title of a frame.
    OnTitle,
    /// A line runs through a node that is not its end.
    LinkThroughNode,
    /// A line runs through a frame that holds neither end.
    LinkThroughFrame,
    /// A label overlaps another label.
    LabelOverLabel,
    /// A label overlaps a node.
    LabelOverNode,
    /// A label lies on the line of another edge.
    LabelOverLink,
    /// A text is wider than the box it stands in.
    TextClipped,
    /// The end of a line is not on the border of its node.
    Detached,
    /// A line has a part that is neither horizontal nor vertical, or no parts.
    NotOrthogonal,
    /// A gap or a branch of a line does not lie on it.
    OffLine,
    /// Something lies outside the picture.
    OutsidePicture,
    /// A coordinate is not a number.
    NotANumber,
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which one.
    pub rule: Rule,
    /// The ids of the items; an edge is `from → to`.
    pub ids: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.rule {
            Rule::NodeOverNode => "nodes overlap",
            Rule::NodeOutsideFrame => "a node is not in its frame",
            Rule::FrameOverFrame => "frames overlap",
            Rule::FrameOutsideFrame => "a frame is not in its frame",
            Rule::OnTitle => "something lies on a title",
            Rule::LinkThroughNode => "a line runs through a node",
            Rule::LinkThroughFrame => "a line runs through a frame",
            Rule::LabelOverLabel => "labels overlap",
            Rule::LabelOverNode => "a label lies on a node",
            Rule::LabelOverLink => "a label lies on another line",
            Rule::TextClipped => "a text is wider than its box",
            Rule::Detached => "a line is not attached",
            Rule::NotOrthogonal => "a line is not orthogonal",
            Rule::OffLine => "a gap or a branch is not on its line",
            Rule::OutsidePicture => "something lies outside the picture",
            Rule::NotANumber => "a coordinate is not a number",
        };
        write!(f, "{text}: {}", self.ids.join(", "))
    }
}

/// Overlaps up to this are rounding.
const SLACK: f64 = 0.5;

/// Everything that is wrong with a picture, sorted; nothing for a good one.
pub fn verify(layout: &Layout) -> Vec<Violation> {
    let mut check = Check { layout, found: Vec::new() };
    check.numbers();
    if check.found.is_empty() {
        check.boxes();
        check.links();
        check.labels();
        check.texts();
        check.titles();
        check.outside();
    }
    check.found.sort();
    check.found.dedup();
    check.found
}

struct Check<'a> {
    layout: &'a Layout,
    found: Vec<Violation>,
}

fn name(link: &Link) -> String {
    format!("{} → {}", link.from, link.to)
}

impl Check<'_> {
    fn add(&mut self, rule: Rule, ids: impl IntoIterator<Item = String>) {
        self.found.push(Violation { rule, ids: ids.into_iter().collect() });
    }

    fn numbers(&mut self) {
        let bad = |r: &Rect| ![r.x, r.y, r.w, r.h].iter().all(|v| v.is_finite());
        let bad_text = |t: &Text| !(t.at.x.is_finite() && t.at.y.is_finite() && t.width.is_finite());
        let l = self.layout;
        if !l.width.is_finite()
            || !l.height.is_finite()
            || l.heading.iter().any(bad_text)
            || l.legend.iter().any(|e| bad(&e.at) || bad_text(&e.text))
        {
            self.add(Rule::NotANumber, ["picture".to_owned()]);
        }
        for frame in &l.frames {
            if bad(&frame.rect) || frame.title.iter().any(bad_text) {
                self.add(Rule::NotANumber, [frame.id.to_string()]);
            }
        }
        for card in &l.cards {
            let rows =
                card.rows.iter().any(|r| bad(&r.rect) || r.locks.iter().any(bad) || r.texts.iter().any(bad_text));
            let badges = card.badges.iter().any(|b| bad(&b.at) || bad_text(&b.text));
            if bad(&card.rect)
                || bad(&card.bar)
                || bad(&card.glyph)
                || rows
                || badges
                || card.texts.iter().any(bad_text)
            {
                self.add(Rule::NotANumber, [card.id.to_string()]);
            }
        }
        for link in &l.links {
            let label = link.label.iter().any(|l| bad(&l.rect) || l.texts.iter().any(bad_text));
            let gaps = link.gaps.iter().flat_map(|g| [&g.from, &g.to]);
            let mut points = link.points.iter().chain(&link.branches).chain(gaps);
            if label || points.any(|p| !p.x.is_finite() || !p.y.is_finite()) {
                self.add(Rule::NotANumber, [name(link)]);
            }
        }
    }

    fn boxes(&mut self) {
        let l = self.layout;
        let frames = Grid::new(l.frames.iter().map(|f| f.rect));
        let within = |inner: &Frame, outer: &Frame| inner.parent.as_ref() == Some(&outer.id);
        for (a, b) in frames.pairs() {
            let (a, b) = (&l.frames[a], &l.frames[b]);
            if !within(a, b) && !within(b, a) && overlap(&a.rect, &b.rect, SLACK) {
                self.add(Rule::FrameOverFrame, [a.id.to_string(), b.id.to_string()]);
            }
        }
        let parents: BTreeMap<&GroupId, Option<&GroupId>> =
            l.frames.iter().map(|f| (&f.id, f.parent.as_ref())).collect();
        for frame in l.frames.iter().filter(|f| f.parent.is_some()) {
            let outer = frames.near(&frame.rect).into_iter().find(|&f| within(frame, &l.frames[f]));
            if outer.is_none_or(|f| !holds(&l.frames[f].rect, &frame.rect)) {
                self.add(Rule::FrameOutsideFrame, [frame.id.to_string()]);
            }
        }
        let cards = Grid::new(l.cards.iter().map(|c| c.rect));
        for (a, b) in cards.pairs() {
            if overlap(&l.cards[a].rect, &l.cards[b].rect, SLACK) {
                self.add(Rule::NodeOverNode, [l.cards[a].id.to_string(), l.cards[b].id.to_string()]);
            }
        }
        for card in &l.cards {
            let own = card.group.clone();
            let mut home = own.is_none();
            for f in frames.near(&card.rect) {
                let frame = &l.frames[f];
                if own.as_ref() == Some(&frame.id) {
                    home = holds(&frame.rect, &card.rect);
                } else if own.as_ref().and_then(|o| *parents.get(o)?) == Some(&frame.id) {
                    if !holds(&frame.rect, &card.rect) {
                        self.add(Rule::NodeOutsideFrame, [card.id.to_string()]);
                    }
                } else if overlap(&frame.rect, &card.rect, SLACK) {
                    self.add(Rule::NodeOutsideFrame, [card.id.to_string(), frame.id.to_string()]);
                }
            }
            if !home {
                self.add(Rule::NodeOutsideFrame, [card.id.to_string()]);
            }
        }
    }

    fn links(&mut self) {
        let l = self.layout;
        let cards = Grid::new(l.cards.iter().map(|c| c.rect));
        let frames = Grid::new(l.frames.iter().map(|f| f.rect));
        let by_id: BTreeMap<&NodeId, usize> = l.cards.iter().enumerate().map(|(i, c)| (&c.id, i)).collect();
        for link in &l.links {
            if link.points.len() < 2
                || !link.points.windows(2).all(|w| w[0] != w[1] && (w[0].x == w[1].x || w[0].y == w[1].y))
            {
                self.add(Rule::NotOrthogonal, [name(link)]);
                continue;
            }
            let on_line = |p: Point, q: Point| {
                let within = |w: &[Point], p: Point| holds(&span(w[0], w[1]), &span(p, p));
                link.points.windows(2).any(|w| within(w, p) && within(w, q))
            };
            if !link.gaps.iter().all(|g| on_line(g.from, g.to)) || !link.branches.iter().all(|b| on_line(*b, *b)) {
                self.add(Rule::OffLine, [name(link)]);
            }
            let (from, to) = (by_id.get(&link.from), by_id.get(&link.to));
            for (end, point) in [(from, link.points[0]), (to, link.points[link.points.len() - 1])] {
                if end.is_none_or(|&c| border_distance(&l.cards[c].rect, point) > 1.0) {
                    self.add(Rule::Detached, [name(link)]);
                }
            }
            for w in link.points.windows(2) {
                let span = span(w[0], w[1]);
                for c in cards.near(&span) {
                    if Some(&c) != from && Some(&c) != to && hits(&l.cards[c].rect, w[0], w[1], -1.0) {
                        self.add(Rule::LinkThroughNode, [name(link), l.cards[c].id.to_string()]);
                    }
                }
                for f in frames.near(&span) {
                    let rect = &l.frames[f].rect;
                    let own = [from, to].into_iter().flatten().any(|&c| holds(rect, &l.cards[c].rect));
                    if !own && hits(rect, w[0], w[1], -1.0) {
                        self.add(Rule::LinkThroughFrame, [name(link), l.frames[f].id.to_string()]);
                    }
                }
            }
        }
    }

    fn labels(&mut self) {
        let l = self.layout;
        let labeled: Vec<(usize, Rect)> =
            l.links.iter().enumerate().filter_map(|(i, k)| Some((i, k.label.as_ref()?.rect))).collect();
        if labeled.is_empty() {
            return;
        }
        let labels = Grid::new(labeled.iter().map(|(_, r)| *r));
        for (a, b) in labels.pairs() {
            if overlap(&labeled[a].1, &labeled[b].1, SLACK) {
                self.add(Rule::LabelOverLabel, [name(&l.links[labeled[a].0]), name(&l.links[labeled[b].0])]);
            }
        }
        for card in &l.cards {
            for label in labels.near(&card.rect) {
                if overlap(&labeled[label].1, &card.rect, SLACK) {
                    self.add(Rule::LabelOverNode, [name(&l.links[labeled[label].0]), card.id.to_string()]);
                }
            }
        }
        for (index, link) in l.links.iter().enumerate() {
            for w in link.points.windows(2) {
                for label in labels.near(&span(w[0], w[1])) {
                    let (owner, rect) = &labeled[label];
                    if *owner != index && hits(rect, w[0], w[1], -1.0) {
                        self.add(Rule::LabelOverLink, [name(&l.links[*owner]), name(link)]);
                    }
                }
            }
        }
    }

    fn texts(&mut self) {
        let l = self.layout;
        for card in &l.cards {
            let rows = card.rows.iter().flat_map(|r| &r.texts);
            let badges = card.badges.iter().map(|b| &b.text);
            if card.texts.iter().chain(rows).chain(badges).any(|t| clipped(t, &card.rect))
                || card.rows.iter().any(|r| collide(&r.texts))
            {
                self.add(Rule::TextClipped, [card.id.to_string()]);
            }
        }
        for frame in &l.frames {
            if frame.title.iter().any(|t| clipped(t, &frame.rect)) {
                self.add(Rule::TextClipped, [frame.id.to_string()]);
            }
        }
        for link in &l.links {
            if link.label.iter().any(|l| l.texts.iter().any(|t| clipped(t, &l.rect))) {
                self.add(Rule::TextClipped, [name(link)]);
            }
        }
    }

    fn titles(&mut self) {
        let l = self.layout;
        let titles: Vec<(usize, Rect)> = (l.frames.iter().enumerate())
            .flat_map(|(index, frame)| frame.title.iter().map(move |t| (index, written(t))))
            .collect();
        if titles.is_empty() {
            return;
        }
        let grid = Grid::new(titles.iter().map(|(_, r)| *r));
        let cards = l.cards.iter().map(|c| (c.id.to_string(), c.rect));
        let labels = l.links.iter().filter_map(|k| Some((name(k), k.label.as_ref()?.rect)));
        let frames = l.frames.iter().map(|f| (f.id.to_string(), f.rect));
        let lines = (l.links.iter()).flat_map(|k| k.points.windows(2).map(|w| (name(k), span(w[0], w[1]))));
        for (id, rect) in cards.chain(labels).chain(frames).chain(lines) {
            for at in grid.near(&rect) {
                let (frame, title) = &titles[at];
                let frame = &l.frames[*frame];
                // A title lies on its own frame, and on the one that its frame stands in.
                let under = || std::iter::once(&frame.id).chain(&frame.parent).any(|own| own.to_string() == id);
                if hits(title, Point { x: rect.x, y: rect.y }, Point { x: rect.right(), y: rect.bottom() }, 0.0)
                    && !under()
                {
                    self.add(Rule::OnTitle, [frame.id.to_string(), id.clone()]);
                }
            }
        }
    }

    fn outside(&mut self) {
        let l = self.layout;
        let picture = Rect { x: 0.0, y: 0.0, w: l.width, h: l.height };
        for frame in &l.frames {
            if !holds(&picture, &frame.rect) {
                self.add(Rule::OutsidePicture, [frame.id.to_string()]);
            }
        }
        for card in &l.cards {
            if !holds(&picture, &card.rect) {
                self.add(Rule::OutsidePicture, [card.id.to_string()]);
            }
        }
        for link in &l.links {
            let label = link.label.iter().all(|l| holds(&picture, &l.rect));
            if !label || !link.points.iter().all(|p| holds(&picture, &span(*p, *p))) {
                self.add(Rule::OutsidePicture, [name(link)]);
            }
        }
        let texts = l.heading.iter().chain(l.legend.iter().map(|e| &e.text));
        for text in texts {
            if clipped(text, &picture) || text.at.y > l.height {
                self.add(Rule::OutsidePicture, [text.content.clone()]);
            }
        }
    }
}

fn clipped(text: &Text, within: &Rect) -> bool {
    let width = text_width(&text.content, text.role).max(text.width);
    text.at.x < within.x - SLACK
        || text.at.x + width > within.right() + SLACK
        || text.at.y < within.y
        || text.at.y > within.bottom()
}

/// The box of the letters of a text, without what reaches below the line.
fn written(text: &Text) -> Rect {
    let height = text.role.size() * 0.75;
    Rect { x: text.at.x, y: text.at.y - height, w: text.width, h: height }
}

/// True if texts of one row overlap.
fn collide(texts: &[Text]) -> bool {
    texts.iter().enumerate().any(|(i, a)| {
        texts[i + 1..]
            .iter()
            .any(|b| (a.at.y - b.at.y).abs() < 6.0 && a.at.x < b.at.x + b.width && b.at.x < a.at.x + a.width)
    })
}

fn holds(outer: &Rect, inner: &Rect) -> bool {
    outer.x <= inner.x + SLACK
        && outer.y <= inner.y + SLACK
        && outer.right() >= inner.right() - SLACK
        && outer.bottom() >= inner.bottom() - SLACK
}

/// The box around a part of a line.
pub(in crate::layout) fn span(p: Point, q: Point) -> Rect {
    Rect { x: p.x.min(q.x), y: p.y.min(q.y), w: (p.x - q.x).abs(), h: (p.y - q.y).abs() }
}

fn border_distance(rect: &Rect, p: Point) -> f64 {
    let dx = (rect.x - p.x).max(p.x - rect.right()).max(0.0);
    let dy = (rect.y - p.y).max(p.y - rect.bottom()).max(0.0);
    if dx > 0.0 || dy > 0.0 {
        return dx.max(dy);
    }
    (p.x - rect.x).min(rect.right() - p.x).min(p.y - rect.y).min(rect.bottom() - p.y)
}

#[cfg(test)]
mod tests {
    use super::super::{Card, Label, TextRole};
    use super::*;
    use crate::graph::{EdgeKind, Identity, NodeKind};

    fn id(name: &str) -> NodeId {
        Identity::DnsName(name.into()).into()
    }

    fn rect(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }

    fn card(id: &str, rect: Rect, namespace: Option<&str>) -> Card {
        Card {
            id: self::id(id),
            kind: NodeKind::Service,
            label: "Service".into(),
            namespace: namespace.map(Into::into),
            group: namespace.map(|n| GroupId::Namespace(n.into())),
            name: id.into(),
            rect,
            bar: rect,
            glyph: rect,
            texts: Vec::new(),
            badges: Vec::new(),
            rows: Vec::new(),
            change: None,
            tooltip: String::new(),
        }
    }

    fn link(from: &str, to: &str, points: &[(f64, f64)], label: Option<Rect>) -> Link {
        Link {
            from: id(from),
            to: id(to),
            kind: EdgeKind::Selects,
            points: points.iter().map(|&(x, y)| Point { x, y }).collect(),
            gaps: Vec::new(),
            branches: Vec::new(),
            label: label.map(|rect| Label { rect, texts: Vec::new() }),
            change: None,
            tooltip: String::new(),
        }
    }

    fn frame(name: &str, rect: Rect, parent: Option<GroupId>) -> Frame {
        Frame { id: GroupId::Namespace(name.into()), parent, rect, title: Vec::new(), tooltip: String::new() }
    }

    /// Two cards in one frame, one outside, and a line between the first two.
    fn good() -> Layout {
        Layout {
            width: 1000.0,
            height: 1000.0,
            frames: vec![
                frame("one", rect(10.0, 10.0, 400.0, 100.0), None),
                frame("two", rect(10.0, 200.0, 400.0, 100.0), None),
            ],
            cards: vec![
                card("a", rect(20.0, 40.0, 100.0, 40.0), Some("one")),
                card("b", rect(200.0, 40.0, 100.0, 40.0), Some("one")),
                card("c", rect(500.0, 40.0, 100.0, 40.0), None),
            ],
            links: vec![link("a", "b", &[(120.0, 60.0), (200.0, 60.0)], Some(rect(140.0, 50.0, 30.0, 20.0)))],
            ..Layout::default()
        }
    }

    fn rules(change: impl FnOnce(&mut Layout)) -> Vec<Rule> {
        let mut layout = good();
        change(&mut layout);
        verify(&layout).iter().map(|v| v.rule).collect()
    }

    #[test]
    fn every_rule_is_noticed() {
        assert_eq!(rules(|_| {}), vec![]);
        assert!(rules(|l| l.cards[1].rect.x = 100.0).contains(&Rule::NodeOverNode));
        assert_eq!(rules(|l| l.cards[2].rect = rect(150.0, 90.0, 40.0, 15.0)), vec![Rule::NodeOutsideFrame]);
        assert!(rules(|l| l.cards[1].rect.y = 400.0).contains(&Rule::NodeOutsideFrame));
        assert_eq!(rules(|l| l.frames[1].rect.y = 90.0), vec![Rule::FrameOverFrame]);
        let nested = |rect: Rect| {
            move |l: &mut Layout| {
                let parent = Some(l.frames[0].id.clone());
                l.frames.push(frame("part", rect, parent));
                l.cards[0].group = Some(GroupId::Namespace("part".into()));
            }
        };
        assert_eq!(rules(nested(rect(15.0, 35.0, 110.0, 50.0))), vec![]);
        assert_eq!(rules(nested(rect(15.0, 35.0, 110.0, 90.0))), vec![Rule::FrameOutsideFrame]);
        assert_eq!(rules(nested(rect(15.0, 35.0, 200.0, 50.0))), vec![Rule::NodeOutsideFrame]);
        let title = |l: &mut Layout| {
            l.frames[0].title.push(Text {
                at: Point { x: 20.0, y: 55.0 },
                width: 20.0,
                role: TextRole::Frame,
                content: "one".into(),
                change: None,
            });
        };
        assert_eq!(rules(title), vec![Rule::OnTitle]);
        assert_eq!(
            rules(|l| l.links.push(link("a", "c", &[(120.0, 60.0), (500.0, 60.0)], None)))[0],
            Rule::LinkThroughNode
        );
        let around = [(120.0, 70.0), (150.0, 70.0), (150.0, 250.0), (550.0, 250.0), (550.0, 80.0)];
        assert!(rules(|l| l.links.push(link("a", "c", &around, None))).contains(&Rule::LinkThroughFrame));
        assert!(
            rules(|l| l.links.push(link("a", "b", &[(120.0, 52.0), (200.0, 52.0)], None)))
                .contains(&Rule::LabelOverLink)
        );
        let twice = |l: &mut Layout| {
            l.links.push(link("a", "b", &[(120.0, 70.0), (200.0, 70.0)], Some(rect(140.0, 62.0, 30.0, 18.0))))
        };
        assert!(rules(twice).contains(&Rule::LabelOverLabel));
        assert!(rules(|l| l.links[0].label.as_mut().unwrap().rect.x = 190.0).contains(&Rule::LabelOverNode));
        assert_eq!(rules(|l| l.links[0].points[0].x = 125.0), vec![Rule::Detached]);
        assert_eq!(rules(|l| l.links[0].points[1].y = 63.0), vec![Rule::NotOrthogonal]);
        assert_eq!(rules(|l| l.links[0].branches.push(Point { x: 150.0, y: 70.0 })), vec![Rule::OffLine]);
        assert_eq!(rules(|l| l.width = 550.0), vec![Rule::OutsidePicture]);
        assert_eq!(rules(|l| l.height = f64::NAN), vec![Rule::NotANumber]);
        let wide = |l: &mut Layout| {
            l.cards[0].texts.push(Text {
                at: Point { x: 30.0, y: 60.0 },
                width: 10.0,
                role: TextRole::Name,
                content: "much wider than the card it stands on".into(),
                change: None,
            });
        };
        assert_eq!(rules(wide), vec![Rule::TextClipped]);
        let shown = Violation { rule: Rule::NodeOverNode, ids: vec!["a".into(), "b".into()] };
        assert_eq!(shown.to_string(), "nodes overlap: a, b");
    }
}
