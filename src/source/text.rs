//! Bytes to text: byte order marks, UTF-16, and the place of the first byte that is not text.

/// Where and as what a text could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotText {
    pub encoding: &'static str,
    pub line: u32,
    pub column: u32,
}

/// The text of a file: UTF-8, or UTF-16 if a byte order mark says so. The mark is dropped.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        _ => decode_utf8(bytes),
    }
}

fn decode_utf8(mut bytes: Vec<u8>) -> Result<String, NotText> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        not_text("UTF-8", std::str::from_utf8(good).unwrap_or_default())
    })
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => return Err(not_text("UTF-16", &text)),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(not_text("UTF-16", &text)) }
}

fn not_text(encoding: &'static str, good: &str) -> NotText {
    let line_start = good.rfind('\n').map_or(0, |i| i + 1);
    NotText {
        encoding,
        line: 1 + good.bytes().filter(|b| *b == b'\n').count() as u32,
        column: 1 + good[line_start..].chars().count() as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_dropped_and_utf16_is_decoded() {
        let check = |bytes: &[u8]| assert_eq!(decode(bytes.to_vec()).unwrap(), "a: é😀\n");
        check("a: é😀\n".as_bytes());
        check("\u{feff}a: é😀\n".as_bytes());
        let units: Vec<u16> = "\u{feff}a: é😀\n".encode_utf16().collect();
        check(&units.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<_>>());
        check(&units.iter().flat_map(|u| u.to_be_bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_bad_byte_is_named() {
        let check = |bytes: &[u8], encoding, line, column| {
            assert_eq!(decode(bytes.to_vec()), Err(NotText { encoding, line, column }))
        };
        check(b"\xff", "UTF-8", 1, 1);
        check(b"a: b\nc: \xc3\xa9\xff", "UTF-8", 2, 5);
        check(b"\xff\xfea\0\n\0\0\xd8", "UTF-16", 2, 1);
        check(b"\xff\xfea\0b", "UTF-16", 1, 2);
    }
}
