//! What was once handed on though it was a secret, and what looks like one and is none.

use super::Redactor;
use crate::event::{Client, Event, Fact, Micros, Text};

const SECRET: &str = "Zq4xA7Kp9mW3vT5s";

fn event(fact: Fact) -> Event {
    Event { seq: 1, at: Micros(1), fact }
}

fn payload(text: &str) -> Fact {
    Fact::MessageReceived { client: None, topic: "t".into(), payload: text.as_bytes().into(), qos: 0, retain: false }
}

pub fn received(text: &str) -> Fact {
    Fact::BytesReceived { port: "COM3".into(), bytes: text.as_bytes().into() }
}

pub fn sent(text: &str) -> Fact {
    Fact::BytesSent { port: "COM3".into(), bytes: text.as_bytes().into() }
}

pub fn path(text: &str) -> Fact {
    Fact::RequestReceived { request: 1, peer: "p".into(), method: "GET".into(), path: text.into(), range: None }
}

/// What is written of these events, one behind the other.
fn redacted(facts: impl IntoIterator<Item = Fact>) -> String {
    let mut redactor = Redactor::default();
    let texts = facts.into_iter().map(|fact| match redactor.redact(&event(fact), true).fact {
        Fact::MessageReceived { payload: bytes, .. }
        | Fact::BytesReceived { bytes, .. }
        | Fact::BytesSent { bytes, .. } => String::from_utf8_lossy(&bytes).into_owned(),
        Fact::RequestReceived { path, .. } => path.to_string(),
        other => format!("{other:?}"),
    });
    texts.collect()
}

/// Each of `texts`, with a secret in the place of `$`, is handed on without it, and is still what it was a second time.
#[track_caller]
fn check(fact: fn(&str) -> Fact, texts: &[&str]) {
    for text in texts {
        let told = text.replace('$', SECRET);
        let once = redacted([fact(&told)]);
        assert!(!once.contains(&SECRET[..6]) && !once.contains(&SECRET[10..]), "{told} -> {once}");
        assert_eq!(redacted([fact(&once)]), once, "{told}");
    }
}

#[track_caller]
fn check_stays(fact: fn(&str) -> Fact, texts: &[&str]) {
    for text in texts {
        assert_eq!(redacted([fact(text)]), *text);
    }
}

