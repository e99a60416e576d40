//! Connections one by one, in order, made when they are asked for: no more is held than the connections of one source
//! and the answers of classes that have further sources.

use std::sync::Arc;

use super::connectivity::{Answer, Connection, Connectivity, Endpoint, Extent};
use super::networks::Network;
use super::rows::{ClassId, Ends, Row, Rows};
use crate::net::AddressRange;

/// One connection, whose answer it shares with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The source.
    pub from: Endpoint,
    /// The destination.
    pub to: Endpoint,
    /// Ports, certainty and reasons.
    pub answer: Arc<Answer>,
    /// The network.
    pub network: &'a Network,
}

impl Pair<'_> {
    /// Whether one end is a range of IPv6 addresses.
    pub fn is_v6(&self) -> bool {
        [&self.from, &self.to].into_iter().any(|e| matches!(e, Endpoint::Addresses(AddressRange::V6(..))))
    }
}

impl From<Pair<'_>> for Connection {
    fn from(pair: Pair<'_>) -> Connection {
        let Answer { ports, sometimes, certainty, because } = Arc::unwrap_or_clone(pair.answer);
        Connection { from: pair.from, to: pair.to, ports, sometimes, certainty, because, network: pair.network.clone() }
    }
}

impl Connectivity {
    /// Connections of an extent, by network, source and destination.
    pub fn pairs(&self, extent: Extent) -> impl Iterator<Item = Pair<'_>> {
        self.planes.iter().flat_map(move |plane| {
            let controllers = plane.through_controller(extent, &self.entrances).into_iter();
            let rows = Arc::new(Rows::new(plane, extent, None));
            controllers.chain(of_workloads(Arc::clone(&rows), Ends::Any)).chain(of_addresses(rows))
        })
    }

    /// Connections of an extent with IPv6 addresses at an end, in the same order.
    pub fn pairs_v6(&self, extent: Extent) -> impl Iterator<Item = Pair<'_>> {
        let planes = self.planes.iter().filter(|plane| plane.has_v6());
        let of_plane = move |plane| {
            let rows = Arc::new(Rows::new(plane, extent, None));
            of_workloads(Arc::clone(&rows), Ends::Addresses).chain(of_addresses(rows))
        };
        planes.flat_map(of_plane).filter(Pair::is_v6)
    }

    /// All connections of an extent at once; see [`Connectivity::pairs`].
    pub fn connections(&self, extent: Extent) -> Vec<Connection> {
        self.pairs(extent).map(Connection::from).collect()
    }
}

/// Connections whose source is a workload.
fn of_workloads<'p>(rows: Arc<Rows<'p>>, ends: Ends) -> impl Iterator<Item = Pair<'p>> {
    let plane = rows.plane;
    let mut kept: Vec<Option<Arc<Row>>> = vec![None; rows.classes.len()];
    (0..plane.workloads()).flat_map(move |source| {
        let row = rows.class_of(source).map(|class| row_of(&rows, class, source, ends, &mut kept)).unwrap_or_default();
        let targets = targets(&rows, &row, source);
        targets.into_iter().map(move |(to, answer)| Pair {
            from: Endpoint::Workload(source),
            to,
            answer: Arc::clone(&row.answers[answer]),
            network: &plane.network,
        })
    })
}

/// The row of a workload's class, kept as long as the class has further workloads.
fn row_of(rows: &Rows<'_>, class: ClassId, workload: usize, ends: Ends, kept: &mut [Option<Arc<Row>>]) -> Arc<Row> {
    let row = kept[class].take().unwrap_or_else(|| Arc::new(rows.row(class, ends)));
    if rows.classes[class].workloads.last() != Some(&workload) {
        kept[class] = Some(Arc::clone(&row));
    }
    row
}

/// Destinations of a source in order, with the positions of their answers in its row.
fn targets(rows: &Rows<'_>, row: &Row, source: usize) -> Vec<(Endpoint, usize)> {
    let mut workloads: Vec<(usize, usize)> = Vec::new();
    for &(class, answer) in &row.classes {
        let others = rows.classes[class].workloads.iter().filter(|&&w| w != source);
        workloads.extend(others.map(|&w| (w, answer)));
    }
    workloads.sort();
    let mut ranges: Vec<(AddressRange, usize)> = Vec::new();
    for (set, answer) in &row.addresses {
        ranges.extend(set.ranges().into_iter().map(|range| (range, *answer)));
    }
    // Answers of one range stay in the order of the row.
    ranges.sort_by_key(|(range, _)| *range);
    let workloads = workloads.into_iter().map(|(w, answer)| (Endpoint::Workload(w), answer));
    workloads.chain(ranges.into_iter().map(|(range, answer)| (Endpoint::Addresses(range), answer))).collect()
}

/// Connections whose source is a range of addresses.
fn of_addresses<'p>(rows: Arc<Rows<'p>>) -> impl Iterator<Item = Pair<'p>> {
    let network = &rows.plane.network;
    let mut found: Vec<(AddressRange, ClassId, Arc<Answer>)> = Vec::new();
    for (class, answers) in rows.answers_to_addresses() {
        for (answer, set) in answers {
            found.extend(set.ranges().into_iter().map(|range| (range, class, Arc::clone(&answer))));
        }
    }
    found.sort_by_key(|(range, ..)| *range);
    let ranges: Vec<Vec<(AddressRange, ClassId, Arc<Answer>)>> =
        found.chunk_by(|a, b| a.0 == b.0).map(<[_]>::to_vec).collect();
    ranges.into_iter().flat_map(move |chunk| {
        let mut pairs: Vec<Pair<'_>> = Vec::new();
        for (range, class, answer) in chunk {
            pairs.extend(rows.classes[class].workloads.iter().map(|&workload| Pair {
                from: Endpoint::Addresses(range),
                to: Endpoint::Workload(workload),
                answer: Arc::clone(&answer),
                network,
            }));
        }
        // Answers about one workload stay in their order.
        pairs.sort_by(|a, b| a.to.cmp(&b.to));
        pairs
    })
}
