//! The push would be written in another dialect than the device speaks.

use super::super::Finding;
use super::Draft;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let spoken = draft.device?.spoken.as_deref()?;
    (!draft.dialect.is_understood_by(spoken)).then(|| Finding {
        code: "other-dialect",
        args: vec![("spoken", spoken.to_owned()), ("dialect", draft.dialect.id().to_owned())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn another_dialect_than_the_device_spoke_is_warned_of() {
        check("uiot", Some("uiot-v2"), |_| {}, &["other-dialect"]);
        check("uiot-v2", Some("uiot"), |_| {}, &["other-dialect"]);
        check("uiot-v2", Some("uiot-v1"), |_| {}, &[]);
        check("uiot-v2", None, |_| {}, &[]);
    }
}
