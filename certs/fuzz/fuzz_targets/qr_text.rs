//! The reader of a QR text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::qr_text::run(text));
