//! The worked example of ARCHITECTURE.md: a kind of server with role, lag and two actions.
//!
//! The server is made up: it speaks lines, `INFO`, `PROMOTE` and `FENCE`. All that a kind has to
//! know stands here; connecting again, deadlines, secrets, moved names, the two sides, who is meant
//! and what a lost answer proves is the kit's.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use warroom::domain::catalogue::FactSpec;
use warroom::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Identity, Lag, LagUnit, Reading, Role, Writes,
};
use warroom::domain::time::Stamp;
use warroom::port::{About, Action};
use warroom::systems::kit::endpoint::{self, Endpoint};
use warroom::systems::kit::server::{Sight, Target};
use warroom::systems::kit::task::prelude::*;
use warroom::systems::kit::task::rival;
use warroom::systems::kit::trail::Trail;
use warroom::systems::kit::trouble::known_cause;

// ---- What may be written: each setting once.

const PORT: Setting<u16> = endpoint::PORT.or("7070").example_each("9");

const VOLUME: Setting<String> =
    Setting::new("volume", Kind::Word, "The volume that is asked for").or("main");

/// The kind.
#[derive(Clone)]
pub struct Tide;

/// What a side told.
pub struct State {
    primary: bool,
    open: bool,
    position: u64,
    server: String,
    data: String,
}

// ---- How it is met and asked, and what the answers mean.

impl Server for Tide {
    const ABOUT: About = About {
        kind: "tide",
        doc: "A made-up store that speaks lines: role and lag in records",
        settings: &[
            endpoint::HOST.example_each("\"127.0.0.1\"").spec,
            PORT.spec,
            VOLUME.spec,
            endpoint::READ.spec,
            endpoint::ACT.example("\"tide-act\"").spec,
        ],
        facts: &[FactSpec { name: "position", doc: "records that this side has" }],
        permissions: &["none: whoever reaches it may ask it"],
        grants: &[],
        actions: &[&Promote as &dyn Action, &Fence],
        example_name: "tide",
        example_pace: ["1s", "1s"],
    };
    const PORT: Setting<u16> = PORT;
    const USER_DEFAULT: Option<&'static str> = Some("anyone");
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(15));

    type Own = String;
    type Session = Mutex<BufReader<TcpStream>>;
    type State = State;
    type Learned = Trail;
    type Aside = ();

    fn own(fields: &Fields<'_>, _endpoint: &Endpoint) -> Result<String, Fault> {
        VOLUME.get(fields)
    }

    fn speaks_tls(_volume: &String) -> bool {
        false
    }

    fn unlearned(_sides: [Option<&String>; 2]) -> Trail {
        Trail::default()
    }

    async fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        _limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        let Some(peer) = peer else {
            return Err(Trouble::unsent(TroubleKind::Ours, "it has no local socket"));
        };
        let stream = TcpStream::connect(peer).await;
        stream.map(|stream| Mutex::new(BufReader::new(stream))).map_err(|error| {
            let other = || Trouble::unsent(TroubleKind::Unreachable, error.to_string());
            known_cause(&target.place, &error).unwrap_or_else(other)
        })
    }

    async fn identify(session: &Self::Session, target: &Target<Self>) -> Result<Identity, Trouble> {
        Ok(Self::identity(&Self::ask(session, target, false).await?))
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        _watched: bool,
    ) -> Result<State, Trouble> {
        let told = say(session, target, "INFO").await?;
        let garbage =
            || Trouble::new(TroubleKind::Garbage, format!("{} told `{told}`", target.place));
        let words: Vec<&str> = told.split(' ').collect();
        let [role, writes, position, server, data] = words[..] else { return Err(garbage()) };
        Ok(State {
            primary: role == "primary",
            open: writes == "open",
            position: position.parse().map_err(|_| garbage())?,
            server: server.to_owned(),
            data: data.to_owned(),
        })
    }

    fn identity(state: &State) -> Identity {
        Identity { server: state.server.as_str().into(), data: state.data.as_str().into() }
    }

    fn learn(trail: &mut Trail, told: [Option<&mut State>; 2], at: Stamp) {
        for state in told.into_iter().flatten().filter(|state| state.primary) {
            trail.record(&state.data, seconds(at), state.position);
        }
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        let own = sight.own;
        let source = sight.other.filter(|other| other.primary && other.data == own.data);
        let mut reading =
            Reading::new(sight.at, Health::Up, if own.primary { "primary" } else { "standby" });
        reading.took_ms = Some(sight.took_ms);
        reading.identity = Some(Self::identity(own));
        reading.role = Some(if own.primary { Role::Primary } else { Role::Standby });
        reading.writes = Some(if own.primary && own.open { Writes::Open } else { Writes::Refused });
        #[expect(clippy::cast_precision_loss, reason = "a made-up store has few records")]
        let position = FactValue::Number(own.position as f64);
        reading.facts.push(Fact { name: "position".to_owned(), value: position });
        if !own.primary {
            // A difference between two places read in the same look, or nothing.
            let behind = source.map(|source| source.position.saturating_sub(own.position));
            let reached = sight.learned.reached(own.position);
            let late = reached.map(|reached| (seconds(sight.at) - reached).max(0.0));
            reading.lag = Some(Lag {
                seconds: if behind == Some(0) { Some(0.0) } else { behind.and(late) },
                amount: behind,
                unit: LagUnit::Records,
                basis: Basis::LogPosition,
                certainty: if behind.is_some() { Certainty::Known } else { Certainty::Unknown },
                unreceived: None,
            });
        }
        reading
    }
}

