//! How the clouds check who signs in: UIoT's secret in clear, Alibaba Cloud's signature.
//!
//! What is refused is refused with the cloud's own CONNACK code, and told with all that is needed to find the mistake; the
//! secret and the right signature are never told.

use super::Credentials;
use super::sign_slip::{self, Expected};
use crate::event::{DeviceId, Secret, Trouble};
use hmac::{Hmac, KeyInit, Mac};
use std::fmt::Write;
use std::str::FromStr;

/// What a client says in its CONNECT.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// MQTT client id.
    pub client_id: &'a str,
    /// MQTT user name.
    pub username: Option<&'a str>,
    /// MQTT password.
    pub password: Option<&'a [u8]>,
}

impl SignIn<'_> {
    fn username(&self) -> &str {
        self.username.unwrap_or_default()
    }

    fn password(&self) -> &[u8] {
        self.password.unwrap_or_default()
    }
}

/// The secrets known of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The device's own.
    pub device: Option<Secret>,
    /// Its product's, with which it may ask for its own.
    pub product: Option<Secret>,
    /// Whether the device's own was made up here, and not given by the engineer.
    pub made_here: bool,
}

/// How MQTT says no; MQTT 5 has its own numbers for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connack {
    /// 4 (MQTT 5: 0x86).
    BadUserNameOrPassword = 4,
    /// 5 (MQTT 5: 0x87).
    NotAuthorized = 5,
}

/// Why a client may not sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The answer the cloud gives.
    pub connack: Connack,
    /// Whether nothing was wrong with it: there is only no secret known to check it with.
    pub unchecked: bool,
    /// What the engineer is told.
    pub trouble: Trouble,
}

impl Refused {
    const fn wrong(connack: Connack, trouble: Trouble) -> Self {
        Self { connack, unchecked: false, trouble }
    }

    const fn unchecked(connack: Connack, trouble: Trouble) -> Self {
        Self { connack, unchecked: true, trouble }
    }
}

/// The forms of the two clouds' user names.
const UIOT_FORM: &str = "{ProductSN}|{DeviceSN}|{authmode}";
const ALIYUN_FORM: &str = "{DeviceName}&{ProductKey}";

/// UIoT: `UserName {ProductSN}|{DeviceSN}|{authmode}`, and as password the device's secret in clear (authmode 1), or its
/// product's, for dynamic registration (authmode 2).
///
/// # Errors
/// `malformed-user-name` (CONNACK 4); `wrong-secret`, `wrong-product-secret`, `no-secret`, `no-product-secret` (CONNACK 5).
pub fn uiot(sign_in: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
    let (client, username) = (sign_in.client_id, sign_in.username());
    let parts: Vec<_> = username.split('|').collect();
    let [product, device, authmode @ ("1" | "2")] = parts[..] else {
        return Err(malformed(sign_in, UIOT_FORM));
    };
    let by_product = authmode == "2";
    match if by_product { &secrets.product } else { &secrets.device } {
        Some(secret) if secret.is(sign_in.password()) => Ok(()),
        Some(_) if by_product => Err(Refused::wrong(
            Connack::NotAuthorized,
            Trouble::new("wrong-product-secret")
                .with("client", client)
                .with("username", username)
                .with("product", product),
        )),
        Some(_) => Err(Refused::wrong(
            Connack::NotAuthorized,
            Trouble::new("wrong-secret").with("client", client).with("username", username).with("device", device),
        )),
        None if by_product => Err(Refused {
            connack: Connack::NotAuthorized,
            // A device whose secret the engineer gave does not get past it by the other mode.
            unchecked: secrets.device.is_none() || secrets.made_here,
            trouble: Trouble::new("no-product-secret")
                .with("client", client)
                .with("username", username)
                .with("product", product),
        }),
        None => Err(no_secret(sign_in, Connack::NotAuthorized, device)),
    }
}

