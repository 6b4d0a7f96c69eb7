//! Amazon's services, and what speaks like them, as every kind of them needs it: one configuration
//! of clients for a region and a user, with bounds on time and on answers.
//!
//! Nothing of it comes from the environment unless the machine's own credentials are wanted: an
//! endpoint, a number of attempts or a profile that was set for something else changes nothing.

pub mod arn;
pub mod beside;
pub mod desk;
pub mod managed;
pub mod metrics;
pub mod moves;
pub mod place;
pub mod trouble;
mod whole;

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
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
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
use place::Place;
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
    /// Where.
    pub at: &'a Place,
    /// As whom.
    pub by: By<'a>,
}

/// By which credentials.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// An access key's id and secret.
    Key(&'a str, &'a SecretString),
    /// Those of a profile of this machine.
    Profile(&'a str),
    /// Those that this machine has.
    Machine,
}

impl<'a> By<'a> {
    /// By what a secret holds, if there is one; a profile is a user without a password.
    ///
    /// # Errors
    /// When it holds a password and no user.
    pub fn of(
        place: &str,
        user: Option<&'a str>,
        secret: Option<&'a SecretString>,
    ) -> Result<Self, Trouble> {
        match (user, secret) {
            (Some(user), Some(secret)) => Ok(Self::Key(user, secret)),
            (Some(user), None) => Ok(Self::Profile(user)),
            (None, None) => Ok(Self::Machine),
            (None, Some(_)) => {
                let why = "names no user: write the access key's id there";
                let words = format!("the secret for {place} {why}");
                Err(Trouble::unsent(TroubleKind::Ours, words))
            }
        }
    }
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
    let region = Region::new(access.at.region.clone());
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(client)
        .retry_config(retries)
        // All of a request is bounded in time already.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(limits);
    let mut config = config.credentials_provider(credentials(access, &region)).build();
    if let Some(url) = &access.at.endpoint {
        config = config.into_builder().endpoint_url(url).build();
    }
    if let Some(role) = &access.at.role {
        // In its own region: the credentials of one must not hang on another.
        let role = AssumeRoleProvider::builder(role).session_name(SESSION_NAME).region(region);
        let role = SharedCredentialsProvider::new(role.configure(&config).build().await);
        config = config.into_builder().credentials_provider(role).build();
    }
    Ok((config, clock))
}

fn credentials(access: &Access<'_>, region: &Region) -> SharedCredentialsProvider {
    let profile = ProfileFileCredentialsProvider::builder();
    match access.by {
        By::Key(key, secret) => {
            let secret = secret.expose_secret();
            SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "site"))
        }
        By::Profile(name) => SharedCredentialsProvider::new(profile.profile_name(name).build()),
        By::Machine => {
            tracing::debug!(%region, "credentials come from this machine");
            let environment = EnvironmentVariableCredentialsProvider::new();
            let token = WebIdentityTokenCredentialsProvider::builder().build();
            let chain = CredentialsProviderChain::first_try("Environment", environment)
                .or_else("Profile", profile.build())
                .or_else("WebIdentityToken", token);
            SharedCredentialsProvider::new(if access.at.instance_role {
                chain.or_else("Instance", ImdsCredentialsProvider::builder().build())
            } else {
                chain
            })
        }
    }
}

async fn http_client(access: &Access<'_>, clock: PeerClock) -> Result<SharedHttpClient, Trouble> {
    let inner = if access.at.speaks_tls() {
        let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
        let trusted = match &access.at.ca {
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
    } else {
        Builder::new().build_http()
    };
    Ok(http_client_fn(move |settings, components| {
        let inner = inner.http_connector(settings, components);
        SharedHttpConnector::new(Bounded { inner, clock: clock.clone() })
    }))
}

/// A connector whose answers are bounded in size, whole where they are XML, and tell the time.
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
            *answer.body_mut() = if whole::is_xml(&answer) {
                whole::read(body).await?
            } else {
                SdkBody::from_body_1_x(body)
            };
            Ok(answer)
        })
    }
}

/// Whoever asks, as the service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// The user or role, with its account: `arn:aws:sts::123456789012:assumed-role/dr/warroom`.
    pub arn: String,
}

/// Who a configuration's credentials belong to. Asking needs no right.
///
/// # Errors
/// When it cannot be told.
pub async fn caller(config: &SdkConfig, place: &str, user: &str) -> Result<Caller, Trouble> {
    let asked = Asked { place, user, right: "sts:GetCallerIdentity" };
    let told = Box::pin(aws_sdk_sts::Client::new(config).get_caller_identity().send()).await;
    let told = told.map_err(|error| of_sdk(&error, &asked))?;
    let nameless = || Trouble::new(TroubleKind::Garbage, format!("{place} told no account"));
    let account = told.account.ok_or_else(nameless)?;
    Ok(Caller { account, arn: told.arn.unwrap_or_default() })
}

/// When a configuration's credentials end, in milliseconds since 1970; none for those that do not,
/// or that cannot be had now.
pub async fn expires_ms(config: &SdkConfig) -> Option<i64> {
    let credentials = config.credentials_provider()?.provide_credentials().await.ok()?;
    let left = credentials.expiry()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(left.as_millis()).ok()
}
