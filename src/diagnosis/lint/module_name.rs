//! A module that cannot be made on Alibaba Cloud: its name.

use super::super::Finding;
use super::Draft;

/// The longest name, in characters.
///
/// Source: `ModuleName` of `CreateOTAModule` (alibabacloud.com/help/doc-detail/186066.htm): 1 to 64 letters, digits, periods,
/// hyphens and underscores.
const LONGEST: usize = 64;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let module = draft.order.module.as_deref()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let taken = module.len() <= LONGEST && module.bytes().all(fits);
    (draft.is_one_of(&["aliyun"]) && !taken).then(|| Finding {
        code: "module-name-not-taken",
        args: vec![("module", module.to_owned()), ("limit", LONGEST.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_module_that_cannot_be_made_is_warned_of() {
        check("aliyun", None, |order| order.module = Some("barcode-scanner_2.1".into()), &[]);
        check("aliyun", None, |order| order.module = Some("barcode scanner".into()), &["module-name-not-taken"]);
        check("aliyun", None, |order| order.module = Some("m".repeat(65)), &["module-name-not-taken"]);
        check("uiot-v2", None, |order| order.module = Some("a b".into()), &[]);
    }
}
