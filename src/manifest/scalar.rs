//! What a YAML scalar means to Kubernetes, whose decoder reads YAML 1.1 the way go-yaml v2 does: `on` is a boolean,
//! `0120` is 80,
//! `8_080` is 8080, a date is text. The one difference: `y` and `n` are kept as the text that they most often are meant
//! to be, and whoever asks for a boolean takes them for one.

use super::tree::Value;

/// The value of a plain scalar without a tag.
pub(super) fn plain(text: &str) -> Value {
    resolve(text).unwrap_or_else(|| Value::Str(text.into()))
}

/// The value of a scalar with a tag of YAML's own (`int` for `!!int`), or the reason why there is none.
pub(super) fn tagged(text: &str, tag: &str) -> Result<Value, String> {
    let value = match tag {
        "bool" if letter(text).is_some() => Value::Bool(letter(text) == Some(true)),
        "int" | "float" | "bool" | "null" => plain(text),
        _ => return Ok(Value::Str(text.into())),
    };
    match (tag, value) {
        ("float", Value::Int(number)) => Ok(Value::Float(number as f64)),
        ("int", value @ (Value::Int(_) | Value::UInt(_)))
        | ("float", value @ Value::Float(_))
        | ("bool", value @ Value::Bool(_))
        | ("null", value @ Value::Null) => Ok(value),
        _ => Err(format!("`{}` is not what its tag `!!{tag}` says", super::hint::excerpt(text))),
    }
}

/// What a text means where a boolean is asked for: `y` and `n` are booleans in YAML 1.1.
pub(super) fn letter(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" => Some(true),
        "n" | "N" => Some(false),
        _ => None,
    }
}

/// What a scalar is called when it is a key: Kubernetes turns YAML into JSON, where all keys are text.
pub(super) fn key(value: &Value) -> Option<Box<str>> {
    Some(match value {
        Value::Str(text) => text.clone(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Int(number) => number.to_string().into(),
        Value::UInt(number) => number.to_string().into(),
        Value::Float(number) => float_key(*number).into(),
        Value::Null => "null".into(),
        Value::Seq(_) | Value::Map(_) => return None,
    })
}

/// Go prints a float key with the fewest digits that tell a 32-bit float.
fn float_key(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let number = number as f32;
    let scientific = format!("{number:e}");
    match scientific.split_once('e').and_then(|(digits, e)| Some((digits, e.parse::<i32>().ok()?))) {
        Some((digits, exponent)) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

fn resolve(text: &str) -> Option<Value> {
    // Most scalars are recognized as text by their first letter alone.
    let first = *text.as_bytes().first().unwrap_or(&b'~');
    match first {
        b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
        b'.' => word(text).or_else(|| float(text)),
        b'0'..=b'9' | b'+' | b'-' => {
            word(text).or_else(|| if text.contains('_') { number(&text.replace('_', "")) } else { number(text) })
        }
        _ => None,
    }
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| float(text))
}

/// Whole numbers as Go's `ParseInt` with base 0 reads them: `0x`, `0o`, `0b`, and a leading zero for octal.
fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (Some('-'), &text[1..]),
        b'+' => (Some('+'), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // Rust's parser would take a second sign.
    if !digits.as_bytes().first()?.is_ascii_hexdigit() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if sign == Some('-') {
        return 0i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Value::Int(number)),
        Err(_) if sign.is_none() => Some(Value::UInt(magnitude)),
        Err(_) => None,
    }
}

/// Decimal fractions: digits around at most one point, then perhaps an exponent. One that is too large for a float is
/// text.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let good_mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    if !good_mantissa || exponent.is_some_and(|e| e.is_empty() || !digits(e)) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: &Value) -> String {
        match value {
            Value::Str(text) => format!("{text:?}"),
            Value::Null => "null".into(),
            Value::Bool(b) => b.to_string(),
            Value::Int(i) => i.to_string(),
            Value::UInt(u) => format!("{u}u"),
            Value::Float(f) => format!("{f:?}"),
            _ => unreachable!(),
        }
    }

    #[test]
    fn plain_scalars_mean_what_kubernetes_takes_them_for() {
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("Null", "null"),
            ("nULL", "\"nULL\""),
            ("y", "\"y\""),
            ("Yes", "true"),
            ("ON", "true"),
            ("n", "\"n\""),
            ("off", "false"),
            ("TRUE", "true"),
            ("tRUE", "\"tRUE\""),
            ("0", "0"),
            ("00", "0"),
            ("-0", "0"),
            ("80", "80"),
            ("+80", "80"),
            ("-80", "-80"),
            ("0120", "80"),
            ("0o17", "15"),
            ("-0x1F", "-31"),
            ("0b101", "5"),
            ("0x", "\"0x\""),
            ("0b", "\"0b\""),
            ("08", "8.0"),
            ("8_080", "8080"),
            ("1__2_", "12"),
            ("_1", "\"_1\""),
            ("--1", "\"--1\""),
            ("+-1", "\"+-1\""),
            ("0x-1", "\"0x-1\""),
            ("-", "\"-\""),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9223372036854775808u"),
            ("+9223372036854775808", "9.223372036854776e18"),
            ("18446744073709551616", "1.8446744073709552e19"),
            ("1.0", "1.0"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            (".", "\".\""),
            ("..", "\"..\""),
            ("1e3", "1000.0"),
            ("1e", "\"1e\""),
            ("1e400", "\"1e400\""),
            ("1.2.3", "\"1.2.3\""),
            (".inf", "inf"),
            ("-.Inf", "-inf"),
            ("+.inf", "inf"),
            (".nan", "NaN"),
            ("inf", "\"inf\""),
            ("nan", "\"nan\""),
            ("infinity", "\"infinity\""),
            ("2001-01-01", "\"2001-01-01\""),
            ("2001-01-01T00:00:00Z", "\"2001-01-01T00:00:00Z\""),
            ("12:30:45", "\"12:30:45\""),
            ("100m", "\"100m\""),
            ("1Gi", "\"1Gi\""),
            ("10.0.0.0/8", "\"10.0.0.0/8\""),
            ("=", "\"=\""),
        ] {
            assert_eq!(show(&plain(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn tags_are_taken_at_their_word() {
        assert_eq!(show(&tagged("5", "str").unwrap()), "\"5\"");
        assert_eq!(show(&tagged("5", "int").unwrap()), "5");
        assert_eq!(show(&tagged("5", "float").unwrap()), "5.0");
        assert_eq!(show(&tagged("yes", "bool").unwrap()), "true");
        assert!(tagged("x", "int").is_err());
        assert!(tagged("5.5", "int").is_err());
    }

    #[test]
    fn keys_are_text() {
        let check = |text: &str, expected: &str| assert_eq!(&*key(&plain(text)).unwrap(), expected, "{text}");
        check("on", "true");
        check("0120", "80");
        check("1.10", "1.1");
        check("80.0", "80");
        check("x", "x");
    }
}
