//! Peers that cannot be trusted or never answer.

use rcgen::{CertificateParams, KeyPair};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::System as _;

use super::bench::{Watcher, system, system_at, table, text};
use crate::kind::hostile::{self, authority};
use crate::servers::folder;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

#[test]
fn certificates_are_verified() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let folder = folder();
    let [trusted, stranger, namesake] = ["trusted", "stranger", "trusted"].map(authority);
    let path = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let trusted_file = path("trusted.pem", trusted.pem());
    let stranger_file = path("stranger.pem", stranger.pem());
    let namesake_file = path("namesake.pem", namesake.pem());
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
    check("verify-full", &stranger_file, Err("name its file in `ca`"));
    check("prefer", &stranger_file, Err("name its file in `ca`"));
    check("verify-full", &namesake_file, Err("correct `ca`"));
    check("disable", &stranger_file, Ok(()));
}

#[test]
fn a_peer_that_never_answers_is_given_up_in_time() {
    hostile::never_answers::<Pair>();
}

#[test]
fn a_peer_that_speaks_something_else_is_garbage() {
    let settings = table(vec![("sslmode", text("disable"))]);
    for error in hostile::lies::<Pair>(settings, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"") {
        assert!(error.counts_as_failure(), "{error:?}");
    }
}

#[test]
fn a_port_is_a_number_or_refused() {
    let mut spec = system_at(1, 1, "read", "act", Table::default());
    spec.sides[0] = Some(table(vec![("host", text("x")), ("port", Value::Integer(70_000))]));
    let fault = warroom::systems::postgres::Postgres.secrets_to_watch(&spec).unwrap_err();
    assert!(fault.message.contains("from 1 to 65535"), "{fault}");
}
