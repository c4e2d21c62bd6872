//! The faults of one push that the server acts out: which answer they make of a request, and step by step how it leaves.

use super::answer::{Answer, Question};
use super::firmware::Firmware;
use crate::event::UpgradeId;
use crate::fault::Fault;
use crate::image::{Asked, asked};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is behind the path of a redirection, in its query. A device that follows gets the file under the same token.
const FOLLOWED: &str = "&Followed=1";
/// How long a head becomes, in bytes: more than the buffers of 1,024 that SDKs read it into.
const LONG_HEAD: usize = 1_300;
/// How long one line of the padding is, in bytes: it is the head that shall be too long, not a line.
const PADDING: usize = 100;

/// What a fault makes of a head.
type Dress = fn(&str) -> String;

/// The faults that change heads, in the order in which they do.
const DRESSES: &[(Fault, Dress)] = &[(Fault::Chunked, chunked), (Fault::LongHead, padded), (Fault::LowerCase, lowered)];

/// The faults armed for one file of one push.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) upgrade: UpgradeId,
    faults: Vec<Once>,
}

/// A fault, and whether it has acted.
#[derive(Debug)]
struct Once {
    fault: Fault,
    acted: AtomicBool,
}

/// How an answer leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    /// Bytes of the body a second, at most.
    pub(super) rate: Option<u64>,
    /// Whether the body is framed in chunks.
    pub(super) chunked: bool,
}

/// One step of sending an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The head leaves.
    Head,
    /// These bytes of the body leave.
    Body(Range<usize>),
    /// The fault with this number acts, at this byte of the file if at one.
    Act(usize, Option<u64>),
}

/// What follows from a fault that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing more than is in the other steps.
    Nothing,
    /// Nothing leaves for so long.
    Pause(Duration),
    /// The connection ends.
    Cut,
    /// Nothing ever leaves.
    Silence,
}

impl Armed {
    /// Those of a push's faults that the server acts out; nothing when there are none.
    pub(super) fn new(upgrade: UpgradeId, faults: &[Fault]) -> Option<Self> {
        let served = faults.iter().filter(|fault| fault.is_served());
        let faults: Vec<_> = served.map(|fault| Once { fault: fault.clone(), acted: AtomicBool::new(false) }).collect();
        (!faults.is_empty()).then_some(Self { upgrade, faults })
    }

    /// The file as the faults want it, under the name of the true one: nothing in an answer tells the difference.
    pub(super) fn spoil(&self, firmware: &Arc<Firmware>) -> Arc<Firmware> {
        let mut bytes = None;
        for Once { fault, .. } in &self.faults {
            let bytes = bytes.get_or_insert_with(|| firmware.bytes.to_vec());
            match fault {
                Fault::Flip { offset } => {
                    if let Some(byte) = usize::try_from(*offset).ok().and_then(|offset| bytes.get_mut(offset)) {
                        *byte = !*byte;
                    }
                }
                Fault::ShortBody { bytes: missing } => {
                    bytes.truncate(bytes.len().saturating_sub(usize::try_from(*missing).unwrap_or(usize::MAX)));
                }
                _ => {}
            }
        }
        let spoilt = bytes.filter(|bytes| **bytes != *firmware.bytes);
        spoilt.map_or_else(|| Arc::clone(firmware), |bytes| Arc::new(firmware.with(bytes)))
    }

    /// The answer to a request for a file of `size` bytes that the server now has as `firmware`, and how it leaves.
    pub(super) fn answer(&self, question: &Question<'_>, firmware: Arc<Firmware>, size: u64) -> (Answer, Script) {
        let followed = question.head.target.ends_with(FOLLOWED);
        if let Some(at) = self.faults.iter().position(|once| once.decides(followed)) {
            let answer = self.refusal(at, question);
            let script = self.script(&answer, vec![Step::Act(at, None)]);
            return (answer, script);
        }
        let mut steps = Vec::new();
        let range = question.head.header("Range").filter(|_| question.ranged);
        let ignores = self.position(|fault| *fault == Fault::IgnoreRange).filter(|_| range.is_some());
        steps.extend(ignores.map(|at| Step::Act(at, None)));
        let range = range.filter(|_| ignores.is_none());
        let mut answer = Answer::firmware(&Question { ranged: range.is_some(), ..*question }, firmware);
        let lacks = |fault: &Fault| matches!(fault, Fault::ShortBody { .. }) && end(range, size) > answer.end();
        steps.extend(self.position(lacks).map(|at| Step::Act(at, Some(answer.end()))));
        self.dress(&mut answer, &mut steps);
        let script = self.script(&answer, steps);
        (answer, script)
    }

    /// Lets a fault act: what it does, and whether that is to be told.
    pub(super) fn act(&self, number: usize) -> Option<(&Fault, Effect, bool)> {
        let once = self.faults.get(number)?;
        let acted_before = once.acted.swap(true, Ordering::Relaxed);
        let effect = match &once.fault {
            Fault::NoAnswer => Effect::Silence,
            Fault::Cut { .. } | Fault::Stall { .. } if acted_before => return None,
            Fault::Cut { .. } | Fault::CutEvery { .. } => Effect::Cut,
            Fault::Stall { millis, .. } | Fault::FirstByte { millis } => Effect::Pause(Duration::from_millis(*millis)),
            _ => Effect::Nothing,
        };
        // What holds for every answer is told of the first.
        let lasts = matches!(
            once.fault,
            Fault::IgnoreRange
                | Fault::ShortBody { .. }
                | Fault::Rate { .. }
                | Fault::FirstByte { .. }
                | Fault::LowerCase
                | Fault::Chunked
                | Fault::LongHead
        );
        Some((&once.fault, effect, !(lasts && acted_before)))
    }

