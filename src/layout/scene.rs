//! Assigns nodes to frames and components, and links between frames to nets.

use std::collections::BTreeMap;

use crate::graph::{Change, ChangeKind, EdgeKind, Graph};

use super::inner::Side;
use super::title::Title;

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Outside every frame, left: where traffic comes from.
    Left,
    /// Outside every frame, right: where traffic goes to.
    Right,
    /// In this group of the scene.
    Inside(usize),
}

/// Nodes of one frame that hang together.
#[derive(Clone, Debug, Default)]
pub(super) struct Component {
    /// Indices of its nodes, ascending.
    pub nodes: Vec<usize>,
    /// Positions of the edges between them, ascending.
    pub edges: Vec<usize>,
    /// Nets that start here, ascending.
    pub leaving: Vec<usize>,
    /// Nets that end here, ascending, with their edges that do.
    pub entering: Vec<(usize, Vec<usize>)>,
    /// True if its nodes are in frames inside the frame.
    pub nested: bool,
}

/// Links of one source that run between frames as one line that branches.
#[derive(Clone, Debug)]
pub(super) struct Net {
    /// Index of the source.
    pub source: usize,
    /// The edge whose row it starts from, for sources with rows.
    pub row: Option<usize>,
    /// Positions of its edges, ascending.
    pub edges: Vec<usize>,
}

/// The graph as the layout sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    /// For each node.
    pub places: Vec<Place>,
    /// For each node inside a frame.
    pub component_of: Vec<Option<usize>>,
    pub components: Vec<Component>,
    /// For each group its components.
    pub groups: Vec<Vec<usize>>,
    /// For each group the position in the graph of the group whose frame it is; `None` where no frame is drawn.
    pub frames: Vec<Option<usize>>,
    /// For each group the title of its frame.
    pub titles: Vec<Option<Title>>,
    pub nets: Vec<Net>,
    /// For each edge.
    pub net_of: Vec<Option<usize>>,
}

/// From this many on, small components that one net leads to become one, so that they can stand in columns.
const MANY: usize = 13;
/// The most nodes of a small component.
const SMALL: usize = 5;

/// The minimum number of small frames that share a band.
const BAND: usize = 3;
/// A frame is small if another one has this many times its nodes.
const LARGER: usize = 4;

/// Sorts a graph into frames, components and nets. What stands in a frame with frames in it is one component.
pub(super) fn build(graph: &Graph) -> Scene {
    top(graph, &BTreeMap::new(), |_| false)
}

/// The same with all small frames in a group that has no frame of its own, in which they may stand side by side; `None`
/// if there are not many that are much smaller than the largest one.
pub(super) fn banded(graph: &Graph) -> Option<Scene> {
    let mut sizes = vec![0; graph.groups().len()];
    for group in (0..graph.nodes().len()).filter_map(|n| graph.top_group_of(n)) {
        sizes[group] += 1;
    }
    let most = sizes.iter().copied().max().unwrap_or_default();
    let small = |group: usize| sizes[group] * LARGER <= most;
    let count = (0..sizes.len()).filter(|&g| graph.parent_of(g).is_none() && small(g)).count();
    (count >= BAND).then(|| top(graph, &BTreeMap::new(), small))
}

/// Sorts the inside of a band of frames. `ends` are the nodes that represent links that cross its border, with their
/// sides.
pub(super) fn band(graph: &Graph, ends: &BTreeMap<usize, Side>) -> Scene {
    top(graph, ends, |_| false)
}

