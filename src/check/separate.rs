//! Which files are not deployed together: examples beside each other, and environments.
//!
//! Guarantees: files are only told apart on evidence. A cluster holds one definition of each object, so a folder whose
//! parts define one differently is not deployed as a whole; and what lies in a folder of examples is one of these.

use std::collections::BTreeSet;

use crate::cluster::Entry;
use crate::source::Sources;
use crate::world::World;

/// Names of folders with examples.
const EXAMPLES: &[&str] = &["demos", "example", "examples", "sample", "samples", "testdata", "tutorials"];

/// Evidence that files are not deployed together.
pub(super) struct Separate<'a> {
    sources: &'a Sources,
    /// Folders whose parts define an object differently.
    contradictory: BTreeSet<&'a str>,
}

impl<'a> Separate<'a> {
    pub fn of(world: &'a World) -> Separate<'a> {
        let (cluster, sources) = (world.cluster(), world.sources());
        let different = cluster.left_out().iter().filter(|left| !left.is_equal);
        let folders = different.filter_map(|left| {
            let used = &cluster.entries()[cluster.find(&left.key)?];
            let (used, left) = (used.object.span.file, left.at.file);
            (used != left).then(|| common(sources.name(used), sources.name(left)))
        });
        Separate { sources, contradictory: folders.collect() }
    }

    /// Why two objects need not be in one cluster; `None` without evidence.
    pub fn why(&self, one: &Entry, other: &Entry) -> Option<&'static str> {
        let (one, other) = (one.object.span.file, other.object.span.file);
        if one == other {
            return None;
        }
        let folder = common(self.sources.name(one), self.sources.name(other));
        if EXAMPLES.contains(&folder.rsplit('/').next().unwrap_or(folder)) {
            return Some("they are in a folder of examples, and need not be in one cluster");
        }
        self.contradictory
            .contains(folder)
            .then_some("their folder defines objects twice, differently, and is not deployed as a whole")
    }
}

/// The innermost folder that two paths are in; empty if there is none.
fn common<'p>(one: &'p str, other: &str) -> &'p str {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    one.get(..same).and_then(|shared| shared.rfind('/')).map_or("", |end| &one[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{self, Options};
    use crate::diagnostic::{Code, Severity};
    use crate::world;

    const OTHER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: ";

    fn ingress(name: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{rules: [{{host: a.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    }

    /// How bad it is that two files have the same route.
    fn severity(first: (&str, &str), second: (&str, &str)) -> Severity {
        let (one, two) = (ingress("a") + first.1, ingress("b") + second.1);
        let sources = Sources::from_texts([(first.0, one.as_str()), (second.0, two.as_str())]);
        let world = World::of_texts(sources, &world::Options::default()).unwrap();
        let found = check::check(&world, &Options::default());
        let found = found.iter().find(|f| f.diagnostic.code == Code::IngressDuplicateRoute).unwrap();
        found.diagnostic.severity
    }

    #[test]
    fn examples_beside_each_other_are_not_one_system() {
        let (one, two) = (format!("---\n{OTHER}'1'}}\n"), format!("---\n{OTHER}'2'}}\n"));
        for (first, second, expected) in [
            (("deploy/a.yaml", ""), ("deploy/b.yaml", ""), Severity::Error),
            (("examples/a.yaml", ""), ("examples/b.yaml", ""), Severity::Warning),
            (("examples/web/a.yaml", ""), ("examples/web/b.yaml", ""), Severity::Error),
            (("a.yaml", one.as_str()), ("b.yaml", two.as_str()), Severity::Warning),
            (("a.yaml", one.as_str()), ("b.yaml", one.as_str()), Severity::Error),
            (("one/a.yaml", ""), ("two/b.yaml", ""), Severity::Error),
        ] {
            assert_eq!(severity(first, second), expected, "{} {}", first.0, second.0);
        }
    }

    #[test]
    fn paths_have_a_common_folder() {
        for (one, other, expected) in
            [("a/b/c", "a/b/d", "a/b"), ("a/bc", "a/bd", "a"), ("ab/c", "ad/c", ""), ("a/b", "a/b/c", "a")]
        {
            assert_eq!(common(one, other), expected);
        }
    }
}
