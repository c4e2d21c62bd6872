//! OTA Workbench: the cloud side of an MQTT firmware upgrade, on the bench.

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
pub mod image;
pub mod io;
pub mod journal;
pub mod replay;
pub mod ui;
pub mod upgrade;
pub mod window;
