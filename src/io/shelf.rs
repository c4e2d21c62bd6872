//! Reads builds on a thread of its own, and watches them: the session never waits for a file.

use super::build_file::{Snapshot, read, read_again};
use super::{Inbox, Input};
use crate::bench::PushOrder;
use crate::event::{ImageId, Trouble};
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Orders that may wait. Full means the operator is told to wait.
const CAPACITY: usize = 256;
/// A build is written in many steps; it is read once they have ceased for so long.
const SETTLE: Duration = Duration::from_millis(250);
/// How often a build that cannot be read is looked for again: no watch tells of a folder that is not there yet.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

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
        /// Its files in order, or the first one that could not be read.
        read: Result<Vec<ReadBuild>, (ImageId, Trouble)>,
    },
}

/// One build of a push, as it was when it was read.
#[derive(Debug)]
pub struct ReadBuild {
    /// Which.
    pub image: ImageId,
    /// Where.
    pub path: PathBuf,
    /// What was read.
    pub snapshot: Snapshot,
}

enum Order {
    Add(ImageId, PathBuf),
    Forget(ImageId),
    Push(PushOrder),
    Changed {
        path: PathBuf,
        /// It was removed or renamed: a watch on it is dead.
        gone: bool,
    },
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
            let gone = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
            if gone || matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_)) {
                for path in event.paths {
                    // A full queue already holds a reason to read.
                    let _ = told.try_send(Order::Changed { path, gone });
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
    /// Why it could not be read the last time.
    trouble: Option<Trouble>,
}

impl Entry {
    fn take(&mut self) -> Result<Snapshot, Trouble> {
        let taken = self.known.as_ref().map_or_else(|| read(&self.path), |known| read_again(&self.path, known));
        self.trouble = taken.as_ref().err().cloned();
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
            let order = if !self.changed.is_empty() {
                queue.recv_timeout(SETTLE)
            } else if self.builds.values().any(|entry| entry.trouble.is_some()) {
                queue.recv_timeout(LOOK_AGAIN)
            } else {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match order {
                Ok(Order::Add(image, path)) => {
                    self.builds.insert(image, Entry { path, known: None, trouble: None });
                    self.read(image);
                }
                Ok(Order::Forget(image)) => {
                    self.builds.remove(&image);
                }
                Ok(Order::Push(order)) => self.push(order),
                Ok(Order::Changed { path, gone }) => {
                    if gone && self.watched.contains(&path) {
                        self.unwatch(&path);
                    }
                    self.changed.insert(path);
                }
                Err(RecvTimeoutError::Timeout) => self.read_changed(),
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Watches the folder, not the file: builds are often replaced by renaming. A folder that is not there is watched
    /// as soon as a later reading finds it.
    fn watch(&mut self, path: &Path) {
        let (Some(folder), Some(watcher)) = (folder(path), &mut self.watcher) else { return };
        if !self.watched.contains(folder) && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
            self.watched.insert(folder.to_owned());
        }
    }

    /// Forgets a folder: what is watched is the one that once had this name, not the one that has it now.
    fn unwatch(&mut self, folder: &Path) {
        if self.watched.remove(folder)
            && let Some(watcher) = &mut self.watcher
        {
            // The system may have forgotten it already.
            let _ = watcher.unwatch(folder);
        }
    }

    /// Reads what changed, and what could not be read before.
    fn read_changed(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        let names: HashSet<_> = changed.iter().filter_map(|path| path.file_name()).collect();
        let touched = |entry: &Entry| {
            entry.trouble.is_some()
                || entry.path.file_name().is_some_and(|name| names.contains(name))
                || folder(&entry.path).is_some_and(|folder| changed.contains(folder))
        };
        let touched: Vec<_> = self.builds.iter().filter(|(_, entry)| touched(entry)).map(|(image, _)| *image).collect();
        for image in touched {
            self.read(image);
        }
    }

    /// Takes a build's bytes, with its folder watched before: a change that comes later is told.
    fn take(&mut self, image: ImageId) -> Option<Taken> {
        let path = self.builds.get(&image)?.path.clone();
        self.watch(&path);
        let entry = self.builds.get_mut(&image)?;
        let (before, trouble) = (entry.known.as_ref().map(|known| known.digests.clone()), entry.trouble.take());
        let read = entry.take();
        let news = match &read {
            Ok(snapshot) => trouble.is_some() || before.as_ref() != Some(&snapshot.digests),
            Err(now) => trouble.as_ref() != Some(now),
        };
        Some(Taken { path, read, news, was_troubled: trouble.is_some() })
    }

    fn read(&mut self, image: ImageId) {
        if let Some(Taken { path, read, news: true, .. }) = self.take(image) {
            let _ = self.inbox.put(Input::Prepared(Prepared::Image { image, path, read }));
        }
    }

    fn push(&mut self, order: PushOrder) {
        let images = std::iter::once(order.image).chain(order.extras.more.iter().copied());
        let read = images.map(|image| self.read_for_push(image).map_err(|trouble| (image, trouble))).collect();
        let _ = self.inbox.put(Input::Prepared(Prepared::Push { order, read }));
    }

    fn read_for_push(&mut self, image: ImageId) -> Result<ReadBuild, Trouble> {
        // A folder further up may have been renamed, of which no watch tells.
        if let Some(folder) = self.builds.get(&image).and_then(|entry| folder(&entry.path)).map(ToOwned::to_owned) {
            self.unwatch(&folder);
        }
        let taken = self.take(image).ok_or_else(|| Trouble::new("no-such-build"))?;
        let Taken { path, read, was_troubled, .. } = taken;
        if was_troubled && read.is_ok() {
            let cured = Prepared::Image { image, path: path.clone(), read: read.clone() };
            let _ = self.inbox.put(Input::Prepared(cured));
        }
        read.map(|snapshot| ReadBuild { image, path, snapshot })
    }
}

/// What reading a build gave.
struct Taken {
    path: PathBuf,
    read: Result<Snapshot, Trouble>,
    /// Whether it is other than before.
    news: bool,
    was_troubled: bool,
}

/// The folder a build is in.
fn folder(path: &Path) -> Option<&Path> {
    path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

#[cfg(test)]
mod tests {
    use super::{Inbox, Input, Prepared, PushOrder, Shelf};
    use crate::bench::PushExtras;
    use crate::io::InboxReader;
    use std::time::Duration;

    fn next(receiver: &InboxReader) -> (u32, Result<String, String>) {
        match receiver.recv_timeout(Duration::from_secs(10)).unwrap() {
            Input::Prepared(Prepared::Image { image, read, .. }) => {
                (image, read.map(|snapshot| snapshot.digests.md5).map_err(|trouble| trouble.code.to_string()))
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

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";
    const ONLY_A: &str = "0cc175b9c0f1b6a831c399e269772661";

    #[test]
    fn a_build_whose_folder_is_made_anew_is_read_and_watched_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("build");
        let path = folder.join("lamp.bin");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&path, "abc").unwrap();
        let (inbox, receiver) = Inbox::new();
        let shelf = Shelf::start(inbox).unwrap();
        shelf.add(1, path.clone()).unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(next(&receiver), (1, Err("file-not-found".into())));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
        std::fs::write(&path, "a").unwrap();
        assert_eq!(next(&receiver), (1, Ok(ONLY_A.into())));
    }

    #[test]
    fn a_build_whose_folder_gives_way_to_another_is_read_there() {
        let root = tempfile::tempdir().unwrap();
        let (folder, other) = (root.path().join("build"), root.path().join("other"));
        for (folder, bytes) in [(&folder, "abc"), (&other, "a")] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("lamp.bin"), bytes).unwrap();
        }
        let (inbox, receiver) = Inbox::new();
        let shelf = Shelf::start(inbox).unwrap();
        shelf.add(1, folder.join("lamp.bin")).unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
        std::fs::rename(&folder, root.path().join("old")).unwrap();
        std::fs::rename(&other, &folder).unwrap();
        // Between the two it may be seen to be gone.
        let there = std::iter::repeat_with(|| next(&receiver)).find(|(_, read)| read.is_ok());
        assert_eq!(there, Some((1, Ok(ONLY_A.into()))));
        std::fs::write(folder.join("lamp.bin"), "abc").unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
    }

    #[test]
    fn a_push_of_a_build_that_is_back_tells_first_that_it_is_back() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lamp.bin");
        std::fs::write(&path, "abc").unwrap();
        let (inbox, receiver) = Inbox::new();
        let shelf = Shelf::start(inbox).unwrap();
        shelf.add(1, path.clone()).unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(next(&receiver), (1, Err("file-not-found".into())));
        std::fs::write(&path, "abc").unwrap();
        let order = PushOrder {
            image: 1,
            device: "pk/dn".parse().unwrap(),
            dialect: "uiot".into(),
            version: "1".into(),
            module: None,
            timeout_secs: None,
            url_lifetime_secs: None,
            extras: PushExtras::default(),
            faults: Vec::new(),
        };
        shelf.prepare(order).unwrap();
        assert_eq!(next(&receiver), (1, Ok(ABC.into())));
        let pushed = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(pushed, Input::Prepared(Prepared::Push { read: Ok(_), .. })), "{pushed:?}");
    }
}
