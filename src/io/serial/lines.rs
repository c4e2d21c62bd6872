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

/// Takes the steps in order; the first one that fails ends it.
pub(super) fn play(
    lines: &mut impl Lines,
    steps: &[LineStep],
    mut wait: impl FnMut(Duration),
) -> serialport::Result<()> {
    steps.iter().try_for_each(|step| match step {
        LineStep::Wait(millis) => {
            wait(Duration::from_millis((*millis).into()));
            Ok(())
        }
        step => lines.take(*step),
    })
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
    use super::{Lines, play};
    use crate::bench::{LineStep, steps};
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

    fn check(line: LineMove, fails: Option<LineStep>, expected: &[&str]) {
        let done = RefCell::default();
        let result = play(&mut Written(&done, fails), steps(line, None), |time| {
            done.borrow_mut().push(format!("{} ms", time.as_millis()));
        });
        assert_eq!(result.is_err(), fails.is_some());
        assert_eq!(*done.borrow(), expected, "{line:?}");
    }

    #[test]
    fn steps_are_taken_in_order_with_their_times_and_none_after_one_failed() {
        let whole =
            ["Dtr(false)", "Rts(true)", "100 ms", "Dtr(true)", "Rts(false)", "50 ms", "Dtr(false)", "Rts(false)"];
        check(LineMove::BootLoader, None, &whole);
        check(LineMove::BootLoader, Some(LineStep::Dtr(true)), &whole[..4]);
        check(LineMove::Break, None, &["Break(true)", "250 ms", "Break(false)"]);
    }
}
