//! What a planned run has moved by now, and its losses while the region that it leaves is there.

use super::event::Mode;
use super::phase::Phase;
use super::state::{Run, StepState};
use crate::domain::catalogue::{Change, Class};
use crate::domain::ledger::{Ledger, LossVerdict, freeze};
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::{Snapshot, earlier};
use crate::domain::time::Stamp;
use crate::domain::verdict::{Assessment, Primary};

/// Up to which moment writes count as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossesAt {
    /// Now: the region that is left writes on, and its copies arrive.
    Now,
    /// The switch of a planned run: its fence, else its first promotion.
    Switch,
    /// T0: the region is lost.
    T0,
}

impl Run {
    /// True once a store is primary in the region that the run goes to, by this run.
    pub fn has_promoted(&self, plan: &Runbook) -> bool {
        done(self, plan, |step| step.change.promotes()).next().is_some()
    }

    /// True while the expected losses have still to be accepted by name before something that
    /// cannot be taken back. Where all gates ask the live lag, nobody accepts a loss.
    pub fn asks_losses(&self, plan: Option<&Runbook>) -> bool {
        let to_come = |step: &Step| {
            let state = self.step(&step.id);
            step.class == Class::X
                && self.is_ungraceful(&step.id)
                && state.is_none_or(|state| !state.phase.satisfies())
        };
        let asked = || plan.is_some_and(|plan| plan.steps.iter().any(to_come));
        self.ledger.is_some()
            && self.accepted.is_none()
            && (self.mode == Mode::Ungraceful || asked())
    }
}

/// Done steps of a kind.
fn done<'r>(
    run: &'r Run,
    plan: &'r Runbook,
    kind: impl Fn(&Step) -> bool + 'r,
) -> impl Iterator<Item = &'r StepState> {
    let steps = plan.steps.iter().filter(move |step| kind(step));
    steps.filter_map(|step| run.step(&step.id)).filter(|state| state.phase == Phase::Done)
}

/// Up to when the losses of a declared run count; none before its declaration.
pub fn losses_at(run: &Run, plan: Option<&Runbook>, assessment: &Assessment) -> Option<LossesAt> {
    run.ledger.as_ref()?;
    let red = matches!(assessment.primary, Primary::Red { .. });
    let lost = red && assessment.active == run.direction.from;
    Some(match run.mode {
        Mode::Ungraceful => LossesAt::T0,
        Mode::Planned if lost => LossesAt::T0,
        Mode::Planned if plan.is_some_and(|plan| run.has_promoted(plan)) => LossesAt::Switch,
        Mode::Planned => LossesAt::Now,
    })
}

/// The losses of a declared run as they are to be shown; none before its declaration.
pub fn losses(
    (run, plan): (&Run, Option<&Runbook>),
    assessment: &Assessment,
    (site, snapshot): (&Site, &Snapshot),
    now: Stamp,
) -> Option<Ledger> {
    let of = |as_of: Stamp| freeze(site, snapshot, run.direction.from, as_of);
    let ledger = match (losses_at(run, plan, assessment)?, plan) {
        (LossesAt::T0, _) => run.ledger.clone(),
        (LossesAt::Now, None) => Some(of(now)),
        (LossesAt::Now | LossesAt::Switch, Some(plan)) => Some(of(switched(run, plan, now))),
        (LossesAt::Switch, None) => None,
    };
    ledger.map(|ledger| without(ledger, run))
}

/// The losses without those of stores that took writes behind their figure: nobody knows them.
fn without(mut ledger: Ledger, run: &Run) -> Ledger {
    for row in ledger.rows.iter_mut().filter(|row| run.reopened.contains(&row.system)) {
        (row.loss_s, row.verdict) = (None, LossVerdict::Unknown);
    }
    ledger
}

