//! What must hold for any bytes: one function for each part that reads or writes what others made. `tests/engine/fuzz.rs`
//! calls them in a loop, and the targets of `fuzz/` as long as one likes.

use std::collections::BTreeMap;

use kubesketch::diagnostic::Diagnostic;
use kubesketch::manifest::{self, Tree, Value};
use kubesketch::net::{Requirement, Selector};
use kubesketch::policy::Extent;
use kubesketch::render::{self, PictureOptions, Report, Table, TableFormat};
use kubesketch::source::{answer_length, tree_names};
use kubesketch::{DrawOptions, Sources, Span, World, WorldOptions, layout};

use super::graphs;

fn sources(data: &[u8]) -> Sources {
    Sources::from_texts([("x.yaml", String::from_utf8_lossy(data))])
}

fn world(data: &[u8]) -> World {
    World::of_texts(sources(data), &WorldOptions::default()).unwrap()
}

/// A number made of all bytes, for what is made at random.
fn seed(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |all, byte| (all ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A place is one of the text: between characters, and on the line that it says.
fn check_place(text: &str, at: Span) {
    let (start, end) = (at.start as usize, at.end as usize);
    assert!(start <= end && end <= text.len(), "{at:?} is beyond the text");
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{at:?} is inside of a character");
    assert!(at.line > 0 && at.column > 0, "{at:?}");
}

fn check_places(text: &str, problems: &[Diagnostic]) {
    for problem in problems {
        problem.at.iter().chain(problem.related.iter().map(|r| &r.at)).for_each(|at| check_place(text, *at));
        assert!(!problem.message.is_empty(), "{problem:?}");
    }
}

fn check_tree(text: &str, tree: &Tree) {
    check_place(text, tree.span);
    match &tree.value {
        Value::Seq(items) => items.iter().for_each(|item| check_tree(text, item)),
        Value::Map(entries) => {
            for entry in entries {
                check_place(text, entry.key_span);
                check_tree(text, &entry.value);
            }
            let mut keys: Vec<&str> = entries.iter().map(|e| &*e.key).collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key is there twice");
        }
        _ => {}
    }
}

/// Documents: every value and every problem has a place, and no mapping has a key twice.
pub fn reader(data: &[u8]) {
    let sources = sources(data);
    let file = sources.ids().next().unwrap();
    let read = manifest::values(&sources, file);
    read.value.iter().for_each(|tree| check_tree(sources.text(file), tree));
    check_places(sources.text(file), &read.diagnostics);
}

/// Objects: typed or refused with a place, the same on every run, and what follows from them too.
pub fn decoder(data: &[u8]) {
    let sources = sources(data);
    let text = sources.text(sources.ids().next().unwrap());
    let parsed = manifest::parse(&sources);
    check_places(text, &parsed.diagnostics);
    for object in &parsed.value.objects {
        check_place(text, object.span);
        assert!(!object.name.is_empty() && !object.kind.is_empty() && !object.api_version.is_empty());
    }
    let again = manifest::parse(&sources);
    assert_eq!(parsed.diagnostics, again.diagnostics);
    let world = world(data);
    check_places(text, world.diagnostics());
    let found: Vec<Diagnostic> = kubesketch::check(&world).into_iter().map(|f| f.diagnostic).collect();
    check_places(text, &found);
}

/// Selectors: what is taken selects as its words say, read one by one.
pub fn selectors(data: &[u8]) {
    let names = ["a", "b", "x/c", ""];
    let mut bytes = data.iter().copied();
    let mut next = |below: u8| bytes.next().unwrap_or(0) % below;
    let mut labels = BTreeMap::new();
    for _ in 0..next(4) {
        labels.insert(names[usize::from(next(3))].to_owned(), names[usize::from(next(4))].replace('/', "-"));
    }
    let (mut requirements, mut holds) = (Vec::new(), true);
    for _ in 0..next(4) {
        let key = names[usize::from(next(3))];
        let operator = ["In", "NotIn", "Exists", "DoesNotExist", "in"][usize::from(next(5))];
        let values: Vec<String> = (0..next(3)).map(|_| names[usize::from(next(4))].replace('/', "-")).collect();
        let Ok(requirement) = Requirement::new(key, operator, values.clone()) else {
            let takes = matches!(operator, "In" | "NotIn") != values.is_empty();
            assert!(operator == "in" || !takes, "{key} {operator} {values:?} is refused");
            continue;
        };
        let label = labels.get(key);
        let is_one = label.is_some_and(|label| values.contains(label));
        holds &= match operator {
            "In" => is_one,
            "NotIn" => !is_one,
            "Exists" => label.is_some(),
            _ => label.is_none(),
        };
        requirements.push(requirement);
    }
    let selector = Selector::new(requirements);
    assert_eq!(selector.matches(&labels), holds, "{selector:?} of {labels:?}");
    // The same as an argument, written by anybody.
    if let Ok(selector) = String::from_utf8_lossy(data).parse::<Selector>() {
        let _ = selector.matches(&labels);
    }
}

/// Pictures: every graph is laid out without a violation.
pub fn layout(data: &[u8]) {
    let seed = seed(data);
    let graph = match seed % 3 {
        0 => graphs::random(seed),
        1 => graphs::dense(seed),
        _ => graphs::nested(seed),
    };
    let picture = layout::layout(&graph, &layout::Options::default());
    let wrong = layout::verify(&picture);
    assert!(wrong.is_empty(), "seed {seed}: {}", wrong[0]);
}

/// Objects of a repository: a name is one step, and no answer is taken for more than it holds.
pub fn git_objects(data: &[u8]) {
    for name in tree_names(data).unwrap_or_default() {
        assert!(!name.is_empty() && !name.contains(&b'/') && !name.contains(&0), "{name:?}");
        assert!(![&b"."[..], b".."].contains(&&*name) && !name.eq_ignore_ascii_case(b".git"), "{name:?}");
    }
    assert!(answer_length(data, 1 << 16).is_none_or(|length| length < data.len()));
}

fn steers(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn inert(what: &str, text: &str) {
    let at = text.find(steers);
    let around =
        at.map(|at| text[text.floor_char_boundary(at.saturating_sub(40))..].chars().take(80).collect::<String>());
    assert_eq!(around, None, "{what}");
}

fn well_formed(what: &str, text: &str) {
    inert(what, text);
    if let Err(error) = roxmltree::Document::parse(text) {
        panic!("{what} is no XML: {error}");
    }
}

/// Outputs: each is what its format is, and none holds what steers whoever reads it.
pub fn renderers(data: &[u8]) {
    let world = world(data);
    let report = Report::of(&world, world.graph());
    let tables: [(&str, Table); 3] = [
        ("exposure", render::exposure_table(&report, Extent::All)),
        ("isolation", render::isolation_table(&report)),
        ("routes", render::routes_table(&report)),
    ];
    for (name, table) in &tables {
        for format in [TableFormat::Text, TableFormat::Markdown, TableFormat::Csv] {
            inert(name, &render::table(table, format));
        }
    }
    let graph = world.graph();
    inert("dot", &render::dot(graph));
    inert("d2", &render::d2(graph, &PictureOptions::default()));
    let json = render::json(&report);
    inert("json", &json);
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    if let Ok(picture) = kubesketch::draw(&world, &DrawOptions::default()) {
        well_formed("svg", &picture.svg());
        inert("mermaid", &picture.mermaid());
        inert("html", &picture.html(&world).unwrap());
    }
    let arranged = layout::layout(graph, &layout::Options::default());
    well_formed("drawio", &render::drawio(&arranged, graph, &PictureOptions::default()));
    let difference = kubesketch::diff(("before", World::default()), ("after", world));
    inert("diff", &difference.text());
    inert("diff.json", &difference.json());
    serde_json::from_str::<serde_json::Value>(&difference.json()).unwrap();
}
