//! A build on the list.

use crate::event::{Micros, Trouble};

/// One firmware file the operator works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Where the file is.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// MD5, lower-case hex.
    pub md5: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// The version it carries, in itself or in its name.
    pub version: Option<String>,
    /// When it was last read.
    pub read_at: Micros,
    /// Whether the file changed since it was put on the list.
    pub rebuilt: bool,
    /// Why the file cannot be read at the moment.
    pub trouble: Option<Trouble>,
}
