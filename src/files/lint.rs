//! Looks for plans that can be run but should not be trusted: the mistakes that real plans contain.

use std::collections::BTreeSet;

use crate::domain::catalogue::{Change, Class};
use crate::domain::forecast::until_restored;
use crate::domain::pace::Pace;
use crate::domain::run::proof;
use crate::domain::runbook::{Compensation, Runbook, Step, Target, Ungraceful};
use crate::domain::settings::{Fault, Span};
use crate::domain::site::{Site, SiteRole, SystemSpec};
use crate::domain::time::short_time;
use crate::files::toml_tree;

/// What speaks against a site, with its places in `site.toml`.
pub fn site_warnings(site: &Site, text: &str, used_secrets: &BTreeSet<String>) -> Vec<Fault> {
    let tree = toml_tree::parse(text).unwrap_or_default();
    let place = |key: &str| tree.get(key).map_or(Span::default(), |node| node.span);
    let mut found = Vec::new();
    if site.reference.is_empty() {
        let message = "there is no `reference`: an outage of our own network would look like the \
                       loss of a region";
        found.push(Fault::new(Span::default(), message));
    }
    if !site.people.iter().any(|person| person.roles.contains(&SiteRole::Commander)) {
        found.push(Fault::new(place("people"), "no person is a commander: nobody may run a step"));
    }
    if !site.people.iter().any(|person| person.may_declare) {
        found.push(Fault::new(place("people"), "no person may declare: no run can begin"));
    }
    for objective in &site.objectives {
        if objective.rpo.is_zero() && objective.rpo_guaranteed {
            let message = format!(
                "objective `{}` guarantees an RPO of 0, which asynchronous replication cannot \
                 prove; write `rpo_guaranteed = false`",
                objective.tier
            );
            found.push(Fault::new(place("objectives"), message));
        }
    }
    for secret in &site.secrets {
        if !used_secrets.contains(&secret.name) && !names_it(site, &secret.name) {
            let message = format!("no system speaks of the secret `{}`", secret.name);
            found.push(Fault::new(place("secrets"), message));
        }
    }
    found
}

fn names_it(site: &Site, secret: &str) -> bool {
    let tables = |spec: &SystemSpec| -> bool {
        let mut all = spec.sides.iter().flatten().chain([&spec.settings]);
        all.any(|table| toml_tree::find_text(table, secret).is_some())
    };
    site.systems.iter().any(tables)
}

/// Names of the secrets that steps speak of, such as in the headers of a request.
pub fn secrets_of_steps(site: &Site, runbooks: &[Runbook]) -> Vec<String> {
    let steps = || runbooks.iter().flat_map(|runbook| &runbook.steps);
    let speaks = |step: &Step, name: &str| {
        let back = match &step.compensation {
            Compensation::Action { with, .. } => Some(with),
            Compensation::None(_) | Compensation::NotNeeded => None,
        };
        let mut all = std::iter::once(&step.with).chain(back);
        all.any(|table| toml_tree::find_text(table, name).is_some())
    };
    let names = site.secrets.iter().map(|secret| secret.name.clone());
    names.filter(|name| steps().any(|step| speaks(step, name))).collect()
}

/// What speaks against a runbook, with its places in its file.
pub fn runbook_warnings(runbook: &Runbook, site: &Site) -> Vec<Fault> {
    let plan = Plan { runbook };
    let mut found = Vec::new();
    if runbook.back.is_none() && (plan.promotes() || plan.has(Change::ShiftTraffic)) {
        let message =
            "there is no way back: write `back` with the name of the runbook that leads back";
        found.push(Fault::new(Span::default(), message));
    }
    for step in &runbook.steps {
        found.extend(plan.against(step).map(|why| Fault::new(step.span, why)));
    }
    if let Some(rto) = site.rto() {
        let (takes, _) = until_restored(site, runbook, &Pace::default(), false);
        if takes.p80 > rto {
            let message = format!(
                "the steps that the clock waits for usually take {} together, longer than the \
                 shortest RTO of {}",
                short_time(takes.p80),
                short_time(rto)
            );
            found.push(Fault::new(Span::default(), message));
        }
    }
    found
}

