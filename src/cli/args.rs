//! What can be typed.

use crate::bench::Speed;
use crate::device::Behaviour;
use crate::dialect::SignMethod;
use crate::event::{DeviceId, Secret};
use crate::fault::{self, Fault, Stage};
use crate::io::tls::Trust;
use crate::replay::{Filter, Format};
use crate::ui::words;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt::Write as _;
use std::path::PathBuf;

/// The cloud side of an MQTT firmware upgrade, on your bench. Without a command it opens the window.
#[derive(Debug, Parser)]
#[command(name = "ota-workbench", version, override_usage = USAGE)]
pub struct WorkbenchArgs {
    /// What to do without the window.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The window's own.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// The window has its arguments, and each command its own; only the language is everybody's.
const USAGE: &str = "ota-workbench [OPTIONS] [IMAGE]...
       ota-workbench [--lang <LANG>] <COMMAND>";

/// The window's arguments.
#[derive(Args, Debug)]
pub struct WindowArgs {
    /// Builds to start with
    #[arg(value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Look at this log file in the console; repeatable
    #[arg(long = "log", value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// Look back at this capture: .jsonl or .jsonl.zst, or a packet trace
    #[arg(long, value_name = "FILE")]
    pub look: Option<PathBuf>,
    /// Language of the window, and of what commands say: en or zh-CN [default: the system's]
    #[arg(long, global = true, hide_possible_values = true, value_parser = ["en", "zh-CN"])]
    pub lang: Option<String>,
    /// Colours of the window
    #[arg(long)]
    pub theme: Option<Theme>,
    /// The bench.
    #[command(flatten)]
    pub bench: BenchArgs,
}

/// The window's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// As the system has it.
    System,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bench without a window, until Ctrl+C
    Serve(ServeArgs),
    /// Push one build to one device and wait for the verdict
    #[command(disable_version_flag = true)]
    Push(Box<PushArgs>),
    /// Be a device: connect, download, reboot and report like a real one
    #[command(disable_version_flag = true)]
    Simulate(SimulateArgs),
    /// Send the messages of a capture again: what devices said, to a broker
    Replay(Box<ReplayArgs>),
    /// Show what an image or a capture holds
    Inspect(InspectArgs),
    /// Hand a capture, or a part of it, on: as a table, a console's text, packets or a capture, without its secrets
    Export(ExportArgs),
    /// Print the certificate of the workbench's own authority, for devices that connect over TLS
    Ca(CaArgs),
}

