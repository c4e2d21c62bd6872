//! One device's upgrade, without clock, socket or cloud spelling.

mod machine;
mod report;
mod rules;
mod state;

pub use machine::{Send, Upgrade};
pub use report::{ReplyTo, Report, Said};
pub use rules::{Rules, SuccessRule};
pub use state::{Failure, Outcome, State};
