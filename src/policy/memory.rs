//! Verdicts that were worked out before: what a side says depends on which of its rules mean the peer, and many peers
//! are meant by the same ones.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::connectivity::Answer;
use super::evaluate::{Certainty, Verdict};
use super::foreign::{self, Influence};
use super::groups::GroupId;
use super::rule::Direction;
use crate::net::PortSet;

/// Every port, made once: each answer asks for it.
static ALL_PORTS: LazyLock<PortSet> = LazyLock::new(PortSet::all);
/// So many of each kind are kept at most: enough for whoever asks row by row.
const MOST: usize = 1 << 16;

/// What decides what a side says: whose side it is, which of its rules mean the peer (by their position among all of
/// its rules), and the destination, where one of these calls a port by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub direction: Direction,
    pub subject: GroupId,
    pub rules: Box<[u32]>,
    pub destination: Option<GroupId>,
    /// Those that may mean it: manifests do not show whom they mean.
    pub perhaps: Box<[u32]>,
}

/// Two sides by the places of their verdicts, which stay where they are while they are held here.
type Both = (usize, usize, [Influence; 2], Certainty);

#[derive(Default)]
struct Known {
    sides: FxHashMap<Asked, Arc<Verdict>>,
    /// Verdicts without a rule: one for all sides that say the same.
    unruled: BTreeMap<PortSet, Arc<Verdict>>,
    answers: FxHashMap<Both, (Arc<Answer>, [Arc<Verdict>; 2])>,
}

/// Known verdicts. It is no part of what it is kept for: a copy begins without.
#[derive(Default)]
pub(super) struct Memory(Mutex<Known>);

impl Memory {
    /// What a side says, worked out if it is not known.
    pub fn side(&self, asked: Asked, work_out: impl FnOnce() -> Verdict) -> Arc<Verdict> {
        if let Some(known) = self.known(|known| known.sides.get(&asked).cloned()) {
            return known;
        }
        let verdict = work_out();
        self.known(|known| {
            let unruled = verdict.because.is_empty() && verdict.sometimes.is_empty();
            let verdict = if unruled && verdict.certainty == Certainty::Certain {
                Arc::clone(known.unruled.entry(verdict.ports.clone()).or_insert_with(|| Arc::new(verdict)))
            } else {
                Arc::new(verdict)
            };
            if known.sides.len() >= MOST {
                known.sides.clear();
            }
            Arc::clone(known.sides.entry(asked).or_insert(verdict))
        })
    }

    /// What both sides say together. Policies that are not evaluated may change what each of them says.
    pub fn both(
        &self,
        egress: Arc<Verdict>,
        ingress: Arc<Verdict>,
        unread: [Influence; 2],
        certainty: Certainty,
    ) -> Arc<Answer> {
        let key = (Arc::as_ptr(&egress).addr(), Arc::as_ptr(&ingress).addr(), unread, certainty);
        if let Some(known) = self.known(|known| known.answers.get(&key).map(|(answer, _)| Arc::clone(answer))) {
            return known;
        }
        let sides = ((unread[0], &egress.ports), (unread[1], &ingress.ports));
        let because = egress.because.iter().chain(&ingress.because).copied().collect();
        let ports = egress.ports.intersection(&ingress.ports);
        let sometimes = egress.sometimes.union(&ingress.sometimes).intersection(&ports);
        let depends = if sometimes.is_empty() { Certainty::Certain } else { Certainty::Conditional };
        let unread = foreign::certainty(sides.0, sides.1, &ALL_PORTS);
        // What one side surely denies is denied, however sure the other one is.
        let is_closed = |side: &Verdict| side.ports.is_empty() && side.certainty == Certainty::Certain;
        let beside =
            |side: &Verdict, other: &Verdict| if is_closed(other) { Certainty::Certain } else { side.certainty };
        let sides = [beside(&egress, &ingress), beside(&ingress, &egress)];
        let certainty = [unread, depends].into_iter().chain(sides).fold(certainty, Ord::max);
        let answer = Arc::new(Answer { ports, sometimes, because, certainty });
        self.known(|known| {
            if known.answers.len() >= MOST {
                known.answers.clear();
            }
            Arc::clone(&known.answers.entry(key).or_insert((answer, [egress, ingress])).0)
        })
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Memory::default();
    }

    fn known<T>(&self, ask: impl FnOnce(&mut Known) -> T) -> T {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clone for Memory {
    fn clone(&self) -> Memory {
        Memory::default()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