/// Alibaba Cloud: user name `{DeviceName}&{ProductKey}`, client id `<id>|signmethod=…,timestamp=…|`, and as password the
/// HMAC of `clientId<id>deviceName…productKey…timestamp…` under the device's secret, in hex of either case. The time-stamp
/// is signed only where the client id has one, and may be of any year.
///
/// # Errors
/// `malformed-user-name`, `unknown-sign-method`, `wrong-signature` or, where the slip can be told, `secret-not-signed`,
/// `signed-by-other-method`, `signed-other-text`; `no-secret` (all CONNACK 4).
pub fn aliyun(sign_in: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
    let (client, username) = (sign_in.client_id, sign_in.username());
    let Some((device, product)) =
        username.rsplit_once('&').filter(|(device, product)| !device.is_empty() && !product.is_empty())
    else {
        return Err(malformed(sign_in, ALIYUN_FORM));
    };
    let Some(secret) = &secrets.device else {
        return Err(no_secret(sign_in, Connack::BadUserNameOrPassword, device));
    };
    let (id, parameters) = client.split_once('|').unwrap_or((client, ""));
    let parameters = parameters.split('|').next().unwrap_or_default();
    let mut pairs = parameters.split(',').filter_map(|pair| pair.split_once('='));
    let timestamp = pairs.clone().find(|(name, _)| *name == "timestamp").map(|(_, value)| value);
    let method = pairs.find(|(name, _)| *name == "signmethod").map(|(_, value)| value);
    let signed = to_sign(id, device, product, timestamp);
    // The vendor's page on MQTT over TCP: “默认为hmacmd5”.
    let named = method.unwrap_or(SignMethod::HmacMd5.id());
    let Ok(method) = named.parse::<SignMethod>() else {
        return Err(Refused::wrong(
            Connack::BadUserNameOrPassword,
            Trouble::new("unknown-sign-method")
                .with("client", client)
                .with("username", username)
                .with("signed", signed)
                .with("method", named),
        ));
    };
    if Secret::new(method.sign(secret, &signed)).is(&sign_in.password().to_ascii_uppercase()) {
        return Ok(());
    }
    let slip = sign_slip::find(
        &Expected { client_id: client, id, device, product, timestamp, method },
        secret,
        sign_in.password(),
    );
    let trouble =
        slip.unwrap_or_else(|| Trouble::new("wrong-signature").with("signed", signed).with("method", method.id()));
    Err(Refused::wrong(Connack::BadUserNameOrPassword, trouble.with("client", client).with("username", username)))
}

/// What is wrong with the user name of a client that is evidently a device of a cloud, though one cannot tell which device.
#[must_use]
pub fn misspelt(sign_in: &SignIn) -> Option<Refused> {
    if sign_in.username().contains('|') {
        return Some(malformed(sign_in, UIOT_FORM));
    }
    let parameters = sign_in.client_id.split_once('|').map(|(_, parameters)| parameters).unwrap_or_default();
    let of_aliyun = ["securemode=", "signmethod="].iter().any(|name| parameters.contains(name));
    of_aliyun.then(|| malformed(sign_in, ALIYUN_FORM))
}

fn malformed(sign_in: &SignIn, form: &str) -> Refused {
    let trouble = Trouble::new("malformed-user-name")
        .with("client", sign_in.client_id)
        .with("username", sign_in.username())
        .with("form", form);
    Refused::wrong(Connack::BadUserNameOrPassword, trouble)
}

fn no_secret(sign_in: &SignIn, connack: Connack, device: &str) -> Refused {
    let trouble = Trouble::new("no-secret")
        .with("client", sign_in.client_id)
        .with("username", sign_in.username())
        .with("device", device);
    Refused::unchecked(connack, trouble)
}

/// How a device of Alibaba Cloud signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignMethod {
    /// HMAC-SHA256.
    #[default]
    HmacSha256,
    /// HMAC-SHA1.
    HmacSha1,
    /// HMAC-MD5.
    HmacMd5,
}

impl SignMethod {
    /// Every method there is.
    pub const ALL: [Self; 3] = [Self::HmacSha256, Self::HmacSha1, Self::HmacMd5];

    /// As the client id names it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmacsha256",
            Self::HmacSha1 => "hmacsha1",
            Self::HmacMd5 => "hmacmd5",
        }
    }

    /// The signature of a text, in upper-case hex.
    #[must_use]
    pub fn sign(self, secret: &Secret, text: &str) -> String {
        match self {
            Self::HmacSha256 => hex_of::<Hmac<sha2::Sha256>>(secret, text),
            Self::HmacSha1 => hex_of::<Hmac<sha1::Sha1>>(secret, text),
            Self::HmacMd5 => hex_of::<Hmac<md5::Md5>>(secret, text),
        }
    }
}

/// The cloud has no such sign method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSignMethod;

impl std::fmt::Display for UnknownSignMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hmacsha256, hmacsha1, hmacmd5")
    }
}

impl std::error::Error for UnknownSignMethod {}

impl FromStr for SignMethod {
    type Err = UnknownSignMethod;

    fn from_str(text: &str) -> Result<Self, UnknownSignMethod> {
        Self::ALL.into_iter().find(|method| method.id() == text).ok_or(UnknownSignMethod)
    }
}

/// How a device of Alibaba Cloud signs in with this method, without a time-stamp.
#[must_use]
pub fn aliyun_credentials(device: &DeviceId, secret: &Secret, method: SignMethod) -> Credentials {
    let id = format!("{}.{}", device.product, device.device);
    let signed = to_sign(&id, &device.device, &device.product, None);
    Credentials {
        client_id: format!("{id}|securemode=3,signmethod={},_ss=1,_v=ota-workbench|", method.id()),
        username: format!("{}&{}", device.device, device.product),
        password: method.sign(secret, &signed),
    }
}

pub(super) fn to_sign(id: &str, device: &str, product: &str, timestamp: Option<&str>) -> String {
    let mut text = format!("clientId{id}deviceName{device}productKey{product}");
    if let Some(timestamp) = timestamp {
        text.push_str("timestamp");
        text.push_str(timestamp);
    }
    text
}

fn hex_of<M: Mac + KeyInit>(secret: &Secret, text: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.reveal().as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
