//! The five methods that three of UIoT's spellings share, and the names of their keys.

use super::super::{Defect, Heard, Offer, OfferedFile, lenient};
use super::{Fit, MAX_VERSION, module_name};
use crate::event::UpgradeOrder;
use crate::upgrade::{About, Report, Said};
use serde_json::{Value, json};

/// The methods of UIoT's public cloud.
pub const METHODS: [&str; 5] =
    ["report_version", "request_firmware", "report_progress", "report_success", "report_fail"];
/// The methods of private deployments.
pub const TASK_METHODS: [&str; 5] = ["report", "notify", "upgrading", "success", "fail"];

/// How a spelling writes its keys.
pub struct Keys {
    pub method: &'static str,
    pub payload: &'static str,
    pub version: &'static str,
    pub url: &'static str,
    pub md5: &'static str,
    pub size: &'static str,
    pub state: &'static str,
    pub percent: &'static str,
    pub err_code: &'static str,
}

/// As the documentation writes them.
pub const LOWER: Keys = Keys {
    method: "method",
    payload: "payload",
    version: "version",
    url: "url",
    md5: "md5",
    size: "size",
    state: "state",
    percent: "percent",
    err_code: "err_code",
};

/// As the SDKs write them.
pub const TITLE: Keys = Keys {
    method: "Method",
    payload: "Payload",
    version: "Version",
    url: "URL",
    md5: "MD5",
    size: "Size",
    state: "State",
    percent: "Percent",
    err_code: "ErrCode",
};

/// Whose a message is, to a spelling with title-case keys that knows these methods.
pub fn fit(message: &Value, methods: &[&str], others: &[&str]) -> Fit {
    if message.get(LOWER.method).is_some() {
        return Fit::Anothers;
    }
    match message.get(TITLE.method).and_then(Value::as_str) {
        Some(method) if methods.contains(&method) => Fit::Mine,
        Some(method) if others.contains(&method) => Fit::Anothers,
        _ => Fit::Nobodys,
    }
}

/// Whether a message names a module.
pub fn names_module(message: &Value) -> bool {
    message.get(TITLE.payload).is_some_and(|payload| payload.get("Module").is_some())
}

/// The module a payload names, when it is not the default one.
pub fn module(payload: &Value, defects: &mut Vec<Defect>) -> Option<String> {
    lenient::text(payload, "Module", defects).filter(|module| !matches!(module.as_str(), "" | "default"))
}

/// What one of the five methods says.
pub fn said(message: &Value, keys: &Keys, defects: &mut Vec<Defect>) -> Option<Said> {
    let Some(method) = lenient::text(message, keys.method, defects) else {
        let other = if keys.method == LOWER.method { TITLE.method } else { LOWER.method };
        let other = message.get(other).map(|method| format!("{other}: {method}"));
        defects.push(match other {
            Some(at) => Defect::new("other-spelling", lenient::quote(&at)),
            None => Defect::new("missing-key", keys.method),
        });
        return None;
    };
    let payload = message.get(keys.payload).unwrap_or(&Value::Null);
    let version = |defects: &mut Vec<Defect>| lenient::version(payload, keys.version, MAX_VERSION, defects);
    let report = match method.as_str() {
        "report_version" => Report::Version { version: version(defects)? },
        "request_firmware" => Report::Asked { version: version(defects), reply: None },
        "report_progress" => progress(payload, keys, defects)?,
        "report_success" => Report::Succeeded { version: Some(version(defects)?) },
        "report_fail" => Report::Failed {
            // A failure without a readable code is a failure all the same.
            code: lenient::whole(payload, keys.err_code, defects).unwrap_or_else(|| {
                defects.push(Defect::new("missing-key", keys.err_code));
                0
            }),
            text: String::new(),
        },
        _ => {
            defects.push(Defect::new("unknown-method", lenient::quote(&method)));
            return None;
        }
    };
    // Progress and failure tell which version they are about, where they tell one.
    let about = match &report {
        Report::Downloading { .. } | Report::Burning { .. } | Report::Failed { .. } => {
            lenient::text(payload, keys.version, defects).map_or(About::Latest, About::Version)
        }
        _ => About::Latest,
    };
    Some(Said { module: module(payload, defects), about, report })
}

fn progress(payload: &Value, keys: &Keys, defects: &mut Vec<Defect>) -> Option<Report> {
    let percent = lenient::percent(payload, keys.percent, defects)?;
    match payload.get(keys.state).and_then(Value::as_str) {
        Some("downloading") => Some(Report::Downloading { percent }),
        Some("burning") => Some(Report::Burning { percent }),
        other => {
            defects.push(Defect::new("unknown-state", lenient::quote(other.unwrap_or_default())));
            None
        }
    }
}

/// How a spelling writes what a device says, to the byte.
pub struct Words<'a> {
    /// A method, and a version.
    pub version: &'a dyn Fn(&str, &str) -> String,
    /// A state, and a percentage.
    pub progress: &'a dyn Fn(&str, u8) -> String,
    /// A code.
    pub failure: &'a dyn Fn(i64) -> String,
}

/// A device's report in these words, and its `QoS`: the SDKs send progress with 0.
pub fn say(report: &Report, words: &Words<'_>) -> Option<(String, u8)> {
    Some(match report {
        Report::Version { version } => ((words.version)("report_version", version), 1),
        Report::Asked { version, .. } => ((words.version)("request_firmware", version.as_deref()?), 1),
        Report::Downloading { percent } => ((words.progress)("downloading", *percent), 0),
        Report::Burning { percent } => ((words.progress)("burning", *percent), 0),
        Report::Succeeded { version } => ((words.version)("report_success", version.as_deref()?), 1),
        Report::Failed { code, .. } => ((words.failure)(*code), 1),
        _ => return None,
    })
}

/// Whether this is a dialect of UCloud's Core SDK: the older one passes over the module that the newer one names.
pub fn is_core_sdks(dialect: &str) -> bool {
    matches!(dialect, "uiot-v1" | "uiot-v2")
}

/// The push as the public cloud sends it to devices of the Core SDK.
pub fn update_firmware(order: &UpgradeOrder, module: Option<&str>) -> Value {
    json!({
        "Method": "update_firmware",
        "Payload": {
            "Module": module_name(module), "Version": order.version, "URL": order.url, "MD5": order.md5,
            "Size": order.size,
        },
    })
}

/// The push, heard by a device that spells it with these keys.
pub fn offered(message: &Value, method: &str, keys: &Keys) -> Option<Heard> {
    if message.get(keys.method)?.as_str()? != method {
        return None;
    }
    let fields = message.get(keys.payload)?;
    let text = |key: &str| Some(fields.get(key)?.as_str()?.to_owned());
    Some(Heard::Offer(Offer {
        module: text("Module").filter(|module| module != "default"),
        version: text(keys.version)?,
        task: text("TaskID"),
        files: vec![OfferedFile {
            url: text(keys.url)?,
            size: fields.get(keys.size)?.as_u64()?,
            md5: text(keys.md5)?,
            sha256: String::new(),
        }],
        stream: None,
    }))
}
