//! A capture file as it stands on disk, plain or compressed: told by its first bytes, never by its name.

use super::io_trouble;
use crate::event::Trouble;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zstd::stream::read::Decoder;

/// What a file compressed with zstd begins with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Read from the disk, and out of a frame, at once.
const CHUNK: usize = 64 * 1024;

/// A place in a capture: where its compressed frame begins in the file, where that frame's first byte lies in the whole
/// text, and where the place itself does. Of a plain file, the frame is the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub(super) frame: u64,
    pub(super) frame_text: u64,
    /// In the text, from its first byte.
    pub text: u64,
}

impl Place {
    /// How much has to be read again to come here, in bytes of text.
    #[must_use]
    pub const fn depth(&self) -> u64 {
        self.text - self.frame_text
    }
}

/// The text of a capture file.
pub struct Source {
    from: From,
    place: Place,
}

enum From {
    Plain(BufReader<File>),
    Zstd(Frames),
}

impl Source {
    /// Opens a file from its begin. One that was compressed since its name was told, or was to be, is found as well.
    ///
    /// # Errors
    /// `recording-not-found`, `recording-is-folder`, `recording-no-file`, `capture-unreadable`, each with `path`.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let path = now_at(path);
        Self::open_at(&path, Place::default()).map_err(|error| io_trouble(&path, &error))
    }

    /// Opens a file at a place where it was read before.
    ///
    /// # Errors
    /// The system's.
    pub fn open_at(path: &Path, place: Place) -> io::Result<Self> {
        let about = std::fs::metadata(path)?;
        if !about.is_file() {
            // A folder has no bytes, and a pipe would be waited for: it cannot be read twice either.
            let kind = if about.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::Unsupported };
            return Err(kind.into());
        }
        Self::of(File::open(path)?, place)
    }

    /// The same of a file that is open.
    ///
    /// # Errors
    /// The system's.
    pub fn of(mut file: File, place: Place) -> io::Result<Self> {
        file.rewind()?;
        let mut first = Vec::new();
        (&file).take(MAGIC.len() as u64).read_to_end(&mut first)?;
        if first != MAGIC {
            file.seek(SeekFrom::Start(place.text))?;
            return Ok(Self { from: From::Plain(BufReader::with_capacity(CHUNK, file)), place });
        }
        file.seek(SeekFrom::Start(place.frame))?;
        let start = Place { text: place.frame_text, ..place };
        let mut source = Self { from: From::Zstd(Frames::new(file, place.frame)), place: start };
        source.skip(place.depth())?;
        Ok(source)
    }

    fn skip(&mut self, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            let ready = self.fill_buf()?.len();
            if ready == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let part = ready.min(usize::try_from(bytes).unwrap_or(ready));
            self.consume(part);
            bytes -= part as u64;
        }
        Ok(())
    }

    /// Where the next byte comes from.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Whether it is compressed.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        matches!(self.from, From::Zstd(_))
    }

    /// How many bytes of the file were taken so far, whatever they came to.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        match &self.from {
            From::Plain(_) => self.place.text,
            From::Zstd(frames) => frames.begins,
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.from {
            From::Plain(file) => file.fill_buf(),
            From::Zstd(frames) => {
                if frames.is_drained() && frames.fill()? {
                    self.place.frame = frames.begins;
                    self.place.frame_text = self.place.text;
                }
                Ok(frames.ready())
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        self.place.text += amount as u64;
        match &mut self.from {
            From::Plain(file) => file.consume(amount),
            From::Zstd(frames) => frames.taken += amount,
        }
    }
}

/// Compressed frames, one after the other.
struct Frames {
    decoder: Option<Decoder<'static, Counted>>,
    /// Between two frames.
    file: Option<Counted>,
    /// Where the frame being read begins in the file.
    begins: u64,
    text: Vec<u8>,
    taken: usize,
}

impl Frames {
    fn new(file: File, at: u64) -> Self {
        let file = Counted { file: BufReader::with_capacity(CHUNK, file), at };
        Self { decoder: None, file: Some(file), begins: at, text: Vec::new(), taken: 0 }
    }

    const fn is_drained(&self) -> bool {
        self.taken == self.text.len()
    }

    fn ready(&self) -> &[u8] {
        self.text.get(self.taken..).unwrap_or_default()
    }

    /// Reads on. True when what is ready now begins another frame.
    fn fill(&mut self) -> io::Result<bool> {
        let mut began = false;
        // Taken out of here, so that after an error nothing is ready.
        let mut text = std::mem::take(&mut self.text);
        self.taken = 0;
        text.resize(CHUNK, 0);
        let mut read = 0;
        while read == 0 {
            if let Some(mut file) = self.file.take() {
                if file.fill_buf()?.is_empty() {
                    self.file = Some(file);
                    break;
                }
                (self.begins, began) = (file.at, true);
                self.decoder = Some(Decoder::with_buffer(file)?.single_frame());
            }
            let Some(decoder) = &mut self.decoder else { break };
            read = decoder.read(&mut text)?;
            if read == 0 {
                self.file = self.decoder.take().map(Decoder::finish);
            }
        }
        text.truncate(read);
        self.text = text;
        Ok(began)
    }
}

/// A file that knows how much of it was taken.
struct Counted {
    file: BufReader<File>,
    at: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
        self.file.consume(amount);
    }
}

/// Where a capture is by now: a session tells its name while it is written, and it is compressed when it is closed.
#[must_use]
pub fn now_at(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let other = match text.strip_suffix(".zst") {
        Some(plain) => PathBuf::from(plain),
        None => PathBuf::from(format!("{text}.zst")),
    };
    if !path.exists() && other.is_file() { other } else { path.to_owned() }
}

/// Looked at of a file to tell a recording, in bytes.
const BEGIN: u64 = 4_096;

/// Whether a file begins as captures, compressed ones, traces and what `mosquitto_sub` wrote do; no image begins like that.
#[must_use]
pub fn is_recording(path: &Path) -> bool {
    let mut first = Vec::new();
    // A pipe is not looked into: it would be waited for.
    let path = now_at(path);
    let opened = if path.is_file() { File::open(path).ok() } else { None };
    let read = opened.map(|file| file.take(BEGIN).read_to_end(&mut first));
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first).trim_ascii_start();
    let begins = text.starts_with(b"{\"") || text.starts_with(b"Error: Message payload") || first.starts_with(&MAGIC);
    matches!(read, Some(Ok(_))) && begins
}
