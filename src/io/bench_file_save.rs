//! Writes parts of a bench file anew, and leaves everything else in it as it was written.

use crate::bench::{LineEnding, Publication, QuickSend, SavedMessage};
use crate::event::Trouble;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// Writes the quick sends into a bench file, in place of those it has. Comments and order of the rest stay.
///
/// # Errors
/// `file-unreadable`, `bad-bench-file`, `file-unwritable`, each with `path` and `detail`.
pub fn save_quick_sends(file: &Path, sends: &[QuickSend]) -> Result<(), Trouble> {
    save(file, "quick", sends.iter().map(table).collect())
}

/// Writes the saved messages into a bench file, in place of those it has. Comments and order of the rest stay.
///
/// # Errors
/// As [`save_quick_sends`].
pub fn save_messages(file: &Path, messages: &[SavedMessage]) -> Result<(), Trouble> {
    save(file, "message", messages.iter().map(message_table).collect())
}

fn save(file: &Path, key: &str, tables: ArrayOfTables) -> Result<(), Trouble> {
    let failed = |code: &'static str, detail: &dyn std::fmt::Display| {
        Trouble::new(code).with("path", file.display()).with("detail", detail)
    };
    // Where a link leads: the link stays one.
    let file = &std::fs::canonicalize(file).map_err(|error| failed("file-unreadable", &error))?;
    let text = std::fs::read_to_string(file).map_err(|error| failed("file-unreadable", &error))?;
    let text = with_tables(&text, key, tables).map_err(|detail| failed("bad-bench-file", &detail))?;
    // Beside it first, then in its place: a crash leaves the old file or the new one.
    replace(file, text.as_bytes()).map_err(|error| failed("file-unwritable", &error))
}

/// Puts other bytes in a file's place, with its permissions: it may hold secrets.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(file)?.permissions();
    let beside = file.with_extension("toml.new");
    // One that was left by a crash has permissions of its own.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let write = || {
        let mut new = private(&beside)?;
        new.write_all(bytes)?;
        new.set_permissions(permissions)?;
        new.sync_all()?;
        fs::rename(&beside, file)
    };
    write().inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// A new file that nobody else may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn with_tables(text: &str, key: &str, tables: ArrayOfTables) -> Result<String, String> {
    // The error's own words hold the line, and a line may hold a password.
    let mut document: DocumentMut = text.parse().map_err(|_| "TOML".to_owned())?;
    document.remove(key);
    if !tables.is_empty() {
        document.insert(key, Item::ArrayOfTables(tables));
    }
    Ok(document.to_string())
}

/// What is as usual is left out.
fn table(send: &QuickSend) -> Table {
    let mut table = Table::new();
    for (key, text) in [("group", &send.group), ("name", &send.name)] {
        if !text.is_empty() {
            table.insert(key, value(text));
        }
    }
    table.insert("send", value(&send.send));
    if send.hex {
        table.insert("hex", value(true));
    }
    if send.ending != LineEnding::default() {
        table.insert("ending", value(send.ending.name()));
    }
    if let Some(every) = send.every_ms.and_then(|every| i64::try_from(every).ok()) {
        table.insert("every_ms", value(every));
    }
    table
}

fn message_table(saved: &SavedMessage) -> Table {
    let SavedMessage { name, message: Publication { topic, payload, qos, retain } } = saved;
    let mut table = Table::new();
    if !name.is_empty() {
        table.insert("name", value(name));
    }
    table.insert("topic", value(topic));
    match std::str::from_utf8(payload) {
        Ok(text) => table.insert("payload", value(text)),
        Err(_) => table.insert("payload_base64", value(STANDARD.encode(payload))),
    };
    if *qos > 0 {
        table.insert("qos", value(i64::from(*qos)));
    }
    if *retain {
        table.insert("retain", value(true));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::bench_file::BenchFile;
    use super::{save_messages, save_quick_sends, table, with_tables};
    use crate::bench::{LineEnding, Publication, QuickSend, SavedMessage};

    const FILE: &str = "# our bench\nbroker = '0.0.0.0:1883' # all of them\n\n[[quick]]\nsend = 'old'\n\n[[serial]]\n# the lamp\nport = 'COM7'\n";

    fn sends() -> Vec<QuickSend> {
        let ping =
            QuickSend { group: "AT".into(), name: "Ping".into(), send: "AT+\"x\"".into(), ..QuickSend::default() };
        let stop = QuickSend { send: "03".into(), hex: true, every_ms: Some(250), ..QuickSend::default() };
        vec![ping, QuickSend { ending: LineEnding::None, ..stop }]
    }

    #[test]
    fn saving_quick_sends_leaves_comments_and_everything_else_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        std::fs::write(&file, FILE).unwrap();
        save_quick_sends(&file, &sends()).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("# our bench") && text.contains("# all of them") && text.contains("# the lamp"),
            "{text}"
        );
        assert!(!text.contains("old"), "{text}");
        assert_eq!(BenchFile::read(&file).unwrap().quick_sends, sends());
        save_quick_sends(&file, &[]).unwrap();
        let bench = BenchFile::read(&file).unwrap();
        assert_eq!((bench.quick_sends.len(), bench.ports().unwrap().len()), (0, 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_secrets_stays_closed_to_others_and_a_link_stays_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("lamp.toml"), folder.path().join("bench.toml"));
        std::fs::write(&file, FILE).unwrap();
        symlink("lamp.toml", &link).unwrap();
        for mode in [0o600, 0o640, 0o644] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            std::fs::write(folder.path().join("lamp.toml.new"), "of a crash").unwrap();
            save_quick_sends(&link, &sends()).unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(BenchFile::read(&file).unwrap().quick_sends, sends());
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
        }
    }

    #[test]
    fn saved_messages_come_back_byte_for_byte_and_leave_the_rest_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        std::fs::write(&file, FILE).unwrap();
        let message = |topic: &str, payload: &[u8]| {
            let message = Publication { topic: topic.into(), payload: payload.to_vec(), qos: 1, retain: true };
            SavedMessage { name: "Reset".into(), message }
        };
        let messages = vec![message("/a", b"{\"x\": \"\\\"\"}\n"), message("/b", b"\xff\x00")];
        save_messages(&file, &messages).unwrap();
        let bench = BenchFile::read(&file).unwrap();
        assert_eq!((&bench.messages, bench.quick_sends.len()), (&messages, 1));
        assert!(std::fs::read_to_string(&file).unwrap().contains("# the lamp"));
        for (wrong, mention) in [
            ("topic = '/a/#'", "topic-wildcard"),
            ("topic = '/a'\nqos = 3", "bad-qos"),
            ("topic = '/a'\npayload = 'x'\npayload_base64 = 'eA=='", "payload_base64"),
            ("payload = 'x'", "topic-empty"),
            ("topic = '/a'\npayload_base64 = '*'", "payload_base64"),
        ] {
            std::fs::write(&file, format!("[[message]]\n{wrong}\n")).unwrap();
            let trouble = BenchFile::read(&file).unwrap_err();
            assert!(trouble.arg("detail").unwrap().contains(mention), "{trouble:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_any_more_is_left_as_it_is_and_not_repeated() {
        let tables = sends().iter().map(table).collect();
        let error = with_tables("broker = mqtt://u:secret@h", "quick", tables).unwrap_err();
        assert!(!error.contains("secret"));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(save_quick_sends(&folder.path().join("none.toml"), &[]).unwrap_err().code, "file-unreadable");
    }
}
