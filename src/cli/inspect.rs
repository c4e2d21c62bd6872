//! `inspect`: what an image or a capture holds.

use super::args::InspectArgs;
use super::{Ended, Exit, print};
use crate::image::VersionSource;
use crate::io::build_file;
use crate::replay::{self, Summary};
use crate::ui::words;
use serde_json::json;

pub fn run(args: &InspectArgs) -> Result<Exit, Ended> {
    if let Some(other) = &args.against {
        return super::compare::run(&args.file, other, args.json);
    }
    let snapshot = build_file::read(&args.file).map_err(Ended::usage)?;
    // Captures and traces are JSON Lines; no image begins like that.
    if !snapshot.bytes.starts_with(b"{\"") {
        image(&snapshot, args.json);
        return Ok(Exit::Done);
    }
    let capture = replay::read(&snapshot.bytes).map_err(Ended::usage)?;
    let summary = Summary::of(&capture);
    if args.json {
        let upgrades = summary.upgrades.iter().map(|upgrade| {
            let (served, size) = upgrade.served;
            json!({"device": upgrade.device.to_string(), "version": upgrade.version, "state": upgrade.state,
                   "served": served, "size": size, "findings": upgrade.findings})
        });
        let upgrades = upgrades.collect::<Vec<_>>();
        let devices: Vec<_> = summary.devices.iter().map(|(id, _)| id.to_string()).collect();
        let whole = json!({"kind": "capture", "application": capture.header.application, "events": summary.events,
            "damaged": summary.damaged, "length_us": summary.length.0, "devices": devices, "upgrades": upgrades});
        print::line(&whole.to_string());
    } else {
        print::line(&format!("{}\n{}", capture.header.application, summary.to_string().trim_end()));
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
