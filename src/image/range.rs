//! The `Range` header of a request, read against the size of the image (RFC 9110, section 14).

/// Some bytes of an image, never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Where they begin.
    pub offset: u64,
    /// How many, at least 1.
    pub length: u64,
}

impl ByteRange {
    /// The last byte's place, as `Content-Range` writes it.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.offset + (self.length - 1)
    }
}

/// What a request asks of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it: no range, one that makes no sense, or several (which a server may ignore, and no device can read).
    Whole,
    /// These bytes: answer 206.
    Part(ByteRange),
    /// Bytes the image does not have: answer 416.
    Unsatisfiable,
}

/// Reads the value of a `Range` header against an image of `size` bytes.
///
/// An end past the image is cut to its end: a real SDK's last range always overshoots.
#[must_use]
pub fn asked(header: Option<&str>, size: u64) -> Asked {
    match header.and_then(spec) {
        None => Asked::Whole,
        Some(Spec::Between(first, last)) => between(first, last, size),
        Some(Spec::From(first)) => between(first, u64::MAX, size),
        Some(Spec::Last(count)) => match count.min(size) {
            0 => Asked::Unsatisfiable,
            length => Asked::Part(ByteRange { offset: size - length, length }),
        },
    }
}

/// One range as it is written, before the size is known.
enum Spec {
    Between(u64, u64),
    From(u64),
    Last(u64),
}

fn between(first: u64, last: u64, size: u64) -> Asked {
    if first >= size {
        return Asked::Unsatisfiable;
    }
    // `first < size`, so there is a last byte, and it is not before the first.
    let end = last.min(size - 1);
    Asked::Part(ByteRange { offset: first, length: end - first + 1 })
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n`; anything else is nothing.
fn spec(header: &str) -> Option<Spec> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    match (first.trim_end(), last.trim_start()) {
        ("", count) => Some(Spec::Last(number(count)?)),
        (first, "") => Some(Spec::From(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::Between(first, last))
        }
    }
}

/// Digits only; a number too large for 64 bits lies past every image, and so does `u64::MAX`.
fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Asked, ByteRange, asked};
    use proptest::prelude::*;

    const WHOLE: Asked = Asked::Whole;
    const NONE: Asked = Asked::Unsatisfiable;

    fn part(offset: u64, length: u64) -> Asked {
        Asked::Part(ByteRange { offset, length })
    }

    fn check(size: u64, table: &[(&str, Asked)]) {
        for (header, expected) in table {
            assert_eq!(asked(Some(header), size), *expected, "{header:?} of {size} bytes");
        }
    }

    #[test]
    fn a_device_gets_exactly_the_bytes_it_asks_for() {
        assert_eq!(asked(None, 10_000), WHOLE);
        check(
            10_000,
            &[
                ("bytes=0-4096", part(0, 4_097)),
                ("bytes=4097-8193", part(4_097, 4_097)),
                ("bytes=8194-12290", part(8_194, 1_806)),
                ("bytes=0-", part(0, 10_000)),
                ("bytes=0-0", part(0, 1)),
                ("bytes=9999-9999", part(9_999, 1)),
                ("bytes=9999-", part(9_999, 1)),
                ("bytes=5734-", part(5_734, 4_266)),
                ("bytes=-1", part(9_999, 1)),
                ("bytes=-10000", part(0, 10_000)),
                ("bytes=-10001", part(0, 10_000)),
                ("Bytes=1-2", part(1, 2)),
                ("bytes= 1-2", part(1, 2)),
                ("bytes=1-2 ", part(1, 2)),
                ("bytes = 1 - 2", part(1, 2)),
                ("bytes=0001-0002", part(1, 2)),
            ],
        );
    }

    #[test]
    fn bytes_the_image_does_not_have_are_refused_not_invented() {
        check(
            10_000,
            &[("bytes=10000-", NONE), ("bytes=10000-10001", NONE), ("bytes=99999-", NONE), ("bytes=-0", NONE)],
        );
        check(
            0,
            &[("bytes=0-", NONE), ("bytes=0-0", NONE), ("bytes=-1", NONE), ("bytes=-0", NONE), ("nonsense", WHOLE)],
        );
    }

    #[test]
    fn a_range_nobody_can_read_gets_the_whole_image() {
        check(
            10_000,
            &[
                ("", WHOLE),
                ("bytes", WHOLE),
                ("bytes=", WHOLE),
                ("bytes=-", WHOLE),
                ("bytes=5", WHOLE),
                ("bytes=2-1", WHOLE),
                ("bytes=0-1,3-4", WHOLE),
                ("bytes=0-,-5", WHOLE),
                ("bytes=a-b", WHOLE),
                ("bytes=0x10-0x20", WHOLE),
                ("bytes=+1-2", WHOLE),
                ("bytes=--5", WHOLE),
                ("bytes=1-2-3", WHOLE),
                ("lines=0-1", WHOLE),
                ("bytes 0-1", WHOLE),
                ("bytes=1 2-3", WHOLE),
                ("bytes=\u{663}-", WHOLE),
            ],
        );
    }

    #[test]
    fn absurdly_large_numbers_do_not_overflow() {
        check(
            10_000,
            &[
                ("bytes=0-18446744073709551615", part(0, 10_000)),
                ("bytes=0-99999999999999999999999", part(0, 10_000)),
                ("bytes=18446744073709551615-", NONE),
                ("bytes=99999999999999999999999-99999999999999999999999", NONE),
                ("bytes=-99999999999999999999999", part(0, 10_000)),
            ],
        );
        check(u64::MAX, &[("bytes=0-", part(0, u64::MAX)), ("bytes=-18446744073709551615", part(0, u64::MAX))]);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_answer_lies_within_the_image(header in "(bytes=)?[0-9, -]{0,12}", size in 0_u64..2_000) {
            if let Asked::Part(range) = asked(Some(&header), size) {
                prop_assert!(range.length >= 1);
                prop_assert!(range.last() < size);
            }
        }
    }
}
