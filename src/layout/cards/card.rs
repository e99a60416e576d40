//! Measures the cards of nodes and places their texts, badges and rows.

use std::collections::BTreeMap;

use super::super::{Badge, Card, Point, Rect, Row, Text, TextRole};
use super::changes::{self, SignedLine};
use super::metrics::text_width;
use super::wrap::{fit, wrap};
use crate::graph::{Change, ChangeKind, Detail, EdgeDetail, FACTS_JOINT, Graph, Mark, Node, NodeKind, RouteRule};

const BAR: f64 = 4.0;
const GLYPH: f64 = 16.0;
const GLYPH_X: f64 = 11.0;
const TEXT_X: f64 = 34.0;
const ROW_X: f64 = 12.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const NAME_LINE: f64 = 16.0;
const FACTS_LINE: f64 = 14.0;
// Rows of even height have their middles at whole units, which the engine rounds to.
const ROW_LINE: f64 = 14.0;
const ROW_PAD: f64 = 2.0;
const LOCK: f64 = 9.0;
const LOCK_GAP: f64 = 4.0;
const BADGE: f64 = 10.0;
const BADGE_LINE: f64 = 15.0;
const BADGE_GAP: f64 = 4.0;
/// Space between a badge and the next.
const BADGE_STEP: f64 = 9.0;
const MIN_WIDTH: f64 = 120.0;
const MAX_WIDTH: f64 = 250.0;
/// Facts wider than this take two lines, unless a card has the room anyway.
const FACTS_ROOM: f64 = 152.0;
/// Names wider than this take two lines where they have a joint, unless a card has the room anyway.
const NAME_ROOM: f64 = 168.0;
/// A row of rules may make a card somewhat wider than a name: hosts and paths are long and read badly when cut.
const MAX_ROW_WIDTH: f64 = 290.0;
/// More rules than this to one target are summed up in a last line; the tooltip of the edge has them all.
const MAX_RULES: usize = 4;

/// The content of a row.
#[derive(Clone, Debug)]
pub(in crate::layout) struct RowPlan {
    /// Position of the edge in the graph.
    pub edge: usize,
    /// Its height in user units.
    pub height: f64,
    lines: Vec<Line>,
    port: String,
    default: bool,
    change: Option<ChangeKind>,
    /// Differences of the edge that no rule shows.
    change_lines: Vec<SignedLine>,
}

/// A line of a row. A rule that is wrapped to several has its lock before the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    text: String,
    lock: bool,
    /// The change of its rule, in a union of two states.
    change: Option<ChangeKind>,
    /// True if the line continues the line before it.
    more: bool,
}

impl Line {
    /// The text with the sign of its change.
    fn shown(&self) -> String {
        match self.change.map(ChangeKind::sign) {
            Some(sign) if !self.more && !sign.is_empty() => format!("{sign} {}", self.text),
            _ => self.text.clone(),
        }
    }

    /// How far right of others it starts, behind the sign of the line that it goes on with.
    fn indent(&self) -> f64 {
        match self.change {
            Some(change) if self.more && !change.sign().is_empty() => changes::indent(TextRole::Row),
            _ => 0.0,
        }
    }
}

/// A card before it has a place.
#[derive(Clone, Debug)]
pub(in crate::layout) struct CardPlan {
    /// Width in user units.
    pub width: f64,
    /// Height of the part above the rows.
    pub header: f64,
    /// Rows by host and path, the default last.
    pub rows: Vec<RowPlan>,
    name: Vec<String>,
    facts: Vec<String>,
    /// By lines.
    badges: Vec<Vec<(Mark, String)>>,
    /// The change of the node, in a union of two states.
    change_lines: Vec<SignedLine>,
    /// How many lines of facts are the node's own; the host that all rules share comes after them.
    own_facts: usize,
    /// The left end of the texts of rows, the same with and without a lock.
    row_x: f64,
    row_of: BTreeMap<usize, usize>,
}

impl CardPlan {
    /// The row that an edge leaves from.
    pub fn row_of(&self, edge: usize) -> Option<usize> {
        self.row_of.get(&edge).copied()
    }

