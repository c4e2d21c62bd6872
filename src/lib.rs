//! OTA Workbench: the cloud side of an MQTT firmware upgrade, on the bench.

pub mod bench;
pub mod console;
pub mod device;
pub mod dialect;
pub mod event;
pub mod io;
pub mod upgrade;
