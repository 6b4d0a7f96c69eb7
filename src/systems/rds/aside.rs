//! What of both sides' rows could be restored in a region: asked rarely, for all systems at once.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_rds::Client;

use super::settings::Rds;
use super::state::ms;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::aws::managed::{Own, Session};
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::Trouble;

/// How often it is asked: backups come each five minutes at most.
pub(super) const EVERY: Duration = Duration::from_secs(300);

const PAGE: i32 = 100;
const PAGES_MAX: usize = 20;

/// Until when what is kept of each instance can be restored, by the instance's identifier, in
/// milliseconds since 1970: automated backups of this region and of others, and snapshots.
pub(super) struct Backups(HashMap<String, i64>);

/// What is known of a side beside its looks.
#[derive(Debug, Default)]
pub struct Aside(Option<Result<Option<i64>, Clean>>);

impl Aside {
    /// Until when either side's rows can be restored here; none before it was asked, or where there
    /// is no backup.
    pub(super) fn restorable_ms(&self) -> Option<&Result<Option<i64>, Clean>> {
        self.0.as_ref()
    }

    /// Asks what is due, as far as the time goes.
    pub(super) async fn look(
        &mut self,
        session: &Session<Rds>,
        own: &Own<Rds>,
        at: Stamp,
        left: Duration,
    ) {
        let ask = Backups::ask(session.client.clone(), session.asker());
        let told = tokio::time::timeout(left, session.desk.told_each(EVERY, at, ask)).await;
        // One that comes later is there the next time.
        let Ok(told) = told else { return };
        let newest = |all: &Backups| {
            let names = own.pair.iter();
            names.filter_map(|name| all.0.get(&name.to_lowercase()).copied()).max()
        };
        self.0 = Some(told.map(|all| newest(&all)).map_err(|trouble| trouble.message));
    }
}

impl Backups {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let asked = |right| Asked { place: &place, user: &user, right };
        let mut all: HashMap<String, i64> = HashMap::new();
        let mut take = |name: Option<&str>, until: Option<i64>| {
            let (Some(name), Some(until)) = (name, until) else { return };
            let last = all.entry(name.to_lowercase()).or_insert(until);
            *last = until.max(*last);
        };
        let mut marker = None;
        for _ in 0..PAGES_MAX {
            let ask = client.describe_db_instance_automated_backups().max_records(PAGE);
            let told = Box::pin(ask.set_marker(marker).send()).await;
            let right = "rds:DescribeDBInstanceAutomatedBackups";
            let told = told.map_err(|error| of_sdk(&error, &asked(right)))?;
            for backup in told.db_instance_automated_backups() {
                let until = backup.restore_window().and_then(|window| window.latest_time());
                take(backup.db_instance_identifier(), until.and_then(ms));
            }
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        let mut marker = None;
        for _ in 0..PAGES_MAX {
            let ask = client.describe_db_snapshots().max_records(PAGE);
            let told = Box::pin(ask.set_marker(marker).send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked("rds:DescribeDBSnapshots")))?;
            let done = |one: &&aws_sdk_rds::types::DbSnapshot| one.status() == Some("available");
            for snapshot in told.db_snapshots().iter().filter(done) {
                // A copy is made later than what it holds.
                let of = snapshot.original_snapshot_create_time();
                let until = of.or_else(|| snapshot.snapshot_create_time()).and_then(ms);
                take(snapshot.db_instance_identifier(), until);
            }
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(all))
    }
}
