//! The real helm and kubectl, where they are installed.

use std::path::PathBuf;
use std::process::Command;

use super::skip::skip;

/// A program: the one that an environment variable names, or the one on the `PATH`. Without either the test is reported
/// as skipped.
fn find(variable: &str, name: &str, version: &[&str]) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let works = Command::new(&program).args(version).output().is_ok_and(|o| o.status.success());
    if !works {
        skip(&format!("there is no {name}, neither on the PATH nor in {variable}"));
    }
    works.then_some(program)
}

/// `kubectl`, which holds kustomize.
pub fn kubectl() -> Option<PathBuf> {
    find("KUBESKETCH_KUBECTL", "kubectl", &["version", "--client"])
}

/// `helm`.
pub fn helm() -> Option<PathBuf> {
    find("KUBESKETCH_HELM", "helm", &["version"])
}
