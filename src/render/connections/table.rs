//! The table of connections, written row by row: nothing but the rows of one source is held at a time.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::{Kept, endpoint, is_listed, reasons};
use crate::net::{PortSet, text};
use crate::policy::{Answer, CallVerdict, ConnectionGroup, Direction, Endpoint, Extent, Isolation, Pair, PeerSet};
use crate::render::Report;
use crate::render::calls::{CallState, Ledger};
use crate::render::footnotes::NO_POD;
use crate::render::table::{Table, TableFormat, TableWriter, cell_width};

/// The column of calls, where there is one.
const CALL: usize = 4;

/// A table of connections: who, to whom, on which ports, because of what. Where calls are known, there is a column for
/// them, and calls that policies deny come last. It is written by [`fmt::Display`], and may be long.
pub struct ConnectionsTable<'a> {
    report: &'a Report<'a>,
    extent: Extent,
    format: TableFormat,
}

/// The connections of an extent as a table in a format; JSON has none of its own here and gives nothing.
pub fn connections_table<'a>(report: &'a Report<'a>, extent: Extent, format: TableFormat) -> ConnectionsTable<'a> {
    ConnectionsTable { report, extent, format }
}

impl ConnectionsTable<'_> {
    /// Calls a function with the headings and the cells of each row.
    #[cfg(feature = "mcp")]
    pub(crate) fn each(&self, take: &mut dyn FnMut(&[&'static str], &[&str])) {
        let rows = Rows::of(self.report, self.extent);
        let columns = Rows::columns(&rows.ledger);
        let mut row = |cells: &[&str]| {
            take(&columns, cells);
            Ok(())
        };
        // A function that takes everything does not fail.
        let _ = rows.write(self.report.connectivity.pairs(self.extent), &mut row);
    }

    /// What the table has, for its footnotes: without rows that differ in nothing but their ends.
    pub(in crate::render) fn outline(&self) -> Table {
        let rows = Rows::of(self.report, self.extent);
        let columns = Rows::columns(&rows.ledger);
        let because = columns.len() - 1;
        let mut table = Table { columns, ..Table::default() };
        table.notes.extend(absent(self.report));
        let connectivity = self.report.connectivity;
        let is_ruled =
            |w: usize| Direction::ALL.into_iter().any(|d| connectivity.isolation(w, d) != Isolation::default());
        let on_host =
            |w: &usize| self.report.cluster.workloads()[*w].spec.pod.host_network == Some(true) && is_ruled(*w);
        let hosts: Vec<String> = (0..self.report.cluster.workloads().len())
            .filter(|w| self.report.lists_workload(*w) && on_host(w))
            .map(|w| self.report.workload(w))
            .collect();
        if !hosts.is_empty() {
            let names = text::first(&hosts, 3);
            table.notes.push(format!("policies may not hold for pods in the network of their node: {names}"));
        }
        let mut calls = CallWidths::default();
        let mut kinds: BTreeSet<(Option<CallState>, bool)> = BTreeSet::new();
        for block in rows.blocks() {
            table.certainties.insert(block.answer.certainty);
            kinds.insert((None, block.answer.because.is_empty()));
            if let Some(ledger) = &rows.ledger {
                calls.add(ledger, &block);
            }
        }
        if rows.blocked_calls(&calls.listed).next().is_some() {
            calls.states.insert(CallState::Blocked);
        }
        kinds.extend(calls.states.into_iter().map(|state| (Some(state), false)));
        for (call, is_without_reason) in kinds {
            let mut row = vec![String::from("-"); because + 1];
            if rows.ledger.is_some() {
                row[CALL] = call.map_or("", CallState::as_str).to_owned();
            }
            if is_without_reason {
                row[because].clear();
            }
            table.rows.push(row);
        }
        table
    }
}

impl fmt::Display for ConnectionsTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = Rows::of(self.report, self.extent);
        let columns = Rows::columns(&rows.ledger);
        let Some(mut out) = TableWriter::new(f, self.format, || rows.widths(&columns)) else { return Ok(()) };
        out.head(&columns)?;
        rows.write(self.report.connectivity.pairs(self.extent), &mut |cells| out.row(cells))
    }
}

/// An answer in words.
struct Words {
    ports: String,
    certainty: &'static str,
    because: String,
}

struct Rows<'a> {
    report: &'a Report<'a>,
    extent: Extent,
    ledger: Option<Ledger<'a>>,
    /// Names of workloads.
    names: Vec<String>,
}

