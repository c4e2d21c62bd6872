//! Whether an MQTT topic filter covers a topic.

/// MQTT 3.1.1, section 4.7: `+` is one level, a last `#` the rest; wildcards at the front pass over `$` topics.
pub fn covers(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_filter_covers_what_the_broker_would_deliver() {
        for (filter, topic, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/b/c", false),
            ("/a/b/c", "/a/b", false),
            ("/a/+", "/a/b", true),
            ("/a/+", "/a/b/c", false),
            ("/a/#", "/a", true),
            ("/a/#", "/a/b/c", true),
            ("#", "/$system/x", true),
            ("#", "$system/x", false),
            ("/+/x", "/$system/x", true),
            ("a/+/c", "a//c", true),
        ] {
            assert_eq!(covers(filter, topic), expected, "{filter} {topic}");
        }
    }
}
