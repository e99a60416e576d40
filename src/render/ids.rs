//! Ids for languages in which a graph is written as text: words of ASCII letters, digits and `_` behind a prefix, so
//! that none is a word of the language.

use std::collections::BTreeMap;

use crate::graph::Graph;

/// An id takes this much of what it names.
const ID: usize = 40;

/// Ids of nodes and namespaces, made of what they name, so that adding an object changes no other id (but for one with
/// the same letters in it).
pub(super) struct Ids {
    nodes: Vec<String>,
    groups: Vec<String>,
}

impl Ids {
    /// Ids for everything in a graph.
    pub(super) fn new(graph: &Graph) -> Ids {
        let nodes: Vec<&str> = graph.nodes().map(|n| n.id.as_str()).collect();
        let groups: Vec<String> = graph.groups().iter().map(|g| g.id.path()).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        Ids { nodes: unique("n", &nodes), groups: unique("g", &groups) }
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

/// An id for each name: its letters and digits, and a number made of the whole name where that says too little. No two
/// differ in case only, which D2 takes for the same.
fn unique(prefix: &str, names: &[&str]) -> Vec<String> {
    let short = |name: &str| -> String {
        let letters: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(ID).collect();
        format!("{prefix}_{}", letters.trim_end_matches('_'))
    };
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *count.entry(short(name).to_ascii_lowercase()).or_default() += 1;
    }
    names
        .iter()
        .map(|name| match short(name) {
            id if count.get(&id.to_ascii_lowercase()) == Some(&1) && name.chars().count() <= ID => id,
            // Not `_` before the number: no short id of another name ends this way.
            id => format!("{id}__{:016x}", crate::graph::digest(name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_tell_what_they_name() {
        let long = "x".repeat(60);
        let ids = unique("n", &["shop/web[Service]", "a-b", "a_b", "漢", "字", "end", &long, "A", "a"]);
        assert_eq!(ids[0], "n_shop_web_Service");
        assert_eq!(ids[5], "n_end");
        let different: std::collections::BTreeSet<String> = ids.iter().map(|id| id.to_ascii_lowercase()).collect();
        assert_eq!(different.len(), ids.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')));
    }
}
