//! The blocks of a pcap-ng file (draft-ietf-opsawg-pcapng), little endian.

use std::io::{self, Write};

/// Packets begin with an IP header, of either version.
const LINKTYPE_RAW: u16 = 101;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const SHB_USERAPPL: u16 = 4;

/// The section header and the one interface behind it.
pub(super) fn begin(application: &str, comment: &str, interface: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut body = Vec::new();
    body.extend(0x1A2B_3C4D_u32.to_le_bytes());
    body.extend([1, 0, 0, 0]);
    // How long the section is, nobody knows yet.
    body.extend(u64::MAX.to_le_bytes());
    option(SHB_USERAPPL, application, &mut body);
    option(COMMENT, comment, &mut body);
    end_options(&mut body);
    block(SECTION, &body, out)?;
    let mut body = Vec::new();
    body.extend(LINKTYPE_RAW.to_le_bytes());
    body.extend([0; 2]);
    // No limit of its own; time stamps are microseconds unless said otherwise.
    body.extend(0_u32.to_le_bytes());
    option(IF_NAME, "ota-workbench", &mut body);
    option(IF_DESCRIPTION, interface, &mut body);
    end_options(&mut body);
    block(INTERFACE, &body, out)
}

/// One packet: its bytes as far as they are known, and how many it had on the wire.
pub(super) fn packet(
    unix_micros: u64,
    bytes: &[u8],
    on_wire: u32,
    comment: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut body = Vec::with_capacity(bytes.len() + 64);
    body.extend(0_u32.to_le_bytes());
    let [high, low] = [unix_micros >> 32, unix_micros & u64::from(u32::MAX)];
    for half in [high, low] {
        body.extend(u32::try_from(half).unwrap_or_default().to_le_bytes());
    }
    body.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend(on_wire.to_le_bytes());
    body.extend(bytes);
    pad(&mut body);
    if let Some(comment) = comment {
        option(COMMENT, comment, &mut body);
        end_options(&mut body);
    }
    block(ENHANCED_PACKET, &body, out)
}

fn block(sort: u32, body: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    out.write_all(&sort.to_le_bytes())?;
    out.write_all(&length)?;
    out.write_all(body)?;
    out.write_all(&length)
}

fn option(code: u16, text: &str, body: &mut Vec<u8>) {
    let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend(text);
    pad(body);
}

fn end_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

/// Everything begins at a multiple of four.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
