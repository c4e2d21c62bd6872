//! Module and version too long together: UCloud's SDK then tells no progress.

use super::super::Finding;
use super::Draft;

/// What fits into the SDK's buffer, in bytes of both together.
const LONGEST: usize = 20;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let module = draft.order.module.as_deref().unwrap_or("default");
    let length = module.len() + draft.order.version.len();
    (draft.is_one_of(&["uiot-v2"]) && length > LONGEST).then(|| Finding {
        code: "names-too-long",
        args: vec![("length", length.to_string()), ("limit", LONGEST.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn names_that_silence_the_progress_are_warned_of() {
        check("uiot-v2", None, |order| order.version = "1.2.3-release".into(), &[]);
        check("uiot-v2", None, |order| order.version = "1.2.3-release1".into(), &["names-too-long"]);
        check("uiot-v1", None, |order| order.version = "1.2.3-release1".into(), &[]);
    }
}
