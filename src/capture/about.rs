//! What is known of a capture without reading it again, as it stands in the small file beside it, and a list to choose from.

use super::Header;
use crate::event::{Micros, Trouble};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The format of the file beside a capture.
pub const ABOUT_VERSION: u32 = 1;

/// The file beside a capture (`NAME.about.json`): what the user said of it, and what was found in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Format version.
    pub about: u32,
    /// The user's name for it. The file keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether the user wants to find it again, and never wants it to be cleared away.
    #[serde(default)]
    pub star: bool,
    /// What is in it; absent until it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

impl Default for About {
    fn default() -> Self {
        Self { about: ABOUT_VERSION, title: None, star: false, found: None }
    }
}

/// What was found in a capture when it was closed or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The size of the file in which this was found, in bytes: in one of another size there is something else.
    pub file_bytes: u64,
    /// The capture's first line.
    pub header: Header,
    /// From the first instant to the last event, in microseconds.
    pub length_us: u64,
    /// How many events.
    pub events: u64,
    /// How many lines were no events.
    pub damaged: u64,
    /// Who took part: `PRODUCT/DEVICE`.
    pub devices: Vec<String>,
    /// Which dialects they spoke, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialects: Vec<String>,
    /// How its upgrades stood at the end, oldest first.
    pub upgrades: Vec<Verdict>,
    /// Whether nothing happened in it: the bench came up and went down, and nobody was there.
    #[serde(default)]
    pub idle: bool,
}

impl Found {
    /// From the first instant to the last event.
    #[must_use]
    pub const fn length(&self) -> Micros {
        Micros(self.length_us)
    }
}

/// How one upgrade stood at the end of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who: `PRODUCT/DEVICE`.
    pub device: String,
    /// The target version.
    pub version: String,
    /// In the words of a capture's summary: `succeeded`, `downloading 63`, `failed md5-mismatch -4`.
    pub state: String,
    /// What the workbench found wrong, by code.
    pub findings: Vec<String>,
}

/// How things are with a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is being written, by this program or another one that runs.
    Writing,
    /// It is closed, but nobody has looked into it yet; that goes on in the background.
    Unread,
    /// It is closed, and what is in it is known.
    Known,
    /// It cannot be read.
    Unreadable(Trouble),
}

/// A capture in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// Its name, without folder and endings.
    pub name: String,
    /// Its size on disk, in bytes.
    pub bytes: u64,
    /// When its session began, milliseconds since 1970 UTC; when its file was last written where the header does not say.
    pub started_unix_ms: u64,
    /// When its file was last written, milliseconds since 1970 UTC.
    pub written_unix_ms: u64,
    /// How things are with it.
    pub condition: Condition,
    /// What is known of it.
    pub about: About,
    /// Why the file beside it is not understood, if it is not: what it says stays, and so does the capture.
    pub strange: Option<Trouble>,
}

impl Entry {
    /// What to call it: the user's name for it, or the file's.
    #[must_use]
    pub fn title(&self) -> &str {
        self.about.title.as_deref().unwrap_or(&self.name)
    }

