//! The version a build carries: in an ESP-IDF or `MCUboot` header, else in its file name.

use regex::Regex;
use std::sync::LazyLock;

/// How many of an image's first bytes are looked at.
pub(super) const HEAD_BYTES: usize = 0x70;

/// Where a version was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// ESP-IDF's `esp_app_desc_t`, with the project's name (`esp_app_format/include/esp_app_desc.h`).
    EspIdf {
        /// `project_name`, empty when it is not text.
        project: String,
    },
    /// `MCUboot`'s `image_header` (`boot/bootutil/include/bootutil/image.h`).
    Mcuboot,
    /// The file's name.
    FileName,
}

/// A version and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundVersion {
    /// As the device will report it, when it comes from a header.
    pub version: String,
    /// Where it was found.
    pub source: VersionSource,
}

/// Looks for the version of the build named `name` whose first bytes are `head` (112 are enough, fewer do no harm).
#[must_use]
pub fn found_version(name: &str, head: &[u8]) -> Option<FoundVersion> {
    esp_idf(head).or_else(|| mcuboot(head)).or_else(|| {
        let version = in_name(stem(name))?;
        Some(FoundVersion { version, source: VersionSource::FileName })
    })
}

/// An application image of ESP-IDF: image header 24 bytes, first segment's header 8, then the description.
fn esp_idf(head: &[u8]) -> Option<FoundVersion> {
    let description = head.get(0x20..)?;
    if head.first() != Some(&0xE9) || !description.starts_with(&0xABCD_5432_u32.to_le_bytes()) {
        return None;
    }
    let version = text(description.get(0x10..0x30)?).filter(|version| !version.is_empty())?;
    let project = description.get(0x30..0x50).and_then(text).unwrap_or_default();
    Some(FoundVersion { version, source: VersionSource::EspIdf { project } })
}

/// An image signed for `MCUboot`. All zeroes is imgtool's default: nobody set a version.
fn mcuboot(head: &[u8]) -> Option<FoundVersion> {
    if !head.starts_with(&0x96F3_B83D_u32.to_le_bytes()) {
        return None;
    }
    let (major, minor) = (*head.get(20)?, *head.get(21)?);
    let revision = u16::from_le_bytes(head.get(22..24)?.try_into().ok()?);
    let build = u32::from_le_bytes(head.get(24..28)?.try_into().ok()?);
    let version = match (major, minor, revision, build) {
        (0, 0, 0, 0) => return None,
        (_, _, _, 0) => format!("{major}.{minor}.{revision}"),
        _ => format!("{major}.{minor}.{revision}+{build}"),
    };
    Some(FoundVersion { version, source: VersionSource::Mcuboot })
}

/// A NUL-padded field that holds text; garbage is nothing.
fn text(field: &[u8]) -> Option<String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let text = std::str::from_utf8(field.get(..end)?).ok()?.trim();
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// The name without its endings: `lamp-2.0.0.signed.bin` is `lamp-2.0.0`. An ending begins with a letter.
fn stem(mut name: &str) -> &str {
    while let Some((stem, ending)) = name.rsplit_once('.') {
        let is_ending = ending.starts_with(|first: char| first.is_ascii_alphabetic())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_ending || stem.is_empty() || pre_release(ending) {
            break;
        }
        name = stem;
    }
    name
}

/// Whether a last part such as `rc1` belongs to the version before it.
fn pre_release(ending: &str) -> bool {
    suffix(&format!(".{ending}")).len() == ending.len() + 1
}

/// The one version a name without endings mentions; none when there are several to choose from.
fn in_name(name: &str) -> Option<String> {
    let found = dotted(name);
    match found.as_slice() {
        [] => marked(name).or_else(|| dashed(name)),
        [(_, only)] => Some(only.clone()),
        several => {
            let mut marked = several.iter().filter(|(marked, _)| *marked);
            match (marked.next(), marked.next()) {
                (Some((_, one)), None) => Some(one.clone()),
                _ => None,
            }
        }
    }
}

/// Every `2.0`, `v1.4.2-rc1` and alike, with whether a `v` marks it.
fn dotted(name: &str) -> Vec<(bool, String)> {
    static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9A-Za-z.])(?:ver(?:sion)?[-_.]?)?([vV]?)([0-9]{1,9}(?:\.[0-9]{1,9}){1,3})").ok()
    });
    let Some(numbers) = NUMBERS.as_ref() else { return Vec::new() };
    let matches = numbers.captures_iter(name).filter_map(|found| Some((found.get(1)?, found.get(2)?)));
    matches
        .filter_map(|(mark, numbers)| {
            let rest = name.get(numbers.end()..)?;
            let suffix = suffix(rest);
            let ends = ends_word(rest.get(suffix.len()..)?);
            ends.then(|| (!mark.is_empty(), format!("{}{suffix}", numbers.as_str())))
        })
        .collect()
}

/// `-rc1`, `-beta.2`, `-5-g1a2b3c4`, `-dirty` at the start of what follows a version, else nothing.
fn suffix(rest: &str) -> &str {
    static SUFFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:[-.+]?(?:alpha|beta|rc|pre|preview|dev|snapshot)[-.]?[0-9]{0,9})?(?:-[0-9]{1,9}-g[0-9a-f]{7,40})?(?:-dirty)?")
            .ok()
    });
    let found = SUFFIX.as_ref().and_then(|suffix| suffix.find(rest)).map_or("", |found| found.as_str());
    match rest.get(found.len()..) {
        Some(after) if ends_word(after) => found,
        _ => "",
    }
}

/// Whether a version that stands before `rest` ends there.
fn ends_word(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        None => true,
        Some('.') => !chars.next().is_some_and(|next| next.is_ascii_digit()),
        Some(next) => !next.is_alphanumeric(),
    }
}

/// `fw_v12`: a single number is a version only behind a `v`, and only once.
fn marked(name: &str) -> Option<String> {
    let mut words = words(name).filter_map(|word| word.strip_prefix(['v', 'V'])).filter(|digits| is_number(digits, 9));
    match (words.next(), words.next()) {
        (Some(only), None) => Some(only.to_owned()),
        _ => None,
    }
}

/// `app-2-0-0`: three small numbers, nothing else that is one. A date has four digits somewhere, or is not meant.
fn dashed(name: &str) -> Option<String> {
    let words: Vec<&str> = words(name).collect();
    let numbers = words.iter().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).count();
    let last = words.len().checked_sub(3).and_then(|from| words.get(from..))?;
    let small = last.iter().all(|word| is_number(word, 3));
    (numbers == 3 && small).then(|| last.join("."))
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_number(word: &str, longest: usize) -> bool {
    (1..=longest).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
