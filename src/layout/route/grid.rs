//! The places where lines may run: tracks beside blocks and frames and before cards, and the graph of their crossings.

use std::collections::BTreeSet;

use super::scene::{Block, CLEAR, CORNER, Scene};

/// No vertex.
pub(super) const NONE: u32 = u32::MAX;
/// No frame.
pub(super) const OPEN: u32 = u32::MAX;

/// A side of a box: right, bottom, left, top. Also a direction.
pub(super) type Side = usize;

/// The axis of a direction.
pub(super) fn axis_of(side: Side) -> usize {
    side % 2
}

/// Whether a direction goes to larger coordinates.
pub(super) fn is_forward(side: Side) -> bool {
    side < 2
}

/// A stretch of a straight line on which lines may run.
#[derive(Clone, Debug)]
struct Track {
    axis: usize,
    at: f64,
    lo: f64,
    hi: f64,
    /// The block at which it ends.
    ends: [Option<usize>; 2],
    /// Must stay where it is: the row of a card.
    row: bool,
    /// Distance to what is beside it is small.
    narrow: bool,
    /// It may run elsewhere in its channel.
    loose: bool,
}

/// Additional heights and rows that connections ask for.
pub(super) struct Wishes {
    /// A row of a card, to the right.
    pub rows: Vec<(usize, f64)>,
    /// Straight lines between two cards: axis, where, and a point in between.
    pub straights: Vec<(usize, f64, f64)>,
}

/// The graph of crossings.
pub(super) struct Grid {
    pub at: Vec<[f64; 2]>,
    /// Neighbors by direction.
    pub next: Vec<[u32; 4]>,
    /// The frame in which the way to the right neighbor, and to that below, lies.
    pub frames: Vec<[u32; 2]>,
    /// Whether the way to the right neighbor, and to that below, is narrow.
    pub narrow: Vec<[bool; 2]>,
    /// For each composite the vertices on its border: side and vertex.
    pub ports: Vec<Vec<(Side, u32)>>,
}

impl Grid {
    pub fn new(scene: &Scene, wishes: &Wishes) -> Grid {
        let tracks = tracks(scene, wishes);
        let mut grid =
            Grid { at: vec![], next: vec![], frames: vec![], narrow: vec![], ports: vec![vec![]; scene.hulls.len()] };
        let mut on: Vec<Vec<(f64, u32)>> = vec![Vec::new(); tracks.len()];
        grid.cross(&tracks, &mut on);
        grid.end_at_cards(scene, &tracks, &mut on);
        for (track, vertices) in tracks.iter().zip(&mut on) {
            vertices.sort_by(|a, b| a.0.total_cmp(&b.0));
            vertices.dedup_by_key(|v| v.1);
            for pair in vertices.windows(2) {
                grid.link(scene, track, pair[0].1, pair[1].1);
            }
        }
        grid
    }

    fn vertex(&mut self, at: [f64; 2]) -> u32 {
        self.at.push(at);
        self.next.push([NONE; 4]);
        self.frames.push([OPEN; 2]);
        self.narrow.push([false; 2]);
        self.at.len() as u32 - 1
    }

    /// Makes a vertex of every crossing of two tracks, in a sweep to the right.
    fn cross(&mut self, tracks: &[Track], on: &mut [Vec<(f64, u32)>]) {
        let key = |v: f64| (v * 100.0).round() as i64;
        let mut events: Vec<(i64, u8, usize)> = Vec::new();
        for (i, t) in tracks.iter().enumerate() {
            if t.axis == 0 {
                events.push((key(t.lo), 0, i));
                events.push((key(t.hi), 2, i));
            } else {
                events.push((key(t.at), 1, i));
            }
        }
        events.sort_unstable();
        let mut active: BTreeSet<(i64, usize)> = BTreeSet::new();
        for (_, kind, i) in events {
            let t = &tracks[i];
            match kind {
                0 => _ = active.insert((key(t.at), i)),
                2 => _ = active.remove(&(key(t.at), i)),
                _ => {
                    for &(_, h) in active.range((key(t.lo), 0)..=(key(t.hi), usize::MAX)) {
                        let y = tracks[h].at;
                        // Tracks that meet at their ends share the place.
                        let same = |last: Option<&(f64, u32)>, at: f64| last.filter(|l| l.0 > at - 0.01).map(|l| l.1);
                        let v = match (same(on[h].last(), t.at), same(on[i].last(), y)) {
                            (None, None) => self.vertex([t.at, y]),
                            (Some(v), _) | (_, Some(v)) => v,
                        };
                        on[i].push((y, v));
                        on[h].push((t.at, v));
                    }
                }
            }
        }
    }

