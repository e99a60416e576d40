//! The texts of the objects that a page tells of.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cluster::{Cluster, Key};
use crate::manifest::{Excerpt, Secrecy, excerpts};
use crate::source::{Sources, Span};

use super::seen;
use crate::render::xml::shown_lines;

/// The most bytes of texts that a page holds: a page for a thousand objects should stay small enough to be sent around.
const BUDGET: usize = 1 << 20;

/// Objects whose texts are wanted.
#[derive(Default)]
pub(super) struct Texts {
    entries: Option<BTreeMap<String, usize>>,
    wanted: Vec<(String, Span)>,
    at: BTreeMap<usize, usize>,
}

impl Texts {
    /// The position of the text of the object that a node stands for.
    pub(super) fn object(&mut self, cluster: &Cluster, id: &str) -> Option<usize> {
        let entries = self.entries.get_or_insert_with(|| {
            let all = cluster.entries().iter().enumerate().map(|(i, e)| (e.key.to_string(), i));
            // A workload whose pods alone are in the input is told by the first of them.
            all.chain(cluster.workloads().iter().map(|w| (w.key.to_string(), w.entry))).collect()
        });
        let entry = *entries.get(id)?;
        Some(self.entry(cluster, entry))
    }

    /// The position of the text of an object of the input.
    pub(super) fn key(&mut self, cluster: &Cluster, key: &Key) -> Option<usize> {
        Some(self.entry(cluster, cluster.find(key)?))
    }

    fn entry(&mut self, cluster: &Cluster, entry: usize) -> usize {
        let next = self.wanted.len();
        *self.at.entry(entry).or_insert_with(|| {
            let entry = &cluster.entries()[entry];
            self.wanted.push((entry.key.to_string(), entry.object.span));
            next
        })
    }

    /// The texts. Those that the page has no room for have no lines.
    pub(super) fn read(self, sources: &Sources, secrecy: Secrecy) -> Vec<TextJson> {
        let spans: Vec<Span> = self.wanted.iter().map(|(_, span)| *span).collect();
        let mut room = BUDGET;
        let read = excerpts(sources, &spans, secrecy);
        let texts = self.wanted.into_iter().zip(&read).zip(&spans);
        texts
            .map(|(((name, _), excerpt), span)| {
                let bytes: usize = excerpt.parts.iter().map(|(_, text)| text.len()).sum();
                let fits = bytes <= room;
                room -= if fits { bytes } else { 0 };
                TextJson::of(&name, excerpt, sources, (*span, fits))
            })
            .collect()
    }
}

/// The text of one object.
#[derive(Serialize)]
pub(super) struct TextJson {
    name: String,
    file: String,
    line: u32,
    /// Stretches of lines, each with the number of its first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<(u32, String)>,
    /// How many lines are left out at the end.
    #[serde(skip_serializing_if = "is_none")]
    cut: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl TextJson {
    fn of(name: &str, excerpt: &Excerpt, sources: &Sources, (span, fits): (Span, bool)) -> TextJson {
        let parts = excerpt.parts.iter().filter(|_| fits);
        TextJson {
            name: seen(name),
            file: seen(sources.name(excerpt.file)),
            line: span.line,
            parts: parts.map(|(line, text)| (*line, shown_lines(&text.replace('\t', "    ")))).collect(),
            cut: excerpt.cut,
        }
    }
}
