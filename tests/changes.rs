//! Unions of two states: what of a change stands in the picture and in other formats.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "support/graphs.rs"]
mod common;
#[path = "support/unions.rs"]
mod unions;

use std::path::Path;

use kubesketch::graph::Graph;
use kubesketch::layout::{self, Layout};
use kubesketch::render::{self, PictureOptions, Theme};

fn draw(graph: &Graph) -> Layout {
    let options = layout::Options {
        title: Some("Release 7".into()),
        ..layout::Options::default()
    };
    let picture = layout::layout(graph, &options);
    assert_eq!(layout::verify(&picture), vec![]);
    picture
}

fn picture(graph: &Graph, theme: Theme) -> String {
    let options = PictureOptions {
        theme,
        ..PictureOptions::default()
    };
    render::svg(&draw(graph), graph, &options)
}

/// Compares with what was blessed, in `tests/goldens/changes`.
fn golden(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/changes").join(name);
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
        return;
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    let at = then.lines().zip(now.lines()).position(|(a, b)| a != b);
    assert!(then == now, "{name} differs at line {at:?}; KUBESKETCH_BLESS=1 writes what is now");
}

#[test]
fn pictures_are_as_they_were_looked_at() {
    for (name, graph) in [("shop", unions::shop_release()), ("every", unions::every_change())] {
        for theme in [Theme::Light, Theme::Dark] {
            golden(&format!("{name}-{}.svg", theme.as_str()), &picture(&graph, theme));
        }
    }
}
