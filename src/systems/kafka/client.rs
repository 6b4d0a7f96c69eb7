//! The client library's connection to one cluster: on a thread of its own, because its calls block.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::connect::{Offsets, Rest};
use super::context::{Context, EVENTS_MOST, code_of, config_of};
use super::settings::Kafka;
use super::state::{Committed, Newest};
use super::trouble::{of_client, of_code, of_events};
use crate::domain::time::Stamp;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind, known_cause};

/// How long we wait for the library to tell why something failed.
const EVENT_LIMIT: Duration = Duration::from_millis(50);

/// A client as the thread holds it.
pub(super) struct Client {
    /// Reads records and offsets.
    pub(super) consumer: BaseConsumer<Context>,
    /// Tells ends of all there is, where the other one is given only what is committed.
    pub(super) of_all: Option<BaseConsumer<Context>>,
    /// The longest time for one call.
    pub(super) limit: Duration,
    /// The newest record of each partition, by its end: where that stands still, so does it.
    pub(super) newest: HashMap<(String, i32), (i64, Option<Newest>)>,
    /// Where partitions begin, and when that was asked.
    pub(super) low: Option<(Stamp, Offsets)>,
    /// Where groups stood, and for how many looks more that will do.
    pub(super) groups: HashMap<String, (u32, Committed)>,
    /// Writes records, once it is needed.
    producer: Option<BaseProducer<Context>>,
    config: ClientConfig,
    context: Context,
    place: String,
    user: String,
    names_ca: bool,
    tls: bool,
}

impl Client {
    /// A failure of the library, with the reason that it told beside it, if it did.
    pub(super) fn trouble(&self, error: &KafkaError) -> Trouble {
        // Reasons come as events, and events come to those who poll, each alone.
        for _ in 0..EVENTS_MOST {
            if self.consumer.poll(EVENT_LIMIT).is_none() {
                break;
            }
        }
        let mut trouble = self.told().unwrap_or_else(|| of_client(&self.place, error));
        let anonymous = self.config.get("sasl.mechanism").is_none();
        let advice = [
            (anonymous, "; if it wants a login, name `read`"),
            (!self.tls, "; if it speaks TLS, set `tls = true`"),
        ];
        // It was dialled, so somebody is there, who hangs up on strangers without a word.
        if trouble.kind == TroubleKind::Unreachable {
            let fits = advice.into_iter().filter(|(fits, _)| *fits);
            let words = fits.fold(trouble.to_string(), |all, (_, words)| all + words);
            trouble = Trouble { message: words.into(), ..trouble };
        }
        trouble
    }

    /// The next record or event, if one comes in time. Nothing is kept under our group, so no right
    /// to it is missed.
    pub(super) fn poll(&self, wait: Duration) -> Option<Result<BorrowedMessage<'_>, KafkaError>> {
        let no_right =
            |error: &KafkaError| code_of(error) == Some(RDKafkaErrorCode::GroupAuthorizationFailed);
        self.consumer.poll(wait).filter(|event| !event.as_ref().is_err_and(no_right))
    }

    /// The partitions of a topic, asked for by its name: nothing else tells that it is hidden from
    /// us, and not missing.
    ///
    /// # Errors
    /// When it is either.
    pub(super) fn partitions(&self, topic: &str) -> Result<Vec<i32>, Trouble> {
        let told = self.consumer.fetch_metadata(Some(topic), self.limit);
        let told = told.map_err(|error| self.trouble(&error))?;
        let Some(found) = told.topics().first() else { return Ok(Vec::new()) };
        match found.error() {
            None => Ok(found.partitions().iter().map(MetadataPartition::id).collect()),
            Some(error) => {
                let trouble = of_code(&format!("topic {topic} at {}", self.place), error.into());
                let message = format!("{trouble}; create it, or give the right");
                Err(Trouble::unsent(trouble.kind, message))
            }
        }
    }

    /// The reason that the library told by itself, if it did.
    fn told(&self) -> Option<Trouble> {
        of_events(&self.place, &self.user, self.names_ca, &self.context.events())
    }

    /// A reader of the same settings that tells another group's offsets.
    ///
    /// # Errors
    /// When the library does not take them.
    pub(super) fn of_group(&self, group: &str) -> Result<BaseConsumer<Context>, Trouble> {
        let mut config = self.config.clone();
        config.set("group.id", group);
        reader(&config, &self.context, &self.place)
    }

    /// Writes one record, once, and waits until all brokers that must have it do; tells where it
    /// stands.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn write(
        &mut self,
        topic: &str,
        key: &str,
        value: &str,
        at_ms: i64,
    ) -> Result<(i32, i64), Trouble> {
        self.partitions(topic)?;
        if self.producer.is_none() {
            let mut config = self.config.clone();
            // What is not answered in time is not sent again: its time has passed.
            config.set("acks", "all").set("retries", "0");
            config.set("message.timeout.ms", self.limit.as_millis().to_string());
            let made = config.create_with_context(self.context.clone());
            let made: BaseProducer<Context> =
                made.map_err(|error| of_client(&self.place, &error))?;
            if self.context.token.is_some() {
                made.poll(EVENT_LIMIT);
            }
            self.producer = Some(made);
        }
        let producer = self.producer.as_ref().expect("it was made above");
        let failed =
            |error: &KafkaError| self.told().unwrap_or_else(|| of_client(&self.place, error));
        let delivered = &self.context.delivered;
        *delivered.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let record = BaseRecord::to(topic).key(key).payload(value).timestamp(at_ms);
        producer.send(record).map_err(|(error, _)| failed(&error))?;
        let flushed = producer.flush(self.limit + EVENT_LIMIT);
        let told = delivered.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (told, flushed) {
            (Some(Ok(place)), _) => Ok(place),
            (Some(Err(error)), _) | (None, Err(error)) => Err(failed(&error)),
            (None, Ok(())) => {
                let message = format!("{} did not say whether it has the record", self.place);
                Err(Trouble::new(TroubleKind::Garbage, message))
            }
        }
    }
}