    /// Makes vertices where tracks end at composites.
    fn end_at_cards(&mut self, scene: &Scene, tracks: &[Track], on: &mut [Vec<(f64, u32)>]) {
        for (i, t) in tracks.iter().enumerate() {
            for (end, along) in [(0, t.lo), (1, t.hi)] {
                let Some(hull) = t.ends[end].filter(|b| *b < scene.hulls.len()) else { continue };
                let b = &scene.hulls[hull];
                let border = if end == 0 { b.hi[t.axis] } else { b.lo[t.axis] };
                let inside = t.at > b.lo[1 - t.axis] && t.at < b.hi[1 - t.axis];
                if (border - along).abs() > 0.01 || !inside {
                    continue;
                }
                let v = match on[i].iter().find(|(a, _)| (a - along).abs() < 0.01) {
                    Some((_, v)) => *v,
                    None => {
                        let v = self.vertex(if t.axis == 0 { [along, t.at] } else { [t.at, along] });
                        on[i].push((along, v));
                        v
                    }
                };
                // A track that ends to the left of a card ends at its left side.
                let side = match (t.axis, end) {
                    (0, 0) => 0,
                    (0, _) => 2,
                    (_, 0) => 1,
                    _ => 3,
                };
                self.ports[hull].push((side, v));
            }
        }
    }

    fn link(&mut self, scene: &Scene, track: &Track, a: u32, b: u32) {
        let (a, b, axis) = (a as usize, b as usize, track.axis);
        self.next[a][axis] = b as u32;
        self.next[b][axis + 2] = a as u32;
        let middle = [0, 1].map(|k| (self.at[a][k] + self.at[b][k]) / 2.0);
        self.frames[a][axis] = scene.frame_at(middle).map_or(OPEN, |f| f as u32);
        self.narrow[a][axis] = track.narrow;
    }

    /// The ports of a card: the vertices on its border that a line can reach straight from outside its composite.
    pub fn ports_of(&self, scene: &Scene, card: usize) -> Vec<(Side, u32)> {
        let hull = scene.hull_of[card];
        let b = &scene.cards[card];
        let free = |side: Side, at: [f64; 2]| {
            let axis = axis_of(side);
            let other = 1 - axis;
            let fits = at[other] >= b.lo[other] + CORNER - 0.01 && at[other] <= b.hi[other] - CORNER + 0.01;
            let slim = b.hi[other] - b.lo[other] < 2.0 * CORNER && (at[other] - b.middle(other)).abs() < 1.0;
            let before = |s: &Block| if is_forward(side) { s.lo[axis] >= b.hi[axis] } else { s.hi[axis] <= b.lo[axis] };
            (fits || slim) && !scene.members[hull].iter().any(|m| *m != card && before(&scene.cards[*m]))
        };
        self.ports[hull].iter().copied().filter(|(side, v)| free(*side, self.at[*v as usize])).collect()
    }
}

