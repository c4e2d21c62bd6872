//! Firmware in blocks: a device's question, the cloud's answer, and what the device reads in it.

use super::check_defects;
use ota_workbench::dialect::{self, Dialect, Heard};
use ota_workbench::event::DeviceId;
use ota_workbench::upgrade::{BlockRequest, ReplyTo, Report};
use serde_json::Value;
use std::sync::LazyLock;

const QUESTION: &str = "/sys/P/D/thing/file/download";
const ANSWER: &str = "/sys/P/D/thing/file/download_reply";
/// The longest firmware tried: more than the largest block.
const LONGEST: usize = 140_000;
/// What an answer holds beside the firmware, at most.
const ENVELOPE: usize = 4 * 1024;

static FIRMWARE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..LONGEST as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect());

/// Three bytes are the length of the firmware, big-endian; the rest is a device's question, and an answer to a device.
pub fn blocks(bytes: &[u8]) {
    let Some(([high, middle, low], said)) = bytes.split_first_chunk::<3>() else { return };
    let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize % (LONGEST + 1);
    let device = DeviceId::new("P", "D");
    read_an_answer(&device, said);
    let Some((dialect, decoded)) = dialect::decode(QUESTION, said, |_| None) else { panic!("nobody's topic") };
    assert_eq!(decoded.device, device);
    check_defects(&decoded.defects);
    assert!(said.is_empty() || !decoded.said.is_empty() || !decoded.defects.is_empty());
    for said in &decoded.said {
        let Report::BlockAsked { block, reply } = &said.report else { panic!("{:?}", said.report) };
        assert_eq!(reply.topic, ANSWER);
        check_answer(dialect, &device, reply, block, None);
        check_answer(dialect, &device, reply, block, Some(&FIRMWARE[..length]));
        check_asked_again(dialect, &device, block);
    }
}

/// What the cloud answers is read back by the device as exactly the bytes it asked for, or as a refusal.
fn check_answer(dialect: &dyn Dialect, device: &DeviceId, reply: &ReplyTo, block: &BlockRequest, file: Option<&[u8]>) {
    let Some(answer) = dialect.block(reply, block, file) else { panic!("no answer") };
    assert_eq!(answer.message.topic, reply.topic);
    let payload = answer.message.payload;
    let length = usize::try_from(answer.length).expect("a length in memory");
    assert!(payload.len() <= length + ENVELOPE, "{} bytes around {length}", payload.len() - length);
    let heard = dialect.hear(device, &answer.message.topic, &payload);
    let Some(Heard::Block { offset, bytes }) = heard else { panic!("{heard:?}") };
    let end = 2 + usize::from(u16::from_be_bytes([payload[0], payload[1]]));
    let told: Value = serde_json::from_slice(&payload[2..end]).expect("JSON");
    assert_eq!(told["id"].to_string(), reply.id.clone().unwrap_or_else(|| "null".into()), "the question's own id");
    if answer.code != 200 {
        assert_eq!((answer.length, bytes), (0, None));
        return;
    }
    let file = file.expect("no bytes without a file");
    let from = usize::try_from(block.offset).expect("inside the file");
    let to = file.len().min(from + usize::try_from(block.size).expect("a block in memory"));
    assert_eq!((offset, bytes.as_deref()), (block.offset, Some(&file[from..to])));
    assert!(to > from && to - from == length && length <= 131_072);
    assert_eq!(told["data"]["fileToken"], block.token.as_str());
    assert_eq!(told["data"]["fileLength"], file.len());
    let mut damaged = payload;
    let last = damaged.len() - 3;
    damaged[last] ^= 0x10;
    let heard = dialect.hear(device, ANSWER, &damaged);
    assert!(matches!(heard, Some(Heard::Block { bytes: None, .. })), "a damaged block was taken");
}

/// A device of ours asks for the same block in words that mean the same.
fn check_asked_again(dialect: &dyn Dialect, device: &DeviceId, block: &BlockRequest) {
    let Some(question) = dialect.ask_block(device, block, 7) else { panic!("no question") };
    let Some((_, again)) = dialect::decode(&question.topic, &question.payload, |_| None) else { panic!("nobody's") };
    let reports: Vec<_> = again.said.into_iter().map(|said| said.report).collect();
    assert!(
        matches!(&reports[..], [Report::BlockAsked { block: again, .. }] if again == block),
        "{block:?} became {reports:?}"
    );
}

/// Whatever a device reads in an answer stands in it.
fn read_an_answer(device: &DeviceId, answer: &[u8]) {
    for dialect in dialect::ALL {
        match dialect.hear(device, ANSWER, answer) {
            None | Some(Heard::Block { bytes: None, .. }) => {}
            Some(Heard::Block { bytes: Some(bytes), .. }) => {
                let data = &answer[..answer.len() - 2];
                assert!(data.ends_with(&bytes), "bytes that were not in the answer");
            }
            Some(other) => panic!("{other:?}"),
        }
    }
}
