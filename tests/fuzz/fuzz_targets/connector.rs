//! Any text as a connector file.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::connector(text));
