//! `inspect`: what an image or a capture holds.

use super::args::InspectArgs;
use super::{Ended, Exit, print};
use crate::bench::Bench;
use crate::image::VersionSource;
use crate::io::build_file;
use crate::io::captures::{self, Recording};
use crate::replay::Summary;
use crate::ui::words;
use serde_json::json;

pub fn run(args: &InspectArgs) -> Result<Exit, Ended> {
    if let Some(other) = &args.against {
        return super::compare::run(&args.file, other, args.json);
    }
    if !captures::is_recording(&args.file) {
        image(&build_file::read(&args.file).map_err(Ended::usage)?, args.json);
        return Ok(Exit::Done);
    }
    let mut recording = Recording::open(&args.file).map_err(Ended::usage)?;
    let mut bench = Bench::new(recording.header().started_unix_ms);
    let mut events = 0;
    // However long it is, no more than one event of it is held.
    for event in recording.by_ref() {
        let _ = bench.apply(&event);
        events += 1;
    }
    let (header, damage) = (recording.header(), recording.damage());
    let summary = Summary::of_bench(&bench, events, damage.len());
    if args.json {
        let upgrades = summary.upgrades.iter().map(|upgrade| {
            let (served, size) = upgrade.served;
            json!({"device": upgrade.device.to_string(), "version": upgrade.version, "state": upgrade.state,
                   "served": served, "size": size, "findings": upgrade.findings})
        });
        let upgrades = upgrades.collect::<Vec<_>>();
        let devices: Vec<_> = summary.devices.iter().map(|(id, _)| id.to_string()).collect();
        let whole = json!({"kind": "capture", "application": header.application, "events": summary.events,
            "damaged": summary.damaged, "reordered": damage.reordered, "earlier": damage.earlier,
            "length_us": summary.length.0, "devices": devices, "upgrades": upgrades});
        print::line(&whole.to_string());
    } else {
        print::line(&format!("{}\n{}", header.application, summary.to_string().trim_end()));
        if damage.reordered + damage.earlier > 0 {
            print::line(&format!("{} lines out of order, {} back in time", damage.reordered, damage.earlier));
        }
    }
    Ok(Exit::Done)
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
