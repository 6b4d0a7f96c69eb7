//! Says in one plain sentence why a peer could not be asked, without repeating what may be secret.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::CertificateError;

use crate::domain::reading::{LookError, LookErrorKind};
use crate::domain::text::Clean;

/// Why a peer told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    /// What kind of failure.
    pub kind: LookErrorKind,
    /// One sentence.
    pub sentence: Clean,
    /// True when certainly nothing reached the peer.
    pub unsent: bool,
}

impl Failure {
    /// A failure of which it is not known whether something reached the peer.
    pub fn new(kind: LookErrorKind, sentence: impl Into<Clean>) -> Self {
        Self { kind, sentence: sentence.into(), unsent: false }
    }

    /// A failure before anything reached the peer.
    pub fn unsent(kind: LookErrorKind, sentence: impl Into<Clean>) -> Self {
        Self { kind, sentence: sentence.into(), unsent: true }
    }

    /// No answer within the deadline.
    pub fn timeout(peer: &str, deadline: Duration) -> Self {
        let sentence = format!("{peer} did not answer within {}", span_text(deadline));
        Self::new(LookErrorKind::Timeout, sentence)
    }
}

impl From<Failure> for LookError {
    fn from(failure: Failure) -> Self {
        Self { kind: failure.kind, message: failure.sentence }
    }
}

/// `12 ms`, `3 s`, `2.5 s`: a time as sentences say it.
pub fn span_text(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1000 => format!("{ms} ms"),
        _ if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Finds the cause in an error's chain that a person can do something about: a certificate, a
/// refused or cut connection, a name that is not found.
pub fn known_cause(peer: &str, error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(tls_failure(peer, tls));
        }
        next = if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.get_ref() {
                // `source` of a wrapping io error skips the wrapped one.
                Some(inner) => Some(inner as &(dyn Error + 'static)),
                None => return Some(io_failure(peer, io)),
            }
        } else {
            cause.source()
        };
    }
    None
}

/// The last error of a chain: the most precise words there are.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn io_failure(peer: &str, error: &io::Error) -> Failure {
    let unreachable = LookErrorKind::Unreachable;
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            Failure::unsent(unreachable, format!("{peer} refused the connection"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Failure::unsent(unreachable, format!("there is no route to {peer}"))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => {
            Failure::new(unreachable, format!("{peer} cut the connection"))
        }
        ErrorKind::TimedOut => {
            Failure::new(LookErrorKind::Timeout, format!("{peer} did not answer in time"))
        }
        _ => Failure::new(unreachable, format!("{peer} cannot be reached: {error}")),
    }
}

/// A certificate that users would be refused by too counts against the peer; one that only our own
/// list of authorities does not know says nothing of it.
fn tls_failure(peer: &str, error: &rustls::Error) -> Failure {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        let sentence = format!("{peer} does not speak TLS as expected: {error}");
        return Failure::unsent(LookErrorKind::Garbage, sentence);
    };
    let (kind, why) = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (LookErrorKind::Garbage, "has expired; renew it".to_owned())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (LookErrorKind::Garbage, "is not valid yet; compare the clocks".to_owned())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (LookErrorKind::Garbage, "is for another name".to_owned())
        }
        CertificateError::Revoked => (LookErrorKind::Garbage, "was revoked".to_owned()),
        CertificateError::UnknownIssuer => (
            LookErrorKind::Ours,
            "is signed by an authority that is not known here; name its file in `ca`".to_owned(),
        ),
        other => (LookErrorKind::Garbage, format!("is not accepted: {other}")),
    };
    Failure::unsent(kind, format!("the certificate of {peer} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_in_chains() {
        let check = |error: io::Error, kind: LookErrorKind, want: &str| {
            let found = known_cause("peer", &error).expect("a cause");
            assert_eq!((found.kind, found.sentence.as_str()), (kind, want));
        };
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let gone = LookErrorKind::Unreachable;
        check(refused(), gone, "peer refused the connection");
        check(io::Error::other(refused()), gone, "peer refused the connection");
        check(io::Error::from(ErrorKind::UnexpectedEof), gone, "peer cut the connection");
        let certificate = |why| io::Error::other(rustls::Error::InvalidCertificate(why));
        check(
            certificate(CertificateError::Expired),
            LookErrorKind::Garbage,
            "the certificate of peer has expired; renew it",
        );
        check(
            certificate(CertificateError::UnknownIssuer),
            LookErrorKind::Ours,
            "the certificate of peer is signed by an authority that is not known here; \
             name its file in `ca`",
        );
    }

    #[test]
    fn times_are_said() {
        let check = |ms: u64, want: &str| assert_eq!(span_text(Duration::from_millis(ms)), want);
        check(12, "12 ms");
        check(3000, "3 s");
        check(2500, "2.5 s");
    }
}
