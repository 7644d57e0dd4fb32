//! The reader of QR codes on the pages of a PDF. It catches what panics inside of the renderer; libFuzzer's own hook would
//! end the process before that, so it is taken out: what is looked for here is what is not caught, takes too long or too much.

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    let _ = paper::scan::read_pdf(bytes);
}
