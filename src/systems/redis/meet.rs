//! How a side is met: its one server, the one that sentinels lead to, or the nodes of a cluster.
//!
//! Whoever is asked beside the server, a sentinel or another node, has a time of its own: one that
//! hangs holds up nothing.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::beside::{Beside, Member, Told, identity, told};
use super::council::{Council, Other};
use super::link::{self, Session, open_at};
use super::nodes::table;
use super::sentinel;
use super::settings::{Formation, Nodes, Redis, Sentinels};
use super::state::{SideState, read_identity, read_role, read_state};
use crate::domain::reading::Identity;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Of the time for all, the part that those have who are asked beside the server.
const PARTS: u32 = 3;

/// A node's place, and a session with it or why there is none.
type Node = (String, Result<Arc<Session>, Trouble>);

/// What was met, in its place in the site.
pub struct Met {
    session: Arc<Session>,
    at: Option<Endpoint>,
    around: Around,
    limit: Duration,
}

/// What was met beside the server.
enum Around {
    Nothing,
    Sentinels(Council),
    Nodes(Vec<Node>),
}

impl Deref for Met {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// Opens sessions with whom the side is made of.
pub(super) async fn connect(
    target: &Target<Redis>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Met, Trouble> {
    let met = |session: Session, peer: Option<SocketAddr>, around| {
        let at = peer.map(|peer| Endpoint { host: peer.ip().to_string(), port: peer.port() });
        Met { session: Arc::new(session), at, around, limit }
    };
    match &target.own.formation {
        Formation::Alone => {
            Ok(met(link::connect(target, peer, limit).await?, peer, Around::Nothing))
        }
        Formation::Watched(named) if named.lead => {
            let council = hear(target, named, limit / PARTS).await;
            let Some(word) = council.leader() else {
                return Err(council.silence(&target.place));
            };
            let opened = open_at(target, &word.primary, limit / PARTS).await;
            let (session, peer) = opened.map_err(|trouble| council.explain(&trouble))?;
            Ok(met(session, Some(peer), Around::Sentinels(council)))
        }
        Formation::Watched(named) => {
            let (session, council) = tokio::join!(
                link::connect(target, peer, limit),
                hear(target, named, limit / PARTS)
            );
            Ok(met(session?, peer, Around::Sentinels(council)))
        }
        Formation::Cluster(nodes) => {
            let nodes = open_nodes(target, nodes, limit / PARTS).await;
            let first = nodes.iter().find_map(|(_, node)| node.as_ref().ok().map(Arc::clone));
            let Some(session) = first else {
                let why = nodes.into_iter().find_map(|(_, node)| node.err());
                return Err(why.unwrap_or_else(|| Trouble::timeout(&target.place, limit)));
            };
            Ok(Met { session, at: None, around: Around::Nodes(nodes), limit })
        }
    }
}

/// Which server, or which nodes of which cluster, a session goes to.
pub(super) async fn identify(met: &Met, target: &Target<Redis>) -> Result<Identity, Trouble> {
    match &met.around {
        Around::Nothing | Around::Sentinels(_) => read_identity(met, &target.place).await,
        Around::Nodes(_) => members(met).await.map(|members| identity(&members)),
    }
}

/// Asks a side everything; its heartbeats, and those beside it, only where it is watched.
pub(super) async fn ask(
    met: &Met,
    target: &Target<Redis>,
    watched: bool,
) -> Result<SideState, Trouble> {
    let keys = target.own.heartbeats.each_ref();
    let keys = keys.map(|key| key.as_deref().filter(|_| watched));
    let state = read_state(met, target.own.database, keys, &target.place);
    let (state, beside) = match &met.around {
        Around::Nothing => (state.await?, Beside::Nothing),
        Around::Sentinels(council) if watched => {
            let (state, others) = tokio::join!(state, ask_others(met, target, council));
            (state?, Beside::Sentinels(Council { others, ..council.clone() }))
        }
        Around::Sentinels(council) => (state.await?, Beside::Sentinels(council.clone())),
        Around::Nodes(_) => {
            if !watched {
                refuse_cluster(met)?;
            }
            let members = members(met).await?;
            let first = told(&members).next().map(|told| told.node.clone());
            let nobody = || Trouble::timeout(&target.place, met.limit);
            (first.ok_or_else(nobody)?, Beside::Cluster(members))
        }
    };
    Ok(SideState { at: met.at.clone(), beside, ..state })
}

/// What the nodes of a side tell, each within its time.
pub(super) async fn members(met: &Met) -> Result<Vec<Member>, Trouble> {
    let Around::Nodes(nodes) = &met.around else { return Err(no_cluster(met)) };
    let asked = nodes.iter().map(|(place, node)| {
        let node = node.clone();
        let told = async move {
            let node = node?;
            ask_node(&node).await
        };
        (place.clone(), told)
    });
    let told = each(asked, met.limit / PARTS).await;
    if told.iter().all(|(_, told)| told.is_err()) {
        let first = told.into_iter().find_map(|(_, told)| told.err());
        return Err(first.unwrap_or_else(|| Trouble::timeout(met.place(), met.limit)));
    }
    let member = |(place, told): (String, Result<Told, Trouble>)| Member {
        place,
        told: told.map_err(|trouble| trouble.message),
    };
    Ok(told.into_iter().map(member).collect())
}

/// Refuses what is for a pair where it meets a cluster.
pub(super) fn refuse_cluster(met: &Met) -> Result<(), Trouble> {
    let Around::Nodes(_) = &met.around else { return Ok(()) };
    let message = format!(
        "{} is a node of a Redis Cluster, and this step is for a pair: use redis.cluster_failover \
         or redis.cluster_takeover",
        met.place()
    );
    Err(Trouble::unsent(TroubleKind::Refused, message))
}

/// The session with one node of a side.
pub(super) fn node<'m>(met: &'m Met, place: &str) -> Option<&'m Session> {
    let Around::Nodes(nodes) = &met.around else { return None };
    let found = nodes.iter().find(|(found, _)| found == place)?;
    found.1.as_ref().ok().map(|session| &**session)
}

