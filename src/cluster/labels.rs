//! Finds workloads by the labels of their pods without looking at each.

use std::collections::BTreeMap;

/// Which positions carry a label, for each namespace.
#[derive(Clone, Debug, Default)]
pub struct LabelIndex {
    by_label: BTreeMap<String, BTreeMap<(String, String), Vec<usize>>>,
}

impl LabelIndex {
    /// An index of `(namespace, labels)` pairs; their positions count from 0.
    pub fn new<'a>(items: impl Iterator<Item = (&'a str, &'a BTreeMap<String, String>)>) -> Self {
        let mut by_label: BTreeMap<String, BTreeMap<(String, String), Vec<usize>>> = BTreeMap::new();
        for (position, (namespace, labels)) in items.enumerate() {
            let here = by_label.entry(namespace.to_owned()).or_default();
            for (key, value) in labels {
                here.entry((key.clone(), value.clone())).or_default().push(position);
            }
        }
        LabelIndex { by_label }
    }

    /// Positions in a namespace that carry all these labels, ascending; none for an empty selector.
    pub fn matching(&self, namespace: &str, selector: &BTreeMap<String, String>) -> Vec<usize> {
        let Some(here) = self.by_label.get(namespace) else { return Vec::new() };
        let mut lists: Vec<&[usize]> = Vec::with_capacity(selector.len());
        for (key, value) in selector {
            match here.get(&(key.clone(), value.clone())) {
                Some(list) => lists.push(list),
                None => return Vec::new(),
            }
        }
        lists.sort_by_key(|l| l.len());
        let Some((shortest, others)) = lists.split_first() else {
            return Vec::new();
        };
        shortest.iter().copied().filter(|p| others.iter().all(|l| l.binary_search(p).is_ok())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> BTreeMap<String, String> {
        text.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    #[test]
    fn all_labels_must_be_there_and_the_namespace_too() {
        let pods = [labels("app=web,tier=front"), labels("app=web"), labels("app=api")];
        let index = LabelIndex::new(pods.iter().zip(["a", "a", "b"]).map(|(l, n)| (n, l)));
        assert_eq!(index.matching("a", &labels("app=web")), [0, 1]);
        assert_eq!(index.matching("a", &labels("app=web,tier=front")), [0]);
        assert!(index.matching("a", &labels("app=api")).is_empty());
        assert_eq!(index.matching("b", &labels("app=api")), [2]);
        assert!(index.matching("a", &labels("")).is_empty());
        assert!(index.matching("c", &labels("app=web")).is_empty());
    }
}
