//! `measure bare-window`: an eframe window of the same version and size with one line of text, to compare with.

use eframe::egui;
use std::process::ExitCode;

pub const NAME: &str = "bare-window";

/// Opens it until it is closed.
pub fn open() -> ExitCode {
    let viewport = egui::ViewportBuilder::default().with_inner_size([1_440.0, 900.0]);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    match eframe::run_native(NAME, options, Box::new(|_| Ok(Box::new(Bare)))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Bare;

impl eframe::App for Bare {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        egui::CentralPanel::default().show(ui, |ui| ui.label("A bare window"));
    }
}
