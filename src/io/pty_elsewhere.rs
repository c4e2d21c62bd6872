//! A console on a pseudo terminal, where the system has none.

use crate::event::Trouble;
use std::convert::Infallible;

/// A pseudo terminal; there is none on this system.
pub struct Pty(Infallible);

/// What the console prints would go in here.
pub struct PtyOutput(Infallible);

impl Pty {
    /// Opens a pseudo terminal.
    ///
    /// # Errors
    /// `pty-unavailable`, always.
    pub fn open() -> Result<(Self, PtyOutput), Trouble> {
        Err(Trouble::new("pty-unavailable"))
    }

    /// Where other programs find it.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.0 {}
    }

    /// Begins to listen to what is typed.
    ///
    /// # Errors
    /// None: there is no such terminal to listen to.
    pub fn listen(&mut self, _typed: impl FnMut(&[u8]) + Send + 'static) -> Result<(), Trouble> {
        match self.0 {}
    }
}

impl PtyOutput {
    /// Prints.
    pub fn print(&mut self, _bytes: &[u8]) {
        match self.0 {}
    }
}
