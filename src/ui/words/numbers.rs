//! Sizes, spans and times as they are read.

use super::{say, tell};
use crate::event::Micros;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
const DAY_SECS: u64 = 86_400;

/// A number of bytes: `812 B`, `412 KB`, `2.1 MB`, `2.39 GB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals at most")]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB if bytes < 10 * KIB => format!("{:.1} KB", bytes as f64 / KIB as f64),
        KIB..MIB => format!("{} KB", (bytes + KIB / 2) / KIB),
        MIB..GIB => format!("{:.1} MB", bytes as f64 / MIB as f64),
        _ => format!("{:.2} GB", bytes as f64 / GIB as f64),
    }
}

/// Bytes a second: `36 KB/s`.
#[must_use]
pub fn rate(bytes_a_second: u64) -> String {
    format!("{}/s", bytes(bytes_a_second))
}

/// A number with its thousands apart: `868,352`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A span: `7.2 s`, `3 min 20 s`, `2 h 5 min`, `4 d`.
#[must_use]
pub fn duration(span: Micros) -> String {
    let secs = span.0 / 1_000_000;
    match secs {
        0 if span.0 < 1_000_000 => tell("time.millis", &[("n", &(span.0 / 1_000))]),
        0..60 => tell("time.seconds", &[("n", &format_args!("{:.1}", span.as_secs_f64()))]),
        60..3_600 => tell("time.minutes", &[("m", &(secs / 60)), ("s", &(secs % 60))]),
        3_600..DAY_SECS => tell("time.hours", &[("h", &(secs / 3_600)), ("m", &(secs / 60 % 60))]),
        _ => tell("time.days", &[("d", &(secs / DAY_SECS))]),
    }
}

/// The time a download still takes: `00:07 left`.
#[must_use]
pub fn time_left(span: Micros) -> String {
    let secs = span.0.div_ceil(1_000_000);
    tell("upgrade.left", &[("time", &format_args!("{:02}:{:02}", secs / 60, secs % 60))])
}

/// A time of day with milliseconds, from milliseconds since 1970 and the zone's offset.
#[must_use]
pub fn clock(unix_millis: u64, utc_offset_secs: i32) -> String {
    let local = unix_millis.saturating_add_signed(i64::from(utc_offset_secs) * 1_000);
    let (secs, millis) = (local / 1_000 % DAY_SECS, local % 1_000);
    format!("{:02}:{:02}:{:02}.{millis:03}", secs / 3_600, secs / 60 % 60, secs % 60)
}

/// A day and time of day, from milliseconds since 1970 and the zone's offset: `2026-11-22 05:12:40`.
#[must_use]
pub fn date(unix_millis: u64, utc_offset_secs: i32) -> String {
    let local = unix_millis.saturating_add_signed(i64::from(utc_offset_secs) * 1_000);
    let time = i64::try_from(local).ok().and_then(chrono::DateTime::from_timestamp_millis);
    time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

/// The first digits of a digest, enough to tell two builds apart.
#[must_use]
pub fn short_md5(md5: &str) -> String {
    md5.get(..8).map_or_else(|| say("build.no-md5"), |head| format!("{head}…"))
}
