//! What the answers of a side come to, of made-up ones.

use super::judge::reading;
use super::settings::CloudWatch;
use super::state::{Alarm, Is, Told};
use crate::domain::ids::Side;
use crate::domain::reading::{FactValue, Health, Reading};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::aws::managed::State;
use crate::systems::kit::aws::metrics::Point;
use crate::systems::kit::learned::Nothing;
use crate::systems::kit::server::{Sight, Written};
use crate::systems::kit::testing::spec;

const NOW_MS: i64 = 1_795_372_573_000;

/// The reading where these alarms stand so, and the job succeeded so many hours ago.
fn read(alarms: &[(&str, Is)], job_h: Option<i64>) -> Reading {
    let text = "alarms = ['errors']\nwarnings = ['slow']\njob = 'Backups/Nightly/Succeeded'\n\
                a = { region = 'us-east-1' }";
    let written = Written::<CloudWatch>::one(&spec(text), Side::A);
    let own = written.unwrap_or_else(|fault| panic!("{fault}")).own;
    let alarm = |is| Alarm { is, reason: "too many".into(), since_ms: Some(NOW_MS - 125_000) };
    let alarms = alarms.iter().map(|(name, is)| ((*name).to_owned(), alarm(*is))).collect();
    let arn = "arn:aws:cloudwatch:us-east-1:1:alarm".to_owned();
    let last = job_h.map(|hours| Point { at_ms: NOW_MS - hours * 3_600_000, value: 1.0 });
    let beside = Beside { points: Ok(vec![last]), now_ms: NOW_MS, expires_ms: None };
    reading(&Sight {
        at: Stamp { wall_ms: NOW_MS, boot_ms: 1000, boot: BootId(1) },
        took_ms: 5,
        side: Side::A,
        own: &State::made_up(Told { arn, alarms }, beside),
        other: None,
        settings: &own,
        user: "u",
        learned: &Nothing,
        aside: &(),
        nameless: None,
    })
}

#[test]
fn what_fires_is_down_or_a_warning_as_the_site_says() {
    let check = |alarms: &[(&str, Is)], job_h: Option<i64>, want: Health, firing: &str| {
        let found = read(alarms, job_h);
        assert_eq!(found.health, want);
        assert_eq!(found.fact("firing"), Some(&FactValue::text(firing)));
    };
    let degraded = |why: &str| Health::Degraded(why.into());
    let well = [("errors", Is::Quiet), ("slow", Is::Quiet)];
    check(&well, Some(3), Health::Up, "none");
    let fires = "alarm errors fires for 2m05s: too many";
    let both = [("errors", Is::Fires), ("slow", Is::Fires)];
    check(&both, Some(3), Health::Down(fires.into()), "errors, slow");
    let slow = [("errors", Is::Quiet), ("slow", Is::Fires)];
    check(&slow, Some(3), degraded("alarm slow fires for 2m05s: too many"), "slow");
    // What says nothing is not well.
    let undecided = [("errors", Is::Undecided), ("slow", Is::Quiet)];
    check(&undecided, Some(3), degraded("alarm errors has no data"), "none");
    check(&well[..1], Some(3), degraded("there is no alarm slow"), "none");
    let late = "Backups/Nightly/Succeeded: the last success is 27h00m old";
    check(&well, Some(27), degraded(late), "none");
    let never = "Backups/Nightly/Succeeded counted no success in the last 15 days";
    check(&well, None, degraded(never), "none");
}
