//! The picture in a place of a chapter.

use std::path::PathBuf;

use clap::Parser;

use super::Place;
use super::page::Block;
use crate::cli::input::{ConnectArgs, ReadingArgs, UnitArgs, subject_of};
use crate::cli::levels::LevelArgs;
use crate::cli::material::Material;
use crate::cli::picture::PictureArgs;
use crate::diagnostic::Severity;
use crate::inert;
use crate::kustomize;
use crate::picture;
use crate::render::{self, PictureOptions, Theme};
use crate::source::{Fence, Loaded, SourceFile, Sources};

/// Arguments in a chapter.
#[derive(Debug, Parser)]
#[command(name = "kubesketch", no_binary_name = true, disable_help_flag = true)]
struct Args {
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    #[command(flatten)]
    units: UnitArgs,

    #[command(flatten)]
    reading: ReadingArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    #[command(flatten)]
    levels: LevelArgs,

    #[command(flatten)]
    picture: PictureArgs,
}

/// The themes of mdBook that are dark: classes of the root of a page.
const DARK: &str = ":is(.coal,.navy,.ayu)";

/// What pictures are drawn with.
pub struct Desk {
    /// What reading may not leave.
    pub fence: Fence,
}

impl Desk {
    /// The picture of a place, whose ids begin with a prefix, or why there is none.
    pub fn draw(&self, block: &Block, place: &Place<'_>, prefix: &str) -> Result<String, String> {
        let mut args = Args::try_parse_from(&block.words).map_err(|error| first(&error.render().to_string()))?;
        args.reading.confine(self.fence.clone());
        let paths: Vec<PathBuf> = args.paths.iter().map(|path| PathBuf::from(from_root(path, place))).collect();
        let material = match &block.manifests {
            Some(_) if !paths.is_empty() => {
                return Err("a code block has its manifests in it, and names no path".into());
            }
            Some((text, line)) => {
                // Line numbers in the picture are those of the chapter.
                let text = "\n".repeat(line.saturating_sub(1)) + text;
                let sources = Sources::from_files([SourceFile::new(place.file, text)]);
                Material::from(Loaded { sources, ..Loaded::default() })
            }
            None => {
                if paths.is_empty() {
                    return Err("name the files or folders to draw".into());
                }
                args.picture.name(subject_of(&paths));
                args.units.load(paths, &args.reading, &mut std::io::empty())
            }
        };
        self.drawn(&args, material, prefix)
    }

    fn drawn(&self, args: &Args, material: Material, prefix: &str) -> Result<String, String> {
        let world = args.reading.world(material, &args.connect).map_err(|error| format!("{error:#}"))?;
        // A picture of a part would be taken for the whole.
        let unread = world.diagnostics().iter().find(|d| d.severity == Severity::Error);
        if let Some(problem) = unread.filter(|_| !args.reading.is_lenient()) {
            let at = problem.at.map_or(String::new(), |at| format!("{}: ", world.sources().line_of(at)));
            return Err(format!("{at}{}", first(&problem.message)));
        }
        let options = args.levels.options_in(args.reading.namespace(), "");
        let findings = args.picture.findings(&world);
        let shown =
            picture::show(&world, &findings, &args.picture.options(options)).map_err(|nothing| nothing.to_string())?;
        if shown.graph.nodes().len() == 0 {
            return Err("there is nothing to draw".into());
        }
        let mut problems = Vec::new();
        let layout = args.picture.draw(&shown, &mut problems);
        let look = args.picture.look_of_page();
        let dark_under = (look.theme == Theme::Auto).then(|| DARK.to_owned());
        let look = PictureOptions { id_prefix: Some(prefix.to_owned()), dark_under, ..look };
        Ok(render::svg(&layout, shown.picture(), &look))
    }
}

/// A path of a chapter, from the folder of book.toml.
fn from_root(path: &str, place: &Place<'_>) -> String {
    match path.strip_prefix('/') {
        Some(path) => kustomize::join(".", path),
        None => kustomize::join(place.folder, path),
    }
}

/// The first line of a message.
fn first(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    inert::printable(line.strip_prefix("error: ").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_chapter_or_at_the_book() {
        let place = Place { file: "src/guide/a.md", folder: "src/guide" };
        assert_eq!(from_root("deploy", &place), "src/guide/deploy");
        assert_eq!(from_root("../../../deploy/", &place), "../deploy");
        assert_eq!(from_root("/deploy", &place), "deploy");
    }
}
