//! A window on a desk: driven by accessible name, with everything it asks for written down.

use super::story::Story;
use crate::app::{Captures, Logs, OpenedLog, Wiring, Workbench};
use crate::bench::{Action, Bench, PluggedPort};
use crate::console::{Board, Highlight, Job};
use crate::event::{Event, Micros, Trouble};
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::Done;
use crate::ui::model::Batch;
use crate::ui::past::Opening;
use crate::ui::replaying::Gathered;
use crate::ui::settings::Settings;
use crate::ui::state::{Choice, PluggedIn};
use crate::ui::words::Language;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

#[derive(Default)]
struct Written {
    actions: RefCell<Vec<Action>>,
    picked: Cell<u32>,
    saved: Cell<u32>,
    watched: Cell<bool>,
    sent_to: RefCell<Vec<String>>,
    remembered: RefCell<Option<Settings>>,
    events: RefCell<Vec<Arc<Event>>>,
    now: Cell<u64>,
    logs: RefCell<Vec<OpenedLog>>,
    /// Work that waits, while it is held up as by a slow disk.
    waiting: RefCell<Vec<Job>>,
    held: Cell<bool>,
    rules: RefCell<Vec<Vec<Highlight>>>,
    shelf: RefCell<Shelf>,
    asked: RefCell<Vec<Ask>>,
    opened: RefCell<Vec<Opening>>,
    gathered: RefCell<Vec<Gathered>>,
    done: RefCell<Vec<Done>>,
    troubles: RefCell<Vec<Trouble>>,
}

pub struct Desk {
    harness: Harness<'static, Option<Workbench>>,
    written: Rc<Written>,
}

impl Desk {
    pub fn at(story: Story) -> Self {
        Self::new(story, Harness::builder())
    }

    /// No Chinese font is at hand in a test.
    pub fn with_tofu(story: Story) -> Self {
        Self::new(story, Harness::builder().allow_missing_glyphs())
    }

    fn new(story: Story, builder: egui_kittest::HarnessBuilder<Option<Workbench>>) -> Self {
        let written = Rc::new(Written::default());
        written.now.set(story.at * 1_000);
        let started = story.bench.started_unix_ms();
        *written.events.borrow_mut() = story.events;
        let wires = written.clone();
        let harness =
            builder.with_size(vec2(1440.0, 900.0)).with_context_setup(crate::ui::theme::install).build_ui_state(
                move |ui, app: &mut Option<Workbench>| {
                    let make = || {
                        Workbench::new(
                            ui.ctx(),
                            Bench::new(started),
                            Settings::default(),
                            Language::English,
                            wiring(&wires),
                        )
                    };
                    app.get_or_insert_with(make).frame(ui);
                },
                None,
            );
        let mut desk = Self { harness, written };
        desk.run();
        desk
    }

    fn run(&mut self) {
        self.harness.run_steps(4);
    }

    pub fn later(&mut self, millis: u64) {
        self.written.now.set(self.written.now.get() + millis * 1_000);
        self.run();
    }

    /// Whether nothing is to be drawn until something happens.
    pub fn rests(&mut self) -> bool {
        self.harness.run_steps(3);
        let delay = self.harness.output().viewport_output.values().map(|viewport| viewport.repaint_delay).min();
        delay.is_some_and(|delay| delay > std::time::Duration::from_mins(1))
    }

    pub fn shows(&self, name: &str) -> bool {
        self.harness.query_all_by_label(name).next().is_some()
    }

    /// How many of this name there are.
    pub fn count(&self, name: &str) -> usize {
        self.harness.query_all_by_label(name).count()
    }

    pub fn texts(&self) -> Vec<String> {
        let all = self.harness.query_all(egui_kittest::kittest::By::new().predicate(|_| true));
        all.flat_map(|node| {
            let node = node.accesskit_node();
            [node.label(), node.value()].into_iter().flatten()
        })
        .collect()
    }

    /// Whether some text on screen holds this.
    pub fn says(&self, text: &str) -> bool {
        self.texts().iter().any(|shown| shown.contains(text))
    }

    /// Whether some text on screen begins with this.
    pub fn begins(&self, text: &str) -> bool {
        self.texts().iter().any(|shown| shown.starts_with(text))
    }

    /// How far down the first of this name begins, in points.
    pub fn top(&self, name: &str) -> f32 {
        self.harness.query_all_by_label(name).next().expect(name).rect().min.y
    }

