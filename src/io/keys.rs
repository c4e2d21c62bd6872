//! What is typed on standard input, line by line, on a thread of its own.

use crate::event::Trouble;
use std::io::BufRead;

/// Calls `line` for each line that is typed, and `end` when there will be no more.
///
/// # Errors
/// `thread-not-started`.
pub fn listen(line: impl Fn() + Send + 'static, end: impl FnOnce() + Send + 'static) -> Result<(), Trouble> {
    let read = move || {
        std::io::stdin().lock().lines().map_while(Result::ok).for_each(|_| line());
        end();
    };
    let started = std::thread::Builder::new().name("keys".into()).spawn(read);
    started.map(drop).map_err(|error| Trouble::new("thread-not-started").with("detail", error))
}
