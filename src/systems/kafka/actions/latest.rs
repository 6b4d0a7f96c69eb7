//! Proves that the target has the latest records of its source, or says that nothing can.

use super::super::connect::Connector;
use super::super::settings::Kafka;
use super::super::state::{SideState, Topic};
use crate::systems::kit::task::prelude::*;

/// `kafka.verify_latest`.
pub(super) struct VerifyLatest;

impl Task for VerifyLatest {
    type On = Kafka;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "kafka.verify_latest",
        doc: "Proves that the newest record of each copied partition is in the target: copying is \
              stopped, the source takes no more records, and both are compared. Where the source \
              does not answer there is no proof, and it says so. Older records are not compared; \
              usually 1 s",
        verb: "verify",
        class: Class::R,
        guard: Guard::OneKey,
        fencing: Fencing::IdempotentByKey,
        change: Change::Check,
        reversal: "None: it only looks",
        permissions: &["as for watching, in both regions"],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        // The source is read before and after: what comes in between was made while we looked.
        let first = at.seat.other_state().await;
        let own = at.seat.own.state().await?;
        let (first, last) = match (first, at.seat.other_state().await) {
            (Ok(first), Ok(last)) => (first, last),
            (Err(trouble), _) | (_, Err(trouble)) => {
                let words = format!("no proof possible: {from} cannot be read: {trouble}");
                return Ok(Standing::Unknown(words.into()));
            }
        };
        if let Some(why) = unproven(&own, &first, &last) {
            return Ok(Standing::NotDone(format!("{name}: {why}").into()));
        }
        let is_meant = |topic: &String| own.watched.is_copied(topic) && !own.watched.is_beat(topic);
        let copied = last.topics.iter().filter(|(topic, _)| is_meant(topic));
        let count =
            |(topics, partitions), (_, of): (&String, &Topic)| (topics + 1, partitions + of.len());
        let (topics, partitions) = copied.fold((0, 0), count);
        let words = format!(
            "{name} has the newest record of all {partitions} partitions of {topics} topics of \
             {from}"
        );
        Ok(Standing::Done(words.into()))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let looks = format!("{} and {} are compared", at.seat.name, at.seat.other_region);
        (Ok(vec![line('=', looks)]), "offsets and newest records of both sides".to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "it cannot be told", output)
    }
}

/// Why the newest records of the source are not proven to be here; none where they are.
fn unproven(own: &SideState, first: &SideState, last: &SideState) -> Option<String> {
    match &own.flow {
        Some(Ok(flow)) if !flow.sources().all(Connector::is_stopped) => {
            return Some("copying is not stopped: what comes next would be copied too".to_owned());
        }
        Some(Err(why)) => return Some(format!("whether copying is stopped is not known: {why}")),
        Some(Ok(_)) | None => {}
    }
    for (topic, partitions) in &last.topics {
        if !own.watched.is_copied(topic) || own.watched.is_beat(topic) {
            continue;
        }
        let copy = own.watched.names.copy_of(topic).and_then(|name| own.topics.get(&name));
        for (number, from) in partitions {
            let end = first.topics.get(topic).and_then(|topic| topic.get(number));
            if end.is_none_or(|end| end.end != from.end) {
                return Some(format!("the source takes records, in {topic}: fence it first"));
            }
            let to = copy.and_then(|copy| copy.get(number));
            if !from.is_level(to) {
                return Some(format!(
                    "the newest record of {topic}, partition {number}, is missing"
                ));
            }
        }
    }
    None
}
