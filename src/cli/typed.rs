//! Reads the command line: what the window has to itself is not taken beside a command, where it would be lost.

use super::WorkbenchArgs;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, CommandFactory, FromArgMatches};
use std::ffi::OsString;

impl WorkbenchArgs {
    /// What was typed. Ends the program, with a word on standard error, where that cannot be meant.
    #[must_use]
    pub fn typed() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn read(typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut known = Self::command();
        let matches = known.try_get_matches_from_mut(typed)?;
        if let Some(command) = matches.subcommand_name() {
            // Before the command it would be the window's, and be lost.
            let others = known.get_arguments().filter(|arg| arg.get_id() != "lang");
            let is_typed = |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
            let typed: Vec<_> = others.filter(|arg| is_typed(arg)).map(ToString::to_string).collect();
            if let Some(other) = typed.first() {
                let told = format!("{other} is the window's own before {command}: put what {command} takes behind it");
                return Err(known.error(ErrorKind::ArgumentConflict, told));
            }
        }
        Self::from_arg_matches(&matches)
    }
}

#[cfg(test)]
mod tests {
    use super::WorkbenchArgs;
    use clap::error::ErrorKind;

    fn lang(line: &str) -> Result<Option<String>, ErrorKind> {
        let read = WorkbenchArgs::read(line.split(' ').map(Into::into));
        read.map(|args| args.window.lang).map_err(|error| error.kind())
    }

    /// Otherwise a language typed in front is lost, or a broker typed in front is, and nobody hears of it.
    #[test]
    fn the_language_stands_before_a_command_or_behind_it_and_nothing_else_before_it() {
        for (line, expected) in [
            ("ota-workbench --lang zh-CN inspect a", Ok(Some("zh-CN"))),
            ("ota-workbench inspect a --lang zh-CN", Ok(Some("zh-CN"))),
            ("ota-workbench inspect --lang=zh-CN a", Ok(Some("zh-CN"))),
            ("ota-workbench a.bin --lang en", Ok(Some("en"))),
            ("ota-workbench inspect a", Ok(None)),
            ("ota-workbench --mqtt 127.0.0.1:0 serve", Err(ErrorKind::ArgumentConflict)),
            ("ota-workbench --open --lang en serve", Err(ErrorKind::ArgumentConflict)),
            ("ota-workbench inspect a --lang fr", Err(ErrorKind::InvalidValue)),
        ] {
            assert_eq!(lang(line), expected.map(|lang| lang.map(str::to_owned)), "{line}");
        }
    }
}
