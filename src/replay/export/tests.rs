//! What is written is what its readers expect: tables, texts, captures, packets.

use super::{Exporter, Format, Part, preview};
use crate::capture::{Capture, Header};
use crate::event::{Client, Event, Fact, Micros, Trouble};
use crate::replay::{Redactor, Summary, read};

fn recording(name: &str) -> Capture {
    read(&std::fs::read(format!("{}/tests/{name}.jsonl", env!("CARGO_MANIFEST_DIR"))).unwrap()).unwrap()
}

fn written(format: Format, only: &str, with_secrets: bool, capture: &Capture) -> Vec<u8> {
    let redactor = (!with_secrets).then(|| Redactor::of(&capture.header, &capture.events));
    let choice = Part { only: only.parse().unwrap(), redactor };
    let mut out = Vec::new();
    let mut exporter = Exporter::begin(format, choice, &capture.header, &mut out).unwrap();
    for event in &capture.events {
        exporter.event(event).unwrap();
    }
    exporter.end().unwrap();
    out
}

fn text(format: Format, only: &str, capture: &Capture) -> String {
    String::from_utf8(written(format, only, true, capture)).unwrap()
}

fn of(facts: Vec<Fact>) -> Capture {
    let events = (1..).zip(facts).map(|(seq, fact)| Event { seq, at: Micros(seq * 1_000), fact }).collect();
    Capture { header: Header::new(1_795_289_950_499, None), events, damage: crate::capture::Damages::default() }
}

fn received(port: &str, bytes: &[u8]) -> Fact {
    Fact::BytesReceived { port: port.into(), bytes: bytes.into() }
}

#[test]
fn a_capture_handed_on_is_a_capture() {
    let capture = recording("captures/uiot-simulated-md5-mismatch");
    let same = read(&written(Format::Jsonl, "", true, &capture)).unwrap();
    assert_eq!(same, capture);
    let redacted = read(&written(Format::Jsonl, "", false, &capture)).unwrap();
    assert!(redacted != capture && Summary::of(&redacted) == Summary::of(&capture));
    let part = read(&written(Format::Jsonl, "seq:10-20", true, &capture)).unwrap();
    assert_eq!(part.events, capture.events[9..20], "with the numbers they had");
}

#[test]
fn a_table_has_a_row_for_each_event_and_says_when_who_and_what() {
    let capture = recording("captures/aliyun-simulated-success");
    let table = text(Format::Csv, "", &capture);
    let mut rows = table.split_inclusive("\r\n");
    assert_eq!(
        rows.next().unwrap(),
        "\u{feff}seq,at_s,time,kind,device,direction,topic,qos,status,size,client,text\r\n"
    );
    let lamp = "simulated0000001/lamp-01";
    for row in [
        format!(
            "22,0.008727,2026-11-21T19:39:10.507727Z,range_served,{lamp},down,/abcb7942b8b2b58b63f8cdd5038ff6c7?Expires=1795376350&Signature=e7aaf30b44efb3cd8a53599ae5716b70,,206,4096,,4096 of 4096 from 0\r\n"
        ),
        format!(
            "20,0.008414,2026-11-21T19:39:10.507414Z,message_received,{lamp},up,/ota/device/inform/{lamp},0,,37,\"simulated0000001.lamp-01|securemode=3,signmethod=hmacsha256,_ss=1,_v=ota-workbench|\",\"{{\"\"id\"\":2,\"\"params\"\":{{\"\"version\"\":\"\"1.0.0\"\"}}}}\"\r\n"
        ),
        format!(
            "3,0.001465,2026-11-21T19:39:10.500465Z,device_added,{lamp},,,,,,,\"{{\"\"device\"\":\"\"{lamp}\"\",\"\"dialect\"\":\"\"aliyun\"\"}}\"\r\n"
        ),
    ] {
        assert!(table.contains(&row), "{row}");
    }
}

#[test]
fn a_cell_with_anything_in_it_is_read_as_one() {
    let capture = of(vec![received("COM3", b"a,\"b\"\r\nc"), received("COM3", b"\xff\x00")]);
    let table = text(Format::Csv, "", &capture);
    assert!(table.contains(",8,,\"a,\"\"b\"\"\r\nc\"\r\n"), "{table}");
    assert!(table.contains(",2,,base64:/wA=\r\n"), "{table}");
}

