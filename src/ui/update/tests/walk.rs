//! Every wish in every stage, armed and not, by everybody: a key offers what a decision grants.

use super::bench::{Bench, STEPS, at, step_id};
use crate::domain::ids::PersonId;
use crate::domain::run::decide::Kind;
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::site::{Person, SiteRole};
use crate::domain::verdict::Met;
use crate::ui::available::{why_not, why_not_accept, why_not_step};
use crate::ui::command::Command;
use crate::ui::screen::Access;

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
            let refused = bench.decides(&intent).err().filter(is_plain).map(|why| why.to_string());
            let about = intent.step().cloned();
            let greyed = bench.with(|model, facts, _| match (command, &about) {
                (None, _) => why_not_accept(Met::No, facts, model),
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

#[test]
fn the_lit_row_is_the_one_that_the_keys_act_on() {
    use crate::ui::meant::meant;
    let check = |stage: &str, keys: &[&str], lit: &str| {
        let mut bench = Bench::new(Access::Armed, stage);
        bench.script(keys);
        bench.with(|model, facts, _| {
            for command in [Command::Enter, Command::Run, Command::Skip, Command::Attest] {
                let found = meant(command, facts, model).map(|step| step.id.to_string());
                assert_eq!(found.as_deref(), Some(lit), "{command:?} {stage} {keys:?}");
            }
        });
        // And what a key opens is about the same step.
        bench.script(&["enter"]);
        match &bench.model.dialog {
            Some(crate::ui::model::Dialog::Card(card)) => assert_eq!(card.step, step_id(lit)),
            other => panic!("{stage} {keys:?}: {other:?}"),
        }
    };
    check("beside", &[], "look");
    check("beside", &["down"], "scale");
    check("beside", &["end", "up"], "running");
    check("executing", &[], "unknown");
    check("aborting", &[], "unknown");
}
