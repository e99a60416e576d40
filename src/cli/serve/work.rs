//! Reads, draws, and selects the page to show: the newest, or the last good one with the problems since.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::Args;
use super::state::{Page, Pasted, Problems, Reported, State};
use crate::check::Finding;
use crate::cli::input::ConnectArgs;
use crate::cli::material::Material;
use crate::cli::picture::{Drawing, PictureArgs};
use crate::cli::report::{self, Verbosity};
use crate::cli::revisions::{self, Asked, Read};
use crate::diagnostic::{Code, Diagnostic};
use crate::layout;
use crate::picture::{self, Shown};
use crate::render::{self, ChangesPage, PageSetting, PictureOptions};
use crate::source::{self, Loaded, SourceFile, Sources};
use crate::view::{self, Selection};
use crate::world::World;

/// The hint of an overview.
const HINT: &str = "-n NAME draws one";

/// The name that pasted text is shown under.
const PASTED: &str = "<pasted>";

/// By what a problem of reading is known while the file around it changes: its kind and its file, or its message where
/// it has none.
type Key = (Code, String);

/// A part of the input that was not read.
struct Unread {
    key: Key,
    reported: Reported,
}

impl Unread {
    /// All of them.
    fn of(world: &World) -> Vec<Unread> {
        let unread = |d: &&Diagnostic| d.code.is_unread();
        let known = world.diagnostics().iter().filter(unread).map(|d| Unread {
            key: match d.at {
                Some(at) => (d.code, world.sources().name(at.file).to_owned()),
                None => (d.code, d.message.clone()),
            },
            reported: Reported::new(d, world.sources()),
        });
        known.collect()
    }
}

/// The result of reading.
enum Texts {
    State(Box<Material>),
    Sides(Box<[source::Side; 2]>),
}

/// The result of drawing, and the unread input.
struct Drawn {
    page: anyhow::Result<String>,
    unread: Vec<Unread>,
}

/// The drawing loop.
pub struct Work {
    args: Arc<Args>,
    stdin: Vec<u8>,
    verbosity: Verbosity,
    /// Of the texts that were drawn last.
    digest: Option<[u8; 32]>,
    /// The count of each reading problem when the page was last good.
    accepted: BTreeMap<Key, usize>,
    state: Option<State>,
}

impl Work {
    /// Nothing drawn yet. Standard input is read once, before.
    pub fn new(args: Arc<Args>, stdin: Vec<u8>, verbosity: Verbosity) -> Work {
        Work { args, stdin, verbosity, digest: None, accepted: BTreeMap::new(), state: None }
    }

    /// Reads and draws. `None` if there is nothing new to tell.
    ///
    /// # Errors
    ///
    /// At the first time, if nothing can be drawn although everything was read: then the command is wrong and not the
    /// files.
    pub fn next(&mut self) -> anyhow::Result<Option<State>> {
        let begin = Instant::now();
        let texts = self.load();
        let digest = digest(&texts);
        if self.digest == Some(digest) {
            return Ok(None);
        }
        self.digest = Some(digest);
        let drawn = match texts {
            Ok(texts) => guarded(|| self.draw(texts)),
            Err(error) => Drawn { page: Err(error), unread: Vec::new() },
        };
        let state = self.judge(drawn)?;
        if self.verbosity == Verbosity::Verbose {
            report::say(&format!("drawn in {} ms", begin.elapsed().as_millis()));
        }
        if self.state.as_ref().is_some_and(|s| s.is_same(&state)) {
            return Ok(None);
        }
        if self.state.as_ref().is_some_and(|s| s.problems != state.problems) {
            state.problems.problems.iter().for_each(|p| report::tell(&p.text));
        }
        self.state = Some(state.clone());
        Ok(Some(state))
    }

    fn load(&self) -> anyhow::Result<Texts> {
        let input = &self.args.input;
        let Some(range) = &self.args.git else {
            return Ok(Texts::State(Box::new(input.load(&mut Cursor::new(&self.stdin)))));
        };
        let paths: Vec<_> = input.paths().cloned().collect();
        let sides = source::load_range(&revisions::request(range, &paths, input.kustomizations(), input.reading()))?;
        Ok(Texts::Sides(Box::new(sides)))
    }

    fn draw(&self, texts: Texts) -> Drawn {
        let args = &*self.args;
        match texts {
            Texts::State(material) => {
                let world = match args.input.reading().world(*material, &args.connect) {
                    Ok(world) => world,
                    Err(error) => return Drawn { page: Err(error), unread: Vec::new() },
                };
                let unread = Unread::of(&world);
                if self.state.is_none() {
                    report::show_world(&world, &[], self.verbosity);
                }
                let options = args.levels.options(&args.input, HINT);
                // At the beginning there must be something to look at.
                let page = match page(&args.picture, &world, options) {
                    Err(_) if self.state.is_none() && !unread.is_empty() => {
                        shown_page(&args.picture, &world, Shown::default(), &[])
                    }
                    page => page,
                };
                Drawn { page, unread }
            }
            Texts::Sides(sides) => self.draw_sides(*sides),
        }
    }

