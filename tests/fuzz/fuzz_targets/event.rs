//! Any text as an event.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tests::targets::event(text));
