//! What log files are called, what stands before their lines, and how many are kept.

use crate::console::LogStamp;
use crate::event::{DeviceId, Micros};
use crate::io::folder;
use chrono::{Local, TimeZone};
use std::io;
use std::path::PathBuf;

/// What all log files of a folder may take; then the oldest make room.
const MOST: u64 = 4 << 30;

/// Names and times of log files.
#[derive(Clone, Debug)]
pub struct LogNames {
    /// Where they are.
    pub folder: PathBuf,
    /// The wall clock at the session's first instant, in milliseconds since 1970.
    pub started_unix_ms: u64,
}

impl LogNames {
    /// What stands before a line.
    pub fn stamp(&self, stamp: LogStamp, at: Micros, before: Option<Micros>, pushed: Option<Micros>) -> String {
        match stamp {
            LogStamp::None => String::new(),
            LogStamp::Clock => format!("{} ", self.wall(at, "%H:%M:%S%.3f")),
            LogStamp::SinceStart => format!("{at} "),
            LogStamp::SincePrevious => format!("+{} ", at.since(before.unwrap_or(at))),
            LogStamp::SincePush => pushed.map_or_else(|| format!("{at} "), |pushed| format!("+{} ", at.since(pushed))),
        }
    }

    /// The day of an instant, where we are.
    pub fn day(&self, at: Micros) -> String {
        self.wall(at, "%Y-%m-%d")
    }

    fn wall(&self, at: Micros, format: &str) -> String {
        let millis = i64::try_from(self.started_unix_ms.saturating_add(at.0 / 1_000)).ok();
        let time = millis.and_then(|millis| Local.timestamp_millis_opt(millis).single());
        time.map_or_else(|| at.to_string(), |time| time.format(format).to_string())
    }

    /// A name that is free: the device, the port's last part, the date, and a number if need be.
    pub fn free_path(&self, port: &str, device: Option<&DeviceId>, at: Micros) -> PathBuf {
        let port = port.rsplit(['/', '\\']).next().unwrap_or(port);
        let whose = device.map(|device| device.device.to_string()).filter(|device| !port.starts_with(device.as_str()));
        let name = whose.map_or_else(|| port.to_owned(), |device| format!("{device} {port}"));
        let safe = |letter: char| if letter.is_alphanumeric() || "-_. ()".contains(letter) { letter } else { '_' };
        // A file system takes 255 bytes in all, and a letter may have four.
        let name: String = name.chars().map(safe).take(50).collect();
        let date = self.wall(at, "%Y-%m-%d %H.%M.%S");
        let path = |number: u32| match number {
            1 => self.folder.join(format!("{name} {date}.log")),
            _ => self.folder.join(format!("{name} {date}-{number}.log")),
        };
        (1..10_000).map(path).find(|path| !path.try_exists().unwrap_or(false)).unwrap_or_else(|| path(1))
    }

    /// Makes the folder, or room in it: of what was logged on earlier days the oldest goes.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn make_room(&self) -> io::Result<()> {
        self.make_room_for(MOST)
    }

    fn make_room_for(&self, most: u64) -> io::Result<()> {
        folder::make(&self.folder)?;
        let entries = std::fs::read_dir(&self.folder)?.flatten();
        let logs = entries.filter(|entry| is_ours(&entry.file_name().to_string_lossy()));
        let about = |entry: std::fs::DirEntry| {
            let about = entry.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), entry.path()))
        };
        let mut logs: Vec<_> = logs.filter_map(about).collect();
        logs.sort();
        let mut held: u64 = logs.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in logs {
            if held <= most {
                break;
            }
            if std::fs::remove_file(path).is_ok() {
                held -= size;
            }
        }
        Ok(())
    }
}

/// Whether a file is called as we call them: `… 2026-11-22 09.30.05.log`.
fn is_ours(name: &str) -> bool {
    let Some((_, end)) = name.strip_suffix(".log").and_then(|name| name.rsplit_once(' ')) else { return false };
    let time: Vec<_> = end.split('-').next().unwrap_or(end).split('.').collect();
    time.len() == 3 && time.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{LogNames, Micros, is_ours};

    #[test]
    fn a_name_is_one_that_every_file_system_takes() {
        let folder = tempfile::tempdir().unwrap();
        let names = LogNames { folder: folder.path().to_owned(), started_unix_ms: 1_790_000_000_000 };
        let name = |port: &str, device: Option<&str>| {
            let device = device.map(|device| device.parse().unwrap());
            let path = names.free_path(port, device.as_ref(), Micros(0));
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(is_ours(&name), "{name}");
            name.rsplitn(3, ' ').last().unwrap().to_owned()
        };
        assert_eq!(name("/dev/ttyUSB0", None), "ttyUSB0");
        assert_eq!(name(r"\\.\COM12", Some("p/lamp:01")), "lamp_01 COM12");
        assert_eq!(name("lamp-01 (simulated)", Some("p/lamp-01")), "lamp-01 (simulated)");
        assert!(name(&"灯".repeat(300), None).len() < 200);
    }

    #[test]
    fn logs_for_months_do_not_fill_the_disk_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let names = LogNames { folder: folder.path().to_owned(), started_unix_ms: 0 };
        let logs = ["COM3 2026-01-01 09.00.00.log", "COM3 2026-01-02 09.00.00-2.log", "COM3 2026-01-03 09.00.00.log"];
        for name in logs.iter().chain(&["notes of mine.log", "COM3.txt"]) {
            std::fs::write(folder.path().join(name), [0; 1_000]).unwrap();
            let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(name.len() as u64);
            let file = std::fs::File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(later).unwrap();
        }
        names.make_room_for(1_500).unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert!(left("notes of mine.log") && left("COM3.txt"));
        assert_eq!(logs.iter().filter(|name| left(name)).count(), 1);
    }
}
