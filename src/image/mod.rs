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

/// What there is to say of a build, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The file's name, without its folder.
    pub name: String,
    /// Bytes in the image.
    pub size: u64,
    /// What its bytes add up to.
    pub digests: Digests,
    /// The version found in it, or in its name.
    pub version: Option<FoundVersion>,
}

impl Image {
    /// Describes the image of that name made of these bytes.
    #[must_use]
    pub fn describe(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            size: bytes.len() as u64,
            digests: digest(bytes),
            version: found_version(name, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_build_is_described_by_what_the_cloud_announces_of_it() {
        let image = Image::describe("lamp-2.0.0.bin", b"abc");
        assert_eq!(image.size, 3);
        assert_eq!(image.digests.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(image.version.map(|found| found.version).as_deref(), Some("2.0.0"));
    }
}
