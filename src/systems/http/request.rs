//! The step `http.request`: sends one request, once, and says what the answer proves.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;

use super::call::{Answer, Call, Ready};
use super::look::{Endpoint, ReadyEndpoint, WORDS, headline, refuses_us};
use super::settings;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Health;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::kit::each::Looked;
use crate::systems::kit::placeholders::Placeholders;
use crate::systems::kit::rule::Rule;
use crate::systems::kit::trouble::Trouble;
use crate::systems::kit::wait::MARGIN;

/// The longest one look of a step's `check` may take.
const CHECK_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// What a check says of a request that has none: whoever finds an attempt open must ask a person.
const NO_CHECK: &str = "the step has no `check`, so nothing tells whether the request took effect";

/// Statuses that mean success where the plan names none.
const SUCCESS: [i64; 6] = [200, 201, 202, 203, 204, 206];

/// The action `http.request`.
pub struct Request;

static SPEC: ActionSpec = ActionSpec {
    name: "http.request",
    doc: "Sends one HTTP request, never twice in one attempt",
    verb: "request",
    class: Class::N,
    guard: Guard::TypedTarget,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "By another request, if the peer has one for it; the plan says which",
    permissions: &["whatever the peer asks for this request"],
    needs_target: false,
    settings: settings::OF_STEP,
};

/// The settings of the step.
struct Plan {
    call: Call,
    success: Rule,
    check: Option<Endpoint>,
}

impl Plan {
    fn read(with: &Table, filler: &Placeholders) -> Result<Self, Fault> {
        let what = "`with` of http.request";
        let fields = Fields::new(with, what);
        let call = Call::read(&fields, &settings::METHOD_OF_STEP, Some(filler), true)?;
        let success =
            Rule::read(fields.table("success")?, WORDS, &SUCCESS, &format!("`success` of {what}"))?;
        let check = fields
            .table("check")?
            .map(|table| {
                let what = format!("`check` of {what}");
                let fields = Fields::new(table, what.as_str());
                let endpoint = Endpoint::of_fields(&fields, &what, Some(filler))?;
                fields.finish()?;
                Ok(endpoint)
            })
            .transpose()?;
        fields.finish()?;
        Ok(Self { call, success, check })
    }
}

impl Action for Request {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, _system: Option<&SystemSpec>) -> Result<(), Fault> {
        Plan::read(with, &Placeholders::sample()).map(drop)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let filler = Placeholders::of_plan(&setup);
        let plan = Plan::read(setup.with, &filler)?;
        let timeout = setup.step.timeout;
        Ok(Box::new(RequestOperator {
            // A redirected request may become another one, so it is never followed.
            ready: plan.call.ready(setup.secrets, false)?,
            success: plan.success,
            check: plan.check.map(|check| check.ready(setup.secrets)).transpose()?,
            filler,
            timeout: timeout.saturating_sub(MARGIN).max(timeout / 2),
            clock: setup.clock,
        }))
    }
}

struct RequestOperator {
    ready: Ready,
    success: Rule,
    check: Option<ReadyEndpoint>,
    filler: Placeholders,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl RequestOperator {
    fn outcome(&self, asked: Result<Answer, Trouble>) -> Result<Clean, OperateError> {
        let answer = match asked {
            Ok(answer) => answer,
            Err(trouble) => return Err(trouble.into_operate_error()),
        };
        let head = headline(&answer);
        let code = i64::from(answer.status.as_u16());
        let Err(why) = self.success.judge(code, &answer.body) else { return Ok(head.into()) };
        let sentence = Clean::new(&format!("{head}, {why}"));
        let early = [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT];
        Err(if refuses_us(answer.status) {
            OperateError::Permission(sentence)
        } else if answer.status.is_client_error() && !early.contains(&answer.status) {
            OperateError::Refused(sentence)
        } else {
            // 408 and 409 may follow a first copy that got through; 5xx and the rest say nothing.
            OperateError::Ambiguous(sentence)
        })
    }
}

impl Operator for RequestOperator {
    fn senses(&self) -> bool {
        self.check.is_some()
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(async {
            let Some(endpoint) = &self.check else { return Standing::Unknown(NO_CHECK.into()) };
            let deadline = self.timeout.min(CHECK_TIMEOUT_MAX);
            match endpoint.look(self.clock.as_ref(), deadline).await {
                Ok(reading) => match reading.health {
                    Health::Up => Standing::Done(reading.note),
                    Health::Down(why) => Standing::NotDone(why),
                    Health::Degraded(why) | Health::Unknown(why) => Standing::Unknown(why),
                },
                Err(error) => Standing::Unknown(error.message),
            }
        })
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let mut changes = vec![PreviewLine { mark: '+', text: "one request is sent".into() }];
        if self.check.is_none() {
            let text = "nothing looks afterwards whether it took effect".into();
            changes.push(PreviewLine { mark: '!', text });
        }
        let mut names: Vec<&str> = self.ready.call().secrets().collect();
        names.dedup();
        let acts_as = match names.as_slice() {
            [] => format!("nobody in particular, at {}", self.ready.peer()),
            names => format!("secret {}, at {}", names.join(", "), self.ready.peer()),
        };
        let call = self.ready.call().shown().into();
        Box::pin(std::future::ready(Preview { changes, call, acts_as: acts_as.into() }))
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async move {
            let filler = self.filler.with_attempt(execution);
            let asked = self.ready.ask(&filler, self.clock.as_ref(), self.timeout).await;
            if let Ok(answer) = &asked {
                output.line(&headline(answer));
                answer.body.lines().for_each(|line| output.line(line));
            }
            self.outcome(asked)
        })
    }
}
