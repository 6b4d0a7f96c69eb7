//! Proves that the target accepts writes: writes one row, commits, and reads it back.

use std::time::Duration;

use super::super::link::{Session, column};
use super::super::settings::Postgres;
use super::super::settings::TableName;
use crate::systems::kit::task::prelude::*;

const TABLE: Setting<TableName> =
    Setting::new("table", Kind::Word, "The table that a row is written to").or("warroom_probe");

const CREATE: Setting<bool> =
    Setting::new("create", Kind::Boolean, "True to create the table where it is missing")
        .or("false");

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(1000, 86_400_000),
    "How long a written row proves that writes work",
)
.or("15m");

/// Makes the table that `postgres.verify_write` writes to, for an administrator.
pub const PROBE_TABLE_SQL: &str = "\
create table if not exists public.warroom_probe (
  key text primary key,
  value text not null,
  timeline integer not null,
  at timestamptz not null default clock_timestamp()
);";

/// What a row holds until its commit was answered. A commit that waits for a replica in vain is
/// visible as soon as somebody gives up waiting: such a row proves nothing.
const UNCONFIRMED: &str = "unconfirmed";

/// The current timeline; null on a standby.
const TIMELINE: &str = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";

/// `postgres.verify_write`.
pub(super) struct VerifyWrite;

/// The row that is wanted.
pub struct Wanted {
    table: TableName,
    create: bool,
    fresh_for: Duration,
}

impl Task for VerifyWrite {
    type On = Postgres;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "postgres.verify_write",
        doc: "Writes one row on the target, commits and reads it back; the row carries the \
              timeline, so that a row replicated from the old primary proves nothing",
        verb: "verify",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "Nothing to take back: one row of the table is replaced",
        permissions: &[
            "GRANT SELECT, INSERT, UPDATE ON warroom_probe TO the acting role",
            "CREATE on the schema, only with `create = true`",
        ],
        needs_target: true,
        settings: &[TABLE.spec, CREATE.spec, FRESH_FOR.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let (create, fresh_for) = (CREATE.get(fields)?, FRESH_FOR.get(fields)?);
        Ok(Wanted { table: TABLE.get(fields)?, create, fresh_for })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let found = match at.find().await {
            Err(trouble) if trouble.kind == TroubleKind::Missing => {
                return Ok(Standing::NotDone(trouble.message));
            }
            found => found?,
        };
        let name = &at.seat.name;
        let words = match found {
            Found::Standby => format!("{name} is a standby, refuses writes"),
            Found::Unconfirmed => {
                format!("a row is in {name}, but its commit was never answered: write again")
            }
            Found::NoRow => format!("no row was written to {name} yet"),
            Found::OtherTimeline { row, now } => {
                format!("the row is of timeline {row}, {name} is on {now}: not written here")
            }
            Found::Row { age_s, .. } if age_s > at.with.fresh_for.as_secs_f64() => {
                format!("the row in {name} is {age_s:.0} s old: write again")
            }
            Found::Row { timeline, age_s } => {
                let words = format!(
                    "{name} took a write on timeline {timeline}, {:.0} s ago",
                    age_s.max(0.0)
                );
                return Ok(Standing::Done(words.into()));
            }
        };
        Ok(Standing::NotDone(words.into()))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let table = at.with.table.quoted().replace('"', "");
        let mut changes =
            vec![line('~', format!("{} row `{}` of {table} written", at.seat.name, key(at)))];
        if at.with.create {
            let text = format!("{} table {table}, if it is missing", at.seat.name);
            changes.insert(0, line('+', text));
        }
        let call = format!("insert into {table} ... on conflict (key) do update; select");
        (Ok(changes), call)
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        at.write(&execution.key(), output).await
    }
}

/// The row's key: the step and the side, so that each has one row for ever.
fn key(at: &At<VerifyWrite>) -> String {
    format!("{}/{}", at.step, at.seat.side)
}

