//! What a port's control lines do to a board: the steps of a reset, a boot loader, a break.

use super::UsbIdentity;
use crate::event::LineMove;

/// How a port's control lines are to stand once it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinesAtOpening {
    /// So.
    Set {
        /// DTR asserted.
        dtr: bool,
        /// RTS asserted.
        rts: bool,
    },
    /// As the system puts them.
    LeftAlone,
}

impl LinesAtOpening {
    /// How they stand then: DTR and RTS. What is left alone, most systems raise.
    #[must_use]
    pub const fn standing(self) -> (bool, bool) {
        match self {
            Self::Set { dtr, rts } => (dtr, rts),
            Self::LeftAlone => (true, true),
        }
    }

    /// As they stand now, to be found so at the next opening; unless they are to be left alone.
    #[must_use]
    pub const fn moved(self, (dtr, rts): (bool, bool)) -> Self {
        match self {
            Self::Set { .. } => Self::Set { dtr, rts },
            Self::LeftAlone => Self::LeftAlone,
        }
    }

    /// What is written of them; nothing of what is usual.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Set { dtr: true, rts: true } => "",
            Self::Set { dtr: false, rts: true } => " DTR-off",
            Self::Set { dtr: true, rts: false } => " RTS-off",
            Self::Set { dtr: false, rts: false } => " DTR-off RTS-off",
            Self::LeftAlone => " lines-alone",
        }
    }
}

impl Default for LinesAtOpening {
    /// Both on: many a board prints only while a terminal is there.
    fn default() -> Self {
        Self::Set { dtr: true, rts: true }
    }
}

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
/// These are esptool's sequences, with its times. It moves both lines at once where it can; for that the system has no call
/// that is safe to make from here. On the way from “EN low” to “IO0 low” both are released for as long as one call takes,
/// whichever line goes first; the capacitor at EN makes up for it, and DTR goes first so that nothing comes between.
const BOOT_LOADER: &[LineStep] =
    &[Dtr(false), Rts(true), Wait(100), Dtr(true), Rts(false), Wait(50), Dtr(false), Rts(false)];
/// A chip's own USB port (303a:1001) takes the lines over USB. On the way to “EN low” both are asserted, never both released:
/// that would take back the wish for the boot loader.
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

/// The steps of a move, on this adapter. `standing` is how DTR and RTS stand before.
#[must_use]
pub fn steps(line: LineMove, usb: Option<&UsbIdentity>, standing: (bool, bool)) -> Vec<LineStep> {
    let own_usb = usb.is_some_and(|usb| (usb.vid, usb.pid) == (0x303A, 0x1001));
    match line {
        LineMove::DtrOn => vec![Dtr(true)],
        LineMove::DtrOff => vec![Dtr(false)],
        LineMove::RtsOn => vec![Rts(true)],
        LineMove::RtsOff => vec![Rts(false)],
        LineMove::Break => BREAK.to_vec(),
        LineMove::Reset => reset(if own_usb { 200 } else { 100 }, standing),
        LineMove::BootLoader if own_usb => USB_BOOT_LOADER.to_vec(),
        LineMove::BootLoader => BOOT_LOADER.to_vec(),
    }
}

/// EN low for so many milliseconds. Afterwards DTR stands as it stood, for a board that prints only while a terminal is
/// there; with DTR goes RTS if it was asserted too, for DTR alone would hold IO0 low.
fn reset(millis: u16, standing: (bool, bool)) -> Vec<LineStep> {
    let held = [Dtr(false), Rts(true), Wait(millis)];
    let after: &[LineStep] = match standing {
        // EN rises with IO0 high, in one step.
        (true, true) => &[Dtr(true), Wait(millis)],
        // DTR once the chip has looked at IO0.
        (true, false) => &[Rts(false), Wait(millis), Dtr(true)],
        (false, _) => &[Rts(false), Wait(millis)],
    };
    [&held, after].concat()
}

/// DTR and RTS after a move.
#[must_use]
pub fn lines_after(standing: (bool, bool), line: LineMove) -> (bool, bool) {
    steps(line, None, standing).iter().fold(standing, |(dtr, rts), step| match step {
        Dtr(on) => (*on, rts),
        Rts(on) => (dtr, *on),
        Break(_) | Wait(_) => (dtr, rts),
    })
}

