//! One cluster that is asked in JSON: who it is, each request bounded, each refusal in a sentence.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::Value as Json;

use super::settings::OpenSearch;
use super::state::Condition;
use crate::domain::text::head;
use crate::systems::kit::lately::Lately;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::idle::Idle;
use crate::systems::kit::web::sign::Signer;
use crate::systems::kit::web::{Answer, Web};

/// How much of a cluster's own words a sentence repeats, in characters.
const SAID_CHARS_MAX: usize = 200;

/// How many characters of a name or version are kept.
const WORD_CHARS_MAX: usize = 80;

/// The longest time for what may hang while the rest answers, such as a word on a leader.
const SIDE_LIMIT: Duration = Duration::from_millis(1500);

/// Who a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// What no other cluster shares with it.
    pub(super) uuid: String,
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
}

/// A cluster that answered.
#[derive(Debug, Clone)]
pub struct Session {
    web: Web,
    user: String,
    /// What it is called in sentences.
    pub(super) place: String,
    /// Who it was when it was first asked.
    pub(super) root: Root,
    /// What it told lately.
    pub(super) lately: Had,
    /// How long a request may take that hangs where a leader does.
    pub(super) side_limit: Duration,
}

/// What was told lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Had {
    pub(super) root: Lately<Root>,
    pub(super) condition: Lately<Condition>,
}

/// Asks a cluster at this address who it is.
pub(super) async fn connect(
    target: &Target<OpenSearch>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Session, Trouble> {
    let mut web = Web::of(target, peer)?.keeping(Idle::default());
    if let Some(signing) = &target.own.signing {
        let secret = target.secret.clone().unwrap_or_else(|| SecretString::from(String::new()));
        web = web.signed(Signer {
            region: signing.region.clone(),
            service: signing.service.to_owned(),
            key: target.user.clone(),
            secret,
            clock: target.clock.clone(),
        });
    }
    let nobody = Root { uuid: String::new(), name: String::new(), version: String::new() };
    let mut session = Session {
        web,
        user: target.user.clone(),
        place: target.place.clone(),
        root: nobody,
        lately: Had::default(),
        side_limit: (limit / 2).min(SIDE_LIMIT),
    };
    let at = target.clock.now();
    session.root = session.lately.root.or_ask(Some(at), session.who()).await?;
    Ok(session)
}

impl Session {
    /// Asks who it is.
    pub(super) async fn who(&self) -> Result<Root, Trouble> {
        let told = self.get("/").await?;
        let word = |value: &Json| value.as_str().map(|text| head(text, WORD_CHARS_MAX));
        let place = &self.place;
        let uuid =
            word(&told["cluster_uuid"]).filter(|uuid| !uuid.is_empty()).ok_or_else(|| {
                let message = format!("{place} told no `cluster_uuid`: it is no OpenSearch");
                Trouble::new(TroubleKind::Garbage, message)
            })?;
        if uuid == "_na_" {
            let message = format!("{place} belongs to no cluster yet");
            return Err(Trouble::new(TroubleKind::NotReady, message));
        }
        Ok(Root {
            uuid,
            name: word(&told["cluster_name"]).unwrap_or_default(),
            version: word(&told["version"]["number"]).unwrap_or_default(),
        })
    }

    /// Asks for what is at a path.
    pub(super) async fn get(&self, path: &str) -> Result<Json, Trouble> {
        self.call(Method::GET, path, None).await
    }

    /// Sends one request, once; an answer that is none of JSON, or a refusal, is a trouble.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Json, Trouble> {
        let answer = self.ask(method, path, body).await?;
        if answer.status.is_success() && !answer.json.is_null() {
            return Ok(answer.json);
        }
        Err(self.refused(&answer))
    }

    /// The same, with whatever status.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, Trouble> {
        self.web.ask(method, path, body).await
    }

    /// What a refusal means.
    pub(super) fn refused(&self, answer: &Answer) -> Trouble {
        let place = &self.place;
        let (kind, reason) = why(&answer.json);
        let (told, message) = match (answer.status, kind) {
            (StatusCode::FORBIDDEN, "cluster_block_exception") => {
                (TroubleKind::ReadOnly, format!("{place} refuses writes: {reason}"))
            }
            (StatusCode::UNAUTHORIZED, _) => {
                let user = &self.user;
                let words = "wrong name or password; check the secret";
                (TroubleKind::Permission, format!("{place} refused user {user}: {words}"))
            }
            (StatusCode::FORBIDDEN, _) => (TroubleKind::Permission, self.missing_right(&reason)),
            (StatusCode::SERVICE_UNAVAILABLE, kind) if kind.contains("not_discovered") => (
                TroubleKind::NotReady,
                format!("{place} has no cluster manager: it is not ready to work"),
            ),
            (StatusCode::TOO_MANY_REQUESTS, _) => {
                (TroubleKind::NotReady, format!("{place} has too much to do: {reason}"))
            }
            (status, _) if status.is_success() => {
                (TroubleKind::Garbage, format!("{place} answered what is no JSON"))
            }
            (status, _) => return self.web.refusal(status, &reason),
        };
        Trouble::new(told, message)
    }

    /// `no permissions for [x] and User [...]` becomes what to grant to whom.
    fn missing_right(&self, reason: &str) -> String {
        let (place, user) = (&self.place, &self.user);
        let right = reason.split_once("no permissions for [").and_then(|(_, rest)| {
            let right = rest.split_once(']')?.0;
            (!right.is_empty()).then_some(right)
        });
        match right {
            Some(right) => format!("{place}: user {user} lacks `{right}`; add it to its role"),
            None => format!("{place} does not let user {user}: {reason}"),
        }
    }
}

/// The kind of an error and its reason, in the forms of the server and of its provider.
pub(super) fn why(told: &Json) -> (&str, String) {
    let error = &told["error"];
    let kind = error["type"].as_str().unwrap_or_default();
    let reason = [&error["reason"], error, &told["message"], &told["Message"]];
    let reason = reason.into_iter().find_map(Json::as_str).unwrap_or_default();
    (kind, head(reason, SAID_CHARS_MAX))
}
