//! Reads builds on a thread of its own, and watches them: the session never waits for a file.

use super::build_file::{Snapshot, read, read_again};
use super::{Inbox, Input};
use crate::bench::PushOrder;
use crate::event::{ImageId, Trouble};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Orders that may wait. Full means the operator is told to wait.
const CAPACITY: usize = 256;
/// A build is written in many steps; it is read once they have ceased for so long.
const SETTLE: Duration = Duration::from_millis(250);

/// What the shelf has read.
#[derive(Debug)]
pub enum Prepared {
    /// A build was put on the list, or its file changed.
    Image {
        /// Which.
        image: ImageId,
        /// Where.
        path: PathBuf,
        /// What was read.
        read: Result<Snapshot, Trouble>,
    },
    /// A build is ready to be pushed, as it was at this instant.
    Push {
        /// What was ordered.
        order: PushOrder,
        /// Where.
        path: PathBuf,
        /// What was read.
        read: Result<Snapshot, Trouble>,
    },
}

enum Order {
    Add(ImageId, PathBuf),
    Forget(ImageId),
    Push(PushOrder),
    Changed(PathBuf),
    Stop,
}

/// The builds on the list, with their bytes.
pub struct Shelf {
    orders: SyncSender<Order>,
}

impl Shelf {
    /// Starts the thread. It ends when the shelf is dropped.
    ///
    /// # Errors
    /// `thread-not-started` with `detail`.
    pub fn start(inbox: Inbox) -> Result<Self, Trouble> {
        let (orders, queue) = sync_channel(CAPACITY);
        let told = orders.clone();
        // A watcher that cannot be had (too many watches) costs the "rebuilt" mark, not the bench: Push reads again anyway.
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)) {
                for path in event.paths {
                    // A full queue already holds a reason to read.
                    let _ = told.try_send(Order::Changed(path));
                }
            }
        });
        let reader = Reader {
            inbox,
            watcher: watcher.ok(),
            watched: HashSet::new(),
            builds: HashMap::new(),
            changed: HashSet::new(),
        };
        std::thread::Builder::new()
            .name("builds".into())
            .spawn(move || reader.run(&queue))
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { orders })
    }

    /// Puts a file on the shelf; it comes back as [`Prepared::Image`].
    ///
    /// # Errors
    /// `builds-busy`: too much waits already.
    pub fn add(&self, image: ImageId, path: PathBuf) -> Result<(), Trouble> {
        self.order(Order::Add(image, path))
    }

    /// Takes a file off the shelf.
    ///
    /// # Errors
    /// `builds-busy`.
    pub fn forget(&self, image: ImageId) -> Result<(), Trouble> {
        self.order(Order::Forget(image))
    }

    /// Takes a build's bytes as they are now; they come back as [`Prepared::Push`].
    ///
    /// # Errors
    /// `builds-busy`.
    pub fn prepare(&self, order: PushOrder) -> Result<(), Trouble> {
        self.order(Order::Push(order))
    }

    fn order(&self, order: Order) -> Result<(), Trouble> {
        self.orders.try_send(order).map_err(|_| Trouble::new("builds-busy"))
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        // The watcher holds a sender too, so the queue would never be seen to end.
        let _ = self.orders.try_send(Order::Stop);
    }
}

/// One build with what is known of its file.
struct Entry {
    path: PathBuf,
    known: Option<Snapshot>,
    troubled: bool,
}

impl Entry {
    fn take(&mut self) -> Result<Snapshot, Trouble> {
        let taken = self.known.as_ref().map_or_else(|| read(&self.path), |known| read_again(&self.path, known));
        self.troubled = taken.is_err();
        if let Ok(snapshot) = &taken {
            self.known = Some(snapshot.clone());
        }
        taken
    }
}

struct Reader {
    inbox: Inbox,
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
    builds: HashMap<ImageId, Entry>,
    changed: HashSet<PathBuf>,
}

impl Reader {
    fn run(mut self, queue: &Receiver<Order>) {
        loop {
            let order = if self.changed.is_empty() {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(SETTLE)
            };
            match order {
                Ok(Order::Add(image, path)) => {
                    self.watch(&path);
                    self.builds.insert(image, Entry { path, known: None, troubled: false });
                    self.read(image);
                }
                Ok(Order::Forget(image)) => {
                    self.builds.remove(&image);
                }
                Ok(Order::Push(order)) => self.push(order),
                Ok(Order::Changed(path)) => {
                    self.changed.insert(path);
                }
                Err(RecvTimeoutError::Timeout) => self.read_changed(),
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Watches the folder, not the file: builds are often replaced by renaming.
    fn watch(&mut self, path: &Path) {
        let Some(folder) =
            path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        else {
            return;
        };
        if let Some(watcher) = &mut self.watcher
            && self.watched.insert(folder.to_owned())
        {
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
    }

    fn read_changed(&mut self) {
        let names: HashSet<_> =
            self.changed.drain().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        let touched: Vec<_> = self
            .builds
            .iter()
            .filter(|(_, entry)| entry.path.file_name().is_some_and(|name| names.contains(name)))
            .map(|(image, _)| *image)
            .collect();
        for image in touched {
            self.read(image);
        }
    }

    fn read(&mut self, image: ImageId) {
        let Some(entry) = self.builds.get_mut(&image) else { return };
        let (before, was_troubled) = (entry.known.as_ref().map(|known| known.digests.clone()), entry.troubled);
        let read = entry.take();
        let unchanged = read.as_ref().is_ok_and(|new| before.as_ref() == Some(&new.digests));
        if !unchanged || was_troubled {
            let _ = self.inbox.put(Input::Prepared(Prepared::Image { image, path: entry.path.clone(), read }));
        }
    }

    fn push(&mut self, order: PushOrder) {
        let Some(entry) = self.builds.get_mut(&order.image) else { return };
        let read = entry.take();
        let _ = self.inbox.put(Input::Prepared(Prepared::Push { order, path: entry.path.clone(), read }));
    }
}

#[cfg(test)]
mod tests {
    use super::{Inbox, Input, Prepared, Shelf};
    use crate::io::InboxReader;
    use std::time::Duration;

    fn next(receiver: &InboxReader) -> (u32, Result<String, String>) {
        match receiver.recv_timeout(Duration::from_secs(10)).unwrap() {
            Input::Prepared(Prepared::Image { image, read, .. }) => {
                (image, read.map(|snapshot| snapshot.digests.md5).map_err(|trouble| trouble.code.into_owned()))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rebuilt_file_is_read_again_by_itself_even_after_it_was_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lamp.bin");
        std::fs::write(&path, "abc").unwrap();
        let (inbox, receiver) = Inbox::new();
        let shelf = Shelf::start(inbox).unwrap();
        shelf.add(1, path.clone()).unwrap();
        assert_eq!(next(&receiver), (1, Ok("900150983cd24fb0d6963f7d28e17f72".into())));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(next(&receiver), (1, Err("file-not-found".into())));
        // The same bytes again: the trouble must go away all the same.
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(next(&receiver), (1, Ok("900150983cd24fb0d6963f7d28e17f72".into())));
    }
}
