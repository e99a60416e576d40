//! Trunks, rows, labels and frames in pictures made by hand.

use super::properties::{close_lines, labels, problems};
use crate::layout::Rect;
use crate::layout::route::{Budget, Connection, End, FrameBox, Placed, Port, Routed, Tag, route};

/// Cards that stand alone, without frames.
fn cards(rects: &[[f64; 4]]) -> Placed {
    Placed {
        cards: rects.iter().map(|r| Rect { x: r[0], y: r[1], w: r[2], h: r[3] }).collect(),
        composites: (0..rects.len()).collect(),
        frames: Vec::new(),
        frame_of: vec![None; rects.len()],
    }
}

fn line(from: usize, to: usize, text: Option<u32>) -> Connection {
    let end = |card| End { card, port: Port::Free };
    let label = text.map(|text| Tag { w: 36.0, h: 18.0, text });
    Connection { from: end(from), to: end(to), style: 0, label }
}

fn routed(placed: &Placed, all: &[Connection]) -> Routed {
    let r = route(placed, all, &mut Budget::new(1_000_000));
    assert_eq!(problems(placed, all, &r), Vec::<String>::new());
    assert_eq!(close_lines(all, &r, 7.9), Vec::<String>::new());
    assert_eq!(labels(all, &r), Vec::<String>::new());
    r
}

/// A card, and four in a column at its right.
fn fan() -> Placed {
    let mut rects = vec![[0.0, 150.0, 160.0, 60.0]];
    rects.extend((0..4).map(|i| [300.0, f64::from(i) * 100.0, 160.0, 60.0]));
    cards(&rects)
}

#[test]
fn lines_of_one_source_share_a_trunk_with_a_dot_at_each_joint() {
    let all: Vec<Connection> = (1..5).map(|to| line(0, to, None)).collect();
    let r = routed(&fan(), &all);
    assert!(r.trunks.iter().all(|t| *t == r.trunks[0]));
    assert!(r.lines.iter().all(|l| l[0] == r.lines[0][0]), "{:?}", r.lines);
    // The source joins the trunk between the two stubs in the middle.
    assert_eq!(r.branches.iter().flatten().count(), 3, "{:?} {:?}", r.branches, r.lines);
    assert_eq!(r.stretch.x, []);
}

#[test]
fn lines_to_one_target_share_a_trunk_and_the_label_that_they_share() {
    let all: Vec<Connection> = (1..5).map(|from| line(from, 0, Some(7))).collect();
    let r = routed(&fan(), &all);
    let owners: Vec<usize> = r.labels.iter().map(|l| l.unwrap().owner).collect();
    assert!(owners.iter().all(|o| *o == owners[0]), "{owners:?}");
}

#[test]
fn different_labels_stand_on_the_stubs_which_get_room() {
    let mut placed = fan();
    placed.cards[0] = Rect { x: 0.0, y: 0.0, w: 160.0, h: 360.0 };
    placed.cards[1..].iter_mut().for_each(|c| c.x = 190.0);
    let all: Vec<Connection> = (1..5).map(|to| line(0, to, Some(to as u32))).collect();
    let r = routed(&placed, &all);
    let moved = r.placed.cards[1].x - 190.0;
    assert!(moved > 20.0, "{moved}");
    assert_eq!(r.stretch.x.iter().filter(|cut| cut.0 <= 190.0).map(|cut| cut.1).sum::<f64>(), moved);
    let boxes: Vec<Rect> = r.labels.iter().map(|l| l.unwrap().rect).collect();
    assert!(boxes.iter().all(|b| b.right() < r.placed.cards[1].x - 12.0), "{boxes:?}");
}

#[test]
fn lines_of_different_styles_share_nothing() {
    let mut all: Vec<Connection> = (1..5).map(|to| line(0, to, None)).collect();
    all[1].style = 1;
    let r = routed(&fan(), &all);
    assert_ne!(r.trunks[0], r.trunks[1]);
    assert_ne!(r.lines[0][0], r.lines[1][0]);
}

#[test]
fn a_row_is_where_its_line_begins() {
    let mut all = vec![line(0, 1, None), line(0, 3, None)];
    for (c, y) in all.iter_mut().zip([170.0, 190.0]) {
        c.from.port = Port::Row { y };
    }
    let r = routed(&fan(), &all);
    for (l, y) in r.lines.iter().zip([170.0, 190.0]) {
        assert_eq!((l[0].x, l[0].y), (160.0, y + r.placed.cards[0].y - 150.0));
    }
}

#[test]
fn level_cards_are_joined_by_a_straight_line() {
    let r = routed(&cards(&[[0.0, 0.0, 160.0, 60.0], [300.0, 20.0, 160.0, 60.0]]), &[line(0, 1, None)]);
    assert_eq!(r.lines[0].len(), 2, "{:?}", r.lines);
}

#[test]
fn the_card_below_is_reached_from_below() {
    let r = routed(&cards(&[[0.0, 0.0, 160.0, 60.0], [20.0, 120.0, 160.0, 60.0]]), &[line(0, 1, None)]);
    let l = &r.lines[0];
    assert_eq!((l.len(), l[0].y, l[1].y), (2, 60.0, 120.0));
}

#[test]
fn a_frame_that_holds_neither_end_is_gone_round() {
    let mut placed = cards(&[
        [0.0, 0.0, 100.0, 60.0],
        [200.0, 0.0, 100.0, 50.0],
        [200.0, 90.0, 100.0, 50.0],
        [400.0, 0.0, 100.0, 60.0],
    ]);
    placed.frames.push(FrameBox {
        rect: Rect { x: 180.0, y: -40.0, w: 140.0, h: 200.0 },
        title: Rect { x: 190.0, y: -34.0, w: 60.0, h: 16.0 },
        parent: None,
    });
    (placed.frame_of[1], placed.frame_of[2]) = (Some(0), Some(0));
    let r = routed(&placed, &[line(0, 3, None)]);
    let frame = r.placed.frames[0].rect;
    for p in r.lines[0].windows(2) {
        assert!(!crate::layout::geometry::hits(&frame, p[0], p[1], -0.5), "{:?}", r.lines[0]);
    }
}

#[test]
fn a_composite_is_not_run_through() {
    let mut placed = cards(&[[0.0, 0.0, 160.0, 46.0], [0.0, 54.0, 160.0, 60.0], [300.0, 0.0, 160.0, 60.0]]);
    placed.composites = vec![0, 0, 1];
    // From the upper card down to the right, and back to the lower one.
    let r = routed(&placed, &[line(2, 1, None), line(0, 2, None), line(0, 1, None)]);
    assert!(r.lines[2].len() >= 4, "{:?}", r.lines[2]);
}
