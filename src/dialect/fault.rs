//! What an armed fault makes of a push: the same message in the same order, with one thing wrong in it.

use super::{Dialect, Push};
use crate::event::{Trouble, UpgradeOrder};
use crate::fault::Fault;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Where tags stand, which are the engineer's own and no fields.
const TAGS: &str = "extData";

/// The push as `write` puts it, wrong in all the ways its order asks for.
pub fn offer(push: &Push<'_>, write: impl FnOnce(&Push<'_>) -> Value) -> Value {
    let order = announced(push.order);
    let mut message = write(&Push { order: &order, ..*push });
    for name in missing(push.order) {
        leave_out(&mut message, name);
    }
    message
}

/// Whether the push has what its faults are to take away.
///
/// # Errors
/// `fault-no-such-field`.
pub fn check(dialect: &dyn Dialect, order: &UpgradeOrder) -> Result<(), Trouble> {
    let whole = UpgradeOrder { faults: Vec::new(), ..order.clone() };
    let message = dialect.offer(&Push { order: &whole, source: Some(""), reply: None, now_unix_millis: 0 });
    let message: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
    let mut known = BTreeSet::new();
    collect(&message, &mut known);
    match missing(order).find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Trouble::new("fault-no-such-field")
            .with("field", name)
            .with("dialect", dialect.id())
            .with("known", known.into_iter().collect::<Vec<_>>().join(", "))),
    }
}

fn missing(order: &UpgradeOrder) -> impl Iterator<Item = &str> {
    order.faults.iter().filter_map(|fault| match fault {
        Fault::MissingField { name } => Some(name.as_str()),
        _ => None,
    })
}

/// The order with the digests and sizes that the device is told.
fn announced(order: &UpgradeOrder) -> Cow<'_, UpgradeOrder> {
    let mut announced = Cow::Borrowed(order);
    for fault in &order.faults {
        match fault {
            Fault::WrongDigest => {
                let order = announced.to_mut();
                let more = order.extras.files.iter_mut().flat_map(|file| [&mut file.md5, &mut file.sha256]);
                [&mut order.md5, &mut order.sha256].into_iter().chain(more).for_each(spoil);
            }
            Fault::WrongSize { by } => {
                let order = announced.to_mut();
                let more = order.extras.files.iter_mut().map(|file| &mut file.size);
                std::iter::once(&mut order.size).chain(more).for_each(|size| *size = size.saturating_add_signed(*by));
            }
            _ => {}
        }
    }
    announced
}

/// Another digest of the same length: its last digit is another.
fn spoil(digest: &mut String) {
    let last = digest.pop().map(|digit| if digit == '0' { '1' } else { '0' });
    digest.extend(last);
}

fn leave_out(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove(name);
            fields.iter_mut().filter(|(key, _)| *key != TAGS).for_each(|(_, value)| leave_out(value, name));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| leave_out(value, name)),
        _ => {}
    }
}

/// The keys of a message, those of tags left out.
fn collect<'a>(value: &'a Value, keys: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            keys.extend(fields.keys().map(String::as_str));
            fields.iter().filter(|(key, _)| *key != TAGS).for_each(|(_, value)| collect(value, keys));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{offer, push};
    use super::super::{ALL, find};
    use crate::event::{Extras, OrderedFile, UpgradeOrder};

    fn told(order: &UpgradeOrder) -> String {
        let payload = find(&order.dialect).unwrap().offer(&push(order, None)).payload;
        String::from_utf8(payload).unwrap()
    }

    fn check(dialect: &str, fault: &str, true_text: &str, told_text: &str) {
        let order = offer(dialect);
        let faulty = UpgradeOrder { faults: vec![fault.parse().unwrap()], ..order.clone() };
        assert!(told(&order).contains(true_text), "{}", told(&order));
        assert_eq!(told(&faulty), told(&order).replace(true_text, told_text), "{dialect} {fault}");
        assert_eq!(super::check(find(dialect).unwrap(), &faulty), Ok(()));
    }

    #[test]
    fn one_thing_is_wrong_in_the_push_and_everything_else_stands_byte_for_byte() {
        for dialect in ALL {
            check(dialect.id(), "wrong-digest", "45fe1e\"", "45fe10\"");
        }
        check("uiot", "wrong-size:+1", r#""size":432945"#, r#""size":432946"#);
        check("uiot-v2", "wrong-size:-500000", r#""Size":432945"#, r#""Size":0"#);
        check("uiot", "missing-field:md5", r#""md5":"93230c3bde425a9d7984a594ac45fe1e","#, "");
        check("uiot-stack", "missing-field:URL", r#""URL":"http://h/x?a=1&b=2","#, "");
        check("aliyun", "missing-field:size", r#""size":432945,"#, "");
        check("aliyun", "wrong-size:-1", r#""size":432945"#, r#""size":432944"#);
    }

    #[test]
    fn in_an_upgrade_of_several_files_every_file_is_wrong_and_tags_are_left_alone() {
        let second = OrderedFile {
            name: "b.bin".into(),
            size: 7,
            md5: "2a".into(),
            sha256: "2b".into(),
            url: "http://h/y".into(),
            path: "/y".into(),
        };
        let extras = Extras { files: vec![second], tags: vec![("colour".into(), "red".into())], ..Extras::default() };
        let faults = ["missing-field:fileUrl", "wrong-digest", "wrong-size:+2"].map(|fault| fault.parse().unwrap());
        let order = UpgradeOrder { extras, faults: faults.into(), ..offer("aliyun") };
        let told = told(&order);
        assert!(told.contains(r#""fileSize":9"#) && told.contains(r#""fileMd5":"20""#), "{told}");
        assert!(!told.contains("fileUrl") && told.contains(r#""colour":"red""#), "{told}");
        let order = UpgradeOrder { faults: vec!["missing-field:colour".parse().unwrap()], ..order };
        let refused = super::check(find("aliyun").unwrap(), &order).unwrap_err();
        assert_eq!((&*refused.code, refused.arg("field")), ("fault-no-such-field", Some("colour")));
    }

    /// A fault that quietly does nothing would be read as a device that copes with it.
    #[test]
    fn a_field_that_the_push_does_not_have_cannot_be_left_out() {
        for dialect in ALL {
            let order = UpgradeOrder { faults: vec!["missing-field:Md5".parse().unwrap()], ..offer(dialect.id()) };
            let refused = super::check(*dialect, &order).unwrap_err();
            assert_eq!(refused.arg("dialect"), Some(dialect.id()));
            assert!(refused.arg("known").unwrap().contains(", "), "{refused:?}");
        }
    }
}
