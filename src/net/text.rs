//! Lists in sentences.

use std::fmt::Display;

/// The names, or the first of them and the number of the others: `a, b, c`, `a, b, c and 2 more`.
pub fn first(names: impl IntoIterator<Item = impl Display>, most: usize) -> String {
    joined(names, most, ", ", "more")
}

/// The same, with the last two names joined by a word: `a, b and c`, `a, b, c and 2 more`.
pub fn sentence(names: impl IntoIterator<Item = impl Display>, most: usize) -> String {
    joined(names, most, " and ", "more")
}

/// The names with `last` before the last one, or the first of them and the number of the others with `more` behind it.
pub fn joined(names: impl IntoIterator<Item = impl Display>, most: usize, last: &str, more: &str) -> String {
    let mut names = names.into_iter();
    let mut told: Vec<String> = names.by_ref().take(most).map(|n| n.to_string()).collect();
    let (last, end) = match names.count() {
        0 => (last, told.pop().unwrap_or_default()),
        rest => (" and ", format!("{rest} {more}")),
    };
    if told.is_empty() { end } else { format!("{}{last}{end}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_end_in_a_number() {
        assert_eq!([0, 1, 3].map(|n| first(0..n, 3)), ["", "0", "0, 1, 2"]);
        assert_eq!([1, 2, 3, 5].map(|n| sentence(0..n, 3)), ["0", "0 and 1", "0, 1 and 2", "0, 1, 2 and 2 more"]);
        assert_eq!(first(0..4, 3), "0, 1, 2 and 1 more");
        assert_eq!(joined(0..9, 2, ", ", "more blocks"), "0, 1 and 7 more blocks");
        assert_eq!(joined(0..9, 1, ", ", "more"), "0 and 8 more");
    }
}
