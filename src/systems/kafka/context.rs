//! What the library is told of a cluster, and what it tells by itself.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use secrecy::ExposeSecret as _;

use super::settings::Kafka;
use crate::systems::kit::server::Target;

/// Whose offsets are read where no group of users is meant; nothing is ever kept under it.
const OUR_GROUP: &str = "warroom";

/// The least and the largest part of a batch that is asked for: the newest record is in its last.
const FETCH_BYTES: u32 = 64 * 1024;

/// The most that the library keeps of what it read ahead, in KiB.
const QUEUE_KIB: u32 = 4096;

/// The most of its reasons that are kept.
pub(super) const EVENTS_MOST: usize = 16;

/// Where a record stands that was written, or why it is not known.
pub(super) type Delivered = Result<(i32, i64), KafkaError>;

/// What the library tells by itself: why brokers cannot be reached.
#[derive(Clone, Default)]
pub(super) struct Context {
    events: Arc<Mutex<Vec<(KafkaError, String)>>>,
    pub(super) delivered: Arc<Mutex<Option<Delivered>>>,
    pub(super) token: Option<(String, String)>,
}

impl Context {
    pub(super) fn events(&self) -> Vec<(KafkaError, String)> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, _facility: &str, message: &str) {
        tracing::debug!(?level, message, "the library of Kafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down says less than why.
        let says = code_of(&error) != Some(RDKafkaErrorCode::AllBrokersDown);
        if says && events.len() < EVENTS_MOST {
            events.push((error, reason.to_owned()));
        }
    }

    fn generate_oauth_token(
        &self,
        _config: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let (token, principal_name) = self.token.clone().ok_or("no token is configured")?;
        // It is asked for anew with each session; the broker refuses one that has expired.
        let lifetime_ms = i64::MAX / 1_000_000;
        Ok(OAuthToken { token, principal_name, lifetime_ms })
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        let told = match delivered {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        *self.delivered.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }
}

/// What the library is told.
pub(super) fn config_of(target: &Target<Kafka>) -> (ClientConfig, Context) {
    let (own, ms) = (&target.own, |ms: u32| ms.to_string());
    let brokers: Vec<String> =
        std::iter::once(target.endpoint.place()).chain(own.brokers.iter().cloned()).collect();
    // A secret for acting alone is none for watching: who has none shows none.
    let login = own.sasl.zip(target.secret.as_ref());
    let protocol = match (login.is_some(), own.tls) {
        (false, false) => "plaintext",
        (false, true) => "ssl",
        (true, false) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    };
    let isolation = if own.committed_only { "read_committed" } else { "read_uncommitted" };
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers.join(","))
        .set("client.id", "warroom")
        .set("group.id", OUR_GROUP)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        .set("isolation.level", isolation)
        .set("fetch.wait.max.ms", ms(100))
        .set("fetch.message.max.bytes", ms(FETCH_BYTES))
        .set("queued.max.messages.kbytes", ms(QUEUE_KIB))
        .set("socket.connection.setup.timeout.ms", ms(3000))
        .set("reconnect.backoff.ms", ms(50))
        .set("reconnect.backoff.max.ms", ms(500))
        .set("security.protocol", protocol)
        .set_log_level(RDKafkaLogLevel::Warning);
    if own.tls {
        let ca = target.ca.as_ref().map(|path| path.display().to_string());
        config.set("ssl.ca.location", ca.unwrap_or_else(|| "probe".to_owned()));
    }
    let mut context = Context::default();
    if let Some((mechanism, secret)) = login {
        config.set("sasl.mechanism", mechanism.to_uppercase());
        if mechanism == "oauthbearer" {
            context.token = Some((secret.expose_secret().to_owned(), target.user.clone()));
        } else {
            config.set("sasl.username", &target.user);
            config.set("sasl.password", secret.expose_secret());
        }
    }
    (config, context)
}

/// What a code of the library or of a broker means.
pub(super) fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    error.rdkafka_error_code()
}
