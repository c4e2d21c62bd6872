//! Terminal mode: what each key sends to the device.

use eframe::egui::{Event, Key, Modifiers};

/// The key that ends terminal mode, as in telnet and in ESP-IDF's monitor: all others go to the device.
pub const LEAVE: (Modifiers, Key) = (Modifiers::CTRL, Key::CloseBracket);

/// What a key, or what was pasted, sends; nothing for what is no input.
#[must_use]
pub fn bytes_of(event: &Event) -> Option<Vec<u8>> {
    match event {
        Event::Text(text) => Some(text.as_bytes().to_vec()),
        Event::Paste(text) => Some(text.replace("\r\n", "\r").replace('\n', "\r").into_bytes()),
        // egui takes these two for copy and cut.
        Event::Copy => Some(vec![0x03]),
        Event::Cut => Some(vec![0x18]),
        Event::Key { key, pressed: true, modifiers, .. } => of_key(*key, *modifiers),
        _ => None,
    }
}

/// Whether it comes from the keyboard, or from the clipboard by it.
#[must_use]
pub const fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Text(_) | Event::Paste(_) | Event::Copy | Event::Cut | Event::Key { .. })
}

fn of_key(key: Key, modifiers: Modifiers) -> Option<Vec<u8>> {
    if modifiers.ctrl && !modifiers.alt {
        return control(key).map(|byte| vec![byte]);
    }
    if modifiers.alt || modifiers.mac_cmd {
        return None;
    }
    let text: &str = match key {
        Key::Enter => "\r",
        Key::Tab if modifiers.shift => "\x1b[Z",
        Key::Tab => "\t",
        Key::Backspace => "\x7f",
        Key::Escape => "\x1b",
        Key::ArrowUp => "\x1b[A",
        Key::ArrowDown => "\x1b[B",
        Key::ArrowRight => "\x1b[C",
        Key::ArrowLeft => "\x1b[D",
        Key::Home => "\x1b[H",
        Key::End => "\x1b[F",
        Key::Insert => "\x1b[2~",
        Key::Delete => "\x1b[3~",
        Key::PageUp => "\x1b[5~",
        Key::PageDown => "\x1b[6~",
        Key::F1 => "\x1bOP",
        Key::F2 => "\x1bOQ",
        Key::F3 => "\x1bOR",
        Key::F4 => "\x1bOS",
        Key::F5 => "\x1b[15~",
        Key::F6 => "\x1b[17~",
        Key::F7 => "\x1b[18~",
        Key::F8 => "\x1b[19~",
        Key::F9 => "\x1b[20~",
        Key::F10 => "\x1b[21~",
        Key::F11 => "\x1b[23~",
        Key::F12 => "\x1b[24~",
        // Letters come as text.
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

/// The control character of a key.
fn control(key: Key) -> Option<u8> {
    match key {
        Key::Space => return Some(0),
        Key::OpenBracket => return Some(0x1b),
        Key::Backslash => return Some(0x1c),
        Key::Backspace => return Some(0x08),
        _ => {}
    }
    let name = key.name().as_bytes();
    match name {
        [letter @ b'A'..=b'Z'] => Some(letter - b'A' + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Key, Modifiers, bytes_of};

    fn key(key: Key, modifiers: Modifiers) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
    }

    #[test]
    fn every_key_sends_what_a_terminal_sends() {
        const NONE: Modifiers = Modifiers::NONE;
        const CTRL: Modifiers = Modifiers::CTRL;
        for (event, expected) in [
            (Event::Text("a".into()), Some(&b"a"[..])),
            (Event::Text("中".into()), Some("中".as_bytes())),
            (Event::Paste("a\nb\r\nc".into()), Some(b"a\rb\rc")),
            (Event::Copy, Some(b"\x03")),
            (Event::Cut, Some(b"\x18")),
            (key(Key::C, CTRL), Some(b"\x03")),
            (key(Key::A, CTRL), Some(b"\x01")),
            (key(Key::Z, CTRL), Some(b"\x1a")),
            (key(Key::Space, CTRL), Some(b"\0")),
            (key(Key::OpenBracket, CTRL), Some(b"\x1b")),
            (key(Key::A, NONE), None),
            (key(Key::A, Modifiers::ALT), None),
            (key(Key::Enter, NONE), Some(b"\r")),
            (key(Key::Tab, NONE), Some(b"\t")),
            (key(Key::Tab, Modifiers::SHIFT), Some(b"\x1b[Z")),
            (key(Key::Escape, NONE), Some(b"\x1b")),
            (key(Key::Backspace, NONE), Some(b"\x7f")),
            (key(Key::Delete, NONE), Some(b"\x1b[3~")),
            (key(Key::ArrowUp, NONE), Some(b"\x1b[A")),
            (key(Key::ArrowDown, NONE), Some(b"\x1b[B")),
            (key(Key::ArrowRight, NONE), Some(b"\x1b[C")),
            (key(Key::ArrowLeft, NONE), Some(b"\x1b[D")),
            (key(Key::Home, NONE), Some(b"\x1b[H")),
            (key(Key::F1, NONE), Some(b"\x1bOP")),
            (key(Key::F12, NONE), Some(b"\x1b[24~")),
            (Event::PointerGone, None),
        ] {
            assert_eq!(bytes_of(&event).as_deref(), expected, "{event:?}");
        }
        let released =
            Event::Key { key: Key::Enter, physical_key: None, pressed: false, repeat: false, modifiers: NONE };
        assert_eq!(bytes_of(&released), None, "a key is sent once");
    }
}
