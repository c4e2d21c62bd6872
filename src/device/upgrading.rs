//! An upgrade step by step: begin, fetch, check, burn, or fail.

use super::brain::{Brain, State};
use super::burning::Burning;
use super::download::Download;
use super::failure::{Failure, Plan};
use super::voice::Level;
use super::{Ending, Offered, Step};
use crate::event::Micros;
use crate::upgrade::Report;

const BURN_STEP: Micros = Micros::from_millis(200);
/// An ordered burn failure comes here.
const BURN_FAILS_AT: u8 = 60;

impl Brain {
    pub(super) fn begin(&mut self, offered: Offered, now: Micros) {
        let words = format!("Upgrade {} -> {}, {} bytes", self.profile.version, offered.version, offered.size);
        self.info(now, "ota", &words);
        let module = offered.module.clone();
        let size = offered.size;
        self.info(
            now,
            "ota",
            &format!("Writing to {} at {:#x}", self.slot.other().label(), self.slot.other().offset()),
        );
        self.info(now, "ota", &format!("Fetching {}", offered.url));
        self.state = State::Downloading(Box::new(Download::new(offered, now)));
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
            self.say(module, Report::Downloading { percent: 0 });
            self.fetch_next();
        }
    }

    pub(super) fn fetch_next(&mut self) {
        let State::Downloading(download) = &mut self.state else { return };
        self.tickets = self.tickets.wrapping_add(1);
        let (offset, length) = download.ask(self.tickets);
        self.voice.step(Step::Fetch { ticket: self.tickets, url: download.offered.url.clone(), offset, length });
    }

    pub(super) fn check_digest(&mut self, now: Micros) {
        let State::Downloading(download) = &self.state else { return };
        let offered = download.offered.clone();
        let mut arrived = download.md5();
        if self.fails(Failure::Digest) {
            arrived = arrived.chars().rev().collect();
        }
        if !self.fails(Failure::Digest) && offered.md5.is_empty() {
            self.voice.log(Level::Warned, now, "ota", "No MD5 announced, image not checked");
        } else if self.fails(Failure::Digest) || !arrived.eq_ignore_ascii_case(&offered.md5) {
            self.error(now, "ota", &format!("MD5 mismatch: announced {}, got {arrived}", offered.md5));
            return self.fail(Failure::Digest, now);
        } else {
            self.info(now, "ota", &format!("MD5 {arrived} ok"));
        }
        self.info(now, "ota", "Writing flash");
        self.say(offered.module.clone(), Report::Burning { percent: 0 });
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
        self.say(offered.module.clone(), Report::Burning { percent });
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
        let module = match &self.state {
            State::Downloading(download) => download.offered.module.clone(),
            State::Burning(burning) => burning.offered.module.clone(),
            State::Off | State::Idle | State::Halting(_) | State::Booting(_) => None,
        };
        let ordered = self.plan().filter(|plan| plan.failure == failure).map(|plan| plan.code);
        let code = ordered.unwrap_or_else(|| failure.code(self.profile.success));
        self.error(
            now,
            "ota",
            &format!("Upgrade failed ({code}): {}, still running {}", failure.words(), self.version()),
        );
        self.state = State::Idle;
        self.say(module, Report::Failed { code, text: failure.words().to_owned() });
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
