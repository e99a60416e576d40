//! Which of many names is most like one that is not among them: what was probably meant.
//!
//! A question never walks through all names when they are many: it looks at those that begin or end as the wanted one
//! does and at those that become the same when one letter of each is left out. Among `FEW` names it looks at all.

use std::hash::{Hash, Hasher};

use rapidfuzz::distance::{levenshtein, osa};
use rustc_hash::FxHasher;

/// Up to so many names all are looked at.
const FEW: usize = 200;
/// So many names on each side of the place where a wanted one would stand in order are looked at.
const BESIDE: usize = 16;
/// The longest name that may be like another, in bytes: no name of an object is longer
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>).
const LONGEST: usize = 253;
/// The longest name that is found by leaving out a letter; those of Services and values of labels are not longer.
const LABEL: usize = 63;

/// How many letters have to be put in, left out or replaced to make one word of the other (Levenshtein's distance), if
/// that is not more than so many.
pub fn letters_apart(a: &str, b: &str, most: usize) -> Option<usize> {
    if a == b {
        return Some(0);
    }
    if a.len().max(b.len()) > LONGEST {
        return None;
    }
    levenshtein::distance_with_args(a.chars(), b.chars(), &levenshtein::Args::default().score_cutoff(most))
}

/// How many bytes have to be put in, left out, replaced or swapped with their neighbor, up to a limit.
pub fn edits(a: &str, b: &str, limit: usize) -> usize {
    if a.len().abs_diff(b.len()) >= limit {
        return limit;
    }
    let args = osa::Args::default().score_cutoff(limit);
    osa::distance_with_args(a.bytes(), b.bytes(), &args).unwrap_or(limit)
}

/// How far two words are apart that are likely to be meant for each other: one begins or ends with the other, or few
/// letters differ. Words that are longer than any name are like no other.
pub fn likeness(a: &str, b: &str) -> Option<usize> {
    if a.len().max(b.len()) > LONGEST {
        return None;
    }
    let part = |one: &str, other: &str| one.len() >= 3 && (other.starts_with(one) || other.ends_with(one));
    let longer = a.chars().count().max(b.chars().count());
    let most = if part(a, b) || part(b, a) { longer } else { longer.div_ceil(3) };
    letters_apart(a, b, most)
}

/// Whether one word is the other with a slip of the pen: at most two letters differ, and most are the same.
pub fn is_slip(a: &str, b: &str) -> bool {
    let shorter = a.chars().count().min(b.chars().count());
    letters_apart(a, b, 2).is_some_and(|distance| distance * 3 <= shorter)
}

/// Names, in which those that are like another are found.
#[derive(Clone, Debug)]
pub struct Names<S> {
    /// In order, each once.
    names: Vec<S>,
    /// The names from their ends, in order, with their positions; none where all names are looked at.
    backward: Vec<(Box<str>, usize)>,
    /// What is left of each name without one of its letters, as a number, with its position; in order.
    shortened: Vec<(u64, usize)>,
}

