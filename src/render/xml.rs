//! The one writer of XML: elements close by themselves, and nothing reaches the output without being escaped.
//!
//! Names of elements and attributes are string literals of this crate; values are data and may be anything. What XML or
//! HTML cannot hold (control characters, U+FFFE, U+FFFF) becomes U+FFFD. Line breaks and tabs inside values, and what
//! changes the direction of text, are written as character references: so an element stays on one line of the file and
//! an attribute comes back from a parser as it went in. `>` is always escaped, so neither `]]>` nor `-->` can appear.

use std::fmt::Write;

use crate::inert::steers;

/// XML being written, one element per line.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    /// An empty document.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Opens an element. It closes when the returned value goes away.
    pub(crate) fn element(&mut self, name: &'static str) -> Element<'_> {
        self.out.push('<');
        self.out.push_str(name);
        Element { xml: self, name, open: true }
    }

    /// The text written so far.
    pub(crate) fn finish(self) -> String {
        self.out
    }
}

/// An element whose start tag is still open for attributes.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    xml: &'a mut Xml,
    name: &'static str,
    open: bool,
}

impl Element<'_> {
    /// Adds an attribute.
    pub(crate) fn attr(self, name: &'static str, value: &str) -> Self {
        let out = &mut self.xml.out;
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(out, value);
        out.push('"');
        self
    }

    /// Adds an attribute if there is a value for it.
    pub(crate) fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// Adds an attribute that is a number.
    pub(crate) fn num(self, name: &'static str, value: f64) -> Self {
        let out = &mut self.xml.out;
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        number(out, value);
        out.push('"');
        self
    }

    /// Closes the element around a text.
    pub(crate) fn text(mut self, content: &str) {
        self.xml.out.push('>');
        escape(&mut self.xml.out, content);
        self.end_tag();
    }

    /// Closes the element around whatever is written into it.
    pub(crate) fn children(mut self, write: impl FnOnce(&mut Xml)) {
        self.xml.out.push_str(">\n");
        write(self.xml);
        self.end_tag();
    }

    fn end_tag(&mut self) {
        self.open = false;
        self.xml.out.push_str("</");
        self.xml.out.push_str(self.name);
        self.xml.out.push_str(">\n");
    }
}

impl Drop for Element<'_> {
    fn drop(&mut self) {
        if self.open {
            self.xml.out.push_str("/>\n");
        }
    }
}

/// Writes a number with at most two decimals. Every coordinate of every picture passes through here.
pub(crate) fn number(out: &mut String, value: f64) {
    // A layout never holds such values; if one did, a zero is still a valid picture.
    let hundredths = if value.is_finite() { (value * 100.0).round() } else { 0.0 };
    if hundredths == 0.0 {
        out.push('0');
        return;
    }
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = write!(out, "{:.2}", hundredths / 100.0);
    while out.ends_with('0') {
        out.pop();
    }
    if out.ends_with('.') {
        out.pop();
    }
    debug_assert!(out.len() > start);
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            // Writing to a String cannot fail.
            c if steers(c) => drop(write!(out, "&#{};", c as u32)),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_close_by_themselves_one_a_line() {
        let mut xml = Xml::new();
        xml.element("g").attr("class", "a").children(|xml| {
            xml.element("rect").num("x", 1.0);
            xml.element("title").text("two\nlines");
        });
        assert_eq!(xml.finish(), "<g class=\"a\">\n<rect x=\"1\"/>\n<title>two&#10;lines</title>\n</g>\n");
    }

    #[test]
    fn whatever_goes_in_comes_back_from_a_parser() {
        for value in [
            "a<b>&\"'c",
            "]]>",
            "<!-- -- -->",
            "line\nbreak\ttab\r\n",
            "  two  spaces ",
            "\u{202e}rtl שלום",
            "&amp;&#1;",
            "😀",
        ] {
            let mut xml = Xml::new();
            xml.element("a").attr("v", value).text(value);
            let text = xml.finish();
            let parsed = roxmltree::Document::parse(&text).unwrap();
            assert_eq!(parsed.root_element().attribute("v"), Some(value));
            assert_eq!(parsed.root_element().text(), Some(value));
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let mut xml = Xml::new();
        xml.element("a").attr("v", "\0\u{1b}\u{fffe}").text("\u{8}\u{ffff}");
        assert_eq!(xml.finish(), "<a v=\"\u{fffd}\u{fffd}\u{fffd}\">\u{fffd}\u{fffd}</a>\n");
    }

    #[test]
    fn numbers_have_at_most_two_decimals() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (1.005, "1"),
            (12.3456, "12.35"),
            (-7.5, "-7.5"),
            (100.0, "100"),
            (f64::NAN, "0"),
            (f64::INFINITY, "0"),
        ] {
            let mut out = String::new();
            number(&mut out, value);
            assert_eq!(out, text, "{value}");
        }
    }
}
