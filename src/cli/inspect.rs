//! `inspect`: what an image or a capture holds.

use super::args::InspectArgs;
use super::{Ended, Exit, print};
use crate::bench::Bench;
use crate::capture::{Damages, Header};
use crate::event::Micros;
use crate::image::VersionSource;
use crate::io::build_file;
use crate::io::captures::{self, Recording};
use crate::replay::Summary;
use crate::ui::words;
use serde_json::{Value, json};
use std::path::Path;

pub fn run(args: &InspectArgs) -> Result<Exit, Ended> {
    if let Some(other) = &args.against {
        return super::compare::run(&args.file, other, args.json);
    }
    if is_image(&args.file) {
        image(&build_file::read(&args.file).map_err(Ended::usage)?, args.json);
        return Ok(Exit::Done);
    }
    let mut recording = Recording::open(&args.file).map_err(Ended::usage)?;
    let mut bench = Bench::new(recording.header().started_unix_ms);
    let (mut events, mut length) = (0, Micros::default());
    // However long it is, no more than one event of it is held.
    for event in recording.by_ref() {
        let _ = bench.apply(&event);
        events += 1;
        length = length.max(event.at);
    }
    let (header, damage) = (recording.header(), recording.damage());
    let summary = Summary { length, ..Summary::of_bench(&bench, events, damage.len()) };
    if args.json {
        print::line(&as_json(header, &summary, damage).to_string());
    } else {
        print::line(&format!("{}\n{}", header.application, summary.to_string().trim_end()));
        damage.troubles().iter().for_each(|trouble| print::line(&words::trouble(trouble).joined()));
    }
    Ok(Exit::Done)
}

/// Whether a file is described as an image. One called like a capture never is, whatever it holds: a damaged capture would
/// pass for a build.
fn is_image(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let something = path.metadata().is_ok_and(|file| file.is_file() && file.len() > 0);
    something && !name.contains(".jsonl") && !captures::is_recording(path)
}

fn as_json(header: &Header, summary: &Summary, damage: &Damages) -> Value {
    let upgrades = summary.upgrades.iter().map(|upgrade| {
        let (served, size) = upgrade.served;
        json!({"device": upgrade.device.to_string(), "version": upgrade.version, "state": upgrade.state,
               "served": served, "size": size, "findings": upgrade.findings})
    });
    let upgrades = upgrades.collect::<Vec<_>>();
    let devices: Vec<_> = summary.devices.iter().map(|(id, _)| id.to_string()).collect();
    let cut = damage.cut.as_ref().map(|cut| {
        let (seq, at) = cut.after.unzip();
        json!({"line": cut.line, "after_seq": seq, "after_us": at.map(|at| at.0), "detail": cut.why})
    });
    let kinds: Vec<_> = damage.unknown_kinds().iter().collect();
    json!({"kind": "capture", "application": header.application, "events": summary.events,
        "damaged": summary.damaged, "unknown": damage.unknown, "unknown_kinds": kinds, "cut": cut,
        "left_out": damage.left_out, "rewritten": damage.rewritten,
        "reordered": damage.reordered, "earlier": damage.earlier,
        "length_us": summary.length.0, "devices": devices, "upgrades": upgrades})
}

fn image(snapshot: &build_file::Snapshot, as_json: bool) {
    let size = snapshot.bytes.len() as u64;
    let version = snapshot.version.as_ref().map(|found| found.version.as_str());
    let source = snapshot.version.as_ref().map(|found| match found.source {
        VersionSource::EspIdf { .. } => "esp-idf",
        VersionSource::Mcuboot => "mcuboot",
        VersionSource::FileName => "file-name",
    });
    if as_json {
        let whole = json!({"kind": "image", "name": snapshot.name, "size": size, "md5": snapshot.digests.md5,
            "sha256": snapshot.digests.sha256, "version": version, "version_source": source});
        print::line(&whole.to_string());
        return;
    }
    print::line(&format!("{}  {} ({size})", snapshot.name, words::bytes(size)));
    print::line(&format!("MD5      {}", snapshot.digests.md5));
    print::line(&format!("SHA-256  {}", snapshot.digests.sha256));
    if let (Some(version), Some(source)) = (version, source) {
        print::line(&words::tell("cli.version", &[("version", &version), ("source", &source)]));
    }
}