impl<S: AsRef<str> + Ord + Clone> Names<S> {
    /// Sorts names.
    pub fn new(names: impl IntoIterator<Item = S>) -> Names<S> {
        let mut names: Vec<S> = names.into_iter().filter(|n| n.as_ref().len() <= LONGEST).collect();
        names.sort_unstable();
        names.dedup();
        let (mut backward, mut shortened) = (Vec::new(), Vec::new());
        if names.len() > FEW {
            for (i, name) in names.iter().map(AsRef::as_ref).enumerate() {
                backward.push((name.chars().rev().collect::<String>().into(), i));
                shortened.extend(digests(name).map(|digest| (digest, i)));
            }
            backward.sort_unstable();
            shortened.sort_unstable();
        }
        Names { names, backward, shortened }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name most like a wanted one, if any is like it; among equals the first in order.
    pub fn nearest(&self, wanted: &str) -> Option<S> {
        self.nearest_of(wanted, |_| true)
    }

    /// The same among the names that may be meant.
    pub fn nearest_of(&self, wanted: &str, may: impl Fn(&str) -> bool) -> Option<S> {
        let there = self.candidates(wanted).into_iter().map(|i| &self.names[i]).filter(|n| may(n.as_ref()));
        there.filter_map(|n| Some((likeness(wanted, n.as_ref())?, n))).min().map(|(_, n)| n.clone())
    }

    /// The names that are like a wanted one, the most alike first.
    pub fn alike(&self, wanted: &str) -> Vec<S> {
        let there = self.candidates(wanted).into_iter().map(|i| &self.names[i]);
        let mut alike: Vec<(usize, &S)> = there.filter_map(|n| Some((likeness(wanted, n.as_ref())?, n))).collect();
        alike.sort_unstable();
        alike.into_iter().map(|(_, n)| n.clone()).collect()
    }

    /// The positions of the names that are looked at, each once: a number that does not grow with that of all.
    fn candidates(&self, wanted: &str) -> Vec<usize> {
        if wanted.len() > LONGEST {
            return Vec::new();
        }
        if self.names.len() <= FEW {
            return (0..self.names.len()).collect();
        }
        let mut found: Vec<usize> =
            around(self.names.len(), self.names.partition_point(|n| n.as_ref() < wanted)).collect();
        let reversed: String = wanted.chars().rev().collect();
        let at = self.backward.partition_point(|(n, _)| &**n < reversed.as_str());
        found.extend(around(self.backward.len(), at).map(|i| self.backward[i].1));
        // What the wanted name begins or ends with need not stand beside it.
        let parts = wanted.char_indices().flat_map(|(i, _)| [&wanted[..i], &wanted[i..]]);
        found.extend(parts.filter_map(|part| self.names.binary_search_by(|n| n.as_ref().cmp(part)).ok()));
        for digest in digests(wanted) {
            let at = self.shortened.partition_point(|(d, _)| *d < digest);
            let same = self.shortened[at..].iter().take_while(|(d, _)| *d == digest);
            found.extend(same.take(BESIDE).map(|(_, i)| *i));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Positions on both sides of one.
fn around(all: usize, at: usize) -> std::ops::Range<usize> {
    at.saturating_sub(BESIDE)..(at + BESIDE).min(all)
}

/// Numbers for what is left of a word without each of its letters, and for the word itself.
fn digests(word: &str) -> impl Iterator<Item = u64> {
    let word = if word.len() <= LABEL { word } else { "" };
    let digest = |before: &str, after: &str| {
        let mut hasher = FxHasher::default();
        before.bytes().chain(after.bytes()).for_each(|b| b.hash(&mut hasher));
        hasher.finish()
    };
    let without = word.char_indices().map(move |(i, c)| digest(&word[..i], &word[i + c.len_utf8()..]));
    without.chain((!word.is_empty()).then(|| digest(word, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_near() {
        let nearest = |wanted: &str, names: &[&'static str]| Names::new(names.iter().copied()).nearest(wanted);
        assert_eq!(letters_apart("web", "webb", 9), Some(1));
        assert_eq!(letters_apart("cart", "carts", 0), None);
        assert!(likeness("cart", "carts").is_some() && likeness("frontend", "frontned").is_some());
        assert!(likeness("cart", "user").is_none());
        assert_eq!(nearest("catalog", &["catalogue", "cart"]), Some("catalogue"));
        assert!(is_slip("cart", "carts") && is_slip("frontend", "frontned"));
        assert!(!is_slip("web", "db") && !is_slip("web", "web-front"));
        assert_eq!(nearest("db", &["web", "cart"]), None);
    }

    #[test]
    fn among_many_names_the_near_ones_are_found_without_looking_at_all() {
        let mut looked = Vec::new();
        for n in [1_000, 2_000, 4_000] {
            let names: Vec<String> = (0..n).map(|i| format!("service-number-{i}")).collect();
            let known = Names::new(names.iter().map(String::as_str));
            let slips = [
                ("servixe-number-77", "service-number-77"),
                ("srvice-number-501", "service-number-501"),
                ("service-nubmer-501", "service-number-501"),
                ("service-numbers-501", "service-number-501"),
                ("my-service-number-501", "service-number-501"),
                ("service-number-501-canary", "service-number-501"),
            ];
            for (wanted, meant) in slips {
                assert_eq!(known.nearest(wanted), Some(meant), "{wanted} of {n}");
            }
            assert_eq!(known.nearest("database"), None);
            looked.push((0..n).step_by(7).map(|i| known.candidates(&format!("servixe-number-{i}")).len()).max());
        }
        assert!(looked.iter().all(|most| most.is_some_and(|m| m < 200)), "{looked:?}");
    }

    #[test]
    fn what_is_longer_than_a_name_is_like_nothing() {
        let (a, b) = ("a".repeat(300_000), "a".repeat(299_999));
        assert_eq!(likeness(&a, &b), None);
        assert_eq!(Names::new([b.as_str()]).nearest(&a), None);
    }
}
