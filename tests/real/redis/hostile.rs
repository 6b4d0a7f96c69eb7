//! Peers that cannot be trusted or never answer, and servers that speak TLS or do not.

use rcgen::{CertificateParams, DnType, KeyPair};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};
use warroom::domain::settings::{Table, Value};

use super::bench::{Hand, Watcher, system_at, table, text, why};
use crate::kind::hostile::{self, authority};
use crate::kind::recorded::serve;
use crate::servers::redis::Pair;
use crate::turns::{Group, turn};

#[test]
fn certificates_are_verified() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let (trusted, stranger) = (authority("trusted"), authority("stranger"));
    let home = pair.home().to_owned();
    let path = |name: &str, pem: String| {
        let path = home.join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let trusted_file = path("trusted.pem", trusted.pem());
    let stranger_file = path("stranger.pem", stranger.pem());
    let (port_a, port_b) = (pair.a.port, pair.b.port);
    let spec = |tls: bool, ca: &std::path::Path| {
        let ca = text(ca.to_str().unwrap());
        let settings = table(vec![("tls", Value::Boolean(tls)), ("ca", ca)]);
        system_at(port_a, port_b, "read", "act", settings)
    };
    let look = |tls: bool, ca: &std::path::Path| Watcher::new(&spec(tls, ca)).side(Side::A);
    let fails = |tls: bool, ca: &std::path::Path, want: &str| {
        let error = look(tls, ca).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
        error.kind
    };
    // The server has no TLS yet.
    fails(true, &trusted_file, "if it does not speak TLS, set `tls = false`");

    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    // One that is named as its authority would pass for signed by itself.
    params.distinguished_name.push(DnType::CommonName, "redis-a");
    let certificate = params.signed_by(&key, &trusted).unwrap();
    pair.a.use_tls(&certificate.pem(), &key.serialize_pem(), &trusted_file);
    assert_eq!(look(true, &trusted_file).unwrap().role, Some(Role::Primary));
    let kind = fails(true, &stranger_file, "an authority that is not known here");
    assert_eq!(kind, LookErrorKind::Ours);
    fails(false, &trusted_file, "if it speaks TLS, set `tls = true`");
    let wrote =
        Hand::new(&spec(true, &trusted_file), "redis.verify_write", Side::A, Table::default())
            .apply()
            .unwrap();
    assert!(wrote.as_str().contains("wrote and read back one key"), "{wrote}");

    // A server that wants a certificate of ours, which is Redis' own default.
    pair.a.kill9();
    pair.a.options.extend(["--tls-auth-clients", "yes"].map(str::to_owned));
    pair.a.start();
    let kind = fails(true, &trusted_file, "it may want a certificate of ours");
    assert_eq!(kind, LookErrorKind::Unreachable);
}

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
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", "not Redis");
    check(b"-NOPERM no key for you\r\n", b"", "may not use AUTH");
    check(b"-ODD read-only-canary\r\n", b"", "refused user wr_read");
    check(b"-LOADING wait\r\n", b"", "loading its data set");
    check(b"+OK\r\n", b"", "told no `role`");
    check(b"+role:master\r\n", b"", "told no `redis_version`");
    check(b":1\r\n", b"", "answered a number to INFO");
    check(b"*2000000000\r\n", b":1\r\n", "too long for what was asked");
    check(b"$10000000000\r\n", b"0123456789abcdef", "too long for what was asked");
    check(b"+OK", b"xxxxxxxxxxxxxxxx", "too long for what was asked");
    check(b"*1\r\n*1\r\n*1\r\n*1\r\n", b"*1\r\n", "not Redis");
}

#[test]
fn a_peer_that_hides_what_we_need_is_not_acted_on() {
    let port = serve::<Pair>(b"+OK\r\n", b"");
    let spec = system_at(port, port, "read", "act", Table::default());
    for action in ["redis.promote", "redis.failover", "redis.replicate", "redis.verify_write"] {
        let mut hand = Hand::new(&spec, action, Side::B, Table::default());
        let error = hand.apply().unwrap_err().to_string();
        assert!(error.contains("nothing was sent"), "{action}: {error}");
    }
}

#[test]
fn one_server_on_both_sides_is_noticed() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let spec = system_at(pair.a.port, pair.a.port, "read", "act", Table::default());
    let b = Watcher::new(&spec).side(Side::B).unwrap();
    assert_eq!(b.role, Some(Role::Primary));
    assert!(why(&b).contains("A and B are one and the same server"), "{}", why(&b));
}
