//! Who is connected: a bounded number, the longest idle gone first when it is full, and nobody for ever.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How much is put up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// How long a connection may be open without asking.
    pub idle: Duration,
    /// How long a request may take to come in.
    pub asking: Duration,
    /// How long a client may take nothing in: somebody may have stopped it in a debugger.
    pub stalled: Duration,
    /// How long the last bytes may take to leave.
    pub leaving: Duration,
    /// How often a long answer is told of while it is under way.
    pub progress: Duration,
}

impl Default for Limits {
    /// What a bench needs.
    fn default() -> Self {
        Self {
            connections: 1_024,
            idle: Duration::from_mins(5),
            asking: Duration::from_secs(30),
            stalled: Duration::from_mins(10),
            leaving: Duration::from_secs(5),
            progress: Duration::from_millis(250),
        }
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It waits for a request.
    Idle,
    /// A request is coming in.
    Asking,
    /// An answer is going out.
    Answering,
    /// The last bytes are going out.
    Leaving,
}

/// All that are connected.
#[derive(Debug)]
pub(super) struct Seats {
    limits: Limits,
    began: Instant,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: BTreeMap<u64, Arc<Place>>,
}

#[derive(Debug)]
struct Place {
    /// What its connection is doing in the lowest two bits, since how many milliseconds in the others.
    doing: AtomicU64,
    /// What it was doing when it was told to go.
    told: OnceLock<Doing>,
    leave: Notify,
}

/// One connection's seat, free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    place: Arc<Place>,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, began: now(), taken: Mutex::default() })
    }

    /// A seat for a new connection. When there is none, the longest idle connection is told to go; nothing when none is idle.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        let mut taken = self.lock();
        if taken.seats.len() >= self.limits.connections {
            let idle = taken.seats.iter().filter(|(_, place)| place.what() == Doing::Idle);
            let longest = idle.min_by_key(|(_, place)| place.since()).map(|(number, _)| *number)?;
            if let Some(place) = taken.seats.remove(&longest) {
                place.tell_to_go();
            }
        }
        let doing = AtomicU64::new(packed(Doing::Idle, self.millis()));
        let place = Arc::new(Place { doing, told: OnceLock::new(), leave: Notify::new() });
        taken.next += 1;
        let number = taken.next;
        taken.seats.insert(number, Arc::clone(&place));
        Some(Seat { seats: Arc::clone(self), number, place })
    }

    /// How many there are.
    pub(super) const fn limit(&self) -> usize {
        self.limits.connections
    }

    /// Tells those to go who have done the same for too long.
    pub(super) fn sweep(&self) {
        let now = self.millis();
        for place in self.lock().seats.values() {
            let limit = match place.what() {
                Doing::Idle => self.limits.idle,
                Doing::Asking => self.limits.asking,
                Doing::Answering => self.limits.stalled,
                Doing::Leaving => self.limits.leaving,
            };
            if Duration::from_millis(now.saturating_sub(place.since())) >= limit {
                place.tell_to_go();
            }
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(now().duration_since(self.began).as_millis()).unwrap_or(u64::MAX >> 2)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // The map is whole after every statement.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn what(&self) -> Doing {
        match self.doing.load(Ordering::Relaxed) & 3 {
            0 => Doing::Idle,
            1 => Doing::Asking,
            2 => Doing::Answering,
            _ => Doing::Leaving,
        }
    }

    fn since(&self) -> u64 {
        self.doing.load(Ordering::Relaxed) >> 2
    }

    fn tell_to_go(&self) {
        let _ = self.told.set(self.what());
        self.leave.notify_one();
    }
}

impl Seat {
    /// Notes what the connection does from now on; the same again: it has got on with it.
    pub(super) fn does(&self, doing: Doing) {
        self.place.doing.store(packed(doing, self.seats.millis()), Ordering::Relaxed);
    }

    /// Ends when the connection is to go; what it was doing then.
    pub(super) async fn told_to_go(&self) -> Doing {
        self.place.leave.notified().await;
        self.place.told.get().copied().unwrap_or(Doing::Idle)
    }

    /// How long a request may take to come in, and the like.
    pub(super) fn limits(&self) -> Limits {
        self.seats.limits
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().seats.remove(&self.number);
    }
}

const fn packed(doing: Doing, millis: u64) -> u64 {
    let doing = match doing {
        Doing::Idle => 0,
        Doing::Asking => 1,
        Doing::Answering => 2,
        Doing::Leaving => 3,
    };
    (millis << 2) | doing
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now() -> Instant {
    Instant::now()
}
