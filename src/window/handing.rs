//! The window's errands with captures' files: worked out beforehand, and written where the operator chooses.

use crate::event::Trouble;
use crate::io::captures::{Files, Recording, load_about};
use crate::io::console::in_background;
use crate::io::{NewFile, dialog, save_test_case};
use crate::replay::{
    Comparison, Course, Courses, Exporter, Part, Preview, Redactor, compare, preview, test_case_of, test_name,
};
use crate::ui::handing::{Done, Errand, Order, PREVIEW_LINES, Written};
use crate::ui::words::say;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whom to tell what became of an errand; has the window drawn again.
pub type Tell = Arc<dyn Fn(Done) + Send + Sync>;
/// Events after which it is told how far writing is.
const STRIDE: u64 = 16_384;

/// Does an errand, away from the window. Call it on the window's thread: system dialogs belong there.
pub fn run(errand: Errand, tell: Tell, stops: &Arc<Stops>) {
    match errand {
        Errand::Preview(order) => {
            let working = move || {
                let (damage, worked) = previewed(&order).map_or_else(|why| (Vec::new(), Err(why)), |(a, b)| (a, Ok(b)));
                tell(Done::Preview(order, damage, worked));
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
        Errand::Save(order) => {
            let name = format!("{}-part.{}", stem(&order.path), order.format.id());
            choose(order, &name, tell, Arc::clone(stops), export);
        }
        Errand::SaveTest(order) => {
            let found = Files::of(&order.path).and_then(|files| load_about(&files).about.found);
            let name = format!("{}.jsonl", test_name(found.as_ref(), &order.only, &stem(&order.path)));
            choose(order, &name, tell, Arc::clone(stops), save_test);
        }
        Errand::Stop(path) => stops.stop(&path),
    }
}

/// How long the window waits for what is given up as it closes.
const FAREWELL: Duration = Duration::from_secs(2);

/// Places that are being written to, and whether that is to be given up.
#[derive(Default)]
pub struct Stops {
    places: Mutex<BTreeMap<PathBuf, Arc<AtomicBool>>>,
    ended: Condvar,
}

impl Stops {
    fn begin(&self, path: &Path) -> Arc<AtomicBool> {
        Arc::clone(self.places().entry(path.to_owned()).or_default())
    }

    fn end(&self, path: &Path) {
        self.places().remove(path);
        self.ended.notify_all();
    }

    fn stop(&self, path: &Path) {
        if let Some(stop) = self.places().get(path) {
            stop.store(true, Ordering::Release);
        }
    }

    /// Gives up all of it, and waits until nothing half written is left.
    pub fn stop_all(&self) {
        let places = self.places();
        places.values().for_each(|stop| stop.store(true, Ordering::Release));
        let _ = self.ended.wait_timeout_while(places, FAREWELL, |places| !places.is_empty());
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<AtomicBool>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far writing is, and whether it goes on.
struct Going<'a> {
    stop: &'a AtomicBool,
    events: u64,
    tell: &'a dyn Fn(u64),
}

impl Going<'_> {
    /// One more event was read. False when no more are wanted.
    fn on(&mut self) -> bool {
        self.events += 1;
        if self.events.is_multiple_of(STRIDE) {
            (self.tell)(self.events);
        }
        !self.is_over()
    }

    /// The capture is read once more.
    const fn begin_again(&mut self) {
        self.events = 0;
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// Writes what was ordered to a place. Nothing when it was given up.
type Write = fn(&Order, &Path, &mut Going<'_>) -> Result<Option<Written>, Trouble>;

/// Asks for a place. The system's dialog asks before it gives one where a file stands.
fn choose(order: Order, name: &str, tell: Tell, stops: Arc<Stops>, write: Write) {
    dialog::save_file(say("export.save-title"), name, move |chosen| {
        let path = match chosen {
            Ok(Some(path)) => path,
            Ok(None) => return tell(Done::Unsaved(order, None)),
            Err(trouble) => return tell(Done::Unsaved(order, Some(trouble))),
        };
        let stop = stops.begin(&path);
        let going = |events| tell(Done::Writing(order.clone(), path.clone(), events));
        going(0);
        let written = write(&order, &path, &mut Going { stop: &stop, events: 0, tell: &going });
        stops.end(&path);
        tell(Done::Saved(order, path, written));
    });
}

/// A capture's name without its endings.
fn stem(capture: &Path) -> String {
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(".zst").trim_end_matches(".jsonl").to_owned()
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

/// What is handed on. All of the capture is read for its secrets, as long as it goes `on`.
fn part(order: &Order, mut on: impl FnMut() -> bool) -> Result<Part, Trouble> {
    let redactor = if order.with_secrets {
        None
    } else {
        let mut recording = Recording::open(&order.path)?;
        let header = recording.header().clone();
        Some(Redactor::of(&header, recording.by_ref().take_while(|_| on())))
    };
    Ok(Part { only: order.only.clone(), redactor })
}

/// What is wrong with a capture that was read to its end: what is handed on of it is not the whole session.
fn damage(recording: &Recording) -> Vec<Trouble> {
    let damage = recording.damage();
    let lines = || Trouble::new("export-damaged").with("n", damage.len());
    damage.troubles().into_iter().chain((!damage.is_empty()).then(lines)).collect()
}

fn previewed(order: &Order) -> Result<(Vec<Trouble>, Preview), Trouble> {
    let part = part(order, || true)?;
    let mut recording = Recording::open(&order.path)?;
    let header = recording.header().clone();
    let worked = preview(order.format, part, &header, recording.by_ref(), PREVIEW_LINES);
    Ok((damage(&recording), worked))
}

fn export(order: &Order, path: &Path, going: &mut Going<'_>) -> Result<Option<Written>, Trouble> {
    let mut recording = Recording::open(&order.path)?;
    let mut file = NewFile::made_of(&order.path, path, true)?;
    let part = part(order, || going.on())?;
    going.begin_again();
    let written = (|| {
        let mut exporter = Exporter::begin(order.format, part, recording.header(), &mut file)?;
        for event in recording.by_ref().take_while(|_| going.on()) {
            exporter.event(&event)?;
        }
        exporter.end()
    })();
    let handed = written.map_err(|error: std::io::Error| file.trouble(&error))?;
    if going.is_over() {
        return Ok(None);
    }
    file.finish()?;
    Ok(Some(Written { files: vec![path.to_owned()], handed, damage: damage(&recording) }))
}

/// The pair of files is named after the place that was chosen.
fn save_test(order: &Order, path: &Path, going: &mut Going<'_>) -> Result<Option<Written>, Trouble> {
    let mut recording = Recording::open(&order.path)?;
    let header = recording.header().clone();
    let part = part(order, || going.on())?;
    going.begin_again();
    let case = test_case_of(&header, recording.by_ref().take_while(|_| going.on()), part);
    if going.is_over() {
        return Ok(None);
    }
    let case = case?;
    let files = save_test_case(path.parent().unwrap_or(path), &name_of(path), &case.capture, &case.summary)?;
    Ok(Some(Written { files: files.into(), handed: case.handed, damage: damage(&recording) }))
}

/// The name of a pair of files: any dots of its own stay.
fn name_of(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let ending = [".jsonl.zst", ".jsonl", ".txt"].into_iter().find_map(|ending| name.strip_suffix(ending));
    ending.unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Going, Order, Stops, compared, export, name_of, previewed, save_test};
    use crate::replay::{Format, read};
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Nobody gives it up.
    fn to_its_end<T>(write: impl FnOnce(&mut Going<'_>) -> T) -> T {
        write(&mut Going { stop: &AtomicBool::new(false), events: 0, tell: &|_| {} })
    }

    fn order(format: Format, only: &str) -> Order {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch.jsonl");
        Order { path: PathBuf::from(path), format, only: only.parse().unwrap(), with_secrets: false }
    }

    #[test]
    fn what_is_written_is_what_was_shown_before() {
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL {
            // Messages are not in a console's text.
            let only = if format == Format::Txt { "serial" } else { "mqtt" };
            let (order, path) = (order(format, only), folder.path().join(format.id()));
            let (_, shown) = previewed(&order).unwrap();
            let written = to_its_end(|going| export(&order, &path, going)).unwrap().unwrap();
            let handed = written.handed;
            assert_eq!(shown.handed, handed, "{format:?}");
            assert_eq!(written.files, std::slice::from_ref(&path));
            assert!(handed.events.0 > 0 && handed.events.0 < handed.events.1);
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            if format != Format::PcapNg {
                let all: Vec<_> = text.trim_start_matches('\u{feff}').lines().collect();
                assert!(shown.lines.iter().all(|line| all.contains(&line.as_str())), "{format:?}");
                let (taken, others) = shown.lines.split_at(shown.taken_lines);
                assert!(
                    (format == Format::Txt || !taken.is_empty()) && taken.iter().all(|line| line.contains("-1")),
                    "{format:?}: {taken:?}"
                );
                assert!(!others.iter().any(|line| line.contains("token-1")), "what was taken out is shown first");
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

    /// Otherwise half a session is handed on as a whole one.
    #[test]
    fn what_is_made_of_a_cut_and_damaged_capture_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = std::fs::read(order(Format::Jsonl, "").path).unwrap();
        let at = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let cut = [&bytes[..at], b"{nonsense\n", &bytes[at..bytes.len() / 2]].concat();
        let order = Order { path: folder.path().join("cut.jsonl"), ..order(Format::Jsonl, "") };
        std::fs::write(&order.path, cut).unwrap();
        let (shown, _) = previewed(&order).unwrap();
        let codes: Vec<_> = shown.iter().map(|trouble| &*trouble.code).collect();
        assert_eq!(codes, ["recording-cut", "export-damaged"]);
        let write = |write: super::Write, name: &str| {
            to_its_end(|going| write(&order, &folder.path().join(name), going)).unwrap().unwrap().damage
        };
        assert_eq!((write(export, "a.csv"), write(save_test, "case.jsonl")), (shown.clone(), shown));
    }

    #[test]
    fn a_test_case_is_a_pair_named_after_the_place_that_was_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let order = order(Format::Jsonl, "");
        let save = |order: &Order, name: &str| to_its_end(|going| save_test(order, &folder.path().join(name), going));
        let written = save(&order, "lamp-2.0.0-mismatch").unwrap().unwrap();
        let pair = ["jsonl", "txt"].map(|end| folder.path().join(format!("lamp-2.0.0-mismatch.{end}")));
        assert_eq!(written.files, pair, "both are told");
        assert!(pair[1].exists() && !read(&std::fs::read(&pair[0]).unwrap()).unwrap().events.is_empty());
        let again = save(&order, "lamp-2.0.0-mismatch.jsonl");
        assert_eq!(again.unwrap_err().code, "test-case-exists");
        let nothing = self::order(Format::Jsonl, "from:1h");
        assert_eq!(save(&nothing, "x.jsonl").unwrap_err().code, "test-case-empty");
        for (place, name) in [
            ("/t/lamp-md5-mismatch.jsonl", "lamp-md5-mismatch"),
            ("/t/lamp-2.0.0-bad", "lamp-2.0.0-bad"),
            ("/t/lamp.jsonl.zst", "lamp"),
            ("/t/lamp.txt", "lamp"),
        ] {
            assert_eq!(name_of(Path::new(place)), name);
        }
    }

    /// Otherwise one press on a familiar name loses the session: the system's dialog offers to write over anything.
    #[test]
    fn the_window_never_writes_over_what_it_exports() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.jsonl");
        std::fs::copy(order(Format::Jsonl, "").path, &path).unwrap();
        let before = std::fs::read(&path).unwrap();
        let order = Order { path: path.clone(), ..order(Format::Csv, "http") };
        let refused = to_its_end(|going| export(&order, &path, going));
        assert_eq!(refused.unwrap_err().code, "export-onto-source");
        assert!(std::fs::read(&path).unwrap() == before);
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (stops, path) = (Stops::default(), folder.path().join("a.csv"));
        let stop = stops.begin(&path);
        stops.stop(&path);
        let mut going = Going { stop: &stop, events: 0, tell: &|_| {} };
        assert_eq!(export(&order(Format::Csv, ""), &path, &mut going), Ok(None));
        assert_eq!(save_test(&order(Format::Csv, ""), &path, &mut going), Ok(None));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        stops.end(&path);
        assert!(!stops.begin(&path).load(Ordering::Acquire), "the next one is written");
    }

    /// Otherwise half a file is left in the operator's folder, under a name nobody knows.
    #[test]
    fn who_closes_the_window_waits_for_what_is_being_written_to_be_given_up() {
        let (stops, path) = (Stops::default(), PathBuf::from("/a.csv"));
        let stop = stops.begin(&path);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                stops.end(&path);
            });
            stops.stop_all();
            assert!(stops.places().is_empty());
        });
    }
}
