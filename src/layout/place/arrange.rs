//! From the innermost frames out: each is arranged in several widths, and the whole picture of these so that it fits
//! the page and lines are short. Then everything is arranged once more, with the heights of what lies outside each
//! frame.

use super::super::cards::card::CardPlan;
use super::super::cards::title::{TITLE_X, title_baseline, title_height};
use super::super::{Point, Rect};
use super::composite::Composites;
use super::forms::{Form, Ranking, WEIGHTS};
use super::level::{Block, Choice, Fill, Item, Level, Loose, Pull, Tie};
use super::page::Page;
use super::strain::{bent, strain, tangle};
use super::tree::{Part, Tree};
use crate::graph::{Graph, NodeKind};

/// Space between a frame and its contents, in user units.
const PAD: f64 = 16.0;
/// Space above the box of a title in its frame.
pub(in crate::layout) const TITLE_TOP: f64 = 4.0;
/// The shares of the page that frames are tried in.
const SHARES: [f64; 6] = [1.0, 0.7, 0.5, 0.38, 0.28, 0.18];
/// How much lines count against height for a form of a frame.
const CARES: [f64; 3] = [1.0, 5.0, 20.0];
/// With more nodes than this fewer arrangements are tried.
pub(in crate::layout) const MANY: usize = 400;
/// With more frames than this none is tried in another form than the rest.
const FEW_FRAMES: usize = 12;
/// With more lines than this their crossings are not counted.
const TANGLED: usize = 200;
/// Times that everything is arranged again with known heights.
const AGAIN: usize = 2;

/// The measured parts of a picture.
#[derive(Clone, Copy)]
pub(in crate::layout) struct Sizes<'a> {
    pub graph: &'a Graph,
    pub cards: &'a [CardPlan],
    pub composites: &'a Composites,
}

/// The places of all cards and frames.
#[derive(Clone, Debug, Default)]
pub(in crate::layout) struct Placement {
    /// For each node.
    pub cards: Vec<Rect>,
    /// Each before those that stand in it.
    pub frames: Vec<FramePlace>,
}

/// The place of a frame.
#[derive(Clone, Debug)]
pub(in crate::layout) struct FramePlace {
    /// The group in the graph.
    pub group: usize,
    /// Its box.
    pub rect: Rect,
    /// The box of its title.
    pub title: Rect,
    /// The lines of its title.
    pub lines: Vec<String>,
    /// The frame that it stands in.
    pub parent: Option<usize>,
}

/// An arrangement of an area that was tried.
struct Tried {
    choice: Choice,
    block: Block,
    strain: f64,
}

struct Placer<'a> {
    sizes: Sizes<'a>,
    tree: Tree,
    page: Page,
    distance: Vec<usize>,
    /// For each area its forms.
    forms: Vec<Vec<Form>>,
    /// Where cards are in the item of the level that is arranged.
    inside: Vec<Point>,
    /// The place of each card in the whole picture, once known.
    known: Option<Vec<Point>>,
    /// The place of each area's contents in the whole picture, once known.
    origins: Vec<Point>,
}

/// Gives every card and frame its place, in up to so many ways, the most promising first.
pub(in crate::layout) fn place(sizes: Sizes<'_>, page: Page, ways: usize) -> Vec<Placement> {
    let tree = Tree::of(sizes.graph, sizes.composites);
    let count = tree.areas.len();
    let mut placer = Placer {
        sizes,
        page,
        distance: distances(sizes.graph, sizes.composites),
        forms: vec![Vec::new(); count],
        inside: vec![Point::default(); sizes.cards.len()],
        known: None,
        origins: vec![Point::default(); count],
        tree,
    };
    for area in (1..count).rev() {
        placer.forms[area] = placer.frame_forms(area);
    }
    let forms = placer.forms.clone();
    let mut found: Vec<Placement> = Vec::new();
    for whole in placer.whole(ways) {
        placer.forms.clone_from(&forms);
        let placement = placer.finished(whole);
        if !found.iter().any(|known| known.cards == placement.cards) {
            found.push(placement);
        }
    }
    found
}

