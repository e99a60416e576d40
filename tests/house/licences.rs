//! Every crate that a built program contains has a licence that we may ship under.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Licences under which a library may be part of the program.
const FINE: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "Unlicense",
    "BSL-1.0",
];

#[test]
fn every_library_may_be_shipped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(rustc.stdout)
        .unwrap()
        .lines()
        .find_map(|l| l.strip_prefix("host: ").map(str::to_owned))
        .unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", &host])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let licences: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["license"].as_str().unwrap_or("none")))
        .collect();
    assert!(licences.len() > 50, "cargo metadata named only {} crates", licences.len());
    let mut wrong = Vec::new();
    for (name, licence) in licences {
        let offered = licence.replace('/', " OR ").replace(['(', ')'], "");
        let fine = offered.split(" OR ").any(|choice| choice.split(" AND ").all(|l| FINE.contains(&l.trim())));
        if !fine {
            wrong.push(format!("{name}: {licence}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
