//! What a cloud decides differently from another, as plain values.

use crate::event::Micros;

/// What a cloud takes as success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessRule {
    /// The device reports success with the target version (UIoT `report_success`).
    Reported,
    /// The device informs the platform of the target version (Aliyun `inform`).
    Informed,
}

/// One cloud's rules for an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What counts as success.
    pub success: SuccessRule,
    /// The cloud's own time-out, counted from the first progress; none for a cloud that documents none.
    pub timeout: Option<Micros>,
    /// Whether a queued upgrade is pushed when the device comes online (Aliyun), or only when it asks (UIoT).
    pub push_when_online: bool,
    /// Versions an SDK informs by itself before the real one; they neither fail nor start an upgrade.
    pub placeholder_versions: &'static [&'static str],
}
