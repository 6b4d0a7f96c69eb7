//! TLS as every kind speaks it: whose word is trusted, loaded once and no sooner than needed.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// The largest file of authorities that is read, in bytes.
const CA_FILE_BYTES_MAX: u64 = 1 << 20;

/// Whom a connection trusts.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The machine's authorities.
    Machine,
    /// Those of a file.
    Own(Arc<ClientConfig>),
}

impl Trust {
    /// The authorities of `ca`, read now; else the machine's, read when they are needed.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read or holds no certificate.
    pub fn of(ca: Option<&Path>) -> Result<Self, String> {
        match ca {
            None => Ok(Self::Machine),
            Some(path) => Ok(Self::Own(config_of(Arc::new(roots_of(path)?))?)),
        }
    }

    /// The configuration of a client that verifies its peer.
    ///
    /// # Errors
    /// A sentence, when the machine has no authorities.
    pub async fn config(&self) -> Result<Arc<ClientConfig>, String> {
        match self {
            Self::Own(config) => Ok(Arc::clone(config)),
            Self::Machine => OF_MACHINE.get_or_init(of_machine).await.clone(),
        }
    }
}

/// What trusts the machine's authorities, made once.
static OF_MACHINE: OnceCell<Result<Arc<ClientConfig>, String>> = OnceCell::const_new();

/// Reads the machine's authorities beside the looks: it takes longer than many of them.
async fn of_machine() -> Result<Arc<ClientConfig>, String> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs().certs;
        let (added, _) = roots.add_parsable_certificates(found);
        if added == 0 {
            return Err("no authority to trust was found; name a file with `ca`".to_owned());
        }
        config_of(Arc::new(roots))
    });
    reading.await.unwrap_or_else(|error| Err(format!("failed to read the authorities: {error}")))
}

fn config_of(roots: Arc<RootCertStore>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A resumed session shows the certificate of the first one, checked then: one that has expired
    // since, or that was exchanged, would never be seen.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn roots_of(path: &Path) -> Result<RootCertStore, String> {
    let shown = path.display();
    let length = std::fs::metadata(path).map(|file| file.len());
    let length = length.map_err(|error| format!("failed to read `{shown}`: {error}"))?;
    if length > CA_FILE_BYTES_MAX {
        return Err(format!("`{shown}` is larger than 1 MiB, so it is no file of authorities"));
    }
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("failed to read certificates from `{shown}`: {error}"))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(format!("`{shown}` holds no certificate in PEM form")) } else { Ok(roots) }
}
