//! Tags that Alibaba Cloud would not take: their names, their values, or all of them together.

use super::super::Finding;
use super::Draft;

/// The longest name, the longest value, and all names and values together, in characters.
///
/// Source: `Tag.N.Key` and `Tag.N.Value` of `CreateOTAVerifyJob` (alibabacloud.com/help/en/iot/developer-reference/api-p2992c):
/// a key has 1 to 30 letters, digits and periods, a value 1 to 1,024 characters, all of them at most 4,096.
const LONGEST_NAME: usize = 30;
const LONGEST_VALUE: usize = 1_024;
const LONGEST_IN_ALL: usize = 4_096;

/// What the platform adds by itself: no tag of the engineer's.
const OWN_TAG: &str = "_package_udi";

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    if !draft.is_one_of(&["aliyun"]) {
        return None;
    }
    let tags: Vec<_> = draft.order.extras.tags.iter().filter(|(name, _)| name != OWN_TAG).collect();
    odd_name(&tags).or_else(|| odd_value(&tags)).or_else(|| too_much(&tags))
}

type Tags<'a> = [&'a (String, String)];

fn odd_name(tags: &Tags<'_>) -> Option<Finding> {
    let (name, _) = tags.iter().find(|(name, _)| !is_name(name))?;
    Some(Finding {
        code: "tag-name-not-taken",
        args: vec![("tag", name.clone()), ("limit", LONGEST_NAME.to_string())],
        evidence: Vec::new(),
    })
}

fn odd_value(tags: &Tags<'_>) -> Option<Finding> {
    let (name, value) = tags.iter().find(|(_, value)| !(1..=LONGEST_VALUE).contains(&length(value)))?;
    Some(Finding {
        code: "tag-value-not-taken",
        args: vec![("tag", name.clone()), ("length", length(value).to_string()), ("limit", LONGEST_VALUE.to_string())],
        evidence: Vec::new(),
    })
}

fn too_much(tags: &Tags<'_>) -> Option<Finding> {
    let in_all: usize = tags.iter().map(|(name, value)| length(name) + length(value)).sum();
    (in_all > LONGEST_IN_ALL).then(|| Finding {
        code: "tags-too-long",
        args: vec![("length", in_all.to_string()), ("limit", LONGEST_IN_ALL.to_string())],
        evidence: Vec::new(),
    })
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::event::UpgradeOrder;

    fn tags(tags: &[(&str, usize)]) -> impl FnOnce(&mut UpgradeOrder) {
        let tags = tags.iter().map(|(name, length)| ((*name).to_owned(), "é".repeat(*length))).collect();
        |order: &mut UpgradeOrder| order.extras.tags = tags
    }

    #[test]
    fn tags_that_the_cloud_does_not_take_are_warned_of() {
        check("aliyun", None, tags(&[("lamp.colour", 10), ("_package_udi", 10)]), &[]);
        check("aliyun", None, tags(&[("lamp_colour", 10)]), &["tag-name-not-taken"]);
        check("aliyun", None, tags(&[(&"a".repeat(31), 1)]), &["tag-name-not-taken"]);
        check("aliyun", None, tags(&[("empty", 0)]), &["tag-value-not-taken"]);
        check("aliyun", None, tags(&[("long", 1_025)]), &["push-too-long", "tag-value-not-taken"]);
        let five = [("a", 1_000), ("b", 1_000), ("c", 1_000), ("d", 1_000), ("e", 1_000)];
        check("aliyun", None, tags(&five), &["push-too-long", "tags-too-long"]);
    }
}