    /// Joins names and facts that took two lines, if the width that the card has now holds them in one.
    pub fn widen(&mut self, node: &Node) {
        let room = self.width - TEXT_X - RIGHT;
        let name = wrap(&node.name, TextRole::Name, room, 3);
        if name.len() < self.name.len() {
            self.header -= NAME_LINE * (self.name.len() - name.len()) as f64;
            self.name = name;
        }
        let facts = node.facts();
        if self.own_facts > 1 && text_width(&facts, TextRole::Facts) <= room {
            self.facts.splice(..self.own_facts, [facts]);
            self.header -= FACTS_LINE * (self.own_facts - 1) as f64;
            self.own_facts = 1;
        }
    }

    /// Height of the whole card in user units.
    pub fn height(&self) -> f64 {
        let rows: f64 = self.rows.iter().map(|r| r.height).sum();
        // A strip below the rows keeps the last of them off the rounded corners.
        self.header + rows + if self.rows.is_empty() { 0.0 } else { 4.0 }
    }
}

/// Measures the card of each node.
///
/// Cards of one kind get one width, so that they line up within and across frames; a namespace whose names are longer
/// than most gets a larger one for itself. In a large namespace the few cards that are wider than all others stay alone
/// with that.
pub(in crate::layout) fn plan_all(graph: &Graph) -> Vec<CardPlan> {
    let mut plans: Vec<CardPlan> = (0..graph.nodes().len()).map(|n| plan(graph, n)).collect();
    let mut widths: BTreeMap<_, BTreeMap<_, Vec<f64>>> = BTreeMap::new();
    for (node, plan) in graph.nodes().zip(&plans) {
        widths.entry(node.kind()).or_default().entry(&node.namespace).or_default().push(plan.width);
    }
    let mut usual: BTreeMap<_, BTreeMap<_, f64>> = BTreeMap::new();
    for (kind, by_namespace) in widths {
        let own: BTreeMap<_, f64> = by_namespace.into_iter().map(|(ns, widths)| (ns, share(widths, 1, 1))).collect();
        let shared = share(own.values().copied().collect(), 3, 4);
        usual.insert(kind, own.into_iter().map(|(ns, width)| (ns, width.max(shared))).collect());
    }
    for (node, plan) in graph.nodes().zip(&mut plans) {
        if node.kind() == NodeKind::Junction {
            continue;
        }
        let usual = usual.get(&node.kind()).and_then(|w| w.get(&node.namespace)).copied().unwrap_or_default();
        plan.width = plan.width.max(usual);
        plan.widen(node);
    }
    plans
}

/// The number that this share of some numbers are at most.
fn share(mut numbers: Vec<f64>, of: usize, parts: usize) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() * of / parts).or(numbers.last()).copied().unwrap_or_default()
}

/// Measures the card of a node, as wide as its content needs.
pub(in crate::layout) fn plan(graph: &Graph, index: usize) -> CardPlan {
    let node = graph.node(index);
    if node.kind() == NodeKind::Junction {
        return junction(node);
    }
    let room = MAX_WIDTH - TEXT_X - RIGHT;
    let badges = badge_lines(node, room);
    let badges_width = badges.iter().map(|line| badges_width(line)).fold(0.0, f64::max);
    let name = wrap_name(&node.name, NAME_ROOM.max(badges_width), room);
    let name_width = name.iter().map(|l| text_width(l, TextRole::Name)).fold(0.0, f64::max);
    let mut facts = wrap_facts(&node.fact_list(), FACTS_ROOM.max(name_width), room);
    let own_facts = facts.len();
    let mut rows = Vec::new();
    let mut row_x = ROW_X;
    if node.has_route_rows() {
        // The facts of a route contain its host.
        let own = match &node.detail {
            Detail::Route { hosts } if hosts.len() == 1 => Some(hosts[0].clone()),
            _ => None,
        };
        let shared = if own.is_none() { common_host(graph, index) } else { None };
        let host = own.or_else(|| shared.clone());
        let edges = graph.outgoing(index);
        if edges.iter().any(|&e| has_tls(graph, e)) {
            row_x += LOCK + LOCK_GAP;
        }
        rows = edges.into_iter().filter_map(|e| row(graph, e, host.as_deref(), row_x)).collect();
        rows.sort_by(|a, b| (a.default, &a.lines, a.edge).cmp(&(b.default, &b.lines, b.edge)));
        facts.extend(shared.map(|host| fit(&host, TextRole::Facts, room)));
    }
    let texts =
        name.iter().map(|l| text_width(l, TextRole::Name)).chain(facts.iter().map(|l| text_width(l, TextRole::Facts)));
    let change_lines = changes::on_card(node, room);
    let change_width = change_lines.iter().map(|t| t.width(TextRole::Facts)).fold(badges_width, f64::max);
    let header_width = texts.fold(change_width, f64::max) + TEXT_X + RIGHT;
    let row_width = rows.iter().map(|r| row_width(r, row_x)).fold(0.0, f64::max);
    let width = header_width.max(row_width).clamp(MIN_WIDTH, MAX_ROW_WIDTH).ceil();
    let signs = BADGE_LINE * badges.len() as f64 + FACTS_LINE * change_lines.len() as f64;
    let header = TOP + NAME_LINE * name.len() as f64 + FACTS_LINE * facts.len() as f64 + signs + TOP;
    CardPlan {
        width,
        badges,
        change_lines,
        header,
        row_x,
        row_of: rows.iter().enumerate().map(|(i, r)| (r.edge, i)).collect(),
        rows,
        name,
        facts,
        own_facts,
    }
}

