//! What a cloud decides differently from another, as plain values.

use crate::event::Micros;

/// What a cloud takes as success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessRule {
    /// The device reports success with the target version (UIoT `report_success`).
    Reported,
    /// The device informs the platform of the target version (Aliyun `inform`).
    Informed,
    /// The device reports the task done (UIoT Stack `success`); no version is said.
    TaskDone,
}

/// When a cloud sends a push that has to wait for its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushWhen {
    /// The device asks for it (UIoT `request_firmware`).
    Asked,
    /// The device comes online (Aliyun).
    Online,
    /// The device reports the version that the push is from (UIoT Stack).
    Reported,
}

/// One cloud's rules for an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What counts as success.
    pub success: SuccessRule,
    /// The cloud's own time-out, counted from the first progress; none for a cloud that documents none.
    pub timeout: Option<Micros>,
    /// When a waiting push is sent.
    pub push_when: PushWhen,
    /// Versions an SDK informs by itself before the real one; they neither fail nor start an upgrade.
    pub placeholder_versions: &'static [&'static str],
}
