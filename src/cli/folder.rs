//! `-o FOLDER/`: an index page with the overview, the overview as a picture, and a page for each namespace, which link
//! to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rayon::prelude::*;

use super::picture::PictureArgs;
use super::places::Inputs;
use super::{drift, output, progress};
use crate::diagnostic::{Diagnostic, Warned};
use crate::graph::{self, Graph, Identity, SummaryId};
use crate::layout::Layout;
use crate::net::text;
use crate::picture;
use crate::render::{self, Page, PageLink};
use crate::view::{self, Note, Selection};
use crate::world::World;

/// The entry page.
pub const INDEX: &str = "index.html";
/// The overview as a picture.
const OVERVIEW: &str = "overview.svg";
/// The maximum length of a name in a file name: file systems accept 255 bytes.
const LONGEST: usize = 100;

/// A page that is not written yet.
struct Drawn {
    name: String,
    file: String,
    graph: Graph,
    layout: Layout,
}

/// Everything that goes into a folder.
pub struct Folder {
    overview: Graph,
    picture: Layout,
    pages: Vec<Drawn>,
    facts: BTreeMap<String, String>,
}

impl Folder {
    /// Draws the pages. Diagnostics of the layout are added to the problems.
    pub fn draw(
        world: &World,
        graph: &Graph,
        options: &picture::Options,
        picture: &PictureArgs,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<Folder> {
        let labels = world.labels();
        let namespaces: BTreeSet<String> = graph.nodes().filter_map(|n| n.namespace.clone()).collect();
        let mut names = FileNames::default();
        let by_namespace = view::overview(graph, None, &Note::default());
        let facts = by_namespace.nodes().filter_map(|n| Some((n.namespace.clone()?, n.facts()))).collect();
        let draw = |name: &String| {
            let wanted = Selection { namespaces: vec![name.clone()], ..Selection::default() };
            // A namespace of nothing but sets of pods has no page of its own.
            let part = view::select(graph.clone(), &labels, &wanted).ok()?;
            let part = picture::grouped(part, &labels, options);
            let layout = picture.part(&format!("namespace {name}")).arrange(&part);
            Some((part, layout))
        };
        let step = progress::count("arranging pages", namespaces.len());
        let drawn: Vec<Option<(Graph, Warned<Layout>)>> = namespaces
            .par_iter()
            .map(|name| {
                let drawn = draw(name);
                progress::one_more();
                drawn
            })
            .collect();
        drop(step);
        let mut pages = Vec::new();
        for (name, drawn) in namespaces.into_iter().zip(drawn) {
            let Some((graph, layout)) = drawn else { continue };
            let layout = layout.unpack(problems);
            pages.push(Drawn { file: names.of(&name), name, graph, layout });
        }
        let values = picture::values(graph, &labels, options);
        let overview = view::overview(graph, values.as_ref(), &Note::default());
        let titled = if picture.has_title() { picture.clone() } else { picture.titled("Overview") };
        let layout = titled.arrange(&overview).unpack(problems);
        Ok(Folder { overview, picture: layout, pages, facts })
    }

    /// The files by name.
    pub fn files(&self, world: &World, picture: &PictureArgs) -> Result<Vec<(String, Vec<u8>)>> {
        let link = |page: &Drawn| PageLink {
            file: page.file.clone(),
            name: page.name.clone(),
            facts: self.facts.get(&page.name).cloned().unwrap_or_default(),
        };
        let mut links: Vec<PageLink> = self.pages.iter().map(link).collect();
        links.sort_by(|a, b| text::natural(&a.name, &b.name));
        let up =
            |file: &str, name: &str| PageLink { file: file.to_owned(), name: name.to_owned(), facts: String::new() };
        let (look, look_of_page) = (picture.look(), picture.look_of_page());
        let verdicts = render::Verdicts::of(world);
        let index = Page {
            texts: picture.texts(),
            tables: None,
            verdicts: verdicts.as_ref(),
            pages: &links,
            beside: &[up(OVERVIEW, "The overview as a picture")],
            ..Page::new(world, &self.picture, &self.overview, world.diagnostics())
        };
        let mut files = vec![(INDEX.to_owned(), render::page(&index, &look_of_page)?.into_bytes())];
        files.push((OVERVIEW.to_owned(), render::svg(&self.picture, &self.overview, &look).into_bytes()));
        let page = |page: &Drawn| {
            let mut beside = vec![up(INDEX, "All namespaces")];
            let near = neighbours(&page.graph, &page.name);
            beside.extend(links.iter().filter(|l| near.contains(l.name.as_str())).map(|l| up(&l.file, &l.name)));
            let content = Page {
                texts: picture.texts(),
                problems: None,
                verdicts: verdicts.as_ref(),
                beside: &beside,
                ..Page::new(world, &page.layout, &page.graph, &[])
            };
            let text = render::page(&content, &look_of_page)?;
            progress::one_more();
            Ok((page.file.clone(), text.into_bytes()))
        };
        let _step = progress::count("drawing pages", self.pages.len());
        files.extend(self.pages.par_iter().map(page).collect::<Result<Vec<_>>>()?);
        Ok(files)
    }
}

/// The other namespaces in the picture.
fn neighbours<'a>(graph: &'a Graph, own: &str) -> BTreeSet<&'a str> {
    let named = graph.nodes().filter_map(|n| match n.id.identity() {
        Identity::Summary(SummaryId::Rest { namespace, .. }) => Some(namespace.as_str()),
        Identity::Summary(_) => None,
        _ => n.namespace.as_deref(),
    });
    named.filter(|n| *n != own).collect()
}

