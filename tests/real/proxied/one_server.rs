//! Both names lead to one server: the console says so, and no fence is set by it.

use super::judge::acts;
use super::rig::Rig;
use crate::failover::person::{self, Known, Start};
use crate::seat::{self, Seat};
use crate::servers::DEADLINE;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

const FENCE: Known = ("fence-pg", "fence pg", Start::Typed("pg-a"));

const ALARM: &str = "both names of pg lead to the same server";

#[test]
fn two_names_of_one_server_are_an_alarm_and_fence_nothing() {
    let Some(_turn) = turn(Group::Proxied) else { return };
    let (template, mut rig) = (Pair::template(), Rig::new());
    rig.begin_again(&template);
    let (site, state) = (rig.site().display().to_string(), tempfile::tempdir().unwrap());
    let start = seat::Start {
        arguments: &["--site", &site, "--as", "anna"],
        environment: &Rig::secrets(),
        ..seat::Start::default()
    };
    let mut console = Seat::take(state.path(), &start);
    console.until_within("all is healthy", DEADLINE, |text| {
        text.contains("standby, streaming") && text.contains("standby, link up")
    });
    person::take_over(&mut console, "planned");
    let banner = |text: &str| text.lines().nth(1).unwrap_or("").to_owned();
    // Either name may be the wrong one.
    for side in [1, 0] {
        rig.name(0, side).move_to(rig.port(0, 1 - side));
        rig.name(0, side).cut();
        // Not in the timeline of the side before: a card is for the servers that it was opened on.
        console.until_within("the alarm stands", DEADLINE, |text| banner(text).contains(ALARM));
        // Its gate is blind now; a person may go on by a reason, and must not here.
        console.verb_opens("r", "━ RUN ");
        console.until_within("the dry run is there", DEADLINE, |text| text.contains(" old"));
        console.types_seen("pg-a");
        console.types("\t");
        console.types_seen("the lag is known to be small");
        // The first one leads back to what is typed exactly.
        console.types("\r");
        console.shows_within("> pg-a_", DEADLINE);
        console.types("\r");
        console.until_within("it is refused", DEADLINE, |text| {
            text.contains("refused: ") && text.contains("same server")
        });
        console.press("\x1b");
        person::until_dialog_is_gone(&console, "━ RUN ");
        assert_eq!(acts(&rig).len(), 0, "{}", console.screen());
        rig.heal();
        console.until_within("each name has its server", DEADLINE, |text| {
            !banner(text).contains(ALARM) && text.contains("standby, streaming")
        });
    }
    person::run(&mut console, FENCE);
    assert_eq!(acts(&rig).len(), 1);
    assert_eq!(rig.pair.b.sql("show default_transaction_read_only"), "off");
}
