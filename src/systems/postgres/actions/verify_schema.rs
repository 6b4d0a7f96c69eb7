//! Checks that the target has the shape it should have: tables, valid indexes, and a fingerprint.

use super::super::schema::{Schema, read_schema};
use super::super::settings::Postgres;
use super::super::settings::{TABLES_MAX, TableName};
use super::super::state::read_identity;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, Standing};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields};
use crate::domain::text::Clean;
use crate::port::{OperateError, Output};
use crate::systems::kit::seat::{Rights, line};
use crate::systems::kit::task::{At, Task, as_seen};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

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
        class: Class::R,
        guard: Guard::OneKey,
        fencing: Fencing::IdempotentByKey,
        change: Change::Check,
        reversal: "Nothing to take back: it only reads",
        permissions: &["CONNECT on the database; the system catalogue is readable by every role"],
        needs_target: true,
        settings: &[FINGERPRINT.spec, TABLES.spec],
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let tables = TABLES.of(fields)?.unwrap_or_default();
        Ok(Wanted { fingerprint: FINGERPRINT.of(fields)?, tables })
    }

    async fn standing(at: &At<Self>) -> Standing {
        let schema = match at.read().await {
            Ok(schema) => schema,
            Err(trouble) => return Standing::Unknown(trouble.message),
        };
        let name = &at.seat.name;
        if schema.invalid_indexes > 0 {
            let words = format!("{name} has {} invalid indexes", schema.invalid_indexes);
            return Standing::NotDone(words.into());
        }
        if !schema.missing.is_empty() {
            let words = format!("{name} lacks table {}", schema.missing.join(", "));
            return Standing::NotDone(words.into());
        }
        let (wanted, whose) = match &at.with.fingerprint {
            Some(wanted) => (Ok(wanted.clone()), "the one of the plan".to_owned()),
            None => (at.other_fingerprint().await, format!("that of {}", at.seat.other_region)),
        };
        let found = &schema.fingerprint;
        match wanted {
            Ok(wanted) if wanted.eq_ignore_ascii_case(found) => {
                Standing::Done(format!("{name} schema {found}, equal to {whose}").into())
            }
            Ok(wanted) => {
                let words = format!("{name} schema {found} is not {whose}, {wanted}");
                Standing::NotDone(words.into())
            }
            Err(why) => {
                let words = format!(
                    "{name} schema {found}, no invalid index, {} tables there; not compared: {why}",
                    tables(at).count(),
                );
                Standing::Done(words.into())
            }
        }
    }

    async fn foresee(at: &At<Self>) -> Preview {
        Preview {
            changes: vec![line('~', format!("{} is only read", at.seat.name))],
            call: "md5 over columns, indexes and constraints of pg_catalog".into(),
            acts_as: at.seat.own.acts_as(),
        }
    }

    async fn apply(
        at: &At<Self>,
        _execution: &Execution,
        output: &mut dyn Output,
    ) -> Result<Clean, OperateError> {
        as_seen(Self::standing(at).await, "the schema could not be read", output)
    }
}

/// Those that the step and the system want.
fn tables(at: &At<VerifySchema>) -> impl Iterator<Item = &TableName> {
    at.with.tables.iter().chain(&at.seat.own.target.own.tables)
}

impl At<VerifySchema> {
    async fn read(&self) -> Result<Schema, Trouble> {
        let session = self.seat.own.open().await?;
        self.seat
            .own
            .within(read_schema(&session, &tables(self).cloned().collect::<Vec<_>>()))
            .await
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
