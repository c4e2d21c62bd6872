//! What dialogs there are, with what was typed into them.

use super::port_dialog::PortDraft;
use super::publish_dialog::PublishDraft;
use super::quick_dialog::QuickDraft;
use crate::event::{DeviceId, Secret};

/// A dialog that is open, with what was typed into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Put a device on the list, or change one.
    Device(DeviceDraft),
    /// Set a serial port.
    Port(Box<PortDraft>),
    /// Write down what is sent with one click.
    Quick(Box<QuickDraft>),
    /// Send a message by hand.
    Publish(Box<PublishDraft>),
    /// Addresses.
    Network {
        /// Broker address, or an external broker's URL.
        broker: String,
        /// Firmware server's address.
        server: String,
        /// URL prefix told to devices.
        advertise: String,
        /// Whether devices without a secret are let in from the network.
        open: bool,
        /// Where broker and firmware server take connections over TLS.
        tls: OverTls,
        /// What needs no action when it is confirmed.
        runs: Runs,
    },
}

/// A device as typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceDraft {
    /// The device that is changed; none is a new one.
    pub known: Option<DeviceId>,
    /// `ProductSN` or `ProductKey`.
    pub product: String,
    /// `DeviceSN` or `DeviceName`.
    pub device: String,
    /// Dialect id.
    pub dialect: String,
    /// The secret; empty leaves it as it is.
    pub secret: Secret,
    /// Whether the bench has a secret for it already.
    pub has_secret: bool,
    /// Whether that is to be taken away.
    pub forget_secret: bool,
}

/// What ran when the dialog for addresses was opened, as the dialog writes it. To set it again would cut all devices off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// The broker, if it runs.
    pub broker: Option<String>,
    /// The firmware server and its prefix, if it runs.
    pub server: Option<(String, String)>,
    /// Whether devices without a secret are let in from the network.
    pub open: bool,
    /// What runs over TLS.
    pub tls: OverTls,
}

/// Where services take connections over TLS: nowhere when absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverTls {
    /// The broker.
    pub mqtts: Option<String>,
    /// The firmware server.
    pub https: Option<String>,
}
