//! Says in one plain sentence why a peer could not be asked, without repeating what may be secret.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::CertificateError;

use super::metered::TooLong;
use crate::domain::reading::{LookError, LookErrorKind};
use crate::domain::text::Clean;
use crate::domain::time::spoken_time;
use crate::port::OperateError;

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection.
    Unreachable,
    /// The peer answers that it is not ready to work: nothing was done.
    NotReady,
    /// The connection went away after something was sent.
    Cut,
    /// No answer in time.
    Timeout,
    /// The credentials or the rights do not suffice.
    Permission,
    /// The server refuses writes: a standby, or fenced.
    ReadOnly,
    /// Something that is asked for is not there: a table, a function.
    Missing,
    /// What we were told does not fit the peer, or our own side is at fault: it says nothing of it.
    Ours,
    /// The peer answered with another error: nothing was done.
    Refused,
    /// The answer is not what was asked for.
    Garbage,
    /// Another server answers than the one that is meant.
    OtherServer,
}

/// Why a peer told nothing, or did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// One sentence.
    pub message: Clean,
    /// True when certainly nothing reached the peer.
    pub unsent: bool,
    /// For how long it asks to be left alone, if it says so.
    pub again_in: Option<Duration>,
}

impl Trouble {
    /// A failure of which it is not known whether something reached the peer.
    pub fn new(kind: TroubleKind, message: impl Into<Clean>) -> Self {
        Self { kind, message: message.into(), unsent: false, again_in: None }
    }

    /// A failure before anything reached the peer.
    pub fn unsent(kind: TroubleKind, message: impl Into<Clean>) -> Self {
        Self { unsent: true, ..Self::new(kind, message) }
    }

    /// The same, of a peer that asks to be left alone for so long.
    pub fn again_in(self, again_in: Option<Duration>) -> Self {
        Self { again_in, ..self }
    }

    /// A beat for what has none.
    pub fn no_heartbeat(place: &str) -> Self {
        Self::unsent(TroubleKind::Ours, format!("{place} has no `heartbeat`"))
    }

    /// No answer within the deadline.
    pub fn timeout(peer: &str, deadline: Duration) -> Self {
        let message = format!("{peer} did not answer within {}", spoken_time(deadline));
        Self::new(TroubleKind::Timeout, message)
    }

    /// As the outcome of an attempt whose request was sent: a lost answer is no answer.
    pub fn into_operate_error(self) -> OperateError {
        match self.kind {
            _ if self.unsent => self.before_sending(),
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::NotReady
            | TroubleKind::ReadOnly
            | TroubleKind::Missing
            | TroubleKind::Ours
            | TroubleKind::Refused => OperateError::Refused(self.message),
            TroubleKind::Unreachable
            | TroubleKind::Cut
            | TroubleKind::Timeout
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => OperateError::Ambiguous(self.message),
        }
    }

    /// As the outcome of an attempt that did not come to its request: nothing was changed.
    pub fn before_sending(self) -> OperateError {
        match self.kind {
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::OtherServer => OperateError::Refused(self.message),
            _ => OperateError::Refused(format!("{}; nothing was sent", self.message).into()),
        }
    }
}

impl From<Trouble> for LookError {
    fn from(trouble: Trouble) -> Self {
        let kind = match trouble.kind {
            TroubleKind::Unreachable | TroubleKind::NotReady | TroubleKind::Cut => {
                LookErrorKind::Unreachable
            }
            TroubleKind::Timeout => LookErrorKind::Timeout,
            TroubleKind::Permission => LookErrorKind::Permission,
            // A view or function that is not there: a server that is too old, not a broken one.
            TroubleKind::Ours | TroubleKind::Missing => LookErrorKind::Ours,
            TroubleKind::ReadOnly
            | TroubleKind::Refused
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => LookErrorKind::Garbage,
        };
        Self { kind, message: trouble.message }
    }
}

