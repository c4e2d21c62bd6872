//! The facts themselves, in the past tense.

use super::{DeviceId, Text, Trouble};
use crate::fault::Fault;
use std::sync::Arc;

/// What a message carried, byte for byte.
pub type Payload = Arc<[u8]>;
/// An MQTT client id.
pub type ClientName = Text;
/// Names one build within a session.
pub type ImageId = u32;
/// Names one upgrade within a session.
pub type UpgradeId = u32;
/// Names one replay within a session.
pub type ReplayId = u32;

/// What a client said of itself when it connected. Never its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// MQTT client id.
    pub name: ClientName,
    /// MQTT user name, if it sent one.
    pub username: Option<String>,
    /// Where it connects from, `ip:port`.
    pub address: String,
    /// MQTT protocol level: 3 is 3.1, 4 is 3.1.1, 5 is 5.0.
    pub level: u8,
    /// Whether it asked for a clean session.
    pub clean: bool,
    /// Keep-alive in seconds.
    pub keep_alive_secs: u16,
}

/// Why a client is gone when another connection came with its client id, or with the same device's credentials: the
/// `reason` of [`Fact::ClientDisconnected`].
pub const TAKEN_OVER: &str = "taken over by a new connection with the same identity";

/// Why a client is gone when a fault asked for it: the `reason` of [`Fact::ClientDisconnected`].
pub const KICKED: &str = "cut off by the workbench, as the armed fault asks";

/// What was lost while the capture could not be written: the `source` of a [`Fact::Gap`], which says as well that it can be
/// written again.
pub const UNRECORDED: &str = "capture";

/// A deadline that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deadline {
    /// The upgrade did not finish within its time-out.
    Upgrade,
    /// The device has said and asked nothing since the push, for long enough to be told.
    Silence,
    /// A push that was held back on purpose goes out.
    LatePush,
}

/// What is served over TLS as well, each on a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsService {
    /// The broker: MQTT over TLS.
    Mqtts,
    /// The firmware server: HTTPS.
    Https,
}

impl TlsService {
    /// The scheme of its URLs, which is how captures name it.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Mqtts => "mqtts",
            Self::Https => "https",
        }
    }
}

/// What the operator did with a port's control lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineMove {
    /// DTR asserted.
    DtrOn,
    /// DTR released.
    DtrOff,
    /// RTS asserted.
    RtsOn,
    /// RTS released.
    RtsOff,
    /// A break was sent.
    Break,
    /// The board was reset over DTR and RTS, to run what it holds.
    Reset,
    /// The board was reset over DTR and RTS into its boot loader.
    BootLoader,
}

impl LineMove {
    /// Every move.
    pub const ALL: [Self; 7] =
        [Self::DtrOn, Self::DtrOff, Self::RtsOn, Self::RtsOff, Self::Break, Self::Reset, Self::BootLoader];

    /// How captures name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DtrOn => "dtr-on",
            Self::DtrOff => "dtr-off",
            Self::RtsOn => "rts-on",
            Self::RtsOff => "rts-off",
            Self::Break => "break",
            Self::Reset => "reset",
            Self::BootLoader => "boot-loader",
        }
    }
}

/// All that is fixed at the instant Push is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeOrder {
    /// Names this upgrade within the session, from 1.
    pub upgrade: UpgradeId,
    /// Who is to be upgraded.
    pub device: DeviceId,
    /// The dialect the push is written in.
    pub dialect: String,
    /// The module, when it is not the default one.
    pub module: Option<String>,
    /// The build's file name.
    pub name: String,
    /// The version to reach.
    pub version: String,
    /// Bytes in the image.
    pub size: u64,
    /// MD5 of the image, lower-case hex.
    pub md5: String,
    /// SHA-256 of the image, lower-case hex.
    pub sha256: String,
    /// The URL announced to the device.
    pub url: String,
    /// The path under which the firmware server serves the snapshot.
    pub path: String,
    /// The time-out in seconds, when the engineer set one; the cloud's own rule otherwise.
    pub timeout_secs: Option<u64>,
    /// The task's id, for a cloud that has tasks.
    pub task: Option<String>,
    /// What only Alibaba Cloud's announcements hold.
    pub extras: Extras,
    /// What is to go wrong with it on purpose. The rest of the order is what is true, but for `url` and `version`, which are
    /// what is announced.
    pub faults: Vec<Fault>,
    /// The replay that ordered it again, if one did: the capture's upgrade is its own, not the operator's.
    pub replay: Option<ReplayId>,
}