/// The distance of each composite from where traffic comes from, in connections.
fn distances(graph: &Graph, composites: &Composites) -> Vec<usize> {
    let count = composites.all.len();
    let mut out = vec![Vec::new(); count];
    for (from, to, _) in graph.edges() {
        out[composites.of[from]].push(composites.of[to]);
    }
    let starts = graph.nodes().enumerate().filter(|(_, n)| {
        matches!(n.kind(), NodeKind::Internet | NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route)
    });
    let mut distance = vec![usize::MAX; count];
    let mut queue = std::collections::VecDeque::new();
    for (node, kind) in starts.map(|(i, n)| (i, n.kind())) {
        let composite = composites.of[node];
        let own = usize::from(kind != NodeKind::Internet);
        if distance[composite] > own {
            distance[composite] = own;
            if own == 0 { queue.push_front(composite) } else { queue.push_back(composite) }
        }
    }
    while let Some(at) = queue.pop_front() {
        for &next in &out[at] {
            if distance[next] > distance[at] + 1 {
                distance[next] = distance[at] + 1;
                queue.push_back(next);
            }
        }
    }
    distance
}

impl Placer<'_> {
    /// The items of an area with the given forms of its frames; sets where cards are in them.
    fn items(&mut self, area: usize, inner: &[usize]) -> Vec<Item> {
        let parts = self.tree.areas[area].parts.clone();
        let mut items = Vec::with_capacity(parts.len());
        for (part, &form) in parts.iter().zip(inner) {
            match *part {
                Part::Composite(number) => {
                    let composite = &self.sizes.composites.all[number];
                    for (&card, &top) in composite.cards.iter().zip(&composite.tops) {
                        self.inside[card] = Point { x: 0.0, y: top };
                    }
                    let distance = self.distance[number];
                    items.push(Item { w: composite.w, h: composite.h, frame: false, distance });
                }
                Part::Area(number) => {
                    let form = &self.forms[number][form];
                    let mut distance = usize::MAX;
                    for &(card, at) in &form.cards {
                        self.inside[card] = at;
                        distance = distance.min(self.distance[self.sizes.composites.of[card]]);
                    }
                    items.push(Item { w: form.w, h: form.h, frame: true, distance });
                }
            }
        }
        items
    }

    /// The height of an end of an edge on its card.
    fn port(&self, card: usize, edge: usize, is_source: bool) -> f64 {
        let plan = &self.sizes.cards[card];
        let row = if is_source { plan.row_of(edge) } else { None };
        match row {
            Some(row) => {
                let above: f64 = plan.rows.iter().take(row).map(|r| r.height).sum();
                plan.header + above + plan.rows[row].height / 2.0
            }
            None => plan.height() / 2.0,
        }
    }

    fn ties(&self, area: usize) -> Vec<Tie> {
        let links = self.tree.areas[area].ties.iter();
        links
            .map(|link| {
                let (from, to, _) = self.sizes.graph.edge(link.edge);
                Tie {
                    from: link.from,
                    to: link.to,
                    from_y: self.inside[from].y + self.port(from, link.edge, true),
                    to_y: self.inside[to].y + self.port(to, link.edge, false),
                    row: self.sizes.cards[from].row_of(link.edge).is_some(),
                }
            })
            .collect()
    }

    fn pulls(&self, area: usize) -> Vec<Pull> {
        let pulls = self.tree.areas[area].pulls.iter();
        pulls
            .map(|pull| {
                let (from, to, _) = self.sizes.graph.edge(pull.edge);
                let (own, other) = if pull.enters { (to, from) } else { (from, to) };
                let y = self
                    .known
                    .as_ref()
                    .map(|known| known[other].y + self.port(other, pull.edge, pull.enters) - self.origins[area].y);
                Pull {
                    item: pull.item,
                    item_y: self.inside[own].y + self.port(own, pull.edge, !pull.enters),
                    enters: pull.enters,
                    y,
                }
            })
            .collect()
    }

    /// The forms of a frame, narrow ones and wide ones.
    fn frame_forms(&mut self, area: usize) -> Vec<Form> {
        let many = self.sizes.graph.nodes().len() > MANY;
        let parts = self.tree.areas[area].parts.clone();
        let mut forms: Vec<Form> = Vec::new();
        let mut last: Option<(Vec<usize>, Vec<Tried>)> = None;
        for share in SHARES.iter().step_by(if many { 2 } else { 1 }) {
            // Frames in it in their form for the same share.
            let limit = self.page.wanted * share - 2.0 * PAD;
            let inner: Vec<usize> = parts.iter().map(|p| self.fitting(*p, limit)).collect();
            let known = last.take().filter(|(same, _)| *same == inner).map(|(_, known)| known);
            let tried = self.tried(area, &inner, limit, known.unwrap_or_default());
            for care in CARES {
                // As low as the width allows.
                let cost = |t: &Tried| {
                    let over = (t.block.w / limit - 1.0).max(0.0);
                    (t.block.h + 0.25 * t.block.w) * (1.0 + 4.0 * over) + care * t.strain
                };
                if let Some(best) = tried.iter().min_by(|a, b| cost(a).total_cmp(&cost(b))) {
                    let form = self.form_of(area, best, &inner);
                    if !forms.iter().any(|f| f.w == form.w && f.h == form.h) {
                        forms.push(form);
                    }
                }
            }
            last = Some((inner, tried));
        }
        let worse = |a: &Form, b: &Form| b.w <= a.w && b.h <= a.h && b.strain <= a.strain && a.w + a.h > b.w + b.h;
        let mut kept = forms.iter().map(|a| !forms.iter().any(|b| worse(a, b))).collect::<Vec<_>>().into_iter();
        forms.retain(|_| kept.next().unwrap_or(true));
        forms
    }

    /// The form of a part that is not wider than a limit, or the narrowest.
    fn fitting(&self, part: Part, limit: f64) -> usize {
        let Part::Area(area) = part else { return 0 };
        let forms = &self.forms[area];
        let fits = (0..forms.len()).filter(|&f| forms[f].w <= limit);
        let narrowest = || (0..forms.len()).min_by(|&a, &b| forms[a].w.total_cmp(&forms[b].w));
        fits.min_by(|&a, &b| {
            let cost = |f: &Form| f.h + 0.1 * f.w;
            cost(&forms[a]).total_cmp(&cost(&forms[b]))
        })
        .or_else(narrowest)
        .unwrap_or(0)
    }

    /// Ways to arrange an area within a width.
    fn choices(&self, level: &Level<'_>, limit: f64) -> Vec<Choice> {
        let (split, filled) = level.caps(if level.items.len() > MANY { 24 } else { 9 });
        let filled = filled.iter().flat_map(|&cap| [(cap, Fill::FromLeft), (cap, Fill::FromRight)]);
        let all = split.into_iter().map(|cap| (cap, Fill::No)).chain(filled);
        let mut choices = Vec::new();
        for (cap, fill) in all {
            for loose in [Loose::Below, Loose::Right] {
                for apart in [false, true] {
                    let pointless = (loose == Loose::Right && !level.has_loose()) || (apart && !level.has_parts());
                    if !pointless {
                        choices.push(Choice { cap, limit, loose, fill, apart });
                    }
                }
            }
        }
        choices
    }

    /// All arrangements of an area within a width, with what their lines cost. Those of `known`, for a larger width,
    /// are taken over where they are not wider.
    fn tried(&mut self, area: usize, inner: &[usize], limit: f64, known: Vec<Tried>) -> Vec<Tried> {
        if !known.is_empty() && known.iter().all(|t| t.block.w <= limit) {
            return known;
        }
        let items = self.items(area, inner);
        let (ties, pulls) = (self.ties(area), self.pulls(area));
        let level = Level::new(&items, &ties, &pulls);
        let build = |choice: Choice| {
            let mut block = level.build(&choice);
            block.crossings = if ties.len() > TANGLED { 0 } else { tangle(&items, &ties, &block) };
            Tried { choice, strain: strain(&items, &ties, &block), block }
        };
        if known.is_empty() {
            return self.choices(&level, limit).into_iter().map(build).collect();
        }
        let again = |t: Tried| if t.block.w <= limit { t } else { build(Choice { limit, ..t.choice }) };
        known.into_iter().map(again).collect()
    }

    fn form_of(&self, area: usize, tried: &Tried, inner: &[usize]) -> Form {
        let form = self.framed(area, tried.choice, tried.block.clone(), inner);
        Form { strain: tried.strain, ..form }
    }

    /// An area in the same arrangement as before.
    fn again(&mut self, area: usize) -> Form {
        let inner = vec![0; self.tree.areas[area].parts.len()];
        let choice = self.forms[area][0].choice;
        let items = self.items(area, &inner);
        let (ties, pulls) = (self.ties(area), self.pulls(area));
        let block = Level::new(&items, &ties, &pulls).build(&choice);
        self.framed(area, choice, block, &inner)
    }

    /// An arrangement with its border and title.
    fn framed(&self, area: usize, choice: Choice, block: Block, inner: &[usize]) -> Form {
        let this = &self.tree.areas[area];
        let (mut w, mut h, mut lines, mut top, mut left) = (block.w, block.h, Vec::new(), 0.0, 0.0);
        if let Some(title) = &this.title {
            w = (w + 2.0 * PAD).max(title.least());
            let (said, needed) = title.lines(w);
            w = w.max(needed).ceil();
            top = title_height(said.len()) + 4.0;
            h += top + PAD;
            left = PAD;
            lines = said;
        }
        let mut cards = Vec::new();
        for (index, part) in this.parts.iter().enumerate() {
            let (x, y) = block.at[index];
            let at = Point { x: x + left, y: y + top };
            match *part {
                Part::Composite(number) => {
                    let composite = &self.sizes.composites.all[number];
                    let tops = composite.cards.iter().zip(&composite.tops);
                    cards.extend(tops.map(|(&card, &top)| (card, Point { x: at.x, y: at.y + top })));
                }
                Part::Area(number) => {
                    let form = &self.forms[number][inner[index]];
                    cards.extend(form.cards.iter().map(|&(card, p)| (card, Point { x: at.x + p.x, y: at.y + p.y })));
                }
            }
        }
        Form { choice, block, inner: inner.to_vec(), w, h, lines, top, strain: 0.0, cards }
    }

    /// The places in a form of the whole picture, arranged again with the heights that are known then.
    fn finished(&mut self, whole: Form) -> Placement {
        let count = self.forms.len();
        self.forms[0] = vec![whole];
        self.known = None;
        self.keep_chosen();
        for _ in 0..AGAIN {
            self.spread();
            for area in (0..count).rev() {
                self.forms[area] = vec![self.again(area)];
            }
        }
        self.spread();
        self.placement()
    }

    /// The whole picture in its best forms: with all frames in forms for one width, then with other forms of single
    /// frames as long as that is better.
    fn whole(&mut self, ways: usize) -> Vec<Form> {
        let many = self.sizes.graph.nodes().len() > MANY;
        let parts = self.tree.areas[0].parts.clone();
        let limits: Vec<f64> =
            if many { &[1.0][..] } else { &[1.0, 0.75, 1.6] }.iter().map(|s| self.page.wanted * s).collect();
        let mut best = Ranking { ways, forms: Vec::new() };
        let mut seen: Vec<Vec<usize>> = Vec::new();
        for share in SHARES {
            let inner: Vec<usize> = parts.iter().map(|p| self.fitting(*p, self.page.wanted * share)).collect();
            if !seen.contains(&inner) {
                self.try_whole(&inner, &limits, &mut best);
                seen.push(inner);
            }
        }
        let frames = (0..parts.len()).filter(|&i| matches!(parts[i], Part::Area(_))).count();
        for &weight in if ways > 1 { &WEIGHTS[..2] } else { &WEIGHTS[..1] } {
            for item in 0..if frames <= FEW_FRAMES { parts.len() } else { 0 } {
                let Part::Area(area) = parts[item] else { continue };
                for form in 0..self.forms[area].len() {
                    let Some((.., known)) = best.best(weight) else { continue };
                    let mut inner = known.inner.clone();
                    inner[item] = form;
                    if !seen.contains(&inner) {
                        let limit = known.choice.limit;
                        self.try_whole(&inner, &[limit], &mut best);
                        seen.push(inner);
                    }
                }
            }
        }
        if best.forms.is_empty() {
            let choice = Choice { cap: 1.0, limit: 1.0, loose: Loose::Below, fill: Fill::No, apart: false };
            let block = Block { at: vec![(0.0, 0.0); parts.len()], ..Block::default() };
            return vec![self.framed(0, choice, block, &vec![0; parts.len()])];
        }
        best.shrink();
        best.forms.into_iter().map(|(.., form)| form).collect()
    }

    fn try_whole(&mut self, inner: &[usize], limits: &[f64], best: &mut Ranking) {
        let mut tried: Vec<Tried> = Vec::new();
        for &limit in limits {
            tried.extend(self.tried(0, inner, limit, Vec::new()));
        }
        let mut chosen: Vec<usize> = Vec::new();
        for weight in if best.ways > 1 { &WEIGHTS[..] } else { &WEIGHTS[..1] } {
            let cost = |t: &Tried| self.page.size(t.block.w, t.block.h) + weight * t.strain;
            let mut order: Vec<(f64, usize)> = tried.iter().map(cost).zip(0..).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0));
            let few = best.ways.div_ceil(WEIGHTS.len());
            chosen.extend(order.iter().take(few).map(|o| o.1));
        }
        chosen.sort_unstable();
        chosen.dedup();
        for chosen in chosen.into_iter().map(|i| &tried[i]) {
            let form = self.form_of(0, chosen, inner);
            let parts = &self.tree.areas[0].parts;
            let inner: f64 = form.inner.iter().zip(parts).map(|(&f, p)| self.mixed(*p, f)).sum();
            let lines = self.strain_of(&form) + inner + form.block.mixed();
            best.add(self.page.size(form.w, form.h), lines, form);
        }
    }

    /// What it costs that lines of a part cross or pass between others.
    fn mixed(&self, part: Part, form: usize) -> f64 {
        let Part::Area(area) = part else { return 0.0 };
        let form = &self.forms[area][form];
        let inner = form.inner.iter().zip(&self.tree.areas[area].parts);
        form.block.mixed() + inner.map(|(&f, p)| self.mixed(*p, f)).sum::<f64>()
    }

    /// The cost of all lines of a form of the whole picture.
    fn strain_of(&self, form: &Form) -> f64 {
        let mut at = vec![Point::default(); self.sizes.cards.len()];
        for &(card, p) in &form.cards {
            at[card] = p;
        }
        let graph = self.sizes.graph;
        let mut cost = 0.0;
        for (edge, (from, to, _)) in graph.edges().enumerate() {
            if self.sizes.composites.of[from] == self.sizes.composites.of[to] {
                continue;
            }
            let (a, b) = (&self.sizes.cards[from], &self.sizes.cards[to]);
            let rise = (at[from].y + self.port(from, edge, true) - at[to].y - self.port(to, edge, false)).abs();
            let row = a.row_of(edge).is_some();
            cost += bent(at[from].x, a.width, at[to].x, b.width, rise, row);
        }
        cost
    }

    /// Keeps of each area the form that the whole picture uses.
    fn keep_chosen(&mut self) {
        for area in 0..self.forms.len() {
            let inner = self.forms[area][0].inner.clone();
            for (index, part) in self.tree.areas[area].parts.clone().iter().enumerate() {
                if let Part::Area(number) = *part {
                    let form = self.forms[number].swap_remove(inner[index]);
                    self.forms[number] = vec![form];
                }
            }
            self.forms[area][0].inner.iter_mut().for_each(|i| *i = 0);
        }
    }

    /// Notes where all cards and areas are.
    fn spread(&mut self) {
        let mut known = vec![Point::default(); self.sizes.cards.len()];
        for &(card, at) in &self.forms[0][0].cards {
            known[card] = at;
        }
        self.known = Some(known);
        let mut origins = vec![Point::default(); self.forms.len()];
        for area in 0..self.forms.len() {
            for (index, part) in self.tree.areas[area].parts.iter().enumerate() {
                if let Part::Area(number) = *part {
                    let (x, y) = self.forms[area][0].block.at[index];
                    origins[number] =
                        Point { x: origins[area].x + x + PAD, y: origins[area].y + y + self.forms[number][0].top };
                }
            }
        }
        self.origins = origins;
    }

    fn placement(&self) -> Placement {
        let cards = self.sizes.cards.iter().zip(self.known.iter().flatten());
        let cards = cards.map(|(plan, at)| Rect { x: at.x, y: at.y, w: plan.width, h: plan.height() }).collect();
        let mut frames: Vec<FramePlace> = Vec::new();
        let mut number = vec![None; self.forms.len()];
        for (area, this) in self.tree.areas.iter().enumerate() {
            for part in &this.parts {
                let Part::Area(inner) = *part else { continue };
                let form = &self.forms[inner][0];
                let origin = self.origins[inner];
                let rect = Rect { x: origin.x - PAD, y: origin.y - form.top, w: form.w, h: form.h };
                let lines = form.lines.clone();
                let width = lines
                    .iter()
                    .map(|l| super::super::text_width(l, super::super::TextRole::Frame))
                    .fold(0.0, f64::max);
                let last = title_baseline(lines.len().saturating_sub(1));
                let title = Rect { x: rect.x + TITLE_X, y: rect.y + TITLE_TOP, w: width, h: last };
                let Some(group) = self.tree.areas[inner].group else { continue };
                number[inner] = Some(frames.len());
                frames.push(FramePlace { group, rect, title, lines, parent: number[area] });
            }
        }
        Placement { cards, frames }
    }
}