    fn draw_sides(&self, texts: [source::Side; 2]) -> Drawn {
        let args = &*self.args;
        if self.state.is_none() && self.verbosity != Verbosity::Quiet {
            texts.iter().flat_map(|side| &side.notes).for_each(|note| report::say(note));
        }
        let asked = Asked { reading: args.input.reading(), connect: &args.connect };
        let states = match revisions::both(asked, texts.map(Read::from)) {
            Ok(states) => states,
            Err(error) => {
                return Drawn { page: Err(error), unread: Vec::new() };
            }
        };
        let [old, new] = &states;
        let mut unread = Unread::of(&new.world);
        if old.world.is_unread() {
            unread.extend(Unread::of(&old.world));
        }
        if self.state.is_none() {
            report::show_world(&new.world, &[], self.verbosity);
        }
        let page = revisions::compared(&states, |changes| {
            let drawn = view::context(changes.diff.graph.clone(), args.context);
            let layout = layout::layout(&drawn, &args.picture.layout_options());
            let texts = args.picture.texts();
            let page = ChangesPage { changes, drawn: &drawn, layout: &layout, texts };
            Ok(render::changes_page(&page, &live(&args.picture))?)
        });
        Drawn { page, unread }
    }

    /// The state to show after a drawing.
    fn judge(&mut self, drawn: Drawn) -> anyhow::Result<State> {
        let Drawn { page, unread } = drawn;
        let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
        for problem in &unread {
            *seen.entry(problem.key.clone()).or_default() += 1;
        }
        let is_worse = seen.iter().any(|(key, count)| *count > self.accepted.get(key).copied().unwrap_or(0));
        let reported = unread.into_iter().map(|u| u.reported);
        let page = match (page, &self.state) {
            (Ok(html), _) => Page::new(&html),
            (Err(error), None) => return Err(error),
            (Err(error), Some(before)) => {
                let failure = Reported::failure(&format!("{error:#}"));
                return Ok(State {
                    page: before.page.clone(),
                    now: before.page.clone(),
                    stale: true,
                    problems: Problems::new(std::iter::once(failure).chain(reported).collect()),
                });
            }
        };
        let problems = Problems::new(reported.collect());
        match &self.state {
            Some(before) if is_worse && !self.args.input.reading().is_lenient() => {
                Ok(State { page: before.page.clone(), now: page, stale: true, problems })
            }
            _ => {
                self.accepted = seen;
                Ok(State { page: page.clone(), now: page, stale: false, problems })
            }
        }
    }
}

/// Draws pasted text with the options of the command, but for what selects parts of the files.
pub fn paste(args: &Args, text: String) -> anyhow::Result<Pasted> {
    let loaded = Loaded { sources: Sources::from_files([SourceFile::new(PASTED, text)]), ..Loaded::default() };
    let look = args.picture.titled("Pasted YAML");
    let drawn = guarded(|| {
        // --ingress-controller describes the cluster of the files, not the paste.
        let world = match args.input.reading().world(loaded.into(), &ConnectArgs::default()) {
            Ok(world) => world,
            Err(error) => return Drawn { page: Err(error), unread: Vec::new() },
        };
        let options = picture::Options { selection: Selection::default(), ..args.levels.options(&args.input, HINT) };
        Drawn { page: page(&look, &world, options), unread: Unread::of(&world) }
    });
    Ok(Pasted { page: drawn.page?, problems: Problems::new(drawn.unread.into_iter().map(|u| u.reported).collect()) })
}

/// The page of a World.
fn page(look: &PictureArgs, world: &World, selected: picture::Options) -> anyhow::Result<String> {
    let findings = look.findings(world);
    let shown = picture::show(world, &findings, &look.options(selected))?;
    shown_page(look, world, shown, &findings)
}

fn shown_page(look: &PictureArgs, world: &World, shown: Shown, findings: &[Finding]) -> anyhow::Result<String> {
    let mut problems = Vec::new();
    let layout = look.draw(&shown, &mut problems);
    let whole = look.draw_whole(&shown, &mut problems);
    let drawing = Drawing { shown: &shown, layout: &layout, whole: whole.as_ref(), findings, problems: &problems };
    look.page(world, &drawing, &live(look))
}

fn live(look: &PictureArgs) -> PictureOptions {
    PictureOptions { setting: PageSetting::Live, ..look.look_of_page() }
}

/// A panic must not end the preview.
fn guarded(draw: impl FnOnce() -> Drawn) -> Drawn {
    catch_unwind(AssertUnwindSafe(draw)).unwrap_or_else(|_| Drawn {
        page: Err(anyhow::anyhow!("internal error: this could not be drawn")),
        unread: Vec::new(),
    })
}

/// By what it is known that nothing changed since.
fn digest(texts: &anyhow::Result<Texts>) -> [u8; 32] {
    let mut digest = Sha256::new();
    // Lengths separate adjacent texts.
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    let add_loaded = |add: &mut dyn FnMut(&str), name: &str, loaded: &Loaded| {
        add(name);
        for file in loaded.sources.ids() {
            add(loaded.sources.name(file));
            add(loaded.sources.text(file));
        }
        loaded.problems.iter().for_each(|p| add(&p.to_string()));
    };
    match texts {
        Ok(Texts::State(material)) => {
            add_loaded(&mut add, "", &material.loaded);
            let rendered = material.rendered.sources();
            for file in rendered.ids() {
                add(rendered.name(file));
                add(rendered.text(file));
            }
            // What is generated of other files than manifests shows in the objects alone.
            material.rendered.trees().iter().for_each(|tree| add(&tree.to_json()));
        }
        Ok(Texts::Sides(sides)) => sides.iter().for_each(|side| add_loaded(&mut add, &side.name(), &side.loaded)),
        Err(error) => add(&format!("{error:#}")),
    }
    digest.finalize().into()
}