/// What an announcement can hold beyond one image and its MD5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Signed with SHA-256 instead of MD5.
    pub sha256: bool,
    /// A differential package.
    pub differential: bool,
    /// The tags of `extData`, in order.
    pub tags: Vec<(String, String)>,
    /// The stream in which the image goes over MQTT, in blocks; over HTTP when absent.
    pub stream: Option<u64>,
    /// The files behind the first one, where the upgrade has several.
    pub files: Vec<OrderedFile>,
}

/// One more file of an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedFile {
    /// Its name.
    pub name: String,
    /// Bytes in it.
    pub size: u64,
    /// MD5, lower-case hex.
    pub md5: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// The URL announced to the device.
    pub url: String,
    /// The path under which the firmware server serves it.
    pub path: String,
}

impl UpgradeOrder {
    /// Bytes in all its files together.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.extras.files.iter().fold(self.size, |sum, file| sum.saturating_add(file.size))
    }

    /// Whether both announce the same files in the same places.
    #[must_use]
    pub fn shares_files_with(&self, other: &Self) -> bool {
        self.extras.stream == other.extras.stream && self.paths().eq(other.paths())
    }

    /// Every file's path, with the place of its first byte among the bytes of all.
    pub fn paths(&self) -> impl Iterator<Item = (&str, u64)> {
        let mut start = self.size;
        let more = self.extras.files.iter().map(move |file| {
            let begins = start;
            start = start.saturating_add(file.size);
            (file.path.as_str(), begins)
        });
        std::iter::once((self.path.as_str(), 0)).chain(more)
    }
}

