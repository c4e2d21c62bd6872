//! A URL longer than an SDK's buffer: UCloud's takes 255 bytes of path and query, C-SDK 3.x some 380 in all.

use super::super::Finding;
use super::Draft;

/// Path and query, in bytes: from here on UCloud's Core SDK cannot use the URL.
const LONGEST_PATH: usize = 256;
/// The whole URL, in bytes: beyond it C-SDK 3.x was seen to crash.
const LONGEST_URL: usize = 380;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let (_, path) = draft.url()?;
    let urls = draft.order.extras.files.iter().map(|file| file.url.len());
    let longest = urls.chain([draft.order.url.len()]).max().unwrap_or_default();
    let (length, limit) = if draft.is_one_of(&["uiot-v1", "uiot-v2"]) {
        (path.len(), LONGEST_PATH - 1)
    } else if draft.is_one_of(&["aliyun"]) {
        (longest, LONGEST_URL)
    } else {
        return None;
    };
    (length > limit).then(|| Finding {
        code: "url-too-long",
        args: vec![("length", length.to_string()), ("limit", limit.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_url_that_does_not_fit_is_warned_of() {
        let path = |length: usize| format!("http://h/x?{}", "a".repeat(length - 3));
        check("uiot-v2", None, |order| order.url = path(255), &[]);
        check("uiot-v2", None, |order| order.url = path(256), &["url-too-long"]);
        check("aliyun", None, |order| order.url = path(372), &[]);
        check("aliyun", None, |order| order.url = path(373), &["url-too-long"]);
        check("uiot", None, |order| order.url = path(1_000), &[]);
    }
}
