//! One device's upgrade, without clock, socket or cloud spelling.

mod machine;
mod report;
mod rules;
mod state;

pub use machine::{Send, Upgrade};
pub use report::{About, BlockRequest, ReplyTo, Report, Said};
pub use rules::{PushWhen, Rules, SuccessRule};
pub use state::{Failure, Outcome, State};
