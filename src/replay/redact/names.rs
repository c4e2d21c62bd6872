//! Which names are names of secrets, however their words are put together: `wifiPassword`, `wifi_password`, `WIFI-PASSWORD`.

use super::book::SecretKind;

/// How sure a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sure {
    /// Whatever stands behind it is the secret: `password`.
    Always,
    /// It may be spoken of as well: `token: expired`.
    Spoken,
    /// It means something else as often: `pass: 12`.
    Hardly,
}

/// A name that announces a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub kind: SecretKind,
    pub sure: Sure,
    pub form: Form,
}

/// What stands behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A value.
    Value,
    /// `SCHEME VALUE`, or a value.
    Authorization,
    /// A list of pairs to the end of the line.
    Cookies,
    /// A signature, but for one that is a digest: see [`super::sign`].
    Sign,
}

const fn name(kind: SecretKind, sure: Sure) -> Name {
    Name { kind, sure, form: Form::Value }
}

/// Whatever is called a password.
pub(super) const PASSWORD: Name = name(SecretKind::Secret, Sure::Always);

/// Names that no letters announce, as UTF-8: password (two words for it), key, token.
pub(super) const CHINESE: [(&str, Name); 4] =
    [("密码", PASSWORD), ("口令", PASSWORD), ("密钥", PASSWORD), ("令牌", name(SecretKind::Token, Sure::Spoken))];

/// The last words of a name that say what it is.
const LAST: [(&str, Name); 22] = [
    ("password", PASSWORD),
    ("passwords", PASSWORD),
    ("passwort", PASSWORD),
    ("passwd", PASSWORD),
    ("passphrase", PASSWORD),
    ("passcode", PASSWORD),
    ("pwd", PASSWORD),
    ("psk", PASSWORD),
    ("psw", PASSWORD),
    ("secret", PASSWORD),
    ("secrets", PASSWORD),
    ("pass", name(SecretKind::Secret, Sure::Hardly)),
    ("pw", name(SecretKind::Secret, Sure::Hardly)),
    ("token", name(SecretKind::Token, Sure::Spoken)),
    ("tokens", name(SecretKind::Token, Sure::Spoken)),
    ("jwt", name(SecretKind::Token, Sure::Spoken)),
    ("signature", name(SecretKind::Signature, Sure::Spoken)),
    ("credential", name(SecretKind::Key, Sure::Spoken)),
    ("credentials", name(SecretKind::Key, Sure::Spoken)),
    ("authorization", Name { form: Form::Authorization, ..name(SecretKind::Token, Sure::Spoken) }),
    ("cookie", Name { form: Form::Cookies, ..name(SecretKind::Token, Sure::Spoken) }),
    ("sign", Name { form: Form::Sign, ..name(SecretKind::Signature, Sure::Spoken) }),
];

/// What a key is of, where it is a secret.
const SECRET_KEYS: [&str; 20] = [
    "secret",
    "private",
    "shared",
    "wifi",
    "wlan",
    "wpa",
    "wep",
    "network",
    "security",
    "aes",
    "des",
    "encryption",
    "encrypt",
    "decryption",
    "device",
    "session",
    "master",
    "auth",
    "hmac",
    "mqtt",
];
/// What a key is of, where it tells who somebody is.
const ACCESS_KEYS: [&str; 4] = ["access", "api", "app", "public"];

/// Endings of names whose words nothing parts: `wifipassword`, `accesstoken`.
const ENDINGS: [&str; 8] = ["password", "passwd", "passphrase", "passcode", "secret", "pwd", "psk", "token"];
/// Names whose words nothing parts, where an ending would say too much.
const WHOLE: [(&str, &str); 3] = [("wifipass", "pass"), ("mqttpass", "pass"), ("userpass", "pass")];

/// What a name announces. `before` is the word that stands one blank before it, for `API key`.
pub(super) fn name_of(text: &[u8], before: Option<&[u8]>) -> Option<Name> {
    if !text.last()?.is_ascii() {
        return CHINESE.iter().find(|(word, _)| text.ends_with(word.as_bytes())).map(|(_, name)| *name);
    }
    let mut rest = text;
    let last = last_word(&mut rest)?;
    // The letters that end these words: nearly every other word is done with here.
    let [.., one, two] = last else { return None };
    let ends =
        [b"rd", b"ds", b"rt", b"wd", b"se", b"de", b"sk", b"sw", b"et", b"ts", b"ss", b"pw", b"en", b"ns", b"wt"];
    let more = [b"re", b"al", b"ls", b"on", b"ie", b"gn", b"ey", b"id"];
    let end = [one.to_ascii_lowercase(), two.to_ascii_lowercase()];
    if !ends.contains(&&end) && !more.contains(&&end) {
        return None;
    }
    if let Some(name) = listed(last) {
        // `sign` is one only alone: `fileSign` is a digest.
        return (name.form != Form::Sign || last.len() == text.len()).then_some(name);
    }
    let (mut second, mut third) = (last_word(&mut rest), last_word(&mut rest));
    if is(last, "id") && second.is_some_and(|word| is(word, "key")) {
        return third.filter(|word| is(word, "access")).map(|_| name(SecretKind::Key, Sure::Spoken));
    }
    if is(last, "key") {
        if second.is_none() {
            let mut before = before?;
            (second, third) = (last_word(&mut before), last_word(&mut before));
        }
        return key_of(second?, third);
    }
    unparted(last)
}

