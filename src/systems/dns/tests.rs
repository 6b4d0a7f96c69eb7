//! Names asked of real local name servers.

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record};
use tokio::net::UdpSocket;

use super::switched::IsSwitched;
use super::*;
use crate::domain::preview::Standing;
use crate::domain::reading::{FactValue, Health, Look};
use crate::port::Action;
use crate::systems::kit::testing::{Lines, Stage, execution, probe_setup, spec, table};

/// What a name server answers.
#[derive(Debug, Clone)]
enum Reply {
    /// These records, to be kept so long.
    Records(Vec<RData>, u32),
    /// There is no such name.
    NoName,
    /// We may not ask.
    Refused,
    /// Nothing.
    Silence,
}

fn v4(text: &str) -> RData {
    RData::A(A(text.parse().expect("an address")))
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

/// The region of the letter, to be kept so long.
fn leads_to(side: char, ttl: u32) -> Reply {
    Reply::Records(vec![v4(if side == 'A' { "192.0.2.1" } else { "192.0.2.2" })], ttl)
}

/// A server that answers the n-th question with the n-th reply, and the last one from then on.
async fn server(replies: Vec<Reply>) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut datagram = [0; 1500];
        for index in 0.. {
            let Ok((length, from)) = socket.recv_from(&mut datagram).await else { return };
            let asked = Message::from_vec(&datagram[..length]).expect("we ask correctly");
            let mut answer = Message::response(asked.metadata.id, OpCode::Query);
            answer.add_queries(asked.queries.clone());
            answer.metadata.authoritative = true;
            match &replies[index.min(replies.len() - 1)] {
                Reply::Silence => continue,
                Reply::NoName => answer.metadata.response_code = ResponseCode::NXDomain,
                Reply::Refused => answer.metadata.response_code = ResponseCode::Refused,
                Reply::Records(records, ttl) => {
                    let owner = asked.queries[0].name().clone();
                    for data in records {
                        let record = Record::from_rdata(owner.clone(), *ttl, data.clone());
                        answer.add_answer(record);
                    }
                }
            }
            let bytes = answer.to_vec().expect("it can be written");
            let _ = socket.send_to(&bytes, from).await;
        }
    });
    address.to_string()
}

async fn servers(replies: Vec<Reply>) -> String {
    let mut all = Vec::new();
    for reply in replies {
        all.push(format!("\"{}\"", server(vec![reply]).await));
    }
    format!("[{}]", all.join(", "))
}

/// The settings of a name that leads to `192.0.2.1` in A and `192.0.2.2` in B.
async fn settings(zone: Vec<Reply>, resolvers: Vec<Reply>) -> String {
    let (zone, resolvers) = (servers(zone).await, servers(resolvers).await);
    format!(
        "timeout = '800ms'\nname = 'api.example.com'\nservers = {zone}\nresolvers = {resolvers}\n\
         a = {{ answer = '192.0.2.1' }}\nb = {{ answer = ['192.0.2.2', '192.0.2.3'] }}"
    )
}

async fn looks(settings: &str) -> [Look; 2] {
    let spec = spec(settings);
    let mut probe = Dns.probe(probe_setup(&spec)).expect("the settings are right");
    let looks = probe.look().await;
    [looks.a.expect("A is there"), looks.b.expect("B is there")]
}

fn shown(look: &Look) -> String {
    match look {
        Ok(reading) => match &reading.health {
            Health::Up => format!("Up: {}", reading.note),
            Health::Degraded(why) => format!("Degraded: {why}"),
            Health::Down(why) => format!("Down: {why}"),
            Health::Unknown(why) => format!("Unknown: {why}"),
        },
        Err(error) => format!("{:?}", error.kind),
    }
}

