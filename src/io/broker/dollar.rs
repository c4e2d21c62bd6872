//! A `$` inside a topic, which rmqtt refuses anywhere but at the front (MQTT gives it a meaning only there, 4.7.2): UIoT's
//! topics begin with `/$system/`. Inside rmqtt's topic trees such a level carries a mark, which never leaves them.

use std::borrow::Cow;

/// A private-use character (Unicode's area for what is nobody else's business).
const MARK: &str = "\u{f7e4}";

/// The topic or filter as rmqtt's trees can hold it.
pub(super) fn marked(topic: &str) -> Cow<'_, str> {
    if topic.contains("/$") { topic.replace("/$", &format!("/{MARK}$")).into() } else { topic.into() }
}

/// The topic or filter as the device knows it.
pub(super) fn unmarked(topic: &str) -> Cow<'_, str> {
    if topic.contains(MARK) { topic.replace(&format!("/{MARK}$"), "/$").into() } else { topic.into() }
}

#[cfg(test)]
mod tests {
    use super::{marked, unmarked};
    use rmqtt::topic::Topic;
    use std::str::FromStr;

    #[test]
    fn a_uiot_topic_fits_into_the_brokers_trees_and_comes_out_again() {
        for topic in ["/$system/P/D/ota/downstream", "$SYS/x", "/a/$b/$c", "/a", "#", "/$"] {
            let held = marked(topic);
            assert!(Topic::from_str(&held).is_ok(), "{topic}");
            assert_eq!(unmarked(&held), topic);
        }
    }
}
