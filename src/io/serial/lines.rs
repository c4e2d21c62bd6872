//! A port's control lines: DTR, RTS, break, and the steps that move them.

use super::native::Native;
use crate::bench::LineStep;
use serialport::SerialPort;
use std::time::{Duration, Instant};

/// What has control lines.
pub(super) trait Lines {
    /// Takes one step that is not a wait.
    fn take(&mut self, step: LineStep) -> serialport::Result<()>;
}

impl Lines for Native {
    fn take(&mut self, step: LineStep) -> serialport::Result<()> {
        match step {
            LineStep::Dtr(on) => self.write_data_terminal_ready(on),
            LineStep::Rts(on) => self.write_request_to_send(on),
            LineStep::Break(true) => self.set_break(),
            LineStep::Break(false) => self.clear_break(),
            LineStep::Wait(_) => Ok(()),
        }
    }
}

/// Takes the steps in order; the first one that fails ends it. `standing` is how DTR and RTS stand before and after.
pub(super) fn play(
    lines: &mut impl Lines,
    standing: &mut (bool, bool),
    steps: &[LineStep],
    mut wait: impl FnMut(Duration),
) -> serialport::Result<()> {
    steps.iter().try_for_each(|step| match *step {
        LineStep::Wait(millis) => {
            wait(Duration::from_millis(millis.into()));
            Ok(())
        }
        LineStep::Rts(on) => {
            lines.take(*step)?;
            standing.1 = on;
            // Windows' own driver for USB ports passes RTS on only together with DTR.
            lines.take(LineStep::Dtr(standing.0))
        }
        LineStep::Dtr(on) => {
            lines.take(*step)?;
            standing.0 = on;
            Ok(())
        }
        LineStep::Break(_) => lines.take(*step),
    })
}

/// The steps that put DTR, and RTS where it is ours, so. Never by way of RTS alone, which resets many a board.
pub(super) fn standing(dtr: bool, rts: Option<bool>) -> Vec<LineStep> {
    let (dtr, rts) = (LineStep::Dtr(dtr), rts.map(LineStep::Rts));
    match rts {
        None => vec![dtr],
        Some(rts @ LineStep::Rts(false)) => vec![rts, dtr],
        Some(rts) => vec![dtr, rts],
    }
}

/// Lets exactly this time pass: the board sees it at its pins.
#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
pub(super) fn pass(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, play, standing};
    use crate::bench::{LineStep, lines_after, steps};
    use crate::event::LineMove;
    use std::cell::RefCell;

    /// Writes down what it was made to do; fails at one step.
    struct Written<'a>(&'a RefCell<Vec<String>>, Option<LineStep>);

    impl Lines for Written<'_> {
        fn take(&mut self, step: LineStep) -> serialport::Result<()> {
            self.0.borrow_mut().push(format!("{step:?}"));
            if self.1 == Some(step) {
                return Err(serialport::Error::new(serialport::ErrorKind::NoDevice, "gone"));
            }
            Ok(())
        }
    }

    fn check(line: LineMove, stood: (bool, bool), fails: Option<LineStep>, expected: &[&str]) {
        let done = RefCell::default();
        let mut standing = stood;
        let result = play(&mut Written(&done, fails), &mut standing, &steps(line, None, stood), |time| {
            done.borrow_mut().push(format!("{} ms", time.as_millis()));
        });
        assert_eq!(result.is_err(), fails.is_some());
        assert_eq!(*done.borrow(), expected, "{line:?}");
        assert!(result.is_err() || standing == lines_after(stood, line), "{line:?}: {standing:?}");
    }

    #[test]
    fn steps_are_taken_in_order_with_their_times_and_none_after_one_failed() {
        // After each RTS, DTR is written again as it stands.
        let whole = [
            "Dtr(false)",
            "Rts(true)",
            "Dtr(false)",
            "100 ms",
            "Dtr(true)",
            "Rts(false)",
            "Dtr(true)",
            "50 ms",
            "Dtr(false)",
            "Rts(false)",
            "Dtr(false)",
        ];
        check(LineMove::BootLoader, (true, true), None, &whole);
        check(LineMove::BootLoader, (true, true), Some(LineStep::Dtr(true)), &whole[..5]);
        check(LineMove::Break, (true, true), None, &["Break(true)", "250 ms", "Break(false)"]);
        check(LineMove::RtsOff, (true, true), None, &["Rts(false)", "Dtr(true)"]);
    }

    #[test]
    fn the_lines_are_put_as_wanted_without_resetting_a_board_on_the_way() {
        for before in [(false, false), (true, true), (true, false)] {
            for wanted in [(false, false), (true, true), (true, false)] {
                let (mut dtr, mut rts) = before;
                for step in standing(wanted.0, Some(wanted.1)) {
                    match step {
                        LineStep::Dtr(on) => dtr = on,
                        LineStep::Rts(on) => rts = on,
                        _ => {}
                    }
                    assert!(dtr || !rts, "{before:?} to {wanted:?} pulls EN");
                }
                assert_eq!((dtr, rts), wanted);
            }
        }
        assert_eq!(standing(false, None), [LineStep::Dtr(false)], "RTS is the driver's");
    }
}
