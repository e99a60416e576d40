//! Answers of limited size: whole lines, rows and items, and a sentence about the rest.

use serde_json::{Map, Value, json};

use crate::inert;
use crate::render::{self, Table, TableFormat};

/// An answer: a text to read, and the same as data.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// The data.
    pub data: Map<String, Value>,
    /// An image: PNG in base64.
    pub image: Option<String>,
}

impl Reply {
    /// A text with data, which is an object.
    pub fn new(text: String, data: Value) -> Reply {
        let data = match data {
            Value::Object(map) => map,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        Reply { text, data, image: None }
    }

    /// Says that something was cut, in the text and in the data.
    pub fn cut(&mut self, sentence: &str) {
        self.text.push_str(&format!("\n{sentence}\n"));
        self.data.insert("cut".to_owned(), sentence.into());
    }
}

/// The limit of an answer, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub usize);

impl Limit {
    /// The first whole lines of a text that fit, and whether these are all.
    pub fn lines(self, text: &str) -> (String, bool) {
        if text.len() <= self.0 {
            return (text.to_owned(), true);
        }
        let mut kept = String::new();
        for line in text.split_inclusive('\n') {
            if kept.len() + line.len() > self.0 {
                break;
            }
            kept.push_str(line);
        }
        (kept, false)
    }

    /// The first items that fit.
    pub fn items(self, items: Vec<Value>) -> Vec<Value> {
        let mut left = self.0;
        let fits = |item: &Value| {
            let size = item.to_string().len() + 1;
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        };
        items.into_iter().take_while(fits).collect()
    }

    /// A table: as many of its rows as fit, as Markdown and as data. `matching` rows there are, of which the table has
    /// the first.
    pub fn table(self, mut table: Table, matching: usize, about: &str, narrow: &str) -> Reply {
        let (text, rows) = loop {
            let text = render::table(&table, TableFormat::Markdown);
            let rows: Vec<Value> = table.rows.iter().map(|row| object(&table.columns, row)).collect();
            let size = text.len().max(Value::from(rows.clone()).to_string().len());
            if size <= self.0 || table.rows.is_empty() {
                break (text, rows);
            }
            let fitting = table.rows.len() * self.0 / size;
            table.rows.truncate(fitting.min(table.rows.len() - 1));
        };
        let shown = rows.len();
        let head = match matching {
            0 => format!("no {about}\n"),
            _ => format!("{matching} {about}\n\n{text}"),
        };
        let mut reply = Reply::new(head, json!({ "rows": rows, "count": matching, "shown": shown }));
        if shown < matching {
            reply.cut(&format!("Cut: {shown} of {matching} are shown. {narrow}"));
        }
        reply
    }
}

/// A row by its headings.
fn object(columns: &[&'static str], row: &[String]) -> Value {
    let cells = columns.iter().zip(row);
    Value::Object(cells.map(|(c, cell)| (c.to_lowercase(), inert::lines(cell).into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_with_a_sentence() {
        let rows = |count: usize| (0..count).map(|i| vec![format!("web-{i}"), "x\u{1b}[1m".to_owned()]).collect();
        let table = |count| Table { columns: vec!["From", "To"], rows: rows(count), ..Table::default() };
        let all = Limit(4096).table(table(3), 3, "connections", "Narrow.");
        assert!(
            all.text.starts_with("3 connections\n\n| From | To |") && !all.data.contains_key("cut"),
            "{}",
            all.text
        );
        assert_eq!(all.data["rows"][1], json!({ "from": "web-1", "to": "x?[1m" }));
        let cut = Limit(4096).table(table(1000), 5000, "connections", "Narrow.");
        let shown = cut.data["shown"].as_u64().unwrap();
        assert!((20..200).contains(&shown), "{shown}");
        assert!(cut.text.len() < 4300 && cut.text.ends_with(&format!("Cut: {shown} of 5000 are shown. Narrow.\n")));
        assert_eq!(Limit(4096).table(table(0), 0, "connections", "").text, "no connections\n");
    }

    #[test]
    fn lines_and_items_stay_whole() {
        assert_eq!(Limit(6).lines("ab\ncd\nef\n"), ("ab\ncd\n".to_owned(), false));
        assert!(Limit(9).lines("ab\ncd\nef\n").1);
        assert_eq!(Limit(6).items(vec![json!("a"), json!("bcdefg"), json!("c")]), [json!("a")]);
    }
}
