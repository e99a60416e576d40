//! Texts of the changes of a union of two states on cards, rows and lines, broken into lines.

use super::super::TextRole;
use super::metrics::text_width;
use super::wrap::wrap;
use crate::graph::{About, Change, ChangeKind, ChangeLine, Difference, Edge, EdgeDetail, HostTls, Node, RouteRule};

/// More differences than this are counted; the tooltip has them all.
const MAX_DIFFERENCES: usize = 4;
/// The most lines of one difference.
const MAX_LINES: usize = 3;

/// A line that begins with a sign, or continues such a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::layout) struct SignedLine {
    /// The line, with its sign.
    pub text: String,
    /// The sign at its start.
    pub kind: ChangeKind,
    /// True if the line continues the line before it.
    pub more: bool,
}

impl SignedLine {
    /// The indent in user units.
    pub fn indent(&self, role: TextRole) -> f64 {
        if self.more { indent(role) } else { 0.0 }
    }

    /// The width with the indent, in user units.
    pub fn width(&self, role: TextRole) -> f64 {
        self.indent(role) + text_width(&self.text, role)
    }
}

/// The width of a sign and the space behind it.
pub(in crate::layout) fn indent(role: TextRole) -> f64 {
    text_width("+ ", role)
}

/// The change of a node, for its card.
pub(in crate::layout) fn on_card(node: &Node, room: f64) -> Vec<SignedLine> {
    let said = node.change.iter().flat_map(Change::lines).collect();
    broken(&counted(said, MAX_DIFFERENCES), TextRole::Facts, room)
}

/// The change of an edge for its label, which otherwise shows `lines`; `None` without a change.
pub(in crate::layout) fn on_label(edge: &Edge, lines: &[String], room: f64) -> Option<Vec<SignedLine>> {
    edge.change.as_ref().filter(|c| !c.is_same())?;
    Some(broken(&counted(edge.change_lines(lines.to_vec()), MAX_DIFFERENCES), TextRole::Label, room))
}

/// The sign of each rule of a route, in their order, and its other differences. `host` is left out of texts.
pub(in crate::layout) fn on_row(
    edge: &Edge,
    host: Option<&str>,
    room: f64,
) -> (Vec<Option<ChangeKind>>, Vec<SignedLine>) {
    let EdgeDetail::Routes { rules, .. } = &edge.detail else {
        return (Vec::new(), Vec::new());
    };
    let all = |kind| (vec![Some(kind); rules.len()], Vec::new());
    let differences = match &edge.change {
        None | Some(Change::Same) => return (vec![None; rules.len()], Vec::new()),
        Some(Change::Added) => return all(ChangeKind::Added),
        Some(Change::Removed) => return all(ChangeKind::Removed),
        Some(Change::Changed(differences)) => differences,
    };
    if differences.is_empty() {
        return all(ChangeKind::Changed);
    }
    // The sign beside a new rule is sufficient.
    let is_it = |d: &Difference, rule: &RouteRule| match &d.about {
        About::Rule(new) => d.kind() == ChangeKind::Added && new == rule,
        _ => false,
    };
    let signs =
        rules.iter().map(|rule| differences.iter().any(|d| is_it(d, rule)).then_some(ChangeKind::Added)).collect();
    let rest = differences.iter().filter(|d| !rules.iter().any(|rule| is_it(d, rule)));
    let plain = |rule: &RouteRule| RouteRule { tls: HostTls::None, ..rule.clone() };
    let short = |d: &Difference| match &d.about {
        About::Rule(rule) => {
            let rule = below(rule, host);
            let text = |value: &String| if value.is_empty() { String::new() } else { rule.text() };
            Difference::new(About::Rule(rule.clone()), text(&d.old), text(&d.new))
        }
        // A row with a single rule does not repeat its name.
        About::Tls(rule) => match rules.as_slice() {
            [own] if plain(own) == plain(rule) => Difference { about: About::Fact("TLS"), ..d.clone() },
            _ => Difference { about: About::Tls(below(rule, host)), ..d.clone() },
        },
        _ => d.clone(),
    };
    let rest = rest.map(short).collect();
    let said = match Change::Changed(rest) {
        Change::Changed(none) if none.is_empty() => Vec::new(),
        change => change.lines_beside_arrows(),
    };
    (signs, broken(&counted(said, MAX_DIFFERENCES), TextRole::Row, room))
}

/// A rule without the shared host.
fn below(rule: &RouteRule, host: Option<&str>) -> RouteRule {
    let is_under = rule.path.as_ref().is_some_and(|path| path.starts_with('/')) && rule.host.as_deref() == host;
    RouteRule { host: rule.host.clone().filter(|_| !is_under), ..rule.clone() }
}

/// The first items, and the number of further items.
fn counted(mut said: Vec<ChangeLine>, most: usize) -> Vec<ChangeLine> {
    if said.len() > most {
        let more = said.len() + 1 - most;
        said.truncate(most - 1);
        said.push(ChangeLine { kind: ChangeKind::Changed, text: format!("{more} more") });
    }
    said
}

/// Breaks lines with a sign so that continued lines align after the sign.
fn broken(said: &[ChangeLine], role: TextRole, room: f64) -> Vec<SignedLine> {
    let mut result = Vec::new();
    for ChangeLine { kind, text } in said {
        for (i, part) in wrap(text.trim_start(), role, room - indent(role), MAX_LINES).into_iter().enumerate() {
            let text = if i == 0 { format!("{} {part}", kind.sign()) } else { part };
            result.push(SignedLine { text, kind: *kind, more: i > 0 });
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_stands_behind_the_sign_and_nothing_is_lost() {
        let line = |kind, text: &str| ChangeLine { kind, text: text.to_owned() };
        let text = "image registry.example.com/team/checkout:1.27.4 → registry.example.com/team/checkout:1.28.0";
        let said = [line(ChangeKind::Changed, text)];
        let result = broken(&said, TextRole::Facts, 180.0);
        assert!(
            result.len() > 1
                && result.iter().all(|t| t.width(TextRole::Facts) <= 180.0 && t.kind == ChangeKind::Changed)
        );
        assert!(result[0].text.starts_with("~ image") && result[1].more && !result[0].more);
        let many: Vec<ChangeLine> = (0..7).map(|i| line(ChangeKind::Added, &format!("port {i}"))).collect();
        let shown: Vec<String> = counted(many, 4).iter().map(ChangeLine::to_string).collect();
        assert_eq!(shown, ["+ port 0", "+ port 1", "+ port 2", "~ 4 more"]);
    }
}