    /// What a field for a number holds.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.harness.get_by_label(name).accesskit_node().numeric_value()
    }

    pub fn is_enabled(&self, name: &str) -> bool {
        !self.harness.get_by_label(name).accesskit_node().is_disabled()
    }

    pub fn description(&self, name: &str) -> String {
        self.harness.get_by_label(name).accesskit_node().description().unwrap_or_default()
    }

    pub fn click(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.run();
    }

    /// The same where there are several: the dialog's stands over the strip's.
    pub fn click_topmost(&mut self, name: &str) {
        let found = self.harness.query_all_by_label(name).last();
        found.unwrap().click();
        self.run();
    }

    /// Clicks the first of several of this name.
    pub fn click_first(&mut self, name: &str) {
        self.harness.query_all_by_label(name).next().expect(name).click();
        self.run();
    }

    /// Opens the context menu of what holds this in its name.
    pub fn click_secondary(&mut self, part: &str) {
        self.harness.get_by_label_contains(part).click_secondary();
        self.run();
    }

    /// Presses the pointer on the row that holds this.
    pub fn click_at(&mut self, part: &str) {
        self.harness.get_by_label_contains(part).click();
        self.run();
    }

    pub fn click_holding(&mut self, part: &str, modifiers: Modifiers) {
        self.harness.get_by_label_contains(part).click_modifiers(modifiers);
        self.run();
    }

    pub fn fill(&mut self, name: &str, text: &str) {
        let find = || self.harness.get_by(|node| node.is_text_input() && node.label().as_deref() == Some(name));
        find().focus();
        self.run();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.run();
        self.harness.get_by(|node| node.is_text_input() && node.label().as_deref() == Some(name)).type_text(text);
        self.run();
    }

    /// A log file is picked.
    pub fn open_log(&mut self, name: &str, bytes: Vec<u8>) {
        let size = bytes.len() as u64;
        self.written.logs.borrow_mut().push((name.to_owned(), Ok((Board::with(bytes), size))));
        self.run();
    }

    /// A log file is picked whose disk gives up behind its first lines.
    pub fn open_broken_log(&mut self, name: &str) {
        let file = Board::with(b"first\nsecond\n".repeat(40_000));
        self.written.logs.borrow_mut().push((name.to_owned(), Ok((file, 1 << 30))));
        self.run();
    }

    /// The window is closed. Gives the rules that were kept then.
    pub fn close(&mut self) -> Vec<Vec<Highlight>> {
        *self.harness.state_mut() = None;
        self.written.rules.take()
    }

    /// A capture is opened.
    pub fn look_at(&mut self, opening: Opening) {
        self.written.opened.borrow_mut().push(opening);
        self.run();
    }

    /// A capture was read, to be sent again.
    pub fn gather(&mut self, gathered: Gathered) {
        self.written.gathered.borrow_mut().push(gathered);
        self.run();
    }

    /// Something became of an errand.
    pub fn is_done(&mut self, done: Done) {
        self.written.done.borrow_mut().push(done);
        self.run();
    }

    /// The system could not do something.
    pub fn fails(&mut self, trouble: Trouble) {
        self.written.troubles.borrow_mut().push(trouble);
        self.run();
    }

    /// These captures are in the folder.
    pub fn record(&mut self, there: Shelf) {
        *self.written.shelf.borrow_mut() = there;
        self.run();
    }

    /// What was asked about captures since the last time this was asked.
    pub fn asked(&self) -> Vec<Ask> {
        self.written.asked.take()
    }

    /// Something happens on the live bench.
    pub fn goes_on(&mut self, events: Vec<Arc<Event>>) {
        self.written.events.borrow_mut().extend(events);
        self.run();
    }

    /// Presses a key so often before the next frame is drawn.
    pub fn press_quickly(&mut self, modifiers: Modifiers, key: Key, times: u32) {
        (0..times).for_each(|_| self.harness.key_press_modifiers(modifiers, key));
        self.run();
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.run();
    }

    /// From now on, work away from the window is done only when [`Self::release`] is called.
    pub fn hold(&mut self) {
        self.written.held.set(true);
    }

    /// Does what waits, and what comes of it.
    pub fn release(&mut self) {
        self.written.held.set(false);
        loop {
            let jobs = self.written.waiting.take();
            if jobs.is_empty() {
                break;
            }
            for job in jobs {
                job();
            }
            self.run();
        }
        self.run();
    }

    /// The rules that were to be kept since the last time this was asked.
    pub fn kept_rules(&self) -> Vec<Vec<Highlight>> {
        self.written.rules.take()
    }

    pub fn happen(&mut self, event: eframe::egui::Event) {
        self.harness.event(event);
        self.run();
    }

    /// Presses the pointer in the corner of the window, where no dialog is.
    pub fn click_beside(&mut self) {
        use eframe::egui::{Event, PointerButton, pos2};
        let pos = pos2(4.0, 4.0);
        self.happen(Event::PointerMoved(pos));
        for pressed in [true, false] {
            let modifiers = Modifiers::NONE;
            self.happen(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
        }
    }

    /// Chooses something from a list that is none of the buttons of that name.
    pub fn choose(&mut self, list: &str, choice: &str) {
        self.harness.get_by(|node| node.role() == Role::ComboBox && node.label().as_deref() == Some(list)).click();
        self.run();
        let faces = self.harness.query_all_by_label(choice);
        let button = faces.rev().find(|node| node.accesskit_node().role() == Role::Button);
        button.expect(choice).click();
        self.run();
    }

    pub fn copy(&mut self) -> Option<String> {
        self.harness.event(eframe::egui::Event::Copy);
        self.copied()
    }

    /// Copies with the keys themselves, as the system hands them over where they are no copying of its own.
    pub fn copy_with(&mut self, modifiers: Modifiers, key: Key) -> Option<String> {
        self.harness.event(eframe::egui::Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        });
        self.copied()
    }

    fn copied(&mut self) -> Option<String> {
        self.harness.step();
        self.harness.output().platform_output.commands.iter().find_map(|command| match command {
            eframe::egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// What was handed to the session since the last time this was asked.
    pub fn acted(&self) -> Vec<Action> {
        self.written.actions.take()
    }

    pub fn picked(&self) -> u32 {
        self.written.picked.get()
    }

    pub fn saved(&self) -> u32 {
        self.written.saved.get()
    }

    /// Whether the window asks to be told of every board that is plugged in.
    pub fn watches_ports(&self) -> bool {
        self.written.watched.get()
    }

    /// The ports for which files were to be picked.
    pub fn picked_for(&self) -> Vec<String> {
        self.written.sent_to.take()
    }

    pub fn remembered(&self) -> Option<Settings> {
        self.written.remembered.borrow().clone()
    }
}

/// Away from the window is another thread, which speaks no language until it is told one.
fn away(job: Job) {
    std::thread::Builder::new().spawn(job).unwrap().join().unwrap();
}

fn wiring(written: &Rc<Written>) -> Wiring {
    let [
        act,
        drain,
        pick,
        save,
        remember,
        now,
        logs,
        watch,
        send,
        work,
        keep,
        shelf,
        ask,
        opened,
        gathered,
        done,
        fail,
    ] = [(); 17].map(|()| written.clone());
    Wiring {
        act: Box::new(move |action| act.actions.borrow_mut().push(action)),
        drain: Box::new(move || Batch { resync: None, events: drain.events.take() }),
        pick_images: Box::new(move || pick.picked.set(pick.picked.get() + 1)),
        save_authority: Box::new(move || save.saved.set(save.saved.get() + 1)),
        plugged: Box::new(|| {
            let port = PluggedPort { product: "CP2102".into(), ..PluggedPort::named("/dev/ttyACM0") };
            let interface = Choice { name: "192.168.1.20".into(), detail: "eth0".into() };
            PluggedIn { ports: vec![port], interfaces: vec![interface] }
        }),
        look_for_ports: Box::new(|| {}),
        watch_ports: Box::new(move |watched| watch.watched.set(watched)),
        pick_to_send: Box::new(move |port| send.sent_to.borrow_mut().push(port)),
        bench_file: None,
        quick_sends: Vec::new(),
        messages: Vec::new(),
        recording: Box::new(|| None),
        troubles: Box::new(move || fail.troubles.take()),
        remember: Box::new(move |settings| *remember.remembered.borrow_mut() = Some(settings.clone())),
        now: Box::new(move || Micros(now.now.get())),
        utc_offset_secs: 0,
        captures: Captures {
            shelf: Box::new(move || shelf.shelf.borrow().clone()),
            ask: Box::new(move |one| ask.asked.borrow_mut().push(one)),
            opened: Box::new(move || opened.opened.take().into_iter().map(Ok).collect()),
            gathered: Box::new(move || gathered.gathered.take()),
            done: Box::new(move || done.done.take()),
        },
        logs: Logs {
            opened: Box::new(move || logs.logs.take()),
            background: Box::new(move |job| {
                if work.held.get() {
                    work.waiting.borrow_mut().push(job);
                } else {
                    away(job);
                }
            }),
            keep_highlights: Box::new(move |rules| keep.rules.borrow_mut().push(rules)),
            ..Logs::default()
        },
    }
}
