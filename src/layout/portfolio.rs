//! Tries several numbers of columns and frame widths and keeps the arrangement with the best score.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::graph::EdgeKind;

use super::TextRole;
use super::crossing;
use super::frame::{self, FramePlan, Rows};
use super::inner::{self, Aim, Book, Form, Inner, Lines, Room, Services, Share, Side};
use super::nested;
use super::pack;
use super::route::{Back, GUTTER, Orders, Outside, Plan, Routed, Ways, route, side, start_gutter};
use super::scene::Place;
use super::untangle::untangle;

/// Most columns that are tried.
const MAX_COLUMNS: usize = 8;
/// Most arrangements that are routed.
const MAX_TRIES: usize = 8;
const FEW_TRIES: usize = 4;
/// With more components than this that lines lead to from outside their frame, dense rows are tried.
const CROWD: usize = 3;
/// Above this many nodes fewer arrangements are tried.
const MANY: usize = 500;
/// The aspect ratio aimed at: that of a page or slide.
const ASPECT: f64 = 1.5;
/// Wider and higher shapes than these are avoided.
const WIDE: f64 = 2.3;
const HIGH: f64 = 0.8;
const HIGHEST: f64 = 0.72;
/// How much the width of a picture counts that is to be low.
const LOW: f64 = 0.05;
/// Width and height of the margins, with the legend.
const FURNITURE: (f64, f64) = (16.0, 46.0);
/// Width of a legend as most pictures have it, and height of another line of it.
const LEGEND: f64 = 950.0;
const LEGEND_LINE: f64 = 18.0;
/// The engine recurses along chains; its threads get room for long ones, in bytes.
const STACK: usize = 256 << 20;

/// Placed components by component, the sides that its nets enter by, and its form.
type Memo = BTreeMap<Key, Arc<Inner>>;
type Key = (usize, Vec<Side>, Form);

/// Threads for the engine; `None` if the system has none to give.
pub(super) fn threads() -> Option<rayon::ThreadPool> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok()
}

/// How many arrangements are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tries {
    Many,
    /// For the inside of a frame, of which there may be many in several forms.
    Few,
}

/// The best arrangement found, and what it is made of.
pub(super) fn best(book: &Book<'_>, tries: Tries) -> (Plan, Routed) {
    let (_, plan, routed) = best_of(book, &[], tries);
    (plan, routed)
}

