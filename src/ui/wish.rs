//! What was clicked: an action for the session, or a change of what the window shows.

use super::captures::Ask;
use super::past::Travel;
use super::state::Dialog;
use crate::bench::{Action, QuickSend, SavedMessage};
use crate::event::{DeviceId, ImageId, Micros};

/// One thing the operator asked of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// For the session.
    Act(Action),
    /// Open the system's dialog for firmware files.
    PickImages,
    /// Open the system's dialog for where to save our authority's certificate.
    SaveAuthority,
    /// Open the system's dialog for a log file to look at.
    PickLog,
    /// Look at a log file no longer.
    CloseLog(String),
    /// Open the system's dialog for files to be sent to this port.
    PickToSend(String),
    /// Keep these quick sends.
    SetQuickSends(Vec<QuickSend>),
    /// Keep these messages, to be sent by hand.
    SetMessages(Vec<SavedMessage>),
    /// Choose a build.
    SelectBuild(ImageId),
    /// Choose a device.
    SelectDevice(DeviceId),
    /// Show a console.
    SelectPort(String),
    /// Open a dialog.
    Open(Dialog),
    /// Look up the system's serial ports again.
    ListPorts,
    /// Show both panes at this instant; both marked.
    ShowInstant(Micros),
    /// Show both panes at this row of the messages; both marked.
    ShowRow {
        /// Its event.
        seq: u64,
        /// Its time.
        at: Micros,
    },
    /// Go to another moment of the capture that is looked at.
    Travel(Travel),
    /// Look at the live bench again.
    LeavePast,
    /// Something about the list of captures.
    Captures(Ask),
    /// Show the messages at this instant, marked: the console stands there already.
    ShowMessagesAt(Micros),
    /// Show the message of this event, selected.
    ShowEvent(u64),
    /// Show only this span in both panes; nothing shows all.
    Zoom(Option<(Micros, Micros)>),
}

impl From<Action> for Wish {
    fn from(action: Action) -> Self {
        Self::Act(action)
    }
}
