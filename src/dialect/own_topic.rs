//! Whose topic it is: the places in which a cloud puts a device's two names.

use crate::event::DeviceId;

/// What stands for the two names in the tables.
const PRODUCT: &str = "{product}";
const DEVICE: &str = "{device}";

/// UIoT: the cloud's own topics and those a product defines.
const UIOT: &[&str] = &["/$system/{product}/{device}/#", "/{product}/{device}/#"];

/// Alibaba Cloud: upgrades, the cloud's own, a product's, remote calls, clock and the like, shadow, broadcast.
const ALIYUN: &[&str] = &[
    "/ota/device/+/{product}/{device}",
    "/sys/{product}/{device}/#",
    "/{product}/{device}/#",
    "/ext/+/{product}/{device}/#",
    "/ext/rrpc/+/{product}/{device}/#",
    "/ext/rrpc/+//{product}/{device}/#",
    "/shadow/update/{product}/{device}",
    "/shadow/get/{product}/{device}",
    "/broadcast/{product}/#",
];

/// Topics in which the names stand behind words of the cloud's own: nobody else's topic looks like that.
const UNMISTAKABLE: &[&str] = &[
    "/$system/{product}/{device}/#",
    "/ota/device/+/{product}/{device}",
    "/sys/{product}/{device}/#",
    "/ext/rrpc/+/{product}/{device}/#",
    "/ext/rrpc/+//{product}/{device}/#",
    "/ext/ntp/{product}/{device}/#",
    "/ext/error/{product}/{device}",
    "/shadow/update/{product}/{device}",
    "/shadow/get/{product}/{device}",
];

/// Whose topic it is, of those that can only be one device's; which way a message goes there does not matter.
#[must_use]
pub fn owner(topic: &str) -> Option<DeviceId> {
    UNMISTAKABLE.iter().find_map(|own| names(own, topic))
}

/// The two names in a topic, where it fits.
fn names(own: &str, topic: &str) -> Option<DeviceId> {
    let (mut product, mut device) = (None, None);
    let (mut own, mut levels) = (own.split('/'), topic.split('/'));
    loop {
        match (own.next(), levels.next()) {
            (Some("#"), _) | (None, None) => break,
            (Some(PRODUCT), Some(level)) => product = Some(level),
            (Some(DEVICE), Some(level)) => device = Some(level),
            (Some("+"), Some(_)) => {}
            (Some(own), Some(level)) if own == level => {}
            _ => return None,
        }
    }
    DeviceId::of_levels(product?, device?)
}

/// Whether a UIoT device may publish on a topic, or subscribe a filter.
#[must_use]
pub fn uiot(device: &DeviceId, topic: &str) -> bool {
    is_within(UIOT, device, topic)
}

/// Whether a device of Alibaba Cloud may publish on a topic, or subscribe a filter.
#[must_use]
pub fn aliyun(device: &DeviceId, topic: &str) -> bool {
    is_within(ALIYUN, device, topic)
}

/// A UIoT device's topic as another device has it.
#[must_use]
pub fn uiot_of(from: &DeviceId, to: &DeviceId, topic: &str) -> Option<String> {
    renamed(UIOT, from, to, topic)
}

/// A topic of a device of Alibaba Cloud as another device has it.
#[must_use]
pub fn aliyun_of(from: &DeviceId, to: &DeviceId, topic: &str) -> Option<String> {
    renamed(ALIYUN, from, to, topic)
}

/// The topic with the two names in the places where the table has them; nothing when the topic is none of the device's.
fn renamed(table: &[&str], from: &DeviceId, to: &DeviceId, topic: &str) -> Option<String> {
    let mut names = table.iter().filter(|own| is_within(&[own], from, topic));
    let mut own = names.next()?.split('/');
    let levels = topic.split('/').map(|level| match own.next() {
        Some(PRODUCT) => &*to.product,
        Some(DEVICE) => &*to.device,
        _ => level,
    });
    Some(levels.collect::<Vec<_>>().join("/"))
}

