//! Keeping a connection up: connect, subscribe, listen, and after each failure try again a little later.

use super::{GRACE, Stop};
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use crate::io::outbox::{Outbox, Receipt};
use crate::io::tls;
use rumqttc::{
    ConnectReturnCode, ConnectionError, Event, EventLoop, Outgoing, Packet, PubAck, PubComp, Publish, QoS, Request,
    SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One external broker, seen from the thread that talks to it.
pub(super) struct Connection {
    pub address: String,
    pub filters: Vec<String>,
    pub inbox: Inbox,
    pub outbox: Arc<Outbox>,
    pub stop: Arc<Stop>,
    pub events: EventLoop,
    /// Messages a lost connection had taken over and not written.
    pub unsent: Vec<Publish>,
    /// Of what was written with an acknowledgement asked for: who wants to know of it, by packet id.
    pub unacknowledged: HashMap<u16, Receipt>,
    /// Whether the broker let us in.
    pub connected: bool,
}

impl Connection {
    /// Runs until it is told to stop.
    pub(super) async fn keep_up(mut self) {
        let stop = Arc::clone(&self.stop);
        tokio::select! {
            () = stop.wake.notified() => {}
            () = self.run() => {}
        }
        self.leave().await;
    }

    async fn run(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.events.poll().await {
                Ok(event) => {
                    self.handle_event(event);
                    if self.connected {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(error) => {
                    self.tell(Fact::BrokerFailed { trouble: self.trouble(&error) });
                    self.collect_unsent();
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            for fact in self.outbox.take_drops("mqtt client") {
                self.tell(fact);
            }
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => self.handle_connected(),
            Event::Incoming(Packet::SubAck(ack)) => self.handle_subscribed(&ack),
            Event::Incoming(Packet::Publish(publish)) => self.tell(received(publish)),
            Event::Outgoing(Outgoing::Publish(packet)) => {
                if let Some(sent) = self.outbox.take() {
                    self.tell(sent.told);
                    self.keep_receipt(packet, sent.receipt);
                }
            }
            Event::Incoming(Packet::PubAck(PubAck { pkid }) | Packet::PubComp(PubComp { pkid })) => {
                if let Some(receipt) = self.unacknowledged.remove(&pkid) {
                    receipt.went_out();
                }
            }
            _ => {}
        }
    }

    /// Subscribes before anything else is sent, then what the last connection left over.
    fn handle_connected(&mut self) {
        self.connected = true;
        if self.filters.is_empty() {
            self.tell_started();
        } else {
            let filters = self.filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
            self.events.pending.push_back(Request::Subscribe(Subscribe::new_many(filters)));
        }
        self.events.pending.extend(self.unsent.drain(..).map(Request::Publish));
    }

    /// Without an acknowledgement to come, a message that was written is all that can be known.
    fn keep_receipt(&mut self, packet: u16, receipt: Option<Receipt>) {
        match receipt {
            Some(receipt) if packet == 0 => receipt.went_out(),
            Some(receipt) => drop(self.unacknowledged.insert(packet, receipt)),
            None => {}
        }
    }

    fn handle_subscribed(&mut self, ack: &SubAck) {
        for (filter, answer) in self.filters.iter().zip(&ack.return_codes) {
            if *answer == SubscribeReasonCode::Failure {
                let reason = format!("it refused the subscription to {filter}");
                let trouble = Trouble::new("broker-refused").with("address", &self.address).with("reason", reason);
                self.tell(Fact::BrokerFailed { trouble });
            }
        }
        if ack.return_codes.iter().any(|answer| *answer != SubscribeReasonCode::Failure) {
            self.tell_started();
        }
    }

    fn tell_started(&self) {
        self.tell(Fact::BrokerStarted { address: self.address.clone().into(), external: true });
    }

    /// Keeps what was never written for the next connection. What was written and not acknowledged is let go: sent again,
    /// it would start a second download in real devices. Who wants to know is told, and gets back what was not written.
    fn collect_unsent(&mut self) {
        self.connected = false;
        let waiting = self.events.state.collision.take().map(|publish| Publish { pkid: 0, ..publish });
        let pending = std::mem::take(&mut self.events.pending).into_iter().filter_map(|request| match request {
            Request::Publish(publish) if publish.pkid == 0 => Some(publish),
            _ => None,
        });
        self.unsent.extend(waiting.into_iter().chain(pending));
        let mut kept = self.outbox.give_back(self.unsent.len()).into_iter();
        self.unsent.retain(|_| kept.next().unwrap_or(true));
        self.unacknowledged.clear();
    }

    fn trouble(&self, error: &ConnectionError) -> Trouble {
        match error {
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => Trouble::new("broker-refused-password").with("address", &self.address),
            ConnectionError::ConnectionRefused(answer) => Trouble::new("broker-refused")
                .with("address", &self.address)
                .with("reason", format!("it answered {answer:?}")),
            error if let Some(trouble) = tls::of_broker(error, &self.address) => trouble,
            _ => {
                let code = if self.connected { "broker-connection-lost" } else { "broker-unreachable" };
                Trouble::new(code).with("address", &self.address).with("detail", error)
            }
        }
    }

    fn tell(&self, fact: Fact) {
        // After a stop nothing is told any more: it would come out of turn.
        if !self.stop.wanted.load(Ordering::Acquire) {
            let _ = self.inbox.fact(fact);
        }
    }

    /// Says goodbye, as far as that is quickly done.
    async fn leave(mut self) {
        if let Some(network) = self.events.network.as_mut() {
            let goodbye = async {
                network.write(Packet::Disconnect).await?;
                network.flush().await
            };
            let _ = tokio::time::timeout(GRACE / 2, goodbye).await;
        }
    }
}

fn received(publish: Publish) -> Fact {
    Fact::MessageReceived {
        client: None,
        payload: publish.payload.as_ref().into(),
        topic: publish.topic.into(),
        qos: publish.qos as u8,
        retain: publish.retain,
    }
}
