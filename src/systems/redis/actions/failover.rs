//! Hands the part of the primary over to its replica, without loss, while both work.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::council::against_promoting;
use super::super::info::Follower;
use super::super::meet::Met;
use super::super::settings::Redis;
use super::super::state::{NO_FAILOVER, SideState};
use super::way::give;
use crate::domain::reading::Position;
use crate::systems::kit::task::prelude::*;

const WAIT: Setting<Duration> = Setting::new(
    "wait",
    Kind::Time(1000, 86_400_000),
    "How long writes may be held back before it is given up",
)
.or("10s");

const REPLICA: Setting<String> = Setting::new(
    "replica",
    Kind::Word,
    "`host:port` of the target as the primary lists it (`slaveN` in INFO), where it has several \
     replicas",
);

/// So long the old primary may take until it follows, before nobody asks what it had.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(2);

/// `redis.failover`.
pub(super) struct Failover;

/// How it is wanted.
pub struct Wanted {
    wait: Duration,
    replica: Option<(String, u16)>,
}

impl Task for Failover {
    type On = Redis;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.failover",
        doc: "Hands over to the replica with FAILOVER: the primary holds writes back, waits until \
              the replica has everything and follows it; nothing is lost, and it is given up after \
              `wait`",
        verb: "failover",
        class: Class::I,
        guard: Guard::TypedTarget,
        fencing: Fencing::FencedByTarget,
        change: Change::HandOver,
        reversal: "By redis.failover to the other region",
        permissions: &["ACL SETUSER <acting user> +failover +info +config|get, in both regions"],
        needs_target: true,
        settings: &[WAIT.spec, REPLICA.spec],
    };
    const RIGHTS: Rights = Rights::ActOnBoth;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let read = |text: String| {
            let (host, port) = text.rsplit_once(':')?;
            let plain = !host.is_empty() && !host.contains(char::is_whitespace);
            Some((host.to_owned(), port.parse().ok()?)).filter(|_| plain)
        };
        let refuse = || fields.refuse("replica", "must be `host:port`");
        let replica = REPLICA.of(fields)?.map(|text| read(text).ok_or_else(refuse)).transpose()?;
        Ok(Wanted { wait: WAIT.get(fields)?, replica })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let (own, source) = at.states().await;
        let (own, source) = (own?, source?);
        if own.failover != NO_FAILOVER || source.failover != NO_FAILOVER {
            return Ok(Standing::NotDone("the failover is under way".into()));
        }
        Ok(match (own.is_primary(), source.is_primary()) {
            (true, false) if own.replid == source.replid && source.follows() => {
                Standing::Done(format!("{name} is PRIMARY, {from} follows it").into())
            }
            (true, false) => {
                Standing::NotDone(format!("{name} is PRIMARY, {from} does not follow yet").into())
            }
            (false, true) => Standing::NotDone(format!("{name} is a standby of {from}").into()),
            (true, true) => Standing::Unknown("both sides are PRIMARY".into()),
            (false, false) => Standing::Unknown("neither side is primary".into()),
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let unnamed = format!("FAILOVER TO <{name}> TIMEOUT {}", at.with.wait.as_millis());
        let why = match at.states().await {
            (Err(trouble), _) | (_, Err(trouble)) => {
                format!("not both sides can be seen: {trouble}")
            }
            (Ok(own), Ok(source)) => match at.replica(&own, &source).await {
                Err(why) => format!("it will be REFUSED: {why}"),
                Ok(replica) => {
                    let behind = source.offset.saturating_sub(own.offset);
                    let wait = at.with.wait.as_secs();
                    let changes = vec![
                        line('~', format!("{from} role PRIMARY -> replica of {name}")),
                        line('~', format!("{name} role replica -> PRIMARY, {behind} B to come")),
                        line('~', format!("writes HELD BACK until it is over, at most {wait} s")),
                    ];
                    return (Ok(changes), at.order(&replica).join(" "));
                }
            },
        };
        (Ok(vec![line('!', why)]), unnamed)
    }

    /// The side that hands over gives the order.
    fn by(at: &At<Self>) -> &Bench<Redis> {
        at.source()
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let session = at.source().open().await.map_err(Trouble::before_sending)?;
        let (own, source) = tokio::join!(at.seat.own.state(), at.source().state_on(&session));
        let (own, source) = at.seat.apart(own, source);
        let own = own.map_err(Trouble::before_sending)?;
        let source = source.map_err(Trouble::before_sending)?;
        let refused = |why: String| OperateError::Refused(why.into());
        let order = at.order(&at.replica(&own, &source).await.map_err(refused)?);
        let stopped = at.hand_over(&session, &order, output).await?;
        at.outcome(stopped, output).await
    }
}

