//! A region lost for real while an unattended run waits for it: it begins although a dead primary
//! can be compared with nothing any more.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::PoisonError;

use warroom::domain::run::event::Body;

use super::ONE_AT_A_TIME;
use super::facts;
use crate::servers::world::World;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// How many stores an observation file below the state folder remembers a lag of.
fn lags_known(state: &Path) -> usize {
    let sites = fs::read_dir(state.join("warroom/sites")).into_iter().flatten().flatten();
    let kept = |site: fs::DirEntry| fs::read_to_string(site.path().join("observations.json"));
    let known = |text: String| text.matches("\"last_lag\":[").count();
    sites.filter_map(|site| kept(site).ok()).map(known).sum()
}

#[test]
fn an_unattended_run_begins_once_the_region_is_lost() {
    let Some(_turn) = turn(Group::Failover) else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::start();
    world.load.until_more(20);
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.arg("--site").arg(world.site());
    command.args(["run", "failover", "--unattended", "--ungraceful", "--as", "anna"]);
    command.args(["--reason", "region A is silent", "--accept-losses"]);
    command.env("XDG_STATE_HOME", world.state()).envs(World::secrets());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut told = String::new();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("text");
        if line.contains("the primary is healthy, not red") {
            // A lag that was never known is a loss that nobody can accept.
            until("the lag of both stores is known", DEADLINE, || lags_known(&world.state()) >= 2);
            world.lose_a();
        }
        told.push_str(&line);
        told.push('\n');
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(75), "{told}");
    assert!(told.contains("ACCEPTED the expected losses"), "{told}");
    // What is left is what the plan gives to people, and not the verdict.
    assert!(
        told.contains("A PERSON IS NEEDED: step 1 take A out of the name is not marked automatic"),
        "{told}"
    );
    let events = facts::events(&world.state());
    let signals = events.iter().find_map(|event| match &event.body {
        Body::Declared { signals, .. } => Some(signals.len()),
        _ => None,
    });
    assert!(signals.is_some_and(|count| count >= 2), "{told}");
}
