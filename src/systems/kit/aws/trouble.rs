//! Why a service of Amazon's kind told nothing, or did not do what was asked, in one sentence.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;

use crate::domain::text::{Clean, head};
use crate::systems::kit::trouble::{Trouble, TroubleKind, innermost, known_cause};

/// The most characters of a peer's own words.
const WORDS_MAX: usize = 160;

/// The codes of who is asked too often.
const SLOWED: [&str; 10] = [
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The longest time for which whoever is asked too often is left alone at its word.
const LEFT_ALONE_MOST: Duration = Duration::from_secs(300);

/// The codes of what is done only while nothing else stands there.
const TAKEN: [&str; 3] =
    ["ConditionalCheckFailedException", "ConditionalRequestConflict", "PreconditionFailed"];

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
            let trouble = of_answer(status, told.err().code(), told.err().message(), asked);
            trouble.again_in(retry_after(told.raw()))
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

/// How long it asks to be left alone.
fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LEFT_ALONE_MOST))
}

/// Keeps a client from asking at once again whoever has just asked to be asked less often.
#[derive(Debug)]
pub struct LeaveAlone;

impl ClassifyRetry for LeaveAlone {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(answer) = context.response() else { return RetryAction::NoActionIndicated };
        let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default());
        let is_slowed = answer.status().as_u16() == 429
            || answer.headers().get("retry-after").is_some()
            || (!answer.status().is_success() && SLOWED.iter().any(|code| body.contains(code)));
        if is_slowed { RetryAction::RetryForbidden } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "leaves alone who is asked too often"
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

/// What is wrong with who asks, by the code of an answer.
fn wrong_credentials(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidAccessKeyId" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            "it knows no such access key; correct the secret"
        }
        "SignatureDoesNotMatch" | "AuthFailure" | "InvalidSignatureException" => {
            "wrong secret access key"
        }
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            "its credentials have expired; renew them, or log in again"
        }
        "InvalidToken" => "its session token is none; correct the secret",
        _ => return None,
    })
}

/// What an answer that is an error means. HEAD is answered without a word: then the status tells.
fn of_answer(status: u16, code: Option<&str>, words: Option<&str>, asked: &Asked<'_>) -> Trouble {
    let Asked { place, user, right } = *asked;
    let say = |kind, words: String| Trouble::new(kind, words);
    let refused =
        |why: &str| say(TroubleKind::Permission, format!("{place} refused user {user}: {why}"));
    match (code.unwrap_or_default(), status) {
        ("RequestTimeTooSkewed" | "RequestExpired", _) => skewed(place),
        // What is signed at another time is refused like what is signed wrongly.
        ("SignatureDoesNotMatch" | "InvalidSignatureException", _) if is_about_time(words) => {
            skewed(place)
        }
        (code, _) if wrong_credentials(code).is_some() => {
            refused(wrong_credentials(code).unwrap_or_default())
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
        (code, status) if status == 412 || TAKEN.contains(&code) => {
            say(TroubleKind::Refused, format!("{place}: something else stands there by now"))
        }
        (code, status) if status == 429 || SLOWED.contains(&code) => {
            let why = "is throttled: it asks to be asked less often";
            let words = format!("{place} {why}{}", in_words(code));
            say(TroubleKind::NotReady, words)
        }
        ("XMinioServerNotInitialized", _) => {
            say(TroubleKind::NotReady, format!("{place} is not ready to answer (503)"))
        }
        // It may have done it all the same, and only its answer is missing.
        ("" | "ServiceUnavailable", 502..=504) => say(
            TroubleKind::Cut,
            format!("{place} is not ready, or what stands before it is ({status})"),
        ),
        ("NotImplemented", _) | (_, 501 | 405) => {
            say(TroubleKind::Missing, format!("{place} does not know this question"))
        }
        (code, status) if is_denial(code, status) => say(
            TroubleKind::Permission,
            format!("{place}: user {user} may not do this; allow it `{right}` there"),
        ),
        (code @ "ResourceNotFoundException", _) | (code, 404) => {
            say(TroubleKind::Missing, format!("{place}: not there{}", in_words(code)))
        }
        ("", 200..=299) => {
            say(TroubleKind::Garbage, format!("{place} answered what cannot be read"))
        }
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

fn skewed(place: &str) -> Trouble {
    let why = "takes our time for wrong; compare the clocks of both machines";
    Trouble::new(TroubleKind::Ours, format!("{place} {why}"))
}

fn is_about_time(words: Option<&str>) -> bool {
    let words = words.unwrap_or_default();
    words.contains("Signature expired") || words.contains("not yet current")
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
        check(400, "ExpiredToken", permission, "credentials have expired; renew them");
        check(403, "RequestTimeTooSkewed", TroubleKind::Ours, "compare the clocks");
        check(400, "RequestExpired", TroubleKind::Ours, "compare the clocks");
        check(404, "NoSuchBucket", TroubleKind::Missing, "there is no such bucket");
        check(404, "", TroubleKind::Missing, "not there");
        check(400, "ResourceNotFoundException", TroubleKind::Missing, "not there");
        check(301, "", TroubleKind::Ours, "correct `region`");
        check(400, "AuthorizationHeaderMalformed", TroubleKind::Ours, "correct `region`");
        check(503, "SlowDown", TroubleKind::NotReady, "less often (SlowDown)");
        check(400, "Throttling", TroubleKind::NotReady, "less often (Throttling)");
        check(429, "", TroubleKind::NotReady, "is throttled");
        check(503, "", TroubleKind::Cut, "or what stands before it is (503)");
        check(503, "ServiceUnavailable", TroubleKind::Cut, "is not ready");
        check(503, "XMinioServerNotInitialized", TroubleKind::NotReady, "is not ready to answer");
        check(500, "InternalError", TroubleKind::Garbage, "failed with 500 (InternalError)");
        check(200, "", TroubleKind::Garbage, "answered what cannot be read");
        check(501, "NotImplemented", TroubleKind::Missing, "does not know this question");
        check(412, "PreconditionFailed", TroubleKind::Refused, "something else stands there");
        check(400, "Odd", TroubleKind::Refused, "answered 400 (Odd): in its own words");
    }

    #[test]
    fn a_clock_that_is_wrong_is_no_wrong_secret() {
        let asked = Asked { place: "RDS of x", user: "AKIA1", right: "rds:x" };
        let check = |code: &str, words: &str, kind: TroubleKind, want: &str| {
            let found = of_answer(403, Some(code), Some(words), &asked);
            assert_eq!(found.kind, kind, "{words}: {found}");
            assert!(found.message.as_str().contains(want), "{found} / {want}");
        };
        let late = "Signature expired: 20261123T120000Z is now earlier than 20261123T121000Z";
        let early = "Signature not yet current: 20261123T130000Z is still later than";
        for code in ["SignatureDoesNotMatch", "InvalidSignatureException"] {
            check(code, late, TroubleKind::Ours, "compare the clocks of both machines");
            check(code, early, TroubleKind::Ours, "compare the clocks of both machines");
            let wrong = "The request signature we calculated does not match";
            check(code, wrong, TroubleKind::Permission, "wrong secret access key");
        }
    }
}
