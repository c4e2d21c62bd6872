//! A replay that runs: a thread that keeps the time, and a connection for each speaker.

mod board;
mod books;
mod line;
mod pacer;
mod play;
mod target;
mod trials;

use super::Inbox;
use super::broker_url::BrokerUrl;
use super::tls::Trust;
use crate::bench::{ReplayOrder, Steer};
use crate::event::{Fact, ReplayId, Trouble};
use board::Board;
use books::Phase;
use pacer::Pacer;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How long stopping may take. Only a thread that waits for room in the inbox, or for its last acknowledgements, needs it.
const GRACE: Duration = Duration::from_millis(500);
/// Connections of one replay at most.
const MAX_SPEAKERS: usize = 64;

/// How messages leave.
#[derive(Clone, PartialEq, Eq)]
pub enum Route {
    /// Over connections of the replay's own to this broker.
    Broker {
        /// `mqtt://user:password@host:port` or `mqtts://…`. What signs in there goes before the devices' own.
        url: String,
        /// Whom it trusts over TLS.
        trust: Trust,
    },
    /// As the cloud of this session: it publishes them itself.
    Cloud,
}

/// A replay to be run.
pub struct ReplayerOptions {
    /// Names it within its session.
    pub replay: ReplayId,
    /// What is to happen. Each speaker's secret is filled in.
    pub order: ReplayOrder,
    /// How.
    pub route: Route,
    /// Whether somebody orders the capture's upgrades again when it comes to them.
    pub judged: bool,
    /// Where what happens is told.
    pub inbox: Inbox,
}

/// A replay that runs. Dropping it stops it.
pub struct Replayer {
    board: Arc<Board>,
    as_cloud: bool,
    ended: Receiver<()>,
}

/// Steers a replay. It keeps nothing running.
#[derive(Clone)]
pub struct Wheel(Arc<Board>);

impl Wheel {
    /// Pauses, resumes or stops it, or takes its next step.
    pub fn steer(&self, steer: Steer) {
        self.0.steer(steer);
    }

    /// Ends it once it has taken the steps it was asked for.
    pub fn end_after_steps(&self) {
        self.0.change(|books| books.wishes.no_more_steps = true);
    }
}

impl Replayer {
    /// Starts a replay. How it goes is told in facts, the last of them `replay_ended`; that it started is the caller's to tell.
    ///
    /// # Errors
    /// `bad-broker-url`, `broker-url-scheme`, `replay-empty`, `too-many-speakers`, `thread-not-started`; over TLS
    /// `bad-certificate-file`, `bad-key-file`, `no-system-ca`.
    pub fn start(options: ReplayerOptions) -> Result<Self, Trouble> {
        if options.order.total() == 0 {
            return Err(Trouble::new("replay-empty").with("source", &options.order.source));
        }
        if options.order.speakers.len() > MAX_SPEAKERS {
            return Err(Trouble::new("too-many-speakers").with("limit", MAX_SPEAKERS));
        }
        let broker = match &options.route {
            Route::Broker { url, trust } => {
                let broker = BrokerUrl::parse(url)?;
                if broker.tls {
                    trust.client_config()?;
                }
                Some(broker)
            }
            Route::Cloud => None,
        };
        let as_cloud = broker.is_none();
        let board = Arc::new(Board::new(if as_cloud { 1 } else { options.order.speakers.len() }));
        let (holding, ended) = sync_channel(0);
        let pacer = Pacer::new(options, broker, Arc::clone(&board))?;
        std::thread::Builder::new()
            .name("replay".into())
            .spawn(move || {
                pacer.run();
                drop::<std::sync::mpsc::SyncSender<()>>(holding);
            })
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { board, as_cloud, ended })
    }

    /// Pauses, resumes or stops it, or takes its next step.
    pub fn steer(&self, steer: Steer) {
        self.board.steer(steer);
    }

    /// Something to steer it with, for other threads.
    #[must_use]
    pub fn wheel(&self) -> Wheel {
        Wheel(Arc::clone(&self.board))
    }

    /// The session's broker is lost: whoever speaks as its cloud waits for it, or ends.
    pub fn note_broker_lost(&self, why: &Trouble) {
        if self.as_cloud {
            self.board.change(|books| {
                for line in &mut books.lines {
                    line.is_back = false;
                    line.phase = Phase::Lost { why: why.clone(), refused: false };
                }
            });
        }
    }

    /// An upgrade that it asked for was ordered, or was not and does not count.
    pub fn note_order(&self, ordered: bool) {
        self.board.change(|books| {
            let count = if ordered { &mut books.ordered } else { &mut books.refused };
            *count += 1;
        });
    }

    /// The session has a broker again.
    pub fn note_broker_back(&self) {
        if self.as_cloud {
            self.board.change(|books| books.lines.iter_mut().for_each(|line| line.is_back = true));
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.ended.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Disconnected))
    }
}

impl Drop for Replayer {
    fn drop(&mut self) {
        self.board.steer(Steer::Stop);
        // Not a join: whoever drops us may be the reader of the full inbox that the thread waits for.
        let _ = self.ended.recv_timeout(GRACE);
    }
}

/// The fact that a replay begins.
#[must_use]
pub fn started(replay: ReplayId, order: &ReplayOrder, target: String) -> Fact {
    let mut devices = order.devices();
    let device = devices.next().filter(|first| devices.all(|other| other == *first)).cloned();
    Fact::ReplayStarted {
        replay,
        source: order.source.clone().into(),
        target: target.into(),
        downstream: order.downstream,
        device: device.map(Box::new),
        speed: order.speed.to_string().into(),
        messages: order.messages(),
        rounds: order.rounds,
    }
}
