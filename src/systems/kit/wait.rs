//! Looks again and again until something holds or the time for it is over.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::preview::Standing;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Applied, Clock, OperateError, Operator, Output};

/// The shortest pause between two looks of a waiting step.
pub const PAUSE_MIN: Duration = Duration::from_secs(1);

/// What is kept of a step's time for saying why it was given up, before its runner ends it.
pub const MARGIN: Duration = Duration::from_millis(500);

/// How long and how often to look.
#[derive(Clone)]
pub struct Patience {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The time between two looks; at least [`PAUSE_MIN`].
    pub pause: Duration,
    /// The step's deadline.
    pub deadline: Duration,
}

impl Patience {
    /// Asks `operator` until it says done; every change of what it says becomes a line of output.
    ///
    /// # Errors
    /// When it never said done within the deadline. A look changes nothing, so it is a refusal.
    pub async fn until_done(
        &self,
        output: &mut dyn Output,
        operator: &mut dyn Operator,
    ) -> Applied {
        let time = (&*self.clock, self.clock.now(), self.deadline);
        let seen = until(time, self.pause.max(PAUSE_MIN), output, operator).await;
        seen.map_err(OperateError::Refused)
    }
}

/// Looks until it is done, or until the time from `began` on is over; every change of what is seen
/// becomes a line of output.
///
/// # Errors
/// What was seen last, where that was never done.
pub async fn until(
    (clock, began, deadline): (&dyn Clock, Stamp, Duration),
    pause: Duration,
    output: &mut dyn Output,
    operator: &mut dyn Operator,
) -> Result<Clean, Clean> {
    let mut said = Clean::default();
    loop {
        let why = match operator.check().await {
            Standing::Done(seen) => return Ok(seen),
            Standing::NotDone(why) | Standing::Unknown(why) => why,
        };
        if why != said {
            output.line(why.as_str());
            said = why;
        }
        if clock.now().since(began) + pause + MARGIN > deadline {
            return Err(said);
        }
        tokio::time::sleep(pause).await;
    }
}