#[cfg(test)]
mod tests {
    use super::{LineMove, LineStep, lines_after, steps};

    /// What the two transistors of an ESP board make of the lines: (EN, IO0), true is high.
    fn board(line: LineMove, usb: Option<&str>, standing: (bool, bool)) -> Vec<(bool, bool)> {
        let usb = usb.map(|usb| usb.parse().unwrap());
        let (mut dtr, mut rts) = standing;
        let mut seen = Vec::new();
        for step in steps(line, usb.as_ref(), standing) {
            match step {
                LineStep::Dtr(on) => dtr = on,
                LineStep::Rts(on) => rts = on,
                // Only what lasts reaches the chip.
                LineStep::Wait(_) => seen.push((!rts || dtr, !dtr || rts)),
                LineStep::Break(_) => {}
            }
        }
        seen.push((!rts || dtr, !dtr || rts));
        seen
    }

    const BOTH: (bool, bool) = (true, true);

    #[test]
    fn reset_pulls_en_alone_and_the_boot_loader_holds_io0_when_en_rises() {
        const RUNNING: (bool, bool) = (true, true);
        const HELD: (bool, bool) = (false, true);
        for standing in [BOTH, (false, false), (false, true)] {
            assert_eq!(board(LineMove::Reset, None, standing), [HELD, RUNNING, RUNNING], "{standing:?}");
        }
        // IO0 is pulled low again only once the chip runs.
        assert_eq!(board(LineMove::Reset, None, (true, false)), [HELD, RUNNING, (true, false)]);
        assert_eq!(board(LineMove::BootLoader, None, BOTH), [HELD, (true, false), RUNNING]);
        assert_eq!(board(LineMove::BootLoader, Some("10c4:ea60:0001"), BOTH), [HELD, (true, false), RUNNING]);
    }

    #[test]
    fn a_chips_own_usb_port_is_reset_in_its_own_way() {
        let usb = "303a:1001:34:85";
        let seen = board(LineMove::BootLoader, Some(usb), BOTH);
        assert_eq!(seen, [(true, true), (true, false), (false, true), (true, true)]);
        let own = steps(LineMove::Reset, usb.parse().ok().as_ref(), BOTH);
        assert_ne!(own, steps(LineMove::Reset, None, BOTH));
        // From “IO0 low” to “EN low” by way of both asserted: both released would forget the boot loader.
        let (mut lines, mut set) = ((false, false), false);
        for step in steps(LineMove::BootLoader, usb.parse().ok().as_ref(), BOTH) {
            match step {
                LineStep::Dtr(on) => lines.0 = on,
                LineStep::Rts(on) => lines.1 = on,
                _ => {}
            }
            set |= lines == (true, false);
            if lines == (false, true) {
                break;
            }
            assert!(!set || lines != (false, false));
        }
        assert!(set && lines == (false, true));
    }

    #[test]
    fn the_window_knows_how_the_lines_stand_after_each_move() {
        for (before, line, after) in [
            ((true, true), LineMove::DtrOff, (false, true)),
            ((false, false), LineMove::DtrOn, (true, false)),
            ((true, true), LineMove::RtsOff, (true, false)),
            ((false, false), LineMove::RtsOn, (false, true)),
            ((true, false), LineMove::Break, (true, false)),
            ((true, true), LineMove::Reset, (true, true)),
            ((true, false), LineMove::Reset, (true, false)),
            ((false, true), LineMove::Reset, (false, false)),
            ((true, true), LineMove::BootLoader, (false, false)),
        ] {
            assert_eq!(lines_after(before, line), after, "{line:?}");
        }
    }

    #[test]
    fn a_break_ends_by_itself_and_no_move_takes_a_second() {
        for line in LineMove::ALL {
            let steps = steps(line, None, BOTH);
            let waits = steps.iter().map(|step| if let LineStep::Wait(millis) = step { *millis } else { 0 });
            assert!(waits.sum::<u16>() < 1_000, "{line:?}");
        }
        assert_eq!(steps(LineMove::Break, None, BOTH).last(), Some(&LineStep::Break(false)));
    }
}
