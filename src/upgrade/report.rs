//! What a device says, free of any cloud's spelling.

/// One thing a device says about one of its modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The module it speaks of; `None` is the default module.
    pub module: Option<String>,
    /// What it says.
    pub report: Report,
}

impl Said {
    /// Says something about the default module.
    #[must_use]
    pub const fn of_default(report: Report) -> Self {
        Self { module: None, report }
    }
}

/// Where the answer to a request belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The topic to answer on.
    pub topic: String,
    /// The request's id as it stood in its JSON (`2`, `"2"`), to be echoed.
    pub id: Option<String>,
}

/// What a device says, in the words both clouds share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// “I run this version.” UIoT `report_version`, Aliyun `inform`.
    Version {
        /// The version it runs.
        version: String,
    },
    /// “Is there an upgrade for me?” UIoT `request_firmware`, Aliyun `firmware/get`.
    Asked {
        /// The version it runs, where it says so.
        version: Option<String>,
        /// Where the answer belongs, when it is not simply the push itself.
        reply: Option<ReplyTo>,
    },
    /// Downloading, 0 to 100 percent.
    Downloading {
        /// Percent.
        percent: u8,
    },
    /// Writing to flash, 0 to 100 percent.
    Burning {
        /// Percent.
        percent: u8,
    },
    /// “The upgrade succeeded; I now run this version.”
    Succeeded {
        /// The version it runs.
        version: String,
    },
    /// “The upgrade failed.”
    Failed {
        /// The cloud's own code: UIoT -1…-6, Aliyun -1…-4.
        code: i64,
        /// What the device adds, if anything.
        text: String,
    },
}
