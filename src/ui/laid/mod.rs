//! The report of the run on the screen, laid out once: not again at every key and frame.

mod rows;

use std::sync::Arc;

pub use self::rows::Part;

use crate::domain::ids::RunId;
use crate::domain::report::Report;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;

use super::widget::row::Row;

/// A part of a report in rows of a width.
#[derive(Debug, Clone, PartialEq)]
pub struct Laid {
    /// The run and its last entry: a journal only grows, so they name the report.
    of: (RunId, u64),
    part: Part,
    width: usize,
    /// The report.
    pub report: Arc<Report>,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Laid {
    /// Makes the report of a run and lays a part of it out; `kept` is what was laid out before,
    /// used as far as it is still right.
    pub fn renew(
        kept: Option<Arc<Self>>,
        (run, runbook, site): (&Run, &Runbook, &Site),
        part: Part,
        width: usize,
    ) -> Arc<Self> {
        let of = (run.id.clone(), run.last_seq());
        Arc::new(match kept.filter(|kept| kept.of == of) {
            Some(kept) if kept.fits(run, part, width) => return kept,
            Some(kept) => Self::of(of, Arc::clone(&kept.report), part, width),
            None => Self::new((run, runbook, site), part, width),
        })
    }

    /// Makes the report of a run and lays a part of it out.
    pub fn new((run, runbook, site): (&Run, &Runbook, &Site), part: Part, width: usize) -> Self {
        let of = (run.id.clone(), run.last_seq());
        Self::of(of, Arc::new(Report::of(run, runbook, site)), part, width)
    }

    fn of(of: (RunId, u64), report: Arc<Report>, part: Part, width: usize) -> Self {
        let rows = rows::body(&report, part, width);
        Self { of, part, width, report, rows }
    }

    /// True when it shows that part of the report of that run as it is now.
    pub fn fits(&self, run: &Run, part: Part, width: usize) -> bool {
        (&self.of.0, self.of.1) == (&run.id, run.last_seq())
            && (self.part, self.width) == (part, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::event::{Actor, Body, RunEvent};
    use crate::ui::fixture;

    #[test]
    fn it_is_made_again_only_when_it_would_be_another() {
        let fixture = fixture::of("running").expect("a moment");
        let (site, plan) = (&fixture.site, &fixture.runbooks[0]);
        let mut run = fixture.run.clone().expect("a run");
        let first = Laid::renew(None, (&run, plan, site), Part::All, 100);
        let check = |run: &Run, part, width, same_rows: bool, same_report: bool| {
            let next = Laid::renew(Some(Arc::clone(&first)), (run, plan, site), part, width);
            assert_eq!(Arc::ptr_eq(&first, &next), same_rows, "{part:?} {width}");
            assert_eq!(Arc::ptr_eq(&first.report, &next.report), same_report);
            // Whatever was kept, it is what it would be without.
            assert_eq!(next, Laid::renew(None, (run, plan, site), part, width));
        };
        check(&run, Part::All, 100, true, true);
        check(&run, Part::All, 60, false, true);
        check(&run, Part::Steps, 100, false, true);
        let last = run.events.last().expect("an entry").clone();
        let by = Actor { person: None, user: "anna".into(), host: "laptop".into() };
        let body = Body::Noted { text: "something new".into() };
        run.apply(RunEvent { seq: last.seq + 1, at: last.at, by, body }).expect("it fits");
        check(&run, Part::All, 100, false, false);
    }
}
