//! What earlier runs took: read in the background, learnt at the end of a run.

use super::Console;
use crate::domain::pace::Paces;
use crate::domain::run::event::Body;
use crate::domain::run::observe;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;

impl<D: Desk> Console<D> {
    /// Takes in what was read of earlier runs.
    pub(super) fn paced(&mut self, paces: Paces, now: Stamp) {
        let (runs, damaged) = (paces.runs(), paces.damaged);
        self.picture.paces = paces;
        // A run may have been closed while the others were read.
        self.learn();
        self.judge_due = true;
        if runs > 0 || damaged > 0 {
            let left_out = match damaged {
                0 => String::new(),
                _ => format!("; {damaged} could not be read and do not count"),
            };
            let earlier =
                if runs == 1 { "1 earlier run".to_owned() } else { format!("{runs} earlier runs") };
            let text = format!("forecasts rest on {earlier} of this site{left_out}");
            self.write_row(now, "console", text);
        }
    }

    /// Learns from the run on the screen once it is closed.
    pub(super) fn learn(&mut self) {
        if let (Some(run), Some(plan)) = (&self.picture.run, &self.picture.plan)
            && run.closed.is_some()
        {
            self.picture.paces.learn(plan, run);
        }
    }

    /// The word that says when the run is expected to be finished, if it is still to be said.
    pub(super) fn forecast_word(&self) -> Option<Body> {
        observe::forecasted(self.picture.open_run()?, &self.picture.forecast)
    }
}