/// Where the bench listens and what it keeps.
#[derive(Args, Clone, Debug, Default)]
pub struct BenchArgs {
    /// Where the embedded broker listens; port 0 picks one [default: 127.0.0.1:1883]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "broker")]
    pub mqtt: Option<String>,
    /// Where the embedded broker takes connections over TLS as well, such as 0.0.0.0:8883 [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "broker")]
    pub mqtts: Option<String>,
    /// Use this broker instead of the embedded one: mqtt://user:password@host:port, mqtts:// over TLS
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,
    /// Where the firmware server listens; port 0 picks one [default: 127.0.0.1:8070]
    #[arg(long, value_name = "ADDR:PORT")]
    pub http: Option<String>,
    /// Where the firmware server takes connections over TLS as well, such as 0.0.0.0:8443 [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT")]
    pub https: Option<String>,
    /// What firmware URLs begin with, as devices reach it: http://host:port, or https:// over TLS
    #[arg(long, value_name = "URL_PREFIX")]
    pub advertise: Option<String>,
    /// Let devices without a secret in though the broker listens on the network: anyone there can then sign in as one
    #[arg(long, conflicts_with = "broker")]
    pub open: bool,
    /// Record the session in this file, which must not exist
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// Devices, addresses, builds and ports as written down in a *.bench.toml
    #[arg(long, value_name = "FILE")]
    pub bench: Option<PathBuf>,
    /// Where settings, captures and logs are kept [default: the system's place]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Whom an external broker has to convince.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Whom a TLS client trusts, and what it shows.
#[derive(Args, Clone, Debug, Default)]
pub struct TrustArgs {
    /// Trust the certificate authorities in this file (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Show this client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The client certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

impl TrustArgs {
    /// The same in the words of the adapters.
    #[must_use]
    pub fn trust(&self) -> Trust {
        let Self { ca, cert, key } = self.clone();
        Trust { ca, certificate: cert, key, own: None }
    }
}

/// `ca`.
#[derive(Args, Debug)]
pub struct CaArgs {
    /// Write it into this file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where the authority is kept [default: the system's place]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The bench.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub json: bool,
}

/// The simulated device's behaviours by name.
fn behaviour() -> impl TypedValueParser<Value = Behaviour> {
    let names = Behaviour::ALL.map(|behaviour| PossibleValue::new(behaviour.id()).help(behaviour.help()));
    PossibleValuesParser::new(names).try_map(|name| Behaviour::find(&name).ok_or("unknown"))
}

/// `NAME=VALUE`.
fn tag(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("a tag is written NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A week.
const LONGEST_TIMEOUT: u64 = 7 * 24 * 3_600;

/// `push`.
#[derive(Args, Debug)]
#[command(after_help = faults())]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct PushArgs {
    /// The build
    pub image: PathBuf,
    /// Who: PRODUCT/DEVICE
    #[arg(long, value_name = "PRODUCT/DEVICE")]
    pub device: DeviceId,
    /// How its cloud is spelt: uiot-v2, uiot-v1, uiot-stack, uiot or aliyun
    #[arg(long, value_name = "ID")]
    pub dialect: String,
    /// The version to reach
    #[arg(long, value_name = "V")]
    pub version: String,
    /// The module, when it is not the default one
    #[arg(long, value_name = "M")]
    pub module: Option<String>,
    /// Give up when the device is not there, or not done, after so many seconds
    #[arg(long, value_name = "SECS", default_value_t = 600,
          value_parser = clap::value_parser!(u64).range(1..=LONGEST_TIMEOUT))]
    pub timeout: u64,
    /// Let the firmware URL answer 403 after so many seconds [default: a day]
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..))]
    pub url_lifetime: Option<u64>,
    /// The device's secret: what it must sign in with
    #[arg(long, value_name = "S")]
    pub secret: Option<Secret>,
    /// Bring a simulated device along
    #[arg(long)]
    pub simulate: bool,
    /// Let the simulated device fail with this code of its cloud
    #[arg(long, value_name = "ERR_CODE", requires = "simulate", allow_negative_numbers = true)]
    pub fail: Option<i64>,
    /// Let the simulated device go wrong as real ones were seen to; `simulate --help` lists the names
    #[arg(long, value_name = "NAME", requires = "simulate", value_parser = behaviour(), hide_possible_values = true,
          conflicts_with = "fail")]
    pub behave: Option<Behaviour>,
    /// Sign with SHA-256 instead of MD5 (aliyun)
    #[arg(long)]
    pub sha256: bool,
    /// Say that it is a differential package (aliyun)
    #[arg(long)]
    pub differential: bool,
    /// A tag for extData (aliyun); repeatable
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// Hand the firmware out in blocks over MQTT instead of by HTTP (aliyun)
    #[arg(long, conflicts_with = "more")]
    pub over_mqtt: bool,
    /// One more file of the same upgrade (aliyun); repeatable
    #[arg(long = "file", value_name = "FILE")]
    pub more: Vec<PathBuf>,
    /// Let this go wrong on purpose; repeatable, the list is below
    #[arg(long = "fault", value_name = "NAME[:ARG]")]
    pub faults: Vec<Fault>,
    /// The bench.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub json: bool,
}

/// The list of faults under the help of `push`.
fn faults() -> String {
    let mut text = String::from("Faults, and the error code each should provoke on UIoT / Alibaba Cloud:");
    for stage in Stage::ALL {
        let _ = write!(text, "\n {}", words::fault_stage(stage));
        for kind in fault::ALL.iter().filter(|kind| kind.stage == stage) {
            let codes = |codes: &[i64]| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let (uiot, aliyun) = (codes(kind.uiot), codes(kind.aliyun));
            let codes = match (uiot.is_empty(), kind.recoverable) {
                (true, true) => String::from("no code: it recovers"),
                (true, false) => String::from("no code"),
                (false, true) => format!("{uiot} / {aliyun}, or it recovers"),
                (false, false) => format!("{uiot} / {aliyun}"),
            };
            let _ = write!(text, "\n  {:<24} {} [{codes}]", kind.usage(), words::fault_help(kind));
        }
    }
    text
}

/// `simulate`.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// Where to sign in: mqtt://host:port, or mqtts:// over TLS, with user:password@ before the host where the dialect's
    /// own are not wanted
    #[arg(long, value_name = "URL")]
    pub broker: String,
    /// Who to be: PRODUCT/DEVICE
    #[arg(long, value_name = "PRODUCT/DEVICE")]
    pub device: DeviceId,
    /// How its cloud is spelt: uiot-v2, uiot-v1, uiot-stack, uiot or aliyun
    #[arg(long, value_name = "ID")]
    pub dialect: String,
    /// The version it runs at first
    #[arg(long, value_name = "V", default_value = "1.0.0")]
    pub version: String,
    /// The device's secret
    #[arg(long, value_name = "S", default_value = "", hide_default_value = true)]
    pub secret: Secret,
    /// How it signs, where devices of its cloud do [default: hmacsha256]
    #[arg(long, value_name = "METHOD", value_parser = sign_method())]
    pub sign: Option<SignMethod>,
    /// Where its console goes: a pseudo terminal, a file, or - for standard output
    #[arg(long, value_name = "pty|FILE|-", default_value = "-")]
    pub console: String,
    /// Sign in with this product secret first, and be told the device secret (UIoT dynamic registration)
    #[arg(long, value_name = "PRODUCT_SECRET", conflicts_with = "secret")]
    pub register: Option<Secret>,
    /// Fail every upgrade with this code of its cloud
    #[arg(long, value_name = "ERR_CODE", allow_negative_numbers = true)]
    pub fail: Option<i64>,
    /// Go wrong as real devices were seen to
    #[arg(long, value_name = "NAME", value_parser = behaviour(), conflicts_with = "fail")]
    pub behave: Option<Behaviour>,
    /// Whom it trusts over TLS.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// End after one upgrade: 0 when it succeeded, 1 when it failed, 4 when the broker refuses the sign-in
    #[arg(long)]
    pub once: bool,
}