/// Otherwise what a device says runs as a formula on the desk of whoever opens the table.
#[test]
fn a_cell_is_never_a_formula() {
    for (said, cell) in [
        ("=HYPERLINK(\"http://h\")", "\"'=HYPERLINK(\"\"http://h\"\")\""),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=1", "\"'\r=1\""),
        ("温度=21", "温度=21"),
    ] {
        let table = text(Format::Csv, "", &of(vec![received("=COM3", said.as_bytes())]));
        assert!(table.ends_with(&format!(",{cell}\r\n")) && table.contains(",up,'=COM3,"), "{table}");
    }
    let long = "x".repeat(40_000);
    let table = text(Format::Csv, "", &of(vec![received("COM3", long.as_bytes())]));
    assert!(table.contains(&long), "a spreadsheet may cut it, the table does not");
}

/// Otherwise who looks for a device in the table misses that it was turned away, or lost its messages.
#[test]
fn what_concerns_a_client_or_a_topic_stands_in_their_columns() {
    let client = || Client {
        name: "P.D".into(),
        username: Some("P|D|1".into()),
        address: "10.0.0.5:49153".into(),
        level: 4,
        clean: true,
        keep_alive_secs: 60,
    };
    let trouble = || Trouble::new("not-signed");
    let capture = of(vec![
        Fact::ClientConnected { client: Box::new(client()) },
        Fact::ClientRefused { client: Box::new(client()), trouble: trouble() },
        Fact::AccessRefused { client: "P.D".into(), topic: "t/1".into(), trouble: trouble() },
        Fact::Unsubscribed { client: "P.D".into(), filter: "t/#".into() },
        Fact::MessageDropped { client: Some("P.D".into()), topic: "t/2".into(), reason: "full".into() },
        Fact::ClientDisconnected { client: "P.D".into(), reason: "gone".into() },
        Fact::RequestRefused { peer: "10.0.0.5:5000".into(), status: 400, trouble: trouble() },
    ]);
    let table = text(Format::Csv, "", &capture);
    let rows: Vec<_> = table.lines().skip(1).map(|row| row.splitn(12, ',').collect::<Vec<_>>()).collect();
    let cells: Vec<_> = rows.iter().map(|row| [3, 4, 5, 6, 8, 10].map(|cell| row[cell])).collect();
    let expected = [
        ["client_connected", "P/D", "up", "", "", "P.D"],
        ["client_refused", "P/D", "up", "", "", "P.D"],
        ["access_refused", "P/D", "", "t/1", "", "P.D"],
        ["unsubscribed", "P/D", "up", "t/#", "", "P.D"],
        ["message_dropped", "P/D", "", "t/2", "", "P.D"],
        ["client_disconnected", "P/D", "", "", "", "P.D"],
        ["request_refused", "", "", "", "400", "10.0.0.5:5000"],
    ];
    assert_eq!(cells, expected);
    assert!(rows[4][11].contains("full") && rows[6][11].contains("not-signed"), "what is told besides stays: {table}");
}

/// Otherwise a colleague sees the answers and not the questions.
#[test]
fn what_was_sent_stands_between_as_in_the_windows_console_and_a_cleared_screen_leaves_nothing() {
    let sent = |bytes: &[u8]| Fact::BytesSent { port: "COM3".into(), bytes: bytes.into() };
    let capture = of(vec![
        received("COM3", b"\x1b[2J\x1b[Hlamp> "),
        sent(b"AT+V"),
        sent(b"ER?\r\n"),
        received("COM3", b"AT+VER?\r\n\x1b[2J\x1b[H\r\n1.0\x1b[3;1Hok\n"),
    ]);
    let written = text(Format::Txt, "", &capture);
    let told: Vec<_> = written.lines().map(|line| line.split_once(" COM3: ").unwrap().1).collect();
    assert_eq!(told, ["lamp> AT+VER?", "> AT+VER?", "", "1.0", "ok"]);
    let waiting = of((0..400).map(|_| sent(b"x\n")).chain([received("COM3", b"end")]).collect());
    assert_eq!(text(Format::Txt, "", &waiting).lines().count(), 401);
    let held: Vec<_> = std::iter::once(received("COM3", b"> ")).chain((0..400).map(|_| sent(b"x\n"))).collect();
    assert_eq!(text(Format::Txt, "", &of(held)).lines().count(), 401, "an open prompt holds up no more than some");
}

#[test]
fn a_consoles_lines_are_whole_whatever_their_chunks_and_have_their_times() {
    let capture = of(vec![
        received("COM3", b"\x1b[32mI (1) bo"),
        received("COM4", b"other\r"),
        received("COM3", b"ot\x1b[0m\r"),
        received("COM4", b"\nend"),
        received("COM3", b"\n\r\nprompt> "),
    ]);
    let expected = "2026-11-21T19:39:10.501000Z COM4: other\n2026-11-21T19:39:10.500000Z COM3: I (1) boot\n\
        2026-11-21T19:39:10.504000Z COM3: \n2026-11-21T19:39:10.504000Z COM3: prompt> \n2026-11-21T19:39:10.503000Z COM4: end\n";
    assert_eq!(text(Format::Txt, "", &capture), expected);
    assert_eq!(text(Format::Txt, "port:COM4", &capture).lines().count(), 2);
}

