//! Highlight rules written into a bench file; everything else in it stays as it was written.

use crate::console::Highlight;
use crate::event::Trouble;
use serde::Serialize;
use std::path::Path;

const TABLE: &str = "[[highlight]]";

/// Writes the rules into a bench file.
///
/// # Errors
/// `log-unwritable` with `path` and `detail`.
pub fn save(file: &Path, rules: &[Highlight]) -> Result<(), Trouble> {
    let unwritable =
        |error: std::io::Error| Trouble::new("log-unwritable").with("path", file.display()).with("detail", error);
    let text = std::fs::read_to_string(file).map_err(unwritable)?;
    let beside = file.with_extension("new");
    std::fs::write(&beside, with_rules(&text, rules)).and_then(|()| std::fs::rename(&beside, file)).map_err(unwritable)
}

#[derive(Serialize)]
struct Tables<'a> {
    highlight: &'a [Highlight],
}

/// The text with these rules in the place of its own.
fn with_rules(text: &str, rules: &[Highlight]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if trimmed.starts_with('[') {
            inside = trimmed.starts_with(TABLE);
        }
        // Remarks stay, also those between the rules.
        if !inside || trimmed.starts_with('#') {
            kept.push_str(line);
        }
    }
    let kept = kept.trim_end();
    let tables = if rules.is_empty() {
        String::new()
    } else {
        toml::to_string(&Tables { highlight: rules }).unwrap_or_default()
    };
    match (kept.is_empty(), tables.is_empty()) {
        (true, _) => tables,
        (false, true) => format!("{kept}\n"),
        (false, false) => format!("{kept}\n\n{tables}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_rules;
    use crate::console::{Highlight, HighlightColour};
    use crate::io::bench_file::BenchFile;

    #[test]
    fn the_rules_are_written_and_the_rest_of_the_bench_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lamp.bench.toml");
        let text = "# The lamp\nopen = true\n\n[[highlight]]\npattern = 'old'\n# keep me\n\n[[serial]]\nport = 'COM7' # left\n";
        std::fs::write(&path, text).unwrap();
        let rules = [
            Highlight { pattern: r#"md5|"x\d""#.into(), colour: HighlightColour::Red },
            Highlight { pattern: "[[highlight]]".into(), colour: HighlightColour::Cyan },
        ];
        super::save(&path, &rules).unwrap();
        let bench = BenchFile::read(&path).unwrap();
        assert!(bench.open && bench.ports.len() == 1);
        assert_eq!(bench.highlights, rules);
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.starts_with("# The lamp\nopen = true\n\n# keep me\n") && written.contains("'COM7' # left"));
        super::save(&path, &rules).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written, "the same rules change nothing");
        assert!(!with_rules(&written, &[]).contains("highlight]]"));
    }
}
