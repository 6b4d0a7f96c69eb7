//! Every wish in every stage, armed and not, by everybody: a key offers what a decision grants.

use super::bench::{Bench, STEPS, at, step_id};
use crate::domain::console::Access;
use crate::domain::ids::{PersonId, StepId};
use crate::domain::run::decide::Kind;
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::site::{Person, SiteRole};
use crate::domain::verdict::Met;
use crate::ui::available::{why_not, why_not_accept, why_not_step};
use crate::ui::command::Command;
use crate::ui::dialog::card::Card;
use crate::ui::dialog::form::Form;
use crate::ui::meant::meant;
use crate::ui::model::Model;

const STAGES: [&str; 6] = ["none", "standby", "executing", "held", "aborting", "aborted"];

fn person(id: &str, role: SiteRole, may_declare: bool) -> Person {
    Person { id: PersonId::new(id).expect("a name"), roles: vec![role], may_declare }
}

/// A wish of each kind that types all that it must, and the key that leads to it; none where the
/// key is no verb.
fn wish(kind: Kind, step: &str) -> (Option<Command>, Intent) {
    let (step, typed, call) = (step_id(step), String::new(), "call".into());
    let reason: crate::domain::text::Clean = "the region is gone".into();
    match kind {
        Kind::Declare => {
            (Some(Command::Declare), Intent::Declare { typed: "declare".into(), reason })
        }
        Kind::AcceptLedger => (Some(Command::AcceptLedger), Intent::AcceptLedger),
        Kind::AcceptCriterion => {
            (None, Intent::AcceptCriterion { key: "fence".into(), met: Met::No, reason })
        }
        Kind::SetT0 => {
            (Some(Command::SetT0), Intent::SetT0 { t0: at(0), typed: "t0".into(), reason })
        }
        Kind::Run => (Some(Command::Run), Intent::Run { step, typed, broken: None, call }),
        Kind::Compensate => (Some(Command::Compensate), Intent::Compensate { step, typed, call }),
        Kind::Skip => (Some(Command::Skip), Intent::Skip { step, reason }),
        Kind::Attest => (Some(Command::Attest), Intent::Attest { step, value: reason }),
        Kind::Retry => {
            let intent = Intent::Retry { step, reason, new_key: false, by_itself: false };
            (Some(Command::Retry), intent)
        }
        Kind::Resolve => (Some(Command::Resolve), Intent::Resolve { step, done: true, reason }),
        Kind::AbortStep => {
            let typed = format!("abort {step}");
            (Some(Command::AbortStep), Intent::AbortStep { step, typed })
        }
        Kind::Hold => (Some(Command::Hold), Intent::Hold { reason }),
        Kind::Release => (Some(Command::Hold), Intent::Release),
        Kind::Escalate => (Some(Command::Escalate), Intent::Escalate { step: None, reason }),
        Kind::AbortRun => {
            (Some(Command::AbortRun), Intent::AbortRun { typed: "abort run".into(), reason })
        }
        Kind::Close => (Some(Command::Close), Intent::Close),
        Kind::Note => (Some(Command::Note), Intent::Note { text: reason }),
        Kind::SendUpdate => (None, Intent::SendUpdate { lines: vec![reason] }),
        Kind::Acknowledge => {
            (Some(Command::Acknowledge), Intent::Acknowledge { alarm: "down/a".into() })
        }
    }
}

const KINDS: [Kind; 19] = [
    Kind::Declare,
    Kind::AcceptLedger,
    Kind::AcceptCriterion,
    Kind::SetT0,
    Kind::Run,
    Kind::Compensate,
    Kind::Skip,
    Kind::Attest,
    Kind::Retry,
    Kind::Resolve,
    Kind::AbortStep,
    Kind::Hold,
    Kind::Release,
    Kind::Escalate,
    Kind::AbortRun,
    Kind::Close,
    Kind::Note,
    Kind::SendUpdate,
    Kind::Acknowledge,
];

/// True for a refusal that comes before anything is typed or read: by run, right, stage, arms or
/// phase. The others are about what was typed, and about readings.
#[expect(clippy::match_like_matches_macro, reason = "a new refusal has to be placed")]
fn is_plain(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::NoRun
        | Refusal::Safe
        | Refusal::NotPermitted { .. }
        | Refusal::Stage { .. }
        | Refusal::NoStep(_)
        | Refusal::Phase { .. }
        | Refusal::Attest(_)
        | Refusal::Sensed(_)
        | Refusal::SecondPerson(_)
        | Refusal::Accepted
        | Refusal::NoWayBack { .. }
        | Refusal::Later { .. }
        | Refusal::Rests { .. }
        | Refusal::T0(_)
        | Refusal::Already(_) => true,
        _ => false,
    }
}

