//! What is found in a page, whatever its bytes are.

use super::{Desk, Query};
use crate::console::page::Page;
use crate::console::slot::Slot;
use crate::console::{Encoding, LineEnd, Origin};
use crate::event::Micros;

fn page(lines: &[&[u8]]) -> Page {
    let mut page = Page::new(0);
    for line in lines {
        assert!(page.push(Micros(0), Origin::Received, line, LineEnd::CrLf));
    }
    page
}

fn found(query: &Query, lines: &[&[u8]]) -> Vec<u32> {
    let pattern = query.pattern().unwrap();
    let slot = Slot::in_memory(page(lines));
    let hits = pattern.search(&slot, None, &mut Desk::default());
    let whole: Vec<u32> = (0..hits.len()).filter_map(|number| hits.nth(number)).collect();
    // In two parts, as a page that grows is searched.
    let mut parts = Vec::new();
    let half = lines.len() / 2;
    let (page, mut desk) = (page(lines), Desk::default());
    let early = Page { marks: page.marks[..half].to_vec(), bytes: page.bytes[..half_at(&page, half)].to_vec(), ..page };
    pattern.search_page(&early, 0, &mut desk, &mut parts);
    let page = self::page(lines);
    pattern.search_page(&page, half, &mut desk, &mut parts);
    assert_eq!(whole, parts, "{query:?}");
    whole
}

fn half_at(page: &Page, half: usize) -> usize {
    page.marks.get(half).map_or(page.bytes.len(), |mark| mark.start as usize)
}

fn check(text: &str, regex: bool, case: bool, lines: &[&[u8]], expected: &[u32]) {
    let query = Query { text: text.into(), regex, case, encoding: Encoding::Utf8 };
    assert_eq!(found(&query, lines), expected, "{query:?}");
}

#[test]
fn words_and_expressions_are_found_line_by_line() {
    let lines: &[&[u8]] = &[b"I ota: start", b"", b"W ota: OTA slow", b"E wifi", b"start ota", b"\xff ota \x00"];
    check("ota", false, true, lines, &[0, 2, 4, 5]);
    check("OTA", false, false, lines, &[0, 2, 4, 5]);
    check("OTA", false, true, lines, &[2]);
    check("^[EW] ", true, true, lines, &[2, 3]);
    check("start$", true, true, lines, &[0]);
    check("^$", true, true, lines, &[1]);
    check("a.b", false, true, lines, &[]);
    check("ota.*start", true, true, lines, &[0]);
    check(".", true, true, lines, &[0, 2, 3, 4, 5]);
}

#[test]
fn nothing_is_found_across_two_lines_and_nothing_behind_it_is_missed() {
    let lines: &[&[u8]] = &[b"a", b"b a", b"b"];
    check(r"a\s+b", true, true, lines, &[]);
    check(r"[^x]b", true, true, lines, &[]);
    check(r"a\s*", true, true, lines, &[0, 1]);
    check(r"\W*b", true, true, lines, &[1, 2]);
    check("a\r\nb", false, true, lines, &[]);
}

#[test]
fn colours_do_not_hide_what_is_seen() {
    let lines: &[&[u8]] = &[b"\x1b[0;32mI (1) ota\x1b[0m: start\x1b[0m", b"plain", b"\x1b[31mE (2) x\x1b[0m"];
    check("^I ", true, true, lines, &[0]);
    check("ota: start", false, true, lines, &[0]);
    check("start$", true, true, lines, &[0]);
    check("32m", false, true, lines, &[]);
    check("plain", false, true, lines, &[1]);
}

#[test]
fn what_is_typed_is_found_in_the_devices_own_encoding() {
    let lines: &[&[u8]] = &[b"\xce\xc2\xb6\xc8 21", b"humidity", b"\xb6\xc8"];
    let query = |text: &str, encoding| Query { text: text.into(), regex: false, case: true, encoding };
    assert_eq!(found(&query("温度", Encoding::Gbk), lines), [0]);
    assert_eq!(found(&query("度", Encoding::Gbk), lines), [0, 2]);
    assert_eq!(found(&query("温度", Encoding::Utf8), lines), [] as [u32; 0]);
    assert_eq!(found(&query("Î", Encoding::Latin1), lines), [0]);
}

#[test]
fn a_mistake_in_an_expression_is_told() {
    let query = Query { text: "(".into(), regex: true, ..Query::default() };
    assert_eq!(query.pattern().unwrap_err(), "unclosed group");
}

#[test]
fn places_in_a_shown_line_are_those_that_are_marked() {
    let places = |text: &str, regex, line: &str| {
        let places = Query { text: text.into(), regex, ..Query::default() }.pattern().unwrap().places(line);
        places.into_iter().map(|place| (place.start, place.end)).collect::<Vec<_>>()
    };
    assert_eq!(places("ota", false, "OTA ota"), [(0, 3), (4, 7)]);
    assert_eq!(places("x*", true, "axxb"), [(1, 3)]);
    assert_eq!(places("度", false, "温度"), [(3, 6)]);
}
