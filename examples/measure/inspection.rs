//! A window built with the feature `inspection`, read and clicked from outside. Its protocol is `MessagePack`, written by hand.

use crate::Failed;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const NIL: u8 = 0xc0;
const FALSE: u8 = 0xc2;
const TRUE: u8 = 0xc3;
/// Alt, Ctrl, Shift, and the Mac's two.
const NO_MODIFIERS: &[u8] = &[0x95, FALSE, FALSE, FALSE, FALSE, FALSE];

/// eframe's inspection server in a window built with the feature `inspection`.
pub struct Inspection(TcpStream);

impl Inspection {
    /// Connects once the window is up.
    pub fn connect(address: SocketAddr) -> Result<Self, Failed> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(_) if Instant::now() < deadline => thread::park_timeout(Duration::from_millis(20)),
                Err(_) => return Err("the window was not built with --features inspection".into()),
            }
        };
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.read_exact(&mut [0; 8])?;
        Ok(Self(stream))
    }

    /// Clicks there, in points; returns once frames have seen it.
    pub fn click(&mut self, x: f32, y: f32) -> Result<(), Failed> {
        let place = [&[0x92][..], &number(x), &number(y)].concat();
        let button = |pressed: u8| {
            [&named("PointerButton")[..], &[0x94], &place, &text("Primary"), &[pressed], NO_MODIFIERS].concat()
        };
        self.apply(&[[&named("PointerMoved")[..], &place].concat(), button(TRUE), button(FALSE)])
    }

    /// Presses Ctrl+Enter.
    pub fn press_ctrl_enter(&mut self) -> Result<(), Failed> {
        let ctrl = [0x95, FALSE, TRUE, FALSE, FALSE, TRUE];
        let key = |pressed: u8| [&named("Key")[..], &[0x95], &text("Enter"), &[NIL, pressed, FALSE], &ctrl].concat();
        self.apply(&[key(TRUE), key(FALSE)])
    }

    fn apply(&mut self, events: &[Vec<u8>]) -> Result<(), Failed> {
        let count = 0x90 | u8::try_from(events.len())?;
        let question = [&named("ApplyEvents")[..], &[0x91, count], &events.concat()].concat();
        match self.ask(&question)?.as_slice() {
            b"\xa4Done" => Ok(()),
            other => Err(String::from_utf8_lossy(other).into()),
        }
    }

    fn ask(&mut self, question: &[u8]) -> Result<Vec<u8>, Failed> {
        self.0.write_all(&u32::try_from(question.len())?.to_be_bytes())?;
        self.0.write_all(question)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length))?];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// Frames drawn so far, those the question itself costs among them.
    pub fn frames(&mut self) -> Result<u64, Failed> {
        let answer = self.ask(&text("GetTree"))?;
        // MessagePack: {"Tree": [frames, ...]}
        let number = answer.strip_prefix(b"\x81\xa4Tree").and_then(|answer| answer.get(1..)).ok_or("no tree")?;
        let (first, rest) = number.split_first().ok_or("no number")?;
        let bytes = match first {
            0..=0x7f => return Ok(u64::from(*first)),
            0xcc => 1,
            0xcd => 2,
            0xce => 4,
            0xcf => 8,
            _ => return Err("no number of frames".into()),
        };
        Ok(rest.iter().take(bytes).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// A text of fewer than 32 bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or_default();
    [&[0xa0 | length], text.as_bytes()].concat()
}

/// A value of this name: what it holds follows.
fn named(name: &str) -> Vec<u8> {
    [&[0x81][..], &text(name)].concat()
}

fn number(number: f32) -> Vec<u8> {
    [&[0xca][..], &number.to_be_bytes()].concat()
}
