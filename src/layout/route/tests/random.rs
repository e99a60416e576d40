//! Placed pictures at random, and the test that the router keeps its promises for them.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::RngSeed;

use super::properties::problems;
use crate::layout::Rect;
use crate::layout::route::{Budget, Connection, End, FrameBox, Placed, Port, Tag, route};

/// What a random picture is made of.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// Frames in a row.
    pub across: usize,
    /// For each frame: columns, composites, whether it is drawn.
    pub frames: Vec<(usize, usize, bool)>,
    /// Connections: two cards, style, label; taken modulo what there is.
    pub lines: Vec<(u16, u16, u8, u8)>,
    pub seed: u32,
}

pub(super) fn recipe(frames: usize, cards: usize, lines: usize) -> impl Strategy<Value = Recipe> {
    let frame = (1..4usize, 1..=cards, prop::bool::weighted(0.8));
    let line = (any::<u16>(), any::<u16>(), 0..3u8, 0..8u8);
    (1..4usize, prop::collection::vec(frame, 1..=frames), prop::collection::vec(line, 0..=lines), any::<u32>())
        .prop_map(|(across, frames, lines, seed)| Recipe { across, frames, lines, seed })
}

struct Dice(u32);

impl Dice {
    fn roll(&mut self, from: u32, to: u32) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(from + (self.0 >> 8) % (to - from + 1))
    }
}

/// The picture of a recipe: frames in rows, composites in columns.
pub(super) fn picture(recipe: &Recipe) -> (Placed, Vec<Connection>) {
    let mut dice = Dice(recipe.seed);
    let mut placed = Placed::default();
    let (mut x, mut y, mut below) = (0.0, 0.0, 0.0f64);
    for (i, (columns, composites, framed)) in recipe.frames.iter().enumerate() {
        if i % recipe.across == 0 {
            (x, y) = (dice.roll(0, 60), below + dice.roll(18, 50));
        }
        let frame = framed.then_some(placed.frames.len());
        let (right, bottom) = column_frame(&mut placed, &mut dice, (x, y), (*columns, *composites), frame);
        if *framed {
            let rect = Rect { x, y, w: right + 10.0 - x, h: bottom + 10.0 - y };
            let title = Rect { x: x + 8.0, y: y + 4.0, w: dice.roll(30, 120).min(rect.w - 16.0), h: 16.0 };
            placed.frames.push(FrameBox { rect, title, parent: None });
        }
        below = below.max(bottom + 10.0);
        x = right + 10.0 + dice.roll(18, 60);
    }
    let n = placed.cards.len();
    let labeled = !recipe.seed.is_multiple_of(4);
    let mut lines = Vec::new();
    for (a, b, style, label) in &recipe.lines {
        let end = |c: u16| End { card: usize::from(c) % n, port: Port::Free };
        let width = 20.0 + f64::from(*label) * 6.0;
        let label = (labeled && *label > 2).then_some(Tag { w: width, h: 18.0, text: u32::from(*label) });
        let from = end(*a);
        // Cards with rows have no lines to themselves, and labels and loops make for pictures of their own.
        let has_rows = from.card % 3 == 0;
        if end(*b).card == from.card && (has_rows || labeled) {
            continue;
        }
        let row = placed.cards[from.card].y + placed.cards[from.card].h - 12.0;
        let port = if has_rows && *style == 2 { Port::Row { y: row } } else { Port::Free };
        lines.push(Connection { from: End { port, ..from }, to: end(*b), style: u32::from(*style), label });
    }
    (placed, lines)
}

