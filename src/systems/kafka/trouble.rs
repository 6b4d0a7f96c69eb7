//! What the library's failures mean: whose fault they are, in a sentence that says what to do.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::context::code_of;
use crate::systems::kit::trouble::{Trouble, TroubleKind, not_tls};

/// The reason that the library told beside a failure, the gravest first: that all brokers are down
/// says less than why.
pub(super) fn of_events(
    place: &str,
    user: &str,
    names_ca: bool,
    events: &[(KafkaError, String)],
) -> Option<Trouble> {
    let found = |code: Code| events.iter().find(|(error, _)| code_of(error) == Some(code));
    let grave = [Code::Authentication, Code::SaslAuthenticationFailed, Code::SSL, Code::Resolve];
    let Some((error, reason)) = grave.into_iter().find_map(found) else {
        if events.iter().any(|(_, reason)| reason.contains("connecting to a PLAINTEXT")) {
            return Some(not_tls(place));
        }
        // The library's own guess, where a broker hangs up at the first word.
        let other_door = events.iter().any(|(_, reason)| reason.contains("security.protocol"));
        let words = "closed the connection at the first word";
        let trouble = || Trouble::unsent(TroubleKind::Unreachable, format!("{place} {words}"));
        return other_door.then(trouble);
    };
    Some(match code_of(error)? {
        Code::SSL => of_tls(place, names_ca, reason),
        Code::Resolve => {
            let words = "leads on to a broker whose name leads nowhere; correct \
                         `advertised.listeners` there";
            Trouble::unsent(TroubleKind::Unreachable, format!("{place} {words}"))
        }
        _ => of_login(place, user, reason),
    })
}

fn of_login(place: &str, user: &str, reason: &str) -> Trouble {
    let words = if reason.contains("mechanism") {
        "does not take this kind of login; correct `sasl`".to_owned()
    } else {
        format!("refused user {user}: unknown, or another secret")
    };
    Trouble::unsent(TroubleKind::Permission, format!("{place} {words}"))
}

/// The library tells in words alone what was wrong with a certificate.
fn of_tls(place: &str, names_ca: bool, reason: &str) -> Trouble {
    let has = |words: &str| reason.contains(words);
    let of =
        |kind, words: &str| Trouble::unsent(kind, format!("the certificate of {place} {words}"));
    if has("certificate has expired") {
        of(TroubleKind::Garbage, "has expired; renew it")
    } else if has("hostname mismatch") || has("does not match") || has("IP address mismatch") {
        of(TroubleKind::Garbage, "is for another name")
    } else if has("certificate verify failed") || has("could not be verified") {
        let advice = if names_ca { "correct `ca`" } else { "name its file in `ca`" };
        let words = "is signed by an authority that is not known here";
        of(TroubleKind::Ours, &format!("{words}; {advice}"))
    } else if has("wrong version number") || has("connecting to a PLAINTEXT") {
        not_tls(place)
    } else {
        let words = format!("{place} does not speak TLS as expected; look at `warroom log`");
        Trouble::unsent(TroubleKind::Garbage, words)
    }
}

/// A failure of the library, or an error that a broker answered.
pub(super) fn of_client(place: &str, error: &KafkaError) -> Trouble {
    let Some(code) = code_of(error) else {
        // What it says then is for those who build it.
        tracing::warn!(%error, "the library of Kafka takes no such settings");
        let words = "was not asked: `sasl`, `tls` or `ca` are nothing to connect with; look at \
                     `warroom log`";
        return Trouble::unsent(TroubleKind::Ours, format!("{place} {words}"));
    };
    of_code(place, code)
}

/// What a code means.
pub(super) fn of_code(place: &str, code: Code) -> Trouble {
    let (kind, words) = match code {
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve => (
            TroubleKind::Unreachable,
            "gives no answer: it hangs, or does not speak Kafka".to_owned(),
        ),
        Code::OperationTimedOut | Code::RequestTimedOut | Code::TimedOutQueue => {
            (TroubleKind::Timeout, "did not answer in time".to_owned())
        }
        Code::TopicAuthorizationFailed => (
            TroubleKind::Permission,
            "gives us no right to a topic: READ or WRITE is missing".to_owned(),
        ),
        Code::GroupAuthorizationFailed => {
            (TroubleKind::Permission, "gives us no right to a consumer group".to_owned())
        }
        Code::ClusterAuthorizationFailed | Code::TransactionalIdAuthorizationFailed => {
            (TroubleKind::Permission, "gives us no right to the cluster".to_owned())
        }
        Code::Authentication | Code::SaslAuthenticationFailed => {
            (TroubleKind::Permission, "does not accept our user or its secret".to_owned())
        }
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            (TroubleKind::Missing, "has no such topic, or does not show it to us".to_owned())
        }
        Code::LeaderNotAvailable | Code::NotLeaderForPartition | Code::CoordinatorNotAvailable => {
            (TroubleKind::NotReady, format!("is not ready: {code}"))
        }
        Code::NotEnoughReplicas | Code::PolicyViolation | Code::InvalidRequiredAcks => {
            (TroubleKind::Refused, format!("refused: {code}"))
        }
        other => (TroubleKind::Garbage, format!("failed: {other}")),
    };
    Trouble::new(kind, format!("{place} {words}"))
}
