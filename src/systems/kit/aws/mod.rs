//! Amazon's services, and what speaks like them, as every kind of them needs it: one configuration
//! of clients for a region and a user, with bounds on time and on answers.
//!
//! Nothing of it comes from the environment unless the machine's own credentials are wanted: an
//! endpoint, a number of attempts or a profile that was set for something else changes nothing.

pub mod metrics;
pub mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use http_body_util::Limited;
use secrecy::{ExposeSecret as _, SecretString};

use super::trouble::{Trouble, TroubleKind};
use trouble::{Asked, of_sdk};

/// The longest time for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// The longest time until an answer begins.
const READ_LIMIT: Duration = Duration::from_secs(2);

/// The longest time for one attempt.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);

/// The longest time for one request, with its attempts and the pauses between them.
const OPERATION_LIMIT: Duration = Duration::from_millis(4800);

/// How often a request is tried.
const ATTEMPTS: u32 = 2;

/// The longest pause before the second attempt: what is refused at once is told at once.
const PAUSE_MOST: Duration = Duration::from_millis(50);

/// The most bytes of one answer.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// What sessions of an assumed role are called there.
const SESSION_NAME: &str = "warroom";

/// Who the machine's own credentials are, in sentences.
pub const MACHINE: &str = "(the machine's own credentials)";

/// Where and as whom.
pub struct Access<'a> {
    /// What it is called in sentences.
    pub place: &'a str,
    /// The region, as requests are signed for it.
    pub region: &'a str,
    /// The address, where it is not Amazon's own for that region.
    pub endpoint: Option<&'a str>,
    /// The access key's name and secret; else the machine's own credentials.
    pub key: Option<(&'a str, &'a SecretString)>,
    /// The role to act as.
    pub role: Option<&'a str>,
    /// True where the machine may get its credentials from the metadata service of its cloud.
    pub instance_role: bool,
    /// The file of the authorities to trust.
    pub ca: Option<&'a Path>,
}

/// The clock of whoever answers, as its answers tell it: to the second, and never ahead.
#[derive(Debug, Clone, Default)]
pub struct PeerClock(Arc<AtomicI64>);

impl PeerClock {
    fn hear(&self, date: &str) {
        let told = DateTime::from_str(date, Format::HttpDate).ok();
        if let Some(ms) = told.and_then(|told| told.to_millis().ok()) {
            self.0.store(ms, Ordering::Relaxed);
        }
    }

    /// What it showed at the last answer, in milliseconds since 1970; none before the first one.
    pub fn last_ms(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ms| *ms > 0)
    }
}

/// What clients of one region are made from, as one user.
///
/// # Errors
/// When the authorities cannot be read.
pub async fn configure(access: &Access<'_>) -> Result<(SdkConfig, PeerClock), Trouble> {
    let clock = PeerClock::default();
    let client = http_client(access, clock.clone()).await?;
    let limits = TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(READ_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(OPERATION_LIMIT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(PAUSE_MOST)
        .with_max_backoff(PAUSE_MOST);
    let region = Region::new(access.region.to_owned());
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(client)
        .retry_config(retries)
        // All of a request is bounded in time already.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(limits);
    let mut config = config.credentials_provider(credentials(access, &region)).build();
    if let Some(url) = access.endpoint {
        config = config.into_builder().endpoint_url(url).build();
    }
    if let Some(role) = access.role {
        let role = AssumeRoleProvider::builder(role).session_name(SESSION_NAME).region(region);
        let role = SharedCredentialsProvider::new(role.configure(&config).build().await);
        config = config.into_builder().credentials_provider(role).build();
    }
    Ok((config, clock))
}

fn credentials(access: &Access<'_>, region: &Region) -> SharedCredentialsProvider {
    if let Some((key, secret)) = access.key {
        let secret = secret.expose_secret();
        return SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "site"));
    }
    let profile = ProfileFileCredentialsProvider::builder().build();
    let environment = EnvironmentVariableCredentialsProvider::new();
    let token = WebIdentityTokenCredentialsProvider::builder().build();
    let chain = CredentialsProviderChain::first_try("Environment", environment)
        .or_else("Profile", profile)
        .or_else("WebIdentityToken", token);
    tracing::debug!(%region, "credentials come from this machine");
    SharedCredentialsProvider::new(if access.instance_role {
        chain.or_else("Instance", ImdsCredentialsProvider::builder().build())
    } else {
        chain
    })
}

async fn http_client(access: &Access<'_>, clock: PeerClock) -> Result<SharedHttpClient, Trouble> {
    let inner = if access.endpoint.is_some_and(|url| url.starts_with("http://")) {
        Builder::new().build_http()
    } else {
        let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
        let trusted = match access.ca {
            Some(path) => {
                let pem = tokio::fs::read(path).await;
                let unread = |error| ours(format!("{} cannot be read: {error}", path.display()));
                TrustStore::empty().with_pem_certificate(pem.map_err(unread)?)
            }
            None => TrustStore::default(),
        };
        let context = TlsContext::builder().with_trust_store(trusted).build();
        let context = context.map_err(|error| ours(format!("TLS cannot be set up: {error}")))?;
        let provider = Provider::Rustls(CryptoMode::AwsLc);
        Builder::new().tls_provider(provider).tls_context(context).build_https()
    };
    Ok(http_client_fn(move |settings, components| {
        let inner = inner.http_connector(settings, components);
        SharedHttpConnector::new(Bounded { inner, clock: clock.clone() })
    }))
}

/// A connector whose answers are bounded in size, and tell the time.
#[derive(Debug)]
struct Bounded {
    inner: SharedHttpConnector,
    clock: PeerClock,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, clock) = (self.inner.call(request), self.clock.clone());
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            if let Some(date) = answer.headers().get("date") {
                clock.hear(date);
            }
            let body = Limited::new(answer.take_body(), ANSWER_BYTES_MAX);
            *answer.body_mut() = SdkBody::from_body_1_x(body);
            Ok(answer)
        })
    }
}

/// The account that a configuration's credentials belong to. Asking needs no right.
///
/// # Errors
/// When it cannot be told.
pub async fn account(config: &SdkConfig, place: &str, user: &str) -> Result<String, Trouble> {
    let asked = Asked { place, user, right: "sts:GetCallerIdentity" };
    let told = Box::pin(aws_sdk_sts::Client::new(config).get_caller_identity().send()).await;
    let told = told.map_err(|error| of_sdk(&error, &asked))?;
    let nameless = || Trouble::new(TroubleKind::Garbage, format!("{place} told no account"));
    told.account.ok_or_else(nameless)
}