/// Writes the files, each whole or not at all; nothing else in the folder changes. With `check` nothing is written:
/// `false` means that a file is out of date.
pub fn write(folder: &Path, files: &[(String, Vec<u8>)], inputs: &Inputs, check: Check) -> Result<bool> {
    files.iter().try_for_each(|(name, _)| inputs.refuse(&folder.join(name)))?;
    if check == Check::Only {
        let mut current = true;
        for (name, content) in files {
            current &= drift::is_current(&folder.join(name), content)?;
        }
        return Ok(current);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (name, content) in files {
        let path: PathBuf = folder.join(name);
        output::to_file(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(true)
}

/// Write files, or only compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// They are compared.
    Only,
    /// They are written.
    No,
}

/// File names that every file system accepts, and that differ in more than case.
#[derive(Debug, Default)]
pub struct FileNames {
    taken: BTreeSet<String>,
}

impl FileNames {
    /// The name of the page for a namespace. The word before it keeps it apart from other files and from names that
    /// some systems reserve.
    fn of(&mut self, namespace: &str) -> String {
        self.page("namespace", namespace)
    }

    /// The name of the page for something that a word says the kind of.
    pub fn page(&mut self, word: &str, name: &str) -> String {
        let safe: String = name
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
            .take(LONGEST)
            .collect();
        let mut stem = format!("{word}-{safe}");
        if safe != name {
            stem.push_str(&format!("-{:016x}", graph::digest(name)));
        }
        let mut name = format!("{stem}.html");
        let mut count = 1;
        while !self.taken.insert(name.clone()) {
            count += 1;
            name = format!("{stem}-{count}.html");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_differ() {
        let mut names = FileNames::default();
        assert_eq!(names.of("shop"), "namespace-shop.html");
        assert_eq!(names.of("con"), "namespace-con.html");
        let hostile = ["../../etc/passwd", "A", "a.b", "", "\u{202e}x", "a/b", "a\\b"];
        let made: BTreeSet<String> = hostile.iter().map(|n| names.of(n)).collect();
        assert_eq!(made.len(), hostile.len());
        let long = names.of(&"x".repeat(500));
        for name in made.iter().chain([&long]) {
            assert!(
                name.len() < 150
                    && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c)),
                "{name}"
            );
            assert!(!name.contains(".."));
        }
    }
}