fn top(graph: &Graph, ends: &BTreeMap<usize, Side>, small: impl Fn(usize) -> bool) -> Scene {
    let mut leaves = vec![false; graph.nodes().len()];
    let mut touched = vec![false; graph.nodes().len()];
    for (from, to, _) in graph.edges() {
        leaves[from] = true;
        touched[to] = true;
    }
    let mut number = vec![0; graph.groups().len()];
    let mut frames = Vec::new();
    let mut nested = Vec::new();
    let outermost = || (0..graph.groups().len()).filter(|&g| graph.parent_of(g).is_none());
    for group in outermost().filter(|&g| !small(g)) {
        number[group] = frames.len();
        frames.push(Some(group));
        nested.push(false);
    }
    if outermost().any(&small) {
        outermost().filter(|&g| small(g)).for_each(|g| number[g] = frames.len());
        frames.push(None);
        nested.push(true);
    }
    for (group, parent) in (0..graph.groups().len()).filter_map(|g| Some((g, graph.parent_of(g)?))) {
        nested[number[parent]] = true;
        number[group] = number[parent];
    }
    let places = (0..graph.nodes().len()).map(|i| match (ends.get(&i), graph.top_group_of(i)) {
        (Some(Side::Left), _) => Place::Left,
        (Some(Side::Right), _) => Place::Right,
        (None, Some(group)) => Place::Inside(number[group]),
        (None, None) if touched[i] && !leaves[i] => Place::Right,
        (None, None) => Place::Left,
    });
    sort(graph, places.collect(), frames, &nested)
}

/// Sorts the inside of a frame: a group for each frame in it, one for each connected part of what stands in none of
/// these and has links to them or to the border, and one for the rest. `ends` are the nodes that represent links that
/// cross the border, with their sides.
pub(super) fn inside(graph: &Graph, ends: &BTreeMap<usize, Side>) -> Scene {
    let mut frames: Vec<Option<usize>> = Vec::new();
    let mut number: BTreeMap<usize, usize> = BTreeMap::new();
    for group in (0..graph.groups().len()).filter(|g| graph.parent_of(*g).is_some()) {
        number.insert(group, frames.len());
        frames.push(Some(group));
    }
    let part = |node: usize| graph.group_of(node).and_then(|g| number.get(&g).copied());
    let loose = |node: usize| !ends.contains_key(&node) && part(node).is_none();
    let mut parent: Vec<usize> = (0..graph.nodes().len()).collect();
    let mut linked = vec![false; parent.len()];
    for (from, to, _) in graph.edges() {
        if loose(from) && loose(to) {
            let (a, b) = (root(&mut parent, from), root(&mut parent, to));
            parent[a.max(b)] = a.min(b);
        }
    }
    for (from, to, _) in graph.edges() {
        if loose(from) != loose(to) {
            let end = root(&mut parent, if loose(from) { from } else { to });
            linked[end] = true;
        }
    }
    // Nodes without links share a group.
    let mut groups: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    let mut places = Vec::with_capacity(parent.len());
    for node in 0..parent.len() {
        let place = match (ends.get(&node), part(node)) {
            (Some(Side::Left), _) => Place::Left,
            (Some(Side::Right), _) => Place::Right,
            (None, Some(group)) => Place::Inside(group),
            (None, None) => {
                let top = root(&mut parent, node);
                let group = *groups.entry(linked[top].then_some(top)).or_insert_with(|| {
                    frames.push(None);
                    frames.len() - 1
                });
                Place::Inside(group)
            }
        };
        places.push(place);
    }
    let nested = vec![false; frames.len()];
    sort(graph, places, frames, &nested)
}

fn sort(graph: &Graph, places: Vec<Place>, frames: Vec<Option<usize>>, nested: &[bool]) -> Scene {
    let mut scene = Scene {
        component_of: vec![None; places.len()],
        places,
        net_of: vec![None; graph.edges().len()],
        groups: vec![Vec::new(); frames.len()],
        titles: frames.iter().map(|f| f.map(|g| Title::new(graph.groups()[g].name()))).collect(),
        frames,
        ..Scene::default()
    };
    components(graph, &mut scene, nested);
    nets(graph, &mut scene);
    gather(&mut scene);
    scene
}

