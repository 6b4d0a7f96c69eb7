//! The `cloudwatch` system against AWS's double.
//!
//! What the double proves: requests, states of alarms that are set, values that are counted by the
//! hour. What it cannot: an alarm that a log makes, how late Amazon's own metrics are.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use tokio::runtime::Runtime;
use warroom::domain::ids::Side;
use warroom::domain::reading::{FactValue, Health};
use warroom::domain::site::SystemSpec;

use crate::kind::hands::{Watcher, figure, table, text, texts, why};
use crate::servers::aws::{Cloud, Double};
use crate::stand;
use crate::turns::{Group, turn};

const REGION: &str = "us-east-1";

/// Its alarms and its job as a system of one region.
pub fn system(url: &str) -> SystemSpec {
    let a = table(vec![
        ("alarms", texts(&["errors"])),
        ("warnings", texts(&["slow"])),
        ("job", text("Backups/Nightly/Succeeded")),
        ("job_of", texts(&["Of=lms"])),
        ("region", text(REGION)),
        ("endpoint", text(url)),
        ("read", text("read")),
    ]);
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        sides: [Some(a), None],
        ..stand::system("alarms", "cloudwatch")
    }
}

#[test]
fn alarms_and_a_jobs_last_success_are_told() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let (cloud, runtime) = (Cloud::start(Double::MiniStack), Runtime::new().unwrap());
    let client = Client::new(&cloud.config(REGION));
    let make = |name: &str| {
        let make = client.put_metric_alarm().alarm_name(name).namespace("App").metric_name(name);
        let make = make.statistic(Statistic::Sum).period(60).evaluation_periods(1).threshold(1.0);
        let make = make.comparison_operator(ComparisonOperator::GreaterThanThreshold);
        runtime.block_on(make.send()).unwrap();
    };
    let set = |name: &str, state: StateValue| {
        let set = client.set_alarm_state().alarm_name(name).state_value(state);
        runtime.block_on(set.state_reason("as the test says").send()).unwrap();
    };
    let spec = system(&cloud.url());
    let look = || Watcher::new(&spec).side(Side::A).unwrap();
    let before = look();
    assert!(why(&before).contains("there is no alarm errors"), "{}", why(&before));
    assert!(why(&before).contains("counted no success"), "{}", why(&before));
    for name in ["errors", "slow"] {
        make(name);
        set(name, StateValue::Ok);
    }
    // The hours in which it did not run count none.
    let of = [("Of", "lms")];
    let what = (REGION, "Backups/Nightly", "Succeeded");
    cloud.measure(what, &of, (1.0, 5 * 3600));
    cloud.measure(what, &of, (0.0, 60));
    let well = look();
    assert_eq!(well.health, Health::Up, "{}", why(&well));
    let age = figure(&well, "job_age").unwrap();
    assert!((5.0 * 3600.0..=6.0 * 3600.0 + 60.0).contains(&age), "{age}");
    set("slow", StateValue::Alarm);
    let warned = look();
    assert!(
        matches!(&warned.health, Health::Degraded(why) if why.as_str().contains("as the test"))
    );
    assert_eq!(warned.fact("firing"), Some(&FactValue::text("slow")));
    set("errors", StateValue::Alarm);
    assert!(matches!(look().health, Health::Down(_)));
    set("errors", StateValue::InsufficientData);
    let undecided = look();
    assert!(why(&undecided).contains("alarm errors has no data"), "{}", why(&undecided));
    assert_eq!(undecided.fact("undecided"), Some(&FactValue::text("errors")));
}
