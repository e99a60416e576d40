//! The suffix of the names of generated ConfigMaps and Secrets: a hash of their content, as kustomize writes it.

use sha2::{Digest, Sha256};

use super::resource::Resource;
use crate::manifest::{Tree, Value};

/// The suffix of an object; `None` if it holds something that no ConfigMap or Secret does.
pub(super) fn suffix(resource: &Resource) -> Option<String> {
    let mut json = String::from("{");
    let field = |json: &mut String, key: &str, value: &str| {
        if json.len() > 1 {
            json.push(',');
        }
        push_text(json, key);
        json.push(':');
        json.push_str(value);
    };
    let kind = resource.kind();
    let is_secret = kind == "Secret";
    if !is_secret && kind != "ConfigMap" {
        return None;
    }
    // The keys are in the order of their names.
    if !is_secret && let Some(binary) = resource.tree.get("binaryData").filter(|t| t.is_map()) {
        field(&mut json, "binaryData", &mapping(binary)?);
    }
    let data = resource.tree.get("data").filter(|t| !t.is_null());
    field(&mut json, "data", &data.map_or_else(|| Some("\"\"".into()), mapping)?);
    field(&mut json, "kind", &quoted(kind));
    // The name is meant to be there, and kustomize leaves it empty.
    field(&mut json, "name", "\"\"");
    if is_secret {
        if let Some(texts) = resource.tree.get("stringData").filter(|t| t.is_map()) {
            field(&mut json, "stringData", &mapping(texts)?);
        }
        field(&mut json, "type", &quoted(resource.tree.get("type").and_then(Tree::as_str).unwrap_or_default()));
    }
    json.push('}');
    let hash = Sha256::digest(json.as_bytes());
    // Digits and vowels that could make words are written as other letters.
    let letters = hash.iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| match digit {
        0 => 'g',
        1 => 'h',
        3 => 'k',
        10 => 'm',
        14 => 't',
        other => char::from_digit(u32::from(other), 16).unwrap_or('0'),
    });
    Some(letters.collect())
}

/// A mapping of texts as JSON, in the order of its keys.
fn mapping(tree: &Tree) -> Option<String> {
    let Value::Map(entries) = &tree.value else { return None };
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for entry in entries {
        pairs.push((&entry.key, entry.value.as_str()?));
    }
    pairs.sort_unstable();
    let mut json = String::from("{");
    for (n, (key, value)) in pairs.iter().enumerate() {
        if n > 0 {
            json.push(',');
        }
        push_text(&mut json, key);
        json.push(':');
        push_text(&mut json, value);
    }
    json.push('}');
    Some(json)
}

fn quoted(text: &str) -> String {
    let mut json = String::new();
    push_text(&mut json, text);
    json
}

/// A text as Go's encoder writes it, which also keeps it out of HTML.
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => json.push_str(&format!("\\u{:04x}", c as u32)),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
}
