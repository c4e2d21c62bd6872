//! The scroller is exact however many rows there are.

use crate::ui::rows::{Rows, RowsOutput, Scroll, rows_ui};
use crate::ui::theme::ROW;
use eframe::egui::{self, Event, Key, Modifiers, MouseWheelUnit, pos2, vec2};
use egui_kittest::Harness;

const ROWS: u64 = 20_000_000;

#[derive(Default)]
struct List {
    scroll: Scroll,
    drawn: Vec<u64>,
    tops: Vec<f32>,
    output: RowsOutput,
}

fn list() -> Harness<'static, List> {
    let draw = |ui: &mut egui::Ui, list: &mut List| {
        let (mut drawn, mut tops) = (Vec::new(), Vec::new());
        let mut draw = |space: &crate::ui::rows::RowSpace<'_>| {
            drawn.push(space.row);
            tops.push(space.rect.top());
            format!("row {}", space.row)
        };
        let rows = Rows {
            salt: "list",
            name: "Rows",
            height: crate::ui::theme::ROW,
            range: 0..ROWS,
            marks: &[],
            draw: &mut draw,
        };
        list.output = rows_ui(ui, &mut list.scroll, rows);
        (list.drawn, list.tops) = (drawn, tops);
    };
    let mut harness = Harness::builder().with_size(vec2(400.0, 400.0)).build_ui_state(draw, List::default());
    harness.run();
    harness
}

#[test]
fn the_tail_of_twenty_million_rows_is_drawn_exactly() {
    let harness = list();
    let drawn = &harness.state().drawn;
    assert_eq!(drawn.last(), Some(&(ROWS - 1)));
    assert!(drawn.len() < 30, "only what is in view: {}", drawn.len());
    let tops = &harness.state().tops;
    assert!(tops.windows(2).all(|pair| (pair[1] - pair[0] - ROW).abs() < 0.01), "every row in its place");
}

#[test]
fn keys_go_row_by_row_and_to_both_ends() {
    let mut harness = list();
    harness.state_mut().scroll.choose(19_999_000);
    focus(&mut harness);
    let keys = |harness: &mut Harness<'static, List>, modifiers, key, cursor| {
        harness.key_press_modifiers(modifiers, key);
        harness.run();
        assert_eq!(harness.state().scroll.cursor, Some(cursor), "{key:?}");
        assert!(harness.state().drawn.contains(&cursor), "{key:?} shows its row");
    };
    harness.state_mut().scroll.choose(19_999_000);
    keys(&mut harness, Modifiers::NONE, Key::ArrowDown, 19_999_001);
    keys(&mut harness, Modifiers::SHIFT, Key::ArrowUp, 19_999_000);
    assert_eq!(harness.state().scroll.chosen(), Some(19_999_000..=19_999_001));
    keys(&mut harness, Modifiers::NONE, Key::Home, 0);
    keys(&mut harness, Modifiers::NONE, Key::End, ROWS - 1);
    assert!(harness.state().scroll.follow, "at the end it follows again");
}

#[test]
fn scrolling_up_stops_following_and_scrolling_down_follows_again() {
    let mut harness = list();
    wheel(&mut harness, 10.0 * ROW);
    assert!(!harness.state().scroll.follow);
    let away = float(ROWS) - harness.state().scroll.top;
    assert!((25.0..45.0).contains(&away), "{away}");
    wheel(&mut harness, -100.0 * ROW);
    assert!(harness.state().scroll.follow);
}

#[test]
fn dragging_over_rows_chooses_them() {
    let mut harness = list();
    focus(&mut harness);
    let first = harness.state().scroll.cursor.unwrap();
    harness.drag_at(pos2(50.0, 100.0));
    harness.step();
    harness.hover_at(pos2(50.0, 100.0 + 5.0 * ROW));
    harness.step();
    harness.drop_at(pos2(50.0, 100.0 + 5.0 * ROW));
    harness.run();
    assert_eq!(harness.state().scroll.chosen(), Some(first..=first + 5));
}

#[test]
fn rows_go_on_while_the_mouse_stands_still_beyond_the_edge() {
    let mut harness = list();
    harness.state_mut().scroll.choose(1_000);
    harness.run();
    harness.drag_at(pos2(50.0, 100.0));
    harness.step();
    harness.hover_at(pos2(50.0, 450.0));
    harness.step();
    let before = harness.state().scroll.cursor.unwrap();
    let delay = harness.output().viewport_output.values().map(|viewport| viewport.repaint_delay).min();
    assert!(delay.is_some_and(|delay| delay < std::time::Duration::from_millis(100)), "{delay:?}");
    harness.step();
    harness.step();
    assert!(harness.state().scroll.cursor.unwrap() > before);
}

fn focus(harness: &mut Harness<'static, List>) {
    harness.drag_at(pos2(50.0, 100.0));
    harness.step();
    harness.drop_at(pos2(50.0, 100.0));
    harness.run();
}

fn wheel(harness: &mut Harness<'static, List>, points: f32) {
    harness.hover_at(pos2(100.0, 100.0));
    harness.step();
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(60);
}

#[expect(clippy::cast_precision_loss, reason = "a test's row number")]
fn float(row: u64) -> f64 {
    row as f64
}
