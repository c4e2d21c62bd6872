//! Secrets in JSON, by their keys: however a key is spelt, and whatever its value is put into. Every other byte stays.

use super::names::{Form, Name, name_of};
use super::sign::{is_digest, looks_signed};
use std::borrow::Cow;
use std::ops::Range;

/// Deeper than this it is looked at as any other text.
const DEEPEST: usize = 64;
/// Keys of a member whose value says what the member beside it is: `{"name":"password","value":"…"}`.
const SAYS: [&str; 9] = ["name", "key", "id", "field", "param", "identifier", "attr", "property", "k"];
/// Keys of that other member, and of one that holds what the object around it is called.
const VALUE: [&str; 13] =
    ["value", "val", "data", "content", "text", "v", "current", "new", "old", "plain", "raw", "desired", "reported"];
/// What an announcement of a build tells beside its digest.
const ANNOUNCED: [&str; 4] = ["size", "version", "url", "streamid"];

/// What a JSON text holds.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Values that a key calls secret.
    pub named: Vec<(Range<usize>, Name)>,
    /// All other strings, keys too: what they hold is looked for in them.
    pub strings: Vec<Range<usize>>,
}

/// Reads a whole JSON object or list; a comma too many, as devices send them, does no harm. Nothing for any other text.
pub(super) fn read(text: &[u8]) -> Option<Seen> {
    let end = text.iter().rposition(|byte| !is_blank(*byte) && *byte != 0)? + 1;
    let mut reader = Reader { text: &text[..end], at: 0, seen: Seen::default() };
    reader.blanks();
    if !matches!(reader.peek()?, b'{' | b'[') {
        return None;
    }
    reader.value(None, DEEPEST)?;
    (reader.at == end).then_some(reader.seen)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    seen: Seen,
}

/// What is known of an object when it ends.
#[derive(Default)]
struct Object {
    /// What a member says that another one is.
    says: Option<Name>,
    values: Vec<Range<usize>>,
    sign: Option<(Range<usize>, Name)>,
    method: Option<Range<usize>>,
    announces: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// The next value, which `name` calls a secret. Where it stands; nowhere when it is an object or a list.
    fn value(&mut self, name: Option<Name>, depth: usize) -> Option<Range<usize>> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            b'{' => self.object(name, depth).map(|()| self.at..self.at),
            b'[' => self.list(name, depth).map(|()| self.at..self.at),
            b'"' => {
                let at = self.string()?;
                match name {
                    Some(name) => self.seen.named.push((at.clone(), name)),
                    None => self.seen.strings.push(at.clone()),
                }
                Some(at)
            }
            _ => {
                let rest = &self.text[self.at..];
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                let length = rest.iter().take_while(|byte| plain(byte)).count();
                let at = self.at..self.at + length;
                self.at = at.end;
                let number = rest[0].is_ascii_digit() || rest[0] == b'-';
                if let (Some(name), true) = (name, number) {
                    self.seen.named.push((at.clone(), name));
                }
                (length > 0).then_some(at)
            }
        }
    }

    /// The inside of a string.
    fn string(&mut self) -> Option<Range<usize>> {
        let from = self.at + 1;
        let mut at = from;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.text.get(at..)?)?;
            if self.text[at] == b'"' {
                self.at = at + 1;
                return Some(from..at);
            }
            at += 2;
        }
    }

    fn list(&mut self, name: Option<Name>, depth: usize) -> Option<()> {
        self.at += 1;
        loop {
            self.blanks();
            if self.take(b']') {
                return Some(());
            }
            self.value(name, depth)?;
            self.blanks();
            if !self.take(b',') && self.peek()? != b']' {
                return None;
            }
        }
    }

    fn object(&mut self, around: Option<Name>, depth: usize) -> Option<()> {
        self.at += 1;
        let mut object = Object::default();
        loop {
            self.blanks();
            if self.take(b'}') {
                self.end(object);
                return Some(());
            }
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return None;
            }
            self.blanks();
            self.member(&mut object, key, around, depth)?;
            self.blanks();
            if !self.take(b',') && self.peek()? != b'}' {
                return None;
            }
        }
    }

    fn member(&mut self, object: &mut Object, at: Range<usize>, around: Option<Name>, depth: usize) -> Option<()> {
        let key = unescaped(&self.text[at.clone()]);
        let is = |known: &&str| key.eq_ignore_ascii_case(known.as_bytes());
        let is_value = VALUE.iter().any(is);
        let name = name_of(&key, None).or(around.filter(|_| is_value));
        self.seen.strings.push(at);
        // What a `sign` is, the members beside it tell.
        let sign = name.filter(|name| name.form == Form::Sign && self.peek() == Some(b'"'));
        let told = self.value(name.filter(|_| sign.is_none()), depth)?;
        if told.is_empty() {
            return Some(());
        }
        if let Some(name) = sign {
            self.seen.strings.pop();
            object.sign = Some((told, name));
        } else if is(&"signMethod") || is(&"sign_method") {
            object.method = Some(told);
        } else if is_value && name.is_none() {
            object.values.push(told);
        } else if SAYS.iter().any(is) {
            object.says = object.says.or_else(|| name_of(&self.text[told], None));
        } else {
            object.announces |= ANNOUNCED.iter().any(is);
        }
        Some(())
    }

    /// What only the whole of an object tells.
    fn end(&mut self, object: Object) {
        if let Some(name) = object.says {
            self.seen.named.extend(object.values.into_iter().map(|at| (at, name)));
        }
        if let Some((at, name)) = object.sign {
            let (told, method) = (&self.text[at.clone()], object.method.map(|method| &self.text[method]));
            let digest = object.announces && method.is_some_and(|method| is_plain(method) && is_digest(method, told));
            if !digest && looks_signed(told) {
                self.seen.named.push((at, name));
            }
        }
    }
}

/// Whether a signature of this method needs no key.
fn is_plain(method: &[u8]) -> bool {
    ["md5", "sha256"].iter().any(|plain| method.eq_ignore_ascii_case(plain.as_bytes()))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A key as it reads: `pass\u0077ord` is a password.
fn unescaped(key: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', key).is_none() {
        return Cow::Borrowed(key);
    }
    let quoted = [b"\"", key, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).map_or(Cow::Borrowed(key), |key| Cow::Owned(key.into_bytes()))
}
