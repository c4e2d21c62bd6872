//! Consoles on disk: what does not fit the memory, files that are looked at, and logs that are kept.

mod file;
mod spill;

pub use file::open;
pub use spill::Spill;