#[tokio::test]
async fn a_name_that_leads_to_the_other_region_is_healthy() {
    let zone = vec![leads_to('A', 60), leads_to('A', 60)];
    let resolvers = vec![leads_to('A', 41), leads_to('A', 7)];
    let [a, b] = looks(&settings(zone, resolvers).await).await;
    assert_eq!(shown(&a), "Up: leads to A; 2 of 2 resolvers answer A");
    assert_eq!(shown(&b), "Up: leads to 192.0.2.1; 0 of 2 resolvers answer B");
    let (a, b) = (a.expect("read"), b.expect("read"));
    let check = |name: &str, in_a: FactValue, in_b: FactValue| {
        assert_eq!((a.fact(name), b.fact(name)), (Some(&in_a), Some(&in_b)), "{name}");
    };
    check("authoritative", FactValue::Boolean(true), FactValue::Boolean(false));
    check("resolvers_switched", FactValue::Share(1.0), FactValue::Share(0.0));
    check("ttl", FactValue::Seconds(60.0), FactValue::Seconds(60.0));
    check("ttl_left", FactValue::Seconds(0.0), FactValue::Seconds(41.0));
    let text = |text: &str| FactValue::Text(text.into());
    check("answers", text("2 of 2 resolvers answer A"), text("0 of 2 resolvers answer B"));
    assert_eq!(a.took_ms, Some(12));
}

#[tokio::test]
async fn disagreement_and_silence_are_seen() {
    let check = async |zone: Vec<Reply>, resolvers: Vec<Reply>, want: &str| {
        let [_, b] = looks(&settings(zone, resolvers).await).await;
        assert_eq!(shown(&b), want);
        b.ok()
    };
    let a = || leads_to('A', 60);
    let b = || leads_to('B', 60);
    check(vec![b()], vec![], "Up: leads to B").await;
    check(
        vec![b(), a()],
        vec![],
        "Degraded: the zone's own servers disagree: 192.0.2.2 and \
        192.0.2.1",
    )
    .await;
    check(
        vec![b(), Reply::Silence],
        vec![],
        "Degraded: 1 of 2 of the zone's own servers did not \
        answer it",
    )
    .await;
    let elsewhere = Reply::Records(vec![v4("203.0.113.9")], 60);
    check(
        vec![elsewhere],
        vec![],
        "Degraded: api.example.com A is 203.0.113.9, which is neither \
        region",
    )
    .await;
    let look = check(
        vec![b()],
        vec![b(), a(), Reply::Silence],
        "Degraded: 1 of 3 resolvers agree with the zone",
    )
    .await;
    // A silent resolver may still hold the old answer.
    let left = look.expect("read").fact("ttl_left").cloned();
    assert_eq!(left, Some(FactValue::Unknown("1 of 3 resolvers did not answer".into())));
    // Two of the region's addresses in turn are no disagreement.
    let other = Reply::Records(vec![v4("192.0.2.3")], 60);
    check(vec![b()], vec![other], "Up: leads to B; 1 of 1 resolvers answer B").await;
    check(vec![Reply::NoName], vec![], "Down: the zone has no record api.example.com A").await;
    check(vec![Reply::Silence], vec![b()], "Timeout").await;
    check(vec![Reply::Refused], vec![b()], "Permission").await;
}

#[tokio::test]
async fn other_types_are_compared_in_their_usual_writing() {
    let check = async |kind: &str, data: RData, answer: &str| {
        let zone = servers(vec![Reply::Records(vec![data], 5)]).await;
        let settings = format!(
            "name = 'api.example.com.'\ntype = '{kind}'\nservers = {zone}\n\
             a = {{ answer = 'elsewhere' }}\nb = {{ answer = '{answer}' }}"
        );
        let [_, b] = looks(&settings).await;
        assert_eq!(shown(&b), "Up: leads to B", "{kind}");
    };
    let alias = RData::CNAME(CNAME(name("Edge-B.Example.com.")));
    check("CNAME", alias, "edge-b.example.COM").await;
    let text = RData::TXT(TXT::new(vec!["region=".to_owned(), "b".to_owned()]));
    check("TXT", text, "region=b").await;
}

