//! Puts mappings together: merge keys, keys given twice, aliases and what they may cost.

use super::tree::{Entry, Tree, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// How many nodes aliases may add to a document. Go's decoder has a limit of this kind too; no manifest written by hand
/// comes near.
pub(super) const ALIAS_NODES: usize = 200_000;

/// How many bytes of text aliases may add to a document.
pub(super) const ALIAS_BYTES: usize = 64 << 20;

/// Maximum number of repeated keys of one mapping that are reported one by one.
const TOLD_DUPLICATES: usize = 5;

/// The size of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub nodes: usize,
    pub bytes: usize,
    pub depth: usize,
}

impl Size {
    /// Measures a value.
    pub fn of(tree: &Tree) -> Size {
        let mut size = Size { nodes: 1, bytes: 0, depth: 1 };
        match &tree.value {
            Value::Str(text) => size.bytes = text.len(),
            Value::Seq(items) => items.iter().for_each(|item| size.hold(Size::of(item))),
            Value::Map(entries) => {
                for entry in entries {
                    size.bytes += entry.key.len();
                    size.hold(Size::of(&entry.value));
                }
            }
            _ => {}
        }
        size
    }

    fn hold(&mut self, inner: Size) {
        self.nodes += inner.nodes;
        self.bytes += inner.bytes;
        self.depth = self.depth.max(inner.depth + 1);
    }
}

/// What copies of anchored values may still cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    pub fn new() -> Self {
        Budget { nodes: ALIAS_NODES, bytes: ALIAS_BYTES }
    }

    /// Pays for a copy; `false` if there is not enough left.
    pub fn pay(&mut self, size: Size) -> bool {
        match (self.nodes.checked_sub(size.nodes), self.bytes.checked_sub(size.bytes)) {
            (Some(nodes), Some(bytes)) => {
                *self = Budget { nodes, bytes };
                true
            }
            _ => false,
        }
    }
}

/// True if a mapping is the document itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Inner,
}

/// Where an entry of a mapping comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Own,
    Merged,
}

/// Makes a mapping of the entries as written. `merges` are the positions of its merge keys. `Err` is the place of a
/// merge key whose value is no mapping.
pub(super) fn mapping(
    entries: Vec<Entry>,
    merges: &[usize],
    place: Place,
    problems: &mut Vec<Diagnostic>,
) -> Result<Vec<Entry>, Span> {
    if merges.is_empty() {
        return Ok(if has_repeats(&entries) {
            let mut entries: Vec<(Entry, Origin)> = entries.into_iter().map(|e| (e, Origin::Own)).collect();
            settle(&mut entries, place, problems)
        } else {
            entries
        });
    }
    let mut merges = merges.iter().copied().peekable();
    let mut all: Vec<(Entry, Origin)> = Vec::with_capacity(entries.len());
    for (position, entry) in entries.into_iter().enumerate() {
        if merges.next_if_eq(&position).is_none() {
            all.push((entry, Origin::Own));
            continue;
        }
        match entry.value.value {
            Value::Map(inner) => all.extend(inner.into_iter().map(|e| (e, Origin::Merged))),
            Value::Seq(items) if items.iter().all(Tree::is_map) => {
                // Of several mappings the first one wins, so it is laid over the others.
                for item in items.into_iter().rev() {
                    if let Value::Map(inner) = item.value {
                        all.extend(inner.into_iter().map(|e| (e, Origin::Merged)));
                    }
                }
            }
            _ => return Err(entry.value.span),
        }
    }
    Ok(settle(&mut all, place, problems))
}

fn has_repeats(entries: &[Entry]) -> bool {
    if entries.len() <= 12 {
        return entries.iter().enumerate().any(|(i, e)| entries[..i].iter().any(|before| before.key == e.key));
    }
    let mut keys: Vec<&str> = entries.iter().map(|e| &*e.key).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// Leaves one entry per key: the last one, at the place of the first.
fn settle(entries: &mut Vec<(Entry, Origin)>, place: Place, problems: &mut Vec<Diagnostic>) -> Vec<Entry> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| entries[*a].0.key.cmp(&entries[*b].0.key));
    let mut winners: Vec<(usize, usize)> = Vec::with_capacity(order.len());
    let mut repeats: Vec<(Span, Span, usize)> = Vec::new();
    for group in order.chunk_by(|a, b| entries[*a].0.key == entries[*b].0.key) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        winners.push((*first, *last));
        // Own keys after a merge key are what merge keys are for. Anything else that is written over was probably meant
        // to stay.
        let own = group.iter().find(|i| entries[**i].1 == Origin::Own);
        if let Some(own) = own
            && own != last
            && (entries[*last].1 == Origin::Own || entries[*last].0.value != entries[*own].0.value)
        {
            repeats.push((entries[*own].0.key_span, entries[*last].0.key_span, *last));
        }
    }
    repeats.sort_by_key(|(first, _, last)| (!is_identity(place, &entries[*last].0), *first, *last));
    tell(&repeats, entries, place, problems);

    winners.sort_unstable();
    let mut slots: Vec<Option<Entry>> = entries.drain(..).map(|(entry, _)| Some(entry)).collect();
    winners.into_iter().filter_map(|(_, last)| slots[last].take()).collect()
}

fn is_identity(place: Place, entry: &Entry) -> bool {
    place == Place::Root && matches!(&*entry.key, "apiVersion" | "kind")
}

fn tell(repeats: &[(Span, Span, usize)], entries: &[(Entry, Origin)], place: Place, problems: &mut Vec<Diagnostic>) {
    // Two documents run into one repeat nearly every key; that is one mistake.
    let two_objects = repeats.first().is_some_and(|r| is_identity(place, &entries[r.2].0));
    let told = if two_objects { 1 } else { TOLD_DUPLICATES };
    for (n, (first, last, position)) in repeats.iter().take(told).enumerate() {
        let key = super::hint::excerpt(&entries[*position].0.key);
        let more = repeats.len() - (n + 1);
        let more = match more {
            0 => String::new(),
            _ if n + 1 < told => String::new(),
            1 => ", and so is one more key".to_owned(),
            more => format!(", and so are {more} more keys"),
        };
        let mut problem = Diagnostic::at(
            Code::YamlDuplicateKey,
            *last,
            format!("`{key}` is given twice in one mapping{more}; the last one counts"),
        )
        .with_related(*first, "first given here");
        if two_objects {
            problem = problem.with_help("are these two objects? Put a line `---` between them");
        }
        problems.push(problem);
    }
}
