//! Bytes read as the JSON that devices send.

use super::check_defects;
use ota_workbench::dialect::Message;
use ota_workbench::event::DeviceId;
use serde_json::Value;

/// How deeply what is read may nest.
const DEEPEST: usize = 64;

/// Reads bytes; what comes out is JSON, no deeper than allowed, and sound JSON comes out as it went in, without a defect.
pub fn lenient(bytes: &[u8]) {
    let device = DeviceId::new("P", "D");
    let message = Message::new("t", bytes, &device);
    let defects = message.defects();
    check_defects(&defects);
    let strict = serde_json::from_slice::<Value>(bytes).ok().filter(|value| depth(value) <= DEEPEST);
    let Some(value) = message.json() else {
        assert!(!defects.is_empty(), "nothing was read, and nobody says why");
        assert_eq!(strict, None, "sound JSON was not read");
        return;
    };
    assert!(depth(value) <= DEEPEST, "read {} levels deep", depth(value));
    match strict {
        Some(strict) => {
            assert_eq!(*value, strict);
            assert_eq!(defects, []);
        }
        None => assert!(!defects.is_empty(), "what is no JSON was read without a word"),
    }
    let again = value.to_string();
    let again = Message::new("t", again.as_bytes(), &device);
    assert!(again.json().is_some() && again.defects().is_empty(), "{value} is no JSON");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
