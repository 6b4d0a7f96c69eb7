//! Steps performed on the simulated world, one by one and as whole plans.

use super::*;

#[test]
fn a_promotion_counts_once() {
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 5);
    let promote = action("sim.promote");
    let target = Some(("pg", Side::B));
    let (first, lines) = stage.apply(promote, target, A_TO_B, &[]);
    let took = stage.state().now_s - 25.0;
    assert!((20.0..=61.0).contains(&took), "took {took} s");
    assert!(lines.len() >= 4, "{lines:#?}");
    let first = first.expect("the promotion is done");
    let (second, lines) = stage.apply(promote, target, A_TO_B, &[]);
    assert_eq!(second, Ok(first));
    assert!(lines[0].starts_with("already so: PostgreSQL") || lines[0].starts_with("already so"));
    assert_eq!(stage.acts().len(), 1);
    assert_eq!(stage.reading("pg", Side::B).role, Some(Role::Primary));
    let state = stage.state();
    let store = &state.stores[&id("pg")];
    let at_death = WorldState::at(&plan(7), Duration::from_secs(DIES_S), &[]);
    let truth_s = at_death.stores[&id("pg")].ahead_s;
    assert!((store.lost_s.expect("a loss") - truth_s).abs() < 1e-9);
    assert_eq!((store.timeline, store.primary), (2, [true, true]), "dead, A still believes");
}

#[test]
fn an_attempt_that_follows_another_only_waits() {
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 5);
    let world = World::open(stage.path()).expect("the world opens");
    world.append(stage.clock.now(), Change::Promote, "pg", Side::B, 0).expect("an act");
    stage.clock.pass_s(3);
    let (outcome, lines) = stage.apply(action("sim.promote"), Some(("pg", Side::B)), A_TO_B, &[]);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(lines[0].starts_with("waiting"), "{lines:?}");
    assert_eq!(stage.acts().len(), 1);
}

#[test]
fn refusals_change_nothing() {
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 5);
    let check = |name: &str, target: (&str, Side), with: &[(&str, Value)]| {
        let (outcome, _) = stage.apply(action(name), Some(target), B_TO_A, with);
        assert!(matches!(outcome, Err(OperateError::Refused(_))), "{name}: {outcome:?}");
        assert!(stage.acts().is_empty(), "{name}");
    };
    check("sim.scale", ("pods", Side::A), &[]);
    check("sim.replicate", ("pg", Side::A), &[]);
    check("sim.check", ("gateway", Side::A), &[]);
    check(
        "sim.check",
        ("pg", Side::B),
        &[("fact", text("writable")), ("is", Value::Boolean(true))],
    );
    check("sim.check", ("pg", Side::B), &[("fact", text("lag")), ("at_most", text("1h"))]);
}

#[test]
fn a_planned_switch_loses_nothing_or_changes_nothing() {
    let target = Some(("pg", Side::B));
    let stage = Stage::usual(|plan| plan.fail_after = None);
    stage.clock.pass_s(30);
    // A still writes: it is waited for, and in the end nothing was done.
    let (outcome, lines) = stage.apply(action("sim.switch"), target, A_TO_B, &[]);
    assert!(matches!(outcome, Err(OperateError::Refused(_))), "{outcome:?}");
    assert!(lines.iter().any(|line| line.contains("still takes writes in A")), "{lines:?}");
    assert!(stage.acts().is_empty());
    stage.done("sim.fence", None, A_TO_B, &[]);
    let evidence = stage.done("sim.switch", target, A_TO_B, &[]);
    assert!(evidence.contains("PRIMARY"), "{evidence}");
    assert_eq!(stage.state().stores[&id("pg")].lost_s, Some(0.0));
    // Without an A there is nothing to hand over.
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 5);
    let (outcome, _) = stage.apply(action("sim.switch"), target, A_TO_B, &[]);
    let told = outcome.expect_err("A is silent").to_string();
    assert!(told.contains("A does not answer") && stage.acts().is_empty(), "{told}");
}

