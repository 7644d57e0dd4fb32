//! The reader of QR codes on the pages of a PDF. It catches what panics inside of the renderer; libFuzzer's own hook would
//! end the process before that, so it is taken out: what is looked for here is what is not caught, takes too long or too much.
#![no_main]

libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| certs_fuzz::targets::pdf::run(bytes));
