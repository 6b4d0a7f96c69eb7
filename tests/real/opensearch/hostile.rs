//! Peers that cannot be trusted or never answer, users with too little, and nodes behind TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};
use warroom::domain::settings::{Table, Value};
use warroom::systems::opensearch::{ACT_ROLE, BEAT_ROLE, WATCH_ROLE};

use super::bench::{BOOKS, Hand, Watcher, list, system, table, text, why};
use crate::kind::{Rig as _, hostile, rights};
use crate::servers::opensearch::Pair;
use crate::servers::opensearch::rights::{Door, User};
use crate::servers::postgres::{ACT_PASSWORD, READ_PASSWORD};
use crate::turns::{Group, turn};

/// The users as an administrator makes them by the documented roles.
fn users() -> Vec<User> {
    vec![
        User::new("wr_read", READ_PASSWORD, WATCH_ROLE),
        User::new("wr_act", ACT_PASSWORD, ACT_ROLE),
    ]
}

fn guard(pair: &Pair, users: &[User]) {
    for gate in &pair.gates {
        gate.guard(Door { users: users.to_vec(), ..Door::default() });
    }
}

fn indices() -> Table {
    table(vec![("indices", list(&[BOOKS]))])
}

#[test]
fn the_documented_roles_suffice_and_each_right_that_lacks_is_named() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    guard(&pair, &users());
    let spec = system(&pair, Table::default());
    let b = Watcher::new(&spec).side(Side::B).unwrap();
    assert_eq!((b.role, why(&b)), (Some(Role::Standby), String::new()));
    rights::wrong_password(&pair);
    // Without one right, what it brings is unknown, with its name; the rest is told.
    let without = |right: &str| {
        let reader = users()[0].clone().without(right);
        guard(&pair, &[reader]);
        Watcher::new(&spec).side(Side::B)
    };
    let lacks = |right: &str| format!("user wr_read lacks `{right}`; add it to its role");
    for right in ["cluster:monitor/main", "cluster:monitor/state"] {
        let error = without(right).unwrap_err();
        assert_eq!(error.kind, LookErrorKind::Permission, "{error}");
        assert!(error.to_string().contains(&lacks(right)), "{error}");
    }
    for right in [
        "cluster:monitor/health",
        "indices:monitor/stats",
        "indices:admin/plugins/replication/index/status_check",
    ] {
        let b = without(right).unwrap();
        assert!(why(&b).contains(&lacks(right)), "{right}: {}", why(&b));
        let known = b.lag.as_ref().is_some_and(|lag| lag.seconds.is_some());
        assert!(!known || right == "cluster:monitor/health", "{:?}", b.lag);
    }
    // Who watches may change nothing, and what a step lacks is named.
    let act = |user: User, action: &str, side: Side, right: &str| {
        guard(&pair, &[users()[0].clone(), user]);
        rights::is_missing(&spec, action, side, Table::default(), right);
    };
    let stop = "indices:admin/plugins/replication/index/stop";
    act(users()[1].clone().without(stop), "opensearch.promote", Side::B, stop);
    let block = "indices:admin/block/add";
    act(users()[1].clone().without(block), "opensearch.fence", Side::A, block);
    let write = "indices:data/write/index";
    act(users()[1].clone().without(write), "opensearch.verify_write", Side::A, write);
    assert_eq!(pair.status(BOOKS)["status"], "SYNCING");
    // With the documented role all of them work.
    guard(&pair, &users());
    for (action, side) in [
        ("opensearch.verify_write", Side::A),
        ("opensearch.fence", Side::A),
        ("opensearch.drain", Side::B),
        ("opensearch.promote", Side::B),
    ] {
        Hand::new(&spec, action, side, Table::default()).apply().unwrap();
    }
    let discard = table(vec![("discard", Value::Boolean(true))]);
    Hand::new(&spec, "opensearch.unfence", Side::A, Table::default()).apply().unwrap();
    Hand::new(&spec, "opensearch.follow", Side::A, discard).apply().unwrap();
    heartbeat(&pair);
}

