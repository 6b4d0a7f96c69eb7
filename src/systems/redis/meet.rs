//! How a side is met: its one server, the one that sentinels lead to, or the nodes of a cluster.
//!
//! Whoever is asked beside the server, a sentinel or another node, has a time of its own: one that
//! hangs holds up nothing.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::council::{Council, Other};
use super::link::{self, Session};
use super::members::{Member, Told, identity, told};
use super::nodes::table;
use super::sentinel;
use super::settings::{Formation, Redis, Sentinels};
use super::state::{SideState, read_identity, read_state};
use crate::domain::reading::Identity;
use crate::port::Boxed;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Of the time for all, the part that those have who are asked beside the server.
const PARTS: u32 = 3;

/// What each of several that were asked came to, by its place.
type Each<T> = Vec<(String, Result<T, Trouble>)>;

/// What was met, in its place in the site.
pub struct Met {
    session: Arc<Session>,
    /// The address that it was met at.
    at: Option<Endpoint>,
    /// What its sentinels said as it was met.
    council: Option<Council>,
    /// The nodes of its region, where it is one of a cluster.
    nodes: Each<Arc<Met>>,
    limit: Duration,
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
    let part = limit / PARTS;
    match &target.own.formation {
        Formation::Alone => server(target, peer, limit).await,
        Formation::Watched(named) if named.lead => {
            let council = hear(target, named, part).await;
            let Some(word) = council.leader() else { return Err(council.silence(&target.place)) };
            let met = open_at(target, &word.primary, part).await;
            let met = met.map_err(|trouble| council.explain(&trouble))?;
            Ok(Met { council: Some(council), limit, ..met })
        }
        Formation::Watched(named) => {
            let met = server(target, peer, limit);
            let (met, council) = tokio::join!(met, hear(target, named, part));
            Ok(Met { council: Some(council), ..met? })
        }
        Formation::Cluster(named) => {
            let open = |at: &Endpoint| {
                let opening = open_at(target, at, part);
                (at.place(), async move { opening.await.map(Arc::new) })
            };
            let nodes = each(named.here.iter().map(open), part).await;
            let Some(first) = nodes.iter().find_map(|(_, node)| node.as_ref().ok()) else {
                return Err(first_trouble(nodes));
            };
            let session = Arc::clone(&first.session);
            Ok(Met { session, at: None, council: None, nodes, limit })
        }
    }
}

async fn server(
    target: &Target<Redis>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Met, Trouble> {
    let session = Arc::new(link::connect(target, peer, limit).await?);
    let at = peer.map(|peer| Endpoint { host: peer.ip().to_string(), port: peer.port() });
    Ok(Met { session, at, council: None, nodes: Vec::new(), limit })
}

/// Opens a session at another address as the same user.
fn open_at(
    target: &Target<Redis>,
    at: &Endpoint,
    limit: Duration,
) -> Boxed<'static, Result<Met, Trouble>> {
    let mut aim = target.whoever();
    (aim.place, aim.endpoint, aim.own.formation) = (at.place(), at.clone(), Formation::Alone);
    Box::pin(async move {
        if aim.own.tls || aim.own.plain || aim.endpoint.is_local() {
            return aim.connect(limit).await;
        }
        let message = format!("{} is no loopback address: write `tls`, true or false", aim.place);
        Err(Trouble::unsent(TroubleKind::Ours, message))
    })
}

/// Which server, or which nodes of which cluster, a session goes to.
pub(super) async fn identify(met: &Met) -> Result<Identity, Trouble> {
    if met.nodes.is_empty() {
        return read_identity(met).await.map(|(identity, _)| identity);
    }
    members(met).await.map(|members| identity(&members))
}

/// Asks a side everything; its heartbeats, and those beside it, only where it is watched.
pub(super) async fn ask(
    met: &Met,
    target: &Target<Redis>,
    watched: bool,
) -> Result<SideState, Trouble> {
    if !met.nodes.is_empty() {
        let members = members(met).await?;
        let first = told(&members).next().expect("one of them told something").node.clone();
        return Ok(SideState { members, ..first });
    }
    let keys = target.own.heartbeats.each_ref();
    let keys = keys.map(|key| key.as_deref().filter(|_| watched));
    let council = async {
        let council = met.council.clone()?;
        let others = if watched { others(met, target, &council).await } else { Vec::new() };
        Some(Council { others, ..council })
    };
    let (state, council) = tokio::join!(read_state(met, target.own.database, keys), council);
    Ok(SideState { at: met.at.clone(), council, ..state? })
}

