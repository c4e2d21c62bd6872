//! The usual slips behind a wrong signature: what the device signed instead, or how, when it can be told.

use super::sign_in::{SignMethod, to_sign};
use crate::event::{Secret, Trouble};

/// What should have been signed, and how.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) id: &'a str,
    pub(super) device: &'a str,
    pub(super) product: &'a str,
    pub(super) timestamp: Option<&'a str>,
    pub(super) method: SignMethod,
}

/// The slip with which a password that is wrong would be right. Nothing it tells helps anybody who lacks the secret.
pub(super) fn find(expected: &Expected, secret: &Secret, password: &[u8]) -> Option<Trouble> {
    let &Expected { client_id, id, device, product, timestamp, method } = expected;
    let signed = to_sign(id, device, product, timestamp);
    if secret.is(password) {
        return Some(Trouble::new("secret-not-signed").with("signed", signed).with("method", method.id()));
    }
    let given = password.to_ascii_uppercase();
    let by = |text: &str| {
        let mut methods = SignMethod::ALL.into_iter();
        methods.find(|method| Secret::new(method.sign(secret, text)).is(&given))
    };
    if let Some(by) = by(&signed) {
        return Some(
            Trouble::new("signed-by-other-method")
                .with("signed", signed)
                .with("method", method.id())
                .with("by", by.id()),
        );
    }
    let behind = timestamp.map(|timestamp| format!("timestamp{timestamp}")).unwrap_or_default();
    let others = [
        to_sign(id, device, product, None),
        to_sign(client_id, device, product, timestamp),
        to_sign(client_id, device, product, None),
        to_sign(id, product, device, timestamp),
        format!("clientId{id}productKey{product}deviceName{device}{behind}"),
        format!("productKey{product}deviceName{device}clientId{id}{behind}"),
        format!("deviceName{device}productKey{product}clientId{id}{behind}"),
        format!("{behind}clientId{id}deviceName{device}productKey{product}"),
        format!("{id}{device}{product}{}", timestamp.unwrap_or_default()),
    ];
    let other = others.into_iter().find(|text| by(text).is_some())?;
    Some(Trouble::new("signed-other-text").with("signed", signed).with("method", method.id()).with("other", other))
}

#[cfg(test)]
mod tests {
    use super::{Expected, SignMethod, find};
    use crate::event::Secret;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn check(password: &str, code: Option<&str>, more: &str) {
        let expected = Expected {
            client_id: "id|timestamp=7,signmethod=hmacsha1|",
            id: "id",
            device: "dn",
            product: "pk",
            timestamp: Some("7"),
            method: SignMethod::HmacSha1,
        };
        let trouble = find(&expected, &Secret::new(SECRET), password.as_bytes());
        assert_eq!(trouble.as_ref().map(|trouble| &*trouble.code), code, "{password}");
        if let Some(trouble) = trouble {
            let told = trouble.arg("by").or(trouble.arg("other")).unwrap_or_default();
            assert_eq!((told, trouble.arg("signed")), (more, Some("clientIdiddeviceNamednproductKeypktimestamp7")));
            assert!(!format!("{trouble:?}").contains(SECRET));
        }
    }

    #[test]
    fn a_slip_is_found_by_what_it_leads_to() {
        let secret = Secret::new(SECRET);
        let right = "clientIdiddeviceNamednproductKeypktimestamp7";
        check(SECRET, Some("secret-not-signed"), "");
        check(&SignMethod::HmacMd5.sign(&secret, right), Some("signed-by-other-method"), "hmacmd5");
        for text in [
            "clientIdiddeviceNamednproductKeypk",
            "clientIdid|timestamp=7,signmethod=hmacsha1|deviceNamednproductKeypktimestamp7",
            "clientIdiddeviceNamepkproductKeydntimestamp7",
            "clientIdidproductKeypkdeviceNamedntimestamp7",
            "timestamp7clientIdiddeviceNamednproductKeypk",
        ] {
            check(&SignMethod::HmacSha1.sign(&secret, text), Some("signed-other-text"), text);
        }
        check(&SignMethod::HmacSha1.sign(&Secret::new("other"), right), None, "");
        check("", None, "");
    }
}
