//! The reader of a picture.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = certs::qr::read_image(bytes);
});
