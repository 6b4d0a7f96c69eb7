//! Which authorities vouch for a TLS peer: the machine's, read once and late, or those of a file.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// The largest file of authorities that is read, in bytes.
const CA_FILE_BYTES_MAX: u64 = 1 << 20;

/// The machine's authorities, once somebody needed them.
static MACHINE: OnceCell<Arc<RootCertStore>> = OnceCell::const_new();

/// Files of authorities that are in use, each with its store: many sides name the same file.
static FILES: Mutex<Vec<(Vec<u8>, Weak<RootCertStore>)>> = Mutex::new(Vec::new());

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

/// Whom a side trusts.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The machine's authorities; `SSL_CERT_FILE` and `SSL_CERT_DIR` count.
    Machine,
    /// Only those of a file.
    File(Arc<RootCertStore>),
}

impl Trust {
    /// Trusts the machine's authorities, which are not read yet, or those of `ca`, which are.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read or holds no certificate.
    pub fn of(ca: Option<&Path>) -> Result<Self, String> {
        ca.map_or(Ok(Self::Machine), |path| roots_of(path).map(Self::File))
    }

    /// A verifying TLS client that offers `protocols`. The machine's authorities are read on a
    /// thread: that takes longer than many a look.
    ///
    /// # Errors
    /// A sentence, when there is no authority at all or TLS cannot be set up.
    pub async fn client(&self, protocols: &[&[u8]]) -> Result<ClientConfig, String> {
        let roots = match self {
            Self::File(roots) => roots,
            Self::Machine => {
                let read = || tokio::task::spawn_blocking(machine_roots);
                MACHINE.get_or_try_init(read).await.map_err(|error| error.to_string())?
            }
        };
        if roots.is_empty() {
            return Err("no authority to trust was found; name a file with `ca`".to_owned());
        }
        config(Arc::clone(roots), protocols)
    }
}

fn config(roots: Arc<RootCertStore>, protocols: &[&[u8]]) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("failed to set up TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    // A resumed session shows the certificate of the first one, checked then: one that has expired
    // since, or that was exchanged, would never be seen.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn machine_roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
}

fn roots_of(path: &Path) -> Result<Arc<RootCertStore>, String> {
    let shown = path.display();
    let unread = |error| format!("failed to read `{shown}`: {error}");
    if std::fs::metadata(path).map_err(unread)?.len() > CA_FILE_BYTES_MAX {
        return Err(format!("`{shown}` is larger than 1 MiB, so it is no file of authorities"));
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|(_, roots)| roots.strong_count() > 0);
    if let Some(known) =
        files.iter().find_map(|(read, roots)| roots.upgrade().filter(|_| *read == bytes))
    {
        return Ok(known);
    }
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("failed to read certificates from `{shown}`: {error}"))?;
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(format!("`{shown}` holds no certificate in PEM form"));
    }
    let roots = Arc::new(roots);
    files.push((bytes, Arc::downgrade(&roots)));
    Ok(roots)
}