#[test]
fn what_a_key_offers_is_what_a_decision_grants() {
    let mut counts = [0_u32; 2];
    for (stage, access, me) in STAGES.into_iter().flat_map(|stage| {
        let people = [Some("anna"), Some("mei"), Some("raj"), None];
        people
            .into_iter()
            .flat_map(move |me| [Access::Safe, Access::Armed].map(|access| (stage, access, me)))
    }) {
        let mut bench = Bench::new(access, stage);
        bench.me.person = me.map(|id| PersonId::new(id).expect("a name"));
        bench.site.people = vec![
            person("anna", SiteRole::Commander, true),
            person("mei", SiteRole::Commander, false),
            person("raj", SiteRole::Approver, true),
        ];
        for (kind, step) in KINDS.into_iter().flat_map(|kind| STEPS.map(|step| (kind, step))) {
            let (command, intent) = wish(kind, step);
            assert_eq!(intent.kind(), kind);
            // While the run is given up, the key that runs steps takes them back.
            let held = bench.run.as_ref().is_some_and(crate::domain::run::state::Run::is_held);
            let turned = matches!((kind, stage), (Kind::Run, "aborting"))
                || (kind == Kind::Hold && held)
                || (kind == Kind::Release && !held);
            if turned || kind == Kind::SendUpdate {
                continue;
            }
            let refused = bench.decides(&intent).err().filter(is_plain);
            let refused = bench.with(|_, facts| refused.map(|why| why.tell(facts.runbook)));
            let about = intent.step().cloned();
            let greyed = bench.with(|model, facts| match (command, &about) {
                (None, _) => why_not_accept(Met::No, facts),
                (Some(command), Some(step)) => {
                    let step = facts.runbook.and_then(|runbook| runbook.step(step));
                    why_not_step(command, facts, model, step)
                }
                (Some(command), None) => why_not(command, facts, model),
            });
            let greyed = greyed.map(|why| why.to_string());
            assert_eq!(greyed, refused, "{kind:?} of {step}, {stage}, {access:?}, {me:?}");
            counts[usize::from(refused.is_some())] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
}

#[test]
fn in_safe_only_what_writes_or_stops_is_decided() {
    let works = [
        Kind::AcceptLedger,
        Kind::AcceptCriterion,
        Kind::SetT0,
        Kind::AbortStep,
        Kind::Hold,
        Kind::Release,
        Kind::Close,
        Kind::Note,
        Kind::SendUpdate,
        Kind::Acknowledge,
    ];
    for kind in KINDS {
        let step = match kind {
            Kind::Compensate => "done",
            Kind::Attest => "hand",
            Kind::Retry => "failed",
            Kind::Resolve => "unknown",
            Kind::AbortStep => "running",
            _ => "look",
        };
        let stage = match kind {
            Kind::Declare => "standby",
            Kind::Release => "held",
            _ => "executing",
        };
        let (_, intent) = wish(kind, step);
        let armed = Bench::new(Access::Armed, stage).decides(&intent);
        assert!(armed.as_ref().err().is_none_or(|why| !is_plain(why)), "{kind:?}: {armed:?}");
        let safe = Bench::new(Access::Safe, stage).decides(&intent);
        let free = works.contains(&kind) || kind == Kind::Declare;
        assert_eq!(safe.err() == Some(Refusal::Safe), !free, "{kind:?}");
    }
}

/// The step that an open dialog is about.
fn about(model: &Model) -> Option<&StepId> {
    let card = model.over().map(|card: &Card| &card.step);
    card.or_else(|| model.over::<Form>()?.purpose.step())
}

#[test]
fn the_lit_row_is_the_one_that_the_keys_act_on() {
    let check = |stage: &str, keys: &[&str], lit: &str| {
        // While the run is given up, some keys are about no step.
        let keys_left = if stage == "aborting" { 4 } else { 8 };
        for key in ["enter", "r", "U", "X", "s", "m", "R", "K"].into_iter().take(keys_left) {
            let mut bench = Bench::new(Access::Armed, stage);
            bench.script(keys);
            let found = bench.with(|model, facts| meant(facts, model).map(|it| it.id.clone()));
            assert_eq!(found, Some(step_id(lit)), "{stage} {keys:?}");
            // What a key opens, begins or refuses is about that step.
            bench.script(&[key]);
            let told = match about(&bench.model) {
                Some(step) => step.to_string(),
                None if bench.wished() == [format!("run {lit} `` ``")] => lit.to_owned(),
                None => bench.notice().to_owned(),
            };
            let words = told.split([' ', ':']);
            assert!(words.into_iter().any(|word| word == lit), "{stage} {keys:?} {key}: {told}");
        }
    };
    check("beside", &[], "look");
    check("beside", &["down"], "scale");
    check("beside", &["down", "esc"], "look");
    check("beside", &["end", "up"], "running");
    check("executing", &[], "unknown");
    check("executing", &["home"], "look");
    check("aborting", &[], "unknown");
    // A person's word about a step leaves that step the one that is meant.
    for stage in ["retried", "retried beside"] {
        check(stage, &[], "failed");
        check(stage, &["down"], "keyed");
        check(stage, &["up"], "done");
        check(stage, &["down", "esc"], "failed");
    }
    for stage in ["undone", "undone beside"] {
        check(stage, &[], "unknown");
        check(stage, &["up"], "running");
    }
    // A list that is filtered hides no subject of the keys.
    check("beside", &["/", "=prom", "enter"], "promote");
    check("beside", &["down", "/", "=o", "enter"], "look");
    check("beside", &["/", "=o", "enter", "down"], "promote");
}

#[test]
fn a_filter_that_shows_no_step_leaves_nothing_to_act_on() {
    for key in ["enter", "r", "s", "X"] {
        let mut bench = Bench::new(Access::Armed, "beside");
        bench.script(&["/", "=xyz", "enter", key]);
        assert_eq!((bench.model.dialog.as_ref(), bench.wished().len()), (None, 0), "{key}");
    }
    // A step that is named is one that is looked for: the filter makes way.
    let mut bench = Bench::new(Access::Armed, "beside");
    bench.script(&["/", "=xyz", "enter", ":", "=step dns", "enter"]);
    let found = bench.with(|model, facts| meant(facts, model).map(|step| step.id.clone()));
    assert_eq!(found, Some(step_id("dns")), "{}", bench.notice());
}
