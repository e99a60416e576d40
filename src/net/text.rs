//! Lists in sentences.

use std::cmp::Ordering;
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

/// The order in which people count: `team-2` before `team-10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let ([x, ..], [y, ..]) = (left, right) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (one, rest) = digits(left);
            let (other, more) = digits(right);
            // Without zeros before it, the longer number is the greater one.
            match one.len().cmp(&other.len()).then_with(|| one.cmp(other)) {
                Ordering::Equal => (left, right) = (rest, more),
                different => return different,
            }
        } else if x == y {
            (left, right) = (&left[1..], &right[1..]);
        } else {
            return x.cmp(y);
        }
    }
}

/// The number at the beginning, without zeros before it, and what follows.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let (number, rest) = text.split_at(text.iter().take_while(|c| c.is_ascii_digit()).count());
    (&number[number.iter().take_while(|c| **c == b'0').count()..], rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_counted() {
        let mut names = ["team-10", "team-2", "team-2-b", "team-02", "a", "team-1", "team", "b10x2", "b10x10", "b9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "b9", "b10x2", "b10x10", "team", "team-1", "team-02", "team-2", "team-2-b", "team-10"]);
    }

    #[test]
    fn long_lists_end_in_a_number() {
        assert_eq!([0, 1, 3].map(|n| first(0..n, 3)), ["", "0", "0, 1, 2"]);
        assert_eq!([1, 2, 3, 5].map(|n| sentence(0..n, 3)), ["0", "0 and 1", "0, 1 and 2", "0, 1, 2 and 2 more"]);
        assert_eq!(first(0..4, 3), "0, 1, 2 and 1 more");
        assert_eq!(joined(0..9, 2, ", ", "more blocks"), "0, 1 and 7 more blocks");
        assert_eq!(joined(0..9, 1, ", ", "more"), "0 and 8 more");
    }
}
