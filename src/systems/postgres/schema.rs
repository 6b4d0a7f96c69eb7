//! The shape of a database as one fingerprint, with its broken indexes and missing tables.

use super::link::{Session, column};
use super::settings::TableName;
use crate::systems::kit::trouble::Trouble;

/// Columns, indexes and constraints of all user schemas as sorted lines, then one md5. The system
/// catalogue is read instead of `information_schema`, which hides what the role may not use. The
/// `search_path` of our sessions makes the definitions come out with their schemas.
const FINGERPRINT: &str = "
with lines as (
  select format('column %s.%s %s %s %s', n.nspname, c.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), a.attnotnull) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and c.relpersistence <> 't'
      and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  union all
  select format('index %s', pg_get_indexdef(i.indexrelid))
    from pg_index i join pg_class c on c.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
    where c.relpersistence <> 't'
      and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  union all
  select format('constraint %s.%s %s %s', n.nspname, k.conname, k.convalidated,
      pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace
    where n.nspname <> 'information_schema' and n.nspname !~ '^pg_')
select md5(coalesce(string_agg(line, E'\\n' order by line collate \"C\"), '')) as fingerprint,
  (select count(*) from pg_index where not indisvalid) as invalid
from lines";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schema {
    /// md5 over columns, index definitions and constraints.
    pub(super) fingerprint: String,
    /// Indexes that no query may use.
    pub(super) invalid_indexes: i64,
    /// Those of the wanted tables that do not exist.
    pub(super) missing: Vec<String>,
}

/// Reads the shape of the session's database.
pub(super) async fn read_schema(
    session: &Session,
    tables: &[TableName],
) -> Result<Schema, Trouble> {
    let row = session.row(FINGERPRINT).await?;
    let mut missing = Vec::new();
    if !tables.is_empty() {
        let names: Vec<String> = tables.iter().map(TableName::quoted).collect();
        let found = session
            .client()
            .query(
                "select name from unnest($1::text[]) as name where to_regclass(name) is null",
                &[&names],
            )
            .await
            .map_err(|error| session.trouble(&error))?;
        for row in &found {
            missing.push(column::<String>(row, "name")?.replace('"', ""));
        }
    }
    Ok(Schema {
        fingerprint: column(&row, "fingerprint")?,
        invalid_indexes: column(&row, "invalid")?,
        missing,
    })
}
