//! Output targets: standard output, or files that are written whole or not at all.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};
use serde::Serialize;
use strum::VariantArray;

use super::places::{Inputs, Place};
use super::report;
use crate::graph::Graph;
use crate::inert;
use crate::layout::Layout;
use crate::net::choice::did_you_mean;
use crate::render::{self, ChangesFormat, FindingsFormat, Format, PictureOptions, PixelScale};
use crate::source::TemporaryFile;

/// A set of formats that `-o` chooses from.
pub trait Form: FromStr + VariantArray + Copy + Into<&'static str> {
    /// The format of files with this extension.
    fn of_extension(extension: &str) -> Option<Self>;

    /// True if a terminal cannot show it.
    fn is_binary(self) -> bool;
}

/// The sets of formats are alike, and each says whether a terminal can show its formats.
macro_rules! forms {
    ($($format:ty, $binary:expr;)*) => {$(
        impl Form for $format {
            fn of_extension(extension: &str) -> Option<$format> {
                <$format>::from_extension(extension)
            }

            fn is_binary(self) -> bool {
                $binary(self)
            }
        }
    )*};
}

forms! {
    Format, Format::is_binary;
    ChangesFormat, ChangesFormat::is_binary;
    FindingsFormat, |_| false;
}

/// One `-o`: a format and a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<F = Format> {
    /// The format.
    pub format: F,
    /// The file; `None` is standard output.
    pub file: Option<PathBuf>,
}

/// The value of one `-o`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One file, or standard output.
    Target(Target),
    /// A folder of pages.
    Folder(PathBuf),
}

impl FromStr for Wish {
    type Err = String;

    /// A text that ends in `/` or names a folder is a folder; any other is parsed as a [`Target`].
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.ends_with('/') || text.ends_with(std::path::MAIN_SEPARATOR);
        if named || (text.parse::<Format>().is_err() && Path::new(text).is_dir()) {
            return Ok(Wish::Folder(text.into()));
        }
        let target = text.parse().map(Wish::Target);
        target.map_err(|error| format!("{error}; a name that ends in / is a folder of pages"))
    }
}

impl<F: Form> FromStr for Target<F> {
    type Err = String;

    /// `svg` is a format (to standard output, as in kubectl), `net.svg` a file whose extension gives the format,
    /// `svg=picture.txt` both, and `./svg` a file.
    /// Other names of standard output are recognized, so that the file it is redirected to is not replaced.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(format) = text.parse::<F>() {
            return Ok(Target { format, file: None });
        }
        if let Some((format, file)) = text.split_once('=')
            && let Ok(format) = format.parse::<F>()
        {
            return match file {
                "" => Err("a file name is missing after `=`".into()),
                "-" => Ok(Target { format, file: None }),
                file if STDOUT.contains(&file) => Ok(Target { format, file: None }),
                file => Ok(Target { format, file: Some(file.into()) }),
            };
        }
        let path = Path::new(text);
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        match F::of_extension(ending) {
            Some(format) => Ok(Target { format, file: Some(path.to_owned()) }),
            None => {
                let known: Vec<&str> = F::VARIANTS.iter().map(|f| (*f).into()).collect();
                let meant = did_you_mean(if ending.is_empty() { text } else { ending }, known.iter().copied());
                Err(format!(
                    "the extension gives no format{meant}; known formats are {}; use FORMAT=FILE to give both",
                    known.join(", ")
                ))
            }
        }
    }
}

/// Bytes that are written at a time.
const BUFFER: usize = 64 << 10;

/// Other names of standard output.
const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Refuses formats that a terminal cannot show.
pub fn check_terminal<F: Form>(targets: &[Target<F>]) -> Result<()> {
    match targets.iter().find(|t| t.file.is_none() && t.format.is_binary()) {
        Some(target) if io::stdout().is_terminal() => {
            let name: &str = target.format.into();
            anyhow::bail!(
                "a terminal cannot show {name}: write a file, as in -o picture.{name}, or use a pipe, as in -o {name} | ..."
            )
        }
        _ => Ok(()),
    }
}

/// Refuses targets that would overwrite each other.
pub fn check_distinct<F>(targets: &[Target<F>]) -> Result<()> {
    if targets.iter().filter(|t| t.file.is_none()).count() > 1 {
        anyhow::bail!(
            "more than one format is asked for on standard output: give all but one a file, as in -o svg=picture.svg"
        );
    }
    let mut files = BTreeSet::new();
    match targets.iter().filter_map(|t| t.file.as_deref()).find(|f| !files.insert(Place::of(f))) {
        Some(twice) => anyhow::bail!("{} is asked for twice", twice.display()),
        None => Ok(()),
    }
}

/// Refuses targets that are inputs.
pub fn check_inputs<F>(targets: &[Target<F>], inputs: &Inputs) -> Result<()> {
    targets.iter().filter_map(|t| t.file.as_deref()).try_for_each(|file| inputs.refuse(file))
}

