//! Requests signed as a provider wants them: Signature Version 4, with an access key of a secret.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use url::Url;

use crate::port::Clock;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Who signs, for which region and service.
pub struct Signer {
    /// The region.
    pub region: String,
    /// The service, such as `es`.
    pub service: String,
    /// The access key id.
    pub key: String,
    /// Its secret key.
    pub secret: secrecy::SecretString,
    /// The time, which a signature holds.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Signer {
    /// Adds the headers that sign a request.
    ///
    /// # Errors
    /// When it cannot be signed as it is.
    pub(super) fn sign(
        &self,
        method: &Method,
        url: &Url,
        body: &[u8],
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        let fault = |why: String| Trouble::unsent(TroubleKind::Ours, format!("not signed: {why}"));
        let secret = secrecy::ExposeSecret::expose_secret(&self.secret);
        let identity = Credentials::new(&self.key, secret, None, None, "warroom").into();
        let wall_ms = u64::try_from(self.clock.now().wall_ms).unwrap_or(0);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(wall_ms))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| fault(error.to_string()))?
            .into();
        let (method, body) = (method.as_str(), SignableBody::Bytes(body));
        let request = SignableRequest::new(method, url.as_str(), std::iter::empty(), body)
            .map_err(|error| fault(error.to_string()))?;
        let signed = sign(request, &params).map_err(|error| fault(error.to_string()))?;
        for (name, value) in signed.output().headers() {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|error| fault(error.to_string()))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|error| fault(error.to_string()))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }
}
