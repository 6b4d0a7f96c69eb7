//! Why a service of Amazon's kind told nothing, or did not do what was asked, in one sentence.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;

use crate::domain::text::{Clean, head};
use crate::systems::kit::trouble::{Trouble, TroubleKind, innermost, known_cause};

/// The most characters of a peer's own words.
const WORDS_MAX: usize = 160;

/// The codes of who is asked too often.
const SLOWED: [&str; 4] = ["SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"];

/// What was asked, of whom and as whom, for sentences.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where.
    pub place: &'a str,
    /// As whom.
    pub user: &'a str,
    /// The right that it needs.
    pub right: &'a str,
}

/// The code of an error that is not in the service's model, such as that something is not set up.
pub fn code_of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    match error {
        SdkError::ServiceError(told) => told.err().code(),
        _ => None,
    }
}

/// An error as a trouble.
pub fn of_sdk<E>(error: &SdkError<E, HttpResponse>, asked: &Asked<'_>) -> Trouble
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let place = asked.place;
    let late = || Trouble::new(TroubleKind::Timeout, format!("{place} did not answer in time"));
    match error {
        SdkError::ServiceError(told) => {
            let status = told.raw().status().as_u16();
            of_answer(status, told.err().code(), told.err().message(), asked)
        }
        SdkError::TimeoutError(_) => late(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => late(),
        SdkError::ConstructionFailure(_) => {
            let why = head(&innermost(error), WORDS_MAX);
            Trouble::unsent(TroubleKind::Ours, format!("nothing was asked of {place}: {why}"))
        }
        _ => of_wire(error, place),
    }
}

/// What came over the wire was no answer, or nothing could be sent.
fn of_wire(error: &(dyn Error + 'static), place: &str) -> Trouble {
    if has::<CredentialsError>(error) {
        let why = head(&innermost(error), WORDS_MAX);
        let words = format!("there are no credentials for {place}: {why}; name a secret");
        return Trouble::unsent(TroubleKind::Ours, words);
    }
    if has::<LengthLimitError>(error) {
        let words = format!("{place}: the answer is too long for what was asked");
        return Trouble::new(TroubleKind::Garbage, words);
    }
    known_cause(place, error).unwrap_or_else(|| {
        let why = head(&innermost(error), WORDS_MAX);
        Trouble::new(TroubleKind::Garbage, format!("{place} answered what cannot be read: {why}"))
    })
}

fn has<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<E>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// What an answer that is an error means. HEAD is answered without a word: then the status tells.
fn of_answer(status: u16, code: Option<&str>, words: Option<&str>, asked: &Asked<'_>) -> Trouble {
    let Asked { place, user, right } = *asked;
    let say = |kind, words: String| Trouble::new(kind, words);
    let refused =
        |why: &str| say(TroubleKind::Permission, format!("{place} refused user {user}: {why}"));
    match (code.unwrap_or_default(), status) {
        ("InvalidAccessKeyId" | "UnrecognizedClientException" | "InvalidClientTokenId", _) => {
            refused("it knows no such access key; correct the secret")
        }
        ("SignatureDoesNotMatch" | "AuthFailure" | "InvalidSignatureException", _) => {
            refused("wrong secret access key")
        }
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
            refused("its session has expired; log in again")
        }
        ("InvalidToken", _) => refused("its session token is none; correct the secret"),
        ("RequestTimeTooSkewed" | "RequestExpired", _) => {
            let why = "takes our time for wrong; compare the clocks of both machines";
            say(TroubleKind::Ours, format!("{place} {why}"))
        }
        ("NoSuchBucket", _) => {
            say(TroubleKind::Missing, format!("{place}: there is no such bucket"))
        }
        (
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
            _,
        )
        | (_, 301 | 307 | 308) => {
            let why = "is in another region than the site says; correct `region`";
            say(TroubleKind::Ours, format!("{place} {why}"))
        }
        (
            "PreconditionFailed" | "ConditionalRequestConflict" | "ConditionalCheckFailedException",
            _,
        )
        | (_, 412) => {
            say(TroubleKind::Refused, format!("{place}: something else stands there by now"))
        }
        (code, status) if status == 429 || SLOWED.contains(&code) => {
            let words = format!("{place} asks to be asked less often{}", in_words(code));
            say(TroubleKind::NotReady, words)
        }
        ("", 503) | ("ServiceUnavailable" | "XMinioServerNotInitialized", _) => {
            say(TroubleKind::NotReady, format!("{place} is not ready to answer (503)"))
        }
        ("NotImplemented", _) | (_, 501 | 405) => {
            say(TroubleKind::Missing, format!("{place} does not know this question"))
        }
        (code, status) if is_denial(code, status) => {
            let why = format!("{place}: user {user} may not do this; allow it `{right}` there");
            say(TroubleKind::Permission, why)
        }
        (code @ "ResourceNotFoundException", _) | (code, 404) => {
            say(TroubleKind::Missing, format!("{place}: not there{}", in_words(code)))
        }
        ("", 200..=299) => {
            say(TroubleKind::Garbage, format!("{place} answered what cannot be read"))
        }
        // It may have done it all the same.
        (code, 500..) => {
            say(TroubleKind::Garbage, format!("{place} failed with {status}{}", in_words(code)))
        }
        (code, _) => {
            let words = head(words.unwrap_or_default(), WORDS_MAX);
            let said = format!("{place} answered {status}{}: {words}", in_words(code));
            say(TroubleKind::Refused, Clean::from(said).to_string())
        }
    }
}

fn is_denial(code: &str, status: u16) -> bool {
    code.starts_with("AccessDenied")
        || matches!(code, "UnauthorizedOperation" | "AllAccessDisabled")
        || (code.is_empty() && matches!(status, 401 | 403))
}

/// ` (SlowDown)`; nothing where there is no code.
fn in_words(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" ({})", head(code, WORDS_MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_sentences() {
        let asked = Asked { place: "bucket src", user: "AKIA1", right: "s3:ListBucket" };
        let check = |status: u16, code: &str, kind: TroubleKind, want: &str| {
            let code = Some(code).filter(|code| !code.is_empty());
            let found = of_answer(status, code, Some("in its own words"), &asked);
            assert_eq!(found.kind, kind, "{code:?}: {found}");
            assert!(found.message.as_str().contains(want), "{found} / {want}");
        };
        let permission = TroubleKind::Permission;
        check(
            403,
            "AccessDenied",
            permission,
            "user AKIA1 may not do this; allow it `s3:ListBucket`",
        );
        check(403, "", permission, "allow it `s3:ListBucket`");
        check(400, "AccessDeniedException", permission, "may not do this");
        check(403, "InvalidAccessKeyId", permission, "refused user AKIA1: it knows no such");
        check(403, "SignatureDoesNotMatch", permission, "refused user AKIA1: wrong secret");
        check(400, "ExpiredToken", permission, "has expired; log in again");
        check(403, "RequestTimeTooSkewed", TroubleKind::Ours, "compare the clocks");
        check(404, "NoSuchBucket", TroubleKind::Missing, "there is no such bucket");
        check(404, "", TroubleKind::Missing, "not there");
        check(400, "ResourceNotFoundException", TroubleKind::Missing, "not there");
        check(301, "", TroubleKind::Ours, "correct `region`");
        check(400, "AuthorizationHeaderMalformed", TroubleKind::Ours, "correct `region`");
        check(503, "SlowDown", TroubleKind::NotReady, "less often (SlowDown)");
        check(400, "Throttling", TroubleKind::NotReady, "less often (Throttling)");
        check(503, "", TroubleKind::NotReady, "is not ready to answer");
        check(500, "InternalError", TroubleKind::Garbage, "failed with 500 (InternalError)");
        check(200, "", TroubleKind::Garbage, "answered what cannot be read");
        check(501, "NotImplemented", TroubleKind::Missing, "does not know this question");
        check(412, "PreconditionFailed", TroubleKind::Refused, "something else stands there");
        check(400, "Odd", TroubleKind::Refused, "answered 400 (Odd): in its own words");
    }
}
