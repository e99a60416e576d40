//! Short digests of long names.

/// FNV-1a: small, equal on every machine, and sufficient for some thousands of names. It is not cryptographic.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
