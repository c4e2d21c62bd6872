//! Lines that say that a device crashed, or why it started.

use super::render::strip;
use crate::event::Micros;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// What a line of a console tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// ESP-IDF's `Guru Meditation Error`, and an abort.
    Guru,
    /// A processor's fault: hard, bus, usage, memory.
    Fault,
    /// An assertion that did not hold.
    Assert,
    /// A panic, or an operating system's fatal error.
    Panic,
    /// A watchdog, a brownout or an overrun stack.
    Watchdog,
    /// Why the device started: only a line to look for, not always a crash.
    Reset,
}

impl CrashKind {
    /// The key of its words.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Guru => "crash.guru",
            Self::Fault => "crash.fault",
            Self::Assert => "crash.assert",
            Self::Panic => "crash.panic",
            Self::Watchdog => "crash.watchdog",
            Self::Reset => "crash.reset",
        }
    }
}

/// A crash as a console told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When its line began.
    pub at: Micros,
    /// That line's number.
    pub line: u64,
    /// What it is.
    pub kind: CrashKind,
    /// The line's text.
    pub text: String,
    /// Whether something is wrong: a device that was switched on is well.
    pub bad: bool,
}

/// One word of each kind; a line without any of them is looked at no further.
static ANY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"Guru Meditation|abort\(\) was called|(?i:hard ?fault|bus fault|usage fault|mpu fault|memmanage|assert|panic)|FATAL ERROR|rst:0x|rst cause:|(?i:reset (reason|cause))|(?i:watchdog got triggered|brownout detector|stack canary|stack overflow)",
    )
    .ok()
});

const KINDS: &[(CrashKind, &str)] = &[
    (CrashKind::Guru, r"Guru Meditation|abort\(\) was called"),
    (CrashKind::Fault, r"(?i)\b(hard ?fault|bus fault|usage fault|mpu fault|memmanage)"),
    (CrashKind::Watchdog, r"(?i)watchdog got triggered|brownout detector|stack canary|stack overflow"),
    (CrashKind::Reset, r"\brst:0x|\brst cause:|(?i)\breset (reason|cause)\b"),
    (CrashKind::Assert, r"(?i)\bassert(ion)?\b.*\bfail|\bassert_?failed|\bASSERT\b|configASSERT|^(\S* )?assert\b"),
    (CrashKind::Panic, r"(?i)\bkernel panic|\bpanic(ked|'ed|!|:| \(|$)|^\W*panic\b|FATAL ERROR"),
];

static EACH: LazyLock<Vec<(CrashKind, Regex)>> =
    LazyLock::new(|| KINDS.iter().filter_map(|(kind, pattern)| Some((*kind, Regex::new(pattern).ok()?))).collect());

/// Starts that were meant: power, a pin, software.
static WELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)power|\bpor\b|\bpin\b|ext_?|SW_|software|RTC_SW|deepsleep|wakeup|rst cause:\s?[1246]\b|0x0?[135c]\b",
    )
    .ok()
});

/// As [`crash`], of a line as it came, colours and all.
pub(super) fn in_line(raw: &[u8]) -> Option<(CrashKind, bool)> {
    if memchr::memchr(0x1B, raw).is_none() {
        return crash(raw);
    }
    let mut plain = Vec::with_capacity(raw.len());
    strip(raw, &mut plain);
    crash(&plain)
}

/// What a line tells of, and whether it is bad; nothing for nearly every line.
#[must_use]
pub fn crash(raw: &[u8]) -> Option<(CrashKind, bool)> {
    if !ANY.as_ref()?.is_match(raw) {
        return None;
    }
    let (kind, _) = EACH.iter().find(|(_, pattern)| pattern.is_match(raw))?;
    let well = *kind == CrashKind::Reset && WELL.as_ref().is_some_and(|well| well.is_match(raw));
    Some((*kind, !well))
}

#[cfg(test)]
mod tests {
    use super::{CrashKind, crash};

    #[test]
    fn a_board_that_crashes_in_colour_is_heard_as_well() {
        let bad = |line: &[u8]| super::in_line(line).map(|(kind, _)| kind);
        assert_eq!(bad(b"\x1b[31mHard fault on thread 1\x1b[0m"), Some(CrashKind::Fault));
        assert_eq!(bad(b"\x1b[1;31massert failed: queue.c:1545\x1b[0m"), Some(CrashKind::Assert));
        assert_eq!(bad(b"\x1b[32mI (312) ota: 63 %\x1b[0m"), None);
    }

    #[test]
    fn what_boards_print_when_they_crash_is_told_from_what_they_print_all_day() {
        let check = |line: &str, expected| assert_eq!(crash(line.as_bytes()), expected, "{line}");
        let bad = |kind| Some((kind, true));
        check(
            "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
            bad(CrashKind::Guru),
        );
        check("abort() was called at PC 0x400d1234 on core 0", bad(CrashKind::Guru));
        check("assert failed: xQueueSemaphoreTake queue.c:1545 (( pxQueue ))", bad(CrashKind::Assert));
        check("ASSERTION FAIL [buf != NULL] @ WEST_TOPDIR/zephyr/subsys/net/buf.c:200", bad(CrashKind::Assert));
        check(
            "(rt_object_get_type(&m->parent.parent) == RT_Object_Class_Mutex) assertion failed at function:rt_mutex_take",
            bad(CrashKind::Assert),
        );
        check("[00:00:01.000,000] <err> os: ***** BUS FAULT *****", bad(CrashKind::Fault));
        check("[00:00:01.000,000] <err> os: >>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0", bad(CrashKind::Panic));
        check("hard fault on thread: tshell", bad(CrashKind::Fault));
        check("HardFault_Handler", bad(CrashKind::Fault));
        check("Kernel panic - not syncing: VFS", bad(CrashKind::Panic));
        check("panicked at src/main.rs:12:5:", bad(CrashKind::Panic));
        check(
            "E (12) task_wdt: Task watchdog got triggered. The following tasks did not reset",
            bad(CrashKind::Watchdog),
        );
        check("Brownout detector was triggered", bad(CrashKind::Watchdog));
        check("rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", Some((CrashKind::Reset, false)));
        check("rst:0xc (SW_CPU_RESET),boot:0x13", Some((CrashKind::Reset, false)));
        check("rst:0x8 (TG1WDT_SYS_RESET),boot:0x13", bad(CrashKind::Reset));
        check(" ets Jan  8 2013,rst cause:4, boot mode:(3,6)", Some((CrashKind::Reset, false)));
        check("Reset reason: watchdog", bad(CrashKind::Reset));
        check("I (312) ota: start, panic handler installed", None);
        check("I (312) cfg: asserts are on", None);
        check("I (312) ota: 63 %", None);
    }
}