/// Finds the cause in an error's chain that a person can do something about: a certificate, a
/// refused or cut connection, a name that is not found.
pub fn known_cause(peer: &str, error: &(dyn Error + 'static)) -> Option<Trouble> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(tls_failure(peer, tls));
        }
        if cause.downcast_ref::<TooLong>().is_some() {
            return Some(Trouble::new(TroubleKind::Garbage, format!("{peer}: {cause}")));
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

fn io_failure(peer: &str, error: &io::Error) -> Trouble {
    let unreachable = TroubleKind::Unreachable;
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            Trouble::unsent(unreachable, format!("{peer} refused the connection"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Trouble::unsent(unreachable, format!("there is no route to {peer}"))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => {
            Trouble::new(unreachable, format!("{peer} cut the connection"))
        }
        ErrorKind::TimedOut => {
            Trouble::new(TroubleKind::Timeout, format!("{peer} did not answer in time"))
        }
        _ => Trouble::new(unreachable, format!("{peer} cannot be reached: {error}")),
    }
}

/// A peer that answers, and not in TLS: what we were told does not fit it. One that says nothing,
/// or hangs up, is a failing peer like any other.
pub fn not_tls(peer: &str) -> Trouble {
    let sentence = format!("{peer} does not speak TLS; correct its address or the settings");
    Trouble::unsent(TroubleKind::Ours, sentence)
}

/// A certificate that users would be refused by too counts against the peer; one that only our own
/// list of authorities does not know says nothing of it.
fn tls_failure(peer: &str, error: &rustls::Error) -> Trouble {
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return not_tls(peer),
        _ => {
            let sentence = format!("{peer} does not speak TLS as expected: {error}");
            return Trouble::unsent(TroubleKind::Garbage, sentence);
        }
    };
    let (kind, why) = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (TroubleKind::Garbage, "has expired; renew it".to_owned())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (TroubleKind::Garbage, "is not valid yet; compare the clocks".to_owned())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (TroubleKind::Garbage, "is for another name".to_owned())
        }
        CertificateError::Revoked => (TroubleKind::Garbage, "was revoked".to_owned()),
        CertificateError::UnknownIssuer => (
            TroubleKind::Ours,
            "is signed by an authority that is not known here; name its file in `ca`".to_owned(),
        ),
        // An authority of this name is known, and another key signed: ours is the wrong one.
        CertificateError::BadSignature => (
            TroubleKind::Ours,
            "is not signed by the authority of that name that is known here; correct `ca`"
                .to_owned(),
        ),
        CertificateError::Other(why) => {
            (TroubleKind::Garbage, format!("is not accepted: {}", innermost(why.0.as_ref())))
        }
        other => (TroubleKind::Garbage, format!("is not accepted: {other}")),
    };
    Trouble::unsent(kind, format!("the certificate of {peer} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_in_chains() {
        let check = |error: io::Error, kind: TroubleKind, want: &str| {
            let found = known_cause("peer", &error).expect("a cause");
            assert_eq!((found.kind, found.message.as_str()), (kind, want));
        };
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let gone = TroubleKind::Unreachable;
        check(refused(), gone, "peer refused the connection");
        check(io::Error::other(refused()), gone, "peer refused the connection");
        check(io::Error::from(ErrorKind::UnexpectedEof), gone, "peer cut the connection");
        let certificate = |why| io::Error::other(rustls::Error::InvalidCertificate(why));
        check(
            certificate(CertificateError::Expired),
            TroubleKind::Garbage,
            "the certificate of peer has expired; renew it",
        );
        check(
            certificate(CertificateError::UnknownIssuer),
            TroubleKind::Ours,
            "the certificate of peer is signed by an authority that is not known here; \
             name its file in `ca`",
        );
        check(
            certificate(CertificateError::BadSignature),
            TroubleKind::Ours,
            "the certificate of peer is not signed by the authority of that name that is known \
             here; correct `ca`",
        );
    }

    #[test]
    fn a_lost_answer_is_ambiguous_only_when_something_was_sent() {
        let check = |kind: TroubleKind, sent_is_ambiguous: bool| {
            let ambiguous = |error| matches!(error, OperateError::Ambiguous(_));
            let trouble = Trouble::new(kind, "x");
            let sent = ambiguous(trouble.clone().into_operate_error());
            assert_eq!(sent, sent_is_ambiguous, "{kind:?}");
            assert!(!ambiguous(trouble.before_sending()), "{kind:?}");
            assert!(!ambiguous(Trouble::unsent(kind, "x").into_operate_error()), "{kind:?}");
        };
        check(TroubleKind::Cut, true);
        check(TroubleKind::Timeout, true);
        check(TroubleKind::Unreachable, true);
        check(TroubleKind::Garbage, true);
        // It was met after the request went to another one.
        check(TroubleKind::OtherServer, true);
        check(TroubleKind::NotReady, false);
        check(TroubleKind::Permission, false);
        check(TroubleKind::ReadOnly, false);
        check(TroubleKind::Missing, false);
        check(TroubleKind::Refused, false);
        check(TroubleKind::Ours, false);
    }
}
