#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| glyptic_fuzz::read("fuzz.ply", bytes));
