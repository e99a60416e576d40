//! YAML events to a tree. Nothing here calls itself, so no nesting can exhaust the stack.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Marker, Options, Parser, ScalarStyle, StructureStyle, Tag};

use super::MAX_DEPTH;
use super::assemble::{self, Budget, Place, Size};
use super::hint::{self, Fault, Input};
use super::repair::{self, Repaired};
use super::scalar;
use super::tree::{Entry, Tree, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reads the YAML documents of a chunk. What was complete before a fault is kept in `trees`.
pub(super) fn yaml(input: &Input<'_>, trees: &mut Vec<Tree>, problems: &mut Vec<Diagnostic>) -> Result<(), Fault> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    // One more than we take, so that our own message about depth is the one that is seen.
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.block_nesting_limit = MAX_DEPTH + 1;
    let mut repaired: Option<Repaired> = None;
    let mut first_fault = None;
    loop {
        let kept = (trees.len(), problems.len());
        let text = repaired.as_ref().map_or(input.chunk.text, |r| r.text.as_str());
        let mut reader = Reader::new(input, repaired.as_ref(), problems);
        let mut stopped = None;
        for event in Parser::new_from_str_with_options(text, options.clone()) {
            match event {
                Ok((event, span)) => reader.take(event, span)?,
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
            if reader.done {
                trees.extend(reader.root.take());
                reader.reset();
            }
        }
        let Some(error) = stopped else { return Ok(()) };
        let (from, indent) = (reader.last, reader.indent());
        let fault = error.marker().byte_offset().unwrap_or_default();
        let in_flow = reader.frames.last().is_some_and(|frame| frame.style == StructureStyle::Flow)
            || repair::opens_bracket(text, from, fault);
        let mut again = repaired.take().unwrap_or_default();
        let is_repaired = match error.kind() {
            ErrorKind::TabInPlainScalar | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation if in_flow => {
                again.replace_tabs(input.chunk.text, fault)
            }
            ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation => {
                again.indent(input.chunk.text, from, fault, indent)
            }
            _ => false,
        };
        if !is_repaired {
            // If repairs do not help, there was something else wrong where reading stopped first.
            return Err(first_fault.unwrap_or_else(|| hint::syntax(input, &error, again.original(fault))));
        }
        // Tabs inside brackets are never a mistake, so what comes after them is.
        if !in_flow || *error.kind() == ErrorKind::InvalidQuotedScalarIndent {
            first_fault.get_or_insert_with(|| hint::syntax(input, &error, fault));
        }
        repaired = Some(again);
        trees.truncate(kept.0);
        problems.truncate(kept.1);
    }
}

/// A collection whose end has not come yet.
struct Frame {
    start: Marker,
    anchor: usize,
    style: StructureStyle,
    /// Where its children begin among those of all open collections.
    children: usize,
    kind: FrameKind,
}

enum FrameKind {
    Seq,
    Map { key: Option<Key>, merges: Vec<usize> },
}

struct Key {
    text: Box<str>,
    span: Span,
    merge: bool,
}

/// A value that aliases may repeat.
struct Anchored {
    tree: Tree,
    size: Size,
}

struct Reader<'a, 'b> {
    input: &'a Input<'a>,
    repaired: Option<&'a Repaired>,
    problems: &'b mut Vec<Diagnostic>,
    /// Where the last event ended, in the text that is read.
    last: usize,
    /// True if any alias can follow; without, anchored values need not be kept.
    has_aliases: bool,
    frames: Vec<Frame>,
    items: Vec<Tree>,
    entries: Vec<Entry>,
    anchors: Vec<Option<Anchored>>,
    definitions: Budget,
    copies: Budget,
    root: Option<Tree>,
    done: bool,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(input: &'a Input<'a>, repaired: Option<&'a Repaired>, problems: &'b mut Vec<Diagnostic>) -> Self {
        Reader {
            input,
            repaired,
            last: 0,
            problems,
            has_aliases: input.chunk.text.contains('*'),
            frames: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            anchors: Vec::new(),
            definitions: Budget::new(),
            copies: Budget::new(),
            root: None,
            done: false,
        }
    }

    fn reset(&mut self) {
        self.anchors.clear();
        self.definitions = Budget::new();
        self.copies = Budget::new();
        self.done = false;
    }

    fn span(&self, start: &Marker, end: &Marker) -> Span {
        let from = start.byte_offset().unwrap_or_default();
        let to = end.byte_offset().unwrap_or_default();
        let (from, to) = self.repaired.map_or((from, to), |r| (r.original(from), r.original(to)));
        self.input.span(start.line(), start.col(), from, to)
    }

    /// The column that text inside the innermost open collection must be beyond, as a number of blanks that is enough.
    fn indent(&self) -> usize {
        self.frames.last().map_or(1, |frame| frame.start.col() + 1)
    }

    fn take(&mut self, event: Event<'_>, at: granit_parser::Span) -> Result<(), Fault> {
        self.last = at.end.byte_offset().unwrap_or_default();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.span(&at.start, &at.end);
                let value = Self::scalar(text, style, tag.as_deref(), span)?;
                let merge = style == ScalarStyle::Plain && matches!(&value, Value::Str(text) if &**text == "<<");
                self.anchored(anchor, Tree { span, value }, merge)
            }
            Event::SequenceStart(style, anchor, _) => self.open(at.start, anchor, style, FrameKind::Seq),
            Event::MappingStart(style, anchor, _) => {
                self.open(at.start, anchor, style, FrameKind::Map { key: None, merges: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&at.end),
            Event::Alias(id) => {
                let span = self.span(&at.start, &at.end);
                let tree = self.copy(id, span)?;
                self.place(tree, false)
            }
            Event::DocumentEnd => {
                self.done = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Fault> {
        let is_plain = style == ScalarStyle::Plain;
        match tag {
            None if is_plain => Ok(scalar::plain(&text)),
            None => Ok(Value::Str(text.into())),
            Some(tag) => match tag.core_suffix() {
                Some(core) => scalar::tagged(&text, core).map_err(|reason| Fault::syntax(span, reason)),
                None if tag.suffix() == "!" && tag.handle().is_empty() && is_plain => Ok(scalar::plain(&text)),
                None => Ok(Value::Str(text.into())),
            },
        }
    }

    fn open(&mut self, start: Marker, anchor: usize, style: StructureStyle, kind: FrameKind) -> Result<(), Fault> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Fault::too_deep(self.span(&start, &start)));
        }
        let children = match kind {
            FrameKind::Seq => self.items.len(),
            FrameKind::Map { .. } => self.entries.len(),
        };
        self.frames.push(Frame { start, anchor, style, children, kind });
        Ok(())
    }

    fn close(&mut self, end: &Marker) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let mut span = self.span(&frame.start, end);
        let value = match frame.kind {
            FrameKind::Seq => {
                let items: Vec<Tree> = self.items.drain(frame.children..).collect();
                if let (StructureStyle::Block, Some(last)) = (frame.style, items.last()) {
                    span.end = last.span.end.max(span.start);
                }
                Value::Seq(items)
            }
            FrameKind::Map { merges, .. } => {
                let entries: Vec<Entry> = self.entries.drain(frame.children..).collect();
                // A block mapping ends with its last value; its end event only comes at the next token, beyond blank
                // lines and comments.
                if let (StructureStyle::Block, Some(last)) = (frame.style, entries.last()) {
                    span.end = last.value.span.end.max(last.key_span.end).max(span.start);
                }
                let place = if self.frames.is_empty() { Place::Root } else { Place::Inner };
                let entries = assemble::mapping(entries, &merges, place, self.problems)
                    .map_err(|at| Fault::syntax(at, "a merge key `<<` takes a mapping or a list of mappings"))?;
                Value::Map(entries)
            }
        };
        self.anchored(frame.anchor, Tree { span, value }, false)
    }

    /// Places a value and keeps a copy for its aliases.
    fn anchored(&mut self, anchor: usize, tree: Tree, merge: bool) -> Result<(), Fault> {
        if anchor != 0 && self.has_aliases {
            let size = Size::of(&tree);
            if !self.definitions.pay(size) {
                return Err(Fault::too_many_aliases(tree.span));
            }
            if self.anchors.len() <= anchor {
                self.anchors.resize_with(anchor + 1, || None);
            }
            self.anchors[anchor] = Some(Anchored { tree: tree.clone(), size });
        }
        self.place(tree, merge)
    }

    /// The value of an alias.
    fn copy(&mut self, id: usize, span: Span) -> Result<Tree, Fault> {
        let Some(Some(anchored)) = self.anchors.get(id) else {
            return Err(Fault::syntax(span, "an alias inside the value that it refers to"));
        };
        if self.frames.len() + anchored.size.depth > MAX_DEPTH {
            return Err(Fault::too_deep(span));
        }
        if !self.copies.pay(anchored.size) {
            return Err(Fault::too_many_aliases(span));
        }
        Ok(Tree { span, value: anchored.tree.value.clone() })
    }

    fn place(&mut self, tree: Tree, merge: bool) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(tree);
            return Ok(());
        };
        match &mut frame.kind {
            FrameKind::Seq => self.items.push(tree),
            FrameKind::Map { key, merges } => match key.take() {
                Some(taken) => {
                    if taken.merge {
                        merges.push(self.entries.len() - frame.children);
                    }
                    self.entries.push(Entry { key: taken.text, key_span: taken.span, value: tree });
                }
                None => {
                    let span = tree.span;
                    let text = match tree.value {
                        Value::Str(text) => Some(text),
                        other => scalar::key(&other),
                    };
                    let Some(text) = text else {
                        return Err(hint::key_is_collection(self.input, span));
                    };
                    *key = Some(Key { text, span, merge });
                }
            },
        }
        Ok(())
    }
}