#[test]
fn a_write_is_proven_by_a_write_made_since_the_promotion() {
    let stage = Stage::usual(|plan| plan.fail_after = None);
    stage.clock.pass_s(30);
    let (write, target) = (action("sim.verify_write"), Some(("pg", Side::B)));
    let check = || {
        stage.with_operator(write, target, A_TO_B, &[], |operator| match wait(operator.check()) {
            Standing::Done(words) | Standing::NotDone(words) | Standing::Unknown(words) => {
                words.to_string()
            }
        })
    };
    let (outcome, _) = stage.apply(write, target, A_TO_B, &[]);
    assert!(matches!(outcome, Err(OperateError::Refused(_))), "a standby: {outcome:?}");
    stage.done("sim.fence", None, A_TO_B, &[]);
    stage.done("sim.switch", target, A_TO_B, &[]);
    // That it takes writes is no write.
    assert_eq!(check(), "nothing was written to pg in B yet");
    let acts = stage.acts().len();
    stage.done("sim.verify_write", target, A_TO_B, &[]);
    stage.clock.pass_s(5);
    let again = stage.done("sim.verify_write", target, A_TO_B, &[]);
    assert!(again.contains("took a write"), "{again}");
    assert_eq!(stage.acts().len(), acts + 2, "each proof is a write of its own");
}

#[test]
fn what_a_fence_closed_says_so_itself_and_what_is_lifted_promises_nothing() {
    let stage = Stage::usual(|plan| plan.fail_after = None);
    stage.clock.pass_s(30);
    let writes = |name: &str| Side::BOTH.map(|side| stage.reading(name, side).writes);
    assert_eq!(writes("kafka"), [Some(Writes::Open); 2]);
    stage.done("sim.fence", None, B_TO_A, &[]);
    for name in ["pg", "kafka", "objects"] {
        assert_eq!(writes(name), [Some(Writes::Open), Some(Writes::Refused)], "{name}");
    }
    // B's pg is a standby: that nothing keeps B from writing does not make it take writes.
    let told = stage.done("sim.unfence", None, B_TO_A, &[]);
    assert_eq!(told, "nothing in B is kept from writing");
}

/// The failover of the demo, without its manual steps.
fn fail_over(stage: &Stage) {
    let b = |name: &'static str| Some((name, Side::B));
    let yes = |fact: &str| vec![("fact", text(fact)), ("is", Value::Boolean(true))];
    stage.done("sim.fence", None, A_TO_B, &[]);
    let evidence = stage.done("sim.promote", b("pg"), A_TO_B, &[]);
    assert!(evidence.contains("PRIMARY"), "{evidence}");
    stage.done("sim.check", b("pg"), A_TO_B, &yes("writable"));
    stage.done("sim.stop_replication", b("kafka"), A_TO_B, &[]);
    let none = [("fact", text("backlog")), ("at_most", Value::Integer(0))];
    stage.done("sim.check", b("kafka"), A_TO_B, &none);
    let begin_s = stage.state().now_s;
    let evidence = stage.done("sim.scale", b("pods"), A_TO_B, &[("to", Value::Integer(10))]);
    assert_eq!(evidence, "10 of 10 units ready in B");
    let took_s = stage.state().now_s - begin_s;
    assert!((50.0..95.0).contains(&took_s), "took {took_s} s");
    assert!(!stage.state().serves(plan_ref(), Side::B), "not before the traffic");
    let evidence = stage.done("sim.shift_traffic", b("dns"), A_TO_B, &[]);
    assert_eq!(evidence, "24 of 24 resolvers answer B, TTL 60 s");
    stage.done("sim.purge", b("cdn"), A_TO_B, &[]);
    stage.done("sim.check", b("users"), A_TO_B, &yes("healthy"));
    stage.done("sim.notify", None, A_TO_B, &[("text", text("We are back"))]);
}

