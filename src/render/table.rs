//! Tables as text, Markdown and CSV. One walk over the rows; a format only says how a row looks.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use unicode_width::UnicodeWidthStr;

use crate::inert::{self, steers};
use crate::net::{UnknownName, choice};
use crate::policy::Certainty;

/// Rows of words under headings.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Table {
    /// The headings.
    pub columns: Vec<&'static str>,
    /// The rows, each with a cell for each heading. A cell may have several lines.
    pub rows: Vec<Vec<String>>,
    /// How certain its rows are, where a column says so.
    pub certainties: BTreeSet<Certainty>,
    /// Further footnotes, which are about the rows.
    pub notes: Vec<String>,
}

/// A form that a table can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum TableFormat {
    /// Aligned columns for a terminal.
    Text,
    /// A Markdown table.
    #[strum(serialize = "md")]
    Markdown,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// Data; it has a shape of its own for each kind of table.
    Json,
}

impl TableFormat {
    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl FromStr for TableFormat {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("format of tables", text)
    }
}

/// How the rows of a format look.
trait Rows {
    fn head(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        self.row(out, cells)
    }
    fn row(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result;
}

/// The table in a format; JSON has none of its own here and gives nothing.
pub fn table(table: &Table, format: TableFormat) -> String {
    let mut text = String::new();
    if let Some(mut out) = TableWriter::new(&mut text, format, || widths(table)) {
        // Writing into memory cannot fail.
        let _ = write_table(&mut out, table);
    }
    text
}

fn write_table(out: &mut TableWriter<'_, '_>, table: &Table) -> fmt::Result {
    out.head(&table.columns)?;
    table.rows.iter().try_for_each(|row| out.row(&row.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// A table that is written row by row.
pub(super) struct TableWriter<'o, 'w> {
    out: &'o mut (dyn fmt::Write + 'w),
    rows: Box<dyn Rows>,
}

impl<'o, 'w> TableWriter<'o, 'w> {
    /// `widths` of the columns are asked for if the format aligns them; `None` for JSON.
    pub(super) fn new(
        out: &'o mut (dyn fmt::Write + 'w),
        format: TableFormat,
        widths: impl FnOnce() -> Vec<usize>,
    ) -> Option<TableWriter<'o, 'w>> {
        let rows: Box<dyn Rows> = match format {
            TableFormat::Text => Box::new(Aligned { widths: widths() }),
            TableFormat::Markdown => Box::new(Markdown),
            TableFormat::Csv => Box::new(Csv),
            TableFormat::Json => return None,
        };
        Some(TableWriter { out, rows })
    }

    pub(super) fn head(&mut self, columns: &[&str]) -> fmt::Result {
        self.rows.head(self.out, columns)
    }

    pub(super) fn row(&mut self, cells: &[&str]) -> fmt::Result {
        self.rows.row(self.out, cells)
    }
}

/// Columns as wide as their widest cell.
struct Aligned {
    widths: Vec<usize>,
}

/// The width of the widest line of a cell.
pub(super) fn cell_width(cell: &str) -> usize {
    cell.lines().map(|l| clean(l).width()).max().unwrap_or(0)
}

fn widths(table: &Table) -> Vec<usize> {
    let mut widths: Vec<usize> = table.columns.iter().map(|c| cell_width(c)).collect();
    for row in &table.rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell_width(cell).max(*width);
        }
    }
    widths
}

impl Rows for Aligned {
    fn head(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        let upper: Vec<String> = cells.iter().map(|c| c.to_uppercase()).collect();
        self.row(out, &upper.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn row(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        let height = cells.iter().map(|c| c.lines().count()).max().unwrap_or(0).max(1);
        for line in 0..height {
            let mut text = String::new();
            for (cell, width) in cells.iter().zip(&self.widths) {
                let part = clean(cell.lines().nth(line).unwrap_or_default());
                let pad = width.saturating_sub(part.width()) + 2;
                text.push_str(&part);
                text.extend(std::iter::repeat_n(' ', pad));
            }
            out.write_str(text.trim_end())?;
            out.write_char('\n')?;
        }
        Ok(())
    }
}

/// What steers a terminal or turns around what follows must not reach it.
fn clean(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '?' } else { c }).collect()
}

struct Markdown;

impl Rows for Markdown {
    fn head(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        self.row(out, cells)?;
        writeln!(out, "|{}", " --- |".repeat(cells.len()))
    }

    fn row(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        let cell = |c: &&str| c.lines().map(inert::cell).collect::<Vec<_>>().join("<br>");
        writeln!(out, "| {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
    }
}

struct Csv;

impl Rows for Csv {
    fn row(&self, out: &mut dyn fmt::Write, cells: &[&str]) -> fmt::Result {
        writeln!(out, "{}", cells.iter().map(|c| field(c)).collect::<Vec<_>>().join(","))
    }
}

/// A field that is no formula (<https://owasp.org/www-community/attacks/CSV_Injection>): what a spreadsheet would run
/// begins with an apostrophe, quotes are doubled, and whatever a reader with another separator would take apart is in
/// quotes.
fn field(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let quoted = formula || cell.contains(['"', ',', ';', '\n', '\r', '\t', '\'']);
    let lines: Vec<String> = cell.lines().map(|line| inert::shown(line).into_owned()).collect();
    let text = lines.join("\n");
    if !quoted {
        return text;
    }
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        Table {
            columns: vec!["From", "Ports"],
            rows: vec![vec!["a|b".into(), "TCP 80, 81\nUDP 53".into()], vec!["é".into(), String::new()]],
            ..Table::default()
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
            "| From | Ports |\n| --- | --- |\n| `a\\|b` | TCP 80, 81<br>UDP 53 |\n| é |  |\n"
        );
        assert_eq!(table(&sample(), TableFormat::Csv), "From,Ports\na|b,\"TCP 80, 81\nUDP 53\"\né,\n");
    }

    #[test]
    fn a_spreadsheet_runs_no_cell() {
        for (cell, expected) in [
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@a \"b\"", "\"'@a \"\"b\"\"\""),
            ("\t=1", "\"'\u{fffd}=1\""),
            ("\r=1", "\"'\u{fffd}=1\""),
            ("a;=1", "\"a;=1\""),
            ("a\u{1b}]0;x\u{7}", "\"a\u{fffd}]0;x\u{fffd}\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(field(cell), expected);
        }
    }
}
