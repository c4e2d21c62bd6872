//! Which other programs have a port open. Only Linux tells.

/// Another program that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The program's name.
    pub program: String,
    /// Its process.
    pub pid: u32,
}

/// The other programs that have this port open, as far as the system tells: other people's programs are not seen.
#[cfg(target_os = "linux")]
#[must_use]
pub fn holders(port: &str) -> Vec<Holder> {
    let Some(device) = device(std::path::Path::new(port)) else { return Vec::new() };
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let others = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others = others.filter(|pid| *pid != std::process::id());
    let holding = |pid: &u32| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        // Only what is a device by its name is looked at closely: a file on a dead network would hold us up.
        let mut files = files.filter(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.starts_with("/dev/")));
        files.any(|file| self::device(&file.path()) == Some(device))
    };
    let named = |pid: u32| {
        let program = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned();
        Some(Holder { program, pid })
    };
    others.filter(holding).filter_map(named).collect()
}

/// The number of the character device behind a path.
#[cfg(target_os = "linux")]
fn device(path: &std::path::Path) -> Option<u64> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    std::fs::metadata(path).ok().filter(|file| file.file_type().is_char_device()).map(|file| file.rdev())
}

/// The other programs that have this port open: this system does not tell.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn holders(_port: &str) -> Vec<Holder> {
    Vec::new()
}