impl<'a> Rows<'a> {
    fn of(report: &'a Report<'a>, extent: Extent) -> Rows<'a> {
        let workloads = report.cluster.workloads().len();
        let names = (0..workloads).map(|w| report.workload(w)).collect();
        Rows { report, extent, ledger: Ledger::of(report), names }
    }

    fn columns(ledger: &Option<Ledger<'_>>) -> Vec<&'static str> {
        let mut columns = vec!["From", "To", "Ports", "Certainty", "Because"];
        if ledger.is_some() {
            columns.insert(CALL, "Call");
        }
        columns
    }

    fn words(&self, answer: &Answer) -> Words {
        Words {
            ports: answer.ports.to_string(),
            certainty: answer.certainty.words(),
            because: reasons(self.report, &answer.ports, &answer.because),
        }
    }

    fn name(&self, end: &Endpoint) -> Cow<'_, str> {
        match end {
            Endpoint::Workload(workload) => Cow::Borrowed(self.names[*workload].as_str()),
            _ => Cow::Owned(endpoint(self.report, end)),
        }
    }

    /// Writes connections, then the calls that are not among them.
    fn write<'p>(
        &self,
        pairs: impl Iterator<Item = Pair<'p>>,
        out: &mut dyn FnMut(&[&str]) -> fmt::Result,
    ) -> fmt::Result {
        let mut kept = Kept::new();
        let mut listed = BTreeSet::new();
        for pair in pairs.filter(|pair| is_listed(self.report, pair)) {
            let words = kept.get(&pair.answer, |answer| self.words(answer));
            let (from, to) = (self.name(&pair.from), self.name(&pair.to));
            let Some(ledger) = &self.ledger else {
                out(&[&from, &to, &words.ports, words.certainty, &words.because])?;
                continue;
            };
            if let (Endpoint::Workload(from), Endpoint::Workload(to)) = (&pair.from, &pair.to)
                && ledger.is_blocked(*from, *to)
            {
                listed.insert((*from, *to));
            }
            let call = ledger.state(&pair).map_or("", CallState::as_str);
            out(&[&from, &to, &words.ports, words.certainty, call, &words.because])?;
        }
        for (from, verdict) in self.blocked_calls(&listed) {
            let cells = self.blocked(from, verdict);
            out(&cells.each_ref().map(String::as_str))?;
        }
        Ok(())
    }

    /// Connections that are listed, in blocks with one answer.
    fn blocks(&self) -> Box<dyn Iterator<Item = ConnectionGroup<'a>> + 'a> {
        let connectivity = self.report.connectivity;
        match self.report.scope {
            Some(scope) => Box::new(connectivity.connection_groups(self.extent, Some(scope.workloads())).into_iter()),
            None => Box::new(connectivity.blocks(self.extent)),
        }
    }

    /// Calls that policies deny and that are listed with an end of theirs, without those that are among the
    /// connections.
    fn blocked_calls(&self, listed: &BTreeSet<(usize, usize)>) -> impl Iterator<Item = (usize, &CallVerdict)> {
        let lists = |workload| self.report.lists_workload(workload);
        let blocked = self.ledger.iter().flat_map(move |ledger| ledger.blocked(listed));
        blocked.filter(move |(from, verdict)| lists(*from) || lists(verdict.target))
    }

    /// The cells of a call that is not among the connections.
    fn blocked(&self, from: usize, verdict: &CallVerdict) -> [String; 6] {
        [
            self.names[from].clone(),
            self.names[verdict.target].clone(),
            verdict.needed.to_string(),
            verdict.certainty.words().to_owned(),
            CallState::Blocked.as_str().to_owned(),
            reasons(self.report, &PortSet::none(), &verdict.because),
        ]
    }

    /// The widths of the columns, worked out for classes of workloads.
    fn widths(&self, columns: &[&str]) -> Vec<usize> {
        let mut widths: Vec<usize> = columns.iter().map(|c| cell_width(c)).collect();
        let last = widths.len() - 1;
        let names: Vec<usize> = self.names.iter().map(|n| cell_width(n)).collect();
        let mut wider = |column: usize, width: usize| widths[column] = widths[column].max(width);
        let mut kept = Kept::new();
        let mut calls = CallWidths::default();
        for block in self.blocks() {
            wider(0, self.peers_width(&block.from, &names));
            wider(1, self.peers_width(&block.to, &names));
            let [ports, certainty, because] = *kept.get(&block.answer, |answer| {
                let words = self.words(answer);
                [cell_width(&words.ports), cell_width(words.certainty), cell_width(&words.because)]
            });
            wider(2, ports);
            wider(3, certainty);
            wider(last, because);
            if let Some(ledger) = &self.ledger {
                calls.add(ledger, &block);
            }
        }
        if self.ledger.is_some() {
            calls.states.iter().for_each(|state| wider(CALL, cell_width(state.as_str())));
            for (from, verdict) in self.blocked_calls(&calls.listed) {
                self.blocked(from, verdict)
                    .iter()
                    .enumerate()
                    .for_each(|(column, cell)| wider(column, cell_width(cell)));
            }
        }
        widths
    }

    fn peers_width(&self, peers: &PeerSet, names: &[usize]) -> usize {
        match peers {
            PeerSet::Workloads(list) => list.iter().map(|&w| names[w]).max().unwrap_or_default(),
            PeerSet::Addresses(set) => {
                let ranges = set.ranges().into_iter();
                let width = |range| cell_width(&endpoint(self.report, &Endpoint::Addresses(range)));
                ranges.map(width).max().unwrap_or_default()
            }
            PeerSet::IngressController => cell_width(&endpoint(self.report, &Endpoint::IngressController)),
        }
    }
}

/// That listed workloads have no pod that takes connections.
fn absent(report: &Report<'_>) -> Option<String> {
    let listed = report.facts.absences.keys().filter(|w| report.lists_workload(**w));
    let names: Vec<String> = listed.map(|w| report.workload(*w)).collect();
    let first = || text::first(&names, 3);
    (!names.is_empty()).then(|| format!("{NO_POD}: nothing takes what policies allow to {}", first()))
}

/// States in the column of calls.
#[derive(Default)]
struct CallWidths {
    states: BTreeSet<CallState>,
    /// Blocked calls that are among the connections.
    listed: BTreeSet<(usize, usize)>,
}

impl CallWidths {
    fn add(&mut self, ledger: &Ledger<'_>, block: &ConnectionGroup<'_>) {
        let (PeerSet::Workloads(sources), PeerSet::Workloads(targets)) = (&block.from, &block.to) else { return };
        let is_target = |w: usize| targets.binary_search(&w).is_ok();
        for &source in sources.iter() {
            for (target, state) in ledger.states_of(source).filter(|(target, _)| is_target(*target)) {
                self.states.insert(state);
                if ledger.is_blocked(source, target) {
                    self.listed.insert((source, target));
                }
            }
        }
        if !self.states.contains(&CallState::Unneeded) && ledger.has_unneeded(block) {
            self.states.insert(CallState::Unneeded);
        }
    }
}