/// A junction represents no object: it is as small as its text.
fn junction(node: &Node) -> CardPlan {
    let name = wrap(&node.name, TextRole::Port, MAX_WIDTH - TEXT_X - RIGHT, 3);
    let change_lines = changes::on_card(node, MAX_WIDTH - TEXT_X - RIGHT);
    let widest = name.iter().map(|l| text_width(l, TextRole::Port)).fold(0.0, f64::max);
    let widest = change_lines.iter().map(|t| t.width(TextRole::Facts)).fold(widest, f64::max);
    CardPlan {
        width: (TEXT_X + widest + RIGHT).ceil(),
        header: 10.0 + FACTS_LINE * (name.len().max(1) + change_lines.len()) as f64,
        name,
        change_lines,
        facts: Vec::new(),
        own_facts: 0,
        badges: Vec::new(),
        rows: Vec::new(),
        row_x: ROW_X,
        row_of: BTreeMap::new(),
    }
}

/// The badges of a node, as many in a line as there is room for.
fn badge_lines(node: &Node, room: f64) -> Vec<Vec<(Mark, String)>> {
    let mut lines: Vec<Vec<(Mark, String)>> = Vec::new();
    for (mark, word) in node.badges() {
        let badge = (mark, fit(&word, TextRole::Facts, room - BADGE - BADGE_GAP));
        match lines.last_mut() {
            Some(line) if badges_width(line) + BADGE_STEP + badge_width(&badge.1) <= room => line.push(badge),
            _ => lines.push(vec![badge]),
        }
    }
    lines
}

fn badges_width(line: &[(Mark, String)]) -> f64 {
    let gaps = BADGE_STEP * line.len().saturating_sub(1) as f64;
    gaps + line.iter().map(|b| badge_width(&b.1)).sum::<f64>()
}

fn badge_width(word: &str) -> f64 {
    BADGE + BADGE_GAP + text_width(word, TextRole::Facts)
}

/// Names break at their joints if they can: into two lines of at most `room` if they fit and else of at most `most`.
fn wrap_name(name: &str, room: f64, most: f64) -> Vec<String> {
    let lines = wrap(name, TextRole::Name, room.min(most), 2);
    let whole = |l: &String| !l.ends_with('…');
    if lines.iter().all(whole) { lines } else { wrap(name, TextRole::Name, most, 3) }
}

/// Facts break between facts if they can: into two lines, of at most `room` if they fit and else of at most `most`.
fn wrap_facts(facts: &[String], room: f64, most: f64) -> Vec<String> {
    let lines = break_facts(facts, room);
    let whole = |l: &String| !l.ends_with('…');
    if lines.iter().all(whole) { lines } else { break_facts(facts, most) }
}

fn break_facts(facts: &[String], room: f64) -> Vec<String> {
    if facts.is_empty() {
        return Vec::new();
    }
    // As many of the first as one line holds.
    let fits = |count: &usize| text_width(&facts[..*count].join(FACTS_JOINT), TextRole::Facts) <= room;
    let (first, rest) = facts.split_at((1..=facts.len()).take_while(fits).last().unwrap_or(0));
    let (first, rest) = (first.join(FACTS_JOINT), rest.join(FACTS_JOINT));
    if first.is_empty() {
        return wrap(&rest, TextRole::Facts, room, 3);
    }
    if rest.is_empty() {
        return vec![first];
    }
    let mut lines = vec![first];
    lines.extend(wrap(&rest, TextRole::Facts, room, 2));
    lines
}

