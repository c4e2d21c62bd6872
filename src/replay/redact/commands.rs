//! AT commands that carry a password or a secret, and where in them it stands.

use super::book::SecretKind;
use super::find::Found;
use std::ops::Range;

/// A command, which of its arguments is the secret, from 0, and what another argument has to be for that.
struct Command(&'static str, usize, Option<(usize, &'static str)>);

/// As the modules' manuals have them: ESP-AT, Quectel, `SIMCom`, Air, u-blox; `_CUR` and `_DEF` are not part of the name.
const COMMANDS: [Command; 17] = [
    Command("CWJAP", 1, None),
    Command("CWSAP", 1, None),
    Command("WJAP", 1, None),
    Command("MQTTUSERCFG", 4, None),
    Command("MQTTPASSWORD", 1, None),
    Command("QMTCONN", 3, None),
    Command("QMTCFG", 4, Some((0, "aliauth"))),
    Command("CMQTTCONNECT", 5, None),
    Command("SMCONF", 1, Some((0, "password"))),
    Command("MCONFIG", 2, None),
    Command("UMQTT", 2, Some((0, "4"))),
    Command("CGAUTH", 3, None),
    Command("QICSGP", 4, None),
    Command("CSTT", 2, None),
    Command("SAPBR", 3, Some((2, "pwd"))),
    Command("TCDEVINFOSET", 3, None),
    Command("CPIN", 0, None),
];

/// The secret in the command whose name is at `name`, as it is sent or as a module tells it.
pub(super) fn command_at(text: &[u8], name: &Range<usize>) -> Option<Found> {
    if text.get(name.start.checked_sub(1)?) != Some(&b'+') {
        return None;
    }
    let word = &text[name.clone()];
    let word = word.strip_suffix(b"_CUR").or_else(|| word.strip_suffix(b"_DEF")).unwrap_or(word);
    let Command(known, secret, only) = COMMANDS.iter().find(|known| word.eq_ignore_ascii_case(known.0.as_bytes()))?;
    let told = match text.get(name.end)? {
        b'=' => false,
        b':' => true,
        _ => return None,
    };
    // What a module answers to these two is no secret: an access point's address, whether a PIN is wanted.
    if told && matches!(*known, "CWJAP" | "CPIN") {
        return None;
    }
    let arguments = arguments(text, name.end + 1);
    if let Some((place, word)) = only
        && !arguments.get(*place).is_some_and(|at| text[at.clone()].eq_ignore_ascii_case(word.as_bytes()))
    {
        return None;
    }
    let at = arguments.get(*secret)?.clone();
    (!at.is_empty() && text[at.clone()] != *b"?").then(|| Found::new(at, SecretKind::Secret))
}

/// The arguments to the end of the line, without their quotes.
fn arguments(text: &[u8], from: usize) -> Vec<Range<usize>> {
    const MOST: usize = 8;
    const LONGEST: usize = 1_024;
    let line = &text[from..text.len().min(from + LONGEST)];
    let end = from + memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
    let mut arguments = Vec::new();
    let mut at = from;
    while arguments.len() < MOST {
        at += text[at..end].iter().take_while(|byte| **byte == b' ').count();
        // Within a JSON text the quotes are escaped.
        let escapes = text[at..end].iter().take_while(|byte| **byte == b'\\').count();
        let quoted = text[..end].get(at + escapes) == Some(&b'"');
        let begin = if quoted { at + escapes + 1 } else { at };
        let stop = argument_end(&text[..end], begin, quoted.then_some(escapes));
        arguments.push(begin..stop);
        let Some(comma) = memchr::memchr(b',', &text[stop..end]) else { break };
        at = stop + comma + 1;
    }
    arguments
}

/// Where an argument ends: at a quotation mark with as many escapes as its first one, or at a comma.
fn argument_end(text: &[u8], from: usize, quoted: Option<usize>) -> usize {
    let mut run = 0;
    for (at, byte) in text.iter().enumerate().skip(from) {
        match quoted {
            None if matches!(byte, b',' | b'"' | b'\\' | b' ') => return at,
            Some(escapes) if *byte == b'"' && run <= escapes => return at - run,
            _ => {}
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
    }
    text.len()
}
