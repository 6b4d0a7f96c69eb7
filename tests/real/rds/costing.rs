//! What watching costs: as it is told after one round of looks, and as the double counts it.

use std::fs;
use std::sync::Arc;

use tokio::runtime::Runtime;
use warroom::app::kinds::KINDS;
use warroom::commands::check::{CheckSetup, check};
use warroom::domain::site::SystemSpec;
use warroom::domain::spending::Bill;
use warroom::port::Clock;

use super::bench::{Shared, WallClock, text, why};
use crate::kind::hands::table;
use crate::servers::aws::ACCOUNT;
use crate::servers::fault::FaultProxy;
use crate::servers::rds::{INSTANCES, Pair, REGIONS};
use crate::servers::{aurora, dynamodb, elasticache};
use crate::stand::HandClock;
use crate::turns::{Group, turn};

/// How many stores are watched, of three kinds.
const STORES: [usize; 3] = [20, 15, 15];

/// For so many seconds of their clock, a look each: all that is asked is asked anew in them.
const WATCHED_S: u16 = 600;

/// The most requests of a minute, to both regions.
const REQUESTS_MAX: f64 = 20.0;

fn stores(url: &str) -> impl Iterator<Item = SystemSpec> {
    let kinds = [
        super::bench::system([url, url], Vec::new()),
        crate::aurora::system([url, url]),
        crate::elasticache::system([url, url]),
    ];
    kinds.into_iter().zip(STORES).flat_map(|(spec, count)| vec![spec; count])
}

#[test]
fn fifty_stores_cost_what_is_told_after_one_round() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    aurora::stand(&pair.cloud);
    elasticache::stand(&pair.cloud);
    let proxy = FaultProxy::to(pair.cloud.port);
    let hand = Arc::new(HandClock::at(1000));
    let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&hand);
    let mut site = Shared::by(clock);
    stores(&proxy.url()).for_each(|spec| site.watch(&spec));
    let mut look = || {
        for looks in site.look() {
            let told = [looks.a, looks.b].map(|look| look.unwrap().map(|_| ()));
            assert_eq!(told, [Ok(()), Ok(())]);
        }
        site.bills()
    };
    let bills = look();
    let asked = || REGIONS.map(|region| proxy.asked(region));
    let before = asked();
    for _ in 0..WATCHED_S {
        hand.pass_s(1);
        look();
    }
    let minutes = f64::from(WATCHED_S) / 60.0;
    for (at, region) in REGIONS.into_iter().enumerate() {
        let bill = bills.iter().find(|bill| bill.place.starts_with(region)).unwrap();
        let told = bill.requests_a_minute() * minutes;
        let counted = u32::try_from(asked()[at] - before[at]).unwrap();
        assert!((told - f64::from(counted)).abs() < 1e-6, "{region}: {told} {counted}\n{bill}");
        assert_eq!(bill.usd_a_day, None, "nobody charges for the double: {bill}");
    }
    let all = Bill::sum(&bills);
    println!("{all}");
    assert!(all.requests_a_minute() <= REQUESTS_MAX, "{all}");
}

#[test]
fn all_kinds_together_ask_no_oftener_than_few() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    aurora::stand(&pair.cloud);
    elasticache::stand(&pair.cloud);
    dynamodb::stand(&pair.cloud);
    let proxy = FaultProxy::to(pair.cloud.port);
    let hand = Arc::new(HandClock::at(1000));
    let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&hand);
    let mut site = Shared::by(clock);
    let url = proxy.url();
    let others = [crate::dynamodb::system(&url), crate::cloudwatch::system(&url)];
    let all = stores(&url).step_by(2).take(30).chain(others.into_iter().cycle().take(20));
    for (number, mut spec) in all.enumerate() {
        // Some say whose account it is, and some do not.
        if number % 2 == 0 {
            let account = table(vec![("account", text(ACCOUNT))]);
            spec.settings.entries.extend(account.entries);
        }
        site.watch(&spec);
    }
    let mut watch = |seconds: u16| {
        for _ in 0..seconds {
            hand.pass_s(1);
            for looks in site.look() {
                assert!(looks.a.unwrap().is_ok());
            }
        }
    };
    let asked = || REGIONS.map(|region| proxy.asked(region)).iter().sum::<usize>();
    // Once all have asked for the first time.
    watch(60);
    let before = asked();
    watch(WATCHED_S);
    let counted = u32::try_from(asked() - before).unwrap();
    let a_minute = f64::from(counted) * 60.0 / f64::from(WATCHED_S);
    println!("{a_minute} requests a minute");
    assert!((REQUESTS_MAX / 2.0..=REQUESTS_MAX).contains(&a_minute), "{a_minute}");
}

