//! Any text as a value of a reset header.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::reset(text));
