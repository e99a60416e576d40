//! Pictures inside documents: the text between two markers of a Markdown file is replaced, and the rest is kept.
//!
//! The markers are comments that stand alone on their lines, `<!-- kubesketch:begin -->` and `<!-- kubesketch:end -->`,
//! or with a name where a file has several, `<!-- kubesketch:begin shop -->`. Lines inside code
//! fences are not markers. Line endings and indentation are those of the line that begins the block.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

/// The content between the markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// A fenced block that GitHub, GitLab and others draw
    Mermaid,
    /// A link to the SVG or PNG that -o writes in the same run
    Image,
}

/// One `--inject`: a file, and which of its blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The document.
    pub file: PathBuf,
    /// The name of the block; `None` is the one without a name.
    pub name: Option<String>,
}

impl FromStr for Place {
    type Err = String;

    /// `README.md` or `README.md#NAME`. A name has letters, digits, `-` and `_`, so that a `#` before an ending
    /// (`notes#1.md`) is part of the file's name.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('#') {
            Some((file, name)) if !file.is_empty() && is_name(name) => {
                Ok(Place { file: file.into(), name: Some(name.into()) })
            }
            _ if text.is_empty() => Err("a file name is missing".into()),
            _ => Ok(Place { file: text.into(), name: None }),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A block: the positions of its markers and of its content in the file.
#[derive(Debug)]
struct Block {
    name: Option<String>,
    begin_line: usize,
    indent: Vec<u8>,
    ending: &'static str,
    from: usize,
    to: usize,
}

/// The document with other content in one of its blocks.
///
/// # Errors
///
/// When the document has no such block, or several, or one that does not end: each says what to write.
pub fn replaced(document: &[u8], name: Option<&str>, content: &str) -> Result<Vec<u8>> {
    let blocks = blocks(document)?;
    let named: Vec<&Block> = blocks.iter().filter(|b| b.name.as_deref() == name).collect();
    let block = match named.as_slice() {
        [block] => block,
        [first, second, ..] => bail!(
            "lines {} and {} both begin this block: give one of them a name, as in `{}`, and ask for FILE#NAME",
            first.begin_line,
            second.begin_line,
            begin(Some("picture"))
        ),
        [] => {
            let others: Vec<&str> = blocks.iter().filter_map(|b| b.name.as_deref()).collect();
            let have = if others.is_empty() {
                String::new()
            } else {
                format!("; there are blocks of the names {}", others.join(", "))
            };
            bail!("it has no line `{}`: write it and a line `{END}` where the picture is to stand{have}", begin(name))
        }
    };
    let mut out = document[..block.from].to_vec();
    for line in content.lines() {
        if !line.is_empty() {
            out.extend_from_slice(&block.indent);
            out.extend_from_slice(line.as_bytes());
        }
        out.extend_from_slice(block.ending.as_bytes());
    }
    out.extend_from_slice(&document[block.to..]);
    Ok(out)
}

const END: &str = "<!-- kubesketch:end -->";

fn begin(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("<!-- kubesketch:begin {name} -->"),
        None => "<!-- kubesketch:begin -->".into(),
    }
}

/// Every block of a document, in order.
fn blocks(document: &[u8]) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut fence: Option<(u8, usize)> = None;
    let mut at = 0;
    for (number, line) in (1..).zip(document.split_inclusive(|b| *b == b'\n')) {
        let start = at;
        at += line.len();
        // A byte order mark may stand before the first line.
        let text = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let indent = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let body = text[indent..].trim_ascii();
        match (&mut open, marker(body)) {
            (Some(block), Some((Kind::End, name))) if name.is_none() || name == block.name => {
                block.to = start;
                blocks.extend(open.take());
            }
            (Some(block), Some((Kind::Begin, _))) => {
                bail!(
                    "line {number} begins a block inside the one that begins in line {}: end that with `{END}`",
                    block.begin_line
                )
            }
            // The content of a block is generated, including its fences.
            (Some(_), _) => {}
            (None, _) if fence_ends(body, &mut fence) => {}
            (None, Some((Kind::Begin, name))) => {
                open = Some(Block {
                    name,
                    begin_line: number,
                    indent: text[..indent].to_vec(),
                    ending: if line.ends_with(b"\r\n") { "\r\n" } else { "\n" },
                    from: at,
                    to: at,
                });
            }
            (None, Some((Kind::End, _))) => {
                bail!("line {number} ends a block that nothing begins: write `{}` before it", begin(None))
            }
            (None, None) => {}
        }
    }
    match open {
        Some(block) => bail!("the block that begins in line {} does not end: write `{END}` after it", block.begin_line),
        None => Ok(blocks),
    }
}

