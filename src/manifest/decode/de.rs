//! The serde side: a `Deserializer` over a tree that reads values as the API server reads JSON.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

use super::super::scalar;
use super::super::tree::{Entry, Tree, Value};
use super::path::Path;
use super::required::{self, Without};
use super::values::{self, Fate};
use super::{Context, Strictness, unknown_field, written};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Where a decoding error is.
#[derive(Debug)]
pub(super) struct Place {
    tree: *const Tree,
    pub span: Span,
    pub path: String,
    /// Nobody needs to hear of it.
    quiet: bool,
}

/// Why a value does not fit its type.
#[derive(Debug)]
pub(super) struct Error {
    code: Code,
    message: String,
    help: Option<String>,
    place: Option<Box<Place>>,
}

impl Error {
    fn new(message: String) -> Self {
        Error { code: Code::FieldType, message, help: None, place: None }
    }

    /// The value that is to be set aside.
    pub fn culprit(&self) -> Option<*const Tree> {
        self.place.as_ref().map(|p| p.tree)
    }

    /// Where and what to tell, if there is anything.
    pub fn report(&self) -> Option<(&Place, &str)> {
        let place = self.place.as_deref().filter(|p| !p.quiet)?;
        Some((place, &self.message))
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(format!("expected {}, found {}", plainly(expected), kind_of(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(format!("expected {}, found {found}", plainly(expected)))
    }
}

fn plainly(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "IntOrString" => "a number or a name".to_owned(),
        other => other.to_owned(),
    }
}

fn kind_of(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => "a boolean".to_owned(),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number".to_owned(),
        Unexpected::Str(_) => "a string".to_owned(),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// The type that a field belongs to.
#[derive(Clone, Copy)]
struct Owner {
    fields: &'static [&'static str],
}

/// A value on its way into a type.
#[derive(Clone, Copy)]
pub(super) struct De<'p, 'de> {
    tree: &'de Tree,
    path: &'p Path<'p>,
    context: &'p Context<'p>,
    owner: Option<(&'de str, Owner)>,
    /// Kubernetes writes some of its text types as numbers too.
    number_is_text: bool,
    quiet: bool,
}

impl<'p, 'de> De<'p, 'de> {
    pub fn root(tree: &'de Tree, path: &'p Path<'p>, context: &'p Context<'p>) -> Self {
        De { tree, path, context, owner: None, number_is_text: false, quiet: false }
    }

    /// Says where an error is, unless something further inside has said so.
    fn placed(&self, mut error: Error) -> Error {
        if error.place.is_none() {
            error.place = Some(Box::new(Place {
                tree: self.tree,
                span: self.tree.span,
                path: self.path.to_string(),
                quiet: self.quiet,
            }));
        }
        error
    }

    fn expected(&self, what: &str) -> Error {
        let mut error = Error::new(format!("expected {what}, found {}", self.tree.kind_name()));
        error.help = match (what, &self.tree.value) {
            ("a string", Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_)) => {
                written(self.tree, self.context.text).map(|text| format!("quote it: \"{text}\""))
            }
            ("a number", Value::Str(text)) if text.parse::<f64>().is_ok() => Some(format!("remove the quotes: {text}")),
            ("true or false", Value::Str(text)) if matches!(&**text, "true" | "false") => {
                Some(format!("remove the quotes: {text}"))
            }
            _ => None,
        };
        self.placed(error)
    }

    fn integer(&self, smallest: i64, largest: i64) -> Result<i64, Error> {
        let number = match self.tree.value {
            Value::Null => 0,
            Value::UInt(number) => {
                let message = format!("expected a number of at most {largest}, found {number}");
                return Err(self.placed(Error::new(message)));
            }
            Value::Int(_) | Value::Float(_) => self.tree.as_i64().ok_or_else(|| self.expected("a whole number"))?,
            _ => return Err(self.expected("a number")),
        };
        if number > largest {
            return Err(self.placed(Error::new(format!("expected a number of at most {largest}, found {number}"))));
        }
        if number < smallest {
            return Err(self.placed(Error::new(format!("expected a number of at least {smallest}, found {number}"))));
        }
        Ok(number)
    }

    fn float(&self) -> Result<f64, Error> {
        match self.tree.value {
            Value::Null => Ok(0.0),
            Value::Int(number) => Ok(number as f64),
            Value::UInt(number) => Ok(number as f64),
            Value::Float(number) => Ok(number),
            _ => Err(self.expected("a number")),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let result = match &self.tree.value {
            Value::Str(text) => {
                self.check_letter(text);
                visitor.visit_borrowed_str(text)
            }
            // In Go a text that is given as null stays empty.
            Value::Null => visitor.visit_borrowed_str(""),
            Value::Int(number) if self.number_is_text => visitor.visit_string(number.to_string()),
            Value::UInt(number) if self.number_is_text => visitor.visit_string(number.to_string()),
            Value::Float(number) if self.number_is_text => visitor.visit_string(number.to_string()),
            _ => return Err(self.expected("a string")),
        };
        result.map_err(|e| self.placed(e))
    }

    /// True if a text is a `y` or `n` without quotes.
    fn is_bare(&self, text: &str) -> bool {
        scalar::letter(text).is_some() && written(self.tree, self.context.text) == Some(text)
    }

    /// Kubernetes takes `y` and `n` without quotes for booleans and refuses the object. Here the text is taken, and
    /// that is reported.
    fn check_letter(&self, text: &str) {
        if !self.quiet && self.is_bare(text) {
            let message = format!(
                "{}: Kubernetes reads `{text}` as a boolean and refuses it here; it is taken as text",
                self.path
            );
            self.context.note(
                Diagnostic::at(Code::FieldType, self.tree.span, message).with_help(format!("quote it: \"{text}\"")),
            );
        }
    }

    /// Looks at a field of a type for a value that the server refuses.
    fn check_value(&self, type_name: &str, field: &str) -> Result<(), Error> {
        if self.context.strictness != Strictness::Known || self.quiet {
            return Ok(());
        }
        let Some(refusal) = values::refusal(type_name, field, self.tree) else {
            return Ok(());
        };
        if refusal.fate == Fate::Keep {
            let mut problem =
                Diagnostic::at(Code::FieldValue, self.tree.span, format!("{}: {}", self.path, refusal.message));
            problem.help = refusal.help;
            self.context.note(problem);
            return Ok(());
        }
        Err(self.placed(Error { code: Code::FieldValue, message: refusal.message, help: refusal.help, place: None }))
    }

    /// Looks for the fields that must be there.
    fn check_required(&self, type_name: &str, entries: &[Entry]) -> Result<(), Error> {
        if self.context.strictness != Strictness::Known || self.quiet {
            return Ok(());
        }
        for (field, without) in required::fields(type_name) {
            let entry = entries.iter().find(|e| &*e.key == *field);
            if entry.is_some_and(|e| !e.value.is_null() && !self.context.is_dropped(&e.value)) {
                continue;
            }
            // If the field was set aside, its own error has been reported.
            let told = entry.is_some_and(|e| self.context.is_dropped(&e.value));
            let message = format!("`{field}` is missing");
            match without {
                Without::Drop => {
                    let mut error = Error::new(message);
                    error.code = Code::FieldMissing;
                    let mut error = self.placed(error);
                    if let Some(place) = &mut error.place {
                        place.quiet |= told;
                    }
                    return Err(error);
                }
                Without::Keep if !told => {
                    let text = format!("{}: {message}", self.path);
                    self.context.note(Diagnostic::at(Code::FieldMissing, self.tree.span, text));
                }
                Without::Keep => {}
            }
        }
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let number = self.integer(i64::from(<$type>::MIN), i64::from(<$type>::MAX))?;
            visitor.$visit(number as $type).map_err(|e| self.placed(e))
        })*
    };
}

impl<'de> Deserializer<'de> for De<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let result = match &self.tree.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(number) => visitor.visit_i64(*number),
            Value::UInt(number) => visitor.visit_u64(*number),
            Value::Float(number) => match self.tree.as_i64() {
                Some(whole) => visitor.visit_i64(whole),
                None => visitor.visit_f64(*number),
            },
            Value::Str(text) => visitor.visit_borrowed_str(text),
            Value::Seq(items) => visitor.visit_seq(Items::new(self, items)),
            Value::Map(entries) => visitor.visit_map(Fields::new(self, entries, None)),
        };
        result.map_err(|e| self.placed(e))
    }

    integers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.tree.value {
            Value::UInt(number) => visitor.visit_u64(number),
            _ => visitor.visit_u64(self.integer(0, i64::MAX)? as u64),
        }
        .map_err(|e| self.placed(e))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.tree.value {
            Value::Bool(value) => visitor.visit_bool(value).map_err(|e| self.placed(e)),
            Value::Null => visitor.visit_bool(false).map_err(|e| self.placed(e)),
            Value::Str(ref text) if self.is_bare(text) => {
                visitor.visit_bool(scalar::letter(text) == Some(true)).map_err(|e| self.placed(e))
            }
            _ => Err(self.expected("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(self.float()? as f32).map_err(|e| self.placed(e))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.float()?).map_err(|e| self.placed(e))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.tree.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }.map_err(|e| self.placed(e))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit().map_err(|e| self.placed(e))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.number_is_text = name == "Quantity";
        visitor.visit_newtype_struct(self).map_err(|e| self.placed(e))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.tree.value {
            Value::Seq(items) => visitor.visit_seq(Items::new(self, items)),
            Value::Null => visitor.visit_seq(Items::new(self, &[])),
            _ => return Err(self.expected("a list")),
        }
        .map_err(|e| self.placed(e))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.tree.value {
            Value::Map(entries) => visitor.visit_map(Fields::new(self, entries, None)),
            Value::Null => visitor.visit_map(Fields::new(self, &[], None)),
            _ => return Err(self.expected("a mapping")),
        }
        .map_err(|e| self.placed(e))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let entries = match &self.tree.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => return Err(self.expected("a mapping")),
        };
        self.check_required(name, entries)?;
        visitor.visit_map(Fields::new(self, entries, Some((name, Owner { fields })))).map_err(|e| self.placed(e))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        // None of Kubernetes' types is a serde enum.
        Err(self.expected("a string"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some((key, owner)) = self.owner
            && !self.quiet
            && self.context.strictness == Strictness::Known
            && !key.starts_with('$')
        {
            unknown_field(self.context, self.path, key, owner.fields, self.tree);
        }
        visitor.visit_unit()
    }
}

/// The elements of a list.
struct Items<'p, 'de> {
    parent: De<'p, 'de>,
    items: std::iter::Enumerate<std::slice::Iter<'de, Tree>>,
}

impl<'p, 'de> Items<'p, 'de> {
    fn new(parent: De<'p, 'de>, items: &'de [Tree]) -> Self {
        Items { parent, items: items.iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let context = self.parent.context;
        let Some((index, tree)) = self.items.by_ref().find(|(_, tree)| !context.is_dropped(tree)) else {
            return Ok(None);
        };
        let path = Path::index(self.parent.path, index);
        let de = De { tree, path: &path, context, owner: None, number_is_text: false, quiet: self.parent.quiet };
        seed.deserialize(de).map(Some).map_err(|e| de.placed(e))
    }
}

/// The entries of a mapping.
struct Fields<'p, 'de> {
    parent: De<'p, 'de>,
    entries: std::slice::Iter<'de, Entry>,
    type_: Option<(&'static str, Owner)>,
    next: Option<&'de Entry>,
}

impl<'p, 'de> Fields<'p, 'de> {
    fn new(parent: De<'p, 'de>, entries: &'de [Entry], type_: Option<(&'static str, Owner)>) -> Self {
        Fields { parent, entries: entries.iter(), type_, next: None }
    }

    fn is_skipped(&self, entry: &Entry) -> bool {
        if self.parent.context.is_dropped(&entry.value) {
            return true;
        }
        let Some((name, _)) = self.type_ else { return false };
        let key = &*entry.key;
        // A null field is an absent one.
        entry.value.is_null()
            // The identity has been read by itself, and may name an older version than the type.
            || (self.parent.path.is_object() && matches!(key, "apiVersion" | "kind" | "metadata"))
            // What only the server writes; some of it is gone from newer versions.
            || (name == "ObjectMeta" && matches!(key, "managedFields" | "creationTimestamp" | "deletionTimestamp" | "clusterName" | "initializers"))
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        loop {
            let Some(entry) = self.entries.next() else { return Ok(None) };
            if self.is_skipped(entry) {
                continue;
            }
            self.next = Some(entry);
            return seed.deserialize(StrDeserializer::new(&entry.key)).map(Some);
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(entry) = self.next.take() else {
            return Err(Error::new("a value without a key".to_owned()));
        };
        let path = Path::key(self.parent.path, &entry.key, entry.key_span);
        let de = De {
            tree: &entry.value,
            path: &path,
            context: self.parent.context,
            owner: self.type_.map(|(_, owner)| (&*entry.key, owner)),
            number_is_text: false,
            // A status is what the server saw, not what its author wrote.
            quiet: self.parent.quiet || (self.type_.is_some() && &*entry.key == "status"),
        };
        if let Some((type_name, _)) = self.type_ {
            de.check_value(type_name, &entry.key)?;
        }
        seed.deserialize(de).map_err(|e| de.placed(e))
    }
}
