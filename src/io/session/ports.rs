//! The session's serial ports: which there are, and what is asked of them.

use super::repeats::Repeats;
use crate::bench::Action;
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use crate::io::serial::TendedPort;
use std::collections::HashMap;

/// Every port that was asked for in this session, open or not, by the name its facts have.
pub struct Ports {
    inbox: Inbox,
    tended: HashMap<String, TendedPort>,
    /// What is sent again and again.
    pub repeats: Repeats,
}

impl Ports {
    /// None yet.
    pub fn new(inbox: Inbox) -> Self {
        Self { inbox, tended: HashMap::new(), repeats: Repeats::default() }
    }

    /// Does what is asked of a port. Returns what is known to have happened at once.
    pub fn act(&mut self, action: Action) -> Vec<Fact> {
        let done = match action {
            Action::OpenPort { port, settings, identity } => {
                self.tended(&port).and_then(|tended| tended.open(settings, identity))
            }
            Action::BindPort { port, device } => return vec![Fact::PortBound { port: port.into(), device }],
            Action::MoveLines { port, line } => self.known(&port).and_then(|tended| tended.move_lines(line)),
            Action::SendFile { port, file } => self.known(&port).and_then(|tended| tended.send_file(file)),
            Action::CancelFile(port) => self.known(&port).map(TendedPort::cancel_files),
            Action::Repeat { port, name, bytes, every_ms } => {
                self.repeats.set(&port, &name, bytes, every_ms);
                return vec![Fact::RepeatSet { port: port.into(), name: name.into(), every_ms }];
            }
            Action::EndRepeats(names) => {
                let ended = self.repeats.end(&names).into_iter();
                return ended
                    .map(|(port, name)| Fact::RepeatSet { port: port.into(), name: name.into(), every_ms: None })
                    .collect();
            }
            // Whoever hands it over keeps to what is above.
            _ => Ok(()),
        };
        done.err().map(|trouble| Fact::TroubleMet { trouble }).into_iter().collect()
    }

    /// Closes a port, or ends waiting for it; what is sent again and again to it ends too.
    pub fn close(&self, port: &str) -> Result<(), Trouble> {
        self.tended.get(port).map_or(Ok(()), TendedPort::close)
    }

    /// Sends to a port; gives the bytes back when there is none of that name.
    pub fn send(&self, port: &str, bytes: Vec<u8>) -> Result<Option<Fact>, Vec<u8>> {
        let Some(tended) = self.tended.get(port) else { return Err(bytes) };
        Ok(tended.send(bytes).err().map(|trouble| Fact::TroubleMet { trouble }))
    }

    /// Sends what is sent again and again; gives the bytes back when there is no port of that name.
    pub fn send_beat(&self, port: &str, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let Some(tended) = self.tended.get(port) else { return Err(bytes) };
        tended.send_beat(bytes);
        Ok(())
    }

    /// Closes all of them.
    pub fn stop(&mut self) {
        // All at once: each may take a moment.
        self.tended.values().for_each(TendedPort::leave);
        self.tended.clear();
    }

    fn tended(&mut self, port: &str) -> Result<&TendedPort, Trouble> {
        if !self.tended.contains_key(port) {
            self.tended.insert(port.to_owned(), TendedPort::new(port, self.inbox.clone())?);
        }
        self.known(port)
    }

    fn known(&self, port: &str) -> Result<&TendedPort, Trouble> {
        self.tended.get(port).ok_or_else(|| Trouble::new("port-gone").with("port", port))
    }
}
