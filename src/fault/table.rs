//! All faults, with what a device should make of each: the list behind `push --help` and the window's menu.
//!
//! Sources of the codes: “设备OTA升级” of UCloud UIoT for -1 … -5, “设备端OTA升级” of Alibaba Cloud for -1 … -4.

/// Where in an upgrade a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The device does not get at the image at all.
    BeforeDownload,
    /// The push says something that is not so.
    Announced,
    /// The download goes wrong.
    Serving,
    /// The device's connection to the broker, which must be the embedded one.
    Mqtt,
}

impl Stage {
    /// All of them, in the order of an upgrade.
    pub const ALL: [Self; 4] = [Self::BeforeDownload, Self::Announced, Self::Serving, Self::Mqtt];
}

/// What is known of all faults of one name. Its sentence of help is `fault.help.<name>` in the locales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `cut-every`.
    pub name: &'static str,
    /// What its argument is called, if it takes one: `N,SECS`.
    pub argument: Option<&'static str>,
    /// One that can be armed as it is.
    pub example: &'static str,
    /// Where it acts.
    pub stage: Stage,
    /// The code it should provoke on UIoT, the likeliest first; none where a device should not fail or does not say so.
    pub uiot: &'static [i64],
    /// The same on Alibaba Cloud.
    pub aliyun: &'static [i64],
    /// Whether a good device gets its upgrade all the same.
    pub recoverable: bool,
}

/// Every fault, in the order of an upgrade.
#[rustfmt::skip]
pub static ALL: [Kind; 28] = {
    use Stage::{Announced, BeforeDownload, Mqtt, Serving};
    [
        fails("closed-port", BeforeDownload, &[-1], &[-2]),
        fails("unreachable", BeforeDownload, &[-1], &[-2]),
        fails("no-answer", BeforeDownload, &[-3], &[-2]),
        fails("not-found", BeforeDownload, &[-1], &[-2]),
        fails("expired", BeforeDownload, &[-2], &[-2]),
        fails("server-error", BeforeDownload, &[-1], &[-2]),
        fails("redirect", BeforeDownload, &[-1], &[-2]).or_recovers(),
        fails("wrong-digest", Announced, &[-4], &[-3]),
        // Too small, and too large.
        fails("wrong-size", Announced, &[-4, -3], &[-3, -2]).with("+N|-N", "wrong-size:-1"),
        passes("wrong-version", Announced).with("V", "wrong-version:9.9.9"),
        fails("empty-url", Announced, &[-1], &[-2]),
        passes("missing-field", Announced).with("NAME", "missing-field:url"),
        fails("ignore-range", Serving, &[-3], &[-2]).or_recovers(),
        fails("short-body", Serving, &[-3], &[-2]).with("N", "short-body:1"),
        fails("flip", Serving, &[-4], &[-3]).with("OFFSET", "flip:0"),
        fails("cut", Serving, &[-3], &[-2]).with("N", "cut:10000").or_recovers(),
        fails("cut-every", Serving, &[-3], &[-2]).with("N", "cut-every:1000").or_recovers(),
        fails("stall", Serving, &[-3], &[-2]).with("N,SECS", "stall:10000,30").or_recovers(),
        fails("rate", Serving, &[-3], &[-2]).with("BYTES_PER_SEC", "rate:10000").or_recovers(),
        fails("first-byte", Serving, &[-3], &[-2]).with("SECS", "first-byte:5").or_recovers(),
        fails("lower-case", Serving, &[-3], &[-2]).or_recovers(),
        fails("chunked", Serving, &[-3], &[-2]).or_recovers(),
        fails("long-head", Serving, &[-3], &[-2]).or_recovers(),
        passes("kick", Mqtt).with("PERCENT", "kick:50").or_recovers(),
        passes("refuse-reconnect", Mqtt).with("SECS", "refuse-reconnect:10").or_recovers(),
        passes("push-twice", Mqtt).or_recovers(),
        passes("push-late", Mqtt).with("SECS", "push-late:10").or_recovers(),
        passes("lose-ack", Mqtt).or_recovers(),
    ]
};

const fn fails(name: &'static str, stage: Stage, uiot: &'static [i64], aliyun: &'static [i64]) -> Kind {
    Kind { name, argument: None, example: name, stage, uiot, aliyun, recoverable: false }
}

const fn passes(name: &'static str, stage: Stage) -> Kind {
    fails(name, stage, &[], &[])
}

impl Kind {
    const fn with(mut self, argument: &'static str, example: &'static str) -> Self {
        (self.argument, self.example) = (Some(argument), example);
        self
    }

    const fn or_recovers(mut self) -> Self {
        self.recoverable = true;
        self
    }

    /// As it is written, the argument by its name: `cut:N`.
    #[must_use]
    pub fn usage(&self) -> String {
        match self.argument {
            Some(argument) if self.name.parse::<super::Fault>().is_ok() => format!("{}[:{argument}]", self.name),
            Some(argument) => format!("{}:{argument}", self.name),
            None => self.name.to_owned(),
        }
    }
}
