//! Any text as a JSONPath.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::json_path(text));
