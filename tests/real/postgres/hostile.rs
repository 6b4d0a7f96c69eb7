//! Peers that cannot be trusted or never answer.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::System as _;

use super::bench::{Watcher, system, system_at, table, text};
use crate::servers::folder;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn certificates_are_verified() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let folder = folder();
    let (trusted, stranger) = (authority(), authority());
    let path = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let trusted_file = path("trusted.pem", trusted.pem());
    let stranger_file = path("stranger.pem", stranger.pem());
    let look = |sslmode: &str, ca: &str, settings_of: &dyn Fn(Table) -> SystemSpec| {
        let settings = table(vec![("sslmode", text(sslmode)), ("ca", text(ca))]);
        Watcher::new(&settings_of(settings)).side(Side::A)
    };
    let by_address = |settings| system(&pair, "read", "act", settings);

    // The server has no TLS yet.
    let plain = look("verify-full", &trusted_file, &by_address).unwrap_err();
    assert_eq!(plain.kind, LookErrorKind::Ours, "{plain}");
    assert!(plain.to_string().contains("does not speak TLS"), "{plain}");
    assert!(look("prefer", &trusted_file, &by_address).is_ok());

    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &trusted).unwrap();
    pair.a.use_tls(&certificate.pem(), &key.serialize_pem());
    let check = |sslmode: &str, ca: &str, want: Result<(), &str>| match (
        look(sslmode, ca, &by_address),
        want,
    ) {
        (Ok(reading), Ok(())) => assert_eq!(reading.role, Some(Role::Primary)),
        (Err(error), Err(want)) => {
            assert_eq!(error.kind, LookErrorKind::Ours, "{error}");
            assert!(error.to_string().contains(want), "{error}");
        }
        (found, want) => panic!("{sslmode} {ca}: {found:?} instead of {want:?}"),
    };
    check("verify-full", &trusted_file, Ok(()));
    check("require", &trusted_file, Ok(()));
    check("verify-full", &stranger_file, Err("correct `ca`"));
    check("prefer", &stranger_file, Err("correct `ca`"));
    check("disable", &stranger_file, Ok(()));
}

#[test]
fn a_peer_that_never_answers_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut spec = system_at(port, port, "read", "act", Table::default());
    spec.timeout = Duration::from_millis(500);
    let mut watcher = Watcher::new(&spec);
    for _ in 0..3 {
        let start = Instant::now();
        let looks = watcher.look();
        assert!(start.elapsed() < spec.timeout, "{:?}", start.elapsed());
        for look in [looks.a, looks.b] {
            assert_eq!(look.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
        }
    }
    drop(listener);
    let refused = watcher.side(Side::A).unwrap_err();
    assert_eq!(refused.kind, LookErrorKind::Unreachable, "{refused}");
}

#[test]
fn a_peer_that_speaks_something_else_is_garbage() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let spec = system_at(port, port, "read", "act", table(vec![("sslmode", text("disable"))]));
    let server = std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in listener.incoming().take(2) {
            // The peer may have gone by now.
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let looks = Watcher::new(&spec).look();
    for look in [looks.a, looks.b] {
        let error = look.unwrap().unwrap_err();
        assert!(error.counts_as_failure(), "{error:?}");
    }
    server.join().unwrap();
}

#[test]
fn a_port_is_a_number_or_refused() {
    let mut spec = system_at(1, 1, "read", "act", Table::default());
    spec.sides[0] = Some(table(vec![("host", text("x")), ("port", Value::Integer(70_000))]));
    let fault = warroom::systems::postgres::Postgres.secrets_to_watch(&spec).unwrap_err();
    assert!(fault.message.contains("from 1 to 65535"), "{fault}");
}
