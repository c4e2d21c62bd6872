//! Who was turned away, and which devices have a secret.

use super::Bench;
use crate::dialect;
use crate::event::{Client, DeviceId, Trouble};

/// With so many devices on the list, one that was never let in no longer gets there: names are easily invented.
const MAX_STRANGERS: usize = 256;

impl Bench {
    /// A client was turned away. A device is on the list from then on, so that it can be given its secret.
    pub(super) fn turn_away(&mut self, seq: u64, client: &Client, trouble: &Trouble) {
        let Some((dialect, id)) = dialect::identify(&client.name, client.username.as_deref()) else { return };
        if self.devices.len() >= MAX_STRANGERS && !self.devices.contains_key(&id) {
            return;
        }
        let (now, external) = (self.now, self.external);
        if let Some(device) = self.meet(&id) {
            device.expected = Some(dialect.id().to_owned());
            device.last_seen = Some(now);
            if !external {
                device.online.get_or_insert(false);
            }
            device.refused = Some((seq, trouble.clone()));
        }
    }

    /// A device was given a secret, or has none any more.
    pub(super) fn note_secret(&mut self, id: &DeviceId, set: bool) {
        if let Some(device) = self.meet(id) {
            device.has_secret = set;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::Bench;
    use crate::event::{Client, DeviceId, Event, Fact, Micros, Trouble};

    fn client(username: &str) -> Client {
        Client {
            name: "P.D".into(),
            username: Some(username.into()),
            address: "10.0.0.7:5012".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 240,
        }
    }

    fn refused(username: &str) -> Fact {
        Fact::ClientRefused { client: client(username).into(), trouble: Trouble::new("wrong-secret") }
    }

    fn fold(facts: Vec<Fact>) -> Bench {
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            assert_eq!(bench.apply(&Event { seq, at: Micros(seq), fact }), []);
        }
        bench
    }

    #[test]
    fn a_device_that_was_turned_away_is_on_the_list_with_the_reason_until_it_is_let_in() {
        let id = DeviceId::new("P", "D");
        let bench = fold(vec![refused("P|D|1"), refused("P|D|1")]);
        let device = bench.device(&id).unwrap();
        assert_eq!((device.online, device.dialect()), (Some(false), Some("uiot-v2")));
        assert!(matches!(&device.refused, Some((2, trouble)) if trouble.code == "wrong-secret"));
        let bench = fold(vec![refused("P|D|1"), Fact::ClientConnected { client: client("P|D|1").into() }]);
        let device = bench.device(&id).unwrap();
        assert_eq!((device.online, &device.refused), (Some(true), &None));
    }

    #[test]
    fn invented_names_do_not_fill_the_list() {
        let bench = fold((0..1_000).map(|number| refused(&format!("P|D{number}|1"))).collect());
        assert_eq!(bench.devices().count(), super::MAX_STRANGERS);
        assert_eq!(fold(vec![refused("P|D")]).devices().count(), 0);
    }

    #[test]
    fn it_is_known_whether_a_device_has_a_secret_and_whether_the_bench_is_open() {
        let device = DeviceId::new("P", "D");
        let set = |set| Fact::SecretSet { device: device.clone(), set };
        assert!(fold(vec![set(true)]).device(&device).unwrap().has_secret);
        assert!(!fold(vec![set(true), set(false)]).device(&device).unwrap().has_secret);
        assert!(!fold(vec![]).is_open() && fold(vec![Fact::OpenSet { open: true }]).is_open());
    }
}
