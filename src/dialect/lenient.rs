//! Reads the JSON that devices send, which is not always JSON: what can be understood is, what is wrong is said.

use super::Defect;
use serde_json::Value;

/// Deeper than any device's message; a parser must not follow further.
const MAX_DEPTH: usize = 64;
/// The longest message that is read as loose JSON: that parser is slow, and takes forty times the memory.
const LONGEST_LOOSE: usize = 64 * 1024;
/// The longest message that is read at all.
const LONGEST: usize = 2 * 1024 * 1024;
/// The longest text taken out of a message; of a longer one only the beginning is kept.
const LONGEST_TEXT: usize = 4 * 1024;
/// How much of a message is quoted in a defect.
const QUOTE: usize = 40;
/// A question's id is echoed up to here, in bytes; no SDK sends a tenth of it.
const LONGEST_ID: usize = 256;
/// A longer version is no version of any cloud; only its beginning is kept.
const LONGEST_VERSION: usize = 128;

/// The JSON value in a payload, as far as one can be read, and what was wrong on the way.
pub fn read(payload: &[u8]) -> (Option<Value>, Vec<Defect>) {
    if payload.is_empty() {
        return (None, vec![Defect::new("empty-payload", "")]);
    }
    if payload.len() > LONGEST {
        let beginning = &payload[..QUOTE * 4];
        return (None, vec![Defect::new("too-long", quote(&String::from_utf8_lossy(beginning)))]);
    }
    let Ok(text) = std::str::from_utf8(payload) else {
        return (None, vec![Defect::new("not-utf8", quote(&String::from_utf8_lossy(payload)))]);
    };
    // Few brackets cannot be deep: nearly every message is not looked at closer.
    if brackets(payload) > MAX_DEPTH && depth(text) > MAX_DEPTH {
        return (None, vec![Defect::new("too-deep", quote(text))]);
    }
    let trimmed = text.trim_end_matches('\0');
    let mut defects = Vec::new();
    if trimmed.len() < text.len() {
        defects.push(Defect::new("trailing-nul", ""));
    }
    if let Ok(value) = serde_json::from_str(trimmed) {
        return (Some(value), defects);
    }
    if trimmed.len() > LONGEST_LOOSE {
        defects.push(Defect::new("too-long", quote(trimmed)));
        return (None, defects);
    }
    if let Ok(value) = json5::from_str(trimmed) {
        let comma = trailing_comma(trimmed);
        defects.push(
            comma.map_or_else(|| Defect::new("loose-json", quote(trimmed)), |at| Defect::new("trailing-comma", at)),
        );
        return (Some(value), defects);
    }
    defects.push(Defect::new("not-json", quote(trimmed)));
    (None, defects)
}

/// A text where one is expected; a number is taken for its digits, and said.
pub fn text(value: &Value, key: &str, defects: &mut Vec<Defect>) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            defects.push(Defect::new("too-long", quote(&format!("{key}: {text}"))));
            Some(quote(text))
        }
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            defects.push(Defect::new("number-not-text", format!("{key}: {number}")));
            Some(number.to_string())
        }
        other => {
            defects.push(Defect::new("wrong-type", quote(&format!("{key}: {other}"))));
            None
        }
    }
}

/// Whether a cloud takes this as a version: 1 to `most` of `[A-Za-z0-9._-]`, on both.
pub fn is_version(text: &str, most: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=most).contains(&text.len()) && text.chars().all(allowed)
}

/// The version in a message. What no cloud would take is said, and cut before it fills anybody's memory.
pub fn version(value: &Value, key: &str, most: usize, defects: &mut Vec<Defect>) -> Option<String> {
    let Some(version) = text(value, key, defects) else {
        if value.get(key).is_none() {
            defects.push(Defect::new("missing-key", key));
        }
        return None;
    };
    if is_version(&version, most) {
        return Some(version);
    }
    defects.push(Defect::new("bad-version", quote(&version)));
    Some(if version.len() > LONGEST_VERSION { quote(&version) } else { version })
}