fn no_cluster(met: &Met) -> Trouble {
    let message = format!("{} is not written as a cluster: set `cluster = true`", met.place());
    Trouble::unsent(TroubleKind::Refused, message)
}

async fn ask_node(session: &Session) -> Result<Told, Trouble> {
    const NODES: &[&str] = &["CLUSTER", "NODES"];
    let (node, rows, info) = tokio::join!(
        Box::pin(read_state(session, 0, [None, None], session.place())),
        session.text(NODES),
        session.text(&["CLUSTER", "INFO"]),
    );
    let (node, rows, info) = (node?, rows?.unwrap_or_default(), info?.unwrap_or_default());
    let garbage = || session.garbage(NODES, &redis::Value::SimpleString(String::new()));
    let table = table(&rows).ok_or_else(garbage)?;
    let myself = table.iter().find(|row| row.is_myself).ok_or_else(garbage)?;
    let ok = info.lines().any(|line| line.trim_end() == "cluster_state:ok");
    Ok(Told { id: myself.id.clone(), ok, table, node })
}

async fn open_nodes(target: &Target<Redis>, nodes: &Nodes, limit: Duration) -> Vec<Node> {
    let opened = nodes.here.iter().map(|place| {
        let (target, at) = (target.whoever(), place.clone());
        let open = async move { open_at(&target, &at, limit).await.map(|it| Arc::new(it.0)) };
        (place.place(), open)
    });
    each(opened, limit).await
}

/// A session with a sentinel, of the same user where those know it.
pub(super) async fn open_sentinel(
    target: &Target<Redis>,
    at: &Endpoint,
    login: bool,
    limit: Duration,
) -> Result<Session, Trouble> {
    let mut aim = target.whoever();
    aim.own.database = 0;
    if !login {
        aim.secret = None;
    }
    open_at(&aim, at, limit).await.map(|(session, _)| session)
}

/// The word of each sentinel that the site names.
async fn hear(target: &Target<Redis>, named: &Sentinels, limit: Duration) -> Council {
    let login = named.login;
    let asked = named.places.iter().map(|place| {
        let (target, at, name) = (target.clone(), place.clone(), named.master.clone());
        let word = async move {
            let session = open_sentinel(&target, &at, login, limit).await?;
            sentinel::ask(&session, &name).await
        };
        (place.place(), word)
    });
    let mut words = each(asked, limit).await;
    for trouble in words.iter_mut().filter_map(|(_, word)| word.as_mut().err()) {
        if trouble.kind == TroubleKind::Permission && !login {
            let message = format!("{trouble}; if it knows that user, set `sentinel_login = true`");
            trouble.message = message.into();
        }
    }
    Council { words, lead: named.lead, others: Vec::new() }
}

/// The own words of the servers that sentinels know, beside the one that was met.
async fn ask_others(met: &Met, target: &Target<Redis>, council: &Council) -> Vec<Other> {
    let Some(word) = council.leader() else { return Vec::new() };
    let mut known = word.replicas.clone();
    known.push(word.primary.clone());
    known.retain(|at| met.at.as_ref() != Some(at));
    let limit = met.limit / PARTS;
    let asked = known.iter().map(|at| {
        let (target, at) = (target.whoever(), at.clone());
        (at.place(), async move { read_role(&open_at(&target, &at, limit).await?.0).await })
    });
    let told = each(asked, limit).await.into_iter();
    let other = |(at, (_, told)): (Endpoint, (String, Result<_, Trouble>))| Other {
        at,
        told: told.map_err(|trouble| trouble.message),
    };
    known.iter().cloned().zip(told).map(other).collect()
}

/// What each of some works comes to, in their order; one that takes longer than `limit` is given
/// up.
async fn each<T: Send + 'static, W>(
    works: impl Iterator<Item = (String, W)>,
    limit: Duration,
) -> Vec<(String, Result<T, Trouble>)>
where
    W: Future<Output = Result<T, Trouble>> + Send + 'static,
{
    let (mut asked, mut all) = (JoinSet::new(), Vec::new());
    for (place, work) in works {
        let index = all.len();
        all.push((place.clone(), Err(Trouble::timeout(&place, limit))));
        asked.spawn(async move {
            let done = tokio::time::timeout(limit, work).await;
            (index, done.unwrap_or_else(|_| Err(Trouble::timeout(&place, limit))))
        });
    }
    while let Some(ended) = asked.join_next().await {
        if let Ok((index, told)) = ended {
            all[index].1 = told;
        }
    }
    all
}
