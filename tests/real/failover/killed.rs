//! The console killed in the middle of a promotion: the promotion goes on, once, and is known.

use std::sync::PoisonError;

use warroom::domain::run::event::Body;

use super::ONE_AT_A_TIME;
use super::facts;
use super::person::{self, Known, Start};
use crate::servers::world::World;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const FENCE: Known = ("fence-a", "take A out of the name", Start::Window);
const PROMOTE: Known = ("promote-pg", "promote pg in B", Start::Typed("promote pg-b"));
const AFTER: [Known; 9] = [
    ("verify-write", "write in B", Start::Window),
    ("verify-schema", "schema of B", Start::Key),
    ("promote-cache", "promote cache in B", Start::Typed("promote cache-b")),
    ("write-cache", "write to the cache", Start::Window),
    ("cache-keys", "keys of the cache", Start::Key),
    ("switch-dns", "lead the name to B", Start::Typed("dns-b")),
    ("dns-switched", "resolvers follow", Start::Key),
    ("check-service", "service in B works", Start::Key),
    ("keep-longer", "let answers be kept", Start::Window),
];

#[test]
fn a_console_killed_during_the_promotion_takes_the_run_up_again() {
    let Some(_turn) = turn(Group::Failover) else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::start();
    let state = world.state();
    let mut first = person::sit_down(&world);
    first.until_within("all is healthy", DEADLINE, |text| {
        text.contains("no alarm") && text.contains("standby, streaming")
    });
    world.lose_a();
    first.shows_within("PRIMARY Region A DOWN", DEADLINE);
    person::take_charge(&mut first);
    person::run(&mut first, FENCE);
    // A standby whose replay hangs takes the order to promote and cannot finish it.
    world.pair.b.freeze_child("startup");
    person::start(&mut first, PROMOTE);
    until("the promotion was ordered", DEADLINE, || {
        let asked = "select count(*) from pg_stat_activity where query like 'select pg_promote(%'";
        world.pair.b.sql(asked) == "1"
    });
    first.kill9();
    drop(first);

    let mut second = person::sit_down(&world);
    second.until_within("it is promoted", person::STEP, |text| {
        text.lines().any(|line| line.contains("[~] S") && line.contains("promote pg in B"))
    });
    assert_eq!(world.pair.b.sql("select pg_is_in_recovery()"), "t");
    world.pair.b.thaw_child("startup");
    person::until_done(&second, PROMOTE);
    assert_eq!(world.pair.b.sql("select pg_is_in_recovery()"), "f");
    let events = facts::events(&state);
    assert_eq!(facts::attempts(&events, PROMOTE.0), 1, "{events:#?}");
    facts::find(&events, "resumption", |body| matches!(body, Body::Resumed { .. }));

    // Killed again, with nothing under way: a console is back as it was, but SAFE.
    second.kill9();
    drop(second);
    let mut third = person::sit_down(&world);
    person::until_done(&third, PROMOTE);
    third.shows_within("[SAFE]", person::STEP);
    person::arm(&mut third);
    for step in AFTER {
        person::run(&mut third, step);
    }
    third.shows_within("restored at T+", person::STEP);
    person::attest(&mut third, "read the logs of B", "nothing but the switch");
    person::close_and_leave(&mut third);
    let events = facts::events(&state);
    for (step, ..) in AFTER.iter().chain([&FENCE, &PROMOTE]) {
        assert_eq!(facts::attempts(&events, step), 1, "{step}");
    }
    let report = facts::report(&state);
    assert!(report.contains("- closed: complete,"), "{report}");
}
