//! Stores that are silent, lie, fail or are others than the one that was shown.

use std::time::{Duration, Instant};

use rcgen::{CertificateParams, DnType, KeyPair};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;

use super::bench::{Hand, Watcher, rights, system_of, table, text, why, yes};
use crate::kind::Rig as _;
use crate::kind::hostile::{self, authority};
use crate::kind::identity::{none_acts, shown};
use crate::servers::aws::{ACCOUNT, Cloud, Double};
use crate::servers::fault::{Fault, FaultProxy};
use crate::servers::minio::Pair;
use crate::servers::proxy::Proxy;
use crate::turns::{Group, turn};

#[test]
fn a_peer_that_never_answers_is_given_up_in_time() {
    hostile::never_answers::<Pair>();
}

#[test]
fn answers_that_lie_are_never_well() {
    let check = |first: &'static [u8], more: &'static [u8], want: &str| {
        let [error, _] = hostile::lies::<Pair>(Table::default(), first, more);
        assert!(error.to_string().contains(want), "{error} / {want}");
    };
    check(b"+PONG\r\n", b"", "answered what cannot be read");
    check(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"",
        "answered what cannot be read",
    );
    check(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b"", "may not do this");
    check(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", b"", "correct `region`");
    let flood = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
    check(flood, b"<x>0123456789</x>", "too long for what was asked");
}

#[test]
fn a_store_that_fails_is_told_in_time_and_the_other_side_all_the_same() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.b.port);
    rights(&pair.a);
    rights(&pair.b);
    let places = [("src", &*pair.a.url()), ("dst", &*proxy.url())];
    let mut spec = system_of(places, "read", "act", Table::default());
    spec.timeout = Duration::from_secs(10);
    let check = |fault: Fault, want: &[LookErrorKind]| {
        proxy.all(fault);
        let (began, looks) = (Instant::now(), Watcher::new(&spec).look());
        assert!(began.elapsed() < Duration::from_secs(6), "{fault:?}: {:?}", began.elapsed());
        let a = looks.a.unwrap().unwrap();
        assert_eq!(a.role, Some(Role::Primary), "{fault:?}");
        match looks.b.unwrap() {
            Ok(_) => assert!(want.is_empty(), "{fault:?}"),
            Err(error) => assert!(want.contains(&error.kind), "{fault:?}: {error}"),
        }
        let began = Instant::now();
        let mut hand = Hand::new(&spec, "s3.verify_write", Side::B, Table::default());
        assert_eq!(hand.apply().is_ok(), want.is_empty(), "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(11), "{fault:?}: {:?}", began.elapsed());
    };
    check(Fault::None, &[]);
    check(Fault::Late(Duration::from_millis(300)), &[]);
    check(Fault::Unavailable, &[LookErrorKind::Unreachable]);
    check(Fault::Silent, &[LookErrorKind::Timeout]);
    check(Fault::Half, &[LookErrorKind::Garbage, LookErrorKind::Unreachable]);
}

#[test]
fn certificates_are_verified() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let mut pair = Pair::apart();
    rights(&pair.a);
    let (trusted, stranger) = (authority("trusted"), authority("stranger"));
    let home = pair.home().to_owned();
    let path = |name: &str, pem: String| {
        let path = home.join(name);
        std::fs::write(&path, pem).unwrap();
        text(path.to_str().unwrap())
    };
    let files = [path("trusted.pem", trusted.pem()), path("stranger.pem", stranger.pem())];
    let port = pair.a.port;
    let look = |scheme: &str, ca: &Value| {
        let url = format!("{scheme}://127.0.0.1:{port}");
        let places = [("src", &*url), ("dst", &*url)];
        let settings = table(vec![("ca", ca.clone())]);
        Watcher::new(&system_of(places, "read", "act", settings)).side(Side::A)
    };
    let error = look("https", &files[0]).unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "minio-a");
    let certificate = params.signed_by(&key, &trusted).unwrap();
    pair.a.use_tls(&certificate.pem(), &key.serialize_pem());
    assert!(look("https", &files[0]).is_ok());
    let error = look("https", &files[1]).unwrap_err();
    assert!(error.to_string().contains("an authority that is not known here"), "{error}");
    assert_eq!(error.kind, LookErrorKind::Ours);
    assert!(look("http", &files[0]).is_err());
}

