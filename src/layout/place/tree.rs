//! The picture as a tree: frames with frames and composites in them, and which connections run at which level of it.

use super::super::cards::title::Title;
use super::composite::Composites;
use crate::graph::Graph;

/// What stands in an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Composite(usize),
    Area(usize),
}

/// The inside of a frame; the first area is the whole picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Area {
    /// The group in the graph.
    pub group: Option<usize>,
    pub title: Option<Title>,
    pub parts: Vec<Part>,
    /// Connections between its parts.
    pub ties: Vec<Link>,
    /// Connections that cross its border: the item, the edge, and whether it leads in.
    pub pulls: Vec<Pulled>,
}

/// A connection between two items of an area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub edge: usize,
}

/// A connection that crosses the border of an area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulled {
    pub item: usize,
    pub edge: usize,
    pub enters: bool,
}

/// All areas, each before those that stand in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub areas: Vec<Area>,
}

impl Tree {
    /// The tree of a graph.
    pub fn of(graph: &Graph, composites: &Composites) -> Tree {
        let mut areas = vec![Area::default()];
        let mut area_of_group = vec![0; graph.groups().len()];
        // A parent comes before its parts.
        for (group, area) in area_of_group.iter_mut().enumerate() {
            *area = areas.len();
            let title = Some(Title::new(graph.groups()[group].name()));
            areas.push(Area { group: Some(group), title, ..Area::default() });
        }
        // From the whole picture down to each composite: areas, and the item in each.
        let mut item_of_area = vec![(0, 0); areas.len()];
        for group in 0..graph.groups().len() {
            let parent = graph.parent_of(group).map_or(0, |p| area_of_group[p]);
            item_of_area[area_of_group[group]] = (parent, areas[parent].parts.len());
            areas[parent].parts.push(Part::Area(area_of_group[group]));
        }
        let mut ways: Vec<Vec<(usize, usize)>> = Vec::with_capacity(composites.all.len());
        for (number, composite) in composites.all.iter().enumerate() {
            let group = composite.cards.first().and_then(|&c| graph.group_of(c));
            let mut area = group.map_or(0, |g| area_of_group[g]);
            let mut way = vec![(area, areas[area].parts.len())];
            areas[area].parts.push(Part::Composite(number));
            while area != 0 {
                let (parent, item) = item_of_area[area];
                way.push((parent, item));
                area = parent;
            }
            way.reverse();
            ways.push(way);
        }
        for (edge, (from, to, _)) in graph.edges().enumerate() {
            let (a, b) = (&ways[composites.of[from]], &ways[composites.of[to]]);
            let mut level = 0;
            while let (Some(p), Some(q)) = (a.get(level), b.get(level)) {
                if p != q {
                    break;
                }
                level += 1;
            }
            let (Some(&(area, p)), Some(&(_, q))) = (a.get(level), b.get(level)) else { continue };
            areas[area].ties.push(Link { from: p, to: q, edge });
            for &(area, item) in &a[level + 1..] {
                areas[area].pulls.push(Pulled { item, edge, enters: false });
            }
            for &(area, item) in &b[level + 1..] {
                areas[area].pulls.push(Pulled { item, edge, enters: true });
            }
        }
        Tree { areas }
    }
}
