//! `kubesketch mdbook`, or the program called `mdbook-kubesketch`: a preprocessor of mdBook, by its protocol
//! (<https://rust-lang.github.io/mdBook/for_developers/preprocessors.html>): the book comes as JSON on standard input
//! and goes back with pictures in it.
//!
//! Guarantees: nothing but chapters changes; nothing outside of the repository around the book is read and no program is
//! run; the same book gives the same bytes on every machine.

mod page;
mod picture;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Status, output, report};
use crate::graph;
use crate::kustomize;
use crate::source::Fence;
use page::{Block, Broken};
use picture::Desk;

/// Arguments of `mdbook`.
#[derive(clap::Args, Debug)]
#[command(after_help = "In book.toml:
  [preprocessor.kubesketch]
  command = \"kubesketch mdbook\"

In a chapter, on a line of its own, or as a code block with manifests in it:
  {{#kubesketch ../../deploy --focus shop/web}}
  ```kubesketch --view exposure

The options are those of `draw` for selection and appearance, and -n, --unit, --flat. Paths begin at the folder of the
chapter; with a / before them, at the folder of book.toml. docs/mdbook.md says the rest.")]
pub struct Args {
    #[command(subcommand)]
    question: Option<Question>,
}

/// What mdBook asks before it sends a book.
#[derive(clap::Subcommand, Debug)]
enum Question {
    /// Exit with 0 if pictures can stand in the output of a renderer
    Supports {
        /// The name of the renderer
        renderer: String,
    },
}

/// Renderers that show SVG inside of a page.
const RENDERERS: &[&str] = &["html", "epub"];

/// The name by which mdBook calls its preprocessor.
const NAME: &str = "mdbook-kubesketch";

/// Whether the program is called by the name of a preprocessor.
pub fn is_preprocessor() -> bool {
    let called = std::env::args_os().next();
    called.as_deref().and_then(|path| Path::new(path).file_stem()).is_some_and(|name| name == NAME)
}

/// Runs the command.
pub fn run(args: &Args) -> Result<Status> {
    if let Some(Question::Supports { renderer }) = &args.question {
        return Ok(if RENDERERS.contains(&renderer.as_str()) { Status::Success } else { Status::Negative });
    }
    let mut input = String::new();
    std::io::stdin().lock().read_to_string(&mut input).context("cannot read the book from standard input")?;
    let (setting, mut book) = read(&input)?;
    // File names in pictures are those from here, on every machine.
    std::env::set_current_dir(&setting.root).with_context(|| setting.root.display().to_string())?;
    let top = repository(&std::env::current_dir()?);
    let desk = Desk { fence: Fence::around([top.as_path()])? };
    let mut count = 0;
    for item in items(&mut book)? {
        chapter(item, &setting, &desk, &mut count);
    }
    if count > 0 && setting.fails {
        report::say(&format!("{count} pictures could not be drawn, and book.toml has `fail = true`"));
        return Ok(Status::Negative);
    }
    output::to_stdout(serde_json::to_string(&book)?)?;
    Ok(Status::Success)
}

/// What the book says of itself.
#[derive(Debug)]
struct Setting {
    /// The folder of book.toml.
    root: PathBuf,
    /// The folder of the chapters, from there.
    source: String,
    /// Whether a picture that cannot be drawn ends the build.
    fails: bool,
}

/// The pair that mdBook sends: context and book.
fn read(input: &str) -> Result<(Setting, Value)> {
    let what = "standard input is not a book of mdBook, which starts this command itself";
    let (context, book): (Value, Value) = serde_json::from_str(input).context(what)?;
    let word = |keys: &[&str]| keys.iter().try_fold(&context, |value, key| value.get(key));
    let Some(root) = word(&["root"]).and_then(Value::as_str) else { bail!("{what}: the context has no `root`") };
    let source = word(&["config", "book", "src"]).and_then(Value::as_str).unwrap_or("src");
    let fails = word(&["config", "preprocessor", "kubesketch", "fail"]).and_then(Value::as_bool).unwrap_or(false);
    Ok((Setting { root: root.into(), source: source.replace('\\', "/"), fails }, book))
}

/// The parts of a book: `items` since mdBook 0.5, `sections` before.
fn items(book: &mut Value) -> Result<&mut Vec<Value>> {
    let key = if book.get("items").is_some() { "items" } else { "sections" };
    book.get_mut(key).and_then(Value::as_array_mut).context("the book has neither `items` nor `sections`")
}

/// The top of the repository around the book; the book's own folder without one.
fn repository(root: &Path) -> PathBuf {
    root.ancestors().find(|above| above.join(".git").exists()).unwrap_or(root).to_path_buf()
}

/// Puts pictures into a chapter and those below it, and reports those that cannot be drawn.
fn chapter(item: &mut Value, setting: &Setting, desk: &Desk, count: &mut usize) {
    let Some(chapter) = item.get_mut("Chapter") else { return };
    let name = chapter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let path = ["source_path", "path"].iter().find_map(|key| chapter.get(key)?.as_str()).map(|p| p.replace('\\', "/"));
    let path = path.unwrap_or_else(|| name.clone());
    let file = kustomize::join(&setting.source, &path);
    if let Some(content) = chapter.get("content").and_then(Value::as_str) {
        let place = Place { file: &file, folder: file.rsplit_once('/').map_or(".", |(folder, _)| folder) };
        // No two pictures share an id, also on the page on which all chapters stand for printing.
        let mut number = 0;
        let mut draw = |block: &Block| {
            number += 1;
            desk.draw(block, &place, &format!("ks{:08x}-{number}", graph::digest(&path) >> 32))
        };
        let (text, broken) = page::filled(content, &mut draw);
        for Broken { line, reason } in &broken {
            report::usage(&format!("{file}:{line}: chapter `{name}`: {reason}"));
        }
        *count += broken.len();
        if let Some(content) = chapter.get_mut("content") {
            *content = text.into();
        }
    }
    for item in chapter.get_mut("sub_items").and_then(Value::as_array_mut).into_iter().flatten() {
        self::chapter(item, setting, desk, count);
    }
}

/// Where a chapter is, from the folder of book.toml.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    file: &'a str,
    folder: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_and_its_setting_are_read() {
        let input = r#"[{"root": "/b", "config": {"book": {"src": "text"}, "preprocessor": {"kubesketch": {"fail": true}}},
            "renderer": "html", "mdbook_version": "0.5.4"}, {"items": ["Separator"]}]"#;
        let (setting, mut book) = read(input).unwrap();
        assert_eq!((setting.root.to_str(), setting.source.as_str(), setting.fails), (Some("/b"), "text", true));
        assert_eq!(items(&mut book).unwrap().len(), 1);
        assert_eq!(read(r#"[{"root": "/b"}, {"sections": []}]"#).unwrap().0.source, "src");
        for wrong in ["", "{}", "[{}, {}]"] {
            assert!(read(wrong).unwrap_err().to_string().contains("not a book of mdBook"), "{wrong}");
        }
    }
}
