//! Proves that the target takes writes: writes one item of its own, and reads it back.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use super::settings::DynamoDb;
use super::state::Table;
use crate::domain::time::spoken_time;
use crate::systems::kit::aws::arn::Arn;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::place::check_caller;
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::task::prelude::*;

/// Who wrote it: what every item of ours has, and none of others.
const BY: &str = "warroom_by";

/// When, in milliseconds since 1970.
const AT: &str = "warroom_at_ms";

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(1000, 86_400_000),
    "How long the item proves that writes work",
)
.or("15m");

const NUMBER: Setting<i64> = Setting::new(
    "number",
    Kind::Integer(0, i64::MAX),
    "The key of the item where the table's is a number: one that nobody uses",
);

const EXPIRES: Setting<String> = Setting::new(
    "expires",
    Kind::Word,
    "The attribute by which the table lets items expire, where it does: the item goes after a day",
);

/// How long the item stays where it expires.
const KEPT_S: i64 = 86_400;

/// `dynamodb.verify_write`.
pub(super) struct VerifyWrite;

/// The proof that is wanted.
pub struct Wanted {
    fresh_for: Duration,
    number: Option<i64>,
    expires: Option<String>,
}

/// The key of an item, by attribute.
type Key = Vec<(String, AttributeValue)>;

impl Task for VerifyWrite {
    type On = DynamoDb;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "dynamodb.verify_write",
        doc: "Writes one item to the target and reads it back, consistently; its key names step \
              and side, so that one copied from the other side proves nothing",
        verb: "verify",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "Nothing to take back: one small item stays, under a key of its own",
        permissions: &[
            "dynamodb:DescribeTable, dynamodb:PutItem and dynamodb:GetItem of the table",
        ],
        needs_target: true,
        settings: &[FRESH_FOR.spec, NUMBER.spec, EXPIRES.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let (fresh_for, number) = (FRESH_FOR.get(fields)?, NUMBER.of(fields)?);
        Ok(Wanted { fresh_for, number, expires: EXPIRES.of(fields)? })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, name) = (&at.seat.own, &at.seat.name);
        let session = own.open().await?;
        let table = own.state_on(&session).await?.told.table;
        let key = at.key(&table)?;
        let item = own.within(at.read(&session, key)).await?;
        let written = item.and_then(|(_, at_ms)| at_ms);
        let now_ms = session.desk.clock.last_ms().unwrap_or_else(|| at.clock.now().wall_ms);
        let fresh_ms = i64::try_from(at.with.fresh_for.as_millis()).unwrap_or(i64::MAX);
        let is_done = written.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) <= fresh_ms);
        let words = if is_done { "took a write" } else { "took no write of ours" };
        let within = spoken_time(at.with.fresh_for);
        Ok(Standing::of(is_done, format!("{name} {words} within the last {within}")))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let text = format!("{} one item written under the key {}", at.seat.name, at.id());
        let call = "PutItem, if no other item stands there; GetItem".to_owned();
        let own = &at.seat.own;
        (own.state().await.map(|_| vec![line('~', text)]), call)
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        let table = state.told.table;
        let account = Arn::of(&table.arn).map(|arn| arn.account).unwrap_or_default();
        let caller = check_caller(session.desk.config(), &own.target, account);
        own.within(caller).await.map_err(Trouble::before_sending)?;
        let key = at.key(&table).map_err(Trouble::before_sending)?;
        let (by, began) = (execution.key(), at.clock.now());
        let write = at.write(&session, key.clone(), &by);
        own.within(write).await.map_err(Trouble::into_operate_error)?;
        let item = own.within(at.read(&session, key)).await.map_err(Trouble::into_operate_error)?;
        if item.is_none_or(|(wrote, _)| wrote != by) {
            let message = format!("{} read back something else than was written", at.seat.name);
            return Err(OperateError::Ambiguous(message.into()));
        }
        let took_ms = at.clock.now().since(began).as_millis();
        let name = &at.seat.name;
        tell(format!("wrote and read back one item in {name} in {took_ms} ms"), output)
    }
}

impl At<VerifyWrite> {
    /// The step and the side, so that each has an item of its own.
    fn id(&self) -> String {
        format!("warroom-probe-{}-{}", self.step, self.seat.side.key())
    }

    fn key(&self, table: &Table) -> Result<Key, Trouble> {
        let part = |(name, kind): &(String, Option<ScalarAttributeType>)| {
            let value = match (kind, self.with.number) {
                (Some(ScalarAttributeType::N), Some(number)) => {
                    AttributeValue::N(number.to_string())
                }
                (Some(ScalarAttributeType::N), None) => {
                    let why = format!("its key `{name}` is a number: write `number` in the step");
                    return Err(Trouble::unsent(TroubleKind::Refused, why));
                }
                (Some(ScalarAttributeType::B), _) => {
                    AttributeValue::B(self.id().into_bytes().into())
                }
                _ => AttributeValue::S(self.id()),
            };
            Ok((name.clone(), value))
        };
        table.key.iter().map(part).collect()
    }

    fn asked<'a>(&'a self, right: &'a str) -> Asked<'a> {
        let target = &self.seat.own.target;
        Asked { place: &target.place, user: &target.user, right }
    }

    /// Never over an item of somebody else.
    async fn write(&self, session: &Session<DynamoDb>, key: Key, by: &str) -> Result<(), Trouble> {
        let now_ms = self.clock.now().wall_ms;
        let expires = self.with.expires.iter().map(|attribute| {
            let at_s = now_ms.div_euclid(1000).saturating_add(KEPT_S);
            (attribute.clone(), AttributeValue::N(at_s.to_string()))
        });
        let first = key.first().map(|(name, _)| name.clone()).unwrap_or_default();
        let item = key.into_iter().chain(expires).chain([
            (BY.to_owned(), AttributeValue::S(by.to_owned())),
            (AT.to_owned(), AttributeValue::N(now_ms.to_string())),
        ]);
        let put = session.client.put_item().table_name(&self.seat.own.target.own.named.table);
        let put = put.set_item(Some(item.collect()));
        let put = put
            .condition_expression("attribute_not_exists(#key) OR attribute_exists(#by)")
            .expression_attribute_names("#key", first)
            .expression_attribute_names("#by", BY);
        let told = Box::pin(put.send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &self.asked("dynamodb:PutItem")))
    }

    /// Who wrote the item, and when; none where there is none.
    async fn read(
        &self,
        session: &Session<DynamoDb>,
        key: Key,
    ) -> Result<Option<(String, Option<i64>)>, Trouble> {
        let get = session.client.get_item().table_name(&self.seat.own.target.own.named.table);
        let get = get.set_key(Some(key.into_iter().collect())).consistent_read(true);
        let told = Box::pin(get.send()).await;
        let told = told.map_err(|error| of_sdk(&error, &self.asked("dynamodb:GetItem")))?;
        Ok(told.item.map(|item| {
            let by = item.get(BY).and_then(|by| by.as_s().ok()).cloned().unwrap_or_default();
            let at_ms = item.get(AT).and_then(|at| at.as_n().ok()?.parse().ok());
            (by, at_ms)
        }))
    }
}