/// The sign methods by name.
fn sign_method() -> impl TypedValueParser<Value = SignMethod> {
    PossibleValuesParser::new(SignMethod::ALL.map(SignMethod::id)).try_map(|name| name.parse())
}

/// `replay`.
#[derive(Args, Debug)]
#[command(after_help = UNMARKED)]
pub struct ReplayArgs {
    /// A capture, a packet trace, or what `mosquitto_sub -F %j` wrote
    pub capture: PathBuf,
    /// Where to: mqtt://host:port, or mqtts:// over TLS, with user:password@ before the host where the devices' own sign-in
    /// is not wanted
    #[arg(long, value_name = "URL", default_value = "mqtt://127.0.0.1:1883")]
    pub to: String,
    /// Speak as this device instead of the recorded ones: topics, client id and user name become its own
    #[arg(long, value_name = "PRODUCT/DEVICE")]
    pub device: Option<DeviceId>,
    /// The device's secret
    #[arg(long, value_name = "S")]
    pub secret: Option<Secret>,
    /// Only these messages: device:P/D topic:GLOB from:12.5s to:1m seq:10-20 text:NEEDLE, blanks between
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub only: String,
    /// So many times as fast as they came, as fast as possible (max), or one with each Enter (step)
    #[arg(long, value_name = "N|max|step", default_value = "1")]
    pub speed: Speed,
    /// How often all of it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: u64,
    /// What the cloud sent to devices instead, published by an ordinary client
    #[arg(long)]
    pub downstream: bool,
    /// When the connection breaks off: connect again and go on, or end
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhenDropped::Resume)]
    pub on_drop: WhenDropped,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Whom it trusts over TLS.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub json: bool,
}

/// Under the help of `replay`.
const UNMARKED: &str =
    "What this command sends is not marked where it comes up: a workbench that runs there takes it for the
devices' own words. Replay from the window of that workbench to have it marked.";

/// What becomes of a replay whose connection breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhenDropped {
    /// It connects again and goes on.
    Resume,
    /// It ends.
    Stop,
}

/// `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// An image, a capture, a packet trace, or what `mosquitto_sub -F %j` wrote
    pub file: PathBuf,
    /// Compare its upgrades with those of this recording, phase by phase
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// `export`.
#[derive(Args, Debug)]
#[command(after_help = FILTERS)]
pub struct ExportArgs {
    /// A capture, a packet trace, or what `mosquitto_sub -F %j` wrote
    pub capture: PathBuf,
    /// As what: csv has a row for each event, txt the lines of consoles, pcapng MQTT and HTTP as packets, jsonl is a capture
    #[arg(long, value_name = "csv|txt|pcapng|jsonl", value_parser = format())]
    pub format: Format,
    /// Write it into this file, which must not exist, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write over FILE if it exists
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Only what is meant by these words; they are below
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    pub only: Option<Filter>,
    /// Leave secrets, signatures and tokens in
    #[arg(long)]
    pub with_secrets: bool,
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::id)).try_map(|name| name.parse::<Format>())
}

/// The words of a filter, as they are typed.
fn filter(text: &str) -> Result<Filter, String> {
    text.parse::<Filter>().map_err(|trouble| words::trouble(&trouble).joined())
}

/// Under the help of commands with a filter.
const FILTERS: &str = "FILTER is words with blanks between them:
  device:PRODUCT/DEVICE  what is about this device
  topic:GLOB             MQTT on this topic; + is one level, # the rest, * anything
  port:NAME              this serial port; in quotes where it has blanks: port:\"lamp-01 (simulated)\"
  up, down               messages of devices, messages to devices
  http, serial, mqtt     firmware requests and answers, serial ports, all of MQTT
  kind:NAME              this kind of event, as captures name it
  seq:10-20              these events by number; also seq:10, seq:10-, seq:-20
  from:12.5s to:1m30s    from, and up to, this time since the session began
  text:NEEDLE            what holds this text
Words of one sort widen, words of different sorts narrow: up http device:P/D.";
