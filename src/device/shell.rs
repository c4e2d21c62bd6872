//! The line editor of the device's console: keys in, echo and whole lines out.

/// A longer line is not taken in, like on a small device.
const LONGEST_LINE: usize = 128;

/// What a key does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Print this.
    Echo(&'static str),
    /// Print this character.
    EchoChar(char),
    /// A line is complete.
    Enter(String),
    /// Nothing.
    Nothing,
}

/// What is typed so far.
#[derive(Debug, Default)]
pub(super) struct Shell {
    line: String,
    returned: bool,
}

impl Shell {
    /// The line typed so far, to be shown again behind a new prompt.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Takes a key in. Enter is a carriage return, a line feed or both.
    pub(super) fn press(&mut self, key: u8) -> Key {
        let after_return = std::mem::replace(&mut self.returned, key == b'\r');
        match key {
            b'\n' if after_return => Key::Nothing,
            b'\r' | b'\n' => Key::Enter(std::mem::take(&mut self.line)),
            0x08 | 0x7F => self.line.pop().map_or(Key::Nothing, |_| Key::Echo("\x08 \x08")),
            b' '..=b'~' if self.line.len() < LONGEST_LINE => {
                let char = char::from(key);
                self.line.push(char);
                Key::EchoChar(char)
            }
            _ => Key::Nothing,
        }
    }
}
