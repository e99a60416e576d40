//! Words and ids of Mermaid: how a text of any content is written so that it stays a text.

use std::collections::BTreeMap;

use crate::graph::{Graph, Group};

use super::xml::shown_lines;

/// A line of a label that is longer than this is cut. Names of Kubernetes have at most 253 characters.
const LINE: usize = 253;
/// An id takes this much of what it names.
const ID: usize = 40;

/// A text for a label in double quotes. Line breaks become `<br/>`, all but harmless punctuation becomes an entity code (`#35;`).
///
/// `:` is among it because Mermaid takes the last `;` away from lines that look like `style …:…#…;` before it reads anything else, the ligature
/// `ﬂ` is taken apart because Mermaid uses it as a mark of its own, and an empty label, which it refuses, is a space that does not break.
pub(super) fn code(text: &str) -> String {
    let mut out = String::new();
    for line in shown_lines(text).split('\n').filter(|l| !l.trim().is_empty()) {
        if !out.is_empty() {
            out.push_str("<br/>");
        }
        let mut chars = line.chars();
        for c in chars.by_ref().take(LINE) {
            match c {
                c if c.is_ascii_alphanumeric() || " .,/-()=+".contains(c) => out.push(c),
                'ﬂ' => out.push_str("fl"),
                c if c.is_ascii() => {
                    out.push('#');
                    out.push_str(&(c as u32).to_string());
                    out.push(';');
                }
                c => out.push(c),
            }
        }
        if chars.next().is_some() {
            out.push('…');
        }
    }
    if out.is_empty() { "#160;".into() } else { out }
}

/// A text for places that know no entity codes (title, description, comments): what might mean something there becomes a space.
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace() || ".,/-()".contains(c);
    let kept: String = shown_lines(text)
        .chars()
        .map(|c| if harmless(c) { c } else { ' ' })
        .take(2 * LINE)
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Ids of nodes and namespaces, made of what they name, so that adding an object changes no other id (but for one with the same letters in it).
pub(super) struct Ids {
    nodes: Vec<String>,
    groups: Vec<String>,
}

impl Ids {
    /// Ids for everything in a graph.
    pub(super) fn new(graph: &Graph) -> Ids {
        let nodes: Vec<&str> = graph.nodes().map(|n| n.id.as_str()).collect();
        let name = |g: &Group| g.id.split_once(':').map_or(g.id.clone(), |(_, name)| name.to_owned());
        let groups: Vec<String> = graph.groups().iter().map(name).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        Ids {
            nodes: unique("n", &nodes),
            groups: unique("g", &groups),
        }
    }

    /// The id of the node at an index.
    pub(super) fn node(&self, index: usize) -> &str {
        &self.nodes[index]
    }

    /// The id of the group at a position.
    pub(super) fn group(&self, position: usize) -> &str {
        &self.groups[position]
    }
}

/// An id for each name: its letters and digits, and a number made of the whole name where that says too little.
fn unique(prefix: &str, names: &[&str]) -> Vec<String> {
    let short = |name: &str| -> String {
        let letters: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(ID).collect();
        format!("{prefix}_{}", letters.trim_end_matches('_'))
    };
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *count.entry(short(name)).or_default() += 1;
    }
    names
        .iter()
        .map(|name| match short(name) {
            id if count.get(&id) == Some(&1) && name.chars().count() <= ID => id,
            // Not `_` before the number: no short id of another name ends this way.
            id => format!("{id}__{:016x}", crate::graph::digest(name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_becomes_entity_codes() {
        assert_eq!(code("80 → 8080"), "80 → 8080");
        assert_eq!(code("a\"]\n%%{x}"), "a#34;#93;<br/>#37;#37;#123;x#125;");
        assert_eq!(code("<b>`ﬂ°°` #35;"), "#60;b#62;#96;fl°°#96; #35;35#59;");
        assert_eq!(code(" \n"), "#160;");
        assert_eq!(code(&"x".repeat(300)).chars().count(), 254);
    }

    #[test]
    fn plain_texts_have_no_signs() {
        assert_eq!(plain("a: #b;\n```\n{c} (80/TCP)"), "a b c (80/TCP)");
        assert_eq!(plain("\"---\""), "---");
    }

    #[test]
    fn ids_are_unique_and_tell_what_they_name() {
        let long = "x".repeat(60);
        let ids = unique("n", &["shop/web[Service]", "a-b", "a_b", "漢", "字", "end", &long]);
        assert_eq!(ids[0], "n_shop_web_Service");
        assert_eq!(ids[5], "n_end");
        let different: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')));
    }
}
