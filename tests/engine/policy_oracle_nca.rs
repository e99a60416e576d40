//! Known answers for Calico's and Istio's policies, kept beside this repository in `../shared/oracle-nca` with their
//! checker. Where they are not there, or Python is not, the test says so and does nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::skip::skip;

/// Cases whose answer takes a selector that is a mapping for none. The API server refuses it, and so do we.
const REFUSED: &str = "testcase26-multi-layer-policies-testcase26-config-1-k8s-calico-istio-ingress-2";

/// Where the oracle is; says so where it is not.
fn oracle() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [root.join("../shared/oracle-nca"), root.join("../../shared/oracle-nca")];
    let found = places.into_iter().find(|p| p.join("check.py").is_file());
    if found.is_none() {
        skip("the oracle is not at ../shared/oracle-nca");
    }
    found
}

#[test]
fn every_case_of_the_oracle_of_other_policies_holds() {
    let Some(oracle) = oracle() else { return };
    if Command::new("python3").arg("--version").output().is_err() {
        skip("there is no python3");
        return;
    }
    let program = env!("CARGO_BIN_EXE_kubesketch");
    let command = format!("'{program}' table connections --all -o json {{manifests}} 2>/dev/null | python3 adapter.py");
    let run = Command::new("python3").args(["check.py", "-v", "--cmd", &command]).current_dir(oracle).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let failed: Vec<&str> = said.lines().filter(|l| l.starts_with("FAIL") && !l.contains(REFUSED)).collect();
    assert!(said.contains("\nall ") && failed.is_empty(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}
