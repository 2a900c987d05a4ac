//! Any text as a workflow file.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::workflow(text));
