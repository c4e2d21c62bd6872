//! The window's panels: a view in, actions out. No IO, no clock, no mutation of the bench.

pub mod bench_screen;
pub mod builds;
pub mod burst;
pub mod captures;
pub mod compare_dialog;
pub mod console;
pub mod detail;
mod device_dialog;
pub mod devices;
pub mod dialog;
pub mod dialogs;
pub mod entry;
pub mod feed;
pub mod handing;
pub mod history;
pub mod known_ports;
pub mod listing;
pub mod log;
pub mod messages;
pub mod model;
pub mod moment;
pub mod overview;
pub mod past;
pub mod pieces;
pub mod port_bar;
pub mod port_dialog;
pub mod port_words;
pub mod publish_dialog;
pub mod quick_dialog;
pub mod replaying;
pub mod rows;
pub mod send_bar;
pub mod series;
pub mod settings;
pub mod stamps;
pub mod state;
pub mod status_bar;
pub mod summary;
pub mod terminal;
pub mod theme;
pub mod top_bar;
pub mod upgrade;
pub mod wish;
pub mod words;

#[cfg(test)]
mod tests;
