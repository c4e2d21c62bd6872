//! How one field of a fact stands in JSON.

use crate::event::{
    Client, Deadline, DeviceId, Extras, LineMove, OrderedFile, Payload, Text, TlsService, Trouble, UpgradeOrder,
};
use crate::fault::Fault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use serde_json_borrow::{ObjectAsVec, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A JSON object being read: its texts stay in the line.
pub type Object<'a> = ObjectAsVec<'a>;

/// A field of a fact, on its way to a line and back.
pub trait Field: Sized {
    /// Appends `,"key":value`, or nothing for what is absent.
    fn put(&self, key: &str, line: &mut Vec<u8>);
    /// Reads it back; `None` when it is missing or of another type.
    fn take(object: &Object, key: &str) -> Option<Self>;
}

fn put_key(key: &str, line: &mut Vec<u8>) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(b"\":");
}

fn put_json(key: &str, value: &(impl serde::Serialize + ?Sized), line: &mut Vec<u8>) {
    put_key(key, line);
    // Writing numbers, texts and values to memory does not fail.
    let _ = serde_json::to_writer(line, value);
}

/// Most texts stand in JSON as they are: copied at once, they cost next to nothing.
#[expect(clippy::needless_bitwise_bool, reason = "without early ends the compiler looks at many bytes at a time")]
fn put_text(key: &str, text: &str, line: &mut Vec<u8>) {
    if text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\')) {
        return put_json(key, text, line);
    }
    put_key(key, line);
    line.push(b'"');
    line.extend_from_slice(text.as_bytes());
    line.push(b'"');
}

macro_rules! plain_fields {
    ($($type:ty = |$value:ident| $read:expr;)*) => {$(
        impl Field for $type {
            fn put(&self, key: &str, line: &mut Vec<u8>) {
                put_json(key, self, line);
            }
            fn take(object: &Object, key: &str) -> Option<Self> {
                let $value = object.get(key)?;
                $read
            }
        }
    )*};
}

plain_fields! {
    bool = |value| value.as_bool();
    u8 = |value| value.as_u64()?.try_into().ok();
    u16 = |value| value.as_u64()?.try_into().ok();
    u32 = |value| value.as_u64()?.try_into().ok();
    u64 = |value| value.as_u64();
}

impl Field for String {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_text(key, self, line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        Some(object.get(key)?.as_str()?.to_owned())
    }
}

impl Field for Text {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_text(key, self, line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        Some(object.get(key)?.as_str()?.into())
    }
}

impl<F: Field> Field for Box<F> {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        (**self).put(key, line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        F::take(object, key).map(Self::new)
    }
}

impl<F: Field> Field for Option<F> {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        if let Some(field) = self {
            field.put(key, line);
        }
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        if object.contains_key(key) { F::take(object, key).map(Some) } else { Some(None) }
    }
}

/// Whether bytes are text that is read with profit. Much else than characters, and each of them would take six bytes.
fn clean_text(bytes: &[u8]) -> Option<&str> {
    let is_control = |byte: &&u8| **byte < b' ' && !matches!(**byte, b'\t' | b'\n' | b'\r');
    let controls = bytes.iter().filter(is_control).count();
    std::str::from_utf8(bytes).ok().filter(|_| controls <= bytes.len() / 16 + 8)
}

/// Text where the bytes are text; under `<key>_base64` otherwise.
impl Field for Payload {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        match clean_text(self) {
            Some(text) => put_text(key, text, line),
            None => put_json(&format!("{key}_base64"), &STANDARD.encode(self), line),
        }
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        if let Some(text) = object.get(key) {
            return Some(text.as_str()?.as_bytes().into());
        }
        let encoded = object.get(&format!("{key}_base64"))?.as_str()?;
        STANDARD.decode(encoded).ok().map(Into::into)
    }
}

impl Field for DeviceId {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_json(key, &self.to_string(), line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        object.get(key)?.as_str()?.parse().ok()
    }
}

impl Field for Deadline {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        let name = match self {
            Self::Upgrade => "upgrade",
            Self::Silence => "silence",
            Self::LatePush => "late_push",
        };
        put_json(key, name, line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        match object.get(key)?.as_str()? {
            "upgrade" => Some(Self::Upgrade),
            "silence" => Some(Self::Silence),
            "late_push" => Some(Self::LatePush),
            _ => None,
        }
    }
}

