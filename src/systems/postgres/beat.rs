//! Writes the heartbeat row of a primary: one row, by that server's own clock.

use super::link::{Session, column};
use super::settings::Heartbeat;
use crate::port::Beat;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Makes the table of the heartbeat for an administrator, and lets the watching role read it.
/// Another table does as well if it has a primary key `id` of whole numbers and a column of type
/// `timestamptz`, and needs no other value.
pub const BEAT_TABLE_SQL: &str = "\
create table if not exists public.dr_heartbeat (
  id integer primary key,
  ts timestamptz not null
);
grant select on public.dr_heartbeat to wr_read;";

/// Asked first: a write that is refused leaves an error in the server's log, each second.
const TAKES_WRITES: &str = "
select pg_is_in_recovery() as recovering,
  current_setting('transaction_read_only')::boolean as closed";

/// Writes the row, if this server is a primary that takes writes.
pub(super) async fn write(
    session: &Session,
    heartbeat: &Heartbeat,
    place: &str,
) -> Result<Beat, Trouble> {
    let state = session.row(TAKES_WRITES).await?;
    if column(&state, "recovering")? {
        return Ok(Beat::Standby(format!("{place} is in recovery").into()));
    }
    if column(&state, "closed")? {
        return Err(closed(place));
    }
    match session.run(&upsert(heartbeat)).await {
        Ok(()) => Ok(Beat::Written),
        Err(trouble) => Err(explain(session, heartbeat, place, trouble).await),
    }
}

/// One row for both regions: each server has its own, and a new primary writes over what it got
/// from the old one, whose clock may be ahead. A heartbeat measures how replicas follow, so it
/// waits for none of them.
fn upsert(heartbeat: &Heartbeat) -> String {
    let (table, column) = (heartbeat.table.quoted(), &heartbeat.column);
    format!(
        "set local synchronous_commit = local;
         insert into {table} (id, \"{column}\") values (1, clock_timestamp())
         on conflict (id) do update set \"{column}\" = excluded.\"{column}\""
    )
}

/// Nobody's fault where it is a fence; but no standby, and nothing is written.
fn closed(place: &str) -> Trouble {
    let message = format!(
        "{place} is a primary and refuses writes: `default_transaction_read_only` is on, as by a \
         fence"
    );
    Trouble::new(TroubleKind::Refused, message)
}

async fn explain(
    session: &Session,
    heartbeat: &Heartbeat,
    place: &str,
    trouble: Trouble,
) -> Trouble {
    match trouble.kind {
        // It was fenced since it was asked.
        TroubleKind::ReadOnly => closed(place),
        TroubleKind::Missing => {
            let how = "`warroom systems show postgres` prints how it is made";
            Trouble::new(trouble.kind, format!("{trouble}; {how}"))
        }
        TroubleKind::Permission => match missing_rights(session, heartbeat).await {
            Ok(Some(grant)) => Trouble::new(trouble.kind, format!("{place}: {grant}")),
            Ok(None) | Err(_) => trouble,
        },
        TroubleKind::Unreachable
        | TroubleKind::NotReady
        | TroubleKind::Cut
        | TroubleKind::Timeout
        | TroubleKind::Ours
        | TroubleKind::Refused
        | TroubleKind::Garbage
        | TroubleKind::OtherServer => trouble,
    }
}

/// What to grant, in the server's own words: it tells a refusal without the right that lacks.
async fn missing_rights(
    session: &Session,
    heartbeat: &Heartbeat,
) -> Result<Option<String>, Trouble> {
    let (schema, table) = (&heartbeat.table.schema, heartbeat.table.quoted());
    let sql = format!(
        "select case when not has_schema_privilege('{schema}', 'USAGE')
             then 'USAGE ON SCHEMA \"{schema}\"'
           else (select string_agg(needed, ', ') || ' ON {table}'
             from unnest(array['SELECT', 'INSERT', 'UPDATE']) as needed
             where not has_table_privilege('{table}', needed)) end as lacks,
           quote_ident(current_user) as me"
    );
    let row = session.row(&sql).await?;
    let (lacks, me): (Option<String>, String) = (column(&row, "lacks")?, column(&row, "me")?);
    Ok(lacks.map(|lacks| {
        let lacks = lacks.replace('"', "");
        format!("the heartbeat needs a right that is missing; GRANT {lacks} TO {me}")
    }))
}
