//! What was probably meant.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Workload};

/// How a workload is called in a sentence: `Deployment shop/web`.
pub(super) fn named(workload: &Workload) -> String {
    format!("{} {}/{}", workload.key.kind, workload.key.namespace(), workload.key.name)
}

/// The workload whose pods come nearest to having all these labels, of this namespace if one is told, and how they
/// differ. `None` if none comes near: all of the labels that differ must have values that are alike, or only one of
/// several differs.
pub(super) fn workload<'a>(
    cluster: &'a Cluster,
    namespace: Option<&str>,
    wanted: &BTreeMap<String, String>,
) -> Option<(&'a Workload, String)> {
    let there = cluster.workloads().iter().filter(|w| namespace.is_none_or(|n| w.key.namespace() == n));
    let scored = there.filter_map(|workload| {
        let labels = cluster.template_labels(workload);
        let lacking: Vec<(&String, &String, Option<&String>)> =
            wanted.iter().filter(|(k, v)| labels.get(*k) != Some(*v)).map(|(k, v)| (k, v, labels.get(k))).collect();
        let distance: usize = lacking.iter().map(|(_, v, own)| own.map_or(1_000, |own| 10 + apart(v, own))).sum();
        // What has little in common was not meant.
        let alike = lacking.iter().all(|(_, v, own)| own.is_some_and(|own| is_like(v, own)));
        let known = alike || (lacking.len() == 1 && wanted.len() > 1);
        known.then(|| {
            let said: Vec<String> = lacking
                .iter()
                .map(|(k, v, own)| match own {
                    Some(own) => format!("{k}={own}, expected {k}={v}"),
                    None => format!("no label {k}, expected {k}={v}"),
                })
                .collect();
            (distance, workload, said.join(" and "))
        })
    });
    scored.min_by_key(|(distance, workload, _)| (*distance, &workload.key)).map(|(_, workload, said)| (workload, said))
}

/// The name most like a wanted one, if any is like it.
pub fn name<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names.filter(|n| is_like(wanted, n)).min_by_key(|n| (apart(wanted, n), *n))
}

/// Whether two words are likely to be meant for each other: one begins or ends with the other, or few letters differ.
fn is_like(a: &str, b: &str) -> bool {
    let parts = |one: &str, other: &str| one.len() >= 3 && (other.starts_with(one) || other.ends_with(one));
    parts(a, b) || parts(b, a) || apart(a, b) <= a.chars().count().max(b.chars().count()).div_ceil(3)
}

/// Whether one word is the other with a slip of the pen: at most two letters differ, and most are the same.
pub(super) fn is_slip(a: &str, b: &str) -> bool {
    let distance = apart(a, b);
    distance <= 2 && distance * 3 <= a.chars().count().min(b.chars().count())
}

/// How many letters have to be put in, left out or replaced to make one word of the other (Levenshtein's distance).
fn apart(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_near() {
        assert_eq!(apart("web", "webb"), 1);
        assert_eq!(apart("cart", "carts"), 1);
        assert!(is_like("cart", "carts") && is_like("frontend", "frontned") && !is_like("cart", "user"));
        assert_eq!(name("catalog", ["catalogue", "cart"].into_iter()), Some("catalogue"));
        assert!(
            is_slip("cart", "carts")
                && is_slip("frontend", "frontned")
                && !is_slip("web", "db")
                && !is_slip("web", "web-front")
        );
        assert_eq!(name("db", ["web", "cart"].into_iter()), None);
    }
}
