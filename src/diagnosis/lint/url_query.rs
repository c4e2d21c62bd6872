//! UCloud's Core SDK needs a `?` in the URL, and exactly one path segment.

use super::super::Finding;
use super::Draft;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let (_, path) = draft.url()?;
    let (stem, query) = path.split_once('?').map_or((path, None), |(stem, query)| (stem, Some(query)));
    let one_segment = stem.len() > 1 && stem.matches('/').count() == 1;
    let unfit = draft.is_one_of(&["uiot-v1", "uiot-v2"]) && (query.is_none() || !one_segment);
    unfit.then(|| Finding {
        code: "url-path-unusable",
        args: vec![("url", draft.prefix().to_owned())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_path_that_the_sdk_cannot_split_is_warned_of() {
        for url in ["http://h/x", "http://h/a/x?q", "http://h/?q", "http://h"] {
            check("uiot-v2", None, |order| order.url = url.into(), &["url-path-unusable"]);
        }
        check("uiot", None, |order| order.url = "http://h/a/x".into(), &[]);
    }
}
