//! The built program on policies of growing number: wall time and peak memory of the whole process for `table
//! isolation` and `table connections`, and how many connections there are.
//!
//! `cargo bench --bench policy` prints a table. Peak memory comes from GNU time where it is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "../tests/support/generate_policies.rs"]
mod generate;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use generate::Size;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubesketch");

const SIZES: &[Size] = &[
    Size { namespaces: 1, workloads: 100, policies: 10 },
    Size { namespaces: 10, workloads: 100, policies: 100 },
    Size { namespaces: 10, workloads: 1_000, policies: 100 },
    Size { namespaces: 100, workloads: 1_000, policies: 1_000 },
    Size { namespaces: 100, workloads: 10_000, policies: 10 },
    Size { namespaces: 100, workloads: 10_000, policies: 100 },
    Size { namespaces: 100, workloads: 10_000, policies: 1_000 },
];

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    println!("{:<42} {:<12} {:>10} {:>10} {:>10} {:>10}", "input", "table", "best", "median", "MiB peak", "rows");
    for size in SIZES {
        let path = folder.path().join("input.yaml");
        std::fs::write(&path, generate::manifests(*size))?;
        let name = format!("{} workloads, {} policies, {} namespaces", size.workloads, size.policies, size.namespaces);
        for table in ["isolation", "connections"] {
            let mut times: Vec<Duration> = Vec::new();
            let start = Instant::now();
            let mut rows = 0;
            while times.len() < 3 || (times.len() < 20 && start.elapsed() < Duration::from_secs(3)) {
                let from = Instant::now();
                let output = Command::new(PROGRAM).args(["table", table, "-q", "-o", "csv"]).arg(&path).output()?;
                times.push(from.elapsed());
                assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
                rows = output.stdout.iter().filter(|b| **b == b'\n').count();
            }
            times.sort();
            let ms = |d: Duration| format!("{:.0} ms", d.as_secs_f64() * 1e3);
            let peak = peak_memory(table, &path).map_or("-".into(), |kib| format!("{:.0}", kib / 1024.0));
            println!(
                "{name:<42} {table:<12} {:>10} {:>10} {peak:>10} {rows:>10}",
                ms(times[0]),
                ms(times[times.len() / 2])
            );
        }
    }
    Ok(())
}

fn peak_memory(table: &str, input: &Path) -> Option<f64> {
    let program = ["-f", "%M", PROGRAM, "table", table, "-q", "-o", "csv"];
    let run = Command::new("/usr/bin/time").args(program).arg(input).stdout(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&run.stderr).lines().last()?.trim().parse().ok()
}
