//! Each folder below `tests/cases/policy` shows one rule: `input.yaml` says it, `matrix.txt` what follows. Rows are
//! sources, columns destinations, cells the ports that are allowed; below stand the reported problems.
//! `controllers.txt` has the ingress controllers that are configured, one a line;
//! `unseen.txt`, where it is, says what pods may do that the input does not hold.
//!
//! `KUBESKETCH_BLESS=1` writes the matrices. Every case also gets, for free: the order of its documents does not
//! matter, and neither does the number of threads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kubesketch::policy::{Certainty, Direction, Endpoint, Extent, Network};
use kubesketch::render::{Table, TableFormat, table};
use kubesketch::source::Sources;
use kubesketch::world::{Options, World};
use libtest_mimic::{Failed, Trial};

/// A trial for each thing that is to hold of each case.
pub fn trials() -> Vec<Trial> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/policy");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 15, "only {} cases were found", cases.len());
    let mut trials = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let folder = case.clone();
        trials.push(Trial::test(format!("tests/cases/policy/{name}: matrix"), move || golden(&folder)));
        if case.join("unseen.txt").is_file() {
            let folder = case.clone();
            trials.push(Trial::test(format!("tests/cases/policy/{name}: unseen pods"), move || unseen(&folder)));
        }
        trials.push(Trial::test(format!("tests/cases/policy/{name}: document order"), move || any_order(&case)));
    }
    trials
}

fn golden(folder: &Path) -> Result<(), Failed> {
    let now = matrices(folder, &fs::read_to_string(folder.join("input.yaml"))?, Problems::Told)?;
    compare(&folder.join("matrix.txt"), &now)
}

fn unseen(folder: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(folder.join("input.yaml"))?;
    let found = World::of_texts(Sources::from_texts([("input.yaml", text)]), &Options::default())?;
    let connectivity = found.connectivity();
    let mut now = String::new();
    for row in connectivity.unseen(found.cluster(), Extent::All) {
        let own = name(&found, &Endpoint::Workload(row.workload));
        let arrow = if row.direction == Direction::Ingress { "<-" } else { "->" };
        now.push_str(&format!("{own} {arrow} {}: {}\n", row.peers, row.ports));
    }
    compare(&folder.join("unseen.txt"), &now)
}

fn compare(path: &Path, now: &str) -> Result<(), Failed> {
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        return Ok(fs::write(path, now)?);
    }
    let then = fs::read_to_string(path).unwrap_or_default();
    if then == now { Ok(()) } else { Err(format!("{} says\n{then}\nnow it is\n{now}", path.display()).into()) }
}

fn any_order(folder: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(folder.join("input.yaml"))?;
    let turned: Vec<&str> = text.split("\n---\n").collect::<Vec<_>>().into_iter().rev().collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let other = pool.install(|| matrices(folder, &turned.join("\n---\n"), Problems::Left))?;
    let one = matrices(folder, &text, Problems::Left)?;
    if one == other { Ok(()) } else { Err(format!("{one}\nwith the documents turned\n{other}").into()) }
}

/// True if problems are reported beside the matrix; their places change with the order of documents.
#[derive(Clone, Copy, PartialEq)]
enum Problems {
    Told,
    Left,
}

fn matrices(folder: &Path, text: &str, problems: Problems) -> Result<String, Failed> {
    let controllers = fs::read_to_string(folder.join("controllers.txt")).unwrap_or_default();
    let options = Options {
        default_namespace: Some("default".into()),
        ingress_controllers: controllers.lines().map(str::parse).collect::<Result<_, _>>()?,
        ..Options::default()
    };
    let found = World::of_texts(Sources::from_texts([("input.yaml", text)]), &options)?;
    let connectivity = found.connectivity();
    let mut networks: BTreeMap<Network, BTreeMap<(String, String), String>> = BTreeMap::new();
    for connection in connectivity.connections(Extent::All) {
        let mark = if connection.certainty == Certainty::Undetermined { " ?" } else { "" };
        let ports = if connection.ports.is_empty() { ".".to_owned() } else { connection.ports.to_string() };
        let ports = match &connection.sometimes {
            some if some.is_empty() => ports,
            some => format!("{ports} (on some requests {some})"),
        };
        let ends = (name(&found, &connection.from), name(&found, &connection.to));
        networks.entry(connection.network).or_default().insert(ends, format!("{ports}{mark}"));
    }
    let mut out = String::new();
    for (network, cells) in &networks {
        if networks.len() > 1 {
            out.push_str(&format!("{network}\n"));
        }
        out.push_str(&matrix(cells));
        out.push('\n');
    }
    if problems == Problems::Told {
        for d in found.diagnostics() {
            let place = d.at.map_or(String::new(), |at| format!("{}: ", found.sources().line_of(at)));
            out.push_str(&format!("{place}{}[{}]: {}\n", d.severity.as_str(), d.code.as_str(), d.message));
        }
    }
    Ok(out.trim_end().to_owned() + "\n")
}

fn matrix(cells: &BTreeMap<(String, String), String>) -> String {
    let mut columns: Vec<&String> = cells.keys().map(|(_, to)| to).collect();
    columns.sort();
    columns.dedup();
    let mut sources: Vec<&String> = cells.keys().map(|(from, _)| from).collect();
    sources.sort();
    sources.dedup();
    let rows = sources.iter().map(|from| {
        let cell = |to: &&String| match cells.get(&((*from).clone(), (*to).clone())) {
            Some(ports) => ports.clone(),
            None if from == to => "-".to_owned(),
            None => String::new(),
        };
        std::iter::once((*from).clone()).chain(columns.iter().map(cell)).collect()
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.insert(0, std::iter::once(String::new()).chain(columns.iter().map(|c| (*c).clone())).collect());
    let text = table(&Table { columns: vec![""; columns.len() + 1], rows, ..Table::default() }, TableFormat::Text);
    // The headings of a table are in capitals, which names are not: the first row serves as the headings.
    text.lines().skip(1).collect::<Vec<_>>().join("\n") + "\n"
}

fn name(found: &World, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Workload(w) => {
            let key = &found.cluster().workloads()[*w].key;
            let kind = if key.kind == "Pod" { String::new() } else { format!("[{}]", key.kind) };
            let namespace = if key.namespace() == "default" { String::new() } else { format!("{}/", key.namespace()) };
            format!("{namespace}{}{kind}", key.name)
        }
        Endpoint::IngressController => "{ingress controller}".to_owned(),
        Endpoint::Addresses(range) => match range.cidrs().as_slice() {
            [one] => one.clone(),
            _ => range.to_string(),
        },
    }
}
