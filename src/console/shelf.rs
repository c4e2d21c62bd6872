//! Where a log keeps what does not fit its memory: a file, seen from inside.

use std::fmt::Debug;
use std::io;

/// Work that may wait for a disk, or takes long: it is done away from the window.
pub type Job = Box<dyn FnOnce() + Send>;

/// A place for bytes. It is used by several threads at once.
pub trait Shelf: Debug + Send + Sync {
    /// Adds bytes; gives where they are.
    ///
    /// # Errors
    /// The system's: full, read-only.
    fn put(&self, bytes: &[u8]) -> io::Result<u64>;

    /// Reads what was put there.
    ///
    /// # Errors
    /// The system's; bytes given up for newer ones are gone.
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()>;

    /// Everything before this place was given up for newer bytes.
    fn oldest(&self) -> u64;
}
