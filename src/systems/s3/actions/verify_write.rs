//! Proves that the target accepts writes: writes one object, reads it back and removes older ones.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;

use super::super::settings::S3;
use super::super::store::{Object, Session, Wanted};
use crate::domain::time::spoken_time;
use crate::systems::kit::aws::trouble::of_sdk;
use crate::systems::kit::task::prelude::*;

/// The folder of the objects: the rights of the docs name it.
const FOLDER: &str = "warroom-probe/";

/// How far the clock of a store may be ahead, and its times cut off.
const CUT_MS: i64 = 2_000;

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(1000, 86_400_000),
    "How long the object proves that writes work; a later one removes it",
)
.or("15m");

/// `s3.verify_write`.
pub(super) struct VerifyWrite;

impl Task for VerifyWrite {
    type On = S3;
    type With = Duration;
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.verify_write",
        doc: "Writes one new object to the target and reads it back; its key names the side, so \
              that one copied from the other proves nothing, and older ones are removed",
        verb: "verify",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "Nothing to take back: a small object below `warroom-probe/` stays",
        permissions: &["s3:ListBucket, and s3:PutObject, s3:GetObject, s3:DeleteObject of \
                        `warroom-probe/*`"],
        needs_target: true,
        settings: &[FRESH_FOR.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Duration, Fault> {
        FRESH_FOR.get(fields)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, name) = (&at.seat.own, &at.seat.name);
        let session = own.open().await?;
        let fresh_for = spoken_time(at.with);
        let found = own.within(at.probes(&session)).await?;
        let now_ms = session.clock.last_ms().unwrap_or_else(|| at.clock.now().wall_ms);
        let fresh_ms = i64::try_from(at.with.as_millis()).unwrap_or(i64::MAX);
        let is_fresh = |one: &Object| now_ms.saturating_sub(one.at_ms) <= fresh_ms + CUT_MS;
        let Some(fresh) = found.iter().find(|one| is_fresh(one)) else {
            let words = format!("no object was written to {name} in the last {fresh_for}");
            return Ok(Standing::NotDone(words.into()));
        };
        if own.within(session.status(&fresh.key)).await?.as_deref() == Some("REPLICA") {
            let words = format!("the object in {name} is a copy: not written here");
            return Ok(Standing::NotDone(words.into()));
        }
        Ok(Standing::Done(format!("{name} took a write within the last {fresh_for}").into()))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let folder = at.folder();
        let text =
            format!("{} one object below `{folder}` written, older ones removed", at.seat.name);
        let call = format!("PutObject {folder}... if there is none; GetObject; DeleteObject");
        (Ok(vec![line('~', text)]), call)
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let id = execution.key();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let name: String = id.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let key = format!("{}{name}", at.folder());
        let before = own.within(at.probes(&session)).await.map_err(Trouble::before_sending)?;
        let began = at.clock.now();
        own.within(write(&session, &key, &id)).await.map_err(Trouble::into_operate_error)?;
        let read = own.within(read(&session, &key)).await.map_err(Trouble::into_operate_error)?;
        if read != id.as_bytes() {
            let message = format!("{} read back something else than was written", at.seat.name);
            return Err(OperateError::Ambiguous(message.into()));
        }
        let took_ms = at.clock.now().since(began).as_millis();
        for old in before.iter().filter(|old| old.key != key) {
            // Whether it goes changes nothing of what was proven.
            let gone = session.client.delete_object().bucket(session.bucket()).key(&old.key).send();
            if Box::pin(gone).await.is_err() {
                output.line("an older object could not be removed");
            }
        }
        let name = &at.seat.name;
        tell(format!("wrote and read back one object in {name} in {took_ms} ms"), output)
    }
}

impl At<VerifyWrite> {
    /// The step and the side, so that each has its own.
    fn folder(&self) -> String {
        format!("{FOLDER}{}-{}/", self.step, self.seat.side)
    }

    /// What was written before, the oldest first as it was listed.
    async fn probes(&self, session: &Session) -> Result<Vec<Object>, Trouble> {
        let folder = self.folder();
        let list = Wanted { prefix: &folder, after: None, folders: false, pages: 1 };
        let mut found = session.list(list).await?.objects;
        found.sort_by_key(|one| std::cmp::Reverse(one.at_ms));
        found.truncate(16);
        Ok(found)
    }
}

async fn write(session: &Session, key: &str, text: &str) -> Result<(), Trouble> {
    let asked = session.asked("s3:PutObject");
    let put = session.client.put_object().bucket(session.bucket()).key(key);
    let put = put.set_expected_bucket_owner(session.owner()).if_none_match("*");
    let put = put.body(ByteStream::from(text.as_bytes().to_vec()));
    match Box::pin(put.send()).await.map_err(|error| of_sdk(&error, &asked)) {
        // Its own second attempt: it is read back anyway.
        Err(trouble) if trouble.kind == TroubleKind::Refused && is_taken(&trouble) => Ok(()),
        told => told.map(|_| ()),
    }
}

fn is_taken(trouble: &Trouble) -> bool {
    trouble.message.as_str().contains("something else stands there")
}

async fn read(session: &Session, key: &str) -> Result<Vec<u8>, Trouble> {
    let asked = session.asked("s3:GetObject");
    let get = session.client.get_object().bucket(session.bucket()).key(key);
    let got = Box::pin(get.set_expected_bucket_owner(session.owner()).send()).await;
    let got = got.map_err(|error| of_sdk(&error, &asked))?;
    let cut = |_| Trouble::new(TroubleKind::Cut, format!("{} cut its answer", asked.place));
    let bytes = got.body.collect().await.map_err(cut)?;
    Ok(bytes.to_vec())
}
