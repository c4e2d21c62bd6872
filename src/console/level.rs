//! How grave a line is, by the way ESP-IDF, Zephyr and RT-Thread write it.

/// How grave a line is, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// What goes on.
    Information,
    /// For who looks for a fault.
    Debug,
}

/// The lines of a level and those graver, as a regular expression for the field in which lines are looked for.
pub const ERRORS: &str = r"^(\[?\d+\] )?\[?E[ /]|<err>";
/// As [`ERRORS`], with warnings.
pub const WARNINGS: &str = r"^(\[?\d+\] )?\[?[EW][ /]|<(err|wrn)>";

/// The level of a line, if it is written in one of the ways known.
#[must_use]
pub fn level(text: &str) -> Option<Level> {
    let mut rest = text.trim_start_matches([' ', '\t']);
    // RT-Thread's tick: `[1234] `.
    if let Some((tick, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "))
        && !tick.is_empty()
        && tick.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = after;
    }
    if rest.starts_with('[')
        && let Some(named) = zephyr(rest)
    {
        return Some(named);
    }
    let (letter, after) = rest.trim_start_matches('[').split_at_checked(1)?;
    let level = of_letter(letter)?;
    let esp = || after.strip_prefix(" (").is_some_and(|time| time.starts_with(|first: char| first.is_ascii_digit()));
    let rt_thread = || after.strip_prefix('/').is_some_and(|tag| tag.starts_with(|c: char| c.is_ascii_alphanumeric()));
    (rt_thread() || rest.starts_with(letter) && esp()).then_some(level)
}

/// `[00:00:01.234,000] <inf> module: `
fn zephyr(text: &str) -> Option<Level> {
    let (_, after) = text.split_once("] <")?;
    match after.split_once("> ")?.0 {
        "err" => Some(Level::Error),
        "wrn" => Some(Level::Warning),
        "inf" => Some(Level::Information),
        "dbg" => Some(Level::Debug),
        _ => None,
    }
}

fn of_letter(letter: &str) -> Option<Level> {
    match letter {
        "E" => Some(Level::Error),
        "W" => Some(Level::Warning),
        "I" => Some(Level::Information),
        "D" | "V" => Some(Level::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{ERRORS, Level, WARNINGS, level};

    #[test]
    fn the_levels_of_three_systems_are_read() {
        let cases = [
            ("E (9911) ota: md5 mismatch", Some(Level::Error)),
            ("W (09:12:01.123) wifi: weak", Some(Level::Warning)),
            ("I (312) boot: x", Some(Level::Information)),
            ("V (312) boot: x", Some(Level::Debug)),
            ("[00:00:01.234,000] <wrn> net_core: no interface", Some(Level::Warning)),
            ("[00:00:01.234,000] <dbg> net_core: no interface", Some(Level::Debug)),
            ("[E/FAL] (fal_flash_init:47) init failed", Some(Level::Error)),
            ("[1204] I/sal.skt: ready", Some(Level::Information)),
            ("D/NO_TAG: x", Some(Level::Debug)),
            ("I am a plain line", None),
            ("E", None),
            ("[12] <x", None),
            ("", None),
            ("温度 E (1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(level(text), expected, "{text}");
            let listed = |pattern| regex::Regex::new(pattern).unwrap().is_match(text);
            assert_eq!(listed(ERRORS), expected == Some(Level::Error), "{text}");
            assert_eq!(listed(WARNINGS), expected.is_some_and(|level| level <= Level::Warning), "{text}");
        }
    }
}
