//! Lays a strategic merge patch over an object.

use super::edit;
use super::schema::{Kind, Shape};
use super::tree::Texts;
use super::{Outcome, Reason};
use crate::manifest::{Entry, Tree, Value};

/// The key by which a patch says what is to become of what it is laid over.
const DIRECTIVE: &str = "$patch";

/// Merges a patch into what is there. `None` where nothing stays.
pub(super) fn merge(
    texts: &Texts<'_>,
    under: Option<Tree>,
    over: Option<&Tree>,
    shape: Shape,
) -> Outcome<Option<Tree>> {
    let Some(over) = over else { return Ok(under) };
    if over.is_null() {
        return Ok(None);
    }
    let under = under.filter(|u| !u.is_null());
    let same = match (&over.value, under.as_ref().map(|u| &u.value)) {
        (_, None) | (Value::Map(_), Some(Value::Map(_))) | (Value::Seq(_), Some(Value::Seq(_))) => true,
        (Value::Map(_) | Value::Seq(_), _) | (_, Some(Value::Map(_) | Value::Seq(_))) => false,
        _ => true,
    };
    if !same {
        let under = under.map_or("nothing", |u| u.kind_name());
        return Err(texts.not(Reason::Refused, over.span, format!("{} is laid over {under}", over.kind_name())));
    }
    match &over.value {
        Value::Map(entries) => map(texts, under, over, entries, shape),
        Value::Seq(items) => match shape {
            Shape::List(kind, keys) => keyed(texts, under, over, items, kind, keys),
            Shape::Set => Ok(Some(union(under, over))),
            Shape::Unknown | Shape::Map(_) => {
                if let Some(item) = items.iter().find(|item| item.get(DIRECTIVE).is_some()) {
                    return Err(texts.not(
                        Reason::NotPlain,
                        item.span,
                        "`$patch` in a list is left to kustomize itself",
                    ));
                }
                Ok(Some(over.clone()))
            }
        },
        _ => Ok(Some(over.clone())),
    }
}

fn map(texts: &Texts<'_>, under: Option<Tree>, over: &Tree, entries: &[Entry], shape: Shape) -> Outcome<Option<Tree>> {
    let mut under = under;
    match over.get(DIRECTIVE).map(|d| d.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("delete") => return Ok(None),
        Some("replace") => under = None,
        Some(other) => {
            let what = format!("a patch that says `$patch: {other}`");
            return Err(texts.not(Reason::Refused, over.span, what));
        }
    }
    let is_new = under.is_none();
    let mut result = under.unwrap_or_else(|| edit::map(over.span));
    for Entry { key, key_span, value } in entries {
        let name = &**key;
        if name == DIRECTIVE {
            continue;
        }
        if name.starts_with('$') {
            return Err(texts.not(Reason::NotPlain, *key_span, format!("`{name}` is left to kustomize itself")));
        }
        let before = if is_new { None } else { result.remove(name) };
        let (old_key, before) = before.map_or((None, None), |e| (Some(e.key_span), Some(e.value)));
        if let Some(merged) = merge(texts, before, Some(value), shape.field(name))? {
            // What is merged further down stays where it was; what is new or overwritten is said here.
            let at = old_key.filter(|_| value.is_map()).unwrap_or(*key_span);
            edit::set(&mut result, name, merged, at);
        }
    }
    Ok(Some(result))
}

/// A set with what is laid over it first.
fn union(under: Option<Tree>, over: &Tree) -> Tree {
    let mut result = Tree { span: over.span, value: Value::Seq(over.items().to_vec()) };
    if let (Value::Seq(items), Some(Tree { value: Value::Seq(before), .. })) = (&mut result.value, under) {
        for item in before {
            if !items.contains(&item) {
                items.push(item);
            }
        }
    }
    result
}

/// The values of the keys of an element, of which those are left out that it does not have.
type Keyed = Vec<(&'static str, String)>;

fn keyed(
    texts: &Texts<'_>,
    under: Option<Tree>,
    over: &Tree,
    items: &[Tree],
    kind: Kind,
    keys: &'static [&'static str],
) -> Outcome<Option<Tree>> {
    let span = under.as_ref().map_or(over.span, |u| u.span);
    let mut before: Vec<Tree> = match under.map(|u| u.value) {
        Some(Value::Seq(items)) => items,
        _ => Vec::new(),
    };
    let mut wanted: Vec<Keyed> = Vec::new();
    for item in items.iter().chain(&before) {
        let keyed = keys_of(texts, item, keys)?;
        if wanted.contains(&keyed) {
            continue;
        }
        // One port with and without its protocol, or with two: what kustomize makes of it follows no rule.
        if wanted.iter().any(|other| other[0] == keyed[0]) {
            let what = format!("elements with one `{}` that differ in `{}`", keys[0], keys[1..].join("`, `"));
            return Err(texts.not(Reason::NotPlain, over.span, what));
        }
        wanted.push(keyed);
    }
    let is_full = |keyed: &Keyed| keys.len() > 1 && keyed.len() == keys.len();
    let both = |keyed: &Keyed| items.iter().any(|i| has(i, keyed)) && before.iter().any(|i| has(i, keyed));
    if wanted.iter().any(is_full) && !wanted.iter().all(is_full) && wanted.iter().any(both) {
        return Err(texts.not(Reason::NotPlain, over.span, "elements with and without a key"));
    }
    // What the patch has comes first, in its order, then the others. Where there are several keys, what is merged stays.
    if wanted.iter().any(is_full) {
        wanted.sort_by_key(|keyed| before.iter().position(|item| has(item, keyed)).map(|at| at + 1));
    }
    let mut result: Vec<Tree> = Vec::new();
    for keyed in wanted {
        let has = |item: &Tree| has(item, &keyed);
        let at = before.iter().position(has);
        // kustomize puts an element that is to be replaced back as it was.
        let stays = |item: &&Tree| at.is_some() && item.get(DIRECTIVE).and_then(Tree::as_str) == Some("replace");
        let patch = items.iter().find(|item| has(item)).filter(|item| !stays(item));
        let merged = merge(texts, at.map(|at| before[at].clone()), patch, Shape::Map(kind))?;
        let merged = merged.filter(|m| !m.entries().is_empty());
        match (at, &merged) {
            (Some(at), Some(merged)) => before[at] = merged.clone(),
            (Some(at), None) => {
                before.remove(at);
            }
            (None, _) => {}
        }
        let Some(merged) = merged else { continue };
        match result.iter().position(has) {
            Some(at) => result[at] = merged,
            None => result.push(merged),
        }
    }
    Ok(Some(Tree { span, value: Value::Seq(result) }))
}

/// Whether an element has the values of some keys.
fn has(item: &Tree, keyed: &Keyed) -> bool {
    keyed.iter().all(|(key, value)| item.get(key).and_then(edit::scalar).as_ref() == Some(value))
}

fn keys_of(texts: &Texts<'_>, item: &Tree, keys: &'static [&'static str]) -> Outcome<Keyed> {
    let value = |key: &&'static str| Some((*key, item.get(key).and_then(edit::scalar)?));
    let found: Keyed = keys.iter().filter_map(value).collect();
    if item.get(keys[0]).is_none() || found.is_empty() {
        return Err(texts.not(Reason::NotPlain, item.span, format!("an element without `{}`", keys[0])));
    }
    Ok(found)
}