#[test]
fn the_whole_plan_restores_the_users_in_both_directions() {
    let stage = Stage::usual(|plan| plan.returns_after = Some(Duration::from_secs(900)));
    stage.clock.pass_s(DIES_S + 4);
    fail_over(&stage);
    let state = stage.state();
    assert!(state.serves(plan_ref(), Side::B));
    assert!(state.now_s < 600.0, "restored within the objective: {} s", state.now_s);
    assert_eq!(stage.reading("users", Side::B).health, Health::Up);
    assert_eq!(stage.reading("gateway", Side::B).fact("serving"), Some(&FactValue::Boolean(true)));
    // A comes back, fenced: still a primary, but one that takes no writes.
    stage.clock.pass_s(900);
    assert_eq!(told(&stage)[0], "PRIMARY refused in 1");
    let a = |name: &'static str| Some((name, Side::A));
    for store in ["pg", "kafka", "objects"] {
        stage.done("sim.replicate", a(store), B_TO_A, &[]);
    }
    stage.done("sim.unfence", None, B_TO_A, &[("side", text("to"))]);
    stage.done("sim.fence", None, B_TO_A, &[]);
    let none = [("fact", text("lag")), ("at_most", text("0s"))];
    stage.done("sim.check", a("pg"), B_TO_A, &none);
    stage.done("sim.promote", a("pg"), B_TO_A, &[]);
    stage.done("sim.stop_replication", a("kafka"), B_TO_A, &[]);
    stage.done("sim.shift_traffic", a("dns"), B_TO_A, &[]);
    stage.done("sim.purge", a("cdn"), B_TO_A, &[]);
    stage.done("sim.check", a("users"), B_TO_A, &[]);
    let lost_then = stage.state().stores[&id("pg")].lost_s;
    for store in ["pg", "kafka", "objects"] {
        stage.done("sim.replicate", Some((store, Side::B)), B_TO_A, &[]);
    }
    stage.done("sim.unfence", None, B_TO_A, &[]);
    stage.done("sim.scale", Some(("pods", Side::B)), B_TO_A, &[("to", Value::Integer(2))]);
    let state = stage.state();
    assert!(state.serves(plan_ref(), Side::A));
    assert_eq!(state.stores[&id("pg")].primary, [true, false]);
    assert!(state.stores.values().all(|store| store.flows), "protected again");
    assert_eq!(state.stores[&id("pg")].lost_s, lost_then, "the way back lost nothing more");
    // And once more, planned this time: told again, nothing lost again.
    let acts = stage.acts().len();
    fail_over(&stage);
    assert_eq!(stage.acts().len(), acts + 7);
    assert_eq!(stage.state().stores[&id("pg")].lost_s, lost_then, "a planned switch loses nothing");
}

/// Role, writes, history and where it parted, of both sides.
fn told(stage: &Stage) -> [String; 2] {
    Side::BOTH.map(|side| {
        let reading = stage.reading("pg", side);
        let words = [reading.role.map(Role::word), reading.writes.map(Writes::word)];
        let history = |place: &Position| place.of.as_str().rsplit(' ').next().map(str::to_owned);
        let mut text = words.map(Option::unwrap_or_default).join(" ");
        for (word, place) in [("in", &reading.end), ("parted from", &reading.parted)] {
            if let Some(number) = place.as_ref().and_then(history) {
                text.extend([" ", word, " ", &number]);
            }
        }
        text
    })
}

#[test]
fn a_fence_closes_a_primary_and_does_not_demote_it() {
    let stage = Stage::usual(|plan| plan.fail_after = None);
    stage.clock.pass_s(30);
    assert_eq!(told(&stage), ["PRIMARY open in 1", "standby refused in 1"]);
    stage.done("sim.fence", None, A_TO_B, &[]);
    assert_eq!(told(&stage), ["PRIMARY refused in 1", "standby refused in 1"]);
    stage.done("sim.switch", Some(("pg", Side::B)), A_TO_B, &[]);
    let after = ["PRIMARY refused in 1", "PRIMARY open in 2 parted from 1"];
    assert_eq!(told(&stage), after);
    stage.clock.pass_s(600);
    assert_eq!(told(&stage), after);
    // Nothing is missing: the new history begins where the old one ends.
    let (a, b) = (stage.reading("pg", Side::A), stage.reading("pg", Side::B));
    assert_eq!(b.parted, a.end);
    assert!(a.end.is_some() && a.fact("lost_s").is_none() && a.fact("fenced").is_none());
    stage.done("sim.shift_traffic", Some(("dns", Side::B)), A_TO_B, &[]);
    stage.done("sim.replicate", Some(("pg", Side::A)), B_TO_A, &[]);
    assert_eq!(told(&stage), ["standby refused in 2", "PRIMARY open in 2 parted from 1"]);
    stage.done("sim.unfence", None, Direction { from: Side::A, to: Side::B }, &[]);
    assert_eq!(told(&stage), ["standby refused in 2", "PRIMARY open in 2 parted from 1"]);
}

#[test]
fn an_old_primary_comes_back_writing_unless_it_was_fenced() {
    let check = |fenced: bool, want: &str| {
        let stage = Stage::usual(|plan| plan.returns_after = Some(Duration::from_secs(300)));
        let before = stage.reading("pg", Side::A).identity;
        stage.clock.pass_s(DIES_S + 4);
        if fenced {
            stage.done("sim.fence", None, A_TO_B, &[]);
        }
        stage.done("sim.promote", Some(("pg", Side::B)), A_TO_B, &[]);
        stage.clock.pass_s(400);
        assert_eq!(told(&stage), [want, "PRIMARY open in 2 parted from 1"]);
        assert_eq!(stage.state().stores[&id("pg")].open == [true, true], !fenced);
        let after = stage.reading("pg", Side::A).identity;
        let (before, after) = (before.expect("told"), after.expect("told"));
        assert_ne!(before.server, after.server, "it was started again");
        assert_eq!(before.data, after.data);
    };
    check(true, "PRIMARY refused in 1");
    check(false, "PRIMARY open in 1");
}