#[test]
fn nothing_is_done_to_a_bucket_that_was_not_shown() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let (pair, strangers) = (Pair::start(), Pair::apart());
    for server in [&pair.a, &pair.b, &strangers.a, &strangers.b] {
        rights(server);
    }
    let names = [Proxy::to(pair.a.port), Proxy::to(pair.b.port)];
    let backups = Value::Table(table(vec![("prefix", text("backups/"))]));
    let settings = table(vec![("backups", backups)]);
    let ports = names.each_ref().map(|name| name.port);
    let spec: SystemSpec = Pair::system_at(ports, "read", "act", settings);
    let looks = Watcher::new(&spec).look();
    let state = || {
        let of = |server: &crate::servers::minio::Server| {
            let bucket = format!("{}/{}", server.name, server.bucket);
            let rules = server.try_admin(&["replicate", "ls", &bucket]);
            format!("{rules:?} {:?}", server.store().keys(""))
        };
        [&pair.a, &pair.b, &strangers.a, &strangers.b].map(of).join("\n")
    };
    names[1].move_to(strangers.b.port);
    none_acts(&spec, Side::B, &shown(&looks, Side::B), |_| Table::default(), state);
    names[1].move_to(pair.b.port);
    // Both names lead to one bucket.
    let url = format!("http://127.0.0.1:{}", ports[0]);
    let places = [("src", &*pair.a.url()), ("src", &*url)];
    let b = Watcher::new(&system_of(places, "read", "act", Table::default())).side(Side::B);
    assert!(why(&b.unwrap()).contains("A and B are one and the same bucket"));
}

#[test]
fn an_account_that_is_not_meant_is_asked_for_nothing() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let cloud = Cloud::start(Double::Moto);
    let proxy = FaultProxy::to(cloud.port);
    cloud.bucket("eu-central-1", "src").make();
    cloud.bucket("eu-west-1", "dst").make();
    let url = proxy.url();
    let spec = |account: &str| {
        let settings = table(vec![("account", text(account)), ("region", text("eu-central-1"))]);
        let mut spec = system_of([("src", &*url), ("dst", &*url)], "read", "act", settings);
        let side = spec.sides[1].as_mut().unwrap();
        side.entries.extend(table(vec![("region", text("eu-west-1"))]).entries);
        spec
    };
    let error = Watcher::new(&spec("999999999999")).side(Side::A).unwrap_err();
    let want = format!("is of account {ACCOUNT}, and the site says 999999999999");
    assert!(error.to_string().contains(&want), "{error}");
    let mut watcher = Watcher::new(&spec(ACCOUNT));
    let a = watcher.side(Side::A).unwrap();
    assert!(why(&a).contains("no rule copies either way"), "{}", why(&a));
    assert_eq!(yes(&a, "public_blocked"), Some(false));
    // A rule is made with the role that it needs; nothing of it is invented.
    let replicate = |with: Table| Hand::new(&spec(ACCOUNT), "s3.replicate", Side::B, with);
    let role = text("arn:aws:iam::123456789012:role/copy");
    replicate(table(vec![("role", role)])).apply().unwrap();
    let looks = watcher.look_anew();
    let roles = [looks.a, looks.b].map(|look| look.unwrap().unwrap().role);
    assert_eq!(roles, [Some(Role::Primary), Some(Role::Standby)]);
    // One region is a black hole: the other one answers as before.
    proxy.region("eu-west-1", Fault::Silent);
    let looks = Watcher::new(&spec(ACCOUNT)).look();
    assert!(looks.a.unwrap().is_ok());
    assert_eq!(looks.b.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
}