type Job = Box<dyn FnOnce(&mut Client) + Send>;

/// An open connection. Dropping it ends its thread as soon as the call that it is in has ended.
pub struct Session {
    jobs: Sender<Job>,
    limit: Duration,
    rest: Option<Result<Rest, Trouble>>,
}

impl Session {
    /// The longest time for one question.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Connect of this side, or why it cannot be asked; none where the site names none.
    pub(super) fn rest(&self) -> Option<&Result<Rest, Trouble>> {
        self.rest.as_ref()
    }

    /// Has the thread do something, and waits for it. The caller may stop waiting at any time.
    ///
    /// # Errors
    /// What the work ends with, or that its thread is gone.
    pub(super) async fn on<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let gone = || Trouble::new(TroubleKind::Cut, "the client of Kafka ended");
        let (told, hear) = oneshot::channel();
        let job = Box::new(move |client: &mut Client| {
            // Nobody waits any more: that is theirs to decide.
            let _ = told.send(work(client));
        });
        self.jobs.send(job).map_err(|_| gone())?;
        hear.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// Opens a session. The library would try a dead address for as long as it may, and then not say
/// why: so it is dialled once before.
pub(super) async fn connect(
    target: &Target<Kafka>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Session, Trouble> {
    if let Some(peer) = peer
        && target.own.brokers.is_empty()
    {
        let dialled = TcpStream::connect(peer).await;
        dialled.map_err(|error| {
            let other = || Trouble::unsent(TroubleKind::Unreachable, error.to_string());
            known_cause(&target.place, &error).unwrap_or_else(other)
        })?;
    }
    let (config, context) = config_of(target);
    let (jobs, work) = channel::<Job>();
    let (made, hear) = oneshot::channel();
    let (place, user, of) = (target.place.clone(), target.user.clone(), target.clone());
    let (names_ca, tls) = (target.ca.is_some(), target.own.tls);
    let committed_only = target.own.committed_only;
    let run = move || {
        let readers = || {
            let mut of_all = config.clone();
            // It only tells offsets, and looks for no coordinator of a group.
            of_all.set("isolation.level", "read_uncommitted").remove("group.id");
            let of_all = committed_only.then(|| reader(&of_all, &context, &place)).transpose()?;
            Ok((reader(&config, &context, &place)?, of_all))
        };
        let (consumer, of_all) = match readers() {
            Ok(readers) => readers,
            Err(trouble) => {
                let _ = made.send(Err(trouble));
                return;
            }
        };
        let (newest, groups, low, producer) = (HashMap::new(), HashMap::new(), None, None);
        // Four calls at most follow each other in a look.
        let limit = limit / 2;
        #[rustfmt::skip]
        let mut client = Client {
            consumer, of_all, limit, newest, low, groups, producer, config, context, place, user,
            names_ca, tls,
        };
        // It may read a file: nothing but this thread waits for the disk.
        let _ = made.send(Ok(Rest::of(&of)));
        for job in work {
            job(&mut client);
        }
    };
    let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(run);
    thread.map_err(|error| Trouble::unsent(TroubleKind::Ours, error.to_string()))?;
    let gone = |_| Trouble::unsent(TroubleKind::Ours, "the client of Kafka could not be made");
    let rest = hear.await.map_err(gone)??;
    Ok(Session { jobs, limit: limit / 2, rest })
}

fn reader(
    config: &ClientConfig,
    context: &Context,
    place: &str,
) -> Result<BaseConsumer<Context>, Trouble> {
    let made: Result<BaseConsumer<Context>, KafkaError> =
        config.create_with_context(context.clone());
    let made = made.map_err(|error| of_client(place, &error))?;
    if context.token.is_some() {
        // A token is asked for by an event, and events come to those who poll.
        let _ = made.poll(EVENT_LIMIT);
    }
    Ok(made)
}