/// The role of `warroom beat` is enough for it, and for nothing else.
fn heartbeat(pair: &Pair) {
    guard(pair, &[User::new("wr_act", ACT_PASSWORD, BEAT_ROLE)]);
    let mut spec = system(pair, table(vec![("heartbeat", text(BOOKS))]));
    for side in spec.sides.iter_mut().flatten() {
        side.entries.extend(table(vec![("beat", text("act"))]).entries);
    }
    let beaten = super::bench::Pulse::new(&spec, Side::B).beat();
    assert!(matches!(beaten, Ok(warroom::port::Beat::Written)), "{beaten:?}");
    let refused = Hand::new(&spec, "opensearch.fence", Side::B, Table::default()).apply();
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn signed_requests_are_understood_and_refusals_are_told() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 2);
    for gate in &pair.gates {
        let signed_for = Some("eu-central-1".to_owned());
        gate.guard(Door { users: users(), signed_for, ..Door::default() });
    }
    let signed = |region: &str| {
        let sigv4 = table(vec![("region", text(region))]);
        table(vec![("sigv4", Value::Table(sigv4))])
    };
    let spec = system(&pair, signed("eu-central-1"));
    let b = Watcher::new(&spec).side(Side::B).unwrap();
    assert_eq!((b.role, why(&b)), (Some(Role::Standby), String::new()));
    Hand::new(&spec, "opensearch.verify_write", Side::A, Table::default()).apply().unwrap();
    let refused = |read: &str, settings: Table, want: &str| {
        let spec = crate::kind::Rig::system(&pair, read, "act", settings);
        let error = Watcher::new(&spec).side(Side::A).unwrap_err();
        assert_eq!(error.kind, LookErrorKind::Permission, "{error}");
        assert!(error.to_string().contains(want), "{error}");
    };
    refused("read", signed("eu-west-1"), "Credential should be scoped to a valid region");
    refused("wrong", signed("eu-central-1"), "does not match the signature you provided");
    refused("read", indices(), "Missing Authentication Token");
}

#[test]
fn certificates_are_verified() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.create(BOOKS, 1);
    let (trusted, stranger) = (hostile::authority("trusted"), hostile::authority("stranger"));
    let path = |name: &str, pem: String| {
        let path = pair.home().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let (trusted_file, stranger_file) =
        (path("trusted.pem", trusted.pem()), path("stranger.pem", stranger.pem()));
    let look = |tls: bool, ca: &std::path::Path| {
        let ca = text(ca.to_str().unwrap());
        let settings = table(vec![("tls", Value::Boolean(tls)), ("ca", ca)]);
        Watcher::new(&system(&pair, settings)).side(Side::A)
    };
    // The gate has no TLS yet.
    let error = look(true, &trusted_file).unwrap_err();
    assert_eq!(error.kind, LookErrorKind::Ours, "{error}");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "search-a");
    let certificate = params.signed_by(&key, &trusted).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    pair.gates[0].guard(Door { tls: Some(Arc::new(config)), ..Door::default() });
    assert_eq!(look(true, &trusted_file).unwrap().role, Some(Role::Primary));
    let error = look(true, &stranger_file).unwrap_err();
    assert!(error.to_string().contains("an authority that is not known here"), "{error}");
    assert_eq!(error.kind, LookErrorKind::Ours);
    assert!(look(false, &trusted_file).is_err());
}

#[test]
fn a_peer_that_never_answers_is_given_up_in_time() {
    hostile::never_answers::<Pair>();
}

#[test]
fn answers_that_lie_are_never_well() {
    let check = |first: &'static [u8], want: &str| {
        let [error, _] = hostile::lies::<Pair>(indices(), first, b"");
        assert!(error.to_string().contains(want), "{error} / {want}");
    };
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "it is no OpenSearch");
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWell", "what is no JSON");
    let nobody = b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"cluster_uuid\":\"_na_\"}";
    check(nobody, "belongs to no cluster yet");
    check(b"HTTP/1.1 401 No\r\nContent-Length: 12\r\n\r\nUnauthorized", "refused user wr_read");
    check(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "not ready");
    check(b"SSH-2.0-OpenSSH_9.2\r\n", "no valid answer");
    // One that tells who it is, and the same to every other question.
    let root = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"cluster_uuid\":\"u\"}";
    let port = crate::kind::recorded::serve::<Pair>(root, b"");
    let spec = Pair::system_at([port, port], "read", "act", indices());
    let a = Watcher::new(&spec).side(Side::A).unwrap();
    assert_eq!((a.role, a.lag), (None, None));
    for action in ["opensearch.promote", "opensearch.fence", "opensearch.follow"] {
        let outcome = Hand::new(&spec, action, Side::B, Table::default()).apply();
        assert!(outcome.is_err(), "{action}: {outcome:?}");
    }
}
