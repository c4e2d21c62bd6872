//! Who a device is: a product and a device name, as both clouds have them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A device's identity. UIoT calls the two parts ProductSN and DeviceSN, Alibaba Cloud ProductKey and DeviceName.
///
/// Written `PRODUCT/DEVICE`; the device part may itself hold colons (a MAC address), never a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId {
    /// ProductSN or ProductKey.
    pub product: Arc<str>,
    /// DeviceSN or DeviceName.
    pub device: Arc<str>,
}

impl DeviceId {
    /// Puts an identity together. Whether a cloud allows these names is the dialect's to say.
    #[must_use]
    pub fn new(product: &str, device: &str) -> Self {
        Self { product: product.into(), device: device.into() }
    }

    /// The same, if each of the two can stand as one level of a topic.
    #[must_use]
    pub fn of_levels(product: &str, device: &str) -> Option<Self> {
        (is_level(product) && is_level(device)).then(|| Self::new(product, device))
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.product, self.device)
    }
}

/// The text is not `PRODUCT/DEVICE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedDeviceId;

impl fmt::Display for MalformedDeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a device is written PRODUCT/DEVICE")
    }
}

impl std::error::Error for MalformedDeviceId {}

impl FromStr for DeviceId {
    type Err = MalformedDeviceId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once('/').and_then(|(product, device)| Self::of_levels(product, device)).ok_or(MalformedDeviceId)
    }
}

/// Whether a name can stand as one level of an MQTT topic.
fn is_level(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '+', '#']) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::DeviceId;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let read = text.parse::<DeviceId>().ok();
        assert_eq!(read, expected.map(|(product, device)| DeviceId::new(product, device)), "{text}");
    }

    #[test]
    fn an_identity_is_two_topic_levels() {
        check("a1BenchPK00/bench01", Some(("a1BenchPK00", "bench01")));
        check("70ly1tvowt696r15/AA:BB:CC:00:11:22", Some(("70ly1tvowt696r15", "AA:BB:CC:00:11:22")));
        check("lonely", None);
        check("/bench01", None);
        check("pk/", None);
        check("pk/a/b", None);
        check("pk/#", None);
        check("pk/a\n", None);
    }
}
