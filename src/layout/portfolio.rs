//! Tries several numbers of columns and frame widths and keeps the arrangement with the best score.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use rayon::prelude::*;

use super::frame::{self, FramePlan, Rows};
use super::inner::{self, Book, Form, Inner, Lines, Services, Share, Side};
use super::nested;
use super::pack;
use super::page::{ASPECT, MANY, Page};
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
/// The engine recurses along chains; its threads get room for long ones, in bytes.
const STACK: usize = 256 << 20;

/// Placed components by component, the sides that its nets enter by, and its form.
type Memo = BTreeMap<Key, Arc<Inner>>;
type Key = (usize, Vec<Side>, Form);

/// Threads for the engine, which all layouts of the process share; `None` if the system has none to give.
pub(super) fn threads() -> Option<&'static rayon::ThreadPool> {
    static POOL: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok()
    });
    POOL.as_ref()
}

/// How many arrangements are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tries {
    Many,
    /// For the inside of a frame, of which there may be many in several forms.
    Few,
}

/// The best arrangement found, with its inputs.
pub(super) fn best(book: &Book<'_>, tries: Tries) -> (Plan, Routed) {
    let (_, plan, routed) = best_of(book, &[], tries);
    (plan, routed)
}

/// The best arrangement of all that are found for several ways to see the same graph, and which of these it belongs to.
pub(super) fn best_of<'a, 'b>(
    first: &'b Book<'a>,
    others: &'b [Book<'a>],
    tries: Tries,
) -> (&'b Book<'a>, Plan, Routed) {
    let mut best: Option<(&Book<'_>, Found)> = None;
    for book in others.iter().chain([first]) {
        let known = best.as_ref().map(|(_, found)| found.score);
        if let Some(found) = search(book, tries, known) {
            best = Some((book, found));
        }
    }
    let (book, (plan, routed)) =
        best.map_or_else(|| (first, empty(first)), |(book, found)| (book, (found.plan, found.routed)));
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

/// The best arrangement, if it is better than the known one.
///
/// Sizes are cheap to know and links are not: all arrangements are ranked by size alone, and the most promising are
/// routed until no other can be better.
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
    let layered = candidates.iter().position(|c| matches!(c.shape, Columns::Given(_))).filter(|p| *p >= tries);
    if let Some(position) = layered {
        candidates.swap(position, tries - 1);
    }
    let backs: &[Back] = if is_banded(book) { &[Back::Turn] } else { &[Back::Straight, Back::Turn] };
    let mut best: Option<Found> = None;
    for candidate in candidates.into_iter().take(tries) {
        let least = best.as_ref().map(|b| b.score).or(known).unwrap_or(f64::INFINITY);
        // Sides that links enter by change sizes a little, hence the tolerance.
        if candidate.bound * 0.9 > least {
            continue;
        }
        for &back in backs {
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

/// Whether small frames stand in a band below a large one: it is entered from the left, by lines that lead around the
/// large one. Insides of frames have no bands, though their own cards may stand without a frame.
fn is_banded(book: &Book<'_>) -> bool {
    book.room.is_none() && book.scene.frames.iter().any(Option::is_none)
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
    let shapes: Vec<Columns> =
        (1..=most).map(Columns::Even).chain(pack::layers(order, book.scene, book.graph).map(Columns::Given)).collect();
    let stackable = !many && (0..book.scene.components.len()).any(|c| inner::stackable(book, c));
    let mut forms = vec![Form::default()];
    if stackable {
        forms.push(Form { services: Services::Above, ..Form::default() });
    }
    if !many && (0..book.scene.components.len()).any(|c| book.scene.components[c].nested && !nested::is_band(book, c)) {
        let narrow = |share: Share| forms.iter().map(move |form| Form { share, ..*form }).collect::<Vec<_>>();
        let more = [narrow(Share::Half), narrow(Share::Third)].concat();
        forms.extend(more);
    }
    let open =
        |c: &usize| !book.scene.components[*c].entering.is_empty() || !book.scene.components[*c].leaving.is_empty();
    let crowded = !many && book.scene.groups.iter().any(|g| g.iter().filter(|c| open(c)).count() > CROWD);
    let outsides: &[Outside] = if page.left + page.right == 0.0 || book.room.is_some() {
        &[Outside::Beside]
    } else if page.right == 0.0 {
        &[Outside::Beside, Outside::Stacked]
    } else {
        &[Outside::Beside, Outside::Below, Outside::Stacked]
    };
    let densities: &[Rows] = if crowded { &[Rows::Single, Rows::Dense, Rows::Fitted] } else { &[Rows::Single] };
    let (back, lanes) = if is_banded(book) { (Back::Turn, GUTTER) } else { (Back::default(), 0.0) };
    let mut placed = |form: Form| {
        let ways = Ways { form, back, ..Ways::default() };
        inners(book, &vec![1; order.len()], 1, ways, memo)
    };
    let mut firsts: Vec<(Form, Vec<Arc<Inner>>)> = forms.into_iter().map(|form| (form, placed(form))).collect();
    // Lines are broken only where they are wider than the page however their Services stand.
    let long = |c: usize| firsts.iter().all(|(_, inners)| inners.get(c).is_some_and(|i| i.width > page.room));
    if !many && (0..book.scene.components.len()).any(|c| long(c) && inner::breakable(book, c)) {
        let forms: Vec<Form> = firsts.iter().map(|(form, _)| Form { lines: Lines::Two, ..*form }).collect();
        firsts.extend(forms.into_iter().map(|form| (form, placed(form))));
    }
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for ((form, first), shape) in firsts.iter().flat_map(|f| shapes.iter().map(move |shape| (f, shape))) {
        let area: f64 = first.iter().map(|i| (i.width + 30.0) * (i.height + 18.0)).sum();
        let columns = shape.count() as f64;
        let even = (area * 1.15 * ASPECT).sqrt() / columns;
        // As wide as the page allows.
        let wide = |room: f64| move |o: &Outside| (room - page.beside(*o) - GUTTER * (columns - 1.0)) / columns;
        let full = outsides.iter().map(wide(page.room)).chain(outsides.iter().take(1).map(wide(page.most - lanes)));
        let mut targets: Vec<Target> = scales.iter().map(|s| even * s).chain(full.clone()).map(Target::Each).collect();
        if !many && shape.count() > 1 {
            let together = [even, 1.35 * even, 1.8 * even].into_iter().chain(full);
            targets.extend(together.map(|w| Target::Together(w * columns)));
        }
        let all = targets.iter().flat_map(|t| densities.iter().map(|r| (*t, *r)));
        jobs.extend(all.map(|(target, rows)| Job { form: *form, first, shape, target, rows }));
    }
    let sized = |job: &Job<'_>| job.candidates(book, order, page, outsides);
    let all: Vec<Vec<Candidate>> = match book.pool {
        Some(pool) => pool.install(|| jobs.par_iter().map(sized).collect()),
        None => jobs.iter().map(sized).collect(),
    };
    let mut found: Vec<Candidate> = Vec::new();
    for candidate in all.into_iter().flatten() {
        if found.iter().all(|c| c.size != candidate.size) {
            found.push(candidate);
        }
    }
    found
}

/// An arrangement of which the size is to be known, without outside cards.
struct Job<'a> {
    form: Form,
    /// The components in that form, as if there were one column.
    first: &'a [Arc<Inner>],
    shape: &'a Columns,
    target: Target,
    rows: Rows,
}

impl Job<'_> {
    /// With outside cards in each place where they fit.
    fn candidates(&self, book: &Book<'_>, order: &[usize], page: &Page, outsides: &[Outside]) -> Vec<Candidate> {
        let Job { form, target, rows, .. } = *self;
        let ways = Ways { rows, form, ..Ways::default() };
        let mut plan = arrange(book, order, self.shape, target, self.first.to_vec(), ways);
        refit(book, &mut plan);
        let mut found = Vec::new();
        for &outside in outsides {
            plan.ways.outside = outside;
            if fits(book, &plan) {
                let size = page.extent(&plan);
                found.push(Candidate {
                    bound: page.size(size.0, size.1) * reading(&plan),
                    shape: self.shape.clone(),
                    target,
                    outside,
                    rows,
                    form,
                    size,
                });
            }
        }
        found
    }
}

/// Arranges and routes a candidate.
fn settle(book: &Book<'_>, order: &[usize], candidate: &Candidate, back: Back, memo: &mut Memo) -> (Plan, Routed) {
    let Candidate { outside, rows, form, .. } = *candidate;
    let ways = Ways { outside, back, rows, form };
    let columns = candidate.shape.count();
    let mut column_of = vec![1; order.len()];
    let first = inners(book, &column_of, columns, ways, memo);
    let mut plan = arrange(book, order, &candidate.shape, candidate.target, first, ways);
    // The side a link enters by depends on the columns, and what a frame needs depends on the sides: two rounds settle
    // it.
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
    let mut missing: Vec<&Key> = keys.iter().filter(|k| !memo.contains_key(k)).collect();
    // What takes longest comes first, so that no thread is left with it in the end.
    missing.sort_by_key(|k| std::cmp::Reverse(book.scene.components[k.0].nodes.len()));
    let place = |key: &&Key| Arc::new(inner::place(book, key.0, &key.1, key.2));
    let made: Vec<Arc<Inner>> = match book.pool {
        Some(pool) => pool.install(|| missing.par_iter().with_max_len(1).map(place).collect()),
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

fn arrange(
    book: &Book<'_>,
    order: &[usize],
    shape: &Columns,
    target: Target,
    inners: Vec<Arc<Inner>>,
    ways: Ways,
) -> Plan {
    let columns = shape.count();
    let each = match target {
        Target::Each(width) => width,
        Target::Together(width) => width / columns as f64,
    };
    let frames = frames(book, &inners, &vec![each.max(150.0); order.len()], ways.rows);
    let heights: Vec<f64> = order.iter().map(|&g| frames[g].height + 18.0).collect();
    let mut plan = Plan { columns: Vec::new(), column_of: vec![1; order.len()], frames, inners, ways };
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
