//! One device's upgrade, without clock, socket or cloud spelling.

mod report;

pub use report::{Report, Said};
