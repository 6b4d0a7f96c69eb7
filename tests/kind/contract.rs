//! One contract for every kind of system, whatever its peer does; to be registered is to be held.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use warroom::app::kinds::KINDS;
use warroom::domain::catalogue::Class;
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, Health, Identity, Look};
use warroom::domain::runbook::{Direction, Place, Step, Target};
use warroom::domain::settings::{Key, Node, Span, Table, Value, parse_duration};
use warroom::domain::site::Site;
use warroom::domain::site::SystemSpec;
use warroom::domain::snapshot::COMMON_FACTS;
use warroom::domain::text::Clean;
use warroom::files::kinds::Kinds;
use warroom::port::{Action, BeatSetup, Clock, Expected, OperatorSetup, ProbeSetup, System};
use warroom::runtime::clock::SystemClock;

use crate::peers::Peer;
use crate::stand::{self, AllSecrets, HandClock, Lines};
use crate::worked;

/// All kinds, the worked example of ARCHITECTURE.md among them: what is written there is held too.
fn kinds() -> Kinds {
    static ALL: OnceLock<Vec<&'static dyn System>> = OnceLock::new();
    let with_example = || KINDS.systems.iter().copied().chain([&worked::Tide as _]).collect();
    Kinds { systems: ALL.get_or_init(with_example), ..KINDS }
}

/// What a look may take beyond its system's own timeout.
const BOOKKEEPING: Duration = Duration::from_millis(500);

fn node(from: toml::Value) -> Node {
    let value = match from {
        toml::Value::String(text) => Value::Text(text),
        toml::Value::Integer(number) => Value::Integer(number),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(yes) => Value::Boolean(yes),
        toml::Value::Datetime(time) => Value::Text(time.to_string()),
        toml::Value::Array(items) => Value::List(items.into_iter().map(node).collect()),
        toml::Value::Table(entries) => Value::Table(table(entries)),
    };
    Node { span: Span::default(), value }
}

fn table(entries: toml::Table) -> Table {
    let key = |name| Key { name, span: Span::default() };
    let entries = entries.into_iter().map(|(name, value)| (key(name), node(value))).collect();
    Table { span: Span::default(), entries, ..Table::default() }
}

/// The one system of an example.
fn spec(example: &str) -> SystemSpec {
    let file: toml::Table = example.parse().expect("the example is TOML");
    assert_eq!(file.len(), 1, "an example holds `systems` and nothing else");
    let systems = file["systems"].as_table().expect("`[systems.NAME]`").clone();
    let (id, value) = systems.into_iter().next().expect("one system");
    let mut all = value.as_table().expect("a table").clone();
    let text = |value: Option<toml::Value>| value.and_then(|v| v.as_str().map(str::to_owned));
    let kind = text(all.remove("kind")).expect("a kind");
    let every = text(all.remove("every")).and_then(|text| parse_duration(&text));
    let timeout = text(all.remove("timeout")).and_then(|text| parse_duration(&text));
    all.remove("objective");
    let mut side = |name: &str| match all.remove(name) {
        Some(toml::Value::Table(entries)) => Some(table(entries)),
        _ => None,
    };
    let sides = [side("a"), side("b")];
    SystemSpec {
        every: every.expect("`every`"),
        timeout: timeout.expect("`timeout`"),
        settings: table(all),
        sides,
        secrets: Vec::new(),
        ..stand::system(&id, &kind)
    }
}

fn setup(spec: &SystemSpec) -> ProbeSetup<'_> {
    let clock: Arc<dyn Clock> = Arc::new(HandClock::at(1000));
    ProbeSetup::alone(spec, &AllSecrets, &clock)
}

