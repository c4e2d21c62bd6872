//! A file larger than its cloud takes: 10 MB for UIoT, 1,000 MB for Alibaba Cloud.

use super::super::Finding;
use super::Draft;

const MIB: u64 = 1024 * 1024;

/// Megabytes in one file at most, of clouds that say so; private deployments of UIoT do not.
///
/// Sources: “使用限制” of UIoT Core (`product_introduction/limitation.md` in `UCloudDoc-Team/uiot-core`): a firmware file has
/// at most 10M. “OTA update overview” of Alibaba Cloud (help.aliyun.com/en/iot/user-guide/ota-upgrade-overview): over HTTPS
/// a single file has at most 1,000 MB.
fn limit(draft: Draft<'_>) -> Option<(u64, &'static str)> {
    if draft.is_one_of(&["uiot", "uiot-v1", "uiot-v2"]) {
        return Some((10, "UCloud UIoT"));
    }
    let over_http = draft.order.extras.stream.is_none();
    (draft.is_one_of(&["aliyun"]) && over_http).then_some((1_000, "Alibaba Cloud IoT"))
}

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let (limit, cloud) = limit(draft)?;
    let (name, size) = draft.files().max_by_key(|(_, size)| *size)?;
    (size > limit * MIB).then(|| Finding {
        code: "package-too-large",
        args: vec![
            ("name", name.to_owned()),
            ("size", size.to_string()),
            ("cloud", cloud.to_owned()),
            ("limit", limit.to_string()),
        ],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::MIB;

    #[test]
    fn a_file_that_its_cloud_does_not_take_is_warned_of() {
        check("uiot", None, |order| order.size = 10 * MIB, &[]);
        check("uiot", None, |order| order.size = 10 * MIB + 1, &["package-too-large"]);
        check("aliyun", None, |order| order.size = 1_000 * MIB, &[]);
        check("aliyun", None, |order| order.size = 1_000 * MIB + 1, &["package-too-large"]);
    }
}
