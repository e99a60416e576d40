//! The places for pictures in the Markdown of a chapter: code blocks whose language is `kubesketch`, and lines
//! `{{#kubesketch …}}`. Neither counts inside of another code block.

/// A place for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Arguments, as a shell would split them.
    pub words: Vec<String>,
    /// The manifests of a code block, and the line in which they begin.
    pub manifests: Option<(String, usize)>,
}

/// A place that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its line in the chapter, from 1.
    pub line: usize,
    /// The reason.
    pub reason: String,
}

/// A code block that is open.
struct Fence<'a> {
    sign: u8,
    length: usize,
    indent: &'a str,
    line: usize,
    /// Options and content so far, if it is one of ours.
    ours: Option<(&'a str, String)>,
    from: usize,
}

/// The chapter with a picture in each place that `draw` has one for, and the places that stay as they are.
pub fn filled(content: &str, draw: &mut dyn FnMut(&Block) -> Result<String, String>) -> (String, Vec<Broken>) {
    let mut out = String::with_capacity(content.len());
    let mut broken = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    let mut at = 0;
    for (number, line) in (1..).zip(content.split_inclusive('\n')) {
        let start = at;
        at += line.len();
        let body = line.trim();
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut place = |block: Result<Block, String>, line: usize, indent: &str, source: &str| match block
            .and_then(|block| draw(&block))
        {
            Ok(picture) => out.push_str(&embedded(&picture, indent)),
            Err(reason) => {
                broken.push(Broken { line, reason });
                out.push_str(source);
            }
        };
        match open.take() {
            Some(fence) if is_end(body, &fence) => match fence.ours {
                Some((options, text)) => {
                    let manifests = Some((text, fence.line + 1));
                    let block = words(options).map(|words| Block { words, manifests });
                    place(block, fence.line, fence.indent, &content[fence.from..at]);
                }
                None => out.push_str(line),
            },
            Some(mut fence) => {
                match &mut fence.ours {
                    Some((_, text)) => text.push_str(line.strip_prefix(fence.indent).unwrap_or(line.trim_start())),
                    None => out.push_str(line),
                }
                open = Some(fence);
            }
            None => match (opening(body), directive(body)) {
                (Some((sign, length)), _) => {
                    let ours = options(&body[length..]).map(|options| (options, String::new()));
                    if ours.is_none() {
                        out.push_str(line);
                    }
                    open = Some(Fence { sign, length, indent, line: number, ours, from: start });
                }
                (None, Some(options)) => {
                    let block = words(options).map(|words| Block { words, manifests: None });
                    place(block, number, indent, line);
                }
                (None, None) => out.push_str(line),
            },
        }
    }
    if let Some(fence) = open.filter(|fence| fence.ours.is_some()) {
        broken.push(Broken { line: fence.line, reason: "the code block does not end".to_owned() });
        out.push_str(&content[fence.from..]);
    }
    (out, broken)
}

/// A picture as a block of HTML, which in Markdown is one line between empty ones.
fn embedded(picture: &str, indent: &str) -> String {
    let style = "<style>.kubesketch>svg{max-width:100%;height:auto}</style>";
    let line: String = picture.lines().collect();
    format!("\n{indent}<div class=\"kubesketch\">{style}{line}</div>\n\n")
}

/// The sign and length of a fence that a line opens (<https://spec.commonmark.org/0.31.2/#fenced-code-blocks>).
fn opening(body: &str) -> Option<(u8, usize)> {
    let sign = body.bytes().next().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let length = body.bytes().take_while(|b| *b == sign).count();
    (length >= 3 && !(sign == b'`' && body[length..].contains('`'))).then_some((sign, length))
}

fn is_end(body: &str, fence: &Fence<'_>) -> bool {
    body.len() >= fence.length && body.bytes().all(|b| b == fence.sign)
}

/// The options of a code block of ours.
fn options(info: &str) -> Option<&str> {
    let info = info.trim();
    let (language, options) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
    (language == "kubesketch").then_some(options)
}

/// The arguments of a line `{{#kubesketch …}}`.
fn directive(body: &str) -> Option<&str> {
    let inner = body.strip_prefix("{{#kubesketch")?.strip_suffix("}}")?;
    (inner.is_empty() || inner.starts_with(char::is_whitespace)).then_some(inner)
}

/// Words between spaces; quotes keep spaces.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote does not end".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(content: &str) -> (String, Vec<Broken>) {
        filled(content, &mut |block| match &block.manifests {
            _ if block.words.iter().any(|word| word == "bad") => Err("no".to_owned()),
            Some((text, line)) => Ok(format!("<svg>\n{}|{}|{line}</svg>\n", block.words.join(","), text.trim_end())),
            None => Ok(format!("<svg>\n{}</svg>\n", block.words.join(","))),
        })
    }

    fn put(inner: &str) -> String {
        embedded(&format!("<svg>{inner}</svg>"), "")
    }

    #[test]
    fn lines_and_code_blocks_become_pictures() {
        assert_eq!(drawn("a\n{{#kubesketch x --title 'a b' \"\"}}\nb\n").0, format!("a\n{}b\n", put("x,--title,a b,")));
        assert_eq!(drawn("{{#kubesketch}}").0, put(""));
        let block = "# A\r\n```kubesketch --view policy\nkind: A\n```\nrest";
        assert_eq!(drawn(block).0, format!("# A\r\n{}rest", put("--view,policy|kind: A|3")));
        let listed = drawn("- x\n  ~~~kubesketch\n  a:\n    b\n  ~~~\n").0;
        assert!(listed.starts_with("- x\n\n  <div class=\"kubesketch\">") && listed.contains("<svg>|a:  b|3</svg>"));
        assert!(!listed.trim_end().contains("</svg>\n"), "{listed}");
    }

    #[test]
    fn all_else_stays() {
        for text in [
            "````md\n```kubesketch\na\n```\n{{#kubesketch x}}\n````\n",
            "```yaml\n{{#kubesketch x}}\n```\n",
            "\\{{#kubesketch x}}\n",
            "{{#kubesketches x}} {{#include a}}\n",
            "see {{#kubesketch x}}\n",
            "```kubesketches\nx\n```\n",
            "``` `kubesketch` \n",
        ] {
            assert_eq!(drawn(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn broken_places_stay_and_are_named() {
        for (text, line, reason) in [
            ("a\n\n{{#kubesketch bad}}\nb\n", 3, "no"),
            ("{{#kubesketch 'x}}\n", 1, "a quote does not end"),
            ("a\n```kubesketch bad\nx\n\ny\n```\nb", 2, "no"),
            ("a\n```kubesketch\nx\n", 2, "the code block does not end"),
        ] {
            assert_eq!(drawn(text), (text.to_owned(), vec![Broken { line, reason: reason.to_owned() }]));
        }
    }
}
