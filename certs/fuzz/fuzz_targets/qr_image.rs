//! The reader of a picture.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::qr_image::run(bytes));
