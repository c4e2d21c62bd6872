//! Firmware over MQTT, in blocks: the questions of a device and the platform's answers.
//!
//! An answer is `u16 big-endian length of the JSON | JSON | data | u16 little-endian CRC-16/ARC over the data`.

use super::super::{Block, Defect, Heard, Outgoing, lenient};
use super::echo;
use crate::upgrade::{BlockRequest, ReplyTo};
use crc::{CRC_16_ARC, Crc};
use serde_json::{Value, json};

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_ARC);
/// Bytes in a block; only the last one may have fewer.
const BLOCK: std::ops::RangeInclusive<u64> = 256..=131_072;
/// Where a block may begin at the latest.
const LAST_OFFSET: u64 = 16 * 1024 * 1024;
/// All is well.
const OK: u16 = 200;
/// The platform's code for a request it cannot make sense of.
const BAD_REQUEST: u16 = 460;
/// The longest `fileToken` that is echoed, in bytes.
const LONGEST_TOKEN: usize = 128;

/// What a device asks for.
pub fn asked(params: &Value, defects: &mut Vec<Defect>) -> Option<BlockRequest> {
    let (info, block) = (params.get("fileInfo").unwrap_or(params), params.get("fileBlock").unwrap_or(params));
    let mut number = |value: &Value, key: &'static str| {
        if value.get(key).is_none() {
            defects.push(Defect::new("missing-key", key));
        }
        let number = lenient::whole(value, key, defects)?;
        let number = u64::try_from(number).ok();
        if number.is_none() {
            defects.push(Defect::new("block-out-of-range", key));
        }
        number
    };
    let stream = number(info, "streamId")?;
    let file = number(info, "fileId")?;
    let (size, offset) = (number(block, "size")?, number(block, "offset")?);
    let token = lenient::text(params, "fileToken", defects).unwrap_or_default();
    let token = if token.len() > LONGEST_TOKEN { lenient::quote(&token) } else { token };
    Some(BlockRequest { stream, file, token, offset, size })
}

/// The platform's answer.
pub fn answer(reply: &ReplyTo, block: &BlockRequest, file: Option<&[u8]>) -> Block {
    match data(block, file) {
        Ok((data, whole)) => {
            let head = json!({
                "id": echo(reply), "code": OK, "msg": "success",
                "data": {"fileToken": block.token, "fileLength": whole, "bSize": data.len(), "bOffset": block.offset},
            });
            block_of(reply, OK, &head, data)
        }
        Err(why) => block_of(reply, BAD_REQUEST, &json!({"id": echo(reply), "code": BAD_REQUEST, "msg": why}), &[]),
    }
}

