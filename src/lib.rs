//! OTA Workbench: the cloud side of an MQTT firmware upgrade, on the bench.

pub mod bench;
pub mod capture;
pub mod console;
pub mod dialect;
pub mod event;
pub mod image;
pub mod io;
pub mod journal;
pub mod upgrade;
