//! Faults act exactly where they are armed, and are told at that instant.

use super::{Bench, Client, Fact, Firmware, HOUR, image, length, status};
use crate::fault::Fault;
use std::io::Read;
use std::sync::Arc;

const SIZE: usize = 10_000;

/// A bench, and the path of an image with these faults.
fn armed(faults: &[&str]) -> (Bench, String) {
    let bench = Bench::new();
    let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().expect("a fault")).collect();
    let firmware = Arc::new(Firmware::from(image(SIZE)));
    let path = bench.offers.offer_with(firmware, HOUR, 7, &faults);
    (bench, path)
}

impl Bench {
    /// Every fault that acted up to the end of the next answer, with its place.
    fn acted(&self) -> Vec<(String, Option<u64>)> {
        let mut acted = Vec::new();
        loop {
            match self.fact() {
                Fact::FaultActed { upgrade: 7, fault, place, request: Some(_) } => {
                    acted.push((fault.to_string(), place));
                }
                Fact::RangeServed { .. } => return acted,
                _ => {}
            }
        }
    }

    fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut client = self.client();
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}Connection: close\r\n\r\n"));
        let head = client.head();
        (head, client.rest())
    }
}

impl Client {
    /// All that comes until the connection ends.
    fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("the end");
        rest
    }
}

fn acts(fault: &str, at: Option<u64>) -> Vec<(String, Option<u64>)> {
    vec![(fault.to_owned(), at)]
}

#[test]
fn an_answer_that_is_no_image_is_the_one_that_was_armed() {
    let check = |fault: &str, expected: &str| {
        let (bench, path) = armed(&[fault]);
        for _ in 0..2 {
            assert_eq!(status(&bench.get(&path, "").0), expected, "{fault}");
            assert_eq!(bench.acted(), acts(fault, None), "every time");
        }
    };
    check("not-found", "404");
    check("expired", "403");
    check("server-error", "500");
    check("redirect", "302");
}

#[test]
fn a_device_that_follows_a_redirection_gets_its_image() {
    let (bench, path) = armed(&["redirect"]);
    let (head, _) = bench.get(&path, "");
    let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).expect("Location");
    let target = location.strip_prefix("http://bench").expect("the host it asked");
    let (head, body) = bench.get(target, "Range: bytes=5-\r\n");
    assert_eq!((status(&head), body.as_slice()), ("206", &image(SIZE)[5..]));
}

#[test]
fn a_server_that_never_answers_still_notices_that_the_device_went() {
    let (bench, path) = armed(&["no-answer"]);
    let mut client = bench.client();
    client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    while !matches!(bench.fact(), Fact::FaultActed { .. }) {}
    drop(client);
    assert_eq!(bench.served(), (500, 0, 13, 0, false), "nothing left");
}

#[test]
fn a_range_is_ignored_and_a_short_file_is_short_for_every_range() {
    let (bench, path) = armed(&["ignore-range"]);
    let (head, body) = bench.get(&path, "Range: bytes=5-9\r\n");
    assert_eq!((status(&head), body.len()), ("200", SIZE));
    assert_eq!(bench.acted(), acts("ignore-range", None));

    let (bench, path) = armed(&["short-body:100"]);
    let check = |range: &str, expected: &str, body: usize, acted: &[(String, Option<u64>)]| {
        let (head, bytes) = bench.get(&path, range);
        assert_eq!((status(&head), bytes.len(), length(&head)), (expected, body, body), "{range}");
        assert_eq!(bench.acted(), acted, "{range}");
    };
    check("Range: bytes=0-9\r\n", "206", 10, &[]);
    check("Range: bytes=9890-9999\r\n", "206", 10, &acts("short-body:100", Some(9_900)));
    check("", "200", 9_900, &[]);
}

#[test]
fn one_byte_is_flipped_in_whatever_range_it_lies() {
    let (bench, path) = armed(&["flip:5000"]);
    let (image, mut spoilt) = (image(SIZE), image(SIZE).to_vec());
    spoilt[5_000] = !spoilt[5_000];
    let (head, body) = bench.get(&path, "");
    assert!(body == spoilt, "all of it");
    assert!(head.contains(&*Firmware::from(image.clone()).etag), "it passes for the true one");
    assert_eq!(bench.acted(), acts("flip:5000", Some(5_000)));
    assert_eq!(bench.get(&path, "Range: bytes=5000-5001\r\n").1, spoilt[5_000..5_002]);
    assert_eq!(bench.acted(), acts("flip:5000", Some(5_000)));
    assert_eq!(bench.get(&path, "Range: bytes=0-4999\r\n").1, image[..5_000]);
    assert_eq!(bench.acted(), []);
}