/// Says one line and reads one.
async fn say(
    session: &Mutex<BufReader<TcpStream>>,
    target: &Target<Tide>,
    words: &str,
) -> Result<String, Trouble> {
    let cut = |_| Trouble::new(TroubleKind::Cut, format!("{} cut the connection", target.place));
    let mut stream = session.lock().await;
    stream.get_mut().write_all(format!("{words}\n").as_bytes()).await.map_err(cut)?;
    let mut told = String::new();
    match stream.read_line(&mut told).await.map_err(cut)? {
        0 => Err(Trouble::new(TroubleKind::Cut, format!("{} closed", target.place))),
        _ => Ok(told.trim().to_owned()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since boot are below 2^52")]
fn seconds(at: Stamp) -> f64 {
    at.boot_ms as f64 / 1000.0
}

// ---- What can be done.

const ACT: ActionSpec = ActionSpec {
    name: "tide.promote",
    doc: "Makes the standby a primary",
    verb: "promote",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::IdempotentByKey,
    change: Change::Promote,
    reversal: "None: the old primary is copied from the new one",
    permissions: &[],
    needs_target: true,
    settings: &[],
};

/// `tide.promote`.
pub struct Promote;

/// `tide.fence`.
pub struct Fence;

impl Task for Promote {
    type On = Tide;
    type With = ();
    const SPEC: ActionSpec = ACT;
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        stands(at, |state| state.primary, "primary", "standby").await
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        foresee(at, "role standby -> PRIMARY", "PROMOTE")
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        if at.seat.alone
            && at.seat.other_state().await.is_ok_and(|other| other.primary && other.open)
        {
            return Err(rival(&at.seat.other_region));
        }
        order(at, "PROMOTE", output).await
    }
}

impl Task for Fence {
    type On = Tide;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "tide.fence",
        doc: "Keeps an old primary from taking writes",
        verb: "fence",
        class: Class::I,
        guard: Guard::TypedTarget,
        change: Change::Fence,
        reversal: "By starting it again",
        ..ACT
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        stands(at, |state| !state.primary || !state.open, "refuses writes", "takes writes").await
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        foresee(at, "writes accepted -> REFUSED", "FENCE")
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        order(at, "FENCE", output).await
    }
}

async fn stands<T: Task<On = Tide>>(
    at: &At<T>,
    is_so: fn(&State) -> bool,
    so: &str,
    not_so: &str,
) -> Result<Standing, Trouble> {
    let is_so = is_so(&at.seat.own.state().await?);
    let words = if is_so { so } else { not_so };
    Ok(Standing::of(is_so, format!("{}: {words}", at.seat.name)))
}

fn foresee<T: Task<On = Tide>>(at: &At<T>, change: &str, call: &str) -> Foreseen {
    (Ok(vec![line('~', format!("{} {change}", at.seat.name))]), call.to_owned())
}

async fn order<T: Task<On = Tide>>(at: &At<T>, words: &str, output: &mut dyn Output) -> Applied {
    let own = &at.seat.own;
    let session = own.open().await.map_err(Trouble::before_sending)?;
    output.line(&format!("{words} at {}", own.target.place));
    let told = own.within(say(&session, &own.target, words)).await;
    match told.map_err(Trouble::into_operate_error)?.as_str() {
        "OK" => Ok(format!("{words} was taken").into()),
        other => Err(OperateError::Refused(format!("it answered `{other}`").into())),
    }
}
