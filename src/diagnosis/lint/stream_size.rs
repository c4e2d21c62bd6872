//! Firmware larger than what the platform hands out in blocks over MQTT.

use super::super::Finding;
use super::Draft;

/// The largest image, in bytes.
///
/// Source: “OTA update overview” (help.aliyun.com/en/iot/user-guide/ota-upgrade-overview): over MQTT, only single files of up
/// to 16 MB.
const LARGEST: u64 = 16 * 1024 * 1024;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let size = draft.order.size;
    (draft.order.extras.stream.is_some() && size > LARGEST).then(|| Finding {
        code: "too-large-for-blocks",
        args: vec![("size", size.to_string()), ("limit", LARGEST.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn an_image_that_blocks_cannot_carry_is_warned_of() {
        let large = |size: u64| {
            move |order: &mut crate::event::UpgradeOrder| (order.size, order.extras.stream) = (size, Some(1))
        };
        check("aliyun", None, large(16 << 20), &[]);
        check("aliyun", None, large((16 << 20) + 1), &["too-large-for-blocks"]);
    }
}
