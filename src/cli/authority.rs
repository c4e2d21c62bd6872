//! `ca`: the certificate of the workbench's own authority, to be put into devices.

use super::args::CaArgs;
use super::{Ended, Exit, print};
use crate::event::Trouble;
use crate::io::folder;
use crate::io::tls::{Authority, folder_in};

pub fn run(args: &CaArgs) -> Result<Exit, Ended> {
    let data = folder::data(args.data.as_deref()).map_err(Ended::unusable)?;
    let authority = Authority::open(&folder_in(&data)).map_err(Ended::unusable)?;
    let pem = authority.certificate_pem();
    match &args.out {
        None => print::line(pem.trim_end()),
        Some(file) => std::fs::write(file, pem).map_err(|error| {
            Ended::unusable(Trouble::new("file-unwritable").with("path", file.display()).with("detail", error))
        })?,
    }
    Ok(Exit::Done)
}
