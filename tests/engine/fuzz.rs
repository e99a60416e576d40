//! The fuzz targets in a plain loop: texts of our own cases, changed at random, always in the same way. `fuzz/` runs the
//! same functions with cargo-fuzz, without an end.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::policy_brute_force;
use crate::support::fuzz;
use crate::support::graphs::Random;

/// What is put into a text: what YAML and JSON are made of, and what steers or breaks a reader.
const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    ": ",
    "- ",
    "? ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "\\",
    "#",
    " #",
    "&a ",
    "*a",
    "|\n",
    ">-\n",
    "!!int ",
    "<<: ",
    "---\n",
    "...\n",
    "{{",
    "}}",
    "\t",
    "\r",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "漢",
    "😀",
    "null",
    "true",
    "-1",
    "1e9",
    "99999999999999999999",
    "0x1",
    "kind: Secret\n",
    "<script>",
    "]]>",
    "--><",
    "\\N",
    "@octocat",
    "=1+1",
];

/// The inputs of all cases, in order.
fn corpus() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let texts = files.iter().map(|f| fs::read(f).unwrap());
    let corpus: Vec<Vec<u8>> = texts.filter(|t| t.len() < 6_000).collect();
    assert!(corpus.len() > 50);
    corpus
}

/// A text of the corpus with a few changes.
fn changed(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(40)).min(text.len());
        match random.below(6) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, piece);
            }
            2 if at < text.len() => text[at] = random.below(256) as u8,
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let piece = other[from..(from + 200).min(other.len())].to_vec();
                text.splice(at..at, piece);
            }
            _ => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
        }
    }
    text
}

/// Calls a target so often, and so many times more as `KUBESKETCH_FUZZ` says; what it fails at is shown whole, for a
/// fixture.
fn try_all(times: usize, target: fn(&[u8]), make: impl Fn(&mut Random) -> Vec<u8>) {
    let mut random = Random(0x5eed);
    let more = std::env::var("KUBESKETCH_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for number in 0..times * more {
        let data = make(&mut random);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&data))) {
            eprintln!("input {number}: {:?}", String::from_utf8_lossy(&data));
            std::panic::resume_unwind(panic);
        }
    }
}

fn any_bytes(most: usize) -> impl Fn(&mut Random) -> Vec<u8> {
    move |random| (0..random.below(most)).map(|_| random.below(256) as u8).collect()
}

#[test]
fn the_reader_takes_any_text() {
    let corpus = corpus();
    try_all(4_000, fuzz::reader, |random| changed(&corpus, random));
}

#[test]
fn the_decoder_takes_any_text() {
    let corpus = corpus();
    try_all(600, fuzz::decoder, |random| changed(&corpus, random));
}

#[test]
fn selectors_select_what_they_say() {
    try_all(20_000, fuzz::selectors, any_bytes(24));
}

#[test]
fn policies_hold_as_a_naive_reading_says() {
    // Other worlds than those of the test that tries thousands of them.
    try_all(100, policy_brute_force::target, any_bytes(8));
}

#[test]
fn any_graph_is_laid_out() {
    try_all(40, fuzz::layout, any_bytes(8));
}

#[test]
fn objects_of_git_take_any_bytes() {
    let entry = |random: &mut Random| {
        let mode = ["100644", "40000", "120000", "160000", "0", "x"][random.below(6)];
        let name = ["a", "..", ".git", ".GIT", "", "a/b", "\u{202e}"][random.below(7)];
        let id: Vec<u8> = (0..19 + random.below(3)).map(|_| random.below(256) as u8).collect();
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &id].concat()
    };
    let answer = |random: &mut Random| {
        let size = ["0", "3", "70000", "18446744073709551615", "-1", ""][random.below(6)];
        format!("{} blob {size}\nabc\n", "0".repeat(39 + random.below(3))).into_bytes()
    };
    try_all(20_000, fuzz::git_objects, |random| match random.below(3) {
        0 => any_bytes(80)(random),
        1 => answer(random),
        _ => (0..random.below(4)).flat_map(|_| entry(random)).collect(),
    });
}

#[test]
fn every_output_is_well_formed_and_inert() {
    let corpus = corpus();
    try_all(150, fuzz::renderers, |random| changed(&corpus, random));
}
