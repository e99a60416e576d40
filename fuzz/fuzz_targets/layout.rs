#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesketch_fuzz::support::fuzz::layout(data));