#[test]
fn a_role_is_assumed_once_for_all_and_does_not_end() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let url = proxy.url();
    let role = vec![("role", text("arn:aws:iam::123456789012:role/dr"))];
    let spec = super::bench::system([&url, &url], role);
    let mut site = Shared::new();
    site.watch(&spec);
    site.watch(&spec);
    for looks in site.look() {
        for reading in [looks.a, looks.b].map(|look| look.unwrap().unwrap()) {
            assert_eq!((why(&reading).as_str(), reading.credentials_end), ("", None));
        }
    }
    // The role, what there is, its metrics, and its backups by two questions.
    assert_eq!(REGIONS.map(|region| proxy.asked(region)), [5, 5]);
}

#[test]
fn a_check_tells_what_a_day_costs_and_that_it_is_no_production() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let (pair, home) = (Pair::start(), tempfile::tempdir().unwrap());
    let url = pair.cloud.url();
    let side = |at: usize| {
        let (instance, region) = (INSTANCES[at], REGIONS[at]);
        format!("{{ instance = \"{instance}\", region = \"{region}\", endpoint = \"{url}\" }}")
    };
    let site = format!(
        "schema = 1\nname = \"one\"\nred_needs_signals = 1\n\
         people.anna = {{ roles = [\"commander\"], may_declare = true }}\n\
         objectives.core = {{ rto = \"10m\", rpo = \"5m\" }}\n\
         regions.a = {{ starts_as = \"primary\" }}\nregions.b = {{ starts_as = \"standby\" }}\n\
         secrets.read = {{ user = \"wr_read\", password = {{ env = \"WR_READ\" }} }}\n\
         rules.down = {{ system = \"db\", failures = 3 }}\n\
         [systems.db]\nkind = \"rds\"\nobjective = \"core\"\nread = \"read\"\n\
         every = \"5s\"\ntimeout = \"5s\"\na = {}\nb = {}\n",
        side(0),
        side(1)
    );
    fs::create_dir(home.path().join("runbooks")).unwrap();
    fs::write(home.path().join("site.toml"), site).unwrap();
    let environment = |name: &str| (name == "WR_READ").then(|| "not-a-real-key".to_owned());
    let setup = CheckSetup { kinds: KINDS, environment, clock: Arc::new(WallClock) };
    let checked = |offline| {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(check(home.path(), offline, &setup)).to_string()
    };
    let told = checked(false);
    let cost = |who: &str, figures: &str| {
        let line = format!("cost       ok           {who}: {figures}");
        assert!(told.contains(&line), "{line}\n{told}");
    };
    // Each 30 s what there is, each minute the metrics, each 5 minutes two questions on backups.
    let figures = "3.4 requests a minute, 4,896 a day, 2 metrics each 60s";
    for region in REGIONS {
        cost(&format!("{region} at {url} as wr_read"), figures);
    }
    cost("all together", "6.8 requests a minute, 9,792 a day, 4 metrics each 60s");
    let over = format!("(ENDPOINT OVERRIDE: {url})");
    assert_eq!(told.matches(&over).count(), 2, "{told}");
    assert!(!checked(true).contains("cost "), "{}", checked(true));
}
