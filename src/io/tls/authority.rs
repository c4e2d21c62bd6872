//! The workbench's own certificate authority: made once, kept in the data folder, and trusted by whoever was given its
//! certificate.

use crate::event::Trouble;
use crate::io::folder;
use chrono::Datelike;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file with the certificate, which everybody may have.
const CERTIFICATE: &str = "ca.pem";
/// The file with the private key, which nobody else may have.
const KEY: &str = "ca-key.pem";
/// How many years the authority's own certificate lasts: longer than a device is on a bench.
const AUTHORITY_YEARS: i32 = 20;
/// How many years a server's certificate lasts; there is a new one at every start.
const SERVER_YEARS: i32 = 2;

/// A certificate authority that can issue certificates for this computer.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

/// A server's certificate with its key.
pub(super) type Issued = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    /// The authority kept in this folder; a new one the first time. Should only its certificate be missing, it is made
    /// again: devices that trust the old one trust the new one.
    ///
    /// # Errors
    /// `ca-unusable` with `path` and `detail`: a file cannot be read, written or understood.
    pub fn open(folder: &Path) -> Result<Self, Trouble> {
        let (key_file, certificate_file) = (folder.join(KEY), folder.join(CERTIFICATE));
        let key = match read(&key_file)? {
            Some(pem) => KeyPair::from_pem(&pem).map_err(|error| unusable(&key_file, error))?,
            // A new key would not fit the certificate that devices already have.
            None if certificate_file.exists() => return Err(unusable(&key_file, "not found")),
            None => make_key(folder, &key_file)?,
        };
        let params = params(&key, &certificate_file)?;
        let certificate_pem = if let Some(pem) = read(&certificate_file)? {
            pem
        } else {
            let made = params.self_signed(&key).map_err(|error| unusable(&certificate_file, error))?.pem();
            write_new(&certificate_file, &made, false).map_err(|error| unusable(&certificate_file, error))?;
            made
        };
        check(&certificate_pem, &key).map_err(|detail| unusable(&certificate_file, detail))?;
        Ok(Self { issuer: Issuer::new(params, key), certificate_pem })
    }

    /// The certificate to be put into devices, as PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a certificate for a server under these names and addresses.
    pub(super) fn issue(&self, names: impl IntoIterator<Item = String>) -> Result<Issued, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.into_iter().collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "OTA Workbench");
        params.use_authority_key_identifier_extension = true;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        lasting(&mut params, SERVER_YEARS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }
}

/// Valid from the beginning of time: the clock of a device that was just switched on stands there.
fn lasting(params: &mut CertificateParams, years: i32) {
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(chrono::Utc::now().year() + years, 12, 31);
}

/// What the authority says of itself. All of it but the end of its life follows from its key, so that it can be said again.
fn params(key: &KeyPair, file: &Path) -> Result<CertificateParams, Trouble> {
    let mut params = CertificateParams::new(Vec::new()).map_err(|error| unusable(file, error))?;
    let digest = Sha256::digest(key.der_bytes());
    let name = format!("OTA Workbench CA {:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasting(&mut params, AUTHORITY_YEARS);
    Ok(params)
}

fn make_key(folder: &Path, file: &Path) -> Result<KeyPair, Trouble> {
    let key = KeyPair::generate().map_err(|error| unusable(file, error))?;
    folder::make(folder).map_err(|error| unusable(folder, error))?;
    match write_new(file, &key.serialize_pem(), true) {
        Ok(()) => Ok(key),
        // Another workbench was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let pem = read(file)?.unwrap_or_default();
            KeyPair::from_pem(&pem).map_err(|error| unusable(file, error))
        }
        Err(error) => Err(unusable(file, error)),
    }
}

/// Whether this is a certificate of the authority with this key.
fn check(pem: &str, key: &KeyPair) -> Result<(), String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
    RootCertStore::empty().add(certificate.clone()).map_err(|error| error.to_string())?;
    let public = key.der_bytes();
    if certificate.windows(public.len()).any(|part| part == public) {
        Ok(())
    } else {
        Err(format!("it does not belong to {KEY}"))
    }
}

fn read(file: &Path) -> Result<Option<String>, Trouble> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(file, error)),
    }
}

/// Writes a file that is not there yet.
fn write_new(file: &Path, text: &str, secret: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    // Elsewhere the user's own folder keeps others out.
    #[cfg(not(unix))]
    let _ = secret;
    options.open(file)?.write_all(text.as_bytes())
}

fn unusable(path: &Path, detail: impl Display) -> Trouble {
    Trouble::new("ca-unusable").with("path", path.display()).with("detail", detail)
}

/// Where the authority is kept in a data folder.
#[must_use]
pub fn folder_in(data: &Path) -> PathBuf {
    data.join("tls")
}

#[cfg(test)]
mod tests {
    use super::{Authority, CERTIFICATE, KEY};
    use std::fs;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_for_its_owner_only() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep").join("tls");
        let first = Authority::open(&folder).unwrap();
        let again = Authority::open(&folder).unwrap();
        assert_eq!(first.certificate_pem(), again.certificate_pem());
        assert!(first.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(!first.certificate_pem().contains("PRIVATE"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.join(KEY)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "nobody else reads the private key");
        }
    }

    #[test]
    fn a_lost_certificate_is_made_again_and_a_lost_key_is_told() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path()).unwrap();
        fs::remove_file(folder.path().join(CERTIFICATE)).unwrap();
        Authority::open(folder.path()).unwrap();
        fs::remove_file(folder.path().join(KEY)).unwrap();
        let trouble = Authority::open(folder.path()).err().unwrap();
        assert_eq!(trouble.code, "ca-unusable");
        assert!(trouble.arg("path").unwrap().ends_with(KEY));
    }

    fn check_broken(name: &str, text: &str) {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let trouble = Authority::open(folder.path()).err().unwrap();
        assert_eq!(trouble.code, "ca-unusable", "{name}");
        assert!(trouble.arg("path").unwrap().ends_with(name), "{trouble:?}");
        assert!(!format!("{trouble:?}").contains("PRIVATE"), "{trouble:?}");
    }

    #[test]
    fn a_broken_file_is_named() {
        let other = tempfile::tempdir().unwrap();
        let other = Authority::open(other.path()).unwrap();
        check_broken(CERTIFICATE, other.certificate_pem());
        check_broken(CERTIFICATE, "");
        check_broken(CERTIFICATE, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        check_broken(KEY, "");
        check_broken(KEY, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    }
}