fn is(word: &[u8], known: &str) -> bool {
    word.eq_ignore_ascii_case(known.as_bytes())
}

fn listed(word: &[u8]) -> Option<Name> {
    LAST.iter().find(|(known, _)| is(word, known)).map(|(_, name)| *name)
}

fn key_of(what: &[u8], before: Option<&[u8]>) -> Option<Name> {
    if is(what, "fi") && before.is_some_and(|word| is(word, "wi")) {
        return Some(PASSWORD);
    }
    if SECRET_KEYS.iter().any(|known| is(what, known)) || before.is_some_and(|word| is(word, "secret")) {
        return Some(PASSWORD);
    }
    ACCESS_KEYS.iter().any(|known| is(what, known)).then_some(name(SecretKind::Key, Sure::Spoken))
}

/// A name of several words that nothing parts.
fn unparted(word: &[u8]) -> Option<Name> {
    if let Some((_, means)) = WHOLE.iter().find(|(known, _)| is(word, known)) {
        return listed(means.as_bytes());
    }
    let cut = |ending: &str| {
        let (front, back) = word.split_at(word.len().checked_sub(ending.len())?);
        (is(back, ending) && !front.is_empty()).then_some(front)
    };
    if let Some(ending) = ENDINGS.into_iter().find(|ending| cut(ending).is_some()) {
        return listed(ending.as_bytes());
    }
    let word = cut("id").filter(|front| front.to_ascii_lowercase().ends_with(b"accesskey")).or(Some(word))?;
    let what = word.len().checked_sub(3).map(|end| word.split_at(end)).filter(|(_, key)| is(key, "key"))?.0;
    let ends = |known: &&&str| what.len() >= known.len() && is(&what[what.len() - known.len()..], known);
    let known = SECRET_KEYS.iter().filter(|known| known.len() > 3 || known.len() == what.len());
    known.chain(&ACCESS_KEYS).find(ends).and_then(|known| key_of(known.as_bytes(), None))
}

/// The last word of a name; what is before it is left. Digits and marks behind it are not looked at.
fn last_word<'a>(name: &mut &'a [u8]) -> Option<&'a [u8]> {
    let text = *name;
    let end = text.iter().rposition(u8::is_ascii_alphabetic)? + 1;
    let mut start = end - 1;
    while let Some(at) = start.checked_sub(1) {
        let (before, here) = (text[at], text[start]);
        let in_capitals = before.is_ascii_uppercase() && !text.get(start + 1).is_some_and(u8::is_ascii_lowercase);
        if !before.is_ascii_alphabetic() || here.is_ascii_uppercase() && !in_capitals {
            break;
        }
        start = at;
    }
    *name = &text[..start];
    Some(&text[start..end])
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_name_says_a_secret_in_every_way_of_putting_words_together() {
        for name in [
            "wifiPassword",
            "wifiPwd",
            "mqttPassword",
            "sharedSecret",
            "secretAccessKey",
            "idToken",
            "iotToken",
            "WIFI_PASS",
            "wifi_pass",
            "pass",
            "pw",
            "passcode",
            "aesKey",
            "encryptionKey",
            "appKey",
            "DeviceSecret",
            "wpa2-psk",
            "wep_key0",
            "password1",
            "x-api-key",
            "OSSAccessKeyId",
            "accesskeyid",
            "AccessKeySecret",
            "apikey",
            "UCloudPublicKey",
            "u0026Signature",
            "26token",
            "X-Amz-Credential",
            "accesstoken",
            "WIFIKey",
            "mqttpass",
            "--password",
            "Set-Cookie",
            "Proxy-Authorization",
            "WiFi密码",
            "wifi_psk_2",
            "secretkey",
        ] {
            assert!(name_of(name.as_bytes(), None).is_some(), "{name}");
        }
        assert!(name_of(b"key", Some(b"API")).is_some() && name_of(b"key", Some(b"WiFi")).is_some());
    }

    #[test]
    fn other_names_say_none() {
        for name in [
            "key",
            "token_count",
            "productKey",
            "ProductKey",
            "deviceName",
            "bypass",
            "compass",
            "passed",
            "tokenizer",
            "keyId",
            "monkey",
            "signMethod",
            "fileSign",
            "design",
            "author",
            "passwordLength",
            "sha256",
            "id",
            "",
            "secretary",
            "signal",
            "task",
            "desk",
            "hotkey",
            "cookies",
            "assign",
            "keys",
            "fileMd5",
            "password_set",
        ] {
            assert!(name_of(name.as_bytes(), None).is_none(), "{name}");
        }
        assert!(name_of(b"key", Some(b"any")).is_none());
    }
}