/// The host of every rule of a card, which is then shown only once.
fn common_host(graph: &Graph, node: usize) -> Option<String> {
    let mut hosts: Vec<Option<String>> = Vec::new();
    for edge in graph.outgoing(node) {
        if let EdgeDetail::Routes { rules, .. } = &graph.edge(edge).2.detail {
            hosts.extend(rules.iter().filter(|r| !r.default).map(|r| r.host.clone()));
        }
    }
    let first = hosts.first().cloned().flatten()?;
    (hosts.len() > 1 && hosts.iter().all(|h| h.as_deref() == Some(first.as_str()))).then_some(first)
}

fn has_tls(graph: &Graph, edge: usize) -> bool {
    matches!(&graph.edge(edge).2.detail, EdgeDetail::Routes { rules, .. } if rules.iter().any(|r| r.tls.is_encrypted()))
}

fn row(graph: &Graph, edge: usize, host: Option<&str>, x: f64) -> Option<RowPlan> {
    let EdgeDetail::Routes { rules, port } = &graph.edge(edge).2.detail else {
        return None;
    };
    let port = fit(&port.text(), TextRole::Port, 70.0);
    let room = MAX_ROW_WIDTH - x - RIGHT - port_room(&port);
    let (signs, change_lines) = changes::on_row(graph.edge(edge).2, host, room);
    let room = if signs.iter().any(Option::is_some) { room - changes::indent(TextRole::Row) } else { room };
    let shown = if rules.len() > MAX_RULES { MAX_RULES - 1 } else { rules.len() };
    let mut said: Vec<Line> = Vec::new();
    for (rule, change) in rules.iter().zip(&signs).take(shown) {
        said.push(Line { text: rule_text(rule, host), lock: rule.tls.is_encrypted(), change: *change, more: false });
    }
    said.dedup();
    if rules.len() > shown {
        said.push(Line {
            text: format!("+{} more", rules.len() - shown),
            // What is not shown must not look more secure than it is.
            lock: rules.iter().skip(shown).all(|r| r.tls.is_encrypted()),
            change: signs.iter().skip(shown).find_map(|s| *s),
            more: false,
        });
    }
    if said.is_empty() {
        said.push(Line { text: "any".into(), lock: false, change: None, more: false });
    }
    let mut lines: Vec<Line> = Vec::new();
    for rule in said {
        let parts = wrap(&rule.text, TextRole::Row, room, 3).into_iter().enumerate();
        lines.extend(parts.map(|(i, text)| Line { text, lock: rule.lock && i == 0, change: rule.change, more: i > 0 }));
    }
    let height = ROW_LINE * (lines.len() + change_lines.len()) as f64 + 2.0 * ROW_PAD;
    Some(RowPlan {
        edge,
        height,
        lines,
        port,
        default: rules.iter().all(|r| r.default),
        change: graph.edge(edge).2.change.as_ref().map(Change::kind),
        change_lines,
    })
}

fn rule_text(rule: &RouteRule, host: Option<&str>) -> String {
    if host.is_none() || rule.default {
        return rule.text();
    }
    rule.path_text()
}

fn port_room(port: &str) -> f64 {
    if port.is_empty() { 0.0 } else { text_width(port, TextRole::Port) + 10.0 }
}

fn row_width(row: &RowPlan, x: f64) -> f64 {
    let lines = row.lines.iter().map(|l| l.indent() + text_width(&l.shown(), TextRole::Row));
    let text = lines.chain(row.change_lines.iter().map(|t| t.width(TextRole::Row))).fold(0.0, f64::max);
    x + text + port_room(&row.port) + RIGHT
}

