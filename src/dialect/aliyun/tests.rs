//! Alibaba Cloud's messages, to the byte.

use super::super::tests::{Sample, check, check_own_words, decoded, device, offer, push};
use super::{About, Aliyun, Dialect, Extras, ReplyTo, Report};
use crate::event::OrderedFile;

const INFORM: &str = "/ota/device/inform/a1BenchPK00/bench01";
const PROGRESS: &str = "/ota/device/progress/a1BenchPK00/bench01";
const GET: &str = "/sys/a1BenchPK00/bench01/thing/ota/firmware/get";

const fn up(
    topic: &'static str,
    payload: &'static str,
    says: &'static str,
    defects: &'static [&'static str],
) -> Sample {
    Sample { topic, payload, says, defects }
}

#[rustfmt::skip]
const SAMPLES: &[Sample] = &[
    up(INFORM, "{\n  \"id\": 1,\n  \"params\": {\n    \"version\": \"1-0-0\"\n  }\n}", "Version 1-0-0", &[]),
    up(INFORM, r#"{"id":"123","params":{"version":"1.0.1","module":"MCU"}}"#, "MCU: Version 1.0.1", &[]),
    up(INFORM, r#"{"id":"123","params":{"version":"1.0.1","module":"default"}}"#, "Version 1.0.1", &[]),
    up(INFORM, r#"{"id":"0","params":{"version":1.0}}"#, "Version 1.0", &["number-not-text version: 1.0"]),
    up(INFORM, r#"{"id":"0","params":{}}"#, "", &["missing-key version"]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"1","desc":" xxxxxxxx "}}"#, "Downloading 1", &[]),
    up(PROGRESS, r#"{"id":1,"params":{"step":50,"desc":"","module":"MCU"}}"#, "MCU: Downloading 50", &[]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"-3","desc":"bad sum"}}"#, "Failed -3 bad sum", &[]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"102","desc":""}}"#, "", &["step-out-of-range step: 102"]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"-7","desc":""}}"#, "Failed -7", &["step-out-of-range step: -7"]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"half"}}"#, "", &["wrong-type step: \"half\""]),
    up(PROGRESS, r#"{"id":1,"params":{"step":"1","desc":"",}}"#, "Downloading 1", &["trailing-comma ,}"]),
    up(PROGRESS, r#"{"id":1}"#, "", &["missing-key step"]),
    up(GET, r#"{"id":"123","version":"1.0","params":{"module":"MCU"},"method":"thing.ota.firmware.get"}"#, "MCU: Asked \"123\" /sys/a1BenchPK00/bench01/thing/ota/firmware/get_reply", &[]),
    up(GET, r#"{"id":2,"params":{}}"#, "Asked 2 /sys/a1BenchPK00/bench01/thing/ota/firmware/get_reply", &[]),
    up("/sys/a1BenchPK00/bench01/thing/file/download", r#"{"id":"1","version":"1.0","params":{"fileToken":"default","fileInfo":{"streamId":1397345,"fileId":1,},"fileBlock":{"size":10240,"offset":0}}}"#, "BlockAsked 10240 at 0 of 1397345/1 default", &["trailing-comma ,}"]),
    up("/sys/a1BenchPK00/bench01/thing/file/download", r#"{"id":"1","params":{"fileInfo":{"streamId":"7","fileId":"1"},"fileBlock":{"size":256,"offset":-1}}}"#, "", &["block-out-of-range offset"]),
    up("/sys/a1BenchPK00/bench01/thing/file/download", r#"{"id":"1","params":{}}"#, "", &["missing-key streamId"]),
    up("/ota/device/request/a1BenchPK00/bench01", r#"{"id":0,"params":{}}"#, "Asked 0 /ota/device/request/a1BenchPK00/bench01", &[]),
];

#[test]
fn what_a_device_says_is_understood_and_its_defects_are_named() {
    for sample in SAMPLES {
        check(&Aliyun, sample);
    }
}

#[test]
fn the_push_is_the_platforms_byte_for_byte() {
    let push = Aliyun.offer(&push(&offer("aliyun"), None));
    assert_eq!(push.topic, "/ota/device/upgrade/P/D");
    assert_eq!(
        String::from_utf8_lossy(&push.payload),
        concat!(
            r#"{"code":"1000","data":{"size":432945,"sign":"93230c3bde425a9d7984a594ac45fe1e","version":"2.0.0","#,
            r#""signMethod":"Md5","url":"http://h/x?a=1&b=2","md5":"93230c3bde425a9d7984a594ac45fe1e"},"#,
            r#""id":1507707025000,"message":"success"}"#
        )
    );
    assert!(Aliyun.hear(&device(), &push.topic, &push.payload).is_some());
}

#[test]
fn a_request_is_answered_with_its_own_id() {
    let reply = |id: &str| ReplyTo { topic: "/sys/P/D/thing/ota/firmware/get_reply".into(), id: Some(id.into()) };
    let answer = Aliyun.offer(&push(&offer("aliyun"), Some(&reply("\"123\""))));
    assert_eq!(answer.topic, "/sys/P/D/thing/ota/firmware/get_reply");
    assert!(answer.payload.starts_with(br#"{"id":"123","code":200,"data":{"size":432945,"#));
    assert!(answer.payload.ends_with(b"}}"));
    let nothing = Aliyun.nothing_pending(&reply("2")).unwrap();
    assert_eq!(nothing.payload, br#"{"id":2,"code":200,"data":{}}"#);
}

#[test]
fn the_older_request_is_answered_on_its_own_topic_and_the_answer_is_not_taken_for_a_request() {
    let reply = ReplyTo { topic: "/ota/device/request/P/D".into(), id: None };
    let answer = Aliyun.offer(&push(&offer("aliyun"), Some(&reply)));
    assert_eq!(answer.topic, "/ota/device/request/P/D");
    assert!(decoded(&Aliyun, &answer.topic, &answer.payload).is_none());
    assert!(Aliyun.nothing_pending(&reply).is_none());
}

#[test]
fn a_module_is_named_in_the_push_only_when_it_is_not_the_default_one() {
    let mut order = offer("aliyun");
    order.module = Some("MCU".into());
    let push = String::from_utf8(Aliyun.offer(&push(&order, None)).payload).unwrap();
    assert!(push.contains(r#","module":"MCU"},"id":1507707025000,"#), "{push}");
}

#[test]
fn a_device_is_known_by_its_user_name() {
    let id = "a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,securemode=3,signmethod=hmacsha256|";
    assert_eq!(Aliyun.identify(id, Some("bench01&a1BenchPK00")), "a1BenchPK00/bench01".parse().ok());
    assert_eq!(Aliyun.identify(id, Some("a|b|1")), None);
}

#[test]
fn what_the_simulated_device_says_is_understood() {
    let failed = Report::Failed { code: -3, text: String::new() };
    check_own_words(&Aliyun, &About::Latest, &[Report::Downloading { percent: 64 }, failed]);
}

/// What `data` of a push is, for these extras.
fn check_data(extras: Extras, expected: &str) {
    let mut order = offer("aliyun");
    order.sha256 = "5e".into();
    order.extras = extras;
    let push = Aliyun.offer(&push(&order, None));
    let expected = format!(r#"{{"code":"1000","data":{expected},"id":1507707025000,"message":"success"}}"#);
    assert_eq!(String::from_utf8_lossy(&push.payload), expected);
    assert!(Aliyun.hear(&device(), &push.topic, &push.payload).is_some());
}

#[test]
fn whatever_is_announced_keeps_the_platforms_order_of_keys() {
    let md5 = "93230c3bde425a9d7984a594ac45fe1e";
    check_data(
        Extras { sha256: true, ..Extras::default() },
        r#"{"size":432945,"sign":"5e","version":"2.0.0","signMethod":"SHA256","url":"http://h/x?a=1&b=2"}"#,
    );
    check_data(
        Extras {
            differential: true,
            tags: vec![("key2".into(), "b".into()), ("_package_udi".into(), "{\"a\":1}".into())],
            ..Extras::default()
        },
        &format!(
            r#"{{"size":432945,"sign":"{md5}","version":"2.0.0","signMethod":"Md5","url":"http://h/x?a=1&b=2","md5":"{md5}","isDiff":1,"extData":{{"key2":"b","_package_udi":"{{\"a\":1}}"}}}}"#
        ),
    );
    check_data(
        Extras { stream: Some(1_397_345), ..Extras::default() },
        &format!(
            r#"{{"size":432945,"streamId":1397345,"sign":"{md5}","dProtocol":"mqtt","version":"2.0.0","signMethod":"Md5","streamFileId":1,"md5":"{md5}"}}"#
        ),
    );
    let second = OrderedFile {
        name: "b.bin".into(),
        size: 7,
        md5: "m2".into(),
        sha256: "s2".into(),
        url: "http://h/z".into(),
        path: "/z".into(),
    };
    check_data(
        Extras { files: vec![second], ..Extras::default() },
        &format!(
            r#"{{"version":"2.0.0","signMethod":"Md5","files":[{{"fileSize":432945,"fileName":"lamp-2.0.0.bin","fileUrl":"http://h/x?a=1&b=2","fileMd5":"{md5}","fileSign":"{md5}"}},{{"fileSize":7,"fileName":"b.bin","fileUrl":"http://h/z","fileMd5":"m2","fileSign":"m2"}}]}}"#
        ),
    );
}

#[test]
fn what_would_mislead_a_device_is_refused() {
    let tags = |names: &[&str]| Extras {
        tags: names.iter().map(|name| ((*name).to_owned(), String::new())).collect(),
        ..Extras::default()
    };
    let code = |extras: &Extras| Aliyun.check_extras(extras).err().map(|trouble| trouble.code.to_string());
    for shadow in ["url", "version", "sign", "size", "md5", "URL", "fileSign", "extData"] {
        assert_eq!(code(&tags(&[shadow])).as_deref(), Some("tag-shadows-field"), "{shadow}");
    }
    assert_eq!(code(&tags(&["a", "a"])).as_deref(), Some("tag-not-usable"));
    assert_eq!(code(&tags(&[""])).as_deref(), Some("tag-not-usable"));
    let ten = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    assert_eq!(code(&tags(&[&ten[..], &["_package_udi"]].concat())), None);
    assert_eq!(code(&tags(&[&ten[..], &["11"]].concat())).as_deref(), Some("too-many-tags"));
}

#[test]
fn what_real_sdks_pass_over_the_simulated_device_passes_over() {
    for data in [
        r#"{"size":1,"sign":"a","version":"2","signMethod":"MD5","url":"http://h","md5":"a"}"#,
        r#"{"size":1,"sign":"a","version":"2","signMethod":"Md5","url":"http://h","md5":"a","dProtocol":"mqtt"}"#,
        r#"{"version":"2","signMethod":"Md5","files":[{"fileSize":1,"fileUrl":"http://h","fileSign":"a"}]}"#,
    ] {
        let push = format!(r#"{{"code":"1000","data":{data},"id":1,"message":"success"}}"#);
        assert_eq!(Aliyun.hear(&device(), "/ota/device/upgrade/P/D", push.as_bytes()), None, "{data}");
    }
}