/// Whether every topic that a filter matches is one of the device's own.
fn is_within(table: &[&str], device: &DeviceId, filter: &str) -> bool {
    table.iter().any(|own| {
        let (mut own, mut filter) = (own.split('/'), filter.split('/'));
        loop {
            let fits = match (own.next(), filter.next()) {
                (Some("#"), _) | (None, None) => return true,
                (Some("+"), Some(level)) => level != "#",
                (Some(PRODUCT), Some(level)) => *level == *device.product,
                (Some(DEVICE), Some(level)) => *level == *device.device,
                (Some(own), Some(level)) => own == level,
                _ => false,
            };
            if !fits {
                return false;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{aliyun, owner, uiot};
    use crate::event::DeviceId;

    #[test]
    fn a_message_is_a_devices_by_its_topic_whichever_way_it_goes() {
        for topic in [
            "/$system/P/AA:BB/ota/upstream",
            "/$system/P/AA:BB/ota/downstream",
            "/ota/device/upgrade/P/AA:BB",
            "/sys/P/AA:BB/thing/ota/firmware/get_reply",
            "/ext/ntp/P/AA:BB/request",
            "/ext/rrpc/17/P/AA:BB/user/x",
            "/shadow/get/P/AA:BB",
        ] {
            assert_eq!(owner(topic), Some(DeviceId::new("P", "AA:BB")), "{topic}");
        }
        for topic in ["/P/AA:BB/user/x", "/ota/device/upgrade/P", "/broadcast/P/all", "house/lamp", "/sys/+/x/y", ""] {
            assert_eq!(owner(topic), None, "{topic}");
        }
    }

    #[test]
    fn a_uiot_device_has_what_holds_its_two_names() {
        let device = DeviceId::new("P", "AA:BB");
        for own in [
            "/$system/P/AA:BB/ota/upstream",
            "/$system/P/AA:BB/#",
            "/$system/P/AA:BB/+/downstream",
            "/P/AA:BB/set",
            "/P/AA:BB",
        ] {
            assert!(uiot(&device, own), "{own}");
        }
        for foreign in [
            "#",
            "+/+/+",
            "/#",
            "/$system/#",
            "/$system/+/AA:BB/ota/downstream",
            "/$system/P/+/ota/downstream",
            "/$system/P/#",
            "/$system/P/AA:BC/ota/upstream",
            "/$system/P",
            "$system/P/AA:BB/x",
            "P/AA:BB/x",
            "x",
            "",
            "$share/a//P/AA:BB/x",
            "/ota/device/inform/P/AA:BB",
            "$SYS/#",
        ] {
            assert!(!uiot(&device, foreign), "{foreign}");
        }
    }

    #[test]
    fn an_aliyun_device_has_the_topics_its_cloud_gives_it() {
        let device = DeviceId::new("pk", "dn");
        for own in [
            "/ota/device/inform/pk/dn",
            "/ota/device/upgrade/pk/dn",
            "/ota/device/+/pk/dn",
            "/sys/pk/dn/thing/ota/firmware/get",
            "/sys/pk/dn/#",
            "/pk/dn/user/get",
            "/ext/ntp/pk/dn/request",
            "/ext/rrpc/+//pk/dn/user/get",
            "/shadow/update/pk/dn",
            "/shadow/get/pk/dn",
            "/broadcast/pk/all",
            "/ext/error/pk/dn",
        ] {
            assert!(aliyun(&device, own), "{own}");
        }
        for foreign in [
            "#",
            "/ota/#",
            "/ota/device/#",
            "/ota/device/+/pk/+",
            "/ota/device/inform/pk/other",
            "/ota/device/inform/pk/dn/x",
            "/sys/pk/#",
            "/sys/+/dn/x",
            "/shadow/update/pk/other",
            "/shadow/+/pk/dn",
            "/broadcast/#",
            "/ext/#",
            "/ext/rrpc/#",
        ] {
            assert!(!aliyun(&device, foreign), "{foreign}");
        }
    }
}
