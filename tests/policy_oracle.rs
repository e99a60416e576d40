//! The connectivity oracle: hundreds of cases with known answers, kept beside this repository in `../shared/oracle` with their checker. Where they are not
//! there, or Python is not, the test says so and does nothing.

use std::path::Path;
use std::process::Command;

/// The suites whose every case must hold but for those that the oracle itself marks as known differences.
const SUITES: &str = "list,e2e,recipes,tricky,conformance,policy_assistant,anp_parsed,focus,diff,explain,exposure,errors";

#[test]
fn every_case_of_the_oracle_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [root.join("../shared/oracle"), root.join("../../shared/oracle")];
    let Some(oracle) = places.iter().find(|p| p.join("check.py").is_file()) else {
        eprintln!("skipped: the oracle is not at ../shared/oracle");
        return;
    };
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let program = env!("CARGO_BIN_EXE_kubesketch");
    let command = format!("'{program}' table connections --all -o json {{manifests}} 2>/dev/null | python3 adapter.py");
    let run = Command::new("python3")
        .args(["check.py", "--any-error", "-v", "--suite", SUITES, "--cmd", &command])
        .current_dir(oracle)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}
