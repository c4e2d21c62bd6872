//! Who is let in and who is not, by the CONNECT packets of real devices.

use super::{Connack, Secrets, SignIn, SignMethod, aliyun, aliyun_credentials, misspelt, uiot};
use crate::event::{DeviceId, Secret};

const ALIYUN_SECRET: &str = "0123456789abcdef0123456789abcdef";
const SHA256: &str = "931CEF551A6FFB2C574CBCC27CE4C01620323DBC20B6473B90FA6E992D884D6C";
const UIOT_SECRET: &str = "hly3dk1u5y8fq0b9";
const PRODUCT_SECRET: &str = "u6k83pfc2jwnzz5s";
const LINKSDK: &str = "a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=3,signmethod=hmacsha256,ext=3,_conn=tcp_0|";

/// What the vendors' SDKs sent: client id, user name, password.
#[rustfmt::skip]
const SEEN: &[[&str; 3]] = &[
    // C-SDK 3.2, LinkSDK C 4.2 (three connections of one device), Python SDK 1.2.13.
    ["a1BenchPK00.bench01|timestamp=2524608000000,_v=sdk-c-3.2.0,securemode=3,signmethod=hmacsha256,lan=C,_ss=1,gw=0,ext=0|", "bench01&a1BenchPK00", SHA256],
    [LINKSDK, "bench01&a1BenchPK00", SHA256],
    ["a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=3,signmethod=hmacsha256,ext=3,_conn=tcp_2|", "bench01&a1BenchPK00", SHA256],
    ["a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=3,signmethod=hmacsha256,ext=3,_conn=tcp_3|", "bench01&a1BenchPK00", SHA256],
    ["a1BenchPK00&bench01|securemode=3,signmethod=hmacsha1,ext=1,_ss=1,lan=Python,_v=1.2.13,timestamp=1795282071|", "bench01&a1BenchPK00", "b823580d4d9ad2554ca4d06cfb325361332cddbc"],
    // UIoT C SDK, of 2019 to now and for private deployments.
    ["70ly1tvowt696r15.aruidyl0rt9tuvod", "70ly1tvowt696r15|aruidyl0rt9tuvod|1", UIOT_SECRET],
];

fn secrets(device: &str, product: &str) -> Secrets {
    let given = |text: &str| (!text.is_empty()).then(|| Secret::new(text));
    Secrets { device: given(device), product: given(product), made_here: false }
}

fn sign_in([client_id, username, password]: [&str; 3]) -> SignIn<'_> {
    SignIn { client_id, username: Some(username), password: Some(password.as_bytes()) }
}

/// CONNACK and code; 0 and nothing when it is let in.
fn check_aliyun(given: [&str; 3], secrets: &Secrets, connack: u8, code: &str) {
    let (answer, told) = match aliyun(&sign_in(given), secrets) {
        Ok(()) => (0, String::new()),
        Err(refused) => (refused.connack as u8, refused.trouble.code.to_string()),
    };
    assert_eq!((answer, told.as_str()), (connack, code), "{given:?}");
}

fn check_uiot(username: &str, password: &str, secrets: &Secrets, connack: u8, code: &str) {
    let (answer, told) = match uiot(&sign_in(["P.D", username, password]), secrets) {
        Ok(()) => (0, String::new()),
        Err(refused) => (refused.connack as u8, refused.trouble.code.to_string()),
    };
    assert_eq!((answer, told.as_str()), (connack, code), "{username} {password}");
}

