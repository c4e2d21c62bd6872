//! Secrets in the window: typed unseen, never shown, and what becomes of who has a wrong one.

use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::bench::Action;
use crate::event::{Client, DeviceId, Fact, Trouble};
use crate::ui::state::Dialog;
use eframe::egui::Modifiers;

const SECRET: &str = "hly3dk1u5y8fq0b9";
const SIGNED: &str = "clientIda1BenchPK00.bench01deviceNamebench01productKeya1BenchPK00timestamp2524608000000";

fn wrong_signature() -> Fact {
    let client = "a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,securemode=3,signmethod=hmacsha256|";
    Fact::ClientRefused {
        client: Client {
            name: client.into(),
            username: Some("bench01&a1BenchPK00".into()),
            address: "192.168.1.31:50122".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 1_200,
        }
        .into(),
        trouble: Trouble::new("wrong-signature")
            .with("client", client)
            .with("username", "bench01&a1BenchPK00")
            .with("signed", SIGNED)
            .with("method", "hmacsha256"),
    }
}

#[test]
fn a_secret_is_typed_unseen_and_goes_to_the_session_alone() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Add device…");
    desk.fill("ProductSN / ProductKey", "70ly1tvowt696r15");
    desk.fill("DeviceSN / DeviceName", "lamp-02");
    desk.fill("Secret", SECRET);
    assert!(!desk.says(SECRET), "dots stand for it");
    desk.click("Add");
    let device = DeviceId::new("70ly1tvowt696r15", "lamp-02");
    let added = Action::AddDevice { device: device.clone(), dialect: "uiot".into() };
    let actions = desk.acted();
    assert_eq!(actions, [added, Action::SetSecret { device, secret: Some(SECRET.into()) }]);
    assert!(!format!("{actions:?}").contains(SECRET), "nor does it get into a log by way of an action");
    assert!(desk.remembered().is_none_or(|settings| !format!("{settings:?}").contains(SECRET)));
}

#[test]
fn a_device_says_that_it_has_a_secret_which_can_be_taken_away_and_not_be_read() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
        story.add(Fact::SecretSet { device: Story::id(), set: true });
    }));
    assert!(desk.says("uiot · secret set · seen"));
    assert!(desk.says("secret of 70ly1tvowt696r15/lamp-01 set"), "the message feed tells it");
    desk.click_secondary("uiot · secret set · seen");
    desk.click("Edit device…");
    desk.click("Take its secret away");
    desk.click("Save");
    let added = Action::AddDevice { device: Story::id(), dialect: "uiot".into() };
    assert_eq!(desk.acted(), [added, Action::SetSecret { device: Story::id(), secret: None }]);
}

#[test]
fn a_device_whose_signature_is_wrong_is_shown_with_what_was_signed_and_the_advice() {
    let mut desk = Desk::at(of(|story| {
        story.services().add(wrong_signature());
    }));
    assert!(desk.says("bench01, offline, turned away: The signature is wrong"), "in its row");
    assert!(desk.says("bench01 was turned away. The signature is wrong"), "as the first thing to see to");
    desk.click_holding("(a1BenchPK00.bench01|timestamp=", Modifiers::NONE);
    assert!(desk.shows(SIGNED) && desk.shows("hmacsha256") && desk.shows("bench01&a1BenchPK00"));
    assert!(desk.says("Compare with the device: the secret, the sign method, the order clientId, deviceName"));
}

#[test]
fn a_device_that_was_let_in_after_all_is_no_longer_called_refused() {
    let desk = Desk::at(of(|story| {
        story.services().add(wrong_signature());
        let Fact::ClientRefused { client, .. } = wrong_signature() else { unreachable!() };
        story.add(Fact::ClientConnected { client });
    }));
    assert!(desk.says("aliyun · seen") && !desk.says("line, turned away") && !desk.says("was turned away"));
}

#[test]
fn letting_strangers_in_is_a_switch_that_says_what_it_means() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    assert!(!desk.says("open to all"));
    desk.click("Network…");
    assert!(desk.says("one without is turned away"));
    desk.click("Let devices without a secret in from the network");
    assert!(desk.says("Whoever reaches this address can then connect"));
    desk.click("Use these addresses");
    assert_eq!(desk.acted(), [Action::SetOpen(true)]);
    assert!(desk.remembered().is_some_and(|settings| settings.open));
    let desk = Desk::at(of(|story| {
        story.services().add(Fact::OpenSet { open: true });
    }));
    assert!(desk.says("Broker 127.0.0.1:1883 · 0 online · open to all"), "it stays in sight");
}

#[test]
fn what_is_said_where_it_does_not_belong_is_a_problem_with_advice() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
        let client = format!("{}.{}", Story::id().product, Story::id().device).into();
        let topic = "/$system/70ly1tvowt696r15/lamp-02/ota/upstream";
        let trouble = Trouble::new("foreign-message").with("device", Story::id()).with("topic", topic);
        story.add(Fact::AccessRefused { client, topic: topic.into(), trouble });
    }));
    assert!(desk.says("may not publish on /$system/70ly1tvowt696r15/lamp-02/ota/upstream: nobody got the message"));
    desk.click_holding("may not publish on", Modifiers::NONE);
    assert!(desk.says("Use a topic with the device's two names in it"));
}

#[test]
fn a_dialog_with_a_secret_in_it_does_not_print_it() {
    let mut draft = crate::ui::state::DeviceDraft::default();
    draft.secret.typed().push_str(SECRET);
    assert!(!format!("{:?}", Dialog::Device(draft)).contains(SECRET));
}