/// One thing that happened on the bench.
#[expect(missing_docs, reason = "the fields are the words of the capture format; each variant says what they mean")]
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    // The bench itself
    /// The broker takes connections (embedded), or we are connected to it (external).
    BrokerStarted { address: Text, external: bool },
    /// The broker was stopped by the operator, or the external one was left.
    BrokerStopped,
    /// The broker could not be started or reached; an external one is tried again.
    BrokerFailed { trouble: Trouble },
    /// The firmware server takes requests; `advertised` is the URL prefix told to devices.
    ServerStarted { address: Text, advertised: Text },
    /// The firmware server could not be started.
    ServerFailed { trouble: Trouble },
    /// A build is on the list. The same id again: its file changed.
    ImageAdded { image: ImageId, path: Text, name: Text, size: u64, md5: Text, sha256: Text, version: Option<Text> },
    /// A build left the list.
    ImageRemoved { image: ImageId },
    /// A build's file cannot be read at the moment.
    ImageTroubled { image: ImageId, trouble: Trouble },
    /// The operator put a device on the list, or changed its dialect.
    DeviceAdded { device: DeviceId, dialect: Text },
    /// A device's secret was set or taken away. Which one is told to nobody.
    SecretSet { device: DeviceId, set: bool },
    /// Whether a device without a secret, and a client that is no device, is let in from the network as well.
    OpenSet { open: bool },
    /// The operator took a device off the list.
    DeviceRemoved { device: DeviceId },

    // MQTT
    /// A client was let in.
    ClientConnected { client: Box<Client> },
    /// A client was turned away.
    ClientRefused { client: Box<Client>, trouble: Trouble },
    /// A client may not publish or subscribe what it wanted to; nobody got the message.
    AccessRefused { client: ClientName, topic: Text, trouble: Trouble },
    /// A client is gone.
    ClientDisconnected { client: ClientName, reason: Text },
    /// A client is subscribed; `implicit` when the broker did it, as the cloud does.
    Subscribed { client: ClientName, filter: Text, qos: u8, implicit: bool },
    /// A client is no longer subscribed.
    Unsubscribed { client: ClientName, filter: Text },
    /// A message came up. An external broker does not tell from whom.
    MessageReceived { client: Option<ClientName>, topic: Text, payload: Payload, qos: u8, retain: bool },
    /// Our message went out to the broker.
    MessagePublished { topic: Text, payload: Payload, qos: u8 },
    /// The broker wrote a message to a client's socket.
    MessageDelivered { client: ClientName, topic: Text, qos: u8 },
    /// The client acknowledged a message.
    MessageAcknowledged { client: ClientName, topic: Text },
    /// The broker dropped a message; without a client, nobody was subscribed.
    MessageDropped { client: Option<ClientName>, topic: Text, reason: Text },

    // HTTP
    /// A request for firmware came in. `request` names it within the session.
    RequestReceived { request: u64, peer: Text, method: Text, path: Text, range: Option<Text> },
    /// The answer left: `sent` of `length` bytes from `offset`; `complete` is false when the connection broke.
    RangeServed { request: u64, path: Text, status: u16, offset: u64, length: u64, sent: u64, complete: bool },
    /// A long answer is under way: `sent` bytes from `offset` have left so far.
    RangeProgressed { request: u64, path: Text, offset: u64, sent: u64 },
    /// All of a file has left, in order, from its first byte to its last; `md5` of the bytes that left.
    FileDelivered { request: u64, path: Text, md5: Text },
    /// A connection brought nothing that can be answered as a request; `status` 0: it was closed without a word.
    RequestRefused { peer: Text, status: u16, trouble: Trouble },
    /// A block of firmware left over MQTT: `length` bytes from `offset` of the stream's file, or a refusal with `code`.
    BlockServed { device: Box<DeviceId>, stream: u64, file: u64, offset: u64, length: u64, code: u16 },

    // TLS
    /// A service takes connections over TLS, beside those without.
    TlsStarted { service: TlsService, address: Text },
    /// It no longer does.
    TlsStopped { service: TlsService },
    /// It cannot, or no longer.
    TlsFailed { service: TlsService, trouble: Trouble },
    /// Somebody did not get through the TLS handshake.
    TlsRefused { service: TlsService, peer: Text, trouble: Trouble },

    // Serial
    /// A serial port, or a simulated device's console, is open. `settings` reads `115200 8N1`.
    PortOpened { port: Text, settings: Text },
    /// The port is closed, by the operator or by trouble.
    PortClosed { port: Text, trouble: Option<Trouble> },
    /// The device behind the port came back under another name; what it says is still told under the old one.
    PortMoved { port: Text, now: Text },
    /// The port belongs to a device from now on, or to none.
    PortBound { port: Text, device: Option<DeviceId> },
    /// The port's control lines were moved.
    LinesMoved { port: Text, line: LineMove },
    /// A file begins to be written to the port.
    FileStarted { port: Text, name: Text, size: u64 },
    /// So many of its bytes have left. The bytes themselves are in no event: the file is on disk.
    FileProgressed { port: Text, sent: u64 },
    /// The file is written, with the digest of its bytes, or was given up: by trouble, or, without one, by the operator; after
    /// `sent` bytes. Early captures lack its name.
    FileEnded {
        port: Text,
        name: Option<Text>,
        sent: u64,
        complete: bool,
        sha256: Option<Text>,
        trouble: Option<Trouble>,
    },
    /// A quick send is repeated from now on, so often, or no longer.
    RepeatSet { port: Text, name: Text, every_ms: Option<u64> },
    /// Bytes came from the port, in any chunking.
    BytesReceived { port: Text, bytes: Payload },
    /// Bytes were written to the port.
    BytesSent { port: Text, bytes: Payload },

    // Upgrades
    /// The operator pressed Push.
    UpgradeRequested { order: Arc<UpgradeOrder> },
    /// The operator pressed Cancel.
    UpgradeCancelled { upgrade: UpgradeId },
    /// The operator asked for the same push again.
    UpgradeRetried { upgrade: UpgradeId },
    /// A fault acted: at this byte of the image or percent of the progress, in this request, where it acts at one.
    FaultActed { upgrade: UpgradeId, fault: Box<Fault>, place: Option<u64>, request: Option<u64> },
    /// A deadline fired.
    DeadlineReached { upgrade: UpgradeId, deadline: Deadline },

    // Replays
    /// A capture's messages begin to be sent again, `messages` in each of so many `rounds`; `device` when all are one's.
    ReplayStarted {
        replay: ReplayId,
        source: Text,
        target: Text,
        downstream: bool,
        device: Option<Box<DeviceId>>,
        speed: Text,
        messages: u64,
        rounds: u64,
    },
    /// A replay's message was handed to its connection; `of` is its event in the capture, 0 where it was written by hand.
    /// Without a client it is the cloud's. Of this replay's messages before it, the last so many may not have arrived yet
    /// (`waiting`; older captures do not say).
    MessageReplayed {
        replay: ReplayId,
        of: u64,
        client: Option<ClientName>,
        topic: Text,
        payload: Payload,
        qos: u8,
        retain: bool,
        waiting: Option<u32>,
    },
    /// A replay waits: for the operator, or, with trouble, for its target.
    ReplayPaused { replay: ReplayId, trouble: Option<Trouble> },
    /// It goes on.
    ReplayResumed { replay: ReplayId },
    /// It is over: `sent` of `of` messages have surely arrived. Without trouble, by itself or by the operator.
    ReplayEnded { replay: ReplayId, sent: u64, of: u64, trouble: Option<Trouble> },

    // Honesty
    /// Something the operator asked for could not be done, or an adapter met trouble that belongs to no other fact.
    TroubleMet { trouble: Trouble },
    /// Events were lost before they could be recorded.
    Gap { source: Text, lost: u64 },
}
