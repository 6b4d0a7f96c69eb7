//! Checks that the target has the shape it should have: tables, valid indexes, and a fingerprint.

use super::super::schema::read_schema;
use super::super::settings::Postgres;
use super::super::settings::{TABLES_MAX, TableName};
use super::super::state::read_identity;
use crate::systems::kit::task::prelude::*;

const FINGERPRINT: Setting<String> = Setting::new(
    "fingerprint",
    Kind::Word,
    "The fact `schema_fingerprint` as it was when all was well",
);

const TABLES: Setting<Vec<TableName>> = Setting::new(
    "tables",
    Kind::Texts(TABLES_MAX),
    "Tables that must exist, beside the system's `schema_tables`",
);

/// `postgres.verify_schema`.
pub(super) struct VerifySchema;

/// The shape that is wanted.
pub struct Wanted {
    fingerprint: Option<String>,
    tables: Vec<TableName>,
}

impl Task for VerifySchema {
    type On = Postgres;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "postgres.verify_schema",
        doc: "Checks that no index is invalid, that the listed tables exist, and that the \
              fingerprint of columns, indexes and constraints equals `fingerprint`, or else that \
              of the other side where that answers; says so where there was nothing to compare \
              with",
        verb: "verify",
        reversal: "Nothing to take back: it only reads",
        permissions: &["CONNECT on the database; the system catalogue is readable by every role"],
        settings: &[FINGERPRINT.spec, TABLES.spec],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let tables = TABLES.of(fields)?.unwrap_or_default();
        Ok(Wanted { fingerprint: FINGERPRINT.of(fields)?, tables })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let session = at.seat.own.open().await?;
        let tables: Vec<TableName> = at.tables().cloned().collect();
        let schema = at.seat.own.within(read_schema(&session, &tables)).await?;
        let name = &at.seat.name;
        if schema.invalid_indexes > 0 {
            let words = format!("{name} has {} invalid indexes", schema.invalid_indexes);
            return Ok(Standing::NotDone(words.into()));
        }
        if !schema.missing.is_empty() {
            let words = format!("{name} lacks table {}", schema.missing.join(", "));
            return Ok(Standing::NotDone(words.into()));
        }
        let (wanted, whose) = match &at.with.fingerprint {
            Some(wanted) => (Ok(wanted.clone()), "the one of the plan".to_owned()),
            None => (at.other_fingerprint().await, format!("that of {}", at.seat.other_region)),
        };
        let found = &schema.fingerprint;
        let (is_so, words) = match wanted {
            Ok(wanted) if wanted.eq_ignore_ascii_case(found) => {
                (true, format!("{name} schema {found}, equal to {whose}"))
            }
            Ok(wanted) => (false, format!("{name} schema {found} is not {whose}, {wanted}")),
            Err(why) => {
                let seen = format!("no invalid index, {} tables there", tables.len());
                (true, format!("{name} schema {found}, {seen}; not compared: {why}"))
            }
        };
        Ok(Standing::of(is_so, words))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let call = "md5 over columns, indexes and constraints of pg_catalog";
        (Ok(vec![line('~', format!("{} is only read", at.seat.name))]), call.to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the schema could not be read", output)
    }
}

impl At<VerifySchema> {
    /// Those that the step and the system want.
    fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.with.tables.iter().chain(&self.seat.own.target.own.tables)
    }

    /// The other side's fingerprint, if it belongs to the same cluster.
    async fn other_fingerprint(&self) -> Result<String, Trouble> {
        let (own, other) = (self.seat.own.open().await?, self.seat.open_other().await?);
        let compare = async {
            let (own, theirs) = (read_identity(&own).await?, read_identity(&other).await?);
            if own.data != theirs.data {
                let message = format!("{} is another cluster", self.seat.other_region);
                return Err(Trouble::new(TroubleKind::Refused, message));
            }
            Ok(read_schema(&other, &[]).await?.fingerprint)
        };
        self.seat.own.within(compare).await
    }
}
