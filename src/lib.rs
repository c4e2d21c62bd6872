//! OTA Workbench: the cloud side of an MQTT firmware upgrade, on the bench. This page is the map of the code.
//!
//! # From the air
//!
//! 1. Everything that happens is one [`event::Event`] in one order; everything shown is a fold over it
//!    ([`bench::Bench`]); a capture is that list on disk; a replay is the same fold without hands.
//! 2. The inside has no clock, no thread, no socket and no widget.
//! 3. A newcomer's feature is one file with its own samples and tests, plus one line in a list.
//!
//! ```text
//!  serial ─┐ facts                        ┌─> capture file          (io::recorder, its own thread)
//!  broker ─┤                              │
//!  http   ─┼─ io::Inbox ─> session thread ┼─> Bench::apply ─> effects ─> adapters ─> their facts come back
//!  files  ─┤   bounded     seq and time   │
//!  window ─┘ actions                      └─> io::tail ─> the window's own fold ─> views ─> panels
//! ```
//!
//! # Floors
//!
//! Imports point down, never up; `tests/house.rs` says so.
//!
//! | floor | rooms |
//! |---|---|
//! | roof | `main.rs`, [`window`] (opens the window), [`app`] (the `eframe::App`), [`cli`] (the commands) |
//! | 5 | [`ui`]: panels, words, the window's fold, captures looked back at ([`ui::past`]). A view in, actions out; no IO |
//! | 4 | [`io`]: adapters, the only place for sockets, ports, files, clocks, threads. [`replay`]: recordings read, folded, compared, handed on, planned to be sent again (`io` may look into it) |
//! | 3 | [`mod@bench`]: everything known. [`journal`]: events in memory. [`capture`]: events on disk. [`diagnosis`]: what is wrong |
//! | 2 | [`dialect`]: how a cloud spells it |
//! | 1 | [`upgrade`]: the state machine. [`image`]: a build. [`console`]: bytes to lines, lines to a log. [`device`]: the simulated device's brain |
//! | 0 | [`event`]: what can happen. Below it [`fault`]: what can be made to go wrong |
//!
//! # What is always so
//!
//! * An event is recorded before it acts: a crash keeps the event that caused it.
//! * Facts, not intents: an outgoing publish is an event only once the adapter says that it went out.
//! * Nothing below [`io`] reads a clock; a deadline is an event only when it fires.
//! * Two witnesses of one upgrade, what the device *says* and what the firmware server *served*; where they disagree,
//!   [`diagnosis`] says so. Success is what the cloud would call success, and nothing else.
//! * Decoders return what they understood and what was wrong; they never fail and never panic.
//! * Every queue is bounded and says what happens when it is full; every list has a budget.
//! * What a replay sends, and what it orders, is marked where it comes up, and no plan takes what is marked: replays do not
//!   feed on each other.
//! * No secret is in an event, so none is in a capture; private keys stay in their files. Whoever connects is asked at one
//!   door (`io/broker/admission.rs`), and a dialect says what its cloud would answer ([`dialect::Dialect::check_sign_in`]).
//! * Over TLS the other side's certificate is always verified: there is no switch for it.
//!
//! # How to add …
//!
//! * **a cloud**: one file in `src/dialect/` that implements [`dialect::Dialect`], with the cloud's messages as a table of
//!   samples that is its manual and its test; one line in [`dialect::ALL`]; the texts of failure codes that are new under
//!   `failure.` in both `assets/locales`.
//!   A spelling of UIoT is one file in `src/dialect/uiot/` with a `Spelling`.
//! * **a diagnosis**: one file in `src/diagnosis/` with the events that trigger it and those that must not, or in its `lint/`
//!   for what can be said before a push; one line in its list of rules; three sentences under `diagnosis.<code>` in both
//!   locales.
//! * **a panel**: one file in `src/ui/` with a view, a function that works it out from the model and one that draws it
//!   (`…_ui`) and returns what was clicked; one line in `src/ui/bench_screen.rs`.
//! * **a fact**: one variant of [`event::Fact`], one line in the table of `src/capture/line.rs`, one definition in
//!   `assets/capture-v1.schema.json`, its new fields in `assets/ota-workbench.lnav.json`, one arm of the fold.

rust_i18n::i18n!("assets/locales", fallback = "en");

pub mod app;
pub mod bench;
pub mod capture;
pub mod cli;
pub mod console;
pub mod device;
pub mod diagnosis;
pub mod dialect;
pub mod event;
pub mod fault;
pub mod image;
pub mod io;
pub mod journal;
pub mod replay;
pub mod ui;
pub mod upgrade;
pub mod window;