impl At<Failover> {
    /// The side that hands over; the seat is there only with it.
    fn source(&self) -> &Bench<Redis> {
        self.seat.other.as_ref().expect("both sides may be acted on")
    }

    async fn states(&self) -> (Told<Redis>, Told<Redis>) {
        let (own, source) = tokio::join!(self.seat.own.state(), self.source().state());
        self.seat.apart(own, source)
    }

    /// What would keep the handover from being one, else the replica as its primary calls it.
    async fn replica(&self, own: &SideState, source: &SideState) -> Result<(String, u16), String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if !source.is_primary() {
            return Err(format!("{from} is no primary: nothing can be handed over"));
        }
        if own.is_primary() {
            return Err(format!("{name} is PRIMARY too: TWO PRIMARIES"));
        }
        if own.replid != source.replid || !own.follows() {
            return Err(format!("{name} does not follow {from} now"));
        }
        if source.keys == 0 && own.keys > 0 {
            return Err(format!("{from} is EMPTY while {name} holds {} keys", own.keys));
        }
        if let Some(why) = against_promoting(own, Some(source)) {
            return Err(format!("{name}: {why}"));
        }
        let at = &self.seat.own.target.endpoint;
        let found = at.addresses(Redis::ANSWER_LIMIT).await;
        let addresses: Vec<IpAddr> = found.iter().flatten().map(SocketAddr::ip).collect();
        pick(&source.followers, self.with.replica.as_ref(), &addresses, at.port)
    }

    fn order(&self, (host, port): &(String, u16)) -> Vec<String> {
        let (port, wait) = (port.to_string(), self.with.wait.as_millis().to_string());
        ["FAILOVER", "TO", host, &port, "TIMEOUT", &wait].map(str::to_owned).into()
    }

    /// Orders it, and looks until no failover is under way; with where the old primary had come to
    /// when it was seen to hold writes back.
    async fn hand_over(
        &self,
        session: &Met,
        order: &[String],
        output: &mut dyn Output,
    ) -> Result<Option<Position>, OperateError> {
        let (source, began) = (self.source(), self.clock.now());
        let limit = self.with.wait + Redis::ANSWER_LIMIT;
        let words: Vec<&str> = order.iter().map(String::as_str).collect();
        // Asked in one breath with the order: whatever it wrote, it wrote before this answer.
        let ordered = give(source, session, &words, output);
        let (ordered, mut state) = tokio::join!(ordered, source.state_on(session));
        ordered?;
        let (mut said, mut stopped) = (String::new(), None);
        loop {
            let over = self.clock.now().since(began) > limit;
            match state {
                Ok(state) if state.failover == NO_FAILOVER => return Ok(stopped),
                Ok(state) => {
                    stopped = state.end();
                    if state.failover != said {
                        output.line(&state.failover);
                        said = state.failover;
                    }
                }
                Err(trouble) if over => return Err(trouble.into_operate_error()),
                Err(_) => {}
            }
            if over {
                return Err(self.give_up(session, output).await);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            state = source.state_on(session).await;
        }
    }

    /// The server's own timeout did not end it: it is ended here.
    async fn give_up(&self, session: &Met, output: &mut dyn Output) -> OperateError {
        let words = "the failover did not end in time and was aborted: look at both roles";
        let ended = give(self.source(), session, &["FAILOVER", "ABORT"], output).await;
        let words = ended.map_or_else(|error| error.to_string(), |()| words.to_owned());
        OperateError::Ambiguous(words.into())
    }

    /// How the roles stand once no failover is under way any more, and what the old primary had
    /// written when it stopped that the new one did not go on from.
    async fn outcome(&self, stopped: Option<Position>, output: &mut dyn Output) -> Applied {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let mut source = self.source().state().await.map_err(Trouble::into_operate_error)?;
        if source.is_primary() {
            let wait = self.with.wait.as_secs();
            let why = format!(
                "{name} had not received everything within {wait} s: {from} gave the failover up \
                 and is PRIMARY as before"
            );
            return Err(OperateError::Refused(why.into()));
        }
        let own = self.seat.own.state().await.map_err(Trouble::into_operate_error)?;
        if !own.is_primary() {
            return Err(OperateError::Ambiguous("neither side is primary".into()));
        }
        let (parted, began) = (own.parted(), self.clock.now());
        let is_of = |one: &Position| parted.as_ref().is_some_and(|parted| parted.of == one.of);
        let mut stopped = stopped.filter(is_of);
        // A quick handover is over before anybody saw it hold writes back. As a replica it tells
        // where it went on from what it had; with more than that it throws all away, and does not.
        while stopped.is_none() && self.clock.now().since(began) < FOLLOWS_WITHIN {
            stopped = source.parted().filter(is_of);
            if stopped.is_none() {
                tokio::time::sleep(LOOK_EVERY).await;
                source = self.source().state().await.map_err(Trouble::into_operate_error)?;
            }
        }
        let lost = stopped.zip(parted.as_ref()).map_or_else(
            || "what is lost could not be told".to_owned(),
            |(stopped, parted)| format!("{} B lost", stopped.at.saturating_sub(parted.at)),
        );
        tell(format!("{name} is PRIMARY, {from} is its replica, {lost}"), output)
    }
}

