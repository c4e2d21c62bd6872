//! Everything known about the bench, as a fold over events.

mod action;

pub use action::{Action, FlowControl, Parity, PushOrder, SerialSettings};
