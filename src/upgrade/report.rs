//! What a device says, free of any cloud's spelling.

/// One thing a device says about one of its modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The module it speaks of; `None` is the default module.
    pub module: Option<String>,
    /// Which upgrade it speaks of.
    pub about: About,
    /// What it says.
    pub report: Report,
}

/// Which upgrade a report is about, as far as the device says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The latest of its module.
    Latest,
    /// The one to this version.
    Version(String),
    /// The one with this task id, whatever its module.
    Task(String),
}

impl Said {
    /// Says something about the default module.
    #[must_use]
    pub const fn of_default(report: Report) -> Self {
        Self { module: None, about: About::Latest, report }
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

/// A block of firmware that a device asks for over MQTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// The stream that was announced.
    pub stream: u64,
    /// The file in it.
    pub file: u64,
    /// A word of the device's own, to be echoed.
    pub token: String,
    /// Where the block begins.
    pub offset: u64,
    /// How many bytes it wants.
    pub size: u64,
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
    /// “The push arrived.” UIoT Stack `notify`.
    Received,
    /// “I begin”, from a device that tells no percent. UIoT Stack `upgrading`.
    Begun,
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
        /// The version it runs, from a cloud whose devices say so.
        version: Option<String>,
    },
    /// “The upgrade failed.”
    Failed {
        /// The cloud's own code: UIoT -1…-6, Aliyun -1…-4.
        code: i64,
        /// What the device adds, if anything.
        text: String,
    },
    /// “Give me this block of the firmware.” Aliyun `file/download`.
    BlockAsked {
        /// Which.
        block: BlockRequest,
        /// Where the answer belongs.
        reply: ReplyTo,
    },
    /// “What is my device secret?” UIoT dynamic registration.
    PasswordAsked {
        /// Where the answer belongs.
        reply: ReplyTo,
    },
}
