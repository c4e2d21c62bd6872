//! The project's own source: what is written, and what of it is neither comment nor test.

use std::path::Path;

/// One source file.
pub struct Source {
    /// From the project's root, with forward slashes: `src/io/mod.rs`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Without comments of whole lines, and without tests.
    pub code: String,
}

impl Source {
    /// The room it is in: `io`; `main` for `src/main.rs`.
    pub fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

/// All Rust files below these folders, by path.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(root, &root.join(folder), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 2, "no sources in {folders:?}");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
            let code = if is_test(&path) { String::new() } else { code(&text) };
            found.push(Source { path, text, code });
        }
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/") || path.starts_with("tests/")
}

/// Leaves out comment lines and what stands under `#[cfg(test)]`, up to the brace that closes it.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", &line[..indent]);
        let item = lines.find(|line| !line.trim_start().starts_with("#[")).unwrap_or_default();
        if item.ends_with('{') {
            lines.find(|line| *line == closing);
        }
    }
    code
}

#[test]
fn tests_and_comments_are_told_from_code() {
    let text = "//! About.\nuse a;\n#[cfg(test)]\nmod tests;\n// no\n#[cfg(test)]\nmod more {\n    b\n}\nuse c;\n";
    assert_eq!(code(text), "use a;\nuse c;\n");
}