/// The bytes asked for, and how many there are in all.
fn data<'a>(block: &BlockRequest, file: Option<&'a [u8]>) -> Result<(&'a [u8], usize), &'static str> {
    let file = file.filter(|_| block.file == 1).ok_or("no such stream or file")?;
    let start = usize::try_from(block.offset).ok().filter(|start| *start < file.len() && block.offset <= LAST_OFFSET);
    let start = start.ok_or("offset is out of range")?;
    let left = file.len() - start;
    let size = usize::try_from(block.size).unwrap_or(usize::MAX);
    let is_last = (1..*BLOCK.start()).contains(&block.size) && size >= left;
    if !BLOCK.contains(&block.size) && !is_last {
        return Err("size is out of range");
    }
    Ok((&file[start..start + size.min(left)], file.len()))
}

fn block_of(reply: &ReplyTo, code: u16, head: &Value, data: &[u8]) -> Block {
    let head = head.to_string().into_bytes();
    let mut payload = Vec::with_capacity(head.len() + data.len() + 4);
    payload.extend_from_slice(&u16::try_from(head.len()).unwrap_or_default().to_be_bytes());
    payload.extend_from_slice(&head);
    payload.extend_from_slice(data);
    payload.extend_from_slice(&CRC.checksum(data).to_le_bytes());
    let message = Outgoing { topic: reply.topic.clone(), payload, qos: 0 };
    Block { message, code, length: data.len() as u64 }
}

/// A device's question, as `LinkSDK` writes it: with its comma too many.
pub fn question(block: &BlockRequest, serial: u64) -> String {
    let BlockRequest { stream, file, token, offset, size } = block;
    let token = json!(token);
    format!(
        r#"{{"id":"{serial}","version":"1.0","params":{{"fileToken":{token},"fileInfo":{{"streamId":{stream},"fileId":{file},}},"fileBlock":{{"size":{size},"offset":{offset}}}}}}}"#
    )
}

/// An answer as a device reads it; what is no answer at all is passed over.
pub fn heard(payload: &[u8]) -> Option<Heard> {
    let (length, rest) = payload.split_first_chunk::<2>()?;
    let (head, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (data, crc) = rest.split_last_chunk::<2>()?;
    let head: Value = serde_json::from_slice(head).ok()?;
    let offset = head.pointer("/data/bOffset").and_then(Value::as_u64).unwrap_or_default();
    let sound = CRC.checksum(data) == u16::from_le_bytes(*crc) && head.get("code")?.as_u64()? == u64::from(OK);
    Some(Heard::Block { offset, bytes: sound.then(|| data.to_vec()) })
}

#[cfg(test)]
mod tests {
    use super::{BlockRequest, CRC, Heard, ReplyTo, answer, heard};

    fn asks(offset: u64, size: u64) -> BlockRequest {
        BlockRequest { stream: 7, file: 1, token: "default".into(), offset, size }
    }

    fn reply() -> ReplyTo {
        ReplyTo { topic: "/sys/P/D/thing/file/download_reply".into(), id: Some("\"1\"".into()) }
    }

    #[test]
    fn the_checksum_is_crc_16_arc() {
        assert_eq!(CRC.checksum(b"123456789"), 0xBB3D);
    }

    #[test]
    fn an_answer_is_the_documented_one_byte_for_byte() {
        let file: Vec<u8> = (0..30_000_u32).map(|at| (at % 251) as u8).collect();
        let block = answer(&reply(), &asks(0, 10_240), Some(&file));
        let head = br#"{"id":"1","code":200,"msg":"success","data":{"fileToken":"default","fileLength":30000,"bSize":10240,"bOffset":0}}"#;
        let payload = &block.message.payload;
        assert_eq!(payload[..2], [0, u8::try_from(head.len()).unwrap()]);
        assert_eq!(&payload[2..2 + head.len()], head);
        assert_eq!(&payload[2 + head.len()..payload.len() - 2], &file[..10_240]);
        assert_eq!(payload[payload.len() - 2..], CRC.checksum(&file[..10_240]).to_le_bytes());
        assert_eq!((block.code, block.length, block.message.qos), (200, 10_240, 0));
    }

    #[test]
    fn a_device_gets_its_blocks_and_nothing_past_the_end() {
        let file = vec![9_u8; 30_000];
        for (offset, size, expected) in [
            (0, 256, Some(256)),
            (0, 131_072, Some(30_000)),
            (20_480, 9_520, Some(9_520)),
            (29_990, 10, Some(10)),
            (29_990, 20, Some(10)),
            (29_990, 1_024, Some(10)),
            (0, 255, None),
            (0, 0, None),
            (0, 131_073, None),
            (30_000, 256, None),
            (u64::MAX, u64::MAX, None),
        ] {
            let block = answer(&reply(), &asks(offset, size), Some(&file));
            assert_eq!((block.code == 200).then_some(block.length), expected, "{offset} {size}");
            let Some(Heard::Block { bytes, .. }) = heard(&block.message.payload) else { panic!("{offset} {size}") };
            assert_eq!(bytes.map(|bytes| bytes.len() as u64), expected);
        }
        assert_eq!(answer(&reply(), &asks(0, 256), None).code, 460, "a stream never offered");
        let other = BlockRequest { file: 2, ..asks(0, 256) };
        assert_eq!(answer(&reply(), &other, Some(&file)).code, 460);
    }

    #[test]
    fn a_damaged_block_is_not_taken() {
        let mut payload = answer(&reply(), &asks(0, 256), Some(&[1; 300])).message.payload;
        let last = payload.len() - 3;
        payload[last] ^= 1;
        assert_eq!(heard(&payload), Some(Heard::Block { offset: 0, bytes: None }));
        for cut in 0..payload.len() {
            let _ = heard(&payload[..cut]);
        }
        assert_eq!(heard(&[0xff, 0xff, 1, 2]), None);
    }
}