/// Tracks code fences. Returns true if a line is part of one.
fn fence_ends(body: &[u8], fence: &mut Option<(u8, usize)>) -> bool {
    let Some(first) = body.first().copied().filter(|c| matches!(c, b'`' | b'~')) else {
        return fence.is_some();
    };
    let length = body.iter().take_while(|c| **c == first).count();
    match *fence {
        // <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>: as long as the opening one, and nothing behind it.
        Some((sign, least)) => {
            if sign == first && length >= least && body.len() == length {
                *fence = None;
            }
            true
        }
        None if length >= 3 && !(first == b'`' && body[length..].contains(&b'`')) => {
            *fence = Some((first, length));
            true
        }
        None => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Begin,
    End,
}

fn marker(body: &[u8]) -> Option<(Kind, Option<String>)> {
    let inner = std::str::from_utf8(body).ok()?.strip_prefix("<!--")?.strip_suffix("-->")?;
    let mut words = inner.split_ascii_whitespace();
    let kind = match words.next()? {
        "kubesketch:begin" => Kind::Begin,
        "kubesketch:end" => Kind::End,
        _ => return None,
    };
    let name = words.next().map(str::to_owned);
    (words.next().is_none() && name.as_deref().is_none_or(is_name)).then_some((kind, name))
}

/// The lines of a block.
pub fn fenced(mermaid: &str) -> String {
    format!("```mermaid\n{}\n```\n", mermaid.trim_end())
}

/// A link to a picture, from the folder of a document. `alt` is what is read out instead.
pub fn link(document: &Path, picture: &Path, alt: &str) -> Result<String> {
    let there = |path: &Path| std::path::absolute(path).map(plain).with_context(|| path.display().to_string());
    let (document, picture) = (there(document)?, there(picture)?);
    let folder = document.parent().unwrap_or(Path::new(""));
    let common = folder.components().zip(picture.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = picture.components().skip(common).map(|c| encoded(&c.as_os_str().to_string_lossy()));
    let address: Vec<String> = up.chain(down).collect();
    // Of Markdown and HTML nothing in the text must mean anything.
    let alt: String =
        alt.chars().map(|c| if c.is_control() || "[]<>\\`*_&!|{}#~$\"".contains(c) { ' ' } else { c }).collect();
    let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(format!("![{alt}]({})\n", address.join("/")))
}

/// The path without `.` and `..`.
fn plain(path: PathBuf) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// A part of an address (RFC 3986): all but unreserved characters as `%XX`.
fn encoded(part: &str) -> String {
    let mut out = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inject(document: &str, name: Option<&str>) -> Result<String, String> {
        replaced(document.as_bytes(), name, "new\n\nlines\n")
            .map(|d| String::from_utf8(d).unwrap())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn places_are_files_with_or_without_a_name() {
        let place = |text: &str| text.parse::<Place>().map(|p| (p.file.display().to_string(), p.name)).unwrap();
        assert_eq!(place("a/README.md"), ("a/README.md".into(), None));
        assert_eq!(place("README.md#shop-1"), ("README.md".into(), Some("shop-1".into())));
        assert_eq!(place("notes#1.md"), ("notes#1.md".into(), None));
        assert!("".parse::<Place>().is_err());
    }

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let document = "\u{feff}# A\r\n\r\n<!-- kubesketch:begin -->\r\nold\r\n<!-- kubesketch:end -->\r\nrest\n\tlast";
        let after = "\u{feff}# A\r\n\r\n<!-- kubesketch:begin -->\r\nnew\r\n\r\nlines\r\n<!-- kubesketch:end -->\r\nrest\n\tlast";
        assert_eq!(inject(document, None).unwrap(), after);
        assert_eq!(inject(after, None).unwrap(), after);
        assert_eq!(
            inject("\u{feff}<!-- kubesketch:begin -->\n<!-- kubesketch:end -->", None).unwrap(),
            "\u{feff}<!-- kubesketch:begin -->\nnew\n\nlines\n<!-- kubesketch:end -->"
        );
        assert_eq!(
            inject("- a\n  <!-- kubesketch:begin x -->\n  <!--kubesketch:end x-->\n", Some("x")).unwrap(),
            "- a\n  <!-- kubesketch:begin x -->\n  new\n\n  lines\n  <!--kubesketch:end x-->\n"
        );
        let bytes = b"\xff\xfe<!-- no\n<!-- kubesketch:begin -->\n<!-- kubesketch:end -->\n\xff";
        assert!(replaced(bytes, None, "").unwrap().ends_with(b"\xff"));
    }

    #[test]
    fn what_is_shown_as_code_is_no_marker() {
        let shown = "````md\n```\n<!-- kubesketch:begin -->\n```\n````\n`<!-- kubesketch:end -->`\n";
        let document = format!("{shown}<!-- kubesketch:begin -->\n```mermaid\nold\n<!-- kubesketch:end -->\n{shown}");
        let after = inject(&document, None).unwrap();
        assert_eq!(after, format!("{shown}<!-- kubesketch:begin -->\nnew\n\nlines\n<!-- kubesketch:end -->\n{shown}"));
    }

    #[test]
    fn missing_and_crossed_markers_are_told() {
        let one = "<!-- kubesketch:begin a -->\n<!-- kubesketch:end -->\n";
        let said = |document: &str, name| inject(document, name).unwrap_err();
        assert!(said("text", None).contains("no line `<!-- kubesketch:begin -->`"));
        assert!(said(one, Some("b")).contains("blocks of the names a"));
        assert!(said(&format!("{one}{one}"), Some("a")).contains("lines 1 and 3"));
        assert!(said("<!-- kubesketch:begin -->\n", None).contains("does not end"));
        assert!(said("<!-- kubesketch:end -->\n", None).contains("nothing begins"));
        assert!(said("<!-- kubesketch:begin -->\n<!-- kubesketch:begin -->\n", None).contains("inside"));
    }

    #[test]
    fn links_lead_from_the_document_to_the_picture() {
        let link = |document: &str, picture: &str| {
            link(Path::new(document), Path::new(picture), "a [b](c) <d> \u{7}").unwrap()
        };
        assert_eq!(link("README.md", "docs/my net (1).svg"), "![a b (c) d](docs/my%20net%20%281%29.svg)\n");
        assert_eq!(link("docs/a/x.md", "./docs/b/../net.svg"), "![a b (c) d](../net.svg)\n");
    }
}
