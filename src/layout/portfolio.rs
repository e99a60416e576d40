//! Tries several numbers of columns and frame widths and keeps the arrangement with the best score.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::graph::{EdgeKind, Graph};

use super::crossing;
use super::frame::{self, FramePlan};
use super::inner::{self, Book, Inner, Side};
use super::pack;
use super::route::{Plan, Routed, route, side, start_gutter};
use super::scene::Place;

/// Most columns that are tried.
const MAX_COLUMNS: usize = 8;
/// Most arrangements that are routed.
const MAX_TRIES: usize = 8;
/// Above this many nodes fewer arrangements are tried.
const MANY: usize = 500;
/// The aspect ratio aimed at: that of a page or slide.
const ASPECT: f64 = 1.6;
/// The engine recurses along chains; its threads get room for long ones, in bytes.
const STACK: usize = 256 << 20;

/// Placed components by component and the sides that its nets enter by.
type Memo = BTreeMap<(usize, Vec<Side>), Arc<Inner>>;

/// The best arrangement found, and what it is made of.
///
/// Sizes are cheap to know and links are not: all arrangements are ranked by size alone, and the most promising are routed until no
/// other can be better.
pub(super) fn best(book: &Book<'_>) -> (Plan, Routed) {
    let order = pack::order(book.graph, book.scene);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok();
    let mut memo = Memo::new();
    let nodes = book.graph.nodes().len();
    let scales: &[f64] = match (nodes > MANY, order.len()) {
        (true, _) => &[1.0],
        (false, 0 | 1) => &[0.5, 0.7, 0.85, 1.0, 1.2, 1.5],
        _ => &[0.6, 0.8, 1.0, 1.25],
    };
    let most = MAX_COLUMNS.min(order.len()).max(1);
    let shapes: Vec<Columns> = (1..=most)
        .map(Columns::Even)
        .chain(pack::layers(&order, book.scene, book.graph).map(Columns::Given))
        .collect();
    let first = inners(book, &vec![1; order.len()], 1, pool.as_ref(), &mut memo);
    let mut candidates: Vec<(f64, &Columns, f64, Plan)> = Vec::new();
    for shape in &shapes {
        for &scale in scales {
            let mut plan = arrange(book, &order, shape, scale, first.clone());
            refit(book, &mut plan, &order);
            let (w, h) = extent(&plan);
            let bound = size(w, h);
            if candidates.iter().all(|c| c.0 != bound) {
                candidates.push((bound, shape, scale, plan));
            }
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tries = if nodes > MANY { 3 } else { MAX_TRIES };
    // Whatever runs from left to right without a detour is always given a try.
    let layered = candidates.iter().position(|c| matches!(c.1, Columns::Given(_))).filter(|p| *p >= tries);
    if let Some(position) = layered {
        candidates.swap(position, tries - 1);
    }
    let mut best: Option<(f64, Plan, Routed)> = None;
    for (bound, shape, scale, mut plan) in candidates.into_iter().take(tries) {
        // Sides that links enter by change sizes a little, hence the tolerance.
        if best.as_ref().is_some_and(|(known, ..)| bound * 0.9 > *known) {
            continue;
        }
        // The side a link enters by depends on the columns, and what a frame needs depends on the sides: two rounds settle it.
        for _ in 0..2 {
            let inners = inners(book, &plan.column_of, plan.columns.len(), pool.as_ref(), &mut memo);
            let made = arrange(book, &order, shape, scale, inners);
            let settled = made.column_of == plan.column_of;
            plan = made;
            if settled {
                break;
            }
        }
        plan.inners = inners(book, &plan.column_of, plan.columns.len(), pool.as_ref(), &mut memo);
        refit(book, &mut plan, &order);
        let routed = route(book, &plan);
        let score = score(&routed) + 25.0 * foreign(book, &routed) as f64;
        if best.as_ref().is_none_or(|(known, ..)| score < *known) {
            best = Some((score, plan, routed));
        }
    }
    match best {
        Some((_, plan, routed)) => (plan, routed),
        // Unreachable while at least one arrangement is tried; an empty picture is still a picture.
        None => {
            let plan = Plan {
                columns: Vec::new(),
                column_of: Vec::new(),
                frames: Vec::new(),
                inners: Vec::new(),
            };
            let routed = route(book, &plan);
            (plan, routed)
        }
    }
}

/// Width and height of a plan without links and outside cards.
fn extent(plan: &Plan) -> (f64, f64) {
    let mut extent = (0.0, 0.0f64);
    for groups in &plan.columns {
        extent.0 += groups.iter().map(|&g| plan.frames[g].width).fold(0.0, f64::max) + 24.0;
        extent.1 = extent.1.max(groups.iter().map(|&g| plan.frames[g].height + 18.0).sum());
    }
    extent
}

/// What is minimised: the size the picture needs on a page of the wanted shape, in user units, and a little for long, backward ways.
fn score(routed: &Routed) -> f64 {
    size(routed.width, routed.height) + 0.04 * routed.length + 120.0 * routed.backward as f64
}

/// How often lines from different outsides cross between frames: each time someone might read a way in that is not there.
fn foreign(book: &Book<'_>, routed: &Routed) -> usize {
    let exposes = |net: usize| {
        let first = book.scene.nets[net].edges.first();
        first.is_some_and(|&e| book.graph.edge(e).2.kind() == EdgeKind::Exposes)
    };
    let lines = routed.paths.iter().filter(|((net, _), _)| exposes(*net));
    crossing::count(lines.map(|((net, _), line)| (*net, line.as_slice())))
}

/// The size that a picture needs on a page of the wanted shape, more for shapes that no page has.
fn size(width: f64, height: f64) -> f64 {
    let (w, h) = (width.max(1.0), height.max(1.0));
    let shown = w.max(h * ASPECT);
    let area = (w * h * ASPECT).sqrt();
    let aspect = w / h;
    let odd = if aspect > 2.5 {
        (aspect / 2.5 - 1.0) * 0.15
    } else if aspect < 0.7 {
        (0.7 / aspect - 1.0) * 0.3
    } else {
        0.0
    };
    (0.7 * shown + 0.3 * area) * (1.0 + odd.min(1.0))
}

/// Places every component for the sides that follow from the columns.
fn inners(book: &Book<'_>, column_of: &[usize], columns: usize, pool: Option<&rayon::ThreadPool>, memo: &mut Memo) -> Vec<Arc<Inner>> {
    let keys: Vec<(usize, Vec<Side>)> = (0..book.scene.components.len())
        .map(|component| {
            let this = &book.scene.components[component];
            let column = this.nodes.first().map_or(1, |&n| match book.scene.places[n] {
                Place::Inside(group) => column_of[group],
                _ => 1,
            });
            let sides = this
                .entering
                .iter()
                .map(|(net, _)| side(start_gutter(book, column_of, columns, *net), column));
            (component, sides.collect())
        })
        .collect();
    let missing: Vec<&(usize, Vec<Side>)> = keys.iter().filter(|k| !memo.contains_key(k)).collect();
    let place = |key: &&(usize, Vec<Side>)| Arc::new(inner::place(book, key.0, &key.1));
    let made: Vec<Arc<Inner>> = match pool {
        Some(pool) => pool.install(|| missing.par_iter().map(place).collect()),
        // Without threads of its own the engine might overflow the stack.
        None => {
            let plain = Book { budget: 0, ..*book };
            missing.iter().map(|k| Arc::new(inner::place(&plain, k.0, &k.1))).collect()
        }
    };
    let missing: Vec<(usize, Vec<Side>)> = missing.into_iter().cloned().collect();
    memo.extend(missing.into_iter().zip(made));
    keys.iter().filter_map(|k| memo.get(k).cloned()).collect()
}

/// How groups are put into columns.
enum Columns {
    /// Their sequence is cut into this many columns of much the same height.
    Even(usize),
    /// These.
    Given(Vec<Vec<usize>>),
}

impl Columns {
    fn count(&self) -> usize {
        match self {
            Columns::Even(count) => *count,
            Columns::Given(columns) => columns.len(),
        }
    }
}

fn arrange(book: &Book<'_>, order: &[usize], shape: &Columns, scale: f64, inners: Vec<Arc<Inner>>) -> Plan {
    let columns = shape.count();
    let area: f64 = inners.iter().map(|i| (i.width + 30.0) * (i.height + 18.0)).sum();
    let target = ((area * 1.15 * ASPECT).sqrt() / columns as f64 * scale).max(150.0);
    let frames = frames(book.graph, book, &inners, &vec![target; order.len()]);
    let heights: Vec<f64> = order.iter().map(|&g| frames[g].height + 18.0).collect();
    let mut plan = Plan {
        columns: Vec::new(),
        column_of: vec![1; order.len()],
        frames,
        inners,
    };
    match shape {
        Columns::Given(given) => plan.columns.clone_from(given),
        Columns::Even(_) => {
            let mut rest = order;
            for run in pack::cut(&heights, columns) {
                let (groups, after) = rest.split_at(run);
                plan.columns.push(groups.to_vec());
                rest = after;
            }
        }
    }
    for (index, groups) in plan.columns.iter().enumerate() {
        for &group in groups {
            plan.column_of[group] = index + 1;
        }
    }
    plan
}

/// Arranges every frame again, now that the width of its column is known.
fn refit(book: &Book<'_>, plan: &mut Plan, order: &[usize]) {
    let mut target = vec![0.0f64; order.len()];
    for groups in &plan.columns {
        let width = groups.iter().map(|&g| plan.frames[g].width).fold(0.0, f64::max);
        for &group in groups {
            target[group] = width;
        }
    }
    plan.frames = frames(book.graph, book, &plan.inners, &target);
}

fn frames(graph: &Graph, book: &Book<'_>, inners: &[Arc<Inner>], target: &[f64]) -> Vec<FramePlan> {
    let one = |(group, components): (usize, &Vec<usize>)| {
        let parts: Vec<(usize, &Inner)> = components.iter().map(|&c| (c, inners[c].as_ref())).collect();
        frame::pack(&graph.groups()[group].name, &parts, target[group])
    };
    book.scene.groups.iter().enumerate().map(one).collect()
}
