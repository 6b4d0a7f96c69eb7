//! Waits until a follower has everything that its leader, which takes no writes, ever wrote.

use super::super::lag::{Pace, lacking};
use super::super::settings::OpenSearch;
use crate::domain::reading::Writes;
use crate::systems::kit::task::prelude::*;

/// `opensearch.drain`.
pub(super) struct Drain;

impl Task for Drain {
    type On = OpenSearch;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "opensearch.drain",
        doc: "Waits until the other side is blocked for writes and the target holds all of its \
              operations; a healthy replication may pause for 80 s, so give the step more",
        verb: "drain",
        permissions: &["as for watching, on both sides"],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let (own, source) = at.seat.states().await;
        let (own, source) = (own?, source?);
        let is_still = source.writes() == Writes::Refused;
        let pace = if is_still { Pace::Still } else { Pace::Live };
        let lacks = lacking(&own, &source, &at.seat.own.target.own.alias, pace);
        Ok(match lacks {
            _ if !source.is_primary() => Standing::NotDone(format!("{from} does not lead").into()),
            Err(why) => Standing::Unknown(format!("{name}: {why}").into()),
            Ok(lacks) if !is_still => {
                let words = format!("{from} is not proven closed: it may write on");
                Standing::NotDone(format!("{words}; {name} lacks {lacks} ops").into())
            }
            Ok(0) => Standing::Done(format!("{name} holds everything of {from}").into()),
            Ok(lacks) => Standing::NotDone(format!("{name} lacks {lacks} ops").into()),
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let seen = at.standing().await;
        let (Standing::Done(words) | Standing::NotDone(words) | Standing::Unknown(words)) = seen;
        (Ok(vec![line('~', words)]), "GET _status and _stats until they are equal".to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        match at.until_done(began, LOOK_EVERY * 5, output).await {
            Ok(words) => tell(words, output),
            Err(said) => Err(OperateError::Refused(said)),
        }
    }
}