/// All tracks.
fn tracks(scene: &Scene, wishes: &Wishes) -> Vec<Track> {
    let mut found = Vec::new();
    for b in &scene.hulls {
        (0..4).for_each(|side| found.extend(beside(scene, b, side, true)));
    }
    for b in &scene.frames {
        (0..4).for_each(|side| found.extend(beside(scene, b, side, false)));
    }
    for (card, b) in scene.cards.iter().enumerate() {
        let hull = &scene.hulls[scene.hull_of[card]];
        for side in 0..4 {
            let axis = axis_of(side);
            let mut from = [b.middle(0), b.middle(1)];
            from[axis] = if is_forward(side) { hull.hi[axis] } else { hull.lo[axis] };
            found.push(before(scene, from, side, scene.hull_of[card]));
        }
    }
    for &(card, y) in &wishes.rows {
        let hull = scene.hull_of[card];
        let mut track = before(scene, [scene.hulls[hull].hi[0], y], 0, hull);
        track.row = true;
        found.push(track);
    }
    for &(axis, at, along) in &wishes.straights {
        let from = if axis == 0 { [along, at] } else { [at, along] };
        found.push(through(scene, from, axis));
    }
    for (axis, forward) in [(0, false), (0, true), (1, false), (1, true)] {
        let at = if forward { scene.bounds.hi[1 - axis] - 20.0 } else { scene.bounds.lo[1 - axis] + 20.0 };
        let (lo, hi) = (scene.bounds.lo[axis], scene.bounds.hi[axis]);
        found.push(Track { axis, at, lo, hi, ends: [None; 2], row: false, narrow: false, loose: false });
    }
    thinned(found)
}

/// Distance of a track from what it runs along where the channel is wide; in others it runs in the middle, so that what
/// lies on both sides shares it.
const BESIDE: f64 = 14.0;
const WIDE: f64 = 240.0;
/// A channel narrower than this costs more.
const NARROW: f64 = 15.0;

/// The track along a side of a box.
fn beside(scene: &Scene, b: &Block, side: Side, is_block: bool) -> Option<Track> {
    let axis = axis_of(side);
    let border = if is_forward(side) { b.hi[axis] } else { b.lo[axis] };
    let mut from = [b.middle(0), b.middle(1)];
    from[axis] = border;
    let room = scene.room(from, axis, is_forward(side));
    if room < if is_block { CLEAR + 1.0 } else { 6.0 } {
        return None;
    }
    let middle = if room > WIDE { BESIDE } else { room / 2.0 };
    let away = if is_block { middle.max(CLEAR + 0.5) } else { middle };
    from[axis] = if is_forward(side) { border + away } else { border - away };
    let mut track = through(scene, from, 1 - axis);
    track.narrow = room < NARROW;
    track.loose = true;
    Some(track)
}

/// The track from the border of a composite outwards.
fn before(scene: &Scene, from: [f64; 2], side: Side, hull: usize) -> Track {
    let axis = axis_of(side);
    let (end, block) = scene.ray(from, axis, is_forward(side));
    let at = from[1 - axis];
    if is_forward(side) {
        Track { axis, at, lo: from[axis], hi: end, ends: [Some(hull), block], row: false, narrow: false, loose: false }
    } else {
        Track { axis, at, lo: end, hi: from[axis], ends: [block, Some(hull)], row: false, narrow: false, loose: false }
    }
}

/// The longest track through a point.
fn through(scene: &Scene, from: [f64; 2], axis: usize) -> Track {
    let (hi, after) = scene.ray(from, axis, true);
    let (lo, first) = scene.ray(from, axis, false);
    Track { axis, at: from[1 - axis], lo, hi, ends: [first, after], row: false, narrow: false, loose: false }
}

/// Without tracks that lie close to a longer one.
fn thinned(mut tracks: Vec<Track>) -> Vec<Track> {
    const CLOSE: f64 = 5.0;
    // The longest first: what stays may replace what comes later.
    tracks.retain(|t| t.hi - t.lo > 0.5);
    tracks.sort_by(|a, b| {
        let key = |t: &Track| (!t.row, -(t.hi - t.lo), t.axis, t.at, t.lo);
        key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut kept: Vec<Track> = Vec::new();
    let mut near: [std::collections::BTreeMap<i64, Vec<usize>>; 2] = Default::default();
    for t in tracks {
        let slot = (t.at / CLOSE).floor() as i64;
        let close = if t.loose { 3.0 * CLOSE } else { CLOSE };
        let covered = near[t.axis].range(slot - 3..=slot + 3).flat_map(|(_, v)| v).any(|k| {
            let k: &Track = &kept[*k];
            // A track of a row serves that row; another may not stand for it.
            let same = (k.at - t.at).abs() < if t.row { 0.01 } else { close };
            same && k.lo <= t.lo + 0.01 && k.hi >= t.hi - 0.01
        });
        if !covered {
            near[t.axis].entry(slot).or_default().push(kept.len());
            kept.push(t);
        }
    }
    kept
}
