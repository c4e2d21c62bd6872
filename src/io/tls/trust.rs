//! Whom we trust when we are the client, and who we say we are: for external brokers and simulated devices.

use super::certificates::provider;
use crate::event::Trouble;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The system's certificate authorities, read once.
static SYSTEM: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();

/// Whom a client of ours trusts, and the certificate it shows. Servers are always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// A file with the authorities that are trusted; the system's when absent.
    pub ca: Option<PathBuf>,
    /// A file with the certificate to show, and those above it.
    pub certificate: Option<PathBuf>,
    /// The file with its private key.
    pub key: Option<PathBuf>,
    /// Our own authority, as PEM: a device of this bench trusts it beside the others.
    pub own: Option<Arc<str>>,
}

impl Trust {
    /// The same, and our own authority as well.
    #[must_use]
    pub fn with_own(self, certificate_pem: &str) -> Self {
        Self { own: Some(certificate_pem.into()), ..self }
    }

    /// Whether the files given can be used.
    ///
    /// # Errors
    /// `bad-certificate-file` or `bad-key-file`, with `path` and `detail`.
    pub fn check(&self) -> Result<(), Trouble> {
        match self {
            Self { ca: None, certificate: None, key: None, .. } => Ok(()),
            // The system's authorities are not looked at before they are needed.
            Self { ca: None, own: None, .. } => self.shown().map(drop),
            _ => self.client_config().map(drop),
        }
    }

    /// What rustls needs to know.
    ///
    /// # Errors
    /// `bad-certificate-file` or `bad-key-file`, with `path` and `detail`; `no-system-ca`.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, Trouble> {
        let mut roots = RootCertStore::empty();
        // Some systems ship authorities that are not quite right; those are left out.
        let (usable, _) = roots.add_parsable_certificates(self.roots()?);
        if usable == 0 {
            return Err(match &self.ca {
                Some(file) => bad("bad-certificate-file", file, "no certificate of an authority in it"),
                None => Trouble::new("no-system-ca"),
            });
        }
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = builder.map_err(|error| Trouble::new("tls-not-started").with("detail", error))?;
        let builder = builder.with_root_certificates(roots);
        let Some((chain, key)) = self.shown()? else { return Ok(Arc::new(builder.with_no_client_auth())) };
        let file = self.key.as_deref().or(self.certificate.as_deref()).unwrap_or(Path::new(""));
        let config = builder.with_client_auth_cert(chain, key).map_err(|error| bad("bad-key-file", file, error))?;
        Ok(Arc::new(config))
    }

    /// The authorities that are trusted.
    ///
    /// # Errors
    /// `bad-certificate-file`, with `path` and `detail`.
    pub fn roots(&self) -> Result<Vec<CertificateDer<'static>>, Trouble> {
        let mut roots = match &self.ca {
            Some(file) => certificates(file)?,
            None => SYSTEM.get_or_init(|| rustls_native_certs::load_native_certs().certs).clone(),
        };
        let own = self.own.as_deref().unwrap_or_default();
        roots.extend(CertificateDer::pem_slice_iter(own.as_bytes()).filter_map(Result::ok));
        Ok(roots)
    }

    /// The certificate to show and those above it, and its key.
    fn shown(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, Trouble> {
        let Some(file) = &self.certificate else { return Ok(None) };
        let chain = certificates(file)?;
        // Some tools put both into one file.
        let key_file = self.key.as_ref().unwrap_or(file);
        let key = PrivateKeyDer::from_pem_slice(&read("bad-key-file", key_file)?)
            .map_err(|error| bad("bad-key-file", key_file, error))?;
        Ok(Some((chain, key)))
    }
}

/// The certificates in a file, PEM or, as some vendors hand them out, DER.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let bytes = read("bad-certificate-file", file)?;
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes)]);
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| bad("bad-certificate-file", file, error))?;
    if found.is_empty() { Err(bad("bad-certificate-file", file, "no certificate in it")) } else { Ok(found) }
}

fn read(code: &'static str, file: &Path) -> Result<Vec<u8>, Trouble> {
    std::fs::read(file).map_err(|error| bad(code, file, error))
}

fn bad(code: &'static str, file: &Path, detail: impl Display) -> Trouble {
    Trouble::new(code).with("path", file.display()).with("detail", detail)
}

#[cfg(test)]
mod tests {
    use super::{CertificateDer, PemObject, Trust};
    use crate::io::tls::Authority;

    fn check(trust: &Trust, code: Option<&str>) {
        let refused = trust.check().err();
        assert_eq!(refused.as_ref().map(|trouble| &*trouble.code), code, "{refused:?}");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_before_anything_connects() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let at = |name: &str| Some(folder.path().join(name));
        std::fs::write(folder.path().join("empty.pem"), "").unwrap();
        check(&Trust::default(), None);
        check(&Trust::default().with_own(authority.certificate_pem()), None);
        check(&Trust { ca: at("ca.pem"), ..Trust::default() }, None);
        check(&Trust { ca: at("missing.pem"), ..Trust::default() }, Some("bad-certificate-file"));
        check(&Trust { ca: at("empty.pem"), ..Trust::default() }, Some("bad-certificate-file"));
        check(&Trust { ca: at("ca-key.pem"), ..Trust::default() }, Some("bad-certificate-file"));
        let shown = |key| Trust { ca: at("ca.pem"), certificate: at("ca.pem"), key: at(key), ..Trust::default() };
        check(&shown("ca-key.pem"), None);
        check(&shown("ca.pem"), Some("bad-key-file"));
        check(&Trust { key: None, ..shown("") }, Some("bad-key-file"));
        check(&Trust { ca: None, ..shown("missing.pem") }, Some("bad-key-file"));
    }

    #[test]
    fn an_authority_in_der_is_taken_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let file = folder.path().join("ca.crt");
        let der = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap();
        std::fs::write(&file, der).unwrap();
        check(&Trust { ca: Some(file), ..Trust::default() }, None);
    }
}
