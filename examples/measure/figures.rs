//! Figures: from many to one, and onto the screen.

use std::fs;

/// The one in the middle.
pub fn median(figures: Vec<f64>) -> f64 {
    quantile(figures, 50)
}

/// The one that so many of a hundred do not exceed.
pub fn quantile(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    let place = (figures.len() * percent / 100).min(figures.len().saturating_sub(1));
    figures.get(place).copied().unwrap_or_default()
}

/// Of two that were measured by turns: each turn is compared with its neighbour, which met the same weather.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
}

/// How busy the machine was before anything was measured, where that can be read: a figure from a busy machine is none.
pub fn tell_load(name: &str) {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    if let Some(last_minute) = load.split(' ').next().filter(|load| !load.is_empty()) {
        println!("{name}.load-before {last_minute}");
    }
}
