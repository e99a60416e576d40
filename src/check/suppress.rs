//! Findings that somebody has looked at and accepted: annotations on objects and comments in the text, each with a
//! reason.
//!
//! * `kubesketch.dev/ignore-CODE: reason`, an annotation: findings of this kind about the object.
//! * `# kubesketch:ignore CODE[,CODE] reason`, a comment: those of a line (at its end, or alone before it) or of a
//!   document (before it).
//!
//! One without a reason does not hold, one that names no finding and one that suppresses nothing are reported.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::registry::family;
use super::{Finding, nearest};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest;
use crate::net::ObjectKey;
use crate::source::{FileId, Span};
use crate::world::World;

family! {
    UnusedSuppression, "unused-suppression", false, "A comment or an annotation suppresses a finding that is not there. The cause was repaired, or the suppression stands in the wrong place: a comment is about its own line, about the next line if it stands alone, or about the whole document if it stands before one; an annotation is about its object. What suppresses nothing today would hide something tomorrow.";
    UnknownSuppression, "unknown-suppression", false, "A comment or an annotation names a finding that does not exist, so it suppresses nothing. `kubesketch explain` lists the codes.";
    SuppressionWithoutReason, "suppression-without-reason", false, "A comment or an annotation does not say why a finding is accepted, so it does not hold and the finding counts. The reason is for whoever meets it next: `# kubesketch:ignore ingress-no-tls TLS ends at the load balancer`.";
}

/// The beginning of the keys of annotations.
const ANNOTATION: &str = "kubesketch.dev/ignore-";

/// The word that comments begin with.
const COMMENT: &str = "kubesketch:ignore";

/// One accepted kind of finding at one place.
#[derive(Clone, Debug)]
pub(super) struct Suppression {
    code: Code,
    /// Where it is written.
    pub at: Span,
    pub reason: String,
    scope: Scope,
}

#[derive(Clone, Debug)]
enum Scope {
    Object { key: ObjectKey, span: Span },
    Lines { file: FileId, lines: RangeInclusive<u32> },
}

/// All suppressions of an input.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    pub(super) all: Vec<Suppression>,
    /// What is wrong with others.
    pub(super) faults: Vec<Finding>,
}

impl Suppression {
    /// Says that it suppresses nothing.
    pub fn unused(&self) -> Finding {
        let code = self.code.as_str();
        let (place, about) = match &self.scope {
            Scope::Object { key, .. } => (format!("about {key}"), Some(key.clone())),
            // Lines move; what is said about them stays.
            Scope::Lines { .. } => ("where this comment holds".to_owned(), None),
        };
        let diagnostic = Diagnostic::at(
            Code::UnusedSuppression,
            self.at,
            format!("there is no {code} {place}, so nothing is suppressed"),
        );
        Finding { diagnostic: diagnostic.with_help("take it away, or put it where the finding is"), about }
    }

    /// The kind of finding that it suppresses.
    pub fn code(&self) -> Code {
        self.code
    }
}

/// Reads the annotations of objects and the comments of texts.
pub fn suppressions(world: &World) -> Suppressions {
    let (cluster, sources) = (world.cluster(), world.sources());
    let mut found = Suppressions::default();
    for entry in cluster.entries() {
        let object = &entry.object;
        for (key, reason) in &object.annotations {
            let Some(code) = key.strip_prefix(ANNOTATION) else { continue };
            let mut path = String::from("metadata.annotations");
            manifest::push_key(&mut path, key);
            let at = object.tree.locate_key(&path);
            let scope = Scope::Object { key: entry.key.clone(), span: object.span };
            found.add(code, reason, at, scope);
        }
    }
    for remark in manifest::remarks(sources, COMMENT) {
        let (codes, reason) = remark.text.split_once([' ', '\t']).unwrap_or((remark.text, ""));
        for code in codes.split(',') {
            let scope = Scope::Lines { file: remark.at.file, lines: remark.lines.clone() };
            found.add(code, reason, remark.at, scope);
        }
    }
    found.all.sort_by_key(|s| (s.at, s.code));
    found
}

/// Findings without those that somebody has accepted.
pub fn unsuppressed(findings: Vec<Finding>, world: &World) -> Vec<Finding> {
    let accepted = suppressions(world);
    let lookup = Lookup::new(&accepted.all);
    findings.into_iter().filter(|f| lookup.covering(f).is_empty()).collect()
}

/// Suppressions by what they are about, so that each finding is compared with those of its place alone.
pub(super) struct Lookup<'s> {
    objects: BTreeMap<(Code, &'s ObjectKey), Vec<usize>>,
    /// By byte offsets, for findings that are about no object.
    texts: BTreeMap<(Code, FileId), Stretches>,
    lines: BTreeMap<(Code, FileId), Stretches>,
}