struct Plan<'a> {
    runbook: &'a Runbook,
}

impl Plan<'_> {
    fn promotes(&self) -> bool {
        self.runbook.steps.iter().any(|step| step.change.promotes())
    }

    fn has(&self, change: Change) -> bool {
        self.runbook.steps.iter().any(|step| step.change == change)
    }

    /// The steps before `step`, directly or not.
    fn before(&self, step: &Step) -> Vec<&Step> {
        let ancestors = self.runbook.ancestors(&step.id);
        self.runbook.steps.iter().filter(|other| ancestors.contains(&other.id)).collect()
    }

    fn has_before(&self, step: &Step, change: Change) -> bool {
        self.before(step).iter().any(|other| other.change == change)
    }

    /// True when the step or one before it asks for the fact.
    fn asks(&self, step: &Step, fact: &str) -> bool {
        let mut asked = self.before(step);
        asked.push(step);
        asked.iter().any(|step| step.gates.iter().any(|gate| gate.fact == fact))
    }

    /// What speaks against a step, a sentence each.
    fn against(&self, step: &Step) -> impl Iterator<Item = String> {
        let first = self.unfenced(step).into_iter().chain(self.hasty(step));
        let rest = [
            self.without_capacity(step),
            self.scaled_early(step),
            self.blind(step),
            self.unseen(step),
            self.unwritten(step),
            self.misaimed(step),
            automatic(step),
        ];
        first.chain(rest.into_iter().flatten())
    }

    fn unfenced(&self, step: &Step) -> Option<String> {
        // A handover makes the old primary a replica by itself.
        let fenced = self.has_before(step, Change::Fence);
        (step.change == Change::Promote && !fenced).then(|| {
            format!(
                "step `{}` promotes, but nothing before it fences the old primary; add a fence \
                 (with `ungraceful = \"waive\"` where it may be out of reach)",
                step.id
            )
        })
    }

    /// The promotions that traffic does not wait for.
    fn hasty(&self, step: &Step) -> Vec<String> {
        let (id, ancestors) = (&step.id, self.runbook.ancestors(&step.id));
        let late = self.runbook.steps.iter().filter(|other| {
            let promotes = step.change == Change::ShiftTraffic && other.change.promotes();
            promotes && !ancestors.contains(&other.id)
        });
        late.map(|late| format!("step `{id}` moves traffic without waiting for `{}`", late.id))
            .collect()
    }

    fn without_capacity(&self, step: &Step) -> Option<String> {
        let made = self.has_before(step, Change::Scale) || self.asks(step, "capacity");
        let why = "moves traffic, but nothing before it makes or checks capacity";
        (step.change == Change::ShiftTraffic && !made).then(|| format!("step `{}` {why}", step.id))
    }

    fn scaled_early(&self, step: &Step) -> Option<String> {
        let leaves = step
            .target
            .as_ref()
            .is_some_and(|target| self.runbook.direction().side(target.place) == self.runbook.from);
        let moves = self.has(Change::ShiftTraffic) && !self.has_before(step, Change::ShiftTraffic);
        (step.change == Change::Scale && leaves && moves)
            .then(|| format!("step `{}` scales the serving side before traffic has moved", step.id))
    }

    fn blind(&self, step: &Step) -> Option<String> {
        // What follows is overwritten: how far it is behind says nothing of what only it holds.
        let follows = step.change == Change::Follow;
        (step.class == Class::X && !follows && !self.asks(step, "lag")).then(|| {
            format!(
                "step `{}` cannot be undone, and no gate before it asks how much would be lost \
                 (`lag`)",
                step.id
            )
        })
    }

    fn unseen(&self, step: &Step) -> Option<String> {
        let looks =
            |step: &Step| matches!(step.class, Class::R | Class::H) || step.change.only_looks();
        let sees = |later: &Step| looks(later) && self.waits_for(later, step);
        (!looks(step) && !self.runbook.steps.iter().any(sees))
            .then(|| format!("nothing after step `{}` looks whether it worked", step.id))
    }

    /// RESTORED rests on a write to each promoted store.
    fn unwritten(&self, step: &Step) -> Option<String> {
        let target = step.target.as_ref().filter(|_| step.change.promotes())?;
        let mut proofs = proof::steps(self.runbook, &target.system);
        (!proofs.any(|later| self.waits_for(later, step))).then(|| {
            format!(
                "nothing after step `{}` writes to {} and reads it back: restored would rest on no \
                 write; add a step such as `postgres.verify_write`, or one with `change = \
                 \"{}\"`",
                step.id,
                target.system,
                Change::ProveWrite.word(),
            )
        })
    }

    fn waits_for(&self, later: &Step, step: &Step) -> bool {
        self.runbook.ancestors(&later.id).contains(&step.id)
    }

    /// What closes or overwrites a side is not meant for the one that is to serve, and what opens
    /// one is not meant for the one that is left.
    fn misaimed(&self, step: &Step) -> Option<String> {
        let lossy = match &step.ungraceful {
            Ungraceful::Instead(variant) => Some(&**variant),
            Ungraceful::Same | Ungraceful::Skip | Ungraceful::Waive | Ungraceful::VariantOf(_) => {
                None
            }
        };
        let wrong = [Some(step), lossy].into_iter().flatten().find_map(|way| self.wrong_side(way));
        wrong.map(|why| format!("step `{}` {why}", step.id))
    }

    /// Why the side that a step is aimed at is the wrong one, where the plan makes that plain.
    fn wrong_side(&self, step: &Step) -> Option<String> {
        let target = step.target.as_ref()?;
        let direction = self.runbook.direction();
        let side = direction.side(target.place);
        let (system, serves) = (&target.system, side == direction.to);
        // A step of the kind on the same store and side; one without a target is of all stores.
        let like = |other: &&Step, is: fn(Change) -> bool| {
            let same = |on: &Target| on.system == *system && direction.side(on.place) == side;
            is(other.change) && other.target.as_ref().is_none_or(same)
        };
        let steps = || self.runbook.steps.iter();
        let waits_for_it = |other: &&Step| self.waits_for(other, step);
        let lifted = || {
            steps()
                .filter(|other| like(other, |is| is == Change::Unfence))
                .any(|o| waits_for_it(&o))
        };
        let overwritten = || {
            let parts = |change: Change| change.promotes() || change == Change::StopReplication;
            steps().filter(|other| like(other, parts)).any(|other| !waits_for_it(&other))
        };
        let copies =
            || self.before(step).iter().any(|other| like(other, |is| is == Change::Follow));
        match step.change {
            Change::Fence if serves && !lifted() => Some(format!(
                "fences {system} in {side}, the side that is to serve, and nothing after it lifts \
                 that; the side that is left is `in = \"from\"`"
            )),
            Change::Follow if serves && overwritten() => Some(format!(
                "makes {system} in {side} a copy of the other side, and the plan parts the two \
                 without waiting for that; the side that is left is `in = \"from\"`"
            )),
            Change::Unfence if !serves && self.promotes() && !copies() => Some(format!(
                "lets {system} in {side} write again, the side that is left, and nothing before \
                 it makes it a copy"
            )),
            change if change.promotes() && !serves => Some(format!(
                "promotes {system} in {side}, the side that is left; the side that is to serve is \
                 `in = \"to\"`"
            )),
            _ => None,
        }
    }
}

/// Traffic that moves by itself must rest on something that was looked at in that moment.
fn automatic(step: &Step) -> Option<String> {
    let unasked = step.change == Change::ShiftTraffic && step.gates.is_empty();
    let why = "moves traffic in an unattended run, and no gate of its own is asked first";
    (step.automatic && unasked).then(|| format!("step `{}` {why}", step.id))
}