/// The replica that is meant, as the primary lists it: the one that the plan names, else the one at
/// our address and port, else the only one.
fn pick(
    followers: &[Follower],
    wanted: Option<&(String, u16)>,
    addresses: &[IpAddr],
    port: u16,
) -> Result<(String, u16), String> {
    let online = followers.iter().filter(|follower| follower.state == "online");
    let online: Vec<_> = online.map(|follower| (follower.host.clone(), follower.port)).collect();
    if let Some(wanted) = wanted {
        let (host, port) = wanted;
        let none = || format!("the primary lists no online replica {host}:{port}");
        return online.into_iter().find(|found| found == wanted).ok_or_else(none);
    }
    let is_ours = |(host, at): &&(String, u16)| {
        *at == port && host.parse::<IpAddr>().is_ok_and(|address| addresses.contains(&address))
    };
    match (online.iter().find(is_ours), online.as_slice()) {
        (Some(one), _) | (None, [one]) => Ok(one.clone()),
        (None, []) => Err("the primary lists no online replica".to_owned()),
        (None, several) => {
            let list: Vec<_> =
                several.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            Err(format!("which of {} is meant? name it with `replica`", list.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replica_is_found_as_its_primary_calls_it() {
        let follower = |host: &str, port: u16, state: &str| Follower {
            host: host.to_owned(),
            port,
            state: state.to_owned(),
            silent_s: Some(0),
        };
        let ours: [IpAddr; 1] = ["10.0.0.2".parse().unwrap()];
        let check = |list: &[Follower], wanted: Option<(&str, u16)>, want: Result<&str, &str>| {
            let wanted = wanted.map(|(host, port)| (host.to_owned(), port));
            match (pick(list, wanted.as_ref(), &ours, 6379), want) {
                (Ok((host, port)), Ok(want)) => assert_eq!(format!("{host}:{port}"), want),
                (Err(found), Err(want)) => assert!(found.contains(want), "{found}"),
                (found, want) => panic!("{found:?}, not {want:?}"),
            }
        };
        let us = follower("10.0.0.2", 6379, "online");
        let inside = follower("192.168.0.7", 6379, "online");
        let local = follower("10.0.0.9", 6379, "online");
        let copying = follower("10.0.0.2", 6379, "wait_bgsave");
        check(&[local.clone(), us], None, Ok("10.0.0.2:6379"));
        // Behind a translated address there is no telling by the address.
        check(std::slice::from_ref(&inside), None, Ok("192.168.0.7:6379"));
        let two = [local, inside];
        check(&two, None, Err("which of 10.0.0.9:6379, 192.168.0.7:6379 is meant"));
        check(&two, Some(("192.168.0.7", 6379)), Ok("192.168.0.7:6379"));
        check(&two, Some(("192.168.0.8", 6379)), Err("no online replica 192.168.0.8:6379"));
        check(&[copying], None, Err("no online replica"));
        check(&[], None, Err("no online replica"));
    }
}
