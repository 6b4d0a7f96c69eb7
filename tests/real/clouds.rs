//! What Amazon does to whoever asks, to each kind of its things alike: throttled, refused for its
//! credentials or its clock, cut short, silent, of another account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, LookErrorKind, Role};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::domain::snapshot::Snapshot;
use warroom::port::{Clock, Looks, OperateError};

use crate::kind::hands::{Hand, WallClock, Watcher, done, table, text};
use crate::servers::aws::ACCOUNT;
use crate::servers::fault::{Fault, FaultProxy, Refusal};
use crate::servers::rds::REGIONS;
use crate::servers::{DEADLINE, aurora, elasticache, rds, until};
use crate::stand::HandClock;
use crate::turns::{Group, turn};
use crate::{aurora as auroras, elasticache as caches, rds as instances};

/// A pair of a kind that runs.
trait Pair {
    /// Where its cloud answers.
    fn port(&self) -> u16;
    /// How often the writer was moved to region B.
    fn moves(&self) -> u64;
}

impl Pair for rds::Pair {
    fn port(&self) -> u16 {
        self.cloud.port
    }

    fn moves(&self) -> u64 {
        self.promotions(1)
    }
}

impl Pair for aurora::Pair {
    fn port(&self) -> u16 {
        self.cloud.port
    }

    fn moves(&self) -> u64 {
        u64::from(self.writer() == Some(aurora::Pair::arn(1)))
    }
}

impl Pair for elasticache::Pair {
    fn port(&self) -> u16 {
        self.cloud.port
    }

    fn moves(&self) -> u64 {
        self.failovers()
    }
}

/// A kind: how a pair of it is started and watched, what is asked of Amazon, and how region B is
/// made the primary.
struct Kind {
    start: fn() -> Box<dyn Pair>,
    system: fn([&str; 2]) -> SystemSpec,
    question: &'static str,
    step: &'static str,
    order: &'static str,
}

const RDS: Kind = Kind {
    start: || {
        let pair = rds::Pair::start();
        pair.lag(1.0, 60);
        Box::new(pair)
    },
    system: |urls| instances::bench::system(urls, Vec::new()),
    question: "Action=DescribeDBInstances",
    step: "rds.promote",
    order: "Action=PromoteReadReplica",
};

const AURORA: Kind = Kind {
    start: || Box::new(aurora::Pair::start()),
    system: auroras::system,
    question: "Action=DescribeDBClusters",
    step: "aurora.failover",
    order: "Action=FailoverGlobalCluster",
};

const CACHE: Kind = Kind {
    start: || Box::new(elasticache::Pair::start()),
    system: caches::system,
    question: "Action=DescribeReplicationGroups",
    step: "elasticache.failover",
    order: "Action=FailoverGlobalReplicationGroup",
};

#[test]
fn rds_is_told_truly_whatever_amazon_does() {
    whatever_amazon_does(&RDS);
}

#[test]
fn aurora_is_told_truly_whatever_amazon_does() {
    whatever_amazon_does(&AURORA);
}

#[test]
fn elasticache_is_told_truly_whatever_amazon_does() {
    whatever_amazon_does(&CACHE);
}

fn whatever_amazon_does(kind: &Kind) {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = (kind.start)();
    let proxy = FaultProxy::to(pair.port());
    let url = proxy.url();
    let stage = Stage { kind, pair: &*pair, proxy: &proxy, spec: (kind.system)([&url, &url]) };
    stage.another_account_is_asked_for_nothing();
    stage.refusals_are_told_apart();
    stage.who_is_throttled_asks_less_often();
    stage.half_an_answer_is_none();
    stage.a_dead_source_and_a_lost_answer();
}

struct Stage<'a> {
    kind: &'a Kind,
    pair: &'a dyn Pair,
    proxy: &'a FaultProxy,
    spec: SystemSpec,
}

const fn says(status: u16, code: &'static str, words: &'static str) -> Refusal {
    Refusal { status, code, words, retry_after_s: None }
}

