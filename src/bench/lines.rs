//! What a port's control lines do to a board: the steps of a reset, a boot loader, a break.

use super::UsbIdentity;
use crate::event::LineMove;

/// One step of a control line. The port's own thread takes the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStep {
    /// DTR asserted (low at the pin) or released.
    Dtr(bool),
    /// RTS asserted or released.
    Rts(bool),
    /// The data line held in break, or let go.
    Break(bool),
    /// Nothing, for so many milliseconds.
    Wait(u16),
}

use LineStep::{Break, Dtr, Rts, Wait};

/// On boards of Espressif's design RTS pulls EN and DTR pulls IO0, each only while the other is released.
/// These are esptool's sequences, with its times.
const RESET: &[LineStep] = &[Dtr(false), Rts(true), Wait(100), Rts(false)];
const BOOT_LOADER: &[LineStep] =
    &[Dtr(false), Rts(true), Wait(100), Dtr(true), Rts(false), Wait(50), Dtr(false), Rts(false)];
/// A chip's own USB port (303a:1001) takes the lines over USB, where both are never to be asserted on the way.
const USB_RESET: &[LineStep] = &[Dtr(false), Rts(true), Wait(200), Rts(false), Wait(200)];
const USB_BOOT_LOADER: &[LineStep] = &[
    Rts(false),
    Dtr(false),
    Wait(100),
    Dtr(true),
    Rts(false),
    Wait(100),
    Rts(true),
    Dtr(false),
    Rts(true),
    Wait(100),
    Dtr(false),
    Rts(false),
];
const BREAK: &[LineStep] = &[Break(true), Wait(250), Break(false)];

/// The steps of a move, on this adapter.
#[must_use]
pub fn steps(line: LineMove, usb: Option<&UsbIdentity>) -> &'static [LineStep] {
    let own_usb = usb.is_some_and(|usb| (usb.vid, usb.pid) == (0x303A, 0x1001));
    match line {
        LineMove::DtrOn => &[Dtr(true)],
        LineMove::DtrOff => &[Dtr(false)],
        LineMove::RtsOn => &[Rts(true)],
        LineMove::RtsOff => &[Rts(false)],
        LineMove::Break => BREAK,
        LineMove::Reset if own_usb => USB_RESET,
        LineMove::Reset => RESET,
        LineMove::BootLoader if own_usb => USB_BOOT_LOADER,
        LineMove::BootLoader => BOOT_LOADER,
    }
}

/// DTR and RTS after a move.
#[must_use]
pub fn lines_after((dtr, rts): (bool, bool), line: LineMove) -> (bool, bool) {
    steps(line, None).iter().fold((dtr, rts), |(dtr, rts), step| match step {
        Dtr(on) => (*on, rts),
        Rts(on) => (dtr, *on),
        Break(_) | Wait(_) => (dtr, rts),
    })
}

#[cfg(test)]
mod tests {
    use super::{LineMove, LineStep, lines_after, steps};

    /// What the two transistors of an ESP board make of the lines: (EN, IO0), true is high.
    fn board(line: LineMove, usb: Option<&str>) -> Vec<(bool, bool)> {
        let usb = usb.map(|usb| usb.parse().unwrap());
        let (mut dtr, mut rts) = (true, true);
        let mut seen = Vec::new();
        for step in steps(line, usb.as_ref()) {
            match step {
                LineStep::Dtr(on) => dtr = *on,
                LineStep::Rts(on) => rts = *on,
                // Only what lasts reaches the chip.
                LineStep::Wait(_) => seen.push((!rts || dtr, !dtr || rts)),
                LineStep::Break(_) => {}
            }
        }
        seen.push((!rts || dtr, !dtr || rts));
        seen
    }

    #[test]
    fn reset_pulls_en_alone_and_the_boot_loader_holds_io0_when_en_rises() {
        const RUNNING: (bool, bool) = (true, true);
        const HELD: (bool, bool) = (false, true);
        assert_eq!(board(LineMove::Reset, None), [HELD, RUNNING]);
        assert_eq!(board(LineMove::BootLoader, None), [HELD, (true, false), RUNNING]);
        assert_eq!(board(LineMove::BootLoader, Some("10c4:ea60:0001")), [HELD, (true, false), RUNNING]);
    }

    #[test]
    fn a_chips_own_usb_port_is_reset_in_its_own_way() {
        let seen = board(LineMove::BootLoader, Some("303a:1001:34:85"));
        assert_eq!(seen, [(true, true), (true, false), (false, true), (true, true)]);
        assert_ne!(steps(LineMove::Reset, "303a:1001".parse().ok().as_ref()), steps(LineMove::Reset, None));
    }

    #[test]
    fn the_window_knows_how_the_lines_stand_after_each_move() {
        for (before, line, after) in [
            ((true, true), LineMove::DtrOff, (false, true)),
            ((false, false), LineMove::DtrOn, (true, false)),
            ((true, true), LineMove::RtsOff, (true, false)),
            ((false, false), LineMove::RtsOn, (false, true)),
            ((true, false), LineMove::Break, (true, false)),
            ((true, true), LineMove::Reset, (false, false)),
            ((true, true), LineMove::BootLoader, (false, false)),
        ] {
            assert_eq!(lines_after(before, line), after, "{line:?}");
        }
    }

    #[test]
    fn a_break_ends_by_itself_and_no_move_takes_a_second() {
        for line in LineMove::ALL {
            let steps = steps(line, None);
            let waits = steps.iter().map(|step| if let LineStep::Wait(millis) = step { *millis } else { 0 });
            assert!(waits.sum::<u16>() < 1_000, "{line:?}");
        }
        assert_eq!(steps(LineMove::Break, None).last(), Some(&LineStep::Break(false)));
    }
}