impl Field for TlsService {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_json(key, self.scheme(), line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        let scheme = object.get(key)?.as_str()?;
        [Self::Mqtts, Self::Https].into_iter().find(|service| service.scheme() == scheme)
    }
}

impl Field for LineMove {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_json(key, self.name(), line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        let name = object.get(key)?.as_str()?;
        Self::ALL.into_iter().find(|line| line.name() == name)
    }
}

impl Field for Trouble {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        let args: BTreeMap<_, _> = self.args.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
        put_json(key, &json!({"code": self.code, "args": args}), line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        let trouble = object.get(key)?.as_object()?;
        let code = Cow::Owned(trouble.get("code")?.as_str()?.to_owned());
        let args = trouble.get("args")?.as_object()?;
        let args = args.iter().map(|(name, value)| Some((Cow::Owned(name.to_owned()), value.as_str()?.to_owned())));
        Some(Self::said(code, args.collect::<Option<_>>()?))
    }
}

impl Field for Arc<UpgradeOrder> {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        (**self).put(key, line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        UpgradeOrder::take(object, key).map(Arc::new)
    }
}

impl Field for Fault {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        put_text(key, &self.to_string(), line);
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        object.get(key)?.as_str()?.parse().ok()
    }
}

/// Nothing at all where none is armed, as captures had it before there were any.
impl Field for Vec<Fault> {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        if !self.is_empty() {
            put_json(key, &self.iter().map(ToString::to_string).collect::<Vec<_>>(), line);
        }
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        let Some(faults) = object.get(key) else { return Some(Self::new()) };
        faults.as_array()?.iter().map(|fault| fault.as_str()?.parse().ok()).collect()
    }
}

/// Nothing at all for an ordinary push, as captures had it before there were any.
impl Field for Extras {
    fn put(&self, key: &str, line: &mut Vec<u8>) {
        if *self == Self::default() {
            return;
        }
        let tags: Vec<_> = self.tags.iter().map(|(name, value)| json!([name, value])).collect();
        let file = |file: &OrderedFile| {
            let OrderedFile { name, size, md5, sha256, url, path } = file;
            json!({"name": name, "size": size, "md5": md5, "sha256": sha256, "url": url, "path": path})
        };
        let files: Vec<_> = self.files.iter().map(file).collect();
        put_json(
            key,
            &json!({
                "sha256": self.sha256, "differential": self.differential, "tags": tags, "stream": self.stream, "files": files,
            }),
            line,
        );
    }
    fn take(object: &Object, key: &str) -> Option<Self> {
        let Some(extras) = object.get(key) else { return Some(Self::default()) };
        let extras = extras.as_object()?;
        let text = |value: &Value| Some(value.as_str()?.to_owned());
        let tag = |pair: &Value| match pair.as_array()? {
            [name, value, ..] => Some((text(name)?, text(value)?)),
            _ => None,
        };
        let file = |file: &Value| OrderedFile::of(file.as_object()?);
        Some(Self {
            sha256: extras.get("sha256")?.as_bool()?,
            differential: extras.get("differential")?.as_bool()?,
            tags: extras.get("tags")?.as_array()?.iter().map(tag).collect::<Option<_>>()?,
            stream: extras.get("stream")?.as_u64(),
            files: extras.get("files")?.as_array()?.iter().map(file).collect::<Option<_>>()?,
        })
    }
}

macro_rules! object_fields {
    ($($type:ident { $($name:ident),* $(,)? })*) => {$(
        impl Field for $type {
            fn put(&self, key: &str, line: &mut Vec<u8>) {
                line.extend_from_slice(b",\"");
                line.extend_from_slice(key.as_bytes());
                line.extend_from_slice(b"\":{");
                let start = line.len();
                $(self.$name.put(stringify!($name), line);)*
                // Every field begins with a comma; the first one's goes.
                if line.len() > start {
                    line.remove(start);
                }
                line.push(b'}');
            }
            fn take(object: &Object, key: &str) -> Option<Self> {
                Self::of(object.get(key)?.as_object()?)
            }
        }

        impl $type {
            fn of(object: &Object) -> Option<Self> {
                Some(Self { $($name: Field::take(object, stringify!($name))?,)* })
            }
        }
    )*};
}

object_fields! {
    Client { name, username, address, level, clean, keep_alive_secs }
    UpgradeOrder { upgrade, device, dialect, module, name, version, size, md5, sha256, url, path, timeout_secs, task, extras, faults, replay }
    OrderedFile { name, size, md5, sha256, url, path }
}