/// The best arrangement of all that are found for several ways to see the same graph, and which of these it belongs to.
pub(super) fn best_of<'a, 'b>(first: &'b Book<'a>, others: &'b [Book<'a>], tries: Tries) -> (&'b Book<'a>, Plan, Routed) {
    let mut best: Option<(&Book<'_>, Found)> = None;
    for book in others.iter().chain([first]) {
        let known = best.as_ref().map(|(_, found)| found.score);
        if let Some(found) = search(book, tries, known) {
            best = Some((book, found));
        }
    }
    let (book, (plan, routed)) = best.map_or_else(|| (first, empty(first)), |(book, found)| (book, (found.plan, found.routed)));
    let routed = untangle(book, &plan, routed, swaps(tries));
    (book, plan, routed)
}

/// How many exchanges of lines are tried in the end.
fn swaps(tries: Tries) -> usize {
    match tries {
        Tries::Many => 300,
        Tries::Few => 60,
    }
}

/// An arrangement with its score; less is better.
struct Found {
    score: f64,
    plan: Plan,
    routed: Routed,
}

/// The best arrangement, if it is better than what is known.
///
/// Sizes are cheap to know and links are not: all arrangements are ranked by size alone, and the most promising are routed until no
/// other can be better.
fn search(book: &Book<'_>, tries: Tries, known: Option<f64>) -> Option<Found> {
    let order = pack::order(book.graph, book.scene);
    let mut memo = Memo::new();
    let nodes = book.graph.nodes().len();
    let page = Page::of(book);
    let mut candidates = candidates(book, &order, &page, &mut memo);
    candidates.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    let tries = match (tries, nodes > MANY) {
        (Tries::Many, false) => MAX_TRIES,
        (Tries::Few, false) => FEW_TRIES,
        (Tries::Many, true) => 3,
        (Tries::Few, true) => 1,
    };
    // Whatever runs from left to right without a detour is always given a try.
    let layered = candidates
        .iter()
        .position(|c| matches!(c.shape, Columns::Given(_)))
        .filter(|p| *p >= tries);
    if let Some(position) = layered {
        candidates.swap(position, tries - 1);
    }
    let mut best: Option<Found> = None;
    for candidate in candidates.into_iter().take(tries) {
        let least = best.as_ref().map(|b| b.score).or(known).unwrap_or(f64::INFINITY);
        // Sides that links enter by change sizes a little, hence the tolerance.
        if candidate.bound * 0.9 > least {
            continue;
        }
        for back in [Back::Straight, Back::Turn] {
            let (plan, routed) = settle(book, &order, &candidate, back, &mut memo);
            let backward = routed.backward;
            let score = page.score(book, &routed) * reading(&plan);
            if score < best.as_ref().map(|b| b.score).or(known).unwrap_or(f64::INFINITY) {
                best = Some(Found { score, plan, routed });
            }
            if backward == 0 {
                break;
            }
        }
    }
    best
}

/// An empty picture is still a picture.
fn empty(book: &Book<'_>) -> (Plan, Routed) {
    let plan = Plan {
        columns: Vec::new(),
        column_of: Vec::new(),
        frames: Vec::new(),
        inners: Vec::new(),
        ways: Ways::default(),
    };
    let routed = route(book, &plan, &Orders::default());
    (plan, routed)
}

/// How wide columns shall be.
#[derive(Clone, Copy)]
enum Target {
    /// Each as wide as this.
    Each(f64),
    /// All together as wide as this, each as its content needs to be as high as the others.
    Together(f64),
}

/// An arrangement that may be tried.
struct Candidate {
    /// About the least score it can have.
    bound: f64,
    shape: Columns,
    target: Target,
    outside: Outside,
    rows: Rows,
    form: Form,
    /// Its size without lines, to tell it from others.
    size: (f64, f64),
}

fn candidates(book: &Book<'_>, order: &[usize], page: &Page, memo: &mut Memo) -> Vec<Candidate> {
    let many = book.graph.nodes().len() > MANY;
    let scales: &[f64] = match (many, order.len()) {
        (true, _) => &[1.0],
        (false, 0 | 1) => &[0.5, 0.7, 0.85, 1.0, 1.2, 1.5],
        _ => &[0.6, 0.8, 1.0, 1.25],
    };
    let most = MAX_COLUMNS.min(order.len()).max(1);
    let shapes: Vec<Columns> = (1..=most)
        .map(Columns::Even)
        .chain(pack::layers(order, book.scene, book.graph).map(Columns::Given))
        .collect();
    let stackable = !many && (0..book.scene.components.len()).any(|c| inner::stackable(book, c));
    let mut forms = vec![Form::default()];
    if stackable {
        forms.push(Form {
            services: Services::Above,
            ..Form::default()
        });
    }
    if !many && (0..book.scene.components.len()).any(|c| book.scene.components[c].nested && !nested::is_band(book, c)) {
        let narrow = |share: Share| forms.iter().map(move |form| Form { share, ..*form }).collect::<Vec<_>>();
        let more = [narrow(Share::Half), narrow(Share::Third)].concat();
        forms.extend(more);
    }
    let mut found: Vec<Candidate> = Vec::new();
    let open = |c: &usize| !book.scene.components[*c].entering.is_empty() || !book.scene.components[*c].leaving.is_empty();
    let crowded = !many && book.scene.groups.iter().any(|g| g.iter().filter(|c| open(c)).count() > CROWD);
    let outsides: &[Outside] = if page.left + page.right == 0.0 || book.room.is_some() {
        &[Outside::Beside]
    } else if page.right == 0.0 {
        &[Outside::Beside, Outside::Stacked]
    } else {
        &[Outside::Beside, Outside::Below, Outside::Stacked]
    };
    let densities: &[Rows] = if crowded {
        &[Rows::Single, Rows::Dense, Rows::Fitted]
    } else {
        &[Rows::Single]
    };
    // A band below a frame is entered from the left.
    let banded = book.room.is_none() && book.scene.frames.iter().any(Option::is_none);
    let back = if banded { Back::Turn } else { Back::default() };
    let mut placed = |form: Form| {
        let ways = Ways {
            form,
            back,
            ..Ways::default()
        };
        inners(book, &vec![1; order.len()], 1, ways, memo)
    };
    let mut firsts: Vec<(Form, Vec<Arc<Inner>>)> = forms.into_iter().map(|form| (form, placed(form))).collect();
    // Lines are broken only where they are wider than the page however their Services stand.
    let long = |c: usize| firsts.iter().all(|(_, inners)| inners.get(c).is_some_and(|i| i.width > page.room));
    if !many && (0..book.scene.components.len()).any(|c| long(c) && inner::breakable(book, c)) {
        let forms: Vec<Form> = firsts.iter().map(|(form, _)| Form { lines: Lines::Two, ..*form }).collect();
        firsts.extend(forms.into_iter().map(|form| (form, placed(form))));
    }
    for ((form, first), shape) in firsts.iter().flat_map(|f| shapes.iter().map(move |shape| (f, shape))) {
        let form = *form;
        let area: f64 = first.iter().map(|i| (i.width + 30.0) * (i.height + 18.0)).sum();
        let columns = shape.count() as f64;
        let even = (area * 1.15 * ASPECT).sqrt() / columns;
        // As wide as the page allows.
        let wide = |room: f64| move |o: &Outside| (room - page.beside(*o) - GUTTER * (columns - 1.0)) / columns;
        let full = outsides.iter().map(wide(page.room)).chain(outsides.iter().take(1).map(wide(page.most)));
        let mut targets: Vec<Target> = scales.iter().map(|s| even * s).chain(full.clone()).map(Target::Each).collect();
        if !many && shape.count() > 1 {
            let together = [even, 1.35 * even, 1.8 * even].into_iter().chain(full);
            targets.extend(together.map(|w| Target::Together(w * columns)));
        }
        for (target, rows) in targets.iter().flat_map(|t| densities.iter().map(|r| (*t, *r))) {
            let ways = Ways {
                rows,
                form,
                ..Ways::default()
            };
            let mut plan = arrange(book, order, shape, target, first.clone(), ways);
            refit(book, &mut plan);
            for &outside in outsides {
                plan.ways.outside = outside;
                let size = page.extent(&plan);
                if !fits(book, &plan) || found.iter().any(|c| c.size == size) {
                    continue;
                }
                found.push(Candidate {
                    bound: page.size(size.0, size.1) * reading(&plan),
                    shape: shape.clone(),
                    target,
                    outside,
                    rows,
                    form,
                    size,
                });
            }
        }
    }
    found
}

/// Arranges and routes a candidate.
fn settle(book: &Book<'_>, order: &[usize], candidate: &Candidate, back: Back, memo: &mut Memo) -> (Plan, Routed) {
    let Candidate { outside, rows, form, .. } = *candidate;
    let ways = Ways { outside, back, rows, form };
    let columns = candidate.shape.count();
    let mut column_of = vec![1; order.len()];
    let first = inners(book, &column_of, columns, ways, memo);
    let mut plan = arrange(book, order, &candidate.shape, candidate.target, first, ways);
    // The side a link enters by depends on the columns, and what a frame needs depends on the sides: two rounds settle it.
    for _ in 0..2 {
        column_of.clone_from(&plan.column_of);
        let inners = inners(book, &column_of, plan.columns.len(), ways, memo);
        plan = arrange(book, order, &candidate.shape, candidate.target, inners, ways);
        if plan.column_of == column_of {
            break;
        }
    }
    if plan.column_of != column_of {
        plan.inners = inners(book, &plan.column_of, plan.columns.len(), ways, memo);
        let widths: Vec<f64> = plan.frames.iter().map(|f| f.width).collect();
        plan.frames = frames(book, &plan.inners, &widths, rows);
    }
    refit(book, &mut plan);
    if !fits(book, &plan) {
        plan.ways.outside = Outside::Beside;
    }
    let routed = route(book, &plan, &Orders::default());
    (plan, routed)
}

/// From left to right is read more easily than from above.
fn reading(plan: &Plan) -> f64 {
    let outside = match plan.ways.outside {
        Outside::Beside => 1.0,
        Outside::Below => 1.08,
        Outside::Stacked => 1.2,
    };
    let rows = match plan.ways.rows {
        Rows::Single | Rows::Fitted => 1.0,
        Rows::Dense => 1.05,
    };
    let services = match plan.ways.form.services {
        Services::Beside => 1.0,
        Services::Above => 1.1,
    };
    let lines = match plan.ways.form.lines {
        Lines::One => 1.0,
        Lines::Two => 1.15,
    };
    outside * rows * services * lines
}

/// Whether every outside card that stands above or below the frames is narrower than all of them.
fn fits(book: &Book<'_>, plan: &Plan) -> bool {
    let content = plan.content();
    let rows = |p: &Place| !matches!(p, Place::Inside(_)) && plan.ways.outside.in_rows(*p);
    let mut cards = book.scene.places.iter().zip(book.cards).filter(|(p, _)| rows(p));
    cards.all(|(_, c)| c.width <= content)
}

/// What the picture is to be shown on, and what of it is known before anything is placed.
struct Page {
    /// The widest that the picture shall be and may be if its texts are to be read where it is shown, in user units.
    room: f64,
    most: f64,
    /// Width of outside cards on the left and on the right.
    left: f64,
    right: f64,
    /// Height of the outside cards on the left and on the right, if they stand in rows as wide as the page.
    rows: [f64; 2],
    /// Whether crossings are counted: not in huge pictures.
    counted: bool,
    aim: Aim,
}

impl Page {
    fn of(book: &Book<'_>) -> Page {
        let widest = |wanted: Place| {
            let all = book.scene.places.iter().zip(book.cards).filter(|(p, _)| **p == wanted);
            all.map(|(_, c)| c.width).fold(0.0, f64::max)
        };
        let nodes = book.graph.nodes().len();
        let Room { wanted: room, most, aim } = room(book);
        let (left, right) = (widest(Place::Left), widest(Place::Right));
        let rows = [Place::Left, Place::Right].map(|wanted| {
            let all = book.scene.places.iter().zip(book.cards).filter(|(p, _)| **p == wanted);
            let area: f64 = all.map(|(_, c)| c.width * (c.height() + 40.0)).sum();
            if area == 0.0 { 0.0 } else { 40.0 + area / room }
        });
        Page {
            room,
            most,
            left,
            right,
            rows,
            counted: nodes <= MANY,
            aim,
        }
    }

    /// Width of what stands beside the columns.
    fn beside(&self, outside: Outside) -> f64 {
        let sides = [(Place::Left, self.left), (Place::Right, self.right)]
            .into_iter()
            .filter(|(_, w)| *w > 0.0);
        sides.map(|(p, w)| GUTTER + if outside.in_rows(p) { 0.0 } else { w + 8.0 }).sum()
    }

    /// Width and height of a plan, without lines.
    fn extent(&self, plan: &Plan) -> (f64, f64) {
        let mut height = 0.0f64;
        for groups in &plan.columns {
            height = height.max(groups.iter().map(|&g| plan.frames[g].height + 18.0).sum());
        }
        let width = plan.content() + GUTTER * plan.columns.len().saturating_sub(1) as f64;
        let sides = [Place::Left, Place::Right].into_iter().zip(self.rows);
        let rows: f64 = sides.filter(|(p, _)| plan.ways.outside.in_rows(*p)).map(|(_, h)| h).sum();
        (width + self.beside(plan.ways.outside), height + rows)
    }

    /// What is minimised: the size the picture needs on a page of the wanted shape, in user units, and a little for long, backward
    /// and crossing ways.
    fn score(&self, book: &Book<'_>, routed: &Routed) -> f64 {
        let crossings = if self.counted {
            crossing::count(routed.paths.iter().map(|((net, _), line)| (*net, line.as_slice())))
        } else {
            0
        };
        self.size(routed.width, routed.height)
            + 0.04 * routed.length
            + 120.0 * routed.backward as f64
            + 30.0 * routed.turns as f64
            + 10.0 * crossings as f64
            + 25.0 * foreign(book, routed) as f64
    }

    /// The size that a picture needs on a page of the wanted shape, more if its texts become too small to read where it is shown, and
    /// for shapes that no page has.
    fn size(&self, width: f64, height: f64) -> f64 {
        let (w, h) = (width.max(1.0), height.max(1.0));
        if self.aim == Aim::Low {
            return (h * ASPECT + LOW * w) * (1.0 + beyond(w / self.most, 0.1, 4.0).min(4.0));
        }
        let shown = w.max(h * ASPECT);
        let area = (w * h * ASPECT).sqrt();
        let aspect = (w + FURNITURE.0) / (h + FURNITURE.1);
        let odd = if aspect > WIDE {
            (aspect / WIDE - 1.0) * 0.5
        } else {
            // The legend of a narrow picture takes more lines.
            let more = LEGEND_LINE * (LEGEND / w).floor().min(3.0);
            let least = (w + FURNITURE.0) / (h + FURNITURE.1 + more);
            beyond(HIGH / aspect, 0.0, 1.0) + beyond(HIGHEST / aspect, 0.15, 3.0) + beyond(0.7 / least, 0.3, 3.0)
        };
        let small = beyond(w / self.room, 0.03, 1.0) + beyond(w / self.most, 0.15, 3.0);
        (0.6 * shown + 0.4 * area) * (1.0 + odd.min(4.0) + small.min(4.0))
    }
}

/// What it costs that a ratio is above 1: at once, and by how much it is.
fn beyond(ratio: f64, once: f64, each: f64) -> f64 {
    if ratio > 1.0 { once + each * (ratio - 1.0) } else { 0.0 }
}

/// The widest that a picture of so many objects shall be and may be: shown 1,000 pixels wide, the smallest texts are to be 12 pixels high
/// up to 15 objects, 10 at 50 and 6 at 130, and as much as can be between these.
pub(super) fn room(book: &Book<'_>) -> Room {
    if let Some(given) = book.room {
        return given;
    }
    let nodes = book.graph.nodes().len();
    let n = nodes as f64;
    let (wanted, least) = match nodes {
        0..=15 => (12.1, 12.1),
        16..=50 => (12.1 - 1.9 * (n - 15.0) / 35.0, 12.1 - 2.0 * (n - 15.0) / 35.0),
        51..=90 => (10.1 - 4.0 * (n - 50.0) / 80.0, 10.1 - 4.0 * (n - 50.0) / 40.0),
        91..=130 => (10.1 - 4.0 * (n - 50.0) / 80.0, 6.05),
        _ => (6.1 * (130.0 / n).sqrt(), 6.1 * (130.0 / n).sqrt()),
    };
    let width = |pixels: f64| 1_000.0 * TextRole::Label.size() / pixels - FURNITURE.0;
    Room {
        wanted: width(wanted),
        most: width(least),
        aim: Aim::Page,
    }
}

/// Width of what stands beside the frames, if it does.
pub(super) fn beside(book: &Book<'_>) -> f64 {
    Page::of(book).beside(Outside::Beside)
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

/// Places every component for the sides that follow from the columns.
fn inners(book: &Book<'_>, column_of: &[usize], columns: usize, ways: Ways, memo: &mut Memo) -> Vec<Arc<Inner>> {
    let keys: Vec<Key> = (0..book.scene.components.len())
        .map(|component| {
            let this = &book.scene.components[component];
            let column = this.nodes.first().map_or(1, |&n| match book.scene.places[n] {
                Place::Inside(group) => column_of[group],
                _ => 1,
            });
            let sides = this
                .entering
                .iter()
                .map(|(net, _)| side(start_gutter(book, column_of, columns, *net), column, ways.back));
            (component, sides.collect(), ways.form.of(this.nested))
        })
        .collect();
    let missing: Vec<&Key> = keys.iter().filter(|k| !memo.contains_key(k)).collect();
    let place = |key: &&Key| Arc::new(inner::place(book, key.0, &key.1, key.2));
    let made: Vec<Arc<Inner>> = match book.pool {
        Some(pool) => pool.install(|| missing.par_iter().map(place).collect()),
        None => missing.iter().map(place).collect(),
    };
    let missing: Vec<Key> = missing.into_iter().cloned().collect();
    memo.extend(missing.into_iter().zip(made));
    keys.iter().filter_map(|k| memo.get(k).cloned()).collect()
}

/// How groups are put into columns.
#[derive(Clone)]
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

fn arrange(book: &Book<'_>, order: &[usize], shape: &Columns, target: Target, inners: Vec<Arc<Inner>>, ways: Ways) -> Plan {
    let columns = shape.count();
    let each = match target {
        Target::Each(width) => width,
        Target::Together(width) => width / columns as f64,
    };
    let frames = frames(book, &inners, &vec![each.max(150.0); order.len()], ways.rows);
    let heights: Vec<f64> = order.iter().map(|&g| frames[g].height + 18.0).collect();
    let mut plan = Plan {
        columns: Vec::new(),
        column_of: vec![1; order.len()],
        frames,
        inners,
        ways,
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
    if let Target::Together(width) = target {
        let content = |group: &usize| {
            let inners = book.scene.groups[*group].iter().map(|&c| &plan.inners[c]);
            inners.map(|i| (i.width + 30.0) * (i.height + 18.0)).sum::<f64>()
        };
        let area = |groups: &Vec<usize>| groups.iter().map(content).sum::<f64>();
        let all = plan.columns.iter().map(area).sum::<f64>().max(1.0);
        let mut targets = vec![0.0; order.len()];
        for groups in &plan.columns {
            let own = (width * area(groups) / all).max(150.0);
            groups.iter().for_each(|&g| targets[g] = own);
        }
        plan.frames = self::frames(book, &plan.inners, &targets, ways.rows);
    }
    plan
}

/// Arranges frames again, now that the width of their column is known. The widest ones have it.
fn refit(book: &Book<'_>, plan: &mut Plan) {
    for groups in &plan.columns {
        let width = groups.iter().map(|&g| plan.frames[g].width).fold(0.0, f64::max);
        for &group in groups {
            if plan.frames[group].width < width {
                plan.frames[group] = frame(book, &plan.inners, group, width, plan.ways.rows);
            }
        }
    }
}

fn frames(book: &Book<'_>, inners: &[Arc<Inner>], target: &[f64], rows: Rows) -> Vec<FramePlan> {
    let groups = 0..book.scene.groups.len();
    groups.map(|group| frame(book, inners, group, target[group], rows)).collect()
}

fn frame(book: &Book<'_>, inners: &[Arc<Inner>], group: usize, target: f64, rows: Rows) -> FramePlan {
    let parts: Vec<(usize, &Inner)> = book.scene.groups[group].iter().map(|&c| (c, inners[c].as_ref())).collect();
    frame::pack(book.scene.titles[group].as_ref(), &parts, target, rows)
}
