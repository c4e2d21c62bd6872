//! A file that Alibaba Cloud would not take for what its name ends with.

use super::super::Finding;
use super::Draft;

/// What the names of files may end with.
///
/// Source: “OTA update overview” (help.aliyun.com/en/iot/user-guide/ota-upgrade-overview), for downloads over HTTPS.
const ENDS: [&str; 10] = [".bin", ".dav", ".tar", ".gz", ".zip", ".gzip", ".apk", ".tar.gz", ".tar.xz", ".pack"];

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    if !draft.is_one_of(&["aliyun"]) || draft.order.extras.stream.is_some() {
        return None;
    }
    let taken = |name: &str| ENDS.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let (name, _) = draft.files().find(|(name, _)| !taken(name))?;
    Some(Finding {
        code: "package-format-not-taken",
        args: vec![("name", name.to_owned()), ("known", ENDS.join(" "))],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_kind_of_file_that_the_cloud_does_not_take_is_warned_of() {
        check("aliyun", None, |order| order.name = "lamp.hex".into(), &["package-format-not-taken"]);
        check("aliyun", None, |order| order.name = "lamp.TAR.XZ".into(), &[]);
        check("uiot", None, |order| order.name = "lamp.hex".into(), &[]);
    }
}
