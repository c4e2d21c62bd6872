//! The window's errands with captures' files: worked out beforehand, and written where the operator chooses.

use crate::event::Trouble;
use crate::io::captures::Recording;
use crate::io::console::in_background;
use crate::io::{NewFile, dialog, save_test_case};
use crate::replay::{Comparison, Course, Courses, Exporter, Handed, Part, compare, preview, test_case_of};
use crate::ui::handing::{Done, Errand, Order, PREVIEW_LINES};
use crate::ui::words::say;
use std::path::Path;
use std::sync::Arc;

/// Whom to tell what became of an errand; has the window drawn again.
pub type Tell = Arc<dyn Fn(Done) + Send + Sync>;

/// Does an errand, away from the window. Call it on the window's thread: system dialogs belong there.
pub fn run(errand: Errand, tell: Tell) {
    match errand {
        Errand::Preview(order) => {
            let working = move || {
                let worked = previewed(&order);
                tell(Done::Preview(order, worked));
            };
            in_background(Box::new(working), || {});
        }
        Errand::Compare(a, b) => {
            let working = move || {
                let compared = compared(&a, &b);
                tell(Done::Compared((a, b), compared));
            };
            in_background(Box::new(working), || {});
        }
        Errand::Save(order) => choose(order, &tell, export),
        Errand::SaveTest(order) => choose(order, &tell, save_test),
    }
}

/// Asks for a place. The system's dialog asks before it gives one where a file stands.
fn choose(order: Order, tell: &Tell, write: fn(&Order, &Path) -> Result<Handed, Trouble>) {
    let tell = Arc::clone(tell);
    let name = order.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.trim_end_matches(".zst").trim_end_matches(".jsonl");
    let name = format!("{stem}-part.{}", order.format.id());
    dialog::save_file(say("export.save-title"), &name, move |path| {
        tell(Done::Begun(path.clone()));
        let written = write(&order, &path);
        tell(Done::Saved(path, written));
    });
}

fn compared(a: &Path, b: &Path) -> Result<Comparison, Trouble> {
    let ((a, troubles_a), (b, troubles_b)) = (courses(a)?, courses(b)?);
    Ok(Comparison { troubles_a, troubles_b, ..compare(a, b) })
}

fn courses(path: &Path) -> Result<(Vec<Course>, Vec<Trouble>), Trouble> {
    let mut recording = Recording::open(path)?;
    let mut courses = Courses::begin(recording.header());
    for event in recording.by_ref() {
        courses.event(&event);
    }
    Ok((courses.end(), recording.damage().troubles()))
}

fn part(order: &Order) -> Part {
    Part { only: order.only.clone(), with_secrets: order.with_secrets }
}

fn previewed(order: &Order) -> Result<crate::replay::Preview, Trouble> {
    let recording = Recording::open(&order.path)?;
    let header = recording.header().clone();
    Ok(preview(order.format, &part(order), &header, recording, PREVIEW_LINES))
}

fn export(order: &Order, path: &Path) -> Result<Handed, Trouble> {
    let mut recording = Recording::open(&order.path)?;
    let mut file = NewFile::create(path, true)?;
    let written = (|| {
        let mut exporter = Exporter::begin(order.format, &part(order), recording.header(), &mut file)?;
        for event in recording.by_ref() {
            exporter.event(&event)?;
        }
        exporter.end()
    })();
    let handed = written.map_err(|error: std::io::Error| file.trouble(&error))?;
    file.finish()?;
    Ok(handed)
}

/// The pair of files is named after the place that was chosen.
fn save_test(order: &Order, path: &Path) -> Result<Handed, Trouble> {
    let recording = Recording::open(&order.path)?;
    let header = recording.header().clone();
    let case = test_case_of(&header, recording, &part(order))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    save_test_case(path.parent().unwrap_or(path), &name, &case.capture, &case.summary)?;
    Ok(case.handed)
}

#[cfg(test)]
mod tests {
    use super::{Order, compared, export, previewed, save_test};
    use crate::replay::{Format, read};
    use std::path::PathBuf;

    fn order(format: Format, only: &str) -> Order {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch.jsonl");
        Order { path: PathBuf::from(path), format, only: only.parse().unwrap(), with_secrets: false }
    }

    #[test]
    fn what_is_written_is_what_was_shown_before() {
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL {
            let (order, path) = (order(format, "mqtt"), folder.path().join(format.id()));
            let shown = previewed(&order).unwrap();
            let handed = export(&order, &path).unwrap();
            assert_eq!(shown.handed, handed, "{format:?}");
            assert!(handed.events.0 > 0 && handed.events.0 < handed.events.1);
            let written = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            if format != Format::PcapNg {
                let lines: Vec<_> = written.lines().take(shown.lines.len()).collect();
                assert_eq!(lines, shown.lines, "{format:?}");
            }
        }
    }

    /// A run whose file was cut seems to end too early: the dialog says why.
    #[test]
    fn a_comparison_tells_which_file_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, cut) = (order(Format::Jsonl, "").path, folder.path().join("cut.jsonl"));
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        let comparison = compared(&whole, &cut).unwrap();
        let codes: Vec<_> = comparison.troubles_b.iter().map(|trouble| trouble.code.to_string()).collect();
        assert_eq!((comparison.troubles_a.len(), codes), (0, vec!["recording-cut".to_owned()]));
    }

    #[test]
    fn a_test_case_is_a_pair_named_after_the_place_that_was_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let order = order(Format::Jsonl, "");
        save_test(&order, &folder.path().join("mismatch.jsonl")).unwrap();
        assert!(folder.path().join("mismatch.txt").exists());
        assert!(!read(&std::fs::read(folder.path().join("mismatch.jsonl")).unwrap()).unwrap().events.is_empty());
        let again = save_test(&order, &folder.path().join("mismatch.jsonl"));
        assert_eq!(again.unwrap_err().code, "file-exists");
        let nothing = self::order(Format::Jsonl, "from:1h");
        assert_eq!(save_test(&nothing, &folder.path().join("x.jsonl")).unwrap_err().code, "test-case-empty");
    }
}