#[test]
fn what_is_missing_is_told_by_places_and_by_time() {
    for seed in 0..50 {
        let mut plan = plan(seed);
        plan.fail_after = Some(Duration::from_millis(DIES_S * 1000 + seed * 137));
        plan.returns_after = Some(Duration::from_secs(300));
        let died_ms = plan.fail_after.expect("it dies").as_millis();
        let stage = Stage::new(plan, site(specs("w")));
        let began_ms = stage.clock.now().wall_ms;
        stage.clock.pass_s(60);
        stage.done("sim.fence", None, A_TO_B, &[]);
        stage.done("sim.promote", Some(("pg", Side::B)), A_TO_B, &[]);
        stage.clock.pass_s(400);
        let lost_s = stage.state().stores[&id("pg")].lost_s.expect("something is lost");
        let (a, b) = (stage.reading("pg", Side::A), stage.reading("pg", Side::B));
        let (end, parted) =
            (a.end.expect("it is back"), b.parted.clone().expect("it was promoted"));
        assert_eq!((&end.of, end.unit), (&parted.of, parted.unit));
        let missing_s = number(end.at - parted.at) / history::per_second(end.unit);
        assert!((missing_s - lost_s).abs() < 1e-5, "seed {seed}: {missing_s}, truth {lost_s}");
        let Some(FactValue::Number(replayed_ms)) = b.fact("last_replayed_unix_ms") else {
            panic!("seed {seed}: {b:?}")
        };
        let died_ms = began_ms + i64::try_from(died_ms).expect("small");
        let missing_s = (number(died_ms.cast_unsigned()) - replayed_ms) / 1000.0;
        assert!((missing_s - lost_s).abs() < 0.0021, "seed {seed}: {missing_s}, truth {lost_s}");
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here fits")]
fn number(count: u64) -> f64 {
    count as f64
}

#[test]
fn a_name_can_lead_astray() {
    let stage = Stage::usual(|plan| {
        plan.fail_after = None;
        let (from, until) = (Duration::from_secs(10), Duration::from_secs(20));
        plan.astray = vec![Astray { system: id("pg"), side: Side::B, from, until }];
    });
    let server = |side| stage.reading("pg", side).identity.expect("a store has one").server;
    let met = || {
        let target = Some(("pg", Side::B));
        stage.with_operator(action("sim.promote"), target, A_TO_B, &[], |operator| {
            wait(operator.identity()).expect("it answers").expect("a store has one").server
        })
    };
    let (a, b) = (server(Side::A), server(Side::B));
    assert_ne!(a, b);
    assert_eq!(met(), b);
    stage.clock.pass_s(12);
    assert_eq!([server(Side::A), server(Side::B), met()], [a.clone(), a.clone(), a]);
    stage.clock.pass_s(10);
    assert_eq!((server(Side::B), met()), (b.clone(), b));
}

#[test]
fn users_see_what_was_left_out() {
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 4);
    stage.done("sim.shift_traffic", Some(("dns", Side::B)), A_TO_B, &[]);
    let down = |word: &str| {
        let health = stage.reading("users", Side::B).health;
        let told = match &health {
            Health::Down(why) | Health::Degraded(why) => why.as_str().contains(word),
            Health::Up | Health::Unknown(_) => false,
        };
        assert!(told, "{word}: {health:?}");
    };
    down("read-only");
    stage.done("sim.promote", Some(("pg", Side::B)), A_TO_B, &[]);
    down("2 of 10 units");
    stage.done("sim.scale", Some(("pods", Side::B)), A_TO_B, &[]);
    assert_eq!(stage.reading("users", Side::B).health, Health::Up);
}

#[test]
fn a_preview_warns_of_what_is_missing() {
    let stage = Stage::usual(|_| {});
    stage.clock.pass_s(DIES_S + 4);
    let preview = |name: &str, target: (&str, Side)| -> Preview {
        stage.with_operator(action(name), Some(target), A_TO_B, &[], |operator| {
            wait(operator.preview())
        })
    };
    let warned = |preview: &Preview, word: &str| {
        let found = preview
            .changes
            .iter()
            .any(|line| line.mark == '!' && line.text.as_str().contains(word));
        assert!(found, "{word}: {preview:?}");
    };
    warned(&preview("sim.promote", ("pg", Side::B)), "not fenced");
    let shift = preview("sim.shift_traffic", ("dns", Side::B));
    warned(&shift, "read-only");
    assert_eq!(shift.call.as_str(), "sim.shift_traffic dns in B 100");
    assert!(stage.acts().is_empty(), "a preview changes nothing");
}

/// A real kind's action, as its own folder would declare it.
static REAL_PROMOTE: ActionSpec = ActionSpec { name: "postgres.promote", ..PROMOTE_BASE };
static REAL_RUN: ActionSpec =
    ActionSpec { name: "command.run", verb: "run", change: Change::None, ..PROMOTE_BASE };
const PROMOTE_BASE: ActionSpec = ActionSpec {
    name: "x",
    doc: "x",
    verb: "promote",
    class: crate::domain::catalogue::Class::X,
    guard: crate::domain::catalogue::Guard::TypedVerb,
    fencing: crate::domain::catalogue::Fencing::NotFenced,
    change: Change::Promote,
    reversal: "none",
    permissions: &[],
    needs_target: true,
    settings: &[],
};

#[test]
fn a_real_site_can_be_simulated() {
    let systems = vec![
        spec("gateway", "http", &[("url", text("https://a.example/health"))]),
        spec("pg", "postgres", &[]),
        spec("app", "kubernetes", &[]),
        spec("zone", "route53", &[]),
    ];
    let site = site(systems);
    let mut plan = WorldPlan::of_site(&site, 3).expect("real kinds have no settings of ours");
    plan.fail_after = Some(Duration::from_secs(DIES_S));
    for system in &mut plan.systems {
        system.nature = Nature::of_changes(match system.id.as_str() {
            "pg" => vec![Change::Fence, Change::Promote],
            "app" => vec![Change::Scale],
            "zone" => vec![Change::Check, Change::ShiftTraffic],
            _ => vec![Change::Check],
        });
    }
    let natures: Vec<Nature> = plan.systems.iter().map(|one| one.nature).collect();
    assert_eq!(natures, [Nature::Service, Nature::Store, Nature::Compute, Nature::Traffic]);
    let stage = Stage::new(plan, site);
    assert_eq!(stage.reading("pg", Side::A).role, Some(Role::Primary));
    stage.clock.pass_s(DIES_S + 4);
    let with = [("wait", text("60s"))];
    let (outcome, _) = stage.apply(&REAL_PROMOTE, Some(("pg", Side::B)), A_TO_B, &with);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(stage.reading("pg", Side::B).role, Some(Role::Primary));
    let (outcome, _) = stage.apply(&REAL_RUN, None, A_TO_B, &[("argv", Value::List(vec![]))]);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(
        stage.acts().iter().map(|act| act.change).collect::<Vec<_>>(),
        [Change::Promote, Change::None]
    );
}

#[test]
fn wrong_settings_are_refused() {
    let check = |settings: &[(&str, Value)], want: &str| {
        let fault = SystemPlan::of_sim(&spec("pg", "sim", settings)).expect_err("refused");
        assert!(fault.message.contains(want), "{}", fault.message);
    };
    check(&[("nature", text("store"))], "needs `world`");
    check(&[("world", text("w"))], "needs `nature`");
    check(&[("world", text("w")), ("nature", text("stare"))], "did you mean `store`");
    check(
        &[("world", text("w")), ("nature", text("store")), ("lagg", text("1s"))],
        "did you mean `lag`",
    );
    let with = |name: &str, entries: &[(&str, Value)], want: &str| {
        let known = ACTIONS.iter().find(|known| known.spec().name == name).expect("an action");
        let fault = known.check_settings(&table(entries), None).expect_err("refused");
        assert!(fault.message.contains(want), "{}", fault.message);
    };
    with("sim.check", &[("fact", text("lag"))], "needs one of");
    with("sim.check", &[("fact", text("lag")), ("at_most", Value::Boolean(true))], "a number");
    with("sim.check", &[("at_most", text("1s"))], "needs `fact`");
    with("sim.notify", &[], "needs `text`");
    with("sim.scale", &[("to", Value::Integer(-1))], "from 0 to 1000");
    with("sim.fence", &[("side", text("c"))], "side");
}
