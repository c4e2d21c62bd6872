//! What is likely to go wrong with a push, said before it is made: one rule a file, findings like all others.

mod module_count;
mod module_name;
mod names_length;
mod other_dialect;
mod package_format;
mod package_size;
mod push_length;
mod stream_size;
mod tag_limits;
mod url_length;
mod url_port;
mod url_query;

use super::Finding;
use crate::bench::{Bench, Device, PushOrder, Service};
use crate::dialect::{self, Dialect, Push};
use crate::event::{OrderedFile, UpgradeOrder};

/// As long as the paths of the firmware server, and of their shape.
pub const SAMPLE_PATH: &str =
    "/00000000000000000000000000000000?Expires=1700000000&Signature=00000000000000000000000000000000";

/// What a lint looks at.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// The push as it would be made, but for its path.
    pub order: &'a UpgradeOrder,
    /// The dialect it would be written in.
    pub dialect: &'a dyn Dialect,
    /// The device, if the bench knows it.
    pub device: Option<&'a Device>,
}

impl Draft<'_> {
    /// The URL's host with its port, if any, and what follows.
    fn url(&self) -> Option<(&str, &str)> {
        let rest = self.order.url.split_once("://")?.1;
        let slash = rest.find('/').unwrap_or(rest.len());
        Some(rest.split_at(slash))
    }

    /// What all URLs of this bench begin with.
    fn prefix(&self) -> &str {
        self.order.url.strip_suffix(SAMPLE_PATH).unwrap_or(&self.order.url)
    }

    fn has_port(&self) -> bool {
        let authority = self.url().map_or("", |(authority, _)| authority);
        authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    }

    /// Every file's name and size in bytes.
    fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        let more = self.order.extras.files.iter().map(|file| (file.name.as_str(), file.size));
        std::iter::once((self.order.name.as_str(), self.order.size)).chain(more)
    }

    fn is_one_of(&self, dialects: &[&str]) -> bool {
        dialects.contains(&self.dialect.id())
    }
}

type Lint = fn(Draft<'_>) -> Option<Finding>;

/// Every lint. A new one is one file and one line here.
const LINTS: &[Lint] = &[
    other_dialect::examine,
    url_port::examine,
    url_query::examine,
    url_length::examine,
    push_length::examine,
    names_length::examine,
    stream_size::examine,
    package_size::examine,
    package_format::examine,
    module_name::examine,
    module_count::examine,
    tag_limits::examine,
];

/// What is likely to go wrong with this push, on this bench as it is.
#[must_use]
pub fn lint(bench: &Bench, order: &PushOrder) -> Vec<Finding> {
    let (Ok(dialect), Some(draft)) = (dialect::find(&order.dialect), draft(bench, order)) else { return Vec::new() };
    let draft = Draft { order: &draft, dialect, device: bench.device(&order.device) };
    LINTS.iter().filter_map(|lint| lint(draft)).collect()
}

/// The push as it would be made now, under a path like the one it would get.
fn draft(bench: &Bench, order: &PushOrder) -> Option<UpgradeOrder> {
    let Service::Running { advertised, .. } = bench.server() else { return None };
    let url = || format!("{advertised}{SAMPLE_PATH}");
    let build = bench.build(order.image)?;
    let mut extras = order.extras.draft();
    let more = order.extras.more.iter().filter_map(|image| bench.build(*image));
    extras.files = more
        .map(|build| OrderedFile {
            name: build.name.clone(),
            size: build.size,
            md5: build.md5.clone(),
            sha256: build.sha256.clone(),
            url: url(),
            path: SAMPLE_PATH.into(),
        })
        .collect();
    Some(UpgradeOrder {
        upgrade: bench.next_upgrade(),
        device: order.device.clone(),
        dialect: order.dialect.clone(),
        module: order.module.clone(),
        name: build.name.clone(),
        version: order.version.clone(),
        size: build.size,
        md5: build.md5.clone(),
        sha256: build.sha256.clone(),
        url: url(),
        path: SAMPLE_PATH.into(),
        timeout_secs: order.timeout_secs,
        task: dialect::find(&order.dialect).ok()?.task(bench.next_upgrade(), bench.started_unix_millis()),
        extras,
        faults: order.faults.clone(),
        replay: None,
    })
}

/// The push's MQTT packet, in bytes: fixed header, topic, packet id and payload.
fn packet_length(draft: Draft<'_>) -> usize {
    let message = draft.dialect.offer(&Push { order: draft.order, source: Some(""), reply: None, now_unix_millis: 0 });
    let rest = 2 + message.topic.len() + 2 + message.payload.len();
    let length_bytes = if rest < 128 { 1 } else { 2 };
    1 + length_bytes + rest
}

#[cfg(test)]
mod tests {
    use super::{Draft, LINTS};
    use crate::bench::Device;
    use crate::diagnosis::tests::order;
    use crate::dialect;
    use crate::event::UpgradeOrder;

    /// What the lints say of a push in this dialect, changed like this, to a device that was heard to speak `spoken`.
    pub fn check(dialect: &str, spoken: Option<&str>, change: impl FnOnce(&mut UpgradeOrder), expected: &[&str]) {
        let mut order = UpgradeOrder { dialect: dialect.into(), url: "http://h/x?a=1".into(), ..order() };
        change(&mut order);
        let mut device = Device::default();
        device.spoken = spoken.map(str::to_owned);
        let draft = Draft { order: &order, dialect: dialect::find(dialect).unwrap(), device: Some(&device) };
        let found: Vec<_> = LINTS.iter().filter_map(|lint| lint(draft)).map(|finding| finding.code).collect();
        assert_eq!(found, expected, "{dialect} {}", order.url);
    }

    #[test]
    fn a_push_that_every_known_sdk_takes_is_passed_without_a_word() {
        for dialect in ["uiot", "uiot-v1", "uiot-v2", "aliyun"] {
            check(dialect, Some(dialect), |_| {}, &[]);
        }
        check("uiot-stack", None, |order| order.url = "http://h:8070/x?a=1".into(), &[]);
    }
}