#[test]
fn a_secret_goes_by_its_name_however_the_name_is_spelt() {
    let names = [
        r"wifiPassword wifiPwd mqttPassword adminPassword oldPassword sharedSecret secretAccessKey idToken iotToken userToken fileToken pass passcode wifi_pass WIFI_PASS aesKey encryptionKey appKey",
        r"privateKey deviceKey Authorization 密码 WiFi密码 登录口令 pass\u0077ord tokens secrets credentials jwt sign wpa_psk AccessKeySecret Cookie",
    ];
    for name in names.iter().flat_map(|names| names.split(' ')) {
        check(payload, &[&format!(r#"{{"id":1,"{name}":"$"}}"#), &format!(r#"[{{"a":{{"{name}" : ["b","$"]}}}},]"#)]);
    }
    for name in ["WIFI_PASS", "wifi_pass", "pass", "pw", "passcode", "wifiPwd", "aesKey", "sign", "WiFi密码", "API key"]
    {
        let forms = ["=$", ": $", " = $", "= '$'", " : \"$\"", "=>$", " -> $", "：$"];
        for form in forms {
            check(received, &[&format!("I (12) app: {name}{form}\r\nok\r\n"), &format!("{name}{form}\r\n")]);
        }
    }
}

#[test]
fn a_secret_in_json_goes_by_the_key_around_or_beside_it() {
    check(
        payload,
        &[
            r#"{"password":["$"]}"#,
            r#"{"password":{"value":"$"}}"#,
            r#"{"name":"password","value":"$"}"#,
            r#"{"value":"$","name":"password"}"#,
            r#"{"key":"DeviceSecret","value":"$"}"#,
            "{\"password\"\n: \"$\"}",
            r#"{"password":"a\"b$"}"#,
            r#"{"a":"{\"DeviceSecret\":\"$\"}"}"#,
            r#"{"a":"{\\\"wifiPwd\\\":\\\"$\\\"}"}"#.replace("\\\\\\", "\\").as_str(),
            r#"{"cut":1,"password":"$"#,
            "{password:$,ssid:home}",
        ],
    );
    assert_eq!(
        redacted([payload(r#"{"a" : 1,"password":{"value":12345678,"since":"2026"} ,}"#)]),
        r#"{"a" : 1,"password":{"value":99999999,"since":"2026"} ,}"#,
        "every other byte stays as it was"
    );
}

#[test]
fn a_signature_is_told_from_the_digest_of_a_build_by_the_object_it_is_in() {
    check(
        payload,
        &[
            r#"{"url":"http://h/x?sign=$","signMethod":"Md5"}"#,
            r#"{"sign":"$","signmethod":"sha256"}"#,
            r#"{"sign":"$","signMethod":"Md5","size":1,"url":"u"}"#,
            r#"{"sign":"$","data":{"signMethod":"Md5","size":1}}"#,
            r#"{"size":1,"sign":"$3c3bde425a9d7984a594ac55ea1e","signMethod":"hmacMd5"}"#,
        ],
    );
    check(received, &["sign=$\r\n", "I (1) mqtt: sign: $\r\n"]);
    check_stays(
        payload,
        &[
            r#"{"data":{"size":4,"sign":"93230c3bde425a9d7984a594ac55ea1e","signMethod":"Md5","url":"http://h/x"},"id":1}"#,
            r#"log {"size":4,"sign":"93230c3bde425a9d7984a594ac55ea1e","signMethod":"Md5"}"#,
            r#"{"sign":"positive"}"#,
        ],
    );
}

#[test]
fn commands_to_a_module_keep_their_secret_back() {
    let commands = [
        r#"AT+CWJAP="Home","$""#,
        r#"AT+CWJAP_CUR="Home","$""#,
        r#"AT+CWJAP_DEF="Home,5G","$","aa:bb""#,
        r#"AT+CWSAP="a","$",5,3"#,
        r#"AT+QMTCONN=0,"client","user","$""#,
        r#"AT+MQTTUSERCFG=0,1,"cid","user","$",0,0,"""#,
        r#"AT+CMQTTCONNECT=0,"tcp://h:1883",60,1,"user","$""#,
        r#"AT+QMTCFG="aliauth",0,"pk","dn","$""#,
        r#"AT+TCDEVINFOSET=1,"pk","dn","$""#,
        "AT+CGAUTH=1,1,user,$",
    ];
    for command in commands {
        check(sent, &[&format!("{command}\r\n")]);
        check(received, &[&format!("{command}\r\r\nOK\r\n")]);
        check(payload, &[&format!(r#"{{"sent":{}}}"#, serde_json::Value::from(command))]);
    }
    assert_eq!(redacted([sent("AT+CWJAP=\"Home\",\"hunter22\"\r\n")]), "AT+CWJAP=\"Home\",\"secret-1\"\r\n");
    check_stays(
        received,
        &[
            "+CWJAP:\"Home\",\"aa:bb:cc:dd:ee:ff\",6,-40\r\n",
            "AT+CWJAP?\r\n",
            "+CPIN: READY\r\n",
            "AT+QMTCFG=\"keepalive\",0,120,1,2\r\n",
            "AT+QMTCONN=0,\"client\"\r\n",
        ],
    );
}

#[test]
fn on_a_console_a_value_goes_on_to_the_end_of_its_line() {
    check(
        received,
        &[
            "password: a;$\r\n",
            "password: a&$\r\n",
            "password=a,b$\r\n",
            "password=a b $\r\n",
            "password: #$\r\n",
            "password \"a b $\"\r\n",
            "密码: $\r\n",
            "密码：$\r\n",
            "WiFi密码=$\r\n",
            "口令为 $\r\n",
            "password：$\r\n",
            "password is $\r\n",
            "password $\r\n",
            "join --password $\r\n",
            "wifi set ssid Home password $\r\n",
            "password[$]\r\n",
            "deviceSecret = [$]\r\n",
            "password <$>\r\n",
            "<password>$</password>\r\n",
            "\x1b[33mpassword\x1b[0m: $\r\n",
            "password: \x1b[31m$\x1b[0m\r\n",
            "password:\r\n$\r\n",
            "Token :\r\n  $-2.0\r\n",
            "PWD=/$/home\r\n",
            "device key: $ loaded\r\n",
            "authorization: granted$\r\n",
            "Set-Cookie: sid=$; Path=/\r\n",
            "Cookie: a=b; session=$\r\n",
            "Authorization: $\r\n",
            "Authorization: Basic $\r\n",
            "I (1) wifi: connecting ssid:Home pass:$\r\n",
            "token is $\r\n",
            "WIFI key = $ ok\r\n",
            "wep_key0=$\r\n",
        ],
    );
    for (text, expected) in [
        ("join pass:hunter22 now, channel: 6\r\n", "join pass:secret-1 xxx, channel: 6\r\n"),
        ("password: a;hunter22\r\n", "password: secret-1;xxxxxxxx\r\n"),
        ("pwd=hunter22&ssid=Home\r\n", "pwd=secret-1&ssid=Home\r\n"),
        ("cid|mode=2,token=hunter22,timestamp=7|\r\n", "cid|mode=2,token=token-1-,timestamp=7|\r\n"),
        ("{password:hunter22} sent\r\n", "{password:secret-1} sent\r\n"),
    ] {
        assert_eq!(redacted([received(text)]), expected);
    }
    let url = "http://h/abcb7942b8b2b58b63f8cdd5038ff6c7 ";
    for (chunks, expected) in [
        (["psk: abc def ghi\r\n", "ok\r\n"], "psk: secret-1 xxx xxx\r\nok\r\n"),
        (["psk: abcb79 ok\r\n", "psk: a"], "psk: secret-1 xx\r\npsk: x"),
        (["token: abcb79", "42b8b2b58b63f8cdd5038ff6c7\r\n"], "token: token-1-xxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
    ] {
        let out = redacted([url, chunks[0], chunks[1]].map(received));
        assert_eq!(out, format!("http://h/token-1-xxxxxxxxxxxxxxxxxxxxxxxx {expected}"), "another secret");
    }
}

#[test]
fn what_is_typed_at_a_question_is_taken_out_however_it_is_asked() {
    for question in [
        "请输入密码:",
        "请输入密码：",
        "WiFi password? ",
        "Passphrase> ",
        "Enter WiFi key: ",
        "Password (again): ",
        "\x1b[1mPassword:\x1b[0m ",
        "Enter PIN: ",
    ] {
        let out = redacted([received(question), sent("hunter22\r"), received("hunter22\r\nWelcome1\r\n")]);
        assert_eq!(out, format!("{question}secret-1\rxxxxxxxx\r\nWelcome1\r\n"));
    }
    let keys = [received("Password: "), sent("a"), received("*"), sent("b"), received("b"), sent("\r"), sent("ls\r")];
    assert_eq!(redacted(keys), "Password: xxxx\rls\r", "letters that come back as well");
    for question in ["compass> ", "esp32> ", "login: ", "OTA key> "] {
        assert_eq!(redacted([received(question), sent("reboot\r")]), format!("{question}reboot\r"));
    }
}

#[test]
fn what_looks_like_a_secret_goes_without_a_name() {
    check(
        payload,
        &[
            "eyJhbGciOiJIUzI1NiJ9.$.abc",
            "AKIA$",
            "LTAI$",
            "see ghp_$abcdefghijklmnopqrstu",
            r"-----BEGIN PRIVATE KEY-----\nMIIE$\n-----END PRIVATE KEY-----",
            r#"{"pem":"-----BEGIN RSA PRIVATE KEY-----\nMIIE$\n-----END RSA PRIVATE KEY-----\n"}"#,
            "https://$@host/",
            "mqtt://user:p@ss$@host:1883",
            "mqtts://:$@host",
        ],
    );
    let lines = [
        "-----BEGIN EC PRIVATE KEY-----\r\n",
        "MIIE/$+\r\n",
        "$==\r\n",
        "-----END EC PRIVATE KEY-----\r\n",
        "booted\r\n",
    ];
    let out = redacted(lines.map(|line| received(&line.replace('$', SECRET))));
    let x = "x".repeat(SECRET.len());
    let expected = format!("{}xxxxx{x}x\r\n{x}xx\r\n{}booted\r\n", lines[0], lines[3]);
    assert_eq!(out, expected, "a key over many lines keeps its lines");
}

#[test]
fn a_query_keeps_only_what_is_known_to_be_harmless() {
    for key in [
        "sig",
        "sign",
        "auth_key",
        "key",
        "q-ak",
        "q-signature",
        "jwt",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "token",
        "OSSAccessKeyId",
        "Signature",
        "authorization",
        "x-unheard-of",
        "UCloudPublicKey",
        "security-token",
    ] {
        let url = format!("http://h/fw/a.bin?Expires=1795376350&{key}=$&version=2.0.0");
        check(payload, &[&format!(r#"{{"url":"{url}"}}"#), &url, &url.replace('&', r"\u0026")]);
        check(path, &[&format!("/fw/a.bin?{key}=$"), &format!("/fw/a.bin?version=2.0.0&{key}=$")]);
    }
    check_stays(
        path,
        &[
            "/lamp-2.0.0.bin?Expires=1795376350",
            "/a.bin?version=2.0.0-rc.1-20260101&product=a1BenchPK00&deviceName=bench01-1234567",
            "/a.bin?chipid=240ac4001122&hw=esp32-wroom-32&mac=24:0a:c4:00:11:22&build=20261122-1",
            "/a.bin?x=1&page=12&cached=1795376350000",
            "/a.bin?md5=93230c3bde425a9d7984a594ac55ea1e&X-Amz-Date=20260101T000000Z",
        ],
    );
}

#[test]
fn what_only_sounds_like_a_secret_stays() {
    let texts = [
        "key: value\r\n",
        "token_count: 5\r\n",
        "tokens: 5 left\r\n",
        "password: \r\n",
        "Password:\r\nWelcome to lamp 2\r\n",
        "wifi_password=\r\nwifi_ssid=Lab5G01\r\n",
        "device_secret =\r\ndevice_name=lamp-01\r\nwifi_password=\r\nlamp-01\r\n",
        "Token:\r\nversion-2.0.1\r\n",
        "password:\r\n2026-11-22T10:00:00\r\n",
        "DeviceSecret: loaded from NVS partition nvs_key\r\n",
        "session key: rotated every 3600 s\r\n",
        "private_key: loaded from slot 2\r\n",
        "device key: present, wpa_psk = on\r\nwifi psk: enabled\r\n",
        "credentials: loaded 3 from flash\r\n",
        "authorization: granted for lamp-kitchen-0001\r\n",
        "Public key: ECDSA-P256\r\n",
        "PWD=/home/user1\r\n",
        "pass: 12 fail: 3\r\n",
        "bypass: enabled20 compass=12345678\r\n",
        "wrong password for root\r\n",
        "password is wrong\r\n",
        "password: incorrect\r\n",
        "token expired, token: expired\r\n",
        "token=default\r\n",
        "password must be set, \"password\" \"must be set\"\r\n",
        "Secret::new(abc12345)\r\n",
        "sig: -67 signal=12345678\r\n",
        "version: 2.0.0 md5: 93230c3bde425a9d7984a594ac55ea1e\r\n",
        "sha256=5f0f859f7040c8790578a7334a38cbba941cdaf9eb57a185075262f73decad83\r\n",
        "productKey=a1BenchPK00 deviceName=bench01\r\n",
        "密码错误\r\n",
        "mqtt://bench@host:1883 http://10.0.0.7:8080/a.bin\r\n",
        "AKIAlike and eyJ are words\r\n",
        "-----BEGIN CERTIFICATE-----\r\nMIIE\r\n",
    ];
    check_stays(received, &texts);
    check_stays(payload, &texts);
    check_stays(
        payload,
        &[
            r#"{"Method":"report_progress","Payload":{"Module":"default","Percent":99}}"#,
            r#"{"id":"1","params":{"step":"-1","desc":"download failed, code 12345678","module":"default"}}"#,
            r#"{"fileToken":"default","fileInfo":{"streamId":1397345,"fileId":1}}"#,
            r#"{"password":null,"token":"","pwd":0,"secret":true}"#,
            r#"{"name":"version","value":"2.0.0-20260101"}"#,
            r#"{"extData":{"key":"EXTDATA12345678"}}"#,
        ],
    );
}

#[test]
fn names_that_events_go_by_have_no_secret_and_stay_the_same_everywhere() {
    let secret = "hly3dk1u5y8fq0b9";
    let topic = |topic: &str| Fact::MessagePublished { topic: topic.into(), payload: b"x"[..].into(), qos: 0 };
    let port = Text::from(format!("tcp://user:{secret}@h:5"));
    let out = redacted([
        topic(&format!("/a/b?token={secret}")),
        Fact::Subscribed { client: "c".into(), filter: format!("/token={secret}/#").into(), qos: 0, implicit: false },
        Fact::RepeatSet { port: port.clone(), name: format!("join password={secret}").into(), every_ms: None },
        Fact::PortOpened { port, settings: "115200 8N1".into() },
        Fact::RequestReceived {
            request: 1,
            peer: "p".into(),
            method: format!("GET /?token={secret}").into(),
            path: "/a".into(),
            range: Some(format!("bytes=0-; token={secret}").into()),
        },
    ]);
    assert!(!out.contains(secret), "{out}");
    let plain = redacted([topic("/ota/password/token/upgrade/a1BenchPK00/bench01"), topic("secret:abc12345/x")]);
    assert!(plain.contains("/ota/password/token/upgrade/a1BenchPK00/bench01") && plain.contains("secret:abc12345/x"));
    let mut redactor = Redactor::default();
    let name = "/up/lamp-kitchen-0001".to_owned();
    let first = redactor.redact(&event(topic(&name)), true);
    redactor.redact(&event(payload(r#"{"password":"lamp-kitchen-0001"}"#)), true);
    assert_eq!(redactor.redact(&event(topic(&name)), true), first, "one topic stays one topic");
    let header = crate::capture::Header::new(1, Some(format!("b token={secret}")));
    assert!(!redactor.header(&header).encode().contains(secret));
}

/// What takes a second here would take minutes if each repetition were followed to the end of the text.
#[test]
fn a_device_that_repeats_itself_does_not_hold_an_export_up() {
    for part in [
        "password=no\"",
        "password: \"",
        "password 'a \"",
        "http://",
        "+CPIN=",
        "sign: aaaaaaa1 ",
        "Authorization: ",
        "密码：",
        "-----BEGIN PRIVATE KEY-----",
        "eyJaaaaaaaaa.",
        "{\"password\":",
        "[",
        "cookie:\"",
        "token token ",
        "&key=",
        "\\",
    ] {
        let text = part.repeat(100_000 / part.len());
        let out = redacted([payload(&text), received(&text), path(&text)]);
        assert!(out.len() > 150_000, "nothing of it is lost: {part}");
    }
}

#[test]
fn a_secret_in_a_user_name_is_found_by_its_place() {
    let username = |given: &str| {
        let client = Client {
            name: "c".into(),
            username: Some(given.into()),
            address: "a".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        };
        let fact = Fact::ClientConnected { client: Box::new(client) };
        let Fact::ClientConnected { client } = Redactor::default().redact(&event(fact), true).fact else { panic!() };
        client.username.unwrap()
    };
    for (given, expected) in [
        ("dn&pk|hunter22", "dn&pk|secret-1"),
        ("user:hunter22", "user:secret-1"),
        ("dn&pk", "dn&pk"),
        ("P|D", "P|D"),
        ("P|AA:BB:CC:00:11:22|1", "P|AA:BB:CC:00:11:22|1"),
        ("AA:BB:CC:00:11:22", "AA:BB:CC:00:11:22"),
        ("gateway:1883", "gateway:1883"),
    ] {
        assert_eq!(username(given), expected);
    }
}