#[test]
fn every_device_seen_in_the_field_is_let_in_with_its_secret_and_not_with_another() {
    for seen in SEEN {
        let check = |secret: &str| {
            if seen[1].contains('&') {
                aliyun(&sign_in(*seen), &secrets(secret, ""))
            } else {
                uiot(&sign_in(*seen), &secrets(secret, ""))
            }
        };
        let secret = if seen[1].contains('&') { ALIYUN_SECRET } else { UIOT_SECRET };
        assert_eq!(check(secret), Ok(()), "{seen:?}");
        let wrong = check(&format!("{}x", &secret[..secret.len() - 1])).expect_err("one letter is wrong");
        assert!(!wrong.unchecked);
        let told = format!("{:?}", wrong.trouble);
        assert!(!told.contains(secret) && !told.to_ascii_uppercase().contains(&seen[2].to_ascii_uppercase()), "{told}");
    }
}

#[test]
fn a_wrong_signature_tells_what_was_signed_and_how_and_not_what_would_be_right() {
    let secret = "1123456789abcdef0123456789abcdef";
    let refused = aliyun(&sign_in(SEEN[1]), &secrets(secret, "")).expect_err("one letter is wrong");
    assert_eq!(refused.connack, Connack::BadUserNameOrPassword);
    let trouble = refused.trouble;
    assert_eq!(trouble.code, "wrong-signature");
    let signed = "clientIda1BenchPK00.bench01deviceNamebench01productKeya1BenchPK00timestamp2524608000000";
    assert_eq!(trouble.arg("signed"), Some(signed));
    assert_eq!(trouble.arg("method"), Some("hmacsha256"));
    assert_eq!((trouble.arg("client"), trouble.arg("username")), (Some(LINKSDK), Some("bench01&a1BenchPK00")));
    let right = SignMethod::HmacSha256.sign(&Secret::new(secret), signed);
    assert!(!format!("{trouble:?}").to_ascii_uppercase().contains(&right));
}

#[test]
fn the_papers_vector_holds_in_either_case_and_for_every_method() {
    let signed = "clientIda1BenchPK00.bench01deviceNamebench01productKeya1BenchPK00timestamp2524608000000";
    assert_eq!(SignMethod::HmacSha256.sign(&Secret::new(ALIYUN_SECRET), signed), SHA256);
    // A page of the vendor's: hmacsha1("secret", "clientId12345deviceNamedeviceproductKeypktimestamp789").
    let known =
        SignMethod::HmacSha1.sign(&Secret::new("secret"), "clientId12345deviceNamedeviceproductKeypktimestamp789");
    assert_eq!(known, "FAFD82A3D602B37FB0FA8B7892F24A477F851A14");
    let right = secrets(ALIYUN_SECRET, "");
    check_aliyun([LINKSDK, "bench01&a1BenchPK00", &SHA256.to_ascii_lowercase()], &right, 0, "");
    for method in SignMethod::ALL {
        let client = format!("id|securemode=3,signmethod={}|", method.id());
        let password = method.sign(&Secret::new(ALIYUN_SECRET), "clientIdiddeviceNamednproductKeypk");
        check_aliyun([&client, "dn&pk", &password], &right, 0, "");
        check_aliyun([&client, "dn&pk", &password[1..]], &right, 4, "wrong-signature");
    }
}

#[test]
fn an_aliyun_sign_in_is_taken_apart_as_the_cloud_does_it() {
    let right = secrets(ALIYUN_SECRET, "");
    let md5 = SignMethod::HmacMd5.sign(&Secret::new(ALIYUN_SECRET), "clientIdiddeviceNamednproductKeypk");
    check_aliyun(["id", "dn&pk", &md5], &right, 0, "");
    check_aliyun(["id|securemode=3|", "dn&pk", &md5], &right, 0, "");
    check_aliyun(["id|timestamp=1|", "dn&pk", &md5], &right, 4, "signed-other-text");
    check_aliyun(["id|signmethod=hmacsha1|", "dn&pk", &md5], &right, 4, "signed-by-other-method");
    check_aliyun(["id", "dn&pk", ALIYUN_SECRET], &right, 4, "secret-not-signed");
    check_aliyun(["id|signmethod=hmacsha512|", "dn&pk", &md5], &right, 4, "unknown-sign-method");
    check_aliyun(["id|signmethod=|", "dn&pk", &md5], &right, 4, "unknown-sign-method");
    check_aliyun(["id", "dn&pk", ""], &right, 4, "wrong-signature");
    check_aliyun(["id", "dn", &md5], &right, 4, "malformed-user-name");
    check_aliyun(["id", "dn&", &md5], &right, 4, "malformed-user-name");
    check_aliyun(["id", "dn&pk", &md5], &secrets("", PRODUCT_SECRET), 4, "no-secret");
    let nothing = SignIn { client_id: "id", username: None, password: None };
    assert!(aliyun(&nothing, &right).is_err());
}

