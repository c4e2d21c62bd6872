//! Every code the program can show has its sentences in both languages, and every sentence gets the words it mentions.

use crate::check;
use crate::sources::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

const LOCALES: [(&str, &str); 2] =
    [("en", include_str!("../../assets/locales/en.yml")), ("zh-CN", include_str!("../../assets/locales/zh-CN.yml"))];

/// The sentence for codes this program does not know, from a newer program's capture.
const FOR_UNKNOWN: &str = "unknown";

/// Every `path.to.key` of a locale file with its text.
fn entries(yaml: &str) -> BTreeMap<String, String> {
    let mut path: Vec<&str> = Vec::new();
    let mut entries = BTreeMap::new();
    for line in yaml.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let (key, value) = line.trim().split_once(':').unwrap();
        path.truncate((line.len() - line.trim_start().len()) / 2);
        path.push(key);
        if !value.is_empty() {
            entries.insert(path.join("."), value.trim().trim_matches('"').to_owned());
        }
    }
    entries
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("%{").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The codes below a group that have entries: `trouble.port-busy.cause` has `port-busy`.
fn codes_of(group: &str) -> BTreeSet<String> {
    let keys = LOCALES.into_iter().flat_map(|(_, yaml)| entries(yaml).into_keys());
    keys.filter_map(|key| Some(key.strip_prefix(group)?.strip_prefix('.')?.split('.').next()?.to_owned())).collect()
}

/// String literals that read as codes, with what stands behind each.
fn codes(code: &str) -> Vec<(&str, &str)> {
    let is_code = |text: &str| {
        text.contains('-')
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let literals = code.split_inclusive('"').scan(0, |at, part| {
        *at += part.len();
        Some((part.trim_end_matches('"'), &code[*at..]))
    });
    literals.filter(|(text, _)| is_code(text)).collect()
}

/// The names given by a chain of `.with("name", …)`, which begins where `rest` does.
fn chain(mut rest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    while let Some(with) = rest.trim_start().strip_prefix(".with(\"") {
        let (name, value) = with.split_once('"').unwrap();
        names.push(name);
        rest = behind_parenthesis(value);
    }
    names
}

/// What follows the parenthesis that closes the one we are in.
fn behind_parenthesis(text: &str) -> &str {
    let (mut depth, mut quoted) = (1, false);
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

/// A place that makes a trouble: its code and the words it gives to the sentences.
struct Made<'a> {
    code: &'a str,
    given: Vec<&'a str>,
}

/// Every trouble a file makes. Where the code is worked out first (`Trouble::new(code)`), every code in the file may be it.
fn made(source: &Source) -> Vec<Made<'_>> {
    let mut found = Vec::new();
    let mut worked_out: Option<Vec<&str>> = None;
    for after in source.code.split("Trouble::new(").skip(1) {
        match after.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((code, rest)) => found.push(Made { code, given: chain(behind_parenthesis(rest)) }),
            None => worked_out = Some(chain(behind_parenthesis(after))),
        }
    }
    let known = codes_of("trouble");
    if let Some(always) = worked_out {
        for (code, rest) in codes(&source.code) {
            // A file may hold other words with a hyphen; that each code has its entry is seen where it is met.
            if known.contains(code) && !found.iter().any(|made| made.code == code) {
                let more = if rest.starts_with([')', ',']) { chain(behind_parenthesis(rest)) } else { Vec::new() };
                found.push(Made { code, given: always.iter().copied().chain(more).collect() });
            }
        }
    }
    found
}

/// The codes a file may work out for a trouble, whether the locales know them or not.
fn worked_out(source: &Source) -> Vec<&str> {
    let by_name = source.code.split("Trouble::new(").skip(1).any(|after| !after.trim_start().starts_with('"'));
    // Names of threads and of the program, not codes.
    let others = ["broker-worker", "ota-workbench"];
    let codes = codes(&source.code).into_iter().map(|(code, _)| code).filter(|code| !others.contains(code));
    if by_name { codes.collect() } else { Vec::new() }
}

fn missing(group: &str, code: &str, parts: &[&str]) -> Vec<String> {
    let mut missing = Vec::new();
    for (language, yaml) in LOCALES {
        let entries = entries(yaml);
        for part in parts {
            let key = if part.is_empty() { format!("{group}.{code}") } else { format!("{group}.{code}.{part}") };
            if !entries.contains_key(&key) {
                missing.push(format!("{language} has no {key}"));
            }
        }
    }
    missing
}

#[test]
fn a_trouble_never_reaches_the_engineer_as_a_bare_code() {
    let all = sources(&["src"]);
    let codes = all.iter().flat_map(|source| {
        made(source).into_iter().map(|made| made.code).chain(worked_out(source)).collect::<BTreeSet<_>>()
    });
    let codes: BTreeSet<_> = codes.collect();
    assert!(codes.len() > 40, "{codes:?}");
    check(&codes.iter().flat_map(|code| missing("trouble", code, &["cause", "advice"])).collect::<Vec<_>>());
}

/// `%{path}` in a sentence would be shown as it is.
#[test]
fn every_sentence_about_a_trouble_is_given_the_words_it_mentions() {
    let mut broken = Vec::new();
    for source in sources(&["src"]) {
        for Made { code, given } in made(&source) {
            for (language, yaml) in LOCALES {
                let entries = entries(yaml);
                let texts = ["cause", "advice"].map(|part| entries.get(&format!("trouble.{code}.{part}")));
                let absent = texts.into_iter().flatten().flat_map(|text| placeholders(text));
                let absent = absent.filter(|name| !given.contains(name));
                broken.extend(absent.map(|name| format!("{}: {code} gives no {name} to {language}", source.path)));
            }
        }
    }
    check(&broken);
}

