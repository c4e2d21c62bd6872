//! MD5 and SHA-256 of an image, worked out together in one pass.

use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What an image's bytes add up to, in lower-case hex as both clouds write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// MD5, 32 hex digits.
    pub md5: String,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
}

/// Works out [`Digests`] from bytes in any chunking.
#[derive(Clone, Debug, Default)]
pub struct Digester {
    md5: Md5,
    sha256: Sha256,
}

impl Digester {
    /// A digester that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, chunk: &[u8]) {
        // In cache-sized pieces: the second digest finds the bytes where the first one left them.
        for piece in chunk.chunks(16 * 1024) {
            self.md5.update(piece);
            self.sha256.update(piece);
        }
    }

    /// The digests of all the bytes taken in.
    #[must_use]
    pub fn finish(self) -> Digests {
        Digests { md5: hex(&self.md5.finalize()), sha256: hex(&self.sha256.finalize()) }
    }
}

/// Works out the MD5 alone, as a device does while it downloads.
#[derive(Clone, Debug, Default)]
pub struct Md5Digester(Md5);

impl Md5Digester {
    /// A digester that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, chunk: &[u8]) {
        self.0.update(chunk);
    }

    /// The MD5 of all the bytes taken in, in lower-case hex.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The digests of bytes that are all at hand.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digests {
    let mut digester = Digester::new();
    digester.update(bytes);
    digester.finish()
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Digester, Md5Digester, digest};
    use proptest::prelude::*;

    fn check(bytes: &[u8], md5: &str, sha256: &str) {
        let digests = digest(bytes);
        assert_eq!(digests.md5, md5);
        assert_eq!(digests.sha256, sha256);
    }

    #[test]
    fn a_device_that_checks_the_announced_digest_finds_the_same() {
        check(
            b"",
            "d41d8cd98f00b204e9800998ecf8427e",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        );
        check(
            b"abc",
            "900150983cd24fb0d6963f7d28e17f72",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            &vec![b'a'; 1_000_000],
            "7707d6ae4e027c70eea2a935c2296f21",
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        );
    }

    proptest! {
        #[test]
        fn the_way_a_file_arrives_in_chunks_does_not_change_its_digest(
            bytes in prop::collection::vec(any::<u8>(), 0..40_000),
            chunk in 1_usize..5_000,
        ) {
            let mut both = Digester::new();
            let mut md5 = Md5Digester::new();
            for piece in bytes.chunks(chunk) {
                both.update(piece);
                md5.update(piece);
            }
            let whole = digest(&bytes);
            prop_assert_eq!(md5.finish(), whole.md5.clone());
            prop_assert_eq!(both.finish(), whole);
        }
    }
}