/// What Amazon says, and what is made of it.
const REFUSALS: [(Refusal, LookErrorKind, &str); 9] = [
    (
        Refusal { retry_after_s: Some(120), ..says(400, "Throttling", "Rate exceeded") },
        LookErrorKind::Unreachable,
        "is throttled: it asks to be asked less often (Throttling)",
    ),
    (says(429, "", ""), LookErrorKind::Unreachable, "is throttled"),
    (
        Refusal { retry_after_s: Some(1), ..says(503, "SlowDown", "Reduce your request rate") },
        LookErrorKind::Unreachable,
        "is throttled: it asks to be asked less often (SlowDown)",
    ),
    (
        says(403, "ExpiredToken", "The security token included in the request is expired"),
        LookErrorKind::Permission,
        "its credentials have expired; renew them",
    ),
    (
        says(403, "InvalidClientTokenId", "The security token is invalid"),
        LookErrorKind::Permission,
        "it knows no such access key",
    ),
    (
        says(403, "SignatureDoesNotMatch", "Signature expired: 20261123T1 is now earlier than 2"),
        LookErrorKind::Ours,
        "compare the clocks of both machines",
    ),
    (
        says(403, "InvalidSignatureException", "Signature not yet current: 20261123T9 is later"),
        LookErrorKind::Ours,
        "compare the clocks of both machines",
    ),
    (says(400, "RequestExpired", "Too old"), LookErrorKind::Ours, "compare the clocks"),
    (
        says(403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        LookErrorKind::Permission,
        "wrong secret access key",
    ),
];

impl Stage<'_> {
    fn hand(&self) -> Hand {
        Hand::new(&self.spec, self.kind.step, Side::B, Table::default())
    }

    /// Nobody who was told no has done anything.
    fn nothing_was_done(&self, after: &str) {
        assert_eq!(self.pair.moves(), 0, "{after}");
        let standing = self.hand().check();
        assert!(matches!(standing, Standing::NotDone(_)), "{after}: {standing:?}");
    }

    fn another_account_is_asked_for_nothing(&self) {
        let of = |account: &str| {
            let mut spec = self.spec.clone();
            let account = table(vec![("account", text(account))]);
            spec.settings.entries.extend(account.entries);
            spec
        };
        let stranger = of("999999999999");
        let error = Watcher::new(&stranger).side(Side::A).unwrap_err();
        let want = format!("is of account {ACCOUNT}, and the site says 999999999999");
        assert!(error.to_string().contains(&want), "{error}");
        assert_eq!(error.kind, LookErrorKind::Ours);
        let refused = Hand::new(&stranger, self.kind.step, Side::B, Table::default()).apply();
        assert!(matches!(refused, Err(OperateError::Refused(_))), "{refused:?}");
        assert_eq!(self.proxy.orders("Action=") - self.proxy.orders("Action=GetCaller"), 0);
        assert!(Watcher::new(&of(ACCOUNT)).side(Side::A).is_ok());
    }

    fn refusals_are_told_apart(&self) {
        for (refusal, kind, want) in REFUSALS {
            // One region refuses: the other one is told all the same, and its lag is not known.
            self.proxy.region(REGIONS[0], Fault::Says(refusal));
            let looks = Watcher::new(&self.spec).look();
            let error = looks.a.unwrap().unwrap_err();
            assert_eq!(error.kind, kind, "{refusal:?}: {error}");
            assert!(error.to_string().contains(want), "{error} / {want}");
            let b = looks.b.unwrap().unwrap();
            assert_eq!((b.role, b.lag.unwrap().seconds), (Some(Role::Standby), None));
            // An order that is refused is told so, was asked once, and is not done.
            self.proxy.all(Fault::None);
            self.proxy.only(self.kind.order, Fault::Says(refusal));
            let ended = self.hand().apply().unwrap_err();
            assert!(ended.to_string().contains(want), "{ended} / {want}");
            let is_permission = matches!(ended, OperateError::Permission(_));
            assert_eq!(is_permission, kind == LookErrorKind::Permission, "{ended:?}");
            assert!(!matches!(ended, OperateError::Ambiguous(_)), "{ended:?}");
            assert_eq!(self.proxy.met(), 1, "{refusal:?}");
            self.proxy.all(Fault::None);
        }
        self.nothing_was_done("refusals");
    }

    fn who_is_throttled_asks_less_often(&self) {
        let check = |retry_after_s: Option<u32>, looks_at_s: [u64; 3], want: [usize; 3]| {
            let refusal = Refusal { retry_after_s, ..says(400, "Throttling", "Rate exceeded") };
            self.proxy.only(self.kind.question, Fault::Says(refusal));
            let clock = Arc::new(HandClock::at(1_000_000));
            let mut watcher = Watcher::by(&self.spec, &(Arc::clone(&clock) as Arc<dyn Clock>));
            for (at_s, want) in looks_at_s.into_iter().zip(want) {
                clock.set(1_000_000 + at_s * 1000);
                let error = watcher.side(Side::A).unwrap_err();
                assert!(error.to_string().contains("is throttled"), "{error}");
                // Both regions were asked, each once a question: nobody tries again at once.
                assert_eq!(self.proxy.met(), want * 2, "{retry_after_s:?}, after {at_s} s");
            }
            self.proxy.all(Fault::None);
        };
        check(None, [0, 29, 31], [1, 1, 2]);
        check(Some(120), [0, 119, 121], [1, 1, 2]);
    }

    fn half_an_answer_is_none(&self) {
        for fault in [Fault::Half, Fault::Short] {
            self.proxy.only(self.kind.question, fault);
            let looks = Watcher::new(&self.spec).look();
            for look in [looks.a, looks.b] {
                let error = look.unwrap().unwrap_err();
                let kinds = [LookErrorKind::Garbage, LookErrorKind::Unreachable];
                assert!(kinds.contains(&error.kind), "{fault:?}: {error}");
            }
            let standing = self.hand().check();
            assert!(matches!(standing, Standing::Unknown(_)), "{fault:?}: {standing:?}");
            let refused = self.hand().apply();
            assert!(matches!(refused, Err(OperateError::Refused(_))), "{fault:?}: {refused:?}");
            self.proxy.all(Fault::None);
        }
        self.nothing_was_done("half of an answer");
    }

    /// The region that is left is a black hole, and of the one order that is given the answer is
    /// cut: it is given once, is called neither done nor refused, and who looks finds it done.
    fn a_dead_source_and_a_lost_answer(&self) {
        let (mut watcher, mut snapshot) = (Watcher::new(&self.spec), Snapshot::default());
        let mut record = |looks: &Looks| {
            let at = WallClock.now();
            for side in Side::BOTH {
                snapshot.record(&self.spec.id, side, at, looks.side(side).unwrap().clone());
            }
            snapshot.cell(&self.spec.id, Side::B).unwrap().last_lag.clone()
        };
        watcher.look();
        let known = record(&watcher.look_anew()).expect("a lag that is known");
        self.proxy.region(REGIONS[0], Fault::Silent);
        let began = Instant::now();
        let looks = watcher.look_anew();
        assert!(began.elapsed() < self.spec.timeout, "{:?}", began.elapsed());
        let kept = record(&looks);
        assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
        let b = looks.b.unwrap().unwrap();
        let lag = b.lag.unwrap();
        assert_eq!((b.role, lag.seconds), (Some(Role::Standby), None));
        assert_eq!(lag.certainty, Certainty::Unknown);
        assert_eq!(kept, Some(known), "what was known last is kept, with its time");
        self.proxy.only(self.kind.order, Fault::Half);
        let began = Instant::now();
        let ended = self.hand().apply().unwrap_err();
        assert!(matches!(ended, OperateError::Ambiguous(_)), "{ended:?}");
        assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
        until("it is done", DEADLINE, || done(&self.hand().check()));
        let again = self.hand().apply().unwrap();
        assert!(again.as_str().contains("already so"), "{again}");
        assert_eq!((self.proxy.met(), self.pair.moves()), (1, 1));
        self.proxy.all(Fault::None);
    }
}