#[test]
fn names_are_unique_and_everything_is_documented() {
    let sentence = |text: &str| text.len() > 10 && !text.ends_with('.');
    let unique: BTreeSet<&str> = kinds().systems.iter().map(|system| system.kind()).collect();
    assert_eq!(unique.len(), kinds().systems.len(), "two kinds have the same name");
    for one in kinds().systems {
        let kind = one.kind();
        assert!(kinds().system(kind).is_ok_and(|found| found.kind() == kind));
        assert!(sentence(one.doc()), "{kind}: {}", one.doc());
        for setting in one.settings() {
            assert!(sentence(setting.doc), "{kind}.{}: {}", setting.name, setting.doc);
        }
        for fact in one.facts() {
            assert!(sentence(fact.doc), "{kind}.{}: {}", fact.name, fact.doc);
        }
        for action in one.actions() {
            let spec = action.spec();
            let owner = spec.name.split_once('.').map(|(owner, _)| owner);
            assert_eq!(owner, Some(kind), "{} belongs to another kind", spec.name);
        }
    }
    assert!(kinds().system("no-such-kind").is_err());
    let unique: BTreeSet<&str> = kinds().actions().map(|(_, action)| action.spec().name).collect();
    assert_eq!(unique.len(), kinds().actions().count(), "two actions have the same name");
    for (_, one) in kinds().actions() {
        let spec = one.spec();
        assert!(kinds().action(spec.name).is_ok_and(|(_, found)| found.spec().name == spec.name));
        assert!(spec.name.contains('.') && !spec.verb.is_empty(), "{}", spec.name);
        let taken_back = kinds().action(spec.reversal).is_ok() || sentence(spec.reversal);
        assert!(sentence(spec.doc) && taken_back, "{}: {}", spec.name, spec.reversal);
        for setting in spec.settings {
            assert!(sentence(setting.doc), "{}.{}", spec.name, setting.name);
        }
        let mut with = Table::default();
        let key = Key { name: "no-such-setting".to_owned(), span: Span::default() };
        with.entries.push((key, node(toml::Value::Boolean(true))));
        assert!(one.check_settings(&with, None).is_err(), "{} takes anything", spec.name);
    }
}

/// Facts of the simulator that no real kind tells yet, and the kinds of later parts that will.
const TOLD_LATER: [(&str, &str); 8] = [
    ("serving", "alb: users are sent to the targets of this region"),
    ("backlog", "kafka: received and not yet applied"),
    ("schema", "postgres: tables and indexes are as on the source"),
    ("share", "route53, cloudflare: share of users that are sent here"),
    ("resolvers", "route53, cloudflare: resolvers that lead here"),
    ("ready", "kubernetes, ecs: ready units"),
    ("desired", "kubernetes, ecs: units asked for"),
    ("purged", "cloudfront: emptied since users were sent here"),
];

/// The facts that real kinds tell.
fn told_by_real_kinds() -> BTreeSet<&'static str> {
    let real = KINDS.systems.iter().filter(|system| system.kind() != warroom::sim::KIND);
    real.flat_map(|system| system.facts()).map(|fact| fact.name).collect()
}

/// What the simulator alone tells, a rule may rest on it, and nobody sees that it never holds.
#[test]
fn the_simulator_tells_nothing_that_no_real_kind_tells() {
    let real = told_by_real_kinds();
    for fact in warroom::sim::FACTS {
        let later = TOLD_LATER.iter().any(|(name, _)| *name == fact.name);
        assert!(real.contains(fact.name) || later, "only the simulator tells `{}`", fact.name);
    }
    let settled = |(name, _): &&(&str, &str)| real.contains(name);
    assert_eq!(TOLD_LATER.iter().find(settled), None, "told by now: no longer one of a later part");
}

/// Every `.rs` file below a folder, without its tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|found| found == "rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            found.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
        }
    }
}

#[test]
fn every_fact_that_a_rule_reads_is_told_by_a_real_kind() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"), &mut all);
    let value_of = |name: &str| {
        let declared = format!("const {name}: &str = \"");
        let rest = all.iter().find_map(|text| text.split_once(declared.as_str()))?.1;
        rest.split('"').next().map(str::to_owned)
    };
    let mut read = BTreeSet::new();
    for text in &all {
        for call in text.split(".fact(").skip(1) {
            let argument = call.split([')', ',']).next().unwrap_or_default().trim();
            let is_constant = argument.starts_with(|first: char| first.is_ascii_uppercase());
            match argument.strip_prefix('"') {
                Some(name) => read.extend(name.split('"').next().map(str::to_owned)),
                None if is_constant => read.extend(value_of(argument)),
                // A name out of a plan, which is checked against the kinds when it is read.
                None => {}
            }
        }
    }
    assert!(read.contains("link_up") && read.contains("last_replayed_unix_ms"), "{read:?}");
    let real = told_by_real_kinds();
    for fact in read {
        let common = COMMON_FACTS.iter().any(|(name, _)| *name == fact);
        assert!(
            common || real.contains(fact.as_str()),
            "a rule reads `{fact}`, and nobody tells it"
        );
    }
}

