//! Proves that the target accepts writes: a document in each index, written, read and deleted.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::super::lag::span_s;
use super::super::session::Session;
use super::super::settings::{OpenSearch, is_plain};
use super::super::state::SideState;
use crate::domain::time::spoken_time;
use crate::systems::kit::task::prelude::*;

const EVIDENCE: Setting<String> = Setting::new(
    "evidence",
    Kind::Word,
    "An index of its own that the proof is noted in, made where it is not there; never replicated",
)
.or("warroom-probe");

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(1000, 86_400_000),
    "How long the note proves that writes work",
)
.or("15m");

/// `opensearch.verify_write`.
pub(super) struct VerifyWrite;

/// The proof that is wanted.
pub struct Wanted {
    evidence: String,
    fresh_for: Duration,
}

impl Task for VerifyWrite {
    type On = OpenSearch;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "opensearch.verify_write",
        doc: "Writes one empty document to each of the indices on the target, reads it back and \
              deletes it, then notes that in an index of its own, with the cluster's identity",
        verb: "verify",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "Nothing to take back: the documents are deleted, the note is one document",
        permissions: &[
            "indices:data/write/index, /delete and /bulk*, indices:data/read/get on the indices",
            "the same and indices:admin/create on `evidence`",
        ],
        needs_target: true,
        settings: &[EVIDENCE.spec, FRESH_FOR.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let evidence = EVIDENCE.get(fields)?;
        if !is_plain(&evidence) {
            return Err(fields.refuse("evidence", "must be the name of one index"));
        }
        Ok(Wanted { evidence, fresh_for: FRESH_FOR.get(fields)? })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let own = &at.seat.own;
        let session = own.open().await?;
        let note = at.note();
        let note = session.ask(Method::GET, &note, None);
        let (state, note) = tokio::join!(own.state_on(&session), own.within(note));
        let (state, note) = (state?, note?);
        let source = match note.status {
            StatusCode::OK => Some(&note.json["_source"]),
            StatusCode::NOT_FOUND => None,
            _ => return Err(session.refused(&note)),
        };
        Ok(at.judge(&state, source))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let listed = at.seat.own.target.own.listed();
        let text = format!("one document in each of {listed} of {}, deleted again", at.seat.name);
        (Ok(vec![line('~', text)]), format!("PUT, GET, DELETE /<index>/_doc/{}", at.id()))
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        let began = at.clock.now();
        for (index, _) in state.there() {
            at.prove(&session, &index.name).await.map_err(Trouble::into_operate_error)?;
            output.line(&format!("`{}` took a document and gave it back", index.name));
        }
        if let Some(missing) = state.which(|index| index.made.is_none()) {
            return Err(OperateError::Refused(format!("{missing} not in {}", at.seat.name).into()));
        }
        let took_ms = at.clock.now().since(began).as_millis();
        let body = json!({
            "cluster": session.root.uuid, "at_ms": at.clock.now().wall_ms, "by": execution.key(),
        });
        at.make_evidence(&session).await.map_err(Trouble::into_operate_error)?;
        let note = at.note();
        let noted = own.within(session.call(Method::PUT, &note, Some(&body))).await;
        noted.map_err(Trouble::into_operate_error)?;
        let count = state.there().count();
        tell(format!("{} took writes to {count} indices in {took_ms} ms", at.seat.name), output)
    }
}

impl At<VerifyWrite> {
    /// The step and the side, so that each has documents of its own.
    fn id(&self) -> String {
        format!("warroom-probe-{}-{}", self.step, self.seat.side.key())
    }

    fn note(&self) -> String {
        format!("/{}/_doc/{}", self.with.evidence, self.id())
    }

    fn judge(&self, state: &SideState, note: Option<&Json>) -> Standing {
        let (name, fresh_for) = (&self.seat.name, self.with.fresh_for);
        let written = |note: &Json| note["at_ms"].as_i64();
        let age_s = |at_ms: i64| span_s(self.clock.now().wall_ms, at_ms);
        let words = match note.map(|note| (&note["cluster"], written(note))) {
            _ if !state.is_primary() => format!("{name} is no primary"),
            Some((cluster, _)) if *cluster != state.root.uuid.as_str() => {
                format!("the note in {name} is of another cluster: not written here")
            }
            Some((_, Some(at_ms))) if age_s(at_ms) <= fresh_for.as_secs_f64() => {
                let words = format!("took writes within the last {}", spoken_time(fresh_for));
                return Standing::Done(format!("{name} {words}").into());
            }
            Some(_) | None => {
                format!("{name} was not written to in the last {}", spoken_time(fresh_for))
            }
        };
        Standing::NotDone(words.into())
    }

    /// Makes the index of the notes where it is not there: by itself the server would want a
    /// replica of it, and turn a cluster of one node yellow.
    async fn make_evidence(&self, session: &Session) -> Result<(), Trouble> {
        let body = json!({ "settings": { "number_of_shards": 1, "auto_expand_replicas": "0-1" } });
        let path = format!("/{}", self.with.evidence);
        let made = self.seat.own.within(session.ask(Method::PUT, &path, Some(&body))).await?;
        let there = made.json["error"]["type"] == "resource_already_exists_exception";
        if made.status.is_success() || there { Ok(()) } else { Err(session.refused(&made)) }
    }

    /// Writes a document, reads it back, and deletes it.
    async fn prove(&self, session: &Session, index: &str) -> Result<(), Trouble> {
        let (own, path) = (&self.seat.own, format!("/{index}/_doc/{}", self.id()));
        let body = json!({});
        let put = own.within(session.call(Method::PUT, &path, Some(&body))).await?;
        let got = own.within(session.call(Method::GET, &path, None)).await?;
        let number = put["_seq_no"].as_i64();
        if got["found"] != true || number.is_none() || got["_seq_no"].as_i64() != number {
            let message = format!("`{index}` gave back another document than was written");
            return Err(Trouble::new(TroubleKind::Garbage, message));
        }
        own.within(session.call(Method::DELETE, &path, None)).await.map(drop)
    }
}