    /// Whether somebody wants it: it is named, starred, or called as only a person would; or what was noted about it is not
    /// understood, and may say so.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.about.star || self.about.title.is_some() || self.strange.is_some() || !is_own_name(&self.name)
    }

    /// Whether nothing happened in it, and nobody wants it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.about.found.as_ref().is_some_and(|found| found.idle)
            && self.condition == Condition::Known
            && !self.is_wanted()
    }

    /// Whether all words of a search are in it: in its row as it is `drawn`, or in its file's name, devices, dialects,
    /// versions, states, findings or its bench's name.
    #[must_use]
    pub fn fits(&self, search: &str, drawn: &str) -> bool {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let mut text = format!("{}\n{}\n{file}\n{drawn}\n", self.title(), self.name);
        if let Some(found) = &self.about.found {
            let words = found.header.bench.iter().chain(&found.devices).chain(&found.dialects);
            text.extend(words.flat_map(|word| [word, "\n"]));
            for Verdict { device, version, state, findings } in &found.upgrades {
                text.extend([device, version, state].into_iter().chain(findings).flat_map(|word| [word, "\n"]));
            }
        }
        let text = text.to_lowercase();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Whether the workbench itself called a file so: `2026-11-22 05.12.40`, `2026-11-22 05.12.40-2`.
#[must_use]
pub fn is_own_name(name: &str) -> bool {
    let pattern = b"dddd-dd-dd dd.dd.dd";
    let fits = |(byte, wanted): (u8, &u8)| if *wanted == b'd' { byte.is_ascii_digit() } else { byte == *wanted };
    let Some((time, rest)) = name.split_at_checked(pattern.len()) else { return false };
    let number = rest.strip_prefix('-').unwrap_or(rest);
    time.bytes().zip(pattern).all(fits) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// How much is kept of captures that nobody named or starred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Megabytes (2^20 bytes) on disk of all of them together; 0 is without limit.
    pub megabytes: u32,
    /// Days since they were written; 0 is without limit.
    pub days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { megabytes: 2_048, days: 90 }
    }
}

impl Limits {
    /// Nothing is ever cleared away.
    pub const NONE: Self = Self { megabytes: 0, days: 0 };

