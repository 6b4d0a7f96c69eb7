//! A hostile peer: one that never answers, lies, or shows a certificate of a stranger.
//!
//! What every kind meets alike is in the contract (`peers.rs`); this is what speaks its protocol.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use warroom::domain::ids::Side;
use warroom::domain::reading::{LookError, LookErrorKind};
use warroom::domain::settings::Table;

use super::Rig;
use super::hands::Watcher;
use super::recorded::serve;

/// One who signs certificates.
pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A peer that accepts and never answers is given up within the timeout, each time; one that is
/// gone is unreachable.
pub fn never_answers<R: Rig>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut spec = R::system_at([port, port], "read", "act", Table::default());
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

/// What both sides tell of a peer that answers with these bytes: an error, and in time.
pub fn lies<R: Rig>(settings: Table, first: &'static [u8], more: &'static [u8]) -> [LookError; 2] {
    let port = serve::<R>(first, more);
    let mut spec = R::system_at([port, port], "read", "act", settings);
    spec.timeout = Duration::from_secs(1);
    let start = Instant::now();
    let looks = Watcher::new(&spec).look();
    assert!(start.elapsed() < spec.timeout, "{:?}", start.elapsed());
    [looks.a, looks.b].map(|look| look.unwrap().unwrap_err())
}
