//! Values that users choose by their names.

use strum::VariantArray;

use super::{near, text};

/// A text that names nothing of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {what}; {instead}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    instead: String,
}

impl UnknownName {
    /// A text that is no `what`, and in a clause what to write instead.
    pub fn new(what: &'static str, given: &str, instead: impl Into<String>) -> UnknownName {
        UnknownName { what, given: given.to_owned(), instead: instead.into() }
    }
}

/// `, did you mean `x`?` with the most similar name; empty if none is similar.
pub fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    near::Names::new(names).nearest(given).map_or(String::new(), |name| format!(", did you mean `{name}`?"))
}

/// The value of exactly this name.
///
/// # Errors
///
/// If no value has it; the error lists the names of all values.
pub fn named<T: VariantArray + Copy + Into<&'static str>>(what: &'static str, given: &str) -> Result<T, UnknownName> {
    let name = |value: &T| -> &'static str { (*value).into() };
    T::VARIANTS.iter().copied().find(|v| name(v) == given).ok_or_else(|| {
        let all = text::sentence(T::VARIANTS.iter().map(|v| format!("`{}`", name(v))), T::VARIANTS.len());
        let meant = near::Names::new(T::VARIANTS.iter().map(name)).nearest(given);
        let meant = meant.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        UnknownName::new(what, given, format!("{meant}there are {all}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, strum::IntoStaticStr, strum::VariantArray)]
    #[strum(serialize_all = "lowercase")]
    enum Fruit {
        Apple,
        #[strum(serialize = "a pear")]
        Pear,
        Plum,
    }

    #[test]
    fn a_value_is_found_by_its_name_and_an_error_lists_all_names() {
        for fruit in Fruit::VARIANTS {
            assert_eq!(named("fruit", (*fruit).into()), Ok(*fruit));
        }
        let error = named::<Fruit>("fruit", "Apple").map_err(|e| e.to_string());
        let expected = "`Apple` is no fruit; did you mean `apple`? there are `apple`, `a pear` and `plum`";
        assert_eq!(error, Err(expected.to_owned()));
        let error = named::<Fruit>("fruit", "xyz").map_err(|e| e.to_string());
        assert_eq!(error, Err("`xyz` is no fruit; there are `apple`, `a pear` and `plum`".to_owned()));
    }
}