#[test]
fn every_finding_says_what_is_seen_what_it_means_and_what_to_do() {
    let mut broken = Vec::new();
    let mut found = BTreeSet::new();
    for source in sources(&["src/diagnosis"]) {
        for (at, _) in source.code.match_indices("Finding {\n") {
            let (before, after) = source.code.split_at(at);
            let after = after["Finding {\n".len()..].trim_start();
            // Written in its place, or chosen just before.
            let value = match after.strip_prefix("code: ") {
                Some(value) => value.split(",\n").next(),
                None => before.rsplit("let code = ").next().and_then(|value| value.split(';').next()),
            };
            if after.starts_with("pub code") {
                continue;
            }
            let given = args(after);
            let codes: Vec<_> = codes(value.unwrap()).into_iter().map(|(code, _)| code.to_owned()).collect();
            assert!(!codes.is_empty(), "{}: a finding's code is written where the finding is made", source.path);
            for code in codes {
                broken.extend(missing("diagnosis", &code, &["seen", "means", "advice"]));
                broken.extend(ungiven(&code, &given).map(|name| format!("{}: {code} gives no {name}", source.path)));
                found.insert(code);
            }
        }
    }
    assert!(found.len() > 5, "{found:?}");
    let labels = ["name", "show"];
    let dead = codes_of("diagnosis").into_iter().filter(|code| !found.contains(code) && !labels.contains(&&**code));
    broken.extend(dead.map(|code| format!("no rule finds diagnosis.{code}")));
    check(&broken);
}

/// The names in `args: vec![("name", …), …],`.
fn args(rest: &str) -> Vec<&str> {
    let list = rest.split("args: vec![").nth(1).and_then(|list| list.split("],\n").next()).unwrap_or_default();
    list.split("(\"").skip(1).filter_map(|part| part.split('"').next()).collect()
}

/// The words a finding's sentences mention and do not get.
fn ungiven(code: &str, given: &[&str]) -> impl Iterator<Item = String> {
    let prefix = format!("diagnosis.{code}.");
    let entries = LOCALES.into_iter().flat_map(|(_, yaml)| entries(yaml));
    let texts: Vec<_> = entries.filter(|(key, _)| key.starts_with(&prefix)).map(|(_, text)| text).collect();
    let names = texts.iter().flat_map(|text| placeholders(text)).filter(|name| !given.contains(name));
    names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter()
}

#[test]
fn every_flaw_in_a_devices_message_has_its_words() {
    let mut found = BTreeSet::new();
    for source in sources(&["src/dialect", "src/bench"]) {
        let defects = source.code.split("Defect::new(").chain(source.code.split("Defect { code: ")).skip(1);
        let literals = defects.filter_map(|after| Some(after.strip_prefix('"')?.split('"').next()?.to_owned()));
        found.extend(literals);
    }
    assert!(found.len() > 10, "{found:?}");
    let mut broken: Vec<_> = found.iter().flat_map(|code| missing("defect", code, &[""])).collect();
    let dead = codes_of("defect").into_iter().filter(|code| !found.contains(code));
    broken.extend(dead.map(|code| format!("nothing finds defect.{code}")));
    check(&broken);
}

#[test]
fn every_code_a_cloud_gives_a_failure_has_its_reason_and_advice() {
    // These a device never says: the bench works them out.
    let mut codes: BTreeSet<_> = ["wrong-version", "timed-out"].map(str::to_owned).into();
    for source in sources(&["src/dialect"]) {
        let tables = source.code.split("fn failure(").skip(1).filter_map(|table| table.split("\n    }\n").next());
        codes.extend(tables.flat_map(self::codes).map(|(code, _)| code.to_owned()));
    }
    assert!(codes.len() > 8, "{codes:?}");
    let mut broken: Vec<_> = codes.iter().flat_map(|code| missing("failure", code, &["reason", "advice"])).collect();
    let dead = codes_of("failure").into_iter().filter(|code| !codes.contains(code));
    broken.extend(dead.map(|code| format!("nothing fails with failure.{code}")));
    check(&broken);
}

#[test]
fn causes_and_advice_are_whole_sentences() {
    let mut broken = Vec::new();
    for (language, yaml) in LOCALES {
        let parts = [".cause", ".advice", ".reason", ".seen", ".means"];
        let groups = ["trouble.", "failure.", "diagnosis."];
        for (key, text) in entries(yaml) {
            let whole =
                groups.iter().any(|group| key.starts_with(group)) && parts.iter().any(|part| key.ends_with(part));
            if whole && !text.ends_with(['.', '。']) {
                broken.push(format!("{language} {key}: {text}"));
            }
        }
    }
    check(&broken);
}

/// A translator's time is not for sentences nobody can meet.
#[test]
fn no_sentence_waits_for_a_trouble_that_cannot_happen() {
    let all = sources(&["src"]);
    let used = |code: &str| {
        let (plain, key) = (format!("\"{code}\""), format!("trouble.{code}."));
        code == FOR_UNKNOWN || all.iter().any(|source| source.code.contains(&plain) || source.code.contains(&key))
    };
    let dead = codes_of("trouble").into_iter().filter(|code| !used(code));
    check(&dead.map(|code| format!("nothing says trouble.{code}")).collect::<Vec<_>>());
}
