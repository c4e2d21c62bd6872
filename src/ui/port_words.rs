//! What happens at a serial port, in words: for the Messages pane and for the port's own console.

use super::words::{self, say, tell};
use crate::event::Fact;

/// What happened, in one line; nothing for what is no port's.
#[must_use]
pub fn told(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::PortOpened { port, settings } => tell("fact.port-opened", &[("port", port), ("settings", settings)]),
        Fact::PortClosed { trouble: Some(trouble), .. } | Fact::FileEnded { trouble: Some(trouble), .. } => {
            words::trouble(trouble).cause
        }
        Fact::PortClosed { port, trouble: None } => tell("fact.port-closed", &[("port", port)]),
        Fact::PortMoved { port, now } => tell("fact.port-moved", &[("port", port), ("now", now)]),
        Fact::PortBound { port, device: Some(device) } => {
            tell("fact.port-bound", &[("port", port), ("device", &device.device)])
        }
        Fact::PortBound { port, device: None } => tell("fact.port-free", &[("port", port)]),
        Fact::LinesMoved { port, line } => {
            let what = say(&format!("lines.{}", line.name()));
            tell("fact.lines-moved", &[("port", port), ("what", &what)])
        }
        Fact::FileStarted { port, name, size } => {
            tell("fact.file-started", &[("port", port), ("name", name), ("size", &words::bytes(*size))])
        }
        Fact::FileEnded { port, name, sent, complete, sha256, .. } => {
            let key = if *complete { "fact.file-sent" } else { "fact.file-cancelled" };
            let [name, sha256] = [name, sha256].map(|text| text.as_deref().unwrap_or_default());
            tell(key, &[("port", port), ("name", &name), ("bytes", sent), ("sha256", &sha256)])
        }
        Fact::RepeatSet { port, name, every_ms: Some(every) } => {
            tell("fact.repeat-on", &[("port", port), ("name", name), ("every", every)])
        }
        Fact::RepeatSet { port, name, every_ms: None } => tell("fact.repeat-off", &[("port", port), ("name", name)]),
        _ => return None,
    })
}

/// The line a port's console gets for a fact. For opening and closing it has words of its own.
#[must_use]
pub fn note(fact: &Fact) -> Option<(&str, String)> {
    match fact {
        Fact::TroubleMet { trouble } => Some((trouble.arg("port")?, words::trouble(trouble).cause)),
        Fact::PortMoved { port, .. }
        | Fact::PortBound { port, .. }
        | Fact::LinesMoved { port, .. }
        | Fact::FileStarted { port, .. }
        | Fact::FileEnded { port, .. }
        | Fact::RepeatSet { port, .. } => Some((port, told(fact)?)),
        _ => None,
    }
}
