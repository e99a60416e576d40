//! JSON patches (RFC 6902): operations at places that JSON pointers (RFC 6901) name.

use super::edit;
use super::tree::Texts;
use super::{Outcome, Reason};
use crate::manifest::{self, Entry, Tree, Value};
use crate::source::Span;

/// Applies the operations of a patch, each to the result of those before it.
pub(super) fn apply(texts: &Texts<'_>, target: &mut Tree, operations: &[Tree]) -> Outcome<()> {
    for operation in operations {
        let field = |key: &str| operation.get(key).and_then(Tree::as_str);
        let refused = |what: String| texts.not(Reason::Refused, operation.span, what);
        let (Some(op), Some(path)) = (field("op"), field("path")) else {
            return Err(refused("an operation without `op` or `path`".into()));
        };
        let way =
            steps(path).ok_or_else(|| texts.not(Reason::NotPlain, operation.span, format!("the path `{path}`")))?;
        let from = field("from").and_then(steps);
        let value = operation.get("value").cloned();
        let at = operation.get("value").map_or(operation.span, |v| v.span);
        let done = match (op, value, from) {
            ("add", Some(value), _) => put(target, &way, value, Put::Add),
            ("replace", Some(value), _) => put(target, &way, value, Put::Replace),
            ("remove", _, _) => take(target, &way).is_some(),
            ("test", Some(value), _) => find(target, &way).is_some_and(|found| *found == value),
            ("copy", _, Some(from)) => match find(target, &from).cloned() {
                Some(value) => put(target, &way, value, Put::Add),
                None => false,
            },
            ("move", _, Some(from)) => match take(target, &from) {
                Some(value) => put(target, &way, value, Put::Add),
                None => false,
            },
            ("add" | "replace", None, _) => put(target, &way, Tree { span: at, value: Value::Null }, Put::Add),
            _ => false,
        };
        if !done {
            return Err(refused(format!("`{op} {path}` does not apply")));
        }
        // A copy into itself doubles what there is.
        if matches!(op, "copy" | "move" | "add") && !is_bounded(target) {
            return Err(texts.not(Reason::NotPlain, operation.span, "an object that grows beyond what is read"));
        }
    }
    Ok(())
}

/// The most values of an object, and how deep they may nest.
const MOST: usize = 200_000;

/// Whether an object is no larger and no deeper than one that is read.
fn is_bounded(tree: &Tree) -> bool {
    let mut count = 0;
    let mut waiting = vec![(tree, 0)];
    while let Some((tree, depth)) = waiting.pop() {
        count += 1;
        if count > MOST || depth > manifest::MAX_DEPTH {
            return false;
        }
        match &tree.value {
            Value::Seq(items) => waiting.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Map(entries) => waiting.extend(entries.iter().map(|entry| (&entry.value, depth + 1))),
            _ => {}
        }
    }
    true
}

/// The steps of a pointer; `None` if it is none, or the whole document.
fn steps(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/')?;
    Some(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn index(step: &str, length: usize) -> Option<usize> {
    let plain =
        !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) && (step.len() == 1 || !step.starts_with('0'));
    step.parse().ok().filter(|at| plain && *at < length)
}

fn find<'t>(tree: &'t Tree, way: &[String]) -> Option<&'t Tree> {
    way.iter().try_fold(tree, |tree, step| match &tree.value {
        Value::Map(_) => tree.get(step),
        Value::Seq(items) => items.get(index(step, items.len())?),
        _ => None,
    })
}

fn holder<'t>(tree: &'t mut Tree, way: &[String]) -> Option<&'t mut Tree> {
    let (_, before) = way.split_last()?;
    before.iter().try_fold(tree, |tree, step| match &tree.value {
        Value::Map(_) => tree.get_mut(step),
        Value::Seq(items) => {
            let at = index(step, items.len())?;
            tree.items_mut().get_mut(at)
        }
        _ => None,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Add,
    Replace,
}

fn put(tree: &mut Tree, way: &[String], value: Tree, how: Put) -> bool {
    let (Some(last), Some(holder)) = (way.last(), holder(tree, way)) else { return false };
    let at = value.span;
    match &mut holder.value {
        Value::Map(entries) => {
            if how == Put::Replace && !entries.iter().any(|e| *e.key == **last) {
                return false;
            }
            edit::set(holder, last, value, at);
            true
        }
        Value::Seq(items) if how == Put::Replace => match index(last, items.len()) {
            Some(at) => {
                items[at] = value;
                true
            }
            None => false,
        },
        Value::Seq(items) if last == "-" => {
            items.push(value);
            true
        }
        Value::Seq(items) => match index(last, items.len() + 1) {
            Some(at) => {
                items.insert(at, value);
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn take(tree: &mut Tree, way: &[String]) -> Option<Tree> {
    let last = way.last()?;
    let holder = holder(tree, way)?;
    if holder.is_map() {
        return holder.remove(last).map(|Entry { value, .. }| value);
    }
    match &mut holder.value {
        Value::Seq(items) => index(last, items.len()).map(|at| items.remove(at)),
        _ => None,
    }
}

/// The place of the first operation.
pub(super) fn span(operations: &[Tree], otherwise: Span) -> Span {
    operations.first().map_or(otherwise, |o| o.span)
}