#[test]
fn examples_are_right_and_typing_errors_are_found() {
    for one in kinds().systems {
        let (kind, spec) = (one.kind(), spec(&one.example()));
        assert_eq!(spec.kind, kind);
        if let Err(fault) = one.secrets_to_watch(&spec) {
            panic!("the example of {kind} is refused: {fault}");
        }
        let sides = spec.sides.iter().flatten();
        let written = sides.chain([&spec.settings]).flat_map(|table| &table.entries);
        let known: BTreeSet<&str> = one.settings().iter().map(|setting| setting.name).collect();
        for (key, _) in written {
            assert!(known.contains(key.name.as_str()), "{kind}.{} is not documented", key.name);
        }
        for setting in one.settings() {
            let key = Key { name: format!("{}x", setting.name), span: Span::default() };
            let entry = (key, node(toml::Value::Boolean(true)));
            let mut in_all = spec.clone();
            in_all.settings.entries.push(entry.clone());
            let mut in_side = spec.clone();
            in_side.sides.iter_mut().flatten().for_each(|side| side.entries.push(entry.clone()));
            let refusals = [in_all, in_side].map(|wrong| {
                assert!(one.probe(setup(&wrong)).is_err(), "{kind} builds from a wrong setting");
                let refusal = one.secrets_to_watch(&wrong).map_err(|fault| fault.message);
                refusal.expect_err("an unknown key is refused")
            });
            // Some settings belong to the system, some to its sides, some to both.
            let nearest = format!("did you mean `{}`?", setting.name);
            let told = refusals.iter().any(|refusal| refusal.ends_with(&nearest));
            assert!(told, "{kind}: {refusals:?}");
        }
        let nowhere = SystemSpec { sides: [None, None], ..spec };
        assert!(one.secrets_to_watch(&nowhere).is_err(), "{kind} is nowhere");
    }
}

/// Peers that cost little are met at the same time, those that flood one after the other, so that
/// a timeout that is missed is the probe's own fault.
const ROUNDS: [&[Peer]; 4] = [
    &[Peer::Gone, Peer::Silent, Peer::Cuts, Peer::Garbage, Peer::Drips, Peer::Escapes],
    &[Peer::Floods],
    &[Peer::FloodsHttp],
    &[Peer::HeadersWithoutEnd],
];