/// Places a planned card. `order` lists the rows from top to bottom.
pub(in crate::layout) fn place(plan: &CardPlan, node: &Node, at: Point, order: &[usize]) -> Card {
    let rect = Rect { x: at.x, y: at.y, w: plan.width, h: plan.height() };
    let mut texts = Vec::new();
    let is_junction = node.kind() == NodeKind::Junction;
    let mut y = at.y + if is_junction { 5.0 } else { TOP };
    for line in &plan.name {
        let (role, baseline, height) =
            if is_junction { (TextRole::Port, 11.0, FACTS_LINE) } else { (TextRole::Name, 12.0, NAME_LINE) };
        texts.push(text(line, role, at.x + TEXT_X, y + baseline));
        y += height;
    }
    for line in &plan.facts {
        texts.push(text(line, TextRole::Facts, at.x + TEXT_X, y + 10.5));
        y += FACTS_LINE;
    }
    let mut badges = Vec::new();
    for line in &plan.badges {
        let mut x = at.x + TEXT_X;
        for (mark, word) in line {
            let sign = Rect { x, y: y + (BADGE_LINE - BADGE) / 2.0, w: BADGE, h: BADGE };
            badges.push(Badge {
                mark: *mark,
                at: sign,
                text: text(word, TextRole::Facts, x + BADGE + BADGE_GAP, y + 11.5),
            });
            x += badge_width(word) + BADGE_STEP;
        }
        y += BADGE_LINE;
    }
    for line in &plan.change_lines {
        let x = at.x + TEXT_X + line.indent(TextRole::Facts);
        texts.push(text(&line.text, TextRole::Facts, x, y + 10.5).of(Some(line.kind)));
        y += FACTS_LINE;
    }
    let change = node.change.as_ref().map(Change::kind);
    if let Some(ChangeKind::Same | ChangeKind::Removed) = change {
        let named = |t: &&mut Text| matches!(t.role, TextRole::Name | TextRole::Port);
        texts.iter_mut().filter(named).for_each(|t| t.change = change);
    }
    let mut rows = Vec::new();
    let mut y = at.y + plan.header;
    for row in order.iter().filter_map(|&i| plan.rows.get(i)) {
        rows.push(place_row(row, rect, plan.row_x, y));
        y += row.height;
    }
    Card {
        id: node.id.clone(),
        kind: node.kind(),
        label: node.label.clone(),
        namespace: node.namespace.clone(),
        group: None,
        name: node.name.clone(),
        rect,
        bar: Rect { w: BAR, ..rect },
        glyph: Rect {
            x: at.x + GLYPH_X,
            y: if is_junction { at.y + (plan.height() - GLYPH) / 2.0 } else { at.y + TOP + 1.0 },
            w: GLYPH,
            h: GLYPH,
        },
        texts,
        badges,
        rows,
        change,
        tooltip: node.tooltip(),
    }
}

fn place_row(row: &RowPlan, card: Rect, x: f64, y: f64) -> Row {
    let rect = Rect { x: card.x + BAR, y, w: card.w - BAR, h: row.height };
    let mut texts: Vec<Text> = Vec::new();
    let mut locks: Vec<Rect> = Vec::new();
    for (i, line) in row.lines.iter().enumerate() {
        let top = y + ROW_PAD + ROW_LINE * i as f64;
        texts.push(text(&line.shown(), TextRole::Row, card.x + x + line.indent(), top + 11.0).of(line.change));
        if line.lock {
            locks.push(Rect { x: card.x + ROW_X, y: top + (ROW_LINE - LOCK) / 2.0, w: LOCK, h: LOCK });
        }
    }
    for (i, line) in row.change_lines.iter().enumerate() {
        let top = y + ROW_PAD + ROW_LINE * (row.lines.len() + i) as f64;
        let x = card.x + x + line.indent(TextRole::Row);
        texts.push(text(&line.text, TextRole::Row, x, top + 11.0).of(Some(line.kind)));
    }
    if !row.port.is_empty() {
        let width = text_width(&row.port, TextRole::Port);
        let x = card.right() - RIGHT - width;
        texts.push(text(&row.port, TextRole::Port, x, y + row.height / 2.0 + 4.0).of(row.change));
    }
    // An unchanged row fades unless it shows a change.
    if row.change == Some(ChangeKind::Same) {
        texts.iter_mut().for_each(|t| t.change = row.change);
    }
    Row { rect, texts, locks, change: row.change }
}

/// A measured line of text.
pub(in crate::layout) fn text(content: &str, role: TextRole, x: f64, baseline: f64) -> Text {
    Text {
        at: Point { x, y: baseline },
        width: text_width(content, role),
        role,
        content: content.to_owned(),
        change: None,
    }
}

impl Text {
    /// The text with a change.
    pub(in crate::layout) fn of(self, change: Option<ChangeKind>) -> Text {
        Text { change, ..self }
    }
}
