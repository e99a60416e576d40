//! The manifests of the objects on a page.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cluster::{Cluster, Secrecy};
use crate::graph::NodeId;
use crate::net::ObjectKey;
use crate::source::Sources;

use super::seen;
use crate::inert::shown_lines;

/// The maximum size of manifests on a page, in bytes, so that a page can be sent by mail.
const BUDGET: usize = 1 << 20;

/// Objects whose texts are wanted.
#[derive(Default)]
pub(super) struct Texts {
    entries: Option<BTreeMap<ObjectKey, usize>>,
    wanted: Vec<usize>,
    at: BTreeMap<usize, usize>,
}

impl Texts {
    /// The position of the text of the object that a node represents.
    pub(super) fn object(&mut self, cluster: &Cluster, id: &NodeId) -> Option<usize> {
        let entries = self.entries.get_or_insert_with(|| {
            let all = cluster.entries().iter().enumerate().map(|(i, e)| (e.key.clone(), i));
            // A workload known only by its pods is shown by the first of them.
            all.chain(cluster.workloads().iter().map(|w| (w.key.clone(), w.entry))).collect()
        });
        let entry = *entries.get(id.key()?)?;
        Some(self.entry(entry))
    }

    /// The position of the text of an object of the input.
    pub(super) fn key(&mut self, cluster: &Cluster, key: &ObjectKey) -> Option<usize> {
        Some(self.entry(cluster.find(key)?))
    }

    fn entry(&mut self, entry: usize) -> usize {
        let next = self.wanted.len();
        *self.at.entry(entry).or_insert_with(|| {
            self.wanted.push(entry);
            next
        })
    }

    /// The texts. Those that the page has no room for have no lines.
    pub(super) fn read(self, cluster: &Cluster, sources: &Sources, secrecy: Secrecy) -> Vec<TextJson> {
        let mut room = BUDGET;
        let read = cluster.excerpts(sources, &self.wanted, secrecy);
        let texts = self.wanted.iter().zip(&read);
        texts
            .map(|(entry, excerpt)| {
                let bytes: usize = excerpt.parts.iter().map(|(_, text)| text.len()).sum();
                let parts: &[_] = if bytes <= room { &excerpt.parts } else { &[] };
                room -= if parts.is_empty() { 0 } else { bytes };
                let entry = &cluster.entries()[*entry];
                TextJson {
                    name: seen(&entry.key.to_string()),
                    file: seen(sources.name(excerpt.file)),
                    line: entry.object.span.line,
                    parts: parts.iter().map(|(line, text)| (*line, shown_lines(&text.replace('\t', "    ")))).collect(),
                    cut: excerpt.cut,
                }
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
    /// The number of lines left out at the end.
    #[serde(skip_serializing_if = "is_none")]
    cut: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}
