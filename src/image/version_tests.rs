//! What versions are found in headers and names, and what is not mistaken for one.

use super::{FoundVersion, VersionSource, found_version};
use proptest::prelude::*;

fn esp_head(version: &[u8], project: &[u8]) -> Vec<u8> {
    let mut head = vec![0; 0x120];
    head[0] = 0xE9;
    head[0x20..0x24].copy_from_slice(&0xABCD_5432_u32.to_le_bytes());
    head[0x30..0x30 + version.len()].copy_from_slice(version);
    head[0x50..0x50 + project.len()].copy_from_slice(project);
    head
}

fn mcuboot_head(major: u8, minor: u8, revision: u16, build: u32) -> Vec<u8> {
    let mut head = 0x96F3_B83D_u32.to_le_bytes().to_vec();
    head.resize(20, 0);
    head.extend([major, minor]);
    head.extend(revision.to_le_bytes());
    head.extend(build.to_le_bytes());
    head
}

fn check_head(head: &[u8], expected: Option<(&str, VersionSource)>) {
    let expected = expected.map(|(version, source)| FoundVersion { version: version.to_owned(), source });
    assert_eq!(found_version("firmware.bin", head), expected, "{:02x?}", head.get(..32));
}

fn check_name(name: &str, expected: Option<&str>) {
    let found = found_version(name, b"\x00\x01");
    assert_eq!(found.as_ref().map(|found| found.version.as_str()), expected, "{name}");
    assert!(found.is_none_or(|found| found.source == VersionSource::FileName));
}

#[test]
fn the_version_an_esp_idf_device_will_report_is_offered() {
    let esp = |project: &str| VersionSource::EspIdf { project: project.to_owned() };
    check_head(&esp_head(b"2.0.0", b"lamp"), Some(("2.0.0", esp("lamp"))));
    check_head(&esp_head(b"v1.2-5-g1a2b3c4-dirty", b""), Some(("v1.2-5-g1a2b3c4-dirty", esp(""))));
    check_head(&esp_head(&[b'7'; 32], &[b'p'; 32]), Some((&"7".repeat(32), esp(&"p".repeat(32)))));
    check_head(&esp_head(b"1.0", b"\xff\xfe"), Some(("1.0", esp(""))));
    check_head(&esp_head(b"2.0.0", b"lamp")[..0x50], Some(("2.0.0", esp(""))));
}

#[test]
fn the_version_in_an_mcuboot_header_is_offered() {
    check_head(&mcuboot_head(1, 2, 3, 0), Some(("1.2.3", VersionSource::Mcuboot)));
    check_head(&mcuboot_head(255, 0, 65_535, 4), Some(("255.0.65535+4", VersionSource::Mcuboot)));
    check_head(&mcuboot_head(0, 0, 0, 0), None);
    check_head(&mcuboot_head(1, 2, 3, 0)[..27], None);
}

#[test]
fn garbage_that_looks_like_a_header_is_not_a_version() {
    check_head(&[], None);
    check_head(&[0xE9], None);
    check_head(&[0xFF; 512], None);
    check_head(&esp_head(b"", b"lamp"), None);
    check_head(&esp_head(b"\x01\x02", b"lamp"), None);
    check_head(&esp_head(b"\xff\xff", b"lamp"), None);
    check_head(&esp_head(b"2.0.0", b"lamp")[..0x4f], None);
    let mut other_chip = esp_head(b"2.0.0", b"lamp");
    other_chip[0] = 0xEA;
    check_head(&other_chip, None);
}

#[test]
fn a_version_in_the_files_name_is_offered() {
    check_name("lamp-2.0.0.bin", Some("2.0.0"));
    check_name("fw_v1.4.2-rc1.bin", Some("1.4.2-rc1"));
    check_name("fw_v1.4.2.rc1.bin", Some("1.4.2.rc1"));
    check_name("fw-1.0-beta.2.signed.bin", Some("1.0-beta.2"));
    check_name("lamp-1.2.bin", Some("1.2"));
    check_name("1.2.3.4.hex", Some("1.2.3.4"));
    check_name("lamp_2.0.0_signed.bin", Some("2.0.0"));
    check_name("lamp-2.0.0-signed.bin", Some("2.0.0"));
    check_name("lamp-2.0.0-develop.bin", Some("2.0.0"));
    check_name("lamp V3.1.bin", Some("3.1"));
    check_name("lamp-version-3.1.bin", Some("3.1"));
    check_name("esp32c3-lamp-2.0.0.bin", Some("2.0.0"));
    check_name("lamp-v1.2-5-g1a2b3c4-dirty.bin", Some("1.2-5-g1a2b3c4-dirty"));
    check_name("sdk-4.4-lamp-v2.0.0.bin", Some("2.0.0"));
    check_name("2.0.0", Some("2.0.0"));
    check_name("fw_v12.bin", Some("12"));
    check_name("app-2-0-0.bin", Some("2.0.0"));
    check_name("app_10_2_33.img", Some("10.2.33"));
    check_name("灯-2.0.1.bin", Some("2.0.1"));
}

#[test]
fn a_name_that_leaves_doubt_offers_no_version() {
    check_name("", None);
    check_name(".bin", None);
    check_name("firmware.bin", None);
    check_name("esp32.bin", None);
    check_name("stm32f103.hex", None);
    check_name("lamp-2.bin", None);
    check_name("app-2024-05-01.bin", None);
    check_name("app-1-2-3-4.bin", None);
    check_name("app-2-0.bin", None);
    check_name("lamp-1.2.3.4.5.bin", None);
    check_name("sdk-4.4-lamp-2.0.0.bin", None);
    check_name("v1-to-v2.bin", None);
    check_name("lamp-99999999999999999999.1.bin", None);
    check_name("lamp.tar.gz", None);
}

#[test]
fn what_the_device_itself_will_say_counts_more_than_the_files_name() {
    let found = found_version("lamp-9.9.9.bin", &esp_head(b"2.0.0", b"lamp"));
    assert_eq!(found.map(|found| found.version).as_deref(), Some("2.0.0"));
}

proptest! {
    #[test]
    fn no_bytes_and_no_name_bring_the_workbench_down(
        name in ".{0,40}",
        mut head in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0..3,
    ) {
        let plain = found_version(&name, &head);
        prop_assert!(plain.is_none_or(|found| !found.version.is_empty()));
        let magic = if kind == 0 { mcuboot_head(1, 1, 1, 1) } else { esp_head(b"", b"") };
        for (place, byte) in magic.iter().take(if kind == 2 { 0x30 } else { 0x24 }).enumerate() {
            if let Some(there) = head.get_mut(place) {
                *there = *byte;
            }
        }
        prop_assert!(found_version(&name, &head).is_none_or(|found| !found.version.is_empty()));
    }

    #[test]
    fn names_made_of_version_letters_are_read_without_trouble(name in "[v0-9.rc_+g-]{0,24}(\\.bin)?") {
        prop_assert!(found_version(&name, &[]).is_none_or(|found| !found.version.is_empty()));
    }
}
