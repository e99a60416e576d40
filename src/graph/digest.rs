//! Short names for long ones.

/// FNV-1a: small, the same everywhere, and good enough to keep some thousands of names apart. It protects nothing.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
