//! The one queue into the session: adapters put facts in, the window puts actions in.

use super::shelf::Prepared;
use crate::bench::Action;
use crate::event::Fact;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// How many inputs may wait. Full means the sender waits: a mad device is slowed down, nothing is lost.
const CAPACITY: usize = 4_096;

/// What goes into the session thread.
#[derive(Debug)]
pub enum Input {
    /// Something happened.
    Fact(Fact),
    /// The operator asks for something.
    Action(Action),
    /// A build was read.
    Prepared(Prepared),
    /// The session is to end.
    Stop,
}

/// The session is over; nobody reads this any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxClosed;

/// A handle to put inputs in; cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox(SyncSender<Input>);

impl Inbox {
    /// The queue and its reading end.
    #[must_use]
    pub fn new() -> (Self, Receiver<Input>) {
        let (sender, receiver) = sync_channel(CAPACITY);
        (Self(sender), receiver)
    }

    /// Puts a fact in, waiting while the queue is full.
    ///
    /// # Errors
    /// The session is over.
    pub fn fact(&self, fact: Fact) -> Result<(), InboxClosed> {
        self.put(Input::Fact(fact))
    }

    /// Puts any input in, waiting while the queue is full.
    ///
    /// # Errors
    /// The session is over.
    pub fn put(&self, input: Input) -> Result<(), InboxClosed> {
        self.0.send(input).map_err(|_| InboxClosed)
    }

    /// Puts a fact in from inside a multi-threaded tokio runtime: when the queue is full, the worker is handed over while it waits.
    ///
    /// # Errors
    /// The session is over.
    pub fn fact_from_runtime(&self, fact: Fact) -> Result<(), InboxClosed> {
        match self.0.try_send(Input::Fact(fact)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(input)) => tokio::task::block_in_place(|| self.put(input)),
            Err(TrySendError::Disconnected(_)) => Err(InboxClosed),
        }
    }
}