fn components(graph: &Graph, scene: &mut Scene, nested: &[bool]) {
    let mut parent: Vec<usize> = (0..scene.places.len()).collect();
    for (from, to, _) in graph.edges() {
        if inside_one(scene, from, to) {
            let (a, b) = (root(&mut parent, from), root(&mut parent, to));
            // The smaller index stays on top, so that components come in the order of the graph.
            parent[a.max(b)] = a.min(b);
        }
    }
    for node in 0..scene.places.len() {
        let Place::Inside(group) = scene.places[node] else { continue };
        let top = root(&mut parent, node);
        let whole = scene.groups[group].first().copied().filter(|_| nested[group]);
        let component = match scene.component_of[top].or(whole) {
            Some(known) => known,
            None => {
                scene.components.push(Component { nested: nested[group], ..Component::default() });
                let new = scene.components.len() - 1;
                scene.groups[group].push(new);
                scene.component_of[top] = Some(new);
                new
            }
        };
        scene.component_of[node] = Some(component);
        scene.components[component].nodes.push(node);
    }
    for (index, (from, to, _)) in graph.edges().enumerate() {
        if let (true, Some(component)) = (inside_one(scene, from, to), scene.component_of[from]) {
            scene.components[component].edges.push(index);
        }
    }
}

fn inside_one(scene: &Scene, from: usize, to: usize) -> bool {
    matches!(scene.places[from], Place::Inside(_)) && scene.places[from] == scene.places[to]
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

fn nets(graph: &Graph, scene: &mut Scene) {
    // Edges that look different do not share a line.
    let mut known: BTreeMap<(usize, EdgeKind, Option<usize>, Option<ChangeKind>), usize> = BTreeMap::new();
    for (index, (from, to, edge)) in graph.edges().enumerate() {
        if inside_one(scene, from, to) {
            continue;
        }
        let row = (graph.node(from).has_route_rows() && edge.kind() == EdgeKind::Routes).then_some(index);
        let net = *known.entry((from, edge.kind(), row, edge.change.as_ref().map(Change::kind))).or_insert_with(|| {
            scene.nets.push(Net { source: from, row, edges: Vec::new() });
            scene.nets.len() - 1
        });
        scene.nets[net].edges.push(index);
        scene.net_of[index] = Some(net);
    }
    for net in 0..scene.nets.len() {
        if let Some(component) = scene.component_of[scene.nets[net].source] {
            scene.components[component].leaving.push(net);
        }
        for &edge in &scene.nets[net].edges {
            let Some(component) = scene.component_of[graph.edge(edge).1] else {
                continue;
            };
            let entering = &mut scene.components[component].entering;
            match entering.last_mut() {
                Some((last, edges)) if *last == net => edges.push(edge),
                _ => entering.push((net, vec![edge])),
            }
        }
    }
}

/// Makes one component of those of a frame that a net leads to, if they are many, small, and have no other links.
fn gather(scene: &mut Scene) {
    let mut fans: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (group, components) in scene.groups.iter().enumerate() {
        for &index in components {
            let component = &scene.components[index];
            if let ([(net, edges)], true) = (component.entering.as_slice(), component.leaving.is_empty())
                && edges.len() == 1
                && component.nodes.len() <= SMALL
            {
                fans.entry((group, *net)).or_default().push(index);
            }
        }
    }
    fans.retain(|_, members| members.len() >= MANY);
    if fans.is_empty() {
        return;
    }
    let mut into: Vec<usize> = (0..scene.components.len()).collect();
    for members in fans.values() {
        for &member in members {
            into[member] = members[0];
        }
    }
    let mut number = vec![0; into.len()];
    let mut kept: Vec<Component> = Vec::new();
    for (old, component) in std::mem::take(&mut scene.components).into_iter().enumerate() {
        if into[old] == old {
            number[old] = kept.len();
            kept.push(component);
            continue;
        }
        number[old] = number[into[old]];
        let whole = &mut kept[number[old]];
        whole.nodes.extend(component.nodes);
        whole.edges.extend(component.edges);
        for ((_, edges), (_, more)) in whole.entering.iter_mut().zip(component.entering) {
            edges.extend(more);
        }
    }
    for component in &mut kept {
        component.nodes.sort_unstable();
        component.edges.sort_unstable();
        component.entering.iter_mut().for_each(|(_, edges)| edges.sort_unstable());
    }
    scene.components = kept;
    scene.component_of.iter_mut().flatten().for_each(|c| *c = number[*c]);
    for components in &mut scene.groups {
        components.iter_mut().for_each(|c| *c = number[*c]);
        let mut seen = std::collections::BTreeSet::new();
        components.retain(|c| seen.insert(*c));
    }
}