/// When the region that is left was closed to writes: nothing is lost that would be written later.
fn switched(run: &Run, plan: &Runbook, now: Stamp) -> Stamp {
    let first = |kind: fn(&Step) -> bool| {
        done(run, plan, kind).filter_map(|state| state.finished).reduce(earlier)
    };
    first(|step| step.change == Change::Fence)
        .or_else(|| first(|step| step.change.promotes()))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::forecast::tests::{run, runbook};
    use crate::domain::ids::Side;
    use crate::domain::judge::judge;
    use crate::domain::reading::{Basis, Certainty, Health, Lag, LagUnit, Reading, Role};
    use crate::domain::rules::bench::{self, at, id};

    fn standby(second: u64, lag_s: f64) -> Reading {
        let mut reading = Reading::new(at(second), Health::Up, "copies arrive");
        reading.role = Some(Role::Standby);
        reading.lag = Some(Lag {
            seconds: Some(lag_s),
            amount: None,
            unit: LagUnit::Bytes,
            basis: Basis::Metric,
            certainty: Certainty::Known,
            unreceived: None,
        });
        reading
    }

    /// The losses of pg in a run that was declared before pg of B told a lag.
    #[test]
    fn a_planned_run_measures_its_losses_as_it_goes() {
        let check = |mode, words: &[(u64, &str)], want: Option<(LossesAt, f64)>| {
            let mut plan = runbook();
            for (name, change) in [("fence", Change::Fence), ("promote", Change::Promote)] {
                let step = plan.steps.iter_mut().find(|step| step.id.as_str() == name);
                step.expect("it is there").change = change;
            }
            let run = run(&plan, mode, words);
            let mut snapshot = Snapshot::default();
            snapshot.record(&id("pg"), Side::B, at(30), Ok(standby(30, 2.0)));
            let site = bench::site();
            let judged = judge(&site, &snapshot, Side::A, at(50));
            let until = losses_at(&run, Some(&plan), &judged).expect("it is declared");
            let told = losses((&run, Some(&plan)), &judged, (&site, &snapshot), at(50));
            let loss = told.expect("it is declared").row(&id("pg")).and_then(|row| row.loss_s);
            assert_eq!(loss.map(|loss| (until, loss)), want, "{words:?}");
        };
        let fenced = [(34, "start fence"), (35, "end fence")];
        let promoted = [fenced[0], fenced[1], (40, "start promote"), (44, "end promote")];
        check(Mode::Ungraceful, &[], None);
        check(Mode::Planned, &[], Some((LossesAt::Now, 22.0)));
        check(Mode::Planned, &fenced, Some((LossesAt::Now, 7.0)));
        check(Mode::Planned, &promoted, Some((LossesAt::Switch, 7.0)));
        check(Mode::Ungraceful, &promoted, None);
    }

    #[test]
    fn what_was_written_behind_a_loss_takes_its_figure_away() {
        let mut plan = runbook();
        let promote = plan.steps.iter_mut().find(|step| step.id.as_str() == "promote");
        promote.expect("it is there").change = Change::Promote;
        let check = |mode, words: &[(u64, &str)], want_s: f64| {
            let mut run = run(&plan, mode, words);
            let (site, mut snapshot) = (bench::site(), Snapshot::default());
            snapshot.record(&id("pg"), Side::B, at(5), Ok(standby(5, 2.0)));
            run.ledger = Some(freeze(&site, &snapshot, Side::A, at(10)));
            let told = |run: &Run| {
                let judged = judge(&site, &snapshot, Side::A, at(50));
                let told = losses((run, Some(&plan)), &judged, (&site, &snapshot), at(50));
                let row = told.expect("it is declared").row(&id("pg")).cloned().expect("a row");
                (row.loss_s, row.verdict == LossVerdict::Unknown)
            };
            assert_eq!(told(&run).0, Some(want_s));
            run.reopened.insert(id("pg"));
            assert_eq!(told(&run), (None, true));
        };
        check(Mode::Ungraceful, &[], 7.0);
        let words =
            [(34, "start fence"), (35, "end fence"), (40, "start promote"), (44, "end promote")];
        check(Mode::Planned, &words, 41.0);
    }

    #[test]
    fn losses_are_accepted_where_a_step_goes_on_without_the_source() {
        let mut plan = runbook();
        plan.steps[0].class = Class::X;
        let asks = |mode| run(&plan, mode, &[]).asks_losses(Some(&plan));
        assert_eq!((asks(Mode::Ungraceful), asks(Mode::Planned)), (true, false));
    }
}
