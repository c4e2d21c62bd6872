//! A serial port of a bench file: how it is written down, and how it is to be opened.

use crate::bench::{FlowControl, LinesAtOpening, PortIdentity, SerialSettings};
use crate::event::DeviceId;
use serde::Deserialize;

/// One serial port of a bench file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortEntry {
    /// The system's name: `/dev/ttyUSB0`, `COM7`.
    pub port: String,
    /// Baud rate; 115200 when absent.
    pub baud_rate: Option<u32>,
    /// Framing, `8N1` when absent.
    pub framing: Option<String>,
    /// Flow control, `rts/cts` or `xon/xoff`; none when absent.
    pub flow: Option<String>,
    /// Whether DTR is asserted once it is open; it is when absent.
    pub dtr: Option<bool>,
    /// Whether RTS is; likewise.
    pub rts: Option<bool>,
    /// Whether the control lines are left as the system puts them.
    pub leave_lines: Option<bool>,
    /// What the port is known by wherever it is plugged in, `10c4:ea60:0001`: vendor, product and serial number. Without a
    /// serial number `1a86:7523@1-1.2` names the socket.
    pub usb: Option<String>,
    /// Whose port it is, `PRODUCT/DEVICE`.
    pub device: Option<String>,
}

/// One serial port, as it is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchPort {
    /// The system's name for it.
    pub port: String,
    /// Framing and clock.
    pub settings: SerialSettings,
    /// What it is known by.
    pub identity: Option<PortIdentity>,
    /// Whose it is.
    pub device: Option<DeviceId>,
}

impl PortEntry {
    pub(super) fn read(&self) -> Result<BenchPort, String> {
        let framing = self.framing.as_deref().unwrap_or("8N1");
        let flow = self.flow.as_deref().unwrap_or_default();
        let settings = SerialSettings::default().framed(framing).ok_or_else(|| format!("framing = {framing:?}"))?;
        let flow_control = FlowControl::ALL.into_iter().find(|control| control.name().eq_ignore_ascii_case(flow));
        let settings = SerialSettings {
            baud_rate: self.baud_rate.unwrap_or(settings.baud_rate),
            flow_control: flow_control.ok_or_else(|| format!("flow = {flow:?}: rts/cts, xon/xoff"))?,
            lines: self.lines()?,
            ..settings
        };
        if settings.baud_rate == 0 {
            return Err("baud_rate = 0".to_owned());
        }
        let identity = self.usb.as_ref().map(|usb| match usb.parse() {
            Ok(known) => Ok(PortIdentity { name: self.port.clone(), usb: Some(known) }),
            Err(()) => Err(format!("usb = {usb:?}: 10c4:ea60:0001")),
        });
        let device = self.device.as_ref().map(|id| id.parse().map_err(|error| format!("device = {id:?}: {error}")));
        let (identity, device) = (identity.transpose()?, device.transpose()?);
        Ok(BenchPort { port: self.port.clone(), settings, identity, device })
    }

    fn lines(&self) -> Result<LinesAtOpening, String> {
        match (self.leave_lines, self.dtr, self.rts) {
            (Some(true), None, None) => Ok(LinesAtOpening::LeftAlone),
            (Some(true), ..) => Err("leave_lines = true: dtr, rts".to_owned()),
            (_, dtr, rts) => Ok(LinesAtOpening::Set { dtr: dtr.unwrap_or(true), rts: rts.unwrap_or(true) }),
        }
    }
}
