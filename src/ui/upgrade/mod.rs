//! The push and what became of it: headline, step track, both witnesses, verdict, diagnosis.

mod draw;
mod extras;
mod faults;
mod transfer;
mod view;

pub use draw::{Fields, upgrade_ui};
pub use extras::{ExtrasDraft, are_announced};
pub use faults::FaultsDraft;
pub use view::{CaseView, NextStepsView, StepMark, StepView, UpgradeView, Verdict, Witnessed, is_moving, view};