/// Every block of a pcap-ng file: its sort and its body.
fn blocks(file: &[u8]) -> Vec<(u32, &[u8])> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut blocks, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let length = word(at + 4) as usize;
        assert!(length.is_multiple_of(4) && word(at + length - 4) as usize == length, "at {at}");
        blocks.push((word(at), &file[at + 8..at + length - 4]));
        at += length;
    }
    blocks
}

#[test]
fn packets_hold_the_messages_and_the_requests_at_their_times() {
    let capture = recording("captures/aliyun-simulated-success");
    let file = written(Format::PcapNg, "", false, &capture);
    let blocks = blocks(&file);
    assert_eq!(blocks.iter().map(|(sort, _)| *sort).take(3).collect::<Vec<_>>(), [0x0A0D_0D0A, 1, 6]);
    let whole = String::from_utf8_lossy(&file).into_owned();
    let count = |what: &str| whole.matches(what).count();
    assert_eq!(count("GET /token-1-xxxxxxxxxxxxxxxxxxxxxxxx?Expires=1795376350&Signature=signature-1-"), 103);
    assert_eq!(count("HTTP/1.1 206 Partial Content\r\nContent-Length: 4096\r\nContent-Range: bytes 0-4095/421888"), 1);
    assert_eq!(count("{\"id\":2,\"params\":{\"version\":\"1.0.0\"}}"), 1);
    assert!(!whole.contains("abcb7942b8b2b58b63f8cdd5038ff6c7"), "no token");
    let (_, first) = blocks[2];
    let half = |at: usize| u64::from(u32::from_le_bytes(first[at..at + 4].try_into().unwrap()));
    assert_eq!(half(4) << 32 | half(8), 1_795_289_950_499_000 + 5_891, "the client connects");
    let only_http = written(Format::PcapNg, "http", false, &capture);
    assert!(!String::from_utf8_lossy(&only_http).contains("MQTT\u{4}"));
}

/// Otherwise Wireshark shows nothing of an external broker's messages, or takes a device that comes back for a repetition.
#[test]
fn every_connection_begins_with_a_sign_in_and_numbers_of_its_own_on_the_port_without_tls() {
    let said = |topic: &str| Fact::MessageReceived {
        client: None,
        topic: topic.into(),
        payload: b"x"[..].into(),
        qos: 0,
        retain: false,
    };
    let broker = |address: &str| Fact::BrokerStarted { address: address.into(), external: true };
    for (address, server, port) in [
        ("mqtts://broker.example:8883", [192, 0, 2, 1], 1_883),
        ("mqtts://broker.example", [192, 0, 2, 1], 1_883),
        ("mqtt://broker.example:1884", [192, 0, 2, 1], 1_884),
        ("mqtt://10.0.0.1", [10, 0, 0, 1], 1_883),
    ] {
        let capture = of(vec![broker(address), said("a"), Fact::BrokerStopped, broker(address), said("b")]);
        let file = written(Format::PcapNg, "", true, &capture);
        let packets: Vec<_> =
            blocks(&file).into_iter().filter(|(sort, _)| *sort == 6).map(|(_, it)| &it[20..]).collect();
        let to_server = |packet: &&&[u8]| packet[16..20] == server && packet[22..24] == u16::to_be_bytes(port);
        assert!(packets.iter().any(|packet| to_server(&packet)), "{address}");
        let opens: Vec<_> = packets.iter().filter(|packet| packet[33] == 2).map(|packet| &packet[24..28]).collect();
        assert!(opens.len() == 2 && opens[0] != opens[1], "{address}");
        assert_eq!(String::from_utf8_lossy(&file).matches("MQTT\u{4}").count(), 2, "{address}");
    }
}

/// Otherwise the address under which a broker is known is not to be found in the packets.
#[test]
fn a_broker_with_an_ipv6_address_is_reached_at_it() {
    let broker = Fact::BrokerStarted { address: "mqtt://[fd00::9]".into(), external: true };
    let push = Fact::MessagePublished { topic: "t".into(), payload: b"x"[..].into(), qos: 0 };
    let file = written(Format::PcapNg, "", true, &of(vec![broker, push]));
    let (_, opens) = blocks(&file).into_iter().find(|(sort, _)| *sort == 6).unwrap();
    let address: [u8; 16] = opens[20 + 24..20 + 40].try_into().unwrap();
    assert_eq!(std::net::Ipv6Addr::from(address), "fd00::9".parse::<std::net::Ipv6Addr>().unwrap());
    assert_eq!(opens[20 + 42..20 + 44], 1_883_u16.to_be_bytes());
}