/// What the nodes of a side tell, each within its time.
async fn members(met: &Met) -> Result<Vec<Member>, Trouble> {
    let ask = |(place, node): &(String, Result<Arc<Met>, Trouble>)| {
        let node = node.clone();
        (place.clone(), async move { ask_node(&node?.session).await })
    };
    let all = each(met.nodes.iter().map(ask), met.limit / PARTS).await;
    if all.iter().all(|(_, told)| told.is_err()) {
        return Err(first_trouble(all));
    }
    let member = |(place, told): (String, Result<Told, Trouble>)| Member {
        place,
        told: told.map_err(|trouble| trouble.message),
    };
    Ok(all.into_iter().map(member).collect())
}

/// Why nobody told anything, by the first that was asked.
fn first_trouble<T>(all: Each<T>) -> Trouble {
    all.into_iter().find_map(|(_, told)| told.err()).expect("a cluster has nodes")
}

/// The session with one node of a side.
pub(super) fn node<'m>(met: &'m Met, place: &str) -> Option<&'m Met> {
    let (_, node) = met.nodes.iter().find(|(known, _)| known == place)?;
    node.as_ref().ok().map(|node| &**node)
}

async fn ask_node(session: &Session) -> Result<Told, Trouble> {
    const NODES: &[&str] = &["CLUSTER", "NODES"];
    let (node, rows, info) = tokio::join!(
        Box::pin(read_state(session, 0, [None, None])),
        session.text(NODES),
        session.text(&["CLUSTER", "INFO"]),
    );
    let (node, rows, info) = (node?, rows?.unwrap_or_default(), info?.unwrap_or_default());
    let garbage = || session.garbage(NODES, &redis::Value::SimpleString(String::new()));
    let table = table(&rows).ok_or_else(garbage)?;
    let id = table.iter().find(|row| row.is_myself).ok_or_else(garbage)?.id.clone();
    let ok = info.lines().any(|line| line.trim_end() == "cluster_state:ok");
    Ok(Told { id, ok, table, node })
}

/// A session with a sentinel, of the same user where those know it.
pub(super) fn open_sentinel(
    target: &Target<Redis>,
    at: &Endpoint,
    login: bool,
    limit: Duration,
) -> Boxed<'static, Result<Met, Trouble>> {
    let mut aim = target.clone();
    aim.own.database = 0;
    aim.secret = aim.secret.filter(|_| login);
    open_at(&aim, at, limit)
}

/// The word of each sentinel that the site names.
async fn hear(target: &Target<Redis>, named: &Sentinels, limit: Duration) -> Council {
    let ask = |at: &Endpoint| {
        let opening = open_sentinel(target, at, named.login, limit);
        let name = named.master.clone();
        (at.place(), async move { sentinel::ask(&opening.await?.session, &name).await })
    };
    let mut words = each(named.places.iter().map(ask), limit).await;
    for trouble in words.iter_mut().filter_map(|(_, word)| word.as_mut().err()) {
        if trouble.kind == TroubleKind::Permission && !named.login {
            let message = format!("{trouble}; if it knows that user, set `sentinel_login = true`");
            trouble.message = message.into();
        }
    }
    Council { words, lead: named.lead, others: Vec::new() }
}

/// The own words of the servers that sentinels know, beside the one that was met.
async fn others(met: &Met, target: &Target<Redis>, council: &Council) -> Vec<Other> {
    let Some(word) = council.leader() else { return Vec::new() };
    let (known, limit) = (word.replicas.iter().chain([&word.primary]), met.limit / PARTS);
    let ask = |at: &Endpoint| {
        let opening = open_at(target, at, limit);
        (at.place(), async move { read_identity(&opening.await?.session).await })
    };
    let asked = known.filter(|at| met.at.as_ref() != Some(*at)).map(ask);
    let other = |(place, told): (String, Result<_, Trouble>)| Other {
        place,
        told: told.map_err(|trouble| trouble.message),
    };
    each(asked, limit).await.into_iter().map(other).collect()
}

/// What each of some works comes to, in their order; one that takes longer than `limit` is given
/// up.
async fn each<T: Send + 'static, W>(
    works: impl Iterator<Item = (String, W)>,
    limit: Duration,
) -> Each<T>
where
    W: Future<Output = Result<T, Trouble>> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for (index, (place, work)) in works.enumerate() {
        asked.spawn(async move {
            let late = |_| Err(Trouble::timeout(&place, limit));
            let told = timeout(limit, work).await.unwrap_or_else(late);
            (index, (place, told))
        });
    }
    let mut all = asked.join_all().await;
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, one)| one).collect()
}
