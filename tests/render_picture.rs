//! The shop in every theme: well-formed, by the contract, and left in Cargo's folder for test files to be looked at.

mod common;

use kubesketch::render::{PictureOptions, Theme, svg};

#[test]
fn the_shop_in_every_theme() {
    let graph = common::shop();
    let layout = common::shop_layout(&graph);
    let folder = common::folder("pictures");
    for theme in Theme::ALL {
        let options = PictureOptions {
            theme: *theme,
            ..PictureOptions::default()
        };
        let picture = svg(&layout, &graph, &options);
        std::fs::write(folder.join(format!("shop-{}.svg", theme.as_str())), &picture).unwrap();
        let parsed = roxmltree::Document::parse(&picture).unwrap();
        let root = parsed.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        assert_eq!(picture, svg(&layout, &graph, &options));
    }
}
