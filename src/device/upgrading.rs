//! An upgrade step by step: begin, fetch, check, burn, or fail.

use super::brain::{Brain, State};
use super::burning::Burning;
use super::download::Download;
use super::failure::{Failure, Plan};
use super::voice::Level;
use super::{Behaviour, Ending, Offered, Step};
use crate::event::Micros;
use crate::upgrade::{About, Report, SuccessRule};

const BURN_STEP: Micros = Micros::from_millis(200);
/// An ordered burn failure comes here.
const BURN_FAILS_AT: u8 = 60;

impl Brain {
    pub(super) fn begin(&mut self, offered: Offered, now: Micros) {
        let size = offered.size();
        let words = format!("Upgrade {} -> {}, {size} bytes", self.profile.version, offered.version);
        self.info(now, "ota", &words);
        let (module, about) = (offered.module.clone(), offered.about());
        self.info(
            now,
            "ota",
            &format!("Writing to {} at {:#x}", self.slot.other().label(), self.slot.other().offset()),
        );
        for file in &offered.files {
            self.info(now, "ota", &format!("Fetching {}", file.source));
        }
        self.faults = 0;
        let md5 = self.stale.take().filter(|_| self.behaves(Behaviour::StaleDigest)).unwrap_or_default();
        let overlaps = self.behaves(Behaviour::OverlappingRanges);
        self.state = State::Downloading(Box::new(Download::new(offered, md5, overlaps, now)));
        if size == 0 {
            self.error(now, "ota", "An image of no bytes cannot be written");
            self.fail(Failure::Unusable, now);
        } else if self.fails(Failure::Unusable) {
            self.error(now, "ota", "esp_ota_begin failed (ESP_ERR_OTA_PARTITION_CONFLICT)");
            self.fail(Failure::Unusable, now);
        } else if self.fails(Failure::Unreachable) {
            self.error(now, "esp-tls", "couldn't get hostname for URL: getaddrinfo() returns 202");
            self.fail(Failure::Unreachable, now);
        } else if self.fails(Failure::Expired) {
            self.error(now, "HTTP_CLIENT", "Server answered with status 403");
            self.fail(Failure::Expired, now);
        } else {
            if self.profile.success == SuccessRule::TaskDone {
                self.say(module.clone(), about.clone(), Report::Received);
                self.say(module.clone(), about.clone(), Report::Begun);
            }
            self.say(module, about, Report::Downloading { percent: 0 });
            self.fetch_next();
        }
    }

    pub(super) fn fetch_next(&mut self) {
        let State::Downloading(download) = &mut self.state else { return };
        self.tickets = self.tickets.wrapping_add(1);
        let lane = download.lane(self.profile.behaviour);
        let (offset, length) = download.ask(self.tickets);
        let source = download.file().source.clone();
        self.voice.step(Step::Fetch { ticket: self.tickets, source, lane, offset, length });
    }

    /// Checks the file that has arrived, and goes on to the next one or to the flash.
    pub(super) fn check_digest(&mut self, now: Micros) {
        let State::Downloading(download) = &mut self.state else { return };
        let (name, announced, mut arrived) = download.digests();
        self.stale = Some(download.stale_digest());
        if self.behaves(Behaviour::SilentAtHundred) || self.behaves(Behaviour::IgnoresStatus) && arrived != announced {
            self.error(now, "ota", &format!("{name} mismatch, report not published"));
            self.state = State::Idle;
            return;
        }
        if self.fails(Failure::Digest) {
            arrived = arrived.chars().rev().collect();
        }
        if announced.is_empty() && !self.fails(Failure::Digest) {
            self.voice.log(Level::Warned, now, "ota", "No digest announced, image not checked");
        } else if arrived != announced {
            self.error(now, "ota", &format!("{name} mismatch: announced {announced}, got {arrived}"));
            return self.fail(Failure::Digest, now);
        } else {
            self.info(now, "ota", &format!("{name} {arrived} ok"));
        }
        let State::Downloading(download) = &mut self.state else { return };
        if download.next_file() {
            return self.fetch_next();
        }
        let offered = download.offered.clone();
        self.info(now, "ota", "Writing flash");
        self.say(offered.module.clone(), offered.about(), Report::Burning { percent: 0 });
        let step = self.after(BURN_STEP, Micros(0));
        self.state = State::Burning(Burning::new(offered, step, now));
    }

    pub(super) fn burn_on(&mut self, now: Micros) {
        let State::Burning(burning) = &mut self.state else { return };
        let percent = burning.advance();
        let offered = burning.offered.clone();
        if percent >= BURN_FAILS_AT && self.fails(Failure::Burn) {
            self.error(now, "esp_ota_ops", "esp_ota_write failed (ESP_ERR_FLASH_OP_FAIL)");
            return self.fail(Failure::Burn, now);
        }
        self.say(offered.module.clone(), offered.about(), Report::Burning { percent });
        if percent == 100 {
            self.slot = self.slot.other();
            self.info(now, "ota", &format!("Flash written, next boot from {}", self.slot.label()));
            if offered.module.is_none() {
                self.profile.version.clone_from(&offered.version);
            }
            self.burnt = Some(offered);
            self.halt(now);
        }
    }

    /// Gives an upgrade up and stays with the old version.
    pub(super) fn fail(&mut self, failure: Failure, now: Micros) {
        let offered = match &self.state {
            State::Downloading(download) => Some(&download.offered),
            State::Burning(burning) => Some(&burning.offered),
            State::Off | State::Idle | State::Halting(_) | State::Booting(_) => None,
        };
        let (module, about) =
            offered.map_or((None, About::Latest), |offered| (offered.module.clone(), offered.about()));
        let ordered = self.plan().filter(|plan| plan.failure == failure).map(|plan| plan.code);
        let code = ordered.unwrap_or_else(|| failure.code(self.profile.success));
        self.error(
            now,
            "ota",
            &format!("Upgrade failed ({code}): {}, still running {}", failure.words(), self.version()),
        );
        self.state = State::Idle;
        self.say(module, about, Report::Failed { code, text: failure.words().to_owned() });
        self.voice.step(Step::Ended(Ending::Failed { code }));
    }

    fn plan(&self) -> Option<Plan> {
        self.profile.fail_with.map(|code| Plan::new(code, self.profile.success))
    }

    /// Whether this failure was ordered on the command line.
    pub(super) fn fails(&self, failure: Failure) -> bool {
        self.plan().is_some_and(|plan| plan.failure == failure)
    }
}
