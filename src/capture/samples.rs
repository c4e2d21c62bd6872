//! A value of every type that stands in a fact, for tests that must not forget one.

use crate::event::{
    Client, Deadline, DeviceId, Extras, LineMove, OrderedFile, Payload, Text, TlsService, Trouble, UpgradeOrder,
};
use crate::fault::Fault;
use std::sync::Arc;

/// A value of this type: with all that may be left out, or without.
pub trait Sample {
    fn sample(full: bool) -> Self;
}

macro_rules! samples {
    ($($type:ty = |$full:ident| $value:expr;)*) => {$(
        impl Sample for $type {
            fn sample($full: bool) -> Self {
                $value
            }
        }
    )*};
}

samples! {
    bool = |full| full;
    u8 = |full| if full { u8::MAX } else { 0 };
    u16 = |full| if full { u16::MAX } else { 0 };
    u32 = |full| if full { u32::MAX } else { 0 };
    u64 = |full| if full { u64::MAX } else { 0 };
    String = |full| if full { "“text” \"\\\n\u{1b}[0m\u{0}é".into() } else { Self::new() };
    Text = |full| String::sample(full).into();
    Payload = |full| if full { [0xff, 0, b'a'][..].into() } else { "文本\t{\"a\":1}\r\n".as_bytes().into() };
    DeviceId = |full| if full { Self::new("p", "AA:BB:é") } else { Self::new("p", "d") };
    Deadline = |full| if full { Self::LatePush } else { Self::Silence };
    TlsService = |full| if full { Self::Mqtts } else { Self::Https };
    LineMove = |full| if full { Self::BootLoader } else { Self::Break };
    Trouble = |full| if full { Self::new("address-in-use").with("address", "127.0.0.1:1") } else { Self::new("x") };
    Fault = |full| if full { Self::Cut { offset: 4_096 } } else { Self::WrongDigest };
    Vec<Fault> = |full| if full { vec![Fault::sample(true), Fault::sample(false)] } else { Self::new() };
    Client = |full| Self {
        name: Sample::sample(full),
        username: Sample::sample(full),
        address: Sample::sample(full),
        level: Sample::sample(full),
        clean: Sample::sample(full),
        keep_alive_secs: Sample::sample(full),
    };
    Extras = |full| Self {
        sha256: full,
        differential: full,
        tags: if full { vec![("b".into(), "1".into()), ("a".into(), "2".into())] } else { Vec::new() },
        stream: Sample::sample(full),
        files: if full { vec![OrderedFile::sample(true)] } else { Vec::new() },
    };
    OrderedFile = |full| Self {
        name: Sample::sample(full),
        size: Sample::sample(full),
        md5: Sample::sample(full),
        sha256: Sample::sample(full),
        url: Sample::sample(full),
        path: Sample::sample(full),
    };
    Arc<UpgradeOrder> = |full| Self::new(UpgradeOrder {
        upgrade: Sample::sample(full),
        device: Sample::sample(full),
        dialect: Sample::sample(full),
        module: Sample::sample(full),
        name: Sample::sample(full),
        version: Sample::sample(full),
        size: Sample::sample(full),
        md5: Sample::sample(full),
        sha256: Sample::sample(full),
        url: Sample::sample(full),
        path: Sample::sample(full),
        timeout_secs: Sample::sample(full),
        task: Sample::sample(full),
        extras: Sample::sample(full),
        faults: Sample::sample(full),
        replay: Sample::sample(full),
    });
}

impl<S: Sample> Sample for Box<S> {
    fn sample(full: bool) -> Self {
        Self::new(S::sample(full))
    }
}

impl<S: Sample> Sample for Option<S> {
    fn sample(full: bool) -> Self {
        full.then(|| S::sample(full))
    }
}
