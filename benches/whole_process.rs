//! The built program as a user runs it: wall time (best and median) and peak memory of the whole process, on the shop
//! and on inputs of growing size, with every object drawn, as an overview, and as a folder of pages.
//!
//! `cargo bench --bench whole_process` prints a table. Peak memory comes from GNU time where it is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "../tests/support/generate.rs"]
mod generate;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use generate::Size;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubesketch");

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let made = |name: &str, size: Size| -> std::io::Result<(String, std::path::PathBuf)> {
        let path = folder.path().join(format!("{name}.yaml"));
        std::fs::write(&path, generate::manifests(size))?;
        Ok((size.to_string(), path))
    };
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    let inputs = [
        ("examples/shop".to_owned(), shop),
        made("100", Size { namespaces: 3, workloads: 16, route_every: 3 })?,
        made("1000", Size { namespaces: 50, workloads: 20, route_every: 4 })?,
        made("10000", Size { namespaces: 100, workloads: 49, route_every: 5 })?,
    ];
    let svg = folder.path().join("out.svg");
    let pages = folder.path().join("pages/");
    println!("{:<48} {:>10} {:>10} {:>10} {:>12}", "input", "best", "median", "MiB peak", "bytes");
    for (name, path) in inputs {
        let whole: (&str, &[&str], &Path) = ("every object", &["--overview", "never"], &svg);
        let far: (&str, &[&str], &Path) = ("overview", &["--overview", "always"], &svg);
        for (how, more, out) in [whole, far, ("folder", &[], &pages)] {
            let mut times: Vec<Duration> = Vec::new();
            let start = Instant::now();
            while times.len() < 3 || (times.len() < 30 && start.elapsed() < Duration::from_secs(3)) {
                let from = Instant::now();
                let status =
                    Command::new(PROGRAM).args(["draw", "-q"]).args(more).arg("-o").arg(out).arg(&path).status()?;
                assert!(status.success(), "{name} failed");
                times.push(from.elapsed());
            }
            times.sort();
            let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1e3);
            let peak = peak_memory(&path, more, out).map_or("-".into(), |kib| format!("{:.1}", kib / 1024.0));
            println!(
                "{:<48} {:>10} {:>10} {peak:>10} {:>12}",
                format!("{name}, {how}"),
                ms(times[0]),
                ms(times[times.len() / 2]),
                bytes(out)?
            );
        }
    }
    Ok(())
}

/// The size of a file, or of all files in a folder, which is empty afterwards.
fn bytes(out: &Path) -> std::io::Result<u64> {
    if !out.is_dir() {
        return Ok(std::fs::metadata(out)?.len());
    }
    let mut all = 0;
    for entry in std::fs::read_dir(out)? {
        let entry = entry?;
        all += entry.metadata()?.len();
        std::fs::remove_file(entry.path())?;
    }
    Ok(all)
}

fn peak_memory(input: &Path, more: &[&str], out: &Path) -> Option<f64> {
    let run = Command::new("/usr/bin/time")
        .args(["-f", "%M", PROGRAM, "draw", "-q"])
        .args(more)
        .arg("-o")
        .arg(out)
        .arg(input)
        .stdout(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8_lossy(&run.stderr).lines().last()?.trim().parse().ok()
}