    /// What goes, oldest first. What somebody wants does not count; what is being written counts, but never goes; and the
    /// newest of the others never goes for its size: it is the one somebody is about to look at. Where nothing happened, a
    /// day is enough.
    #[must_use]
    pub fn past<'a>(&self, entries: &'a [Entry], now_unix_ms: u64) -> Vec<&'a Entry> {
        if *self == Self::NONE {
            return Vec::new();
        }
        let counted = || entries.iter().filter(|entry| !entry.is_wanted());
        let mut bytes = counted().fold(0_u64, |sum, entry| sum.saturating_add(entry.bytes));
        let mut rest: Vec<_> = counted().filter(|entry| entry.condition != Condition::Writing).collect();
        rest.sort_by_key(|entry| entry.written_unix_ms);
        let before = |days: u32| now_unix_ms.saturating_sub(u64::from(days) * 86_400_000);
        let newest = rest.last().map(|entry| &entry.path);
        let mut gone = Vec::new();
        for entry in &rest {
            let too_old = self.days > 0 && entry.written_unix_ms < before(self.days);
            let too_much = self.megabytes > 0 && bytes > u64::from(self.megabytes) << 20 && Some(&entry.path) != newest;
            let idle = entry.is_idle() && entry.written_unix_ms < before(1);
            if too_old || too_much || idle {
                bytes = bytes.saturating_sub(entry.bytes);
                gone.push(*entry);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::{About, Condition, Entry, Found, Limits, Verdict, is_own_name};
    use crate::capture::Header;
    use crate::event::Trouble;

    const DAY: u64 = 86_400_000;

    fn entry(day: u64, megabytes: u64) -> Entry {
        let name = format!("2026-01-{day:02} 10.00.00");
        Entry {
            path: format!("{name}.jsonl.zst").into(),
            name,
            bytes: megabytes << 20,
            started_unix_ms: day * DAY,
            written_unix_ms: day * DAY,
            condition: Condition::Known,
            about: About::default(),
            strange: None,
        }
    }

    fn found() -> Found {
        Found {
            file_bytes: 1,
            header: Header::new(1, Some("Bench.toml".into())),
            length_us: 1,
            events: 1,
            damaged: 0,
            devices: vec!["lamp/AA:BB".into()],
            dialects: vec!["uiot".into()],
            upgrades: Vec::new(),
            idle: false,
        }
    }

    fn check((megabytes, days): (u32, u32), entries: &[Entry], expected: &[u64]) {
        let limits = Limits { megabytes, days };
        let gone: Vec<_> = limits.past(entries, 31 * DAY).iter().map(|entry| entry.started_unix_ms / DAY).collect();
        assert_eq!(gone, expected, "{limits:?}");
    }

    #[test]
    fn the_oldest_go_first_and_only_as_many_as_are_too_many() {
        let entries = [entry(3, 10), entry(1, 10), entry(2, 10)];
        check((0, 0), &entries, &[]);
        check((30, 0), &entries, &[]);
        check((29, 0), &entries, &[1]);
        check((10, 0), &entries, &[1, 2]);
        check((1, 0), &entries, &[1, 2]);
        check((0, 28), &entries, &[1, 2]);
        check((0, 1), &entries, &[1, 2, 3]);
        check((25, 29), &entries, &[1]);
        check((1, 1), &[], &[]);
    }

    #[test]
    fn what_somebody_named_starred_or_is_writing_never_goes() {
        let mut named = entry(1, 100);
        named.about.title = Some("the bad one".into());
        let mut starred = entry(2, 100);
        starred.about.star = true;
        let mut strange = entry(2, 100);
        strange.strange = Some(Trouble::new("capture-notes-strange"));
        let mut by_hand = entry(4, 100);
        by_hand.name = "before-the-fix".into();
        check((1, 1), &[named, starred, strange, by_hand, entry(5, 2), entry(6, 1)], &[5, 6]);
    }

    /// A session of a week with gigabytes of console must not fill the disk beside full limits.
    #[test]
    fn what_is_being_written_counts_and_the_older_ones_go_for_it() {
        let mut writing = entry(30, 25);
        writing.condition = Condition::Writing;
        let all = [entry(1, 10), entry(2, 10), entry(3, 10), writing];
        check((55, 0), &all, &[]);
        check((54, 0), &all, &[1]);
        check((40, 0), &all, &[1, 2]);
        check((1, 0), &all, &[1, 2]);
        check((0, 1), &all, &[1, 2, 3]);
    }

    #[test]
    fn where_nothing_happened_a_day_is_enough_unless_somebody_wants_it() {
        let idle = |day| {
            let mut idle = entry(day, 0);
            idle.about.found = Some(Found { idle: true, ..found() });
            idle
        };
        let mut starred = idle(2);
        starred.about.star = true;
        check((1_000, 90), &[idle(1), starred, idle(29), idle(31), entry(3, 1)], &[1, 29]);
        check((0, 0), &[idle(1)], &[]);
    }

    #[test]
    fn only_names_the_workbench_gives_are_its_own() {
        for (name, own) in [
            ("2026-11-22 05.12.40", true),
            ("2026-11-22 05.12.40-12", true),
            ("2026-11-22 05.12.40 bad", false),
            ("2026-11-22", false),
            ("capture", false),
            ("", false),
            ("2026-11-22 05.12.4é", false),
        ] {
            assert_eq!(is_own_name(name), own, "{name}");
        }
    }

    #[test]
    fn a_search_finds_a_session_by_any_word_of_it() {
        let mut entry = entry(1, 1);
        entry.about.title = Some("Before the fix".into());
        let upgrade = Verdict {
            device: "lamp/AA:BB".into(),
            version: "2.0.0".into(),
            state: "failed md5-mismatch -4".into(),
            findings: vec!["fault-armed".into()],
        };
        entry.about.found = Some(Found { upgrades: vec![upgrade], ..found() });
        for (search, fits) in [
            ("", true),
            ("FIX", true),
            ("aa:bb md5", true),
            ("2.0.0 armed bench.toml", true),
            ("2026-01-01", true),
            ("uiot", true),
            (".jsonl.zst", true),
            ("16:43", true),
            ("2026-11-22 16:43 失败", true),
            ("成功", false),
            ("md5 succeeded", false),
        ] {
            assert_eq!(entry.fits(search, "2026-11-22 16:43:05, 失败：MD5 不一致"), fits, "{search}");
        }
    }
}
