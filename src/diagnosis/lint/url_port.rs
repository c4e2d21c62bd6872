//! A port in the URL: UCloud's Core SDK cannot use one, its Stack SDK needs one, Alibaba Cloud's C-SDK 3.x ignores it.

use super::super::Finding;
use super::Draft;

/// Dialects of UCloud's Core SDK: plain builds always use port 80.
const ALWAYS_80: [&str; 2] = ["uiot-v1", "uiot-v2"];

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let port = draft.has_port();
    let unusable = port && draft.is_one_of(&ALWAYS_80);
    let ignored = port && draft.is_one_of(&["aliyun"]) && draft.order.extras.stream.is_none();
    let missing = !port && draft.is_one_of(&["uiot-stack"]);
    (unusable || ignored || missing).then(|| Finding {
        code: if unusable {
            "url-port-unusable"
        } else if ignored {
            "url-port-ignored-by-csdk3"
        } else {
            "url-port-missing"
        },
        args: vec![("url", draft.prefix().to_owned())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_port_that_an_sdk_cannot_use_is_warned_of() {
        for dialect in ["uiot-v1", "uiot-v2"] {
            check(dialect, None, |order| order.url = "http://10.0.0.2:8070/x?a=1".into(), &["url-port-unusable"]);
        }
        check("aliyun", None, |order| order.url = "http://10.0.0.2:8070/x?a=1".into(), &["url-port-ignored-by-csdk3"]);
        check("uiot-stack", None, |_| {}, &["url-port-missing"]);
        check("uiot", None, |order| order.url = "http://10.0.0.2:8070/x?a=1".into(), &[]);
    }
}