fn texts<'j>(value: &'j Json, found: &mut Vec<&'j str>) {
    match value {
        Json::String(text) => found.push(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Json::Object(entries) => entries.values().for_each(|item| texts(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Nothing that comes out can act on a terminal, hold a secret, or be empty where a reason is due.
fn harmless(look: &Look, case: &str) {
    let value = match look {
        Ok(reading) => serde_json::to_value(reading),
        Err(error) => serde_json::to_value(error),
    };
    let value = value.expect("readings are JSON");
    let mut found = Vec::new();
    texts(&value, &mut found);
    for text in found {
        let acts = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(acts), "{case}: {text:?}");
        assert!(!text.contains("hunter2-"), "{case} tells a secret: {text}");
    }
    if let Err(error) = look {
        assert!(!error.message.is_empty(), "{case} gives no reason");
    }
}

fn never_well(look: &Look, case: &str) {
    let Ok(reading) = look else { return };
    assert!(!matches!(reading.health, Health::Up), "{case} is up: {reading:?}");
    assert!(reading.role.is_none() || reading.writes.is_some(), "{case} tells no writes");
    let known = reading.lag.as_ref().is_some_and(|lag| lag.certainty == Certainty::Known);
    assert!(!known, "{case} knows its lag: {reading:?}");
}

/// An example with the peer that `System::example` asks for replaced.
fn pointed_at(example: &str, port: u16) -> String {
    let mut text = example.to_owned();
    for peer in ["127.0.0.1:9", "port = 9"] {
        for after in ["\"", "/", " ", ",", "\n", "?"] {
            let to = peer.trim_end_matches('9');
            text = text.replace(&format!("{peer}{after}"), &format!("{to}{port}{after}"));
        }
    }
    text
}

async fn look_at(one: &dyn System, peer: Peer) {
    let case = format!("{} at a peer that is {peer:?}", one.kind());
    let example = pointed_at(&one.example(), peer.start().await.port());
    let has_peer = example != one.example();
    let mut spec = spec(&example);
    let mut probe = one.probe(setup(&spec)).unwrap_or_else(|fault| panic!("{case}: {fault}"));
    // Twice: the second look must not suffer from what the first one met.
    for _ in 0..2 {
        let looks = tokio::time::timeout(spec.timeout + BOOKKEEPING, probe.look()).await;
        let looks = looks.unwrap_or_else(|_| panic!("{case} exceeds its timeout"));
        for side in Side::BOTH {
            let look = looks.side(side).unwrap_or_else(|| panic!("{case} forgets {side}"));
            harmless(look, &case);
            let told = look.iter().flat_map(|reading| &reading.facts);
            for fact in told {
                let listed = one.facts().iter().any(|known| known.name == fact.name);
                assert!(listed, "{case}: the fact `{}` is not documented", fact.name);
            }
            if has_peer {
                never_well(look, &case);
            }
        }
    }
    spec.sides[1] = None;
    let mut probe = one.probe(setup(&spec)).unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let looks = probe.look().await;
    assert!(looks.a.is_some() && looks.b.is_none(), "{case}: B is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_peer_can_hold_up_or_fool_a_probe() {
    for round in ROUNDS {
        let mut looks = tokio::task::JoinSet::new();
        for (one, peer) in
            kinds().systems.iter().flat_map(|one| round.iter().map(move |peer| (one, peer)))
        {
            looks.spawn(look_at(*one, *peer));
        }
        while let Some(looked) = looks.join_next().await {
            if let Err(error) = looked {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}

/// A side of an example as one whose heartbeat is written, at this port.
fn beaten(side: &mut Table, port: u16) {
    let mut set = |name: &str, value: Value, adds: bool| {
        let found = side.entries.iter_mut().find(|(key, _)| key.name == name);
        let span = Span::default();
        match found {
            Some((_, node)) => node.value = value,
            None if adds => {
                side.entries.push((Key { name: name.to_owned(), span }, Node { span, value }));
            }
            None => {}
        }
    };
    set("host", Value::Text(format!("127.0.0.1:{port}")), false);
    set("beat", Value::Text("beat".to_owned()), true);
    side.entries.retain(|(key, _)| key.name != "port");
}

async fn beat_at(one: &dyn System, peer: Peer) {
    let case = format!("the heartbeat of {} at a peer that is {peer:?}", one.kind());
    let port = peer.start().await.port();
    let mut spec = spec(&pointed_at(&one.example(), port));
    spec.sides.iter_mut().flatten().for_each(|side| beaten(side, port));
    let clock = Arc::new(HandClock::ticking(1));
    let setup = BeatSetup { spec: &spec, side: Side::B, secrets: &AllSecrets, clock };
    let mut beater = one.beater(setup).unwrap_or_else(|fault| panic!("{case}: {fault}"));
    plain(&beater.what(), &case);
    assert!(beater.every() >= Duration::from_millis(100), "{case}");
    for _ in 0..2 {
        let beaten = tokio::time::timeout(beater.limit() + BOOKKEEPING, beater.beat()).await;
        let beaten = beaten.unwrap_or_else(|_| panic!("{case} exceeds its limit"));
        plain(&beaten.expect_err(&case).message, &case);
    }
}

/// True for a kind whose heartbeat `warroom beat` writes.
fn has_heartbeat(one: &dyn System) -> bool {
    one.settings().iter().any(|setting| setting.name == "beat")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_peer_can_hold_up_or_fool_a_heartbeat() {
    let beaten = || kinds().systems.iter().filter(|one| has_heartbeat(**one));
    assert!(beaten().count() >= 2);
    for round in ROUNDS {
        let mut beats = tokio::task::JoinSet::new();
        for (one, peer) in beaten().flat_map(|one| round.iter().map(move |peer| (one, peer))) {
            beats.spawn(beat_at(*one, *peer));
        }
        while let Some(beat) = beats.join_next().await {
            if let Err(error) = beat {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}

/// What a step may take: its own deadline, the grace of what it started, and bookkeeping.
const STEP: Duration = Duration::from_secs(2);
const STEP_AND_GRACE: Duration = Duration::from_secs(8);

fn site(spec: &SystemSpec) -> Site {
    Site {
        name: "contract".to_owned(),
        title: "Contract".into(),
        ..stand::site(vec![spec.clone()])
    }
}

fn step(one: &dyn Action, with: Table, spec: &SystemSpec) -> Step {
    let action = one.spec();
    Step {
        title: "Do it".into(),
        with,
        target: Some(Target { system: spec.id.clone(), place: Place::To }),
        expect: STEP,
        timeout: STEP,
        ..stand::step("it", action)
    }
}

fn plain(text: &Clean, case: &str) {
    assert!(!text.as_str().contains("hunter2-"), "{case} tells a secret: {text}");
    assert!(!text.as_str().contains(char::is_control), "{case}: {text:?}");
}

/// The servers that a screen showed before these peers had their names.
fn shown() -> Expected {
    let one = |server: &str| Identity { server: server.into(), data: "history 1".into() };
    Expected { target: Some(one("server 1")), other: Some(one("server 2")), ..Expected::default() }
}

/// Looks, rehearses, acts and looks again: always in time, never done by a peer that says nothing,
/// and such a peer is no server that anybody was shown.
async fn act_on(owner: &dyn System, one: &'static dyn Action, peer: Peer, expected: Expected) {
    let name = one.spec().name;
    let case = format!("{name} at a peer that is {peer:?}, meant for {:?}", expected.target);
    let port = peer.start().await.port();
    let example = pointed_at(&owner.example(), port);
    let has_peer = example != owner.example();
    let spec = spec(&example);
    let written = pointed_at(&one.example(), port);
    let with = table(written.parse().unwrap_or_else(|error| panic!("{case}: {error}")));
    let target = (one.spec().class != Class::H).then_some(&spec);
    one.check_settings(&with, target).unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let (site, step) = (site(&spec), step(one, with, &spec));
    let setup = OperatorSetup {
        site: &site,
        step: &step,
        with: &step.with,
        target: Some((&spec, Side::B)),
        expected,
        direction: Direction { from: Side::A, to: Side::B },
        secrets: &AllSecrets,
        clock: Arc::new(SystemClock::new()),
    };
    let mut operator = one.operator(setup).unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let execution = stand::execution(&step.id);
    let late = |what: &str| format!("{case}: {what} exceeds its time");
    let mut printed = Lines::default();
    let met = tokio::time::timeout(STEP_AND_GRACE, operator.identity()).await;
    match met.unwrap_or_else(|_| panic!("{}", late("identity"))) {
        Ok(met) => assert!(met.is_none(), "{case} takes it for {met:?}"),
        Err(why) => {
            plain(&why, &case);
            assert!(!why.is_empty(), "{case}: nobody, without a word");
        }
    }
    for round in ["before", "after"] {
        let seen = tokio::time::timeout(STEP_AND_GRACE, operator.check()).await;
        let (Standing::Done(text) | Standing::NotDone(text) | Standing::Unknown(text)) =
            seen.as_ref().unwrap_or_else(|_| panic!("{}", late("check")));
        plain(text, &case);
        assert!(!text.is_empty(), "{case}: a standing without a word");
        let done = matches!(seen, Ok(Standing::Done(_)));
        assert!(!(has_peer && done), "{case} is done {round}: {text}");
        assert!(operator.senses() || matches!(seen, Ok(Standing::Unknown(_))), "{case}: {text}");
        if round == "after" {
            break;
        }
        let preview = tokio::time::timeout(STEP_AND_GRACE, operator.preview()).await;
        let preview = preview.unwrap_or_else(|_| panic!("{}", late("preview")));
        assert!(!preview.call.is_empty(), "{case} does not say what it would call");
        plain(&preview.call, &case);
        // The screen says `as` before it.
        assert!(!preview.acts_as.as_str().starts_with("as "), "{case}: {}", preview.acts_as);
        let ended = operator.apply(&execution, &mut printed);
        let ended = tokio::time::timeout(STEP + STEP_AND_GRACE, ended).await;
        let ended = ended.unwrap_or_else(|_| panic!("{}", late("apply")));
        let text = ended.map_or_else(|error| error.to_string(), |evidence| evidence.to_string());
        assert!(!text.is_empty() && !text.contains("hunter2-"), "{case}: {text:?}");
    }
    assert!(!printed.0.join(" ").contains("hunter2-"), "{case} prints a secret");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_peer_can_hold_up_or_fool_a_step() {
    let http = kinds().system("http").expect("the kind that any action can be aimed at");
    for peer in [Peer::Gone, Peer::Silent, Peer::Cuts, Peer::Garbage, Peer::Escapes] {
        let mut steps = tokio::task::JoinSet::new();
        for (owner, one) in kinds().actions() {
            let owner = owner.unwrap_or(http);
            steps.spawn(act_on(owner, one, peer, Expected::default()));
            if matches!(peer, Peer::Silent | Peer::Garbage) {
                steps.spawn(act_on(owner, one, peer, shown()));
            }
        }
        while let Some(ended) = steps.join_next().await {
            if let Err(error) = ended {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}

/// Whoever reads plans refuses such a step too; an operator must not rely on that.
#[test]
fn a_step_that_needs_a_target_is_refused_without() {
    let http = kinds().system("http").expect("the kind that any action can be aimed at");
    let mut asked = 0;
    for (owner, one) in kinds().actions().filter(|(_, one)| one.spec().needs_target) {
        let name = one.spec().name;
        let spec = spec(&owner.unwrap_or(http).example());
        let with = table(one.example().parse().expect("the example is TOML"));
        let (site, mut step) = (site(&spec), step(one, with, &spec));
        step.target = None;
        let setup = OperatorSetup {
            site: &site,
            step: &step,
            with: &step.with,
            target: None,
            expected: Expected::default(),
            direction: Direction { from: Side::A, to: Side::B },
            secrets: &AllSecrets,
            clock: Arc::new(SystemClock::new()),
        };
        let Err(fault) = one.operator(setup) else { panic!("{name} acts on no target") };
        assert!(fault.message.contains("target"), "{name}: {fault}");
        asked += 1;
    }
    assert!(asked > 0, "no step needs a target");
}

/// The worked example's own server: lines in, lines out, of one role.
async fn tide(role: &str, position: u64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let told = Arc::new(std::sync::Mutex::new(format!("{role} open {position}")));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let told = Arc::clone(&told);
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = tokio::io::BufReader::new(read).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let mut now = told.lock().expect("no test panics here").clone();
                    match line.as_str() {
                        "PROMOTE" => now = format!("primary open {position}"),
                        "FENCE" => now = format!("primary closed {position}"),
                        _ => {}
                    }
                    told.lock().expect("no test panics here").clone_from(&now);
                    let answer =
                        if line == "INFO" { format!("{now} s{port} d") } else { "OK".into() };
                    let _ = write.write_all(format!("{answer}\n").as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn the_worked_example_tells_role_and_lag_and_acts() {
    let (a, b) = (tide("primary", 120).await, tide("standby", 100).await);
    let spec = spec(&format!(
        "[systems.tide]\nkind = \"tide\"\nevery = \"1s\"\ntimeout = \"1s\"\n\
         act = \"tide-act\"\na = {{ host = \"127.0.0.1\", port = {a} }}\n\
         b = {{ host = \"127.0.0.1\", port = {b} }}\n"
    ));
    let mut probe = worked::Tide.probe(setup(&spec)).expect("its settings are right");
    let looks = probe.look().await;
    let lag = looks.b.expect("side B").expect("it answers").lag.expect("a standby's lag");
    assert_eq!((lag.amount, lag.certainty), (Some(20), Certainty::Known));

    let site = site(&spec);
    let act = |one: &'static dyn Action, side: Side, alone: bool| {
        let step = step(one, Table::default(), &spec);
        let setup = OperatorSetup {
            site: &site,
            step: &step,
            with: &step.with,
            target: Some((&spec, side)),
            expected: Expected { alone, ..Expected::default() },
            direction: Direction { from: Side::A, to: Side::B },
            secrets: &AllSecrets,
            clock: Arc::new(SystemClock::new()),
        };
        one.operator(setup).expect("its settings are right")
    };
    let once = stand::execution(&step(&worked::Promote, Table::default(), &spec).id);
    let mut promote = act(&worked::Promote, Side::B, true);
    let refused = promote.apply(&once, &mut Lines::default()).await.expect_err("A is open");
    assert!(refused.to_string().contains("fence it first"), "{refused}");
    let mut fence = act(&worked::Fence, Side::A, false);
    assert!(matches!(fence.check().await, Standing::NotDone(_)));
    fence.apply(&once, &mut Lines::default()).await.expect("it obeys");
    assert!(matches!(fence.check().await, Standing::Done(_)));
    promote.apply(&once, &mut Lines::default()).await.expect("A is closed");
    assert!(matches!(promote.check().await, Standing::Done(_)));
}