    fn position(&self, is: impl Fn(&Fault) -> bool) -> Option<usize> {
        self.faults.iter().position(|once| is(&once.fault))
    }

    fn refusal(&self, at: usize, question: &Question<'_>) -> Answer {
        match self.faults.get(at).map(|once| &once.fault) {
            Some(Fault::NotFound) => Answer::error(question, 404, "not found\n", ""),
            Some(Fault::Expired) => Answer::error(question, 403, "expired\n", ""),
            Some(Fault::Redirect) => {
                let target = &question.head.target;
                let location = match question.head.header("Host").filter(|_| target.starts_with('/')) {
                    Some(host) => format!("Location: {}://{host}{target}{FOLLOWED}\r\n", question.scheme),
                    None => format!("Location: {target}{FOLLOWED}\r\n"),
                };
                Answer::error(question, 302, "found\n", &location)
            }
            _ => Answer::error(question, 500, "server error\n", ""),
        }
    }

    /// Changes the head as the faults want it, its length last but for the letters.
    fn dress(&self, answer: &mut Answer, steps: &mut Vec<Step>) {
        for (wanted, change) in DRESSES {
            if let Some(at) = self.position(|fault| fault == wanted) {
                answer.change_head(change);
                steps.push(Step::Act(at, None));
            }
        }
    }

    /// The steps in which an answer leaves, from those that come before its head.
    fn script(&self, answer: &Answer, mut steps: Vec<Step>) -> Script {
        let length = answer.body().len();
        let (mut marks, mut rate, mut chunked) = (Vec::new(), None, false);
        for (at, Once { fault, .. }) in self.faults.iter().enumerate() {
            let mark = |offset: u64| {
                let place = usize::try_from(offset.checked_sub(answer.offset)?).ok()?;
                (place < length && answer.has_firmware()).then_some((place, at, offset))
            };
            match fault {
                Fault::FirstByte { .. } => steps.push(Step::Act(at, None)),
                Fault::Rate { bytes_per_sec } => {
                    steps.push(Step::Act(at, None));
                    rate = Some(*bytes_per_sec);
                }
                Fault::Chunked => chunked = answer.has_firmware(),
                Fault::Flip { offset } | Fault::Cut { offset } | Fault::Stall { offset, .. } => {
                    marks.extend(mark(*offset));
                }
                Fault::CutEvery { bytes } => marks.extend(mark(answer.offset.saturating_add(*bytes))),
                _ => {}
            }
        }
        marks.sort_by_key(|(place, ..)| *place);
        steps.push(Step::Head);
        let mut from = 0;
        for (place, at, offset) in marks {
            steps.push(Step::Body(from..place));
            steps.push(Step::Act(at, Some(offset)));
            from = place;
        }
        steps.push(Step::Body(from..length));
        Script { steps, rate, chunked }
    }
}

impl Once {
    /// Whether it is the whole answer; a redirection only of those who have not followed it.
    fn decides(&self, followed: bool) -> bool {
        match self.fault {
            Fault::NoAnswer | Fault::NotFound | Fault::Expired | Fault::ServerError => true,
            Fault::Redirect => !followed,
            _ => false,
        }
    }
}

/// Where in a file of `size` bytes the answer to a request should end.
fn end(range: Option<&str>, size: u64) -> u64 {
    match asked(range, size) {
        Asked::Whole => size,
        Asked::Part(range) => range.last() + 1,
        Asked::Unsatisfiable => 0,
    }
}

/// The path without what a redirection has put behind it.
pub(super) fn unfollowed(path: &str) -> &str {
    path.strip_suffix(FOLLOWED).unwrap_or(path)
}

/// A head that says nothing of the body's length.
fn chunked(head: &str) -> String {
    each_line(head, |line| match line {
        ("Content-Length", _) => "Transfer-Encoding: chunked\r\n".to_owned(),
        (name, value) => format!("{name}: {value}"),
    })
}

/// A head with its names in lower case.
fn lowered(head: &str) -> String {
    each_line(head, |(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
}

/// A head with every line changed that has a name.
fn each_line(head: &str, change: impl Fn((&str, &str)) -> String) -> String {
    let lines = head.split_inclusive("\r\n");
    lines.map(|line| line.split_once(": ").map_or_else(|| line.to_owned(), &change)).collect()
}

/// A head with lines of padding before its empty line, [`LONG_HEAD`] bytes in all.
fn padded(head: &str) -> String {
    let around = "X-Padding: \r\n".len();
    let mut padded = head.strip_suffix("\r\n").unwrap_or(head).to_owned();
    while let Some(missing) = LONG_HEAD.checked_sub(padded.len() + 2).filter(|missing| *missing > around) {
        // What is left over must still hold a line.
        let line = if missing > 2 * PADDING {
            PADDING
        } else if missing > PADDING {
            missing / 2
        } else {
            missing
        };
        padded.push_str("X-Padding: ");
        padded.push_str(&"x".repeat(line - around));
        padded.push_str("\r\n");
    }
    padded + "\r\n"
}
