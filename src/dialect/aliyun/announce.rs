//! What a push announces: one file, several, or a stream of blocks.

use super::super::{Offer, OfferedFile, lenient};
use crate::event::{Extras, Trouble, UpgradeOrder};
use serde_json::{Map, Value, json};

/// Tags of `extData` at most, the platform's own `_package_udi` not counted.
const MOST_TAGS: usize = 10;
/// The platform's own tag.
const OWN_TAG: &str = "_package_udi";
/// Files in one upgrade at most. An array of one is passed over by devices, so one file is announced without an array.
const MOST_FILES: usize = 20;
/// Keys that stand in a push. `LinkSDK` takes a tag of that name for the real field: it was seen to fetch another file.
const FIELDS: [&str; 21] = [
    "id",
    "code",
    "message",
    "data",
    "size",
    "sign",
    "version",
    "signMethod",
    "url",
    "md5",
    "module",
    "isDiff",
    "extData",
    "files",
    "fileSize",
    "fileName",
    "fileUrl",
    "fileMd5",
    "dProtocol",
    "streamId",
    "streamFileId",
];

/// Whether the platform would announce this.
pub fn check(extras: &Extras) -> Result<(), Trouble> {
    let own = |name: &str| name == OWN_TAG;
    if extras.tags.iter().filter(|(name, _)| !own(name)).count() > MOST_TAGS {
        return Err(Trouble::new("too-many-tags").with("limit", MOST_TAGS));
    }
    for (name, _) in &extras.tags {
        if FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name)) || name.eq_ignore_ascii_case("fileSign") {
            return Err(Trouble::new("tag-shadows-field").with("tag", lenient::quote(name)));
        }
        if name.is_empty() || extras.tags.iter().filter(|(other, _)| other == name).count() > 1 {
            return Err(Trouble::new("tag-not-usable").with("tag", lenient::quote(name)));
        }
    }
    if extras.files.len() >= MOST_FILES {
        return Err(Trouble::new("too-many-files").with("limit", MOST_FILES));
    }
    if extras.stream.is_some() && !extras.files.is_empty() {
        return Err(Trouble::new("files-not-in-blocks"));
    }
    Ok(())
}

/// `data` of a push, in the platform's order of keys: device parsers scan the text.
pub fn data(order: &UpgradeOrder) -> Value {
    let extras = &order.extras;
    let (method, sign) = signature(extras.sha256, &order.md5, &order.sha256);
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| {
        data.insert(key.to_owned(), value);
    };
    if let Some(stream) = extras.stream {
        put("size", order.size.into());
        put("streamId", stream.into());
        put("sign", sign.into());
        put("dProtocol", "mqtt".into());
        put("version", order.version.as_str().into());
        put("signMethod", method.into());
        put("streamFileId", 1.into());
    } else if extras.files.is_empty() {
        put("size", order.size.into());
        put("sign", sign.into());
        put("version", order.version.as_str().into());
        put("signMethod", method.into());
        put("url", order.url.as_str().into());
    } else {
        put("version", order.version.as_str().into());
        put("signMethod", method.into());
        let first = (order.size, &order.name, &order.url, &order.md5, &order.sha256);
        let rest = extras.files.iter().map(|file| (file.size, &file.name, &file.url, &file.md5, &file.sha256));
        let files = std::iter::once(first).chain(rest).map(|(size, name, url, md5, sha256)| {
            let (_, sign) = signature(extras.sha256, md5, sha256);
            let mut file =
                json!({"fileSize": size, "fileName": name, "fileUrl": url, "fileMd5": md5, "fileSign": sign});
            if extras.sha256
                && let Some(fields) = file.as_object_mut()
            {
                fields.shift_remove("fileMd5");
            }
            file
        });
        put("files", files.collect());
    }
    if !extras.sha256 && extras.files.is_empty() {
        put("md5", order.md5.as_str().into());
    }
    if extras.differential {
        put("isDiff", 1.into());
    }
    if let Some(module) = &order.module {
        put("module", module.as_str().into());
    }
    if !extras.tags.is_empty() {
        let tags = extras.tags.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        put("extData", Value::Object(tags.collect()));
    }
    Value::Object(data)
}

/// The sign method as the SDKs want it spelt, and the signature.
fn signature<'a>(sha256: bool, by_md5: &'a str, by_sha256: &'a str) -> (&'static str, &'a str) {
    if sha256 { ("SHA256", by_sha256) } else { ("Md5", by_md5) }
}

/// A push as a device of this cloud reads it, passing over what real ones pass over.
pub fn heard(data: &Value) -> Option<Offer> {
    let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let sha256 = match data.get("signMethod")?.as_str()? {
        "Md5" => false,
        "SHA256" => true,
        _ => return None,
    };
    let file = |url: String, size: u64, sign: String| {
        let (md5, sha256) = if sha256 { (String::new(), sign) } else { (sign, String::new()) };
        OfferedFile { url, size, md5, sha256 }
    };
    let stream = match (data.get("dProtocol").and_then(Value::as_str), data.get("streamId").and_then(Value::as_u64)) {
        (Some("mqtt"), Some(stream)) => Some((stream, data.get("streamFileId").and_then(Value::as_u64).unwrap_or(1))),
        (Some(_), None) => return None,
        _ => None,
    };
    let files = match data.get("files").and_then(Value::as_array) {
        Some(files) if files.len() > 1 => {
            let one =
                |it: &Value| Some(file(text(it, "fileUrl")?, it.get("fileSize")?.as_u64()?, text(it, "fileSign")?));
            files.iter().map(one).collect::<Option<_>>()?
        }
        Some(_) => return None,
        None => {
            let url = if stream.is_some() { String::new() } else { text(data, "url")? };
            vec![file(url, data.get("size")?.as_u64()?, text(data, "sign")?)]
        }
    };
    Some(Offer { module: text(data, "module"), version: text(data, "version")?, task: None, files, stream })
}