#[test]
fn every_recording_can_be_written_as_anything() {
    for name in ["traces/uiot-stack-success", "traces/aliyun-mqtt-download-success", "traces/uiot-v2-cancel"] {
        let capture = recording(name);
        for format in Format::ALL {
            let out = written(format, "", false, &capture);
            // A trace has no console.
            assert!(!out.is_empty() || format == Format::Txt, "{name} {format:?}");
        }
        blocks(&written(Format::PcapNg, "from:0.3", true, &capture));
    }
}

#[test]
fn a_preview_shows_what_will_be_written_and_what_is_taken_out() {
    let capture = recording("captures/aliyun-simulated-success");
    let choice = || Part { only: "http".parse().unwrap(), ..Part::default() };
    let shown = preview(Format::Csv, choice(), &capture.header, &capture.events, 3);
    let file = String::from_utf8(written(Format::Csv, "http", false, &capture)).unwrap();
    assert_eq!(shown.lines, file.lines().skip(1).take(3).collect::<Vec<_>>(), "the head of the table holds no secret");
    assert_eq!(shown.taken_lines, 3);
    assert_eq!(shown.handed.events, (206, 281));
    assert_eq!(shown.handed.taken.of(crate::replay::SecretKind::Token), (1, 206));
    let all = preview(Format::Csv, Part::default(), &capture.header, &capture.events, 1_000);
    let lines = String::from_utf8(written(Format::Csv, "", false, &capture)).unwrap().lines().count();
    let (taken, others) = all.lines.split_at(all.taken_lines);
    assert!(
        taken.len() >= 206 && !others.iter().any(|line| line.contains("token-1")),
        "what was taken out comes first"
    );
    assert!(taken.len() + others.len() == lines && file.lines().next().unwrap().ends_with(&others[0]));
    let open = Part { redactor: None, ..choice() };
    assert!(preview(Format::Jsonl, open, &capture.header, &capture.events, 1).handed.taken.is_empty());
}

/// Otherwise a report of a console's text counts messages that are not in it.
#[test]
fn only_what_a_format_holds_counts_as_handed_on_and_nothing_else_is_in_it() {
    for name in ["captures/uiot-simulated-md5-mismatch", "traces/uiot-v1-success"] {
        let capture = recording(name);
        for format in Format::ALL {
            let mut exporter = Exporter::begin(format, Part::default(), &capture.header, Vec::new()).unwrap();
            let mut held = 0;
            for event in &capture.events {
                let before = exporter.out.len();
                let counted = exporter.event(event).unwrap();
                assert!(counted || exporter.out.len() == before, "{name} as {}: {:?}", format.id(), event.fact);
                let packets = exporter.out.len() > before;
                assert!(format != Format::PcapNg || counted == packets, "{name}: {:?}", event.fact);
                held += u64::from(counted);
            }
            let shown = preview(format, Part::default(), &capture.header, &capture.events, 3);
            let handed = exporter.end().unwrap();
            assert_eq!((handed.events.0, handed.events.1), (held, capture.events.len() as u64), "{name}");
            assert_eq!(shown.handed, handed, "{name} as {}", format.id());
            let console = capture.events.iter().filter(|event| matches!(event.fact, Fact::BytesReceived { .. }));
            assert!(format != Format::Txt || held == console.count() as u64);
        }
    }
}

/// Otherwise the report promises packets that nobody finds, and every push twice.
#[test]
fn an_event_counts_among_packets_when_one_was_made_of_it() {
    let capture = recording("captures/uiot-simulated-md5-mismatch");
    let count = |only: &str| {
        let choice = || Part { only: only.parse().unwrap(), ..Part::default() };
        let mut exporter = Exporter::begin(Format::PcapNg, choice(), &capture.header, Vec::new()).unwrap();
        let counted = capture.events.iter().filter(|event| exporter.event(event).unwrap()).count() as u64;
        let handed = exporter.end().unwrap();
        assert_eq!(handed.events.0, counted);
        let shown = preview(Format::PcapNg, choice(), &capture.header, &capture.events, 1_000);
        assert_eq!((shown.handed, shown.lines.len() as u64), (handed, counted + 1), "{only}: and the header");
        counted
    };
    let of_kind = |kind: &str| capture.events.iter().filter(|event| crate::capture::kind(&event.fact) == kind).count();
    assert_eq!(count("kind:broker_started"), 0);
    assert!(of_kind("message_published") > 0 && count("kind:message_published") == 0);
    assert_eq!(count("kind:message_delivered"), of_kind("message_delivered") as u64);
}
