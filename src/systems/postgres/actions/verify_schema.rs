//! Checks that the target has the shape it should have: tables, valid indexes, and a fingerprint.

use super::super::schema::{Schema, read_schema};
use super::super::settings::{Settings, TableName, read_tables};
use super::super::state::read_identity;
use super::super::trouble::{Trouble, TroubleKind};
use super::seat::{ANSWER_LIMIT, Rights, Seat, check_target};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard, SettingSpec};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, OperateError, Operator, OperatorSetup, Output};

const SPEC: ActionSpec = ActionSpec {
    name: "postgres.verify_schema",
    doc: "Checks that no index is invalid, that the listed tables exist, and that the fingerprint \
          of columns, indexes and constraints equals `fingerprint`, or else that of the other \
          side where that answers; says so where there was nothing to compare with",
    verb: "verify",
    class: Class::R,
    guard: Guard::OneKey,
    fencing: Fencing::IdempotentByKey,
    change: Change::Check,
    reversal: "Nothing to take back: it only reads",
    permissions: &["CONNECT on the database; the system catalogue is readable by every role"],
    needs_target: true,
    settings: &[
        SettingSpec {
            name: "fingerprint",
            doc: "The fact `schema_fingerprint` as it was when all was well",
            required: false,
        },
        SettingSpec {
            name: "tables",
            doc: "Tables that must exist, beside the system's `schema_tables`",
            required: false,
        },
    ],
};

/// `postgres.verify_schema`.
pub(super) struct VerifySchema;

fn read_wanted(with: &Table) -> Result<(Option<String>, Vec<TableName>), Fault> {
    let fields = Fields::new(with, SPEC.name);
    let fingerprint = fields.text("fingerprint")?.map(str::to_owned);
    let tables = read_tables(&fields, "tables")?;
    fields.finish()?;
    Ok((fingerprint, tables))
}

impl Action for VerifySchema {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        read_wanted(with)?;
        check_target(system, Rights::Read)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let (fingerprint, mut tables) = read_wanted(setup.with)?;
        let seat = Seat::new(&setup, Rights::Read)?;
        if let Some((spec, _)) = setup.target {
            tables.extend(Settings::read(spec)?.tables);
        }
        Ok(Box::new(Reader { seat, fingerprint, tables }))
    }
}

struct Reader {
    seat: Seat,
    fingerprint: Option<String>,
    tables: Vec<TableName>,
}

impl Reader {
    async fn standing(&self) -> Standing {
        let schema = match self.read().await {
            Ok(schema) => schema,
            Err(trouble) => return Standing::Unknown(trouble.message),
        };
        let name = &self.seat.name;
        if schema.invalid_indexes > 0 {
            let words = format!("{name} has {} invalid indexes", schema.invalid_indexes);
            return Standing::NotDone(words.into());
        }
        if !schema.missing.is_empty() {
            let words = format!("{name} lacks table {}", schema.missing.join(", "));
            return Standing::NotDone(words.into());
        }
        let (wanted, whose) = match &self.fingerprint {
            Some(wanted) => (Ok(wanted.clone()), "the one of the plan".to_owned()),
            None => (self.other_fingerprint().await, format!("that of {}", self.seat.other_region)),
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
                    self.tables.len(),
                );
                Standing::Done(words.into())
            }
        }
    }

    async fn read(&self) -> Result<Schema, Trouble> {
        let session = self.seat.open().await?;
        self.seat.within(ANSWER_LIMIT, read_schema(&session, &self.tables)).await
    }

    /// The other side's fingerprint, if it belongs to the same cluster.
    async fn other_fingerprint(&self) -> Result<String, Trouble> {
        let (own, other) = (self.seat.open().await?, self.seat.open_other().await?);
        let compare = async {
            let (own, theirs) = (read_identity(&own).await?, read_identity(&other).await?);
            if own.data != theirs.data {
                let message = format!("{} is another cluster", self.seat.other_region);
                return Err(Trouble::new(TroubleKind::Refused, message));
            }
            Ok(read_schema(&other, &[]).await?.fingerprint)
        };
        self.seat.within(ANSWER_LIMIT, compare).await
    }
}

impl Operator for Reader {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(self.seat.identity())
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let text = format!("{} is only read", self.seat.name);
        let preview = Preview {
            changes: vec![PreviewLine { mark: '~', text: text.into() }],
            call: "md5 over columns, indexes and constraints of pg_catalog".into(),
            acts_as: self.seat.acts_as(),
        };
        Box::pin(async { preview })
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async move {
            match self.standing().await {
                Standing::Done(words) => {
                    output.line(words.as_str());
                    Ok(words)
                }
                Standing::NotDone(words) => Err(OperateError::Refused(words)),
                Standing::Unknown(words) => Err(OperateError::Refused(
                    format!("the schema could not be read: {words}").into(),
                )),
            }
        })
    }
}
