//! The members of one side, asked all at once: one that hangs holds up nothing beyond its time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::Value as Json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::settings::{Own, Patroni};
use super::state::{Listed, Member, SideState};
use crate::domain::reading::Identity;
use crate::port::{Clock, Output};
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::{Answer, Web};

/// The longest time for all that a member is asked. The other side of a step is waited for a little
/// longer: one member that hangs must not hide another that takes writes there.
const MEMBER_LIMIT: Duration = Duration::from_millis(1800);

/// The REST API of every member of one side.
pub struct Session {
    members: Vec<(String, Web)>,
    own: Own,
    user: String,
    limit: Duration,
    clock: Arc<dyn Clock>,
    /// What they told as the session began, until it is asked for.
    told: Mutex<Option<SideState>>,
}

/// Asks the members of a side who they are and how they are.
pub(super) async fn connect(target: &Target<Patroni>, limit: Duration) -> Result<Session, Trouble> {
    let mut at = target.clone();
    let mut members = Vec::new();
    for member in &target.own.members {
        at.endpoint = member.clone();
        members.push((member.place(), Web::of(&at, None)?));
    }
    let session = Session {
        members,
        own: target.own.clone(),
        user: target.user.clone(),
        limit: (limit * 4 / 5).min(MEMBER_LIMIT),
        clock: Arc::clone(&target.clock),
        told: Mutex::default(),
    };
    let told = session.gather().await?;
    *session.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    Ok(session)
}

impl Session {
    fn first(&self) -> Option<SideState> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Which cluster it is.
    pub(super) async fn identity(&self) -> Result<Identity, Trouble> {
        let state = self.state().await?;
        let identity = state.identity();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        Ok(identity)
    }

    /// How it stands: what the members told as the session began, each time after that anew.
    pub(super) async fn state(&self) -> Result<SideState, Trouble> {
        match self.first() {
            Some(told) => Ok(told),
            None => self.gather().await,
        }
    }

    /// Asks all members at once, and whoever answers first for what the cluster keeps of itself.
    async fn gather(&self) -> Result<SideState, Trouble> {
        let (mut asking, listing) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for (index, (_, web)) in self.members.iter().enumerate() {
            let (web, listing, limit) = (web.clone(), Arc::clone(&listing), self.limit);
            asking.spawn(async move { (index, ask(&web, &listing, limit).await) });
        }
        let mut told: Vec<_> = self.members.iter().map(|_| None).collect();
        let nothing = || Trouble::new(TroubleKind::Timeout, "no member listed the others in time");
        let mut listed = Err(nothing());
        while let Some(Ok((index, (member, list)))) = asking.join_next().await {
            let place = &self.members[index].0;
            told[index] = Some(match member {
                Some(told) => told.and_then(|told| {
                    let now_ms = self.clock.now().wall_ms;
                    let told_ago_ms = told.told_s.map(|at_s| now_ms - at_s.saturating_mul(1000));
                    Ok(Member { told_ago_ms, ..Member::read(place, &told.json, &self.own)? })
                }),
                None => Err(Trouble::timeout(place, self.limit)),
            });
            if let Some(list) = list {
                let wrong = || {
                    let message = format!("{place} lists no members");
                    Trouble::new(TroubleKind::Garbage, message)
                };
                listed = list.and_then(|list| Listed::read(&list.json).ok_or_else(wrong));
            }
        }
        let lost = |index: usize| Trouble::timeout(&self.members[index].0, self.limit);
        let told = told.into_iter().enumerate();
        let told = told.map(|(index, one)| one.unwrap_or_else(|| Err(lost(index)))).collect();
        SideState::of(&self.own, told, listed)
    }

    fn web(&self, place: &str) -> &Web {
        let known = self.members.iter().find(|(known, _)| known == place);
        &known.unwrap_or(&self.members[0]).1
    }

    /// Asks one member for what is at a path, with whatever status.
    pub(super) async fn get(&self, place: &str, path: &str) -> Result<Answer, Trouble> {
        self.web(place).ask_within(self.limit, Method::GET, path, None).await
    }

    /// Gives one order to one member, and tells it.
    pub(super) async fn order(
        &self,
        place: &str,
        (method, path, limit): (Method, &str, Duration),
        body: &Json,
        output: &mut dyn Output,
    ) -> Result<Answer, Trouble> {
        output.line(&format!("{method} {path} {body} at {place}"));
        let web = self.web(place);
        let answer = web.ask_within(limit, method, path, Some(body)).await?;
        match answer.status {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let (user, said) = (&self.user, said(&answer));
                let words = format!(
                    "{place} refused user {user} ({said}): see `restapi.authentication` and \
                     `restapi.allowlist` of its Patroni, and the secret"
                );
                Err(Trouble::new(TroubleKind::Permission, words))
            }
            status => Err(web.refusal(status, said(&answer))),
        }
    }
}

/// What Patroni said of itself; its pages for people are not repeated.
pub(super) fn said(answer: &Answer) -> &str {
    if answer.said.trim_start().starts_with('<') { "" } else { answer.said.trim() }
}

type Told = Option<Result<Answer, Trouble>>;

/// What a member tells of itself, and what the first of all that answers lists.
async fn ask(web: &Web, listing: &AtomicBool, limit: Duration) -> (Told, Told) {
    let (mut own, mut list) = (None, None);
    let asked = timeout(limit, async {
        let told = fetch(web, "/patroni").await;
        let lists = told.is_ok() && !listing.swap(true, Ordering::Relaxed);
        own = Some(told);
        if lists {
            list = Some(fetch(web, "/cluster").await);
        }
    });
    // What has not come by then does not come.
    let _ = asked.await;
    (own, list)
}

async fn fetch(web: &Web, path: &str) -> Result<Answer, Trouble> {
    let answer = web.get(path).await?;
    if answer.status == StatusCode::OK && answer.json.is_object() {
        return Ok(answer);
    }
    if answer.status == StatusCode::OK {
        let message = format!("{} answered {path} with what is no JSON object", web.place());
        return Err(Trouble::new(TroubleKind::Garbage, message));
    }
    Err(web.refusal(answer.status, said(&answer)))
}