#[tokio::test]
async fn switched_waits_for_resolvers() {
    let zone = server(vec![leads_to('B', 60)]).await;
    let slow = server(vec![leads_to('A', 30), leads_to('A', 1), leads_to('B', 60)]).await;
    let quick = server(vec![leads_to('B', 60)]).await;
    let system = format!(
        "every = '1s'\nname = 'api.example.com'\nservers = ['{zone}']\n\
         resolvers = ['{slow}', '{quick}']\n\
         a = {{ answer = '192.0.2.1' }}\nb = {{ answer = '192.0.2.2' }}"
    );
    let stage = Stage::new(IsSwitched.spec(), "", Some(&system));
    let mut operator = IsSwitched.operator(stage.setup()).expect("right");
    let why = "1 of 2 switched, max TTL left 30 s";
    assert_eq!(operator.check().await, Standing::NotDone(why.into()));
    let mut lines = Lines::default();
    let applied = operator.apply(&execution(), &mut lines).await;
    assert_eq!(applied, Ok("2 of 2 switched, max TTL left 0 ms".into()));
    assert_eq!(lines.0, ["1 of 2 switched, max TTL left 1 s"]);
}

#[tokio::test]
async fn enough_resolvers_are_enough() {
    let resolvers = || vec![leads_to('A', 30), leads_to('B', 60), Reply::Silence];
    let check = async |zone: Reply, with: &str, want: Standing| {
        let system = settings(vec![zone], resolvers()).await;
        let stage = Stage::new(IsSwitched.spec(), with, Some(&system));
        let mut operator = IsSwitched.operator(stage.setup()).expect("right");
        assert_eq!(operator.check().await, want, "{with}");
    };
    let seen = "1 of 3 switched, max TTL left 30 s, 1 silent";
    let b = || leads_to('B', 60);
    check(b(), "", Standing::NotDone(seen.into())).await;
    check(b(), "at_least = 1", Standing::Done(seen.into())).await;
    check(b(), "at_least = 0.3", Standing::Done(seen.into())).await;
    check(b(), "at_least = 0.5", Standing::NotDone(seen.into())).await;
    let old = format!("the zone does not lead to B; {seen}");
    check(leads_to('A', 60), "at_least = 1", Standing::NotDone(old.into())).await;
    let system = settings(vec![Reply::Silence], resolvers()).await;
    let stage = Stage::new(IsSwitched.spec(), "", Some(&system));
    let mut operator = IsSwitched.operator(stage.setup()).expect("right");
    assert!(matches!(operator.check().await, Standing::Unknown(_)));
}

#[test]
fn wrong_settings_are_refused() {
    let check = |settings: &str, want: &str| {
        let refusal = Dns.secrets_to_watch(&spec(settings)).map_err(|fault| fault.message);
        assert_eq!(refusal, Err(want.to_owned()), "{settings}");
    };
    let rest = "name = 'x.test'\na = { answer = '192.0.2.1' }";
    check(rest, "system `it` needs `servers`, the addresses of the zone's own name servers");
    check(
        &format!("servers = ['ns.x.test']\n{rest}"),
        "`servers` in system `it` lists addresses such as \"192.0.2.53\" or \
         \"192.0.2.53:5353\", and `ns.x.test` is none",
    );
    check(
        &format!("type = 'AAAA'\nservers = ['192.0.2.53']\n{rest}"),
        "`answer` in system `it`: `192.0.2.1` is not an IPv6 address",
    );
    check(
        "name = 'x.test'\nservers = ['192.0.2.53']\na = {}",
        "system `it` needs `answer`, what leads to the region, in `a` and `b`",
    );
    check(
        "name = ''\nservers = ['192.0.2.53']\na = { answer = '192.0.2.1' }",
        "`name` in system `it` must be a full name such as \"api.example.com\"",
    );
    let system = spec(&format!("servers = ['192.0.2.53']\n{rest}"));
    let with = |with: &str| IsSwitched.check_settings(&table(with), Some(&system)).is_ok();
    assert!(with("at_least = 2") && with("at_least = 0.5"));
    assert!(!with("at_least = 1.5") && !with("at_least = -1") && !with("at_leest = 1"));
    assert!(IsSwitched.check_settings(&table(""), None).is_err());
}
