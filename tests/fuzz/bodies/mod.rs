//! What is done with made-up bytes, and what must be so whatever they are: the fuzzers and `cargo test` share it.
#![allow(dead_code, unused_imports, reason = "each target uses its part")]

mod blocks;
mod dialects;
mod lenient;

pub use blocks::blocks;
pub use dialects::dialects;
pub use lenient::lenient;

use ota_workbench::dialect::Defect;

/// The longest text of a defect, in bytes: it is shown in one line, and kept.
const LONGEST_QUOTE: usize = 256;
/// Defects that one message can have.
const MOST_DEFECTS: usize = 16;

fn check_defects(defects: &[Defect]) {
    assert!(defects.len() <= MOST_DEFECTS, "{} defects in one message", defects.len());
    defects.iter().for_each(check_defect);
}

fn check_defect(defect: &Defect) {
    assert!(defect.at.len() <= LONGEST_QUOTE, "{} quotes {} bytes", defect.code, defect.at.len());
}
