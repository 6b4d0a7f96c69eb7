//! Virtual time, and attempts performed in it: many at once, none of them in a process of its own.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use warroom::domain::preview::Standing;
use warroom::domain::run::commit::{Execution, IntentRecord};
use warroom::domain::run::event::{Cause, Outcome, Warrant};
use warroom::domain::text::Clean;
use warroom::domain::time::Stamp;
use warroom::port::{Boxed, Clock, OperateError, Operator, Output};
use warroom::runtime::runner::meeting::other_server;
use warroom::sim::Pause;

use crate::stand::HandClock;

/// Waits on the virtual clock; polled after every step of it.
struct Nap {
    clock: Arc<HandClock>,
    until: u64,
}

impl Future for Nap {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.clock.now().boot_ms >= self.until { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn nap(clock: &Arc<HandClock>, time: Duration) -> Nap {
    let ms = u64::try_from(time.as_millis()).expect("a short time");
    Nap { clock: Arc::clone(clock), until: clock.now().boot_ms + ms }
}

/// The operators' way of waiting.
pub struct Patience(pub Arc<HandClock>);

impl Pause for Patience {
    fn pause(&self, time: Duration) -> Boxed<'_, ()> {
        Box::pin(nap(&self.0, time))
    }
}

/// Lines that an attempt printed and nobody took yet.
#[derive(Clone, Default)]
pub struct Printed(Arc<Mutex<Vec<Clean>>>);

impl Printed {
    pub fn take(&self) -> Vec<Clean> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Output for Printed {
    fn line(&mut self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Clean::new(line));
    }
}

/// Something that goes on in virtual time.
pub type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// Takes one look at whether the work is done.
pub fn poll<T>(work: &mut Work<T>) -> Option<T> {
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Finishes work that needs no time.
pub fn now<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a look at the simulated world takes no time"),
    }
}

/// What a runner has of its grant.
#[derive(Clone)]
pub struct Granted {
    /// The attempt.
    pub intent: IntentRecord,
    /// Its terms.
    pub warrant: Warrant,
    /// True once the console took it back.
    pub void: Arc<AtomicBool>,
}

impl Granted {
    /// What keeps the attempt from being made.
    fn withdrawn(&self, now: Stamp) -> Option<Outcome> {
        let never = |why: &str| {
            let message = format!("{why}: nothing was done").into();
            Some(Outcome::Failed { cause: Cause::Expired, message })
        };
        if self.void.load(Ordering::SeqCst) {
            return never("its grant was taken back");
        }
        if self.warrant.is_good(now) { None } else { never("its grant had run out") }
    }
}

/// Performs an attempt as its runner does: never on a grant that is no longer good, never on
/// another server, never what is so already, never without knowing.
pub fn perform(
    clock: Arc<HandClock>,
    mut operator: Box<dyn Operator>,
    granted: Granted,
    mut printed: Printed,
) -> Work<Outcome> {
    Box::pin(async move {
        if let Some(never) = granted.withdrawn(clock.now()) {
            return never;
        }
        if let Some(never) = other_server(operator.as_mut(), Some(&granted.warrant)).await {
            return never;
        }
        match operator.check().await {
            Standing::Done(evidence) => return Outcome::AlreadySo { evidence },
            Standing::Unknown(why) if operator.senses() => {
                return Outcome::Failed { cause: Cause::Error, message: why };
            }
            Standing::Unknown(_) | Standing::NotDone(_) => {}
        }
        if let Some(never) = granted.withdrawn(clock.now()) {
            return never;
        }
        let key = granted.warrant.key;
        let execution = Execution::of_locked_intent(granted.intent, key);
        match operator.apply(&execution, &mut printed).await {
            Ok(evidence) => Outcome::Applied { evidence },
            Err(OperateError::Refused(message) | OperateError::Permission(message)) => {
                Outcome::Failed { cause: Cause::Error, message }
            }
            Err(OperateError::Ambiguous(message)) => Outcome::Unknown { message },
        }
    })
}

/// Looks at a standing until it is done or the patience is over.
pub fn stand(
    clock: &Arc<HandClock>,
    mut operator: Box<dyn Operator>,
    patience: Duration,
) -> Work<Standing> {
    let clock = Arc::clone(clock);
    Box::pin(async move {
        let begin = clock.now();
        loop {
            let seen = operator.check().await;
            if matches!(seen, Standing::Done(_)) || clock.now().since(begin) >= patience {
                return seen;
            }
            nap(&clock, Duration::from_millis(500)).await;
        }
    })
}