/// A whole number, given as a number or as its digits in a text.
pub fn whole(value: &Value, key: &str, defects: &mut Vec<Defect>) -> Option<i64> {
    let found = value.get(key)?;
    let number = match found {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    if number.is_none() {
        defects.push(Defect::new("wrong-type", quote(&format!("{key}: {found}"))));
    }
    number
}

/// The id of a question as it stands in its JSON, to be echoed; one longer than any SDK's is not.
pub fn id(message: &Value, key: &str) -> Option<String> {
    message.get(key).map(Value::to_string).filter(|id| id.len() <= LONGEST_ID)
}

/// A percentage; what lies outside 0 to 100 is drawn to the nearer end, and said.
pub fn percent(value: &Value, key: &str, defects: &mut Vec<Defect>) -> Option<u8> {
    let Some(found) = value.get(key) else {
        defects.push(Defect::new("missing-key", key));
        return None;
    };
    let number = match found {
        Value::Number(number) => number.as_f64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    let Some(number) = number.filter(|number: &f64| number.is_finite()) else {
        defects.push(Defect::new("wrong-type", quote(&format!("{key}: {found}"))));
        return None;
    };
    if !(0.0..=100.0).contains(&number) {
        defects.push(Defect::new("percent-out-of-range", quote(&format!("{key}: {found}"))));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100 before")]
    Some(number.clamp(0.0, 100.0) as u8)
}

/// The beginning of a text, for people.
pub fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

/// How often an object or a list may begin.
fn brackets(payload: &[u8]) -> usize {
    payload.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}

/// How deeply brackets nest; strings and comments are passed over.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for (_, character) in outside_strings(text) {
        match character {
            '{' | '[' => now += 1,
            '}' | ']' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

/// What stands around a comma with nothing behind it.
fn trailing_comma(text: &str) -> Option<String> {
    let mut comma = None;
    for (at, character) in outside_strings(text) {
        match character {
            ',' => comma = Some(at),
            '}' | ']' if comma.is_some() => return comma.map(|from| text[from..=at].split_whitespace().collect()),
            blank if blank.is_ascii_whitespace() => {}
            _ => comma = None,
        }
    }
    None
}

/// Where a reader of loose JSON is.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Nothing,
    /// A string, up to this quotation mark.
    Text(char),
    LineComment,
    Comment,
}

/// The characters of a loose JSON text that stand outside its strings and comments, with their places; a string counts as its
/// opening quote, a comment as its first stroke. A bracket missed here is one that [`MAX_DEPTH`] does not hold.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut inside, mut before) = (Inside::Nothing, '\0');
    text.char_indices().filter(move |(_, character)| {
        let was_inside = inside;
        inside = match (inside, before, *character) {
            (Inside::Nothing, _, mark @ ('"' | '\'')) => Inside::Text(mark),
            (Inside::Nothing, '/', '/') => Inside::LineComment,
            (Inside::Nothing, '/', '*') => Inside::Comment,
            (Inside::LineComment, _, '\n' | '\r' | '\u{2028}' | '\u{2029}') | (Inside::Comment, '*', '/') => {
                Inside::Nothing
            }
            (Inside::Text(mark), before, end) if end == mark && before != '\\' => Inside::Nothing,
            (same, ..) => same,
        };
        let escaped = matches!(was_inside, Inside::Text(_)) && before == '\\';
        before = if inside == was_inside && !escaped { *character } else { '\0' };
        was_inside == Inside::Nothing
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, LONGEST_LOOSE, LONGEST_TEXT, read, text};

    fn check(payload: &str, value: Option<&str>, defects: &[(&str, &str)]) {
        check_bytes(payload.as_bytes(), value, defects);
    }

    fn check_bytes(payload: &[u8], value: Option<&str>, defects: &[(&str, &str)]) {
        let (read, found) = read(payload);
        let found: Vec<_> = found.iter().map(|defect| (defect.code, defect.at.as_str())).collect();
        assert_eq!(read.map(|value| value.to_string()).as_deref(), value);
        assert_eq!(found, defects);
    }

    #[test]
    fn a_message_is_read_as_far_as_it_can_be_and_its_defects_are_named() {
        check(r#"{"a":1}"#, Some(r#"{"a":1}"#), &[]);
        check(r#"{"a":1,}"#, Some(r#"{"a":1}"#), &[("trailing-comma", ",}")]);
        check("{\"a\":{\"b\":1,\n }\n}", Some(r#"{"a":{"b":1}}"#), &[("trailing-comma", ",}")]);
        check(r#"{"a":",}","b":[1,]}"#, Some(r#"{"a":",}","b":[1]}"#), &[("trailing-comma", ",]")]);
        check("{a:'x'}", Some(r#"{"a":"x"}"#), &[("loose-json", "{a:'x'}")]);
        check("{\"a\":1}\0", Some(r#"{"a":1}"#), &[("trailing-nul", "")]);
        check("", None, &[("empty-payload", "")]);
        check(r#"{"a":"#, None, &[("not-json", r#"{"a":"#)]);
        check_bytes(b"\xff\xfe", None, &[("not-utf8", "\u{fffd}\u{fffd}")]);
    }

    #[test]
    fn ten_thousand_brackets_do_not_bring_the_bench_down() {
        let bomb = "[".repeat(10_000);
        assert_eq!(read(bomb.as_bytes()).1[0].code, "too-deep");
        let bomb = "{\"a\":".repeat(10_000);
        assert_eq!(read(bomb.as_bytes()).1[0].code, "too-deep");
    }

    #[test]
    fn brackets_behind_the_other_quotation_mark_or_in_a_comment_are_counted_as_the_reader_counts_them() {
        for opening in ["{a:'\"',b:", "{a:'\\'\"',b:", "/*\"*/", "//'\n", "//'\u{2028}", "/*/'*/"] {
            let bomb = format!("{opening}{}", "[".repeat(10_000));
            assert_eq!(read(bomb.as_bytes()).1[0].code, "too-deep", "{opening}");
        }
        let brackets = "[".repeat(1_000);
        for shallow in [format!("{{a:'{brackets}'}}"), format!("[/*{brackets}*/]"), format!("[//{brackets}\n]")] {
            assert_eq!(read(shallow.as_bytes()).1[0].code, "loose-json", "{}", &shallow[..9]);
        }
    }

    #[test]
    fn a_megabyte_of_json_is_read() {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(1 << 20));
        assert!(read(long.as_bytes()).0.is_some());
    }

    #[test]
    fn a_megabyte_of_broken_json_is_given_up_at_once() {
        let loose = |length: usize| format!("{{a:'{}'}}", "x".repeat(length));
        assert_eq!(read(loose(LONGEST_LOOSE - 10).as_bytes()).1[0].code, "loose-json");
        for length in [LONGEST_LOOSE, LONGEST] {
            let (value, defects) = read(loose(length).as_bytes());
            assert!(value.is_none());
            assert_eq!((defects.len(), defects[0].code), (1, "too-long"));
            assert!(defects[0].at.starts_with("{a:'xxx") && defects[0].at.ends_with('…'), "{}", defects[0].at);
        }
        let whole = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST));
        assert_eq!(read(whole.as_bytes()).1[0].code, "too-long");
    }

    #[test]
    fn of_a_text_without_end_only_the_beginning_is_kept() {
        let mut defects = Vec::new();
        let message = serde_json::json!({"short": "x".repeat(LONGEST_TEXT), "long": "x".repeat(LONGEST_TEXT + 1)});
        assert_eq!(text(&message, "short", &mut defects).map(|text| text.len()), Some(LONGEST_TEXT));
        assert!(defects.is_empty());
        assert!(text(&message, "long", &mut defects).is_some_and(|text| text.len() < 50 && text.ends_with('…')));
        assert_eq!(defects[0].code, "too-long");
        assert!(defects[0].at.starts_with("long: xxx"), "{}", defects[0].at);
    }
}
