//! One state of a system, read from a text, with all that a comparison asks for.

use kubesketch::diagnostic::Diagnostic;
use kubesketch::diff::State;
use kubesketch::policy::Connectivity;
use kubesketch::resolve::Denied;
use kubesketch::source::Sources;
use kubesketch::{ConnectOptions, Inspection, allow, cluster, connect, inspect};

/// What a text says.
pub struct Read {
    pub sources: Sources,
    pub inspection: Inspection,
    pub connectivity: Connectivity,
    pub diagnostics: Vec<Diagnostic>,
}

impl Read {
    pub fn new(name: &str, yaml: &str) -> Read {
        let sources = Sources::from_texts([(name, yaml)]);
        let mut diagnostics = Vec::new();
        let mut inspection = inspect(&sources, &cluster::Options::default()).unpack(&mut diagnostics);
        let connectivity = connect(&inspection, &ConnectOptions::default()).unpack(&mut diagnostics);
        allow(&mut inspection, &connectivity, &sources, Denied::Hidden);
        Read { sources, inspection, connectivity, diagnostics }
    }

    pub fn state(&self) -> State<'_> {
        State {
            cluster: &self.inspection.cluster,
            graph: &self.inspection.graph,
            connectivity: &self.connectivity,
            diagnostics: &self.diagnostics,
            sources: &self.sources,
            root: "",
        }
    }
}
