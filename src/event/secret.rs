//! URLs with a password in them, made fit to be shown or remembered.

/// What stands for a password.
pub const MASK: &str = "•••";

/// The places of the password in `scheme://user:password@host`: behind the colon and at the `@`.
fn password(url: &str) -> Option<(usize, usize)> {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end = url[begin..].find(['/', '?', '#']).map_or(url.len(), |at| begin + at);
    // A password may hold an `@`, or a slash that should have been escaped: the last `@` counts.
    let at = url[begin..end].rfind('@').or_else(|| url[begin..].rfind('@')).map(|at| begin + at)?;
    let colon = begin + url[begin..at].find(':')?;
    Some((colon + 1, at))
}

/// The URL with its user but without its password, to be remembered.
#[must_use]
pub fn without_password(url: &str) -> String {
    password(url).map_or_else(|| url.to_owned(), |(from, to)| format!("{}{}", &url[..from - 1], &url[to..]))
}

/// The URL with dots in the place of its password, to be shown.
#[must_use]
pub fn mask_password(url: &str) -> String {
    match password(url) {
        Some((from, to)) if from < to => format!("{}{MASK}{}", &url[..from], &url[to..]),
        _ => url.to_owned(),
    }
}

/// What was shown by [`mask_password`] and typed over, with the password of the real URL where the dots still stand.
#[must_use]
pub fn take_mask(typed: &str, real: &str) -> String {
    match (password(typed), password(real)) {
        (Some((from, to)), Some((real_from, real_to))) if &typed[from..to] == MASK => {
            format!("{}{}{}", &typed[..from], &real[real_from..real_to], &typed[to..])
        }
        _ => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{mask_password, take_mask, without_password};

    fn check(url: &str, remembered: &str, shown: &str) {
        assert_eq!(without_password(url), remembered);
        assert_eq!(mask_password(url), shown);
        assert_eq!(take_mask(shown, url), url, "shown and used again");
    }

    #[test]
    fn a_password_is_neither_remembered_nor_shown() {
        check("mqtt://user:secret@host:1883", "mqtt://user@host:1883", "mqtt://user:•••@host:1883");
        check("user:secret@host", "user@host", "user:•••@host");
        check("mqtt://u:a:b@c@host/x", "mqtt://u@host/x", "mqtt://u:•••@host/x");
        check("mqtt://u:se/cret@host", "mqtt://u@host", "mqtt://u:•••@host");
        check("mqtt://user@host:1883", "mqtt://user@host:1883", "mqtt://user@host:1883");
        check("mqtt://user:@host", "mqtt://user@host", "mqtt://user:@host");
        check("mqtt://host:1883", "mqtt://host:1883", "mqtt://host:1883");
        check("0.0.0.0:1883", "0.0.0.0:1883", "0.0.0.0:1883");
        check("", "", "");
    }

    #[test]
    fn what_is_typed_over_a_shown_url_counts() {
        let real = "mqtt://user:secret@host:1883";
        assert_eq!(take_mask("mqtt://user:•••@other:1884", real), "mqtt://user:secret@other:1884");
        assert_eq!(take_mask("mqtt://user:new@host:1883", real), "mqtt://user:new@host:1883");
        assert_eq!(take_mask("0.0.0.0:1883", real), "0.0.0.0:1883");
        assert_eq!(take_mask("mqtt://user:•••@host", "mqtt://host"), "mqtt://user:•••@host");
    }
}
