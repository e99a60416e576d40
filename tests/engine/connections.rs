//! How much is written and held for one policy over many workloads is counted, and the table that is written row by row
//! is the table of all rows.

use std::fmt;
use std::sync::Arc;

use crate::support::states::world;
use kubesketch::policy::Extent;
use kubesketch::render::{Report, Table, TableFormat, connections_json, connections_table, json, table};
use kubesketch::world::World;

/// So many workloads of one namespace, all of which may talk to all.
fn all_to_all(workloads: usize) -> String {
    let mut text = String::new();
    for i in 100_000..100_000 + workloads {
        text.push_str(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{i}, namespace: a}}\nspec: {{template: \
             {{metadata: {{labels: {{app: d{i}}}}}, spec: {{containers: [{{name: c, image: x}}]}}}}}}\n---\n"
        ));
    }
    text + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: a}\n\
            spec: {podSelector: {}, ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}\n"
}

fn read(text: &str) -> World {
    world([("all.yaml", text)])
}

#[test]
fn data_grow_with_workloads_and_not_with_pairs() {
    let sizes = [250, 500, 1000].map(|workloads| {
        let world = read(&all_to_all(workloads));
        let report = Report::of(&world, world.graph());
        let groups = serde_json::to_value(connections_json(&report, Extent::Ruled)).unwrap();
        assert_eq!(groups["peers"].as_array().unwrap().len(), 2, "the workloads, and the addresses outside");
        assert_eq!(groups["reasons"].as_array().unwrap().len(), 2);
        assert_eq!(groups["connections"].as_array().unwrap().len(), 3);
        [groups.to_string().len(), json(&report).len()]
    });
    for kind in 0..2 {
        let [one, two, four] = sizes.map(|bytes| bytes[kind]);
        // As names are of one length, every workload adds the same number of bytes, but for line numbers.
        let (first, second) = (two - one, four - two);
        assert!(second < 2 * first + first / 10, "{one}, {two}, {four} bytes for 250, 500, 1000 workloads");
    }
}

/// The longest text that is written at a time.
#[derive(Default)]
struct Sink {
    longest: usize,
    bytes: usize,
}

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.longest = self.longest.max(text.len());
        self.bytes += text.len();
        Ok(())
    }
}

#[test]
fn no_more_than_a_row_is_written_at_a_time() {
    let world = read(&all_to_all(60));
    let report = Report::of(&world, world.graph());
    for format in [TableFormat::Text, TableFormat::Markdown, TableFormat::Csv] {
        let mut sink = Sink::default();
        fmt::write(&mut sink, format_args!("{}", connections_table(&report, Extent::All, format))).unwrap();
        assert!(sink.bytes > 60 * 60 * 100 && sink.longest < 300, "{} bytes at once", sink.longest);
    }
}

/// Fails when the first row is finished.
struct Broken;

impl fmt::Write for Broken {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.contains("d100000") { Err(fmt::Error) } else { Ok(()) }
    }
}

#[test]
fn nothing_more_is_made_when_nobody_reads() {
    let world = read(&all_to_all(5));
    let report = Report::of(&world, world.graph());
    for format in [TableFormat::Text, TableFormat::Markdown, TableFormat::Csv] {
        let outcome = fmt::write(&mut Broken, format_args!("{}", connections_table(&report, Extent::All, format)));
        assert_eq!(outcome, Err(fmt::Error));
    }
}

#[test]
fn pairs_are_made_when_they_are_asked_for() {
    let held = [50, 100, 200].map(|workloads| {
        let world = read(&all_to_all(workloads));
        let pair = world.connectivity().pairs(Extent::All).nth(workloads + 5).unwrap();
        Arc::strong_count(&pair.answer)
    });
    assert!(held.iter().all(|count| *count == held[0] && *count < 8), "{held:?} hold the answer");
}

/// The rows of a CSV text.
fn parsed(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    for c in csv.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    rows
}

#[test]
fn columns_are_as_wide_as_if_all_rows_were_known() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/");
    let mut texts = vec![all_to_all(3), all_to_all(1)];
    for case in ["calls/policies/input", "calls/names/input", "policy/own-networks/input", "allows/spread/cluster"] {
        texts.push(std::fs::read_to_string(format!("{folder}{case}.yaml")).unwrap());
    }
    for text in texts {
        let world = read(&text);
        let report = Report::of(&world, world.graph());
        for extent in [Extent::All, Extent::Ruled] {
            let written = |format| connections_table(&report, extent, format).to_string();
            let mut rows = parsed(&written(TableFormat::Csv));
            rows.remove(0);
            let Some(first) = rows.first() else {
                assert_eq!(extent, Extent::Ruled, "pairs are listed whether or not rules concern them");
                continue;
            };
            let columns: Vec<&str> = match first.len() {
                5 => vec!["From", "To", "Ports", "Certainty", "Because"],
                _ => vec!["From", "To", "Ports", "Certainty", "Call", "Because"],
            };
            assert_eq!(
                written(TableFormat::Text),
                table(&Table { columns, rows, ..Table::default() }, TableFormat::Text)
            );
        }
    }
}
