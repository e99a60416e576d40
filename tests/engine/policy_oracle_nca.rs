//! Known answers for Calico's and Istio's policies, kept beside this repository in `../shared/oracle-nca` with their
//! checker. Where they are not there, or Python is not, the test says so and does nothing.

use std::process::Command;

use super::policy_oracle::oracle;

/// Cases whose answer takes a selector that is a mapping for none. The API server refuses it, and so do we.
const REFUSED: &str = "testcase26-multi-layer-policies-testcase26-config-1-k8s-calico-istio-ingress-2";

#[test]
fn every_case_of_the_oracle_of_other_policies_holds() {
    let Some(oracle) = oracle("oracle-nca") else { return };
    let program = env!("CARGO_BIN_EXE_kubesketch");
    let command = format!("'{program}' table connections --all -o json {{manifests}} 2>/dev/null | python3 adapter.py");
    let run = Command::new("python3").args(["check.py", "-v", "--cmd", &command]).current_dir(oracle).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let failed: Vec<&str> = said.lines().filter(|l| l.starts_with("FAIL") && !l.contains(REFUSED)).collect();
    assert!(said.contains("\nall ") && failed.is_empty(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}
