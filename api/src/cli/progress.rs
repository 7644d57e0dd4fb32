//! Progress of long work: a bar on a terminal, plain lines with `--plain`, nothing otherwise.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

static PLAIN: AtomicBool = AtomicBool::new(false);

/// Whether progress is told in plain lines; set once from the arguments.
pub fn set_plain(plain: bool) {
    PLAIN.store(plain, Ordering::Relaxed);
}

/// A bar of so many steps.
pub fn bar(steps: u64, what: &'static str) -> ProgressBar {
    prepare(
        ProgressBar::new(steps),
        what,
        "{msg} [{bar:30}] {pos}/{len}",
    )
}

/// Something that takes a while.
pub fn spinner(what: &'static str) -> ProgressBar {
    let bar = prepare(ProgressBar::new_spinner(), what, "{spinner} {msg}");
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn prepare(bar: ProgressBar, what: &'static str, template: &str) -> ProgressBar {
    if PLAIN.load(Ordering::Relaxed) {
        eprintln!("{what} ...");
        bar.set_draw_target(ProgressDrawTarget::hidden());
    } else if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
