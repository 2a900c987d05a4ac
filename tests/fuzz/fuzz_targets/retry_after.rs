//! Any text as a value of Retry-After.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::retry_after(text));
