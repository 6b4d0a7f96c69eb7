//! Amazon's services, and what speaks like them, as every kind of them needs it: one configuration
//! of clients for a region and a user, with bounds on time and on answers.
//!
//! Nothing of it comes from the environment unless the machine's own credentials are wanted: an
//! endpoint, a number of attempts or a profile that was set for something else changes nothing.

pub mod arn;
pub mod beside;
pub mod charge;
pub mod desk;
pub mod managed;
pub mod metrics;
pub mod moves;
pub mod place;
mod slot;
pub mod trouble;
mod whole;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
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
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::SystemTimeSource;
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

use super::paced;
use super::trouble::{Trouble, TroubleKind};
use charge::Payee;
use place::{Opened, Place};
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

/// For how long the credentials of an assumed role last.
const ROLE_LASTS: Duration = Duration::from_secs(3600);

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

    /// What the user is called.
    fn user(&self) -> &'a str {
        match self {
            Self::Key(user, _) | Self::Profile(user) => user,
            Self::Machine => MACHINE,
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
pub async fn configure(access: &Access<'_>) -> Result<Opened, Trouble> {
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
        // Who assumes a role wants to know it.
        .time_source(SystemTimeSource::new())
        // One for all clients that are made from it: each would have credentials of its own.
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(retries)
        // All of a request is bounded in time already.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(limits);
    let (own, lasting) = credentials(access, &region);
    let mut config = config.credentials_provider(own).build();
    if let Some(url) = &access.at.endpoint {
        config = config.into_builder().endpoint_url(url).build();
    }
    if let Some(role) = &access.at.role {
        // In its own region: the credentials of one must not hang on another.
        let role = AssumeRoleProvider::builder(role).session_name(SESSION_NAME).region(region);
        let role = role.session_length(ROLE_LASTS).configure(&config).build().await;
        let role = SharedCredentialsProvider::new(Renewed(role));
        config = config.into_builder().credentials_provider(role).build();
    }
    Ok(Opened { config, clock, lasting })
}

/// Whose credentials are used, and of these what may end without being renewed: a role, a token of
/// the machine's and its metadata service give new ones by themselves.
fn credentials(
    access: &Access<'_>,
    region: &Region,
) -> (SharedCredentialsProvider, Option<SharedCredentialsProvider>) {
    let profile = ProfileFileCredentialsProvider::builder();
    match access.by {
        By::Key(key, secret) => {
            let key = Credentials::new(key, secret.expose_secret(), None, None, "site");
            (SharedCredentialsProvider::new(key), None)
        }
        By::Profile(name) => {
            let profile = SharedCredentialsProvider::new(profile.profile_name(name).build());
            (profile.clone(), Some(profile))
        }
        By::Machine => {
            tracing::debug!(%region, "credentials come from this machine");
            let environment = EnvironmentVariableCredentialsProvider::new();
            let written = CredentialsProviderChain::first_try("Environment", environment)
                .or_else("Profile", profile.build());
            let written = SharedCredentialsProvider::new(written);
            let token = WebIdentityTokenCredentialsProvider::builder().build();
            let chain = CredentialsProviderChain::first_try("Written", written.clone())
                .or_else("WebIdentityToken", token);
            let all = SharedCredentialsProvider::new(if access.at.instance_role {
                chain.or_else("Instance", ImdsCredentialsProvider::builder().build())
            } else {
                chain
            });
            (all, Some(written))
        }
    }
}

/// A role's credentials, which are asked for as often as they end and by nobody's looks.
#[derive(Debug)]
struct Renewed(AssumeRoleProvider);

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(paced::each(ROLE_LASTS, self.0.provide_credentials()))
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
    let payee = Payee::of(access.at, access.by.user());
    Ok(http_client_fn(move |settings, components| {
        let inner = inner.http_connector(settings, components);
        SharedHttpConnector::new(Bounded { inner, clock: clock.clone(), payee: payee.clone() })
    }))
}

/// A connector whose requests are counted, and whose answers are bounded in size, whole where they
/// are XML, and tell the time.
#[derive(Debug)]
struct Bounded {
    inner: SharedHttpConnector,
    clock: PeerClock,
    payee: Payee,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.payee.count(&request);
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

/// When credentials end, in milliseconds since 1970; none for those that do not, or that cannot be
/// had now.
pub async fn expires_ms(lasting: &SharedCredentialsProvider) -> Option<i64> {
    let credentials = lasting.provide_credentials().await.ok()?;
    let left = credentials.expiry()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(left.as_millis()).ok()
}