fn column_frame(
    placed: &mut Placed,
    dice: &mut Dice,
    at: (f64, f64),
    (columns, composites): (usize, usize),
    frame: Option<usize>,
) -> (f64, f64) {
    let (mut x, mut bottom) = (at.0 + 10.0, at.1 + 24.0);
    let each = composites.div_ceil(columns);
    for column in 0..columns {
        let mut y = at.1 + 26.0 + dice.roll(0, 30);
        let mut right = x + 40.0;
        for _ in (column * each)..((column + 1) * each).min(composites) {
            let composite = placed.composites.last().map_or(0, |c| c + 1);
            for _ in 0..dice.roll(1, 2) as usize {
                let rect = Rect { x, y, w: dice.roll(80, 180), h: dice.roll(34, 80) };
                placed.cards.push(rect);
                placed.composites.push(composite);
                placed.frame_of.push(frame);
                right = right.max(rect.right());
                y = rect.bottom() + 8.0;
            }
            bottom = bottom.max(y - 8.0);
            y += dice.roll(8, 40);
        }
        x = right + dice.roll(16, 60);
        if column + 1 == columns {
            x = right;
        }
    }
    (x, bottom)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 80, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn lines_keep_all_promises(recipe in recipe(5, 6, 12)) {
        let (placed, lines) = picture(&recipe);
        let routed = route(&placed, &lines, &mut Budget::new(10_000_000));
        prop_assert_eq!(problems(&placed, &lines, &routed), Vec::<String>::new());
        prop_assert_eq!(routed.plain, 0);
        prop_assert_eq!(&route(&placed, &lines, &mut Budget::new(10_000_000)), &routed);
    }

    #[test]
    fn without_a_budget_lines_are_plain_but_right(recipe in recipe(5, 6, 12), steps in 0..200u64) {
        let (placed, lines) = picture(&recipe);
        let routed = route(&placed, &lines, &mut Budget::new(steps));
        prop_assert_eq!(problems(&placed, &lines, &routed), Vec::<String>::new());
    }

    #[test]
    fn a_single_line_makes_no_detour_in_open_space(from in 0..9usize, to in 0..9usize, seed in any::<u32>()) {
        prop_assume!(from != to);
        let mut dice = Dice(seed);
        let mut placed = Placed::default();
        for i in 0..9u8 {
            let (x, y) = (f64::from(i % 3) * 300.0, f64::from(i / 3) * 200.0);
            placed.cards.push(Rect { x, y, w: dice.roll(120, 200), h: dice.roll(46, 90) });
            placed.composites.push(usize::from(i));
            placed.frame_of.push(None);
        }
        let end = |card| End { card, port: Port::Free };
        let line = Connection { from: end(from), to: end(to), style: 0, label: None };
        let routed = route(&placed, &[line], &mut Budget::new(1_000_000));
        let line = &routed.lines[0];
        let length: f64 = line.windows(2).map(|p| (p[0].x - p[1].x).abs() + (p[0].y - p[1].y).abs()).sum();
        let (a, b) = (line[0], line[line.len() - 1]);
        let direct = (a.x - b.x).abs() + (a.y - b.y).abs();
        // Neighbors of a neighbor are reached round it.
        let beyond = (from % 3 == to % 3 || from / 3 == to / 3) && from.abs_diff(to) > 1 && from.abs_diff(to) != 3;
        prop_assert!(length <= direct + 0.1 || beyond, "{length} for {direct}: {line:?}");
        prop_assert!(line.len() <= 6, "{line:?}");
    }
}

/// Of many pictures that are fuller than real ones: hardly a label without a free place, and hardly lines too close.
#[test]
fn labels_are_free_and_lines_apart() {
    let mut runner = proptest::test_runner::TestRunner::new(config());
    let (mut lines, mut labels, mut wrong, mut close) = (0, 0, 0, 0);
    for _ in 0..200 {
        let recipe = recipe(5, 6, 12).new_tree(&mut runner).unwrap().current();
        let (placed, all) = picture(&recipe);
        let routed = route(&placed, &all, &mut Budget::new(10_000_000));
        lines += all.len();
        labels += all.iter().filter(|c| c.label.is_some()).count();
        wrong += super::properties::labels(&all, &routed).len();
        close += super::properties::close_lines(&all, &routed, 3.9).len();
    }
    assert!(lines > 900 && labels > 300, "{lines} lines, {labels} labels");
    assert!(wrong * 100 <= labels, "{wrong} of {labels} labels");
    assert!(close * 100 <= lines, "{close} of {lines} lines");
}