/// Writes to a target.
pub fn write<F: Form>(target: &Target<F>, content: &[u8]) -> Result<()> {
    match &target.file {
        None if target.format.is_binary() => buffered(|out| out.write_all(content)),
        None => to_stdout(content),
        Some(path) => to_file(path, content).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Writes to standard output. A closed pipe is not an error.
pub fn to_stdout(content: impl AsRef<[u8]>) -> Result<()> {
    stream_with(|out| out.write_all(content.as_ref()))
}

/// Writes a text to standard output as it is made. A reader that has gone away is no error.
pub fn stream(text: &impl Display) -> Result<()> {
    stream_with(|out| write!(out, "{text}"))
}

/// Writes data to standard output as JSON that ends in a line break, as it is made. A reader that has gone away is no
/// error.
pub fn stream_json(data: &impl Serialize) -> Result<()> {
    stream_with(|out| {
        serde_json::to_writer_pretty(Guard { out: &mut *out, guard: inert::json }, data)?;
        out.write_all(b"\n")
    })
}

/// Every text on its way to standard output: what steers a terminal does not pass, whatever format it is in. Formats
/// escape it before, each in its own way.
struct Guard<'a> {
    out: &'a mut dyn Write,
    guard: fn(&str) -> Cow<'_, str>,
}

impl Write for Guard<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.out.write_all((self.guard)(text).as_bytes())?,
            Err(_) => self.out.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn stream_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    buffered(|out| write(&mut Guard { out, guard: inert::plain }))
}

fn buffered(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let outcome = write(&mut out).and_then(|()| out.flush());
    // What is left of the buffer is not tried again.
    drop(out.into_parts());
    match outcome {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Writes words to standard output, with their colors if it is a terminal that has them. A reader that has gone away is
/// no error.
pub fn to_terminal(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(inert::styled(text).as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Replaces a file in one step, through a temporary file beside it. Anything but a regular file (a pipe,
/// `/dev/stdout`) is written to directly.
pub fn to_file(path: &Path, content: &[u8]) -> io::Result<()> {
    // An open file is written to directly.
    if ["/dev", "/proc"].iter().any(|p| path.starts_with(p)) {
        return fs::OpenOptions::new().append(true).open(path)?.write_all(content);
    }
    // For a dangling link, its target is created.
    let target = fs::canonicalize(path)
        .or_else(|_| fs::read_link(path).map(|to| path.parent().unwrap_or(Path::new("")).join(to)));
    let target = target.unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|m| !m.is_file()) {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        return fs::OpenOptions::new().write(true).open(&target)?.write_all(content);
    }
    let folder = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder {}", folder.display())));
    }
    let permissions = fs::metadata(&target).map(|m| m.permissions()).ok();
    let mut temporary = TemporaryFile::beside(&folder)?;
    if let Some(file) = temporary.file() {
        file.write_all(content)?;
    }
    if let Some(permissions) = permissions {
        fs::set_permissions(temporary.path(), permissions)?;
    }
    temporary.persist(&target)
}

/// The picture as a PNG file. Without a scale it is drawn twice as large as it is, or as large as fits, which a line on
/// standard error reports.
///
/// # Errors
///
/// [`render::PrintError::TooLarge`] at a scale at which the bitmap does not fit.
pub fn bitmap(
    layout: &Layout,
    graph: &Graph,
    look: &PictureOptions,
    scale: Option<PixelScale>,
) -> Result<Vec<u8>, render::PrintError> {
    let used = scale.unwrap_or_else(|| PixelScale::of(layout));
    if scale.is_none() && used < PixelScale::default() {
        report::say(&format!(
            "the bitmap is drawn at scale {used}: at {} it would be too large",
            PixelScale::default()
        ));
    }
    render::png(layout, graph, look, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn a_format_a_file_or_both() {
        assert_eq!(parse("svg"), Target { format: Format::Svg, file: None });
        assert_eq!(parse("net.svg"), Target { format: Format::Svg, file: Some("net.svg".into()) });
        assert_eq!(parse("svg=picture.txt"), Target { format: Format::Svg, file: Some("picture.txt".into()) });
        assert_eq!(parse("json=-"), Target { format: Format::Json, file: None });
        assert_eq!(parse("svg=/dev/stdout"), Target { format: Format::Svg, file: None });
        assert!("./svg".parse::<Target>().is_err());
        assert!("picture.bmp".parse::<Target>().is_err());
        assert_eq!(parse("a=b.dot"), Target { format: Format::Dot, file: Some("a=b.dot".into()) });
    }

    #[test]
    fn what_ends_in_a_slash_or_is_there_is_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().to_str().unwrap();
        assert_eq!(there.parse(), Ok(Wish::Folder(there.into())));
        assert_eq!("pages/".parse(), Ok(Wish::Folder("pages/".into())));
        assert!(matches!("svg".parse(), Ok(Wish::Target(_))));
        assert!("pages".parse::<Wish>().is_err());
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.svg");
        to_file(&path, b"one").unwrap();
        to_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(to_file(&folder.path().join("no/x.svg"), b"").is_err());
        assert!(to_file(folder.path(), b"").is_err());
    }
}