#[test]
fn a_connection_is_cut_at_its_byte_once_or_after_so_many_bytes_every_time() {
    let (bench, path) = armed(&["cut:5000"]);
    assert_eq!(bench.get(&path, "Range: bytes=0-99\r\n").1.len(), 100);
    assert_eq!(bench.acted(), []);
    assert_eq!(bench.get(&path, "").1.len(), 5_000);
    assert_eq!(bench.acted(), acts("cut:5000", Some(5_000)));
    assert_eq!(bench.get(&path, "Range: bytes=4000-\r\n").1.len(), 6_000);
    assert_eq!(bench.acted(), [], "once");

    let (bench, path) = armed(&["cut-every:3000"]);
    let mut received = Vec::new();
    let mut cuts = Vec::new();
    while received.len() < SIZE {
        received.extend(bench.get(&path, &format!("Range: bytes={}-\r\n", received.len())).1);
        cuts.extend(bench.acted().into_iter().map(|(_, at)| at));
    }
    assert!(received == image(SIZE).as_ref());
    assert_eq!(cuts, [Some(3_000), Some(6_000), Some(9_000)]);
}

#[test]
fn a_cut_answer_counts_with_what_had_left() {
    let (bench, path) = armed(&["cut:5000"]);
    let _ = bench.get(&path, "Range: bytes=1000-\r\n");
    assert_eq!(bench.served(), (206, 1_000, 9_000, 4_000, false));
}

#[test]
fn pauses_and_limits_of_the_rate_lengthen_the_answer_and_change_no_byte() {
    let check = |fault: &str, at: Option<u64>, millis: u128| {
        let (bench, path) = armed(&[fault]);
        #[expect(clippy::disallowed_methods, reason = "no answer may be faster")]
        let begun = std::time::Instant::now();
        assert!(bench.get(&path, "").1 == image(SIZE).as_ref(), "{fault}");
        assert!(begun.elapsed().as_millis() >= millis, "{fault}");
        assert_eq!(bench.acted(), acts(fault, at), "{fault}");
    };
    check("first-byte:0.2", None, 200);
    check("stall:5000,0.2", Some(5_000), 200);
    check("rate:50000", None, 200);
}

#[test]
fn heads_and_frames_are_changed_and_the_bytes_are_not() {
    let (bench, path) = armed(&["lower-case"]);
    let (head, body) = bench.get(&path, "");
    assert!(head.contains("\r\ncontent-length: 10000\r\n") && !head.contains("Content"), "{head}");
    assert_eq!(body.len(), SIZE);

    let (bench, path) = armed(&["long-head"]);
    let (head, body) = bench.get(&path, "Range: bytes=0-99\r\n");
    assert_eq!((head.len(), length(&head), body.len()), (1_300, 100, 100));
    assert!(head.lines().all(|line| line.len() <= 118), "{head}");

    let (bench, path) = armed(&["lower-case", "long-head", "chunked"]);
    let (head, body) = bench.get(&path, "");
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
    assert!(body.starts_with(b"1000\r\n") && body.ends_with(b"\r\n0\r\n\r\n"));
    let image = image(SIZE);
    assert!(body[6..6 + 4_096] == image[..4_096]);
    assert_eq!(head.len(), 1_300);
    assert_eq!(bench.acted().len(), 3, "each is told");
    let _ = bench.get(&path, "");
    assert_eq!(bench.acted(), [], "once");
}

#[test]
fn an_ordinary_push_beside_an_armed_one_is_served_as_ever() {
    let (bench, _) = armed(&["not-found", "rate:1"]);
    let path = bench.offers.offer(Firmware::from(image(SIZE)), HOUR);
    assert!(bench.get(&path, "").1 == image(SIZE).as_ref());
    assert_eq!(bench.acted(), []);
}

#[test]
fn the_same_faults_act_again_when_the_push_is_sent_again() {
    let (bench, path) = armed(&["cut:5000"]);
    assert_eq!(bench.get(&path, "").1.len(), 5_000);
    assert_eq!(bench.get(&path, "").1.len(), SIZE);
    let faults = ["cut:5000".parse().expect("a fault")];
    bench.offers.restore(&path, Arc::new(Firmware::from(image(SIZE))), HOUR, 7, &faults);
    assert_eq!(bench.get(&path, "").1.len(), 5_000);
}
