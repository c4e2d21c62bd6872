//! More modules than a product may have.

use super::super::Finding;
use super::Draft;

/// Modules of one product, besides the default one.
///
/// Sources: “使用限制” of UIoT Core (`product_introduction/limitation.md` in `UCloudDoc-Team/uiot-core`): 固件模块数量上限 10.
/// `CreateOTAModule` of Alibaba Cloud (alibabacloud.com/help/doc-detail/186066.htm): a maximum of 10 custom OTA modules.
const MOST: usize = 10;

pub fn examine(draft: Draft<'_>) -> Option<Finding> {
    let module = draft.order.module.as_deref()?;
    let others = draft.device?.versions().filter_map(|(known, _)| known).filter(|known| *known != module);
    let count = others.count() + 1;
    (draft.is_one_of(&["uiot-v2", "aliyun"]) && count > MOST).then(|| Finding {
        code: "too-many-modules",
        args: vec![("module", module.to_owned()), ("count", count.to_string()), ("limit", MOST.to_string())],
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Draft;
    use super::examine;
    use crate::bench::Bench;
    use crate::diagnosis::tests::{order, says};
    use crate::dialect;
    use crate::event::{Event, Micros, UpgradeOrder};

    /// Whether a push of `module` to a device that spoke of ten others, `m0` to `m9`, is warned of.
    fn is_warned_of(module: &str) -> bool {
        let mut bench = Bench::new(0);
        let order = UpgradeOrder { dialect: "uiot-v2".into(), module: Some(module.into()), ..order() };
        for number in 0..10 {
            let pushed = UpgradeOrder { module: Some(format!("m{number}")), ..order.clone() };
            let version =
                format!(r#"{{"Method": "report_version", "Payload":{{"Module":"m{number}", "Version":"1.0.0"}}}}"#);
            // A module that nobody pushed is not taken for one.
            let pushed = crate::event::Fact::UpgradeRequested { order: pushed.into() };
            for fact in [pushed, says(&version)] {
                let seq = bench.events() + 1;
                let _ = bench.apply(&Event { seq, at: Micros(seq), fact });
            }
        }
        let device = bench.device(&order.device);
        let dialect = dialect::find("uiot-v2").unwrap();
        examine(Draft { order: &order, dialect, device }).is_some()
    }

    #[test]
    fn an_eleventh_module_is_warned_of() {
        assert!(is_warned_of("mcu"));
        assert!(!is_warned_of("m3"));
    }
}
