//! A build: its digests, its size, the version it carries, the byte ranges asked of it and the bytes served of it.

mod coverage;
mod digest;
mod range;
mod version;

pub use coverage::Coverage;
pub use digest::{Digester, Digests, Md5Digester, digest};
pub use range::{Asked, ByteRange, asked};
pub use version::{FoundVersion, VersionSource, found_version};

/// How many of an image's first bytes [`Image::describe`] and [`found_version`] need to see.
pub const HEAD_BYTES: usize = version::HEAD_BYTES;
