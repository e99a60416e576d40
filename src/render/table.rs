//! Tables as text, Markdown and CSV. One walk over the rows; a format only says how a row looks.

use std::str::FromStr;

use unicode_width::UnicodeWidthStr;

use super::xml::hidden;

/// Rows of words under headings.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Table {
    /// The headings.
    pub columns: Vec<&'static str>,
    /// The rows, each with a cell for each heading. A cell may have several lines.
    pub rows: Vec<Vec<String>>,
}

/// A form that a table can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFormat {
    /// Aligned columns for a terminal.
    Text,
    /// A Markdown table.
    Markdown,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// Data; it has a shape of its own for each kind of table.
    Json,
}

/// The text names no format of tables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of tables; there are `text`, `md`, `csv` and `json`")]
pub struct UnknownTableFormat(String);

impl TableFormat {
    /// Every format.
    pub const ALL: &[TableFormat] = &[TableFormat::Text, TableFormat::Markdown, TableFormat::Csv, TableFormat::Json];

    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            TableFormat::Text => "text",
            TableFormat::Markdown => "md",
            TableFormat::Csv => "csv",
            TableFormat::Json => "json",
        }
    }
}

impl FromStr for TableFormat {
    type Err = UnknownTableFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TableFormat::ALL.iter().copied().find(|f| f.as_str() == text).ok_or_else(|| UnknownTableFormat(text.to_owned()))
    }
}

/// How the rows of a format look.
trait Rows {
    fn head(&self, out: &mut String, cells: &[String]) {
        self.row(out, cells);
    }
    fn row(&self, out: &mut String, cells: &[String]);
}

/// The table in a format; JSON has none of its own here and gives nothing.
pub fn table(table: &Table, format: TableFormat) -> String {
    let rows: Box<dyn Rows> = match format {
        TableFormat::Text => Box::new(Aligned::of(table)),
        TableFormat::Markdown => Box::new(Markdown),
        TableFormat::Csv => Box::new(Csv),
        TableFormat::Json => return String::new(),
    };
    let mut out = String::new();
    let head: Vec<String> = table.columns.iter().map(|c| (*c).to_owned()).collect();
    rows.head(&mut out, &head);
    for row in &table.rows {
        rows.row(&mut out, row);
    }
    out
}

/// Columns as wide as their widest cell.
struct Aligned {
    widths: Vec<usize>,
}

impl Aligned {
    fn of(table: &Table) -> Aligned {
        let mut widths: Vec<usize> = table.columns.iter().map(|c| c.width()).collect();
        for row in &table.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.lines().map(|l| clean(l).width()).max().unwrap_or(0).max(*width);
            }
        }
        Aligned { widths }
    }
}

impl Rows for Aligned {
    fn head(&self, out: &mut String, cells: &[String]) {
        let upper: Vec<String> = cells.iter().map(|c| c.to_uppercase()).collect();
        self.row(out, &upper);
    }

    fn row(&self, out: &mut String, cells: &[String]) {
        let height = cells.iter().map(|c| c.lines().count()).max().unwrap_or(0).max(1);
        for line in 0..height {
            let mut text = String::new();
            for (cell, width) in cells.iter().zip(&self.widths) {
                let part = clean(cell.lines().nth(line).unwrap_or_default());
                let pad = width.saturating_sub(part.width()) + 2;
                text.push_str(&part);
                text.push_str(&" ".repeat(pad));
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
    }
}

/// What steers a terminal or turns around what follows must not reach it.
fn clean(text: &str) -> String {
    text.chars().map(|c| if hidden(c) { '?' } else { c }).collect()
}

struct Markdown;

impl Rows for Markdown {
    fn head(&self, out: &mut String, cells: &[String]) {
        self.row(out, cells);
        out.push_str(&format!("|{}\n", " --- |".repeat(cells.len())));
    }

    fn row(&self, out: &mut String, cells: &[String]) {
        let cell = |c: &String| c.lines().map(|l| escape(&clean(l))).collect::<Vec<_>>().join("<br>");
        out.push_str(&format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | ")));
    }
}

/// What Markdown or HTML would read as more than text.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

struct Csv;

impl Rows for Csv {
    fn row(&self, out: &mut String, cells: &[String]) {
        let quoted = |c: &String| {
            if c.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", c.replace('"', "\"\"")) } else { c.clone() }
        };
        out.push_str(&format!("{}\n", cells.iter().map(quoted).collect::<Vec<_>>().join(",")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        Table {
            columns: vec!["From", "Ports"],
            rows: vec![vec!["a|b".into(), "TCP 80, 81\nUDP 53".into()], vec!["é".into(), String::new()]],
        }
    }

    #[test]
    fn text_is_aligned_and_has_no_spaces_at_line_ends() {
        assert_eq!(table(&sample(), TableFormat::Text), "FROM  PORTS\na|b   TCP 80, 81\n      UDP 53\né\n");
    }

    #[test]
    fn what_a_format_would_misread_is_escaped() {
        assert_eq!(
            table(&sample(), TableFormat::Markdown),
            "| From | Ports |\n| --- | --- |\n| a\\|b | TCP 80, 81<br>UDP 53 |\n| é |  |\n"
        );
        assert_eq!(table(&sample(), TableFormat::Csv), "From,Ports\na|b,\"TCP 80, 81\nUDP 53\"\né,\n");
    }
}
