//! Waits for changes and has them drawn: one drawing at a time, and however much happened meanwhile, one more after it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::roots::{Look, Roots};
use crate::cli::report;

/// A save is complete after this time without changes.
const QUIET: Duration = Duration::from_millis(25);

/// The maximum time to wait for a save to complete.
const PATIENCE: Duration = Duration::from_millis(120);

/// The polling interval for file systems that cannot be watched.
const FALLBACK: Duration = Duration::from_secs(2);

/// Above this number of paths, single paths are no longer tracked.
const MOST: usize = 5_000;

/// Changes that are not handled yet.
#[derive(Debug, Default)]
struct Heap {
    paths: BTreeSet<PathBuf>,
    /// True if changes were lost.
    unknown: bool,
}

impl Heap {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.unknown
    }

    fn add(&mut self, outcome: notify::Result<notify::Event>) {
        match outcome {
            // Files are opened by our own reading, too.
            Ok(event) if matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write)) =>
                {}
            Ok(event) => {
                self.unknown |= event.need_rescan();
                self.paths.extend(event.paths);
            }
            Err(_) => self.unknown = true,
        }
        if self.paths.len() > MOST {
            self.paths.clear();
            self.unknown = true;
        }
    }
}

/// Changes, as the watcher thread reports them.
#[derive(Debug, Default)]
struct Happened {
    heap: Mutex<Heap>,
    more: Condvar,
}

impl Happened {
    fn lock(&self) -> MutexGuard<'_, Heap> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, outcome: notify::Result<notify::Event>) {
        let mut heap = self.lock();
        heap.add(outcome);
        if !heap.is_empty() {
            self.more.notify_all();
        }
    }

    /// Waits until something happened and nothing more does.
    fn wait(&self) -> Heap {
        let mut all = Heap::default();
        let mut heap = self.lock();
        while heap.is_empty() {
            heap = self.more.wait(heap).unwrap_or_else(PoisonError::into_inner);
        }
        let begin = Instant::now();
        loop {
            let news = std::mem::take(&mut *heap);
            all.unknown |= news.unknown;
            all.paths.extend(news.paths);
            if begin.elapsed() >= PATIENCE {
                return all;
            }
            let waited = self.more.wait_timeout_while(heap, QUIET, |heap| heap.is_empty());
            let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return all;
            }
            heap = next;
        }
    }
}

/// Detects changes.
pub struct Watch {
    roots: Roots,
    look: Look,
    by: By,
}

/// The method of detection.
enum By {
    System(Box<System>),
    Looking(Duration),
}

struct System {
    watcher: RecommendedWatcher,
    happened: Arc<Happened>,
    watched: BTreeSet<PathBuf>,
}

impl System {
    fn new() -> notify::Result<System> {
        let happened = Arc::new(Happened::default());
        let teller = happened.clone();
        Ok(System {
            watcher: notify::recommended_watcher(move |outcome| teller.add(outcome))?,
            happened,
            watched: BTreeSet::new(),
        })
    }

    /// Watches what there is to be watched. What was touched may be another folder of the same name.
    fn settle(&mut self, touched: &BTreeSet<PathBuf>, look: &Look) -> notify::Result<()> {
        let wanted = look.watched();
        let is_old = |folder: &PathBuf| !wanted.contains(folder) || folder.ancestors().any(|f| touched.contains(f));
        let old: Vec<PathBuf> = self.watched.iter().filter(|f| is_old(f)).cloned().collect();
        for folder in old {
            // It is gone where the system noticed by itself.
            let _ = self.watcher.unwatch(&folder);
            self.watched.remove(&folder);
        }
        for folder in wanted.difference(&self.watched.clone()) {
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
                }
                Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => return Err(error),
                // It went away just now, or may not be read: reading says so.
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Watch {
    /// Begins to watch.
    pub fn new(roots: Roots, poll: Option<Duration>) -> Watch {
        let by = match (poll, System::new()) {
            (Some(every), _) => By::Looking(every),
            (None, Ok(system)) => By::System(Box::new(system)),
            (None, Err(error)) => looking(&error),
        };
        let mut watch = Watch { look: Look::default(), roots, by };
        watch.settle(&BTreeSet::new());
        watch
    }

    /// Waits until something that matters may have changed. What is there then is watched before this returns, so
    /// whoever reads now misses nothing.
    pub fn wait(&mut self) {
        loop {
            let happened = match &self.by {
                By::Looking(every) => {
                    std::thread::sleep(*every);
                    return;
                }
                By::System(system) => system.happened.wait(),
            };
            // After a loss of events nothing is known of the folders either.
            let touched = if happened.unknown { self.look.watched() } else { happened.paths };
            // Most of what other programs write beside the manifests is recognized without a look at the folders.
            if !happened.unknown && !touched.iter().any(|path| self.roots.may_matter(path, &self.look)) {
                continue;
            }
            let before = self.settle(&touched);
            let looks = [&before, &self.look];
            if happened.unknown || touched.iter().any(|path| self.roots.matters(path, looks)) {
                return;
            }
        }
    }

    /// Looks again, and returns what was there before.
    fn settle(&mut self, touched: &BTreeSet<PathBuf>) -> Look {
        let By::System(system) = &mut self.by else {
            return Look::default();
        };
        let look = self.roots.look();
        if let Err(error) = system.settle(touched, &look) {
            self.by = looking(&error);
        }
        std::mem::replace(&mut self.look, look)
    }
}

fn looking(error: &notify::Error) -> By {
    report::say(&format!(
        "the system cannot watch the files ({error}): they are looked at every {} seconds",
        FALLBACK.as_secs()
    ));
    By::Looking(FALLBACK)
}
