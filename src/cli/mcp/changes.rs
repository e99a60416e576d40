//! The tool `diff`: two paths, or a path now and at a revision.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;

use super::answers::{Desk, Question, with_problems};
use super::bounded::Reply;
use super::roots::Roots;
use crate::cli::input::UnitArgs;
use crate::cli::revisions::{self, Asked, Read};
use crate::diagnostic::Diagnostic;
use crate::diff::Revision;
use crate::render::{self, Changes, PairList};
use crate::source::{self, GitRange};

impl Desk {
    /// What a change opens and closes.
    pub fn diff(&self, asked: &Question) -> Result<Reply> {
        let reading = self.reading(asked);
        let (sides, notes) = match (&asked.base, &asked.old, &asked.new) {
            (Some(base), None, None) => self.revisions(asked, base)?,
            (None, Some(old), Some(new)) => {
                let [old, new] = [self.state(asked, old)?, self.state(asked, new)?];
                let notes = old.material.notes.iter().chain(&new.material.notes).cloned().collect();
                ([old, new], notes)
            }
            _ => bail!("give `old` and `new`, two paths, or `base`, a revision of the git repository around `path`"),
        };
        let states = revisions::both(Asked { reading: &reading, connect: &self.connect }, sides)?;
        if let Some(state) = states.iter().find(|s| s.world.is_unread() && s.world.sources().is_empty()) {
            let problem = state.world.diagnostics().first().map(|d| d.message.clone()).unwrap_or_default();
            bail!("{} could not be read: {problem}", state.name);
        }
        let reply = revisions::compared(&states, |changes| self.compared(changes))?;
        let [old, new] = &states;
        let found: Vec<&Diagnostic> = new.world.diagnostics().iter().collect();
        let reply = with_problems(reply, &found, new.world.sources(), &notes);
        Ok(if old.world.is_unread() { doubted(reply, old) } else { reply })
    }

    fn compared(&self, changes: &Changes<'_>) -> Result<Reply> {
        let (text, is_whole) = self.limit().lines(&render::changes_text(changes));
        let mut data: Value = serde_json::from_str(&render::changes_json(changes, PairList::IfFew))?;
        let mut is_short = false;
        if let Some(map) = data.as_object_mut() {
            map.retain(|key, _| matches!(key.as_str(), "version" | "old" | "new" | "same" | "verdict" | "sections"));
            let sections = map.get("sections").and_then(Value::as_array).cloned().unwrap_or_default();
            let count = sections.len();
            let kept = self.limit().items(sections);
            is_short = kept.len() < count;
            map.insert("sections".to_owned(), kept.into());
        }
        let mut reply = Reply::new(text, data);
        if !is_whole || is_short {
            reply.cut(
                "Cut: the rest of the changes. Compare a part, with `path`, or with `old` and `new` further down.",
            );
        }
        Ok(reply)
    }

    /// A path as a state.
    fn state(&self, asked: &Question, path: &str) -> Result<Read> {
        let places = self.roots.chosen(Some(path))?;
        let material = UnitArgs::of(asked.unit.clone()).load(places, &self.reading(asked), &mut std::io::empty());
        Ok(Read { name: path.to_owned(), root: path.to_owned(), material })
    }

    /// Places at a revision, and now or at another one.
    fn revisions(&self, asked: &Question, base: &str) -> Result<([Read; 2], Vec<String>)> {
        if !asked.unit.is_empty() {
            bail!("`unit` and `base` do not go together: revisions are read as their files lie");
        }
        let range: GitRange = base.parse()?;
        let places = self.roots.chosen(asked.path.as_deref())?;
        let folder = match places.iter().find(|place| place.is_absolute()) {
            Some(place) => Roots::folder_of(place),
            None => PathBuf::from("."),
        };
        let mut request = revisions::request(&range, &places, &[], &self.reading(asked));
        request.folder = folder;
        let sides = source::load_range(&request)?;
        let notes = sides.iter().flat_map(|side| side.notes.clone()).collect();
        Ok((sides.map(Read::from), notes))
    }
}

/// Says that the old state was not read as a whole.
fn doubted(mut reply: Reply, old: &Revision) -> Reply {
    let sentence = format!("A part of the old state, {}, could not be read: what seems new may be old.", old.name);
    reply.text.push_str(&format!("\n{sentence}\n"));
    reply.data.insert("doubt".to_owned(), sentence.into());
    reply
}
