//! Writes parts of a bench file anew, and leaves everything else in it as it was written.

use crate::bench::{LineEnding, Publication, QuickSend, SavedMessage};
use crate::console::Highlight;
use crate::event::Trouble;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// One part is read and written after the other: the session saves quick sends while the window saves rules.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes the quick sends into a bench file, in place of those it has. Comments and order of the rest stay.
///
/// # Errors
/// `file-unreadable`, `bad-bench-file`, `file-unwritable`, each with `path` and `detail`.
pub fn save_quick_sends(file: &Path, sends: &[QuickSend]) -> Result<(), Trouble> {
    rewrite(file, |document| put_tables(document, "quick", sends.iter().map(table).collect()))
}

/// Writes the saved messages into a bench file, in place of those it has. Comments and order of the rest stay.
///
/// # Errors
/// As [`save_quick_sends`].
pub fn save_messages(file: &Path, messages: &[SavedMessage]) -> Result<(), Trouble> {
    rewrite(file, |document| put_tables(document, "message", messages.iter().map(message_table).collect()))
}

fn put_tables(document: &mut DocumentMut, key: &str, tables: ArrayOfTables) {
    document.remove(key);
    if !tables.is_empty() {
        document.insert(key, Item::ArrayOfTables(tables));
    }
}

/// Writes the highlight rules into a bench file, each in the place of the one it had there. Remarks stay.
///
/// # Errors
/// As [`save_quick_sends`].
pub fn save_highlights(file: &Path, rules: &[Highlight]) -> Result<(), Trouble> {
    rewrite(file, |document| {
        let written = document.get("highlight").and_then(Item::as_array_of_tables).cloned();
        let mut tables = written.clone().unwrap_or_default();
        while tables.len() > rules.len() {
            tables.remove(tables.len() - 1);
        }
        while tables.len() < rules.len() {
            tables.push(Table::new());
        }
        for (table, rule) in tables.iter_mut().zip(rules) {
            for (key, text) in [("pattern", rule.pattern.as_str()), ("colour", rule.colour.name())] {
                // What is the same keeps its quotes and its remark.
                if table.get(key).and_then(Item::as_str) != Some(text) {
                    table.insert(key, value(text));
                }
            }
        }
        match (tables.is_empty(), written.is_some()) {
            (true, _) => drop(document.remove("highlight")),
            (false, true) => document["highlight"] = Item::ArrayOfTables(tables),
            (false, false) => {
                document.remove("highlight");
                document.insert("highlight", Item::ArrayOfTables(tables));
            }
        }
    })
}

/// Reads a bench file, changes it, and puts it in the place of the old one.
fn rewrite(file: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<(), Trouble> {
    let failed = |code: &'static str, detail: &dyn std::fmt::Display| {
        Trouble::new(code).with("path", file.display()).with("detail", detail)
    };
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    // Where a link leads: the link stays one.
    let file = &std::fs::canonicalize(file).map_err(|error| failed("file-unreadable", &error))?;
    let text = std::fs::read_to_string(file).map_err(|error| failed("file-unreadable", &error))?;
    // The error's own words hold the line, and a line may hold a password.
    let mut document: DocumentMut = text.parse().map_err(|_| failed("bad-bench-file", &"TOML"))?;
    change(&mut document);
    // Beside it first, then in its place: a crash leaves the old file or the new one.
    replace(file, document.to_string().as_bytes()).map_err(|error| failed("file-unwritable", &error))
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
    use super::{save_highlights, save_messages, save_quick_sends};
    use crate::bench::{LineEnding, Publication, QuickSend, SavedMessage};
    use crate::console::{Highlight, HighlightColour};

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
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        std::fs::write(&file, "broker = mqtt://u:secret@h").unwrap();
        let trouble = save_quick_sends(&file, &sends()).unwrap_err();
        assert_eq!(trouble.code, "bad-bench-file");
        assert!(!format!("{trouble:?}").contains("secret"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "broker = mqtt://u:secret@h");
        assert_eq!(save_quick_sends(&folder.path().join("none.toml"), &[]).unwrap_err().code, "file-unreadable");
    }

    fn rules() -> Vec<Highlight> {
        vec![
            Highlight { pattern: r#"md5|"x\d""#.into(), colour: HighlightColour::Red },
            Highlight { pattern: "[[highlight]]".into(), colour: HighlightColour::Cyan },
        ]
    }

    #[test]
    fn rules_are_written_and_the_rest_stays_however_the_file_spells_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        for text in [
            "# The lamp\nopen = true\n\n# why\n[[highlight]]\npattern = 'old' # here\n\n[[serial]]\nport = 'COM7' # left\n",
            "# The lamp\nopen = true\nhighlight = [{ pattern = 'old' }, { pattern = 'x' }]\n[[serial]]\nport = 'COM7' # left\n",
            "# The lamp\nopen = true\n\n[[quick]]\nname = 'two'\nsend = \"\"\"\n[[highlight]]\n[x]\n\"\"\"\n[[serial]]\nport = 'COM7' # left\n",
            "# The lamp\nopen = true\n[[serial]]\nport = 'COM7' # left",
        ] {
            std::fs::write(&file, text).unwrap();
            let before = BenchFile::read(&file).unwrap();
            save_highlights(&file, &rules()).unwrap();
            let bench = BenchFile::read(&file).unwrap();
            assert!(bench.open && bench.ports().unwrap().len() == 1, "{text}");
            assert_eq!((bench.highlights, bench.quick_sends), (rules(), before.quick_sends.clone()), "{text}");
            let written = std::fs::read_to_string(&file).unwrap();
            assert!(written.starts_with("# The lamp\nopen = true\n") && written.contains("'COM7' # left"), "{written}");
            assert_eq!(written.contains("# why"), text.contains("# why"), "{written}");
            save_highlights(&file, &rules()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "the same rules change nothing");
            save_highlights(&file, &[]).unwrap();
            let bench = BenchFile::read(&file).unwrap();
            assert_eq!((bench.highlights.len(), bench.quick_sends), (0, before.quick_sends), "{text}");
        }
    }

    #[test]
    fn rules_and_quick_sends_saved_at_once_are_both_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lamp.bench.toml");
        for _ in 0..50 {
            std::fs::write(&file, FILE).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| save_quick_sends(&file, &sends()).unwrap());
                scope.spawn(|| save_highlights(&file, &rules()).unwrap());
            });
            let bench = BenchFile::read(&file).unwrap();
            assert_eq!((bench.quick_sends, bench.highlights), (sends(), rules()));
        }
    }
}
