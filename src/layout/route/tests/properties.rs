//! What holds for every picture.

use std::collections::BTreeMap;

use crate::layout::geometry::{hits, overlap};
use crate::layout::route::{Connection, Placed, Routed};
use crate::layout::{Point, Rect};

/// What of the lines of a result is not as promised, but for their distances.
pub(super) fn problems(placed: &Placed, all: &[Connection], r: &Routed) -> Vec<String> {
    let mut found = Vec::new();
    for (i, (c, line)) in all.iter().zip(&r.lines).enumerate() {
        let name = format!("line {i} ({} to {})", c.from.card, c.to.card);
        if line.len() < 2 {
            found.push(format!("{name} is missing"));
            continue;
        }
        let cards = &r.placed.cards;
        for (end, p) in [(c.from.card, line[0]), (c.to.card, line[line.len() - 1])] {
            if !on_border(&cards[end], p) {
                found.push(format!("{name} is not attached at {p:?} to {:?}", cards[end]));
            }
        }
        for pair in line.windows(2) {
            if (pair[0].x - pair[1].x).abs() > 0.01 && (pair[0].y - pair[1].y).abs() > 0.01 {
                found.push(format!("{name} is slanted: {pair:?}"));
            }
            for (k, card) in cards.iter().enumerate() {
                if hits(card, pair[0], pair[1], -0.5) {
                    found.push(format!("{name} runs through card {k}: {pair:?} {card:?}"));
                }
            }
            for f in r.placed.frames.iter().filter(|f| hits(&f.title, pair[0], pair[1], -0.5)) {
                found.push(format!("{name} runs through title {:?}", f.title));
            }
        }
    }
    for (a, b) in placed.cards.iter().zip(&r.placed.cards) {
        if (a.w - b.w).abs() > 0.01 || (a.h - b.h).abs() > 0.01 {
            found.push("a card changed its size".to_owned());
        }
    }
    found
}

fn on_border(r: &Rect, p: Point) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 0.02;
    let (x, y) = (p.x >= r.x - 0.01 && p.x <= r.right() + 0.01, p.y >= r.y - 0.01 && p.y <= r.bottom() + 0.01);
    (y && (near(p.x, r.x) || near(p.x, r.right()))) || (x && (near(p.y, r.y) || near(p.y, r.bottom())))
}

/// Parts of different trunks that run side by side closer than that.
pub(super) fn close_lines(all: &[Connection], r: &Routed, apart: f64) -> Vec<String> {
    // Of each: the line, where across, from and to.
    type Part = (usize, f64, f64, f64);
    let mut parts: BTreeMap<(bool, i64), Vec<Part>> = BTreeMap::new();
    for (i, line) in r.lines.iter().enumerate() {
        for pair in line.windows(2) {
            let level = (pair[0].y - pair[1].y).abs() < 0.01;
            let (at, a, b) = if level { (pair[0].y, pair[0].x, pair[1].x) } else { (pair[0].x, pair[0].y, pair[1].y) };
            parts.entry((level, (at / 8.0) as i64)).or_default().push((i, at, a.min(b), a.max(b)));
        }
    }
    let mut found = Vec::new();
    for (key, here) in &parts {
        let next = parts.get(&(key.0, key.1 + 1));
        for (k, p) in here.iter().enumerate() {
            for q in here[k + 1..].iter().chain(next.into_iter().flatten()) {
                let together = p.3.min(q.3) - p.2.max(q.2);
                if r.trunks[p.0] != r.trunks[q.0] && (p.1 - q.1).abs() < apart && together > 1.0 {
                    found.push(format!(
                        "close: lines {} and {} run {:.1} apart for {together:.0} at {:.0} from {:.0} (styles {} {})",
                        p.0,
                        q.0,
                        (p.1 - q.1).abs(),
                        p.1,
                        p.2.max(q.2),
                        all[p.0].style,
                        all[q.0].style
                    ));
                }
            }
        }
    }
    found
}

/// What of the labels of a result is not as promised.
pub(super) fn labels(all: &[Connection], r: &Routed) -> Vec<String> {
    let mut found = Vec::new();
    let placed: Vec<(usize, Rect)> =
        r.labels.iter().enumerate().filter_map(|(i, l)| l.filter(|l| l.owner == i).map(|l| (i, l.rect))).collect();
    for (i, c) in all.iter().enumerate() {
        match (c.label, r.labels[i]) {
            (Some(tag), Some(label)) => {
                let on = r.lines[i].windows(2).any(|p| hits(&label.rect, p[0], p[1], -label.rect.h / 2.0 + 0.1));
                if !on {
                    found.push(format!("label of {i} is not on its line"));
                }
                if (label.rect.w - tag.w).abs() > 0.01 || all[label.owner].label.is_none_or(|t| t.text != tag.text) {
                    found.push(format!("label of {i} is not what was asked for"));
                }
            }
            (None, None) => {}
            (a, b) => found.push(format!("label of {i} is {b:?} for {a:?}")),
        }
    }
    for (k, (i, rect)) in placed.iter().enumerate() {
        for (j, other) in &placed[k + 1..] {
            if overlap(rect, other, 0.1) {
                found.push(format!("labels {i} and {j} overlap"));
            }
        }
        for (c, card) in r.placed.cards.iter().enumerate() {
            if overlap(rect, card, 0.1) {
                found.push(format!("label {i} lies on card {c}"));
            }
        }
        for (j, line) in r.lines.iter().enumerate() {
            let (a, b) = (&all[*i], &all[j]);
            let shares = r.labels[j].is_some_and(|l| l.owner == *i) || (a.from == b.from && a.to == b.to);
            if !shares && line.windows(2).any(|p| hits(rect, p[0], p[1], -0.5)) {
                found.push(format!("label {i} lies on line {j}"));
            }
        }
    }
    found
}
