//! The two states of a comparison, worked out: for every command that shows what differs.

use std::path::PathBuf;

use super::input::{ConnectArgs, Input, ReadingArgs};
use crate::check::{self, Subject};
use crate::diagnostic::{Diagnostic, Severity};
use crate::diff::{self, Diff, State};
use crate::policy::Connectivity;
use crate::render::Changes;
use crate::resolve::Denied;
use crate::source::{self, GitRange, GitRequest, Loaded};

/// How states are read and judged.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// How to read.
    pub reading: &'a ReadingArgs,
    /// What is told beside the manifests.
    pub connect: &'a ConnectArgs,
}

/// One state with everything that is known about it.
pub struct Side {
    /// What it is called.
    pub name: String,
    /// What the names of its files begin with.
    root: String,
    /// What was read.
    pub input: Input,
    connectivity: Connectivity,
    /// What was noticed and what was found.
    problems: Vec<Diagnostic>,
}

impl Side {
    /// Whether some of it could not be read at all.
    pub fn is_unread(&self) -> bool {
        self.input.diagnostics.iter().any(|d| d.at.is_none() && d.severity == Severity::Error)
    }

    fn state(&self) -> State<'_> {
        State {
            cluster: &self.input.inspection.cluster,
            graph: &self.input.inspection.graph,
            connectivity: &self.connectivity,
            diagnostics: &self.problems,
            sources: &self.input.sources,
            root: &self.root,
        }
    }
}

/// How two states differ, and what is made of that.
pub fn compared<T>([old, new]: &[Side; 2], then: impl FnOnce(&Diff, &Changes<'_>) -> T) -> T {
    let states = [old.state(), new.state()];
    let diff = diff::compare(&states[0], &states[1]);
    let changes = Changes { diff: &diff, old: &states[0], new: &states[1], names: [&old.name, &new.name] };
    then(&diff, &changes)
}

/// What a state is called, and what the names of its files begin with.
pub type Names = (String, String);

/// Both states, worked out side by side.
pub fn both(asked: Asked<'_>, old: (Names, Loaded), new: (Names, Loaded)) -> anyhow::Result<[Side; 2]> {
    let (old, new) = rayon::join(|| connected(asked, old.0, old.1), || connected(asked, new.0, new.1));
    Ok([old?, new?])
}

/// What to read of two revisions of the repository around the current folder.
pub fn request(range: &GitRange, paths: &[PathBuf], kustomize: &[PathBuf], reading: &ReadingArgs) -> GitRequest {
    let mut request = GitRequest::new(range.clone(), paths.to_vec());
    request.kustomize = kustomize.to_vec();
    request.max_file_bytes = reading.max_file_bytes();
    request
}

/// Both states of a repository, worked out.
pub fn both_revisions(asked: Asked<'_>, [old, new]: [source::Side; 2]) -> anyhow::Result<[Side; 2]> {
    let named = |side: source::Side| ((side.name(), String::new()), side.loaded);
    both(asked, named(old), named(new))
}

/// A state, worked out.
fn connected(asked: Asked<'_>, (name, root): Names, loaded: Loaded) -> anyhow::Result<Side> {
    let mut input = asked.reading.inspect(loaded);
    let connectivity = input.connect(asked.connect)?;
    let calls = crate::calls(&input.inspection, &input.sources);
    let subject = Subject {
        cluster: &input.inspection.cluster,
        graph: &input.inspection.graph,
        connectivity: &connectivity,
        calls: &calls,
    };
    let found = check::check(&subject, &check::Options::default());
    let found = check::unsuppressed(found, &input.inspection.cluster, &input.sources);
    let found = found.into_iter().map(|f| f.diagnostic);
    // What is reached from outside has a topic of its own.
    let problems = input.diagnostics.iter().cloned().chain(found.filter(|d| d.code.as_str() != "exposed-to-internet"));
    let problems = problems.collect();
    crate::allow(&mut input.inspection, &connectivity, &input.sources, Denied::Hidden);
    Ok(Side { name, root, input, connectivity, problems })
}
