#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesketch_fuzz::policy_brute_force::target(data));