#[test]
fn a_uiot_device_signs_in_with_its_own_secret_or_asks_for_it_with_its_products() {
    let both = secrets(UIOT_SECRET, PRODUCT_SECRET);
    check_uiot("P|AA:BB:CC|1", UIOT_SECRET, &both, 0, "");
    check_uiot("P|D|2", PRODUCT_SECRET, &both, 0, "");
    check_uiot("P|D|1", PRODUCT_SECRET, &both, 5, "wrong-secret");
    check_uiot("P|D|2", UIOT_SECRET, &both, 5, "wrong-product-secret");
    check_uiot("P|D|1", "", &both, 5, "wrong-secret");
    check_uiot("P|D|1", UIOT_SECRET, &secrets("", PRODUCT_SECRET), 5, "no-secret");
    check_uiot("P|D|2", PRODUCT_SECRET, &secrets("", PRODUCT_SECRET), 0, "");
    check_uiot("P|D|2", "x", &secrets(UIOT_SECRET, ""), 5, "no-product-secret");
    for username in ["P|D", "P|D|3", "P|D|1|", "P|D|", "PD1", ""] {
        check_uiot(username, UIOT_SECRET, &both, 4, "malformed-user-name");
    }
}

/// Else a device with a secret would get in on a loopback bench by calling itself new.
#[test]
fn only_a_device_without_a_secret_of_the_engineers_is_merely_unchecked() {
    let unchecked = |username: &str, secrets: &Secrets| {
        uiot(&sign_in(["P.D", username, "x"]), secrets).expect_err("nothing to check with").unchecked
    };
    assert!(unchecked("P|D|1", &secrets("", "")));
    assert!(unchecked("P|D|2", &secrets("", "")));
    assert!(!unchecked("P|D|2", &secrets(UIOT_SECRET, "")));
    assert!(unchecked("P|D|2", &Secrets { made_here: true, ..secrets(UIOT_SECRET, "") }), "it may register again");
    assert!(!unchecked("P|D|1", &secrets(UIOT_SECRET, "")));
}

#[test]
fn what_the_simulated_device_signs_is_right_with_every_method() {
    let (device, secret) = (DeviceId::new("a1BenchPK00", "lamp-01"), Secret::new(ALIYUN_SECRET));
    for method in SignMethod::ALL {
        let made = aliyun_credentials(&device, &secret, method);
        check_aliyun([&made.client_id, &made.username, &made.password], &secrets(ALIYUN_SECRET, ""), 0, "");
        check_aliyun([&made.client_id, &made.username, &made.password], &secrets("other", ""), 4, "wrong-signature");
    }
}

#[test]
fn a_device_that_cannot_be_told_is_told_from_an_engineers_client() {
    let form = |client, username| misspelt(&sign_in([client, username, ""]))?.trouble.arg("form").map(str::to_owned);
    assert_eq!(form("P.D", "P|D").as_deref(), Some("{ProductSN}|{DeviceSN}|{authmode}"));
    assert_eq!(form("id|securemode=3,signmethod=hmacsha1|", "dn").as_deref(), Some("{DeviceName}&{ProductKey}"));
    assert_eq!(form("mqtt-explorer-12ab", "me"), None);
    assert_eq!(form("mosq|1", ""), None);
}
