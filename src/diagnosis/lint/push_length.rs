//! A push over 2,048 bytes: UCloud's SDK and Alibaba Cloud's C-SDK 3.x pass over it.

use super::super::Finding;
use super::{Draft, packet_length};

/// The largest packet that the SDKs take, in bytes.
const LARGEST: usize = 2_048;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let length = packet_length(draft);
    (length > LARGEST).then(|| Finding {
        code: "push-too-long",
        args: vec![("length", length.to_string()), ("limit", LARGEST.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_push_that_does_not_fit_is_warned_of() {
        let tags = |count: usize| (0..count).map(|at| (format!("note{at}"), "a".repeat(1_000))).collect();
        check("aliyun", None, |order| order.extras.tags = tags(1), &[]);
        check("aliyun", None, |order| order.extras.tags = tags(2), &["push-too-long"]);
    }
}
