//! Saves bench files on a thread of its own: the session never waits for a disk.

use crate::bench::{QuickSend, SavedMessage};
use crate::event::{Fact, Trouble};
use crate::io::{Inbox, bench_file};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Saves that may wait.
const CAPACITY: usize = 16;
/// How long the end of a session waits for a slow disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be saved.
pub enum Kept {
    /// What is sent with one click.
    QuickSends(Vec<QuickSend>),
    /// Messages to be published.
    Messages(Vec<SavedMessage>),
}

/// What is to be saved, and where.
type Order = (PathBuf, Kept);

/// Saves in the order it is asked to. Dropping it waits until all is saved.
pub struct Saver {
    inbox: Inbox,
    running: Option<(SyncSender<Order>, Receiver<()>)>,
}

impl Saver {
    /// One that has nothing to do yet.
    pub const fn new(inbox: Inbox) -> Self {
        Self { inbox, running: None }
    }

    /// Saves it. A trouble is told once it is known.
    ///
    /// # Errors
    /// `file-unwritable` when too many wait, `thread-not-started`.
    pub fn save(&mut self, file: &Path, kept: Kept) -> Result<(), Trouble> {
        if self.running.is_none() {
            self.running = Some(start(self.inbox.clone())?);
        }
        let busy = || Trouble::new("file-unwritable").with("path", file.display()).with("detail", "busy");
        let (orders, _) = self.running.as_ref().ok_or_else(busy)?;
        orders.try_send((file.to_owned(), kept)).map_err(|_| busy())
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        if let Some((orders, done)) = self.running.take() {
            drop(orders);
            // It ends by hanging up.
            let _ = done.recv_timeout(PATIENCE);
        }
    }
}

fn start(inbox: Inbox) -> Result<(SyncSender<Order>, Receiver<()>), Trouble> {
    let (orders, queue) = sync_channel::<Order>(CAPACITY);
    let (holding, done) = sync_channel(0);
    let saving = move || {
        while let Ok((file, kept)) = queue.recv() {
            let saved = match &kept {
                Kept::QuickSends(sends) => bench_file::save_quick_sends(&file, sends),
                Kept::Messages(messages) => bench_file::save_messages(&file, messages),
            };
            if let Err(trouble) = saved {
                let _ = inbox.fact(Fact::TroubleMet { trouble });
            }
        }
        drop::<SyncSender<()>>(holding);
    };
    std::thread::Builder::new()
        .name("saves".into())
        .spawn(saving)
        .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
    Ok((orders, done))
}

#[cfg(test)]
mod tests {
    use super::{Kept, Saver};
    use crate::bench::QuickSend;
    use crate::event::Fact;
    use crate::io::{Inbox, Input};

    #[test]
    fn the_last_of_many_saves_is_what_is_kept_and_a_trouble_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        std::fs::write(&file, "").unwrap();
        let (inbox, facts) = Inbox::new();
        let mut saver = Saver::new(inbox);
        for number in 0..5 {
            let send = QuickSend { send: number.to_string(), ..QuickSend::default() };
            saver.save(&file, Kept::QuickSends(vec![send])).unwrap();
        }
        saver.save(&folder.path().join("none.toml"), Kept::Messages(Vec::new())).unwrap();
        drop(saver);
        assert!(std::fs::read_to_string(&file).unwrap().contains("send = \"4\""));
        let Ok(Input::Fact(Fact::TroubleMet { trouble })) = facts.try_recv() else { panic!("nothing is told") };
        assert_eq!(trouble.code, "file-unreadable");
    }
}
