//! The reader of a picture.

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    let _ = certs::qr::read_image(bytes);
}