impl<'s> Lookup<'s> {
    pub fn new(all: &'s [Suppression]) -> Lookup<'s> {
        let mut lookup = Lookup { objects: BTreeMap::new(), texts: BTreeMap::new(), lines: BTreeMap::new() };
        for (index, suppression) in all.iter().enumerate() {
            let code = suppression.code;
            match &suppression.scope {
                Scope::Object { key, span } => {
                    lookup.objects.entry((code, key)).or_default().push(index);
                    lookup.texts.entry((code, span.file)).or_default().all.push((span.start, span.end, index));
                }
                Scope::Lines { file, lines } => {
                    let known = lookup.lines.entry((code, *file)).or_default();
                    known.all.push((*lines.start(), *lines.end(), index));
                }
            }
        }
        lookup.texts.values_mut().chain(lookup.lines.values_mut()).for_each(Stretches::sort);
        lookup
    }

    /// The positions of the suppressions that mean a finding, sorted.
    pub fn covering(&self, finding: &Finding) -> Vec<usize> {
        let Diagnostic { code, at, .. } = &finding.diagnostic;
        let mut found = match (&finding.about, at) {
            (Some(about), _) => self.objects.get(&(*code, about)).cloned().unwrap_or_default(),
            (None, Some(at)) => self.texts.get(&(*code, at.file)).map_or_else(Vec::new, |t| t.around(at.start)),
            (None, None) => Vec::new(),
        };
        if let Some((lines, at)) = at.and_then(|at| Some((self.lines.get(&(*code, at.file))?, at))) {
            found.extend(lines.around(at.line));
        }
        found.sort_unstable();
        found
    }
}

/// Stretches of a file: first, last, and the position of the suppression.
#[derive(Default)]
struct Stretches {
    all: Vec<(u32, u32, usize)>,
    /// For each the furthest end of it and those before it.
    furthest: Vec<u32>,
}

impl Stretches {
    fn sort(&mut self) {
        self.all.sort_unstable();
        let mut end = 0;
        for stretch in &self.all {
            end = end.max(stretch.1);
            self.furthest.push(end);
        }
    }

    /// Those around a point.
    fn around(&self, at: u32) -> Vec<usize> {
        let begun = self.all.partition_point(|s| s.0 <= at);
        let near = (0..begun).rev().take_while(|i| self.furthest[*i] >= at);
        near.filter(|i| self.all[*i].1 >= at).map(|i| self.all[i].2).collect()
    }
}

impl Suppressions {
    fn add(&mut self, code: &str, reason: &str, at: Span, scope: Scope) {
        let reason = reason.trim();
        let about = match &scope {
            Scope::Object { key, .. } => Some(key.clone()),
            Scope::Lines { .. } => None,
        };
        let Some(known) = Code::ALL.iter().copied().find(|c| c.as_str() == code) else {
            let near = nearest::name(code, Code::ALL.iter().map(|c| c.as_str()));
            let message = match code {
                "" => "a suppression names no finding".to_owned(),
                code => format!("there is no finding `{code}` to suppress"),
            };
            let help =
                near.map_or("`kubesketch explain` lists the codes".to_owned(), |n| format!("`{n}` is probably meant"));
            let diagnostic = Diagnostic::at(Code::UnknownSuppression, at, message).with_help(help);
            self.faults.push(Finding { diagnostic, about });
            return;
        };
        if reason.is_empty() {
            let message = format!("the suppression of {code} gives no reason, so it does not hold");
            let diagnostic = Diagnostic::at(Code::SuppressionWithoutReason, at, message)
                .with_help("say after the code why this is accepted");
            self.faults.push(Finding { diagnostic, about });
            return;
        }
        self.all.push(Suppression { code: known, at, reason: reason.to_owned(), scope });
    }
}

#[cfg(test)]
mod tests {
    use super::Stretches;

    #[test]
    fn stretches_around_a_point_are_found_however_they_overlap() {
        let all: Vec<(u32, u32, usize)> =
            (0..40u32).map(|i| (i * 7 % 30, i * 7 % 30 + i * 5 % 13, i as usize)).collect();
        let mut stretches = Stretches { all: all.clone(), furthest: Vec::new() };
        stretches.sort();
        for at in 0..50 {
            let mut found = stretches.around(at);
            found.sort_unstable();
            let wanted: Vec<usize> = all.iter().filter(|s| s.0 <= at && at <= s.1).map(|s| s.2).collect();
            assert_eq!(found, wanted, "{at}");
        }
    }
}
