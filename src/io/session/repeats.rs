//! What is sent again and again, and when it is due. It has no clock: time is handed in.

use crate::bench::FASTEST_REPEAT_MS;
use crate::event::Micros;
use std::collections::BTreeMap;

/// Repetitions by port and name.
#[derive(Debug, Default)]
pub struct Repeats(BTreeMap<(String, String), Repeat>);

#[derive(Debug)]
struct Repeat {
    bytes: Vec<u8>,
    every: Micros,
    /// Due at once when it has not been sent yet.
    next: Micros,
}

impl Repeats {
    /// Begins a repetition, or ends it. The first time is at once.
    pub fn set(&mut self, port: &str, name: &str, bytes: Vec<u8>, every_ms: Option<u64>) {
        let key = (port.to_owned(), name.to_owned());
        match every_ms {
            Some(every) => {
                let every = Micros::from_millis(every.max(FASTEST_REPEAT_MS));
                self.0.insert(key, Repeat { bytes, every, next: Micros(0) })
            }
            None => self.0.remove(&key),
        };
    }

    /// Ends every repetition to a port. Gives their names.
    pub fn forget(&mut self, port: &str) -> Vec<String> {
        let ended: Vec<_> = self.0.keys().filter(|(to, _)| to == port).cloned().collect();
        self.0.retain(|key, _| !ended.contains(key));
        ended.into_iter().map(|(_, name)| name).collect()
    }

    /// Ends the repetitions with these names, to whatever port. Gives them by port and name.
    pub fn end(&mut self, names: &[String]) -> Vec<(String, String)> {
        let ended: Vec<_> = self.0.keys().filter(|(_, name)| names.contains(name)).cloned().collect();
        self.0.retain(|key, _| !ended.contains(key));
        ended
    }

    /// When the next one is due.
    pub fn poll_timeout(&self) -> Option<Micros> {
        self.0.values().map(|repeat| repeat.next).min()
    }

    /// What is due: the port and the bytes. A beat that was missed is not made up for.
    pub fn take_due(&mut self, now: Micros) -> Vec<(String, Vec<u8>)> {
        let due = self.0.iter_mut().filter(|(_, repeat)| repeat.next <= now);
        due.map(|((port, _), repeat)| {
            let on_time = repeat.next + repeat.every;
            repeat.next = if on_time > now { on_time } else { now + repeat.every };
            (port.clone(), repeat.bytes.clone())
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Repeats;
    use crate::event::Micros;

    /// At these instants, in milliseconds, what is sent.
    fn check(repeats: &mut Repeats, now: u64, expected: &[&str]) {
        let due = repeats.take_due(Micros::from_millis(now));
        let due: Vec<_> =
            due.iter().map(|(port, bytes)| format!("{port} {}", String::from_utf8_lossy(bytes))).collect();
        assert_eq!(due, expected, "{now} ms");
    }

    #[test]
    fn a_repetition_keeps_its_beat_and_makes_up_for_none() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.poll_timeout(), None);
        repeats.set("COM7", "ping", b"ping".to_vec(), Some(100));
        check(&mut repeats, 1_000, &["COM7 ping"]);
        assert_eq!(repeats.poll_timeout(), Some(Micros::from_millis(1_100)));
        check(&mut repeats, 1_099, &[]);
        check(&mut repeats, 1_103, &["COM7 ping"]);
        check(&mut repeats, 1_200, &["COM7 ping"]);
        check(&mut repeats, 9_000, &["COM7 ping"]);
        check(&mut repeats, 9_050, &[]);
        repeats.set("COM9", "ping", b"other".to_vec(), Some(1));
        check(&mut repeats, 9_060, &["COM9 other"]);
        check(&mut repeats, 9_065, &[]);
        repeats.set("COM9", "ping", Vec::new(), None);
        check(&mut repeats, 9_100, &["COM7 ping"]);
        repeats.set("COM7", "pong", b"pong".to_vec(), Some(500));
        assert_eq!(repeats.end(&["pong".into(), "none".into()]), [("COM7".to_owned(), "pong".to_owned())]);
        assert_eq!(repeats.forget("COM7"), ["ping"]);
        assert_eq!(repeats.poll_timeout(), None);
    }
}