impl At<VerifyWrite> {
    async fn find(&self) -> Result<Found, Trouble> {
        let session = self.seat.own.open().await?;
        let table = self.with.table.quoted();
        let sql = format!(
            "select r.timeline, {TIMELINE} as now, r.value = '{UNCONFIRMED}' as unconfirmed,
               extract(epoch from clock_timestamp() - r.at)::float8 as age
             from {table} as r where r.key = $1"
        );
        let find = async {
            let state = session.row("select pg_is_in_recovery() as recovering").await?;
            if column(&state, "recovering")? {
                return Ok(Found::Standby);
            }
            let rows = session.client().query(&sql, &[&key(self)]).await;
            let rows = rows.map_err(|error| session.trouble(&error))?;
            let Some(row) = rows.first() else { return Ok(Found::NoRow) };
            if column(row, "unconfirmed")? {
                return Ok(Found::Unconfirmed);
            }
            let (timeline, now): (i32, i32) = (column(row, "timeline")?, column(row, "now")?);
            if timeline == now {
                Ok(Found::Row { timeline, age_s: column(row, "age")? })
            } else {
                Ok(Found::OtherTimeline { row: timeline, now })
            }
        };
        self.seat.own.within(find).await
    }

    fn insert(&self) -> String {
        let table = self.with.table.quoted();
        format!(
            "insert into {table} as r (key, value, timeline, at)
             values ($1, $2, {TIMELINE}, clock_timestamp())
             on conflict (key) do update
             set value = excluded.value, timeline = excluded.timeline, at = excluded.at"
        )
    }

    /// Makes the table where it is missing. `if not exists` alone would ask for the right to
    /// create even where the table is there.
    async fn create(&self, session: &Session) -> Result<(), Trouble> {
        let table = self.with.table.quoted();
        let found = format!("select to_regclass('{table}') is null as missing");
        if column(&session.row(&found).await?, "missing")? {
            session.run(&PROBE_TABLE_SQL.replace("public.warroom_probe", &table)).await?;
        }
        Ok(())
    }

    async fn write(&self, value: &str, output: &mut dyn Output) -> Applied {
        let session = self.seat.own.open().await.map_err(Trouble::before_sending)?;
        let table = self.with.table.quoted();
        if self.with.create {
            let made = self.seat.own.within(self.create(&session)).await;
            made.map_err(Trouble::into_operate_error)?;
        }
        // Each statement is its own transaction: when it answers, the row is committed. The second
        // one says that the first was answered.
        let insert = self.insert();
        let work = async {
            for value in [UNCONFIRMED, value] {
                let written = session.client().execute(&insert, &[&key(self), &value]).await;
                written.map_err(|error| session.trouble(&error))?;
            }
            let read = format!("select value, timeline from {table} where key = $1");
            let row = session.client().query_one(&read, &[&key(self)]).await;
            let row = row.map_err(|error| session.trouble(&error))?;
            Ok((column::<String>(&row, "value")?, column::<i32>(&row, "timeline")?))
        };
        let (found, timeline) = self.seat.own.within(work).await.map_err(explain)?;
        if found != value {
            let message = format!("{} read back another value than was written", self.seat.name);
            return Err(OperateError::Ambiguous(message.into()));
        }
        let name = &self.seat.name;
        tell(format!("wrote and read back one row in {name} on timeline {timeline}"), output)
    }
}

enum Found {
    Standby,
    NoRow,
    Unconfirmed,
    OtherTimeline { row: i32, now: i32 },
    Row { timeline: i32, age_s: f64 },
}

/// Says what to do about the two usual reasons.
fn explain(trouble: Trouble) -> OperateError {
    match trouble.kind {
        TroubleKind::Missing => OperateError::Refused(
            format!("{}; set `create = true` or have the table made", trouble.message).into(),
        ),
        TroubleKind::Timeout => OperateError::Ambiguous(
            format!("{}; does it wait for synchronous_standby_names?", trouble.message).into(),
        ),
        _ => trouble.into_operate_error(),
    }
}
