//! The heartbeat's documents: one a shard, found by its name, as fresh as they were written.

use hyper::Method;
use serde_json::{Value as Json, json};

use super::session::Session;
use super::state::Made;
use crate::domain::ids::Side;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Beat as Beaten;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The most shards that a heartbeat's index may have.
const SHARDS_MAX: u32 = 64;

/// The most names that are tried for one shard.
const NAMES_MAX: u32 = 10_000;

/// One region's heartbeat as it stands on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Beat {
    /// The site names no index for it, or it was not asked for.
    #[default]
    NotAsked,
    /// Milliseconds since 1970, by the clock of whoever wrote it, shard by shard.
    At(Vec<Option<i64>>),
    /// It could not be read.
    Unreadable(Clean),
}

impl Beat {
    /// The oldest of all shards; none while one has none.
    pub(super) fn oldest(&self) -> Option<i64> {
        match self {
            Self::At(shards) => {
                let all: Option<Vec<i64>> = shards.iter().copied().collect();
                all?.into_iter().min()
            }
            Self::NotAsked | Self::Unreadable(_) => None,
        }
    }
}

/// What a document of a heartbeat is called, and those of all shards of an index.
fn names(side: Side, made: &Made) -> Result<Vec<String>, String> {
    if made.shards == 0 || made.shards > SHARDS_MAX || made.routing_shards < made.shards {
        return Err(format!("its index has {} shards; at most {SHARDS_MAX}", made.shards));
    }
    let letter = side.to_string().to_lowercase();
    let mut names = vec![None; made.shards as usize];
    for number in 0..NAMES_MAX {
        let name = format!("warroom-{letter}-{number}");
        let shard = shard_of(&name, made.shards, made.routing_shards) as usize;
        names[shard].get_or_insert(name);
        if names.iter().all(Option::is_some) {
            break;
        }
    }
    let all: Option<Vec<String>> = names.into_iter().collect();
    all.ok_or_else(|| "no name leads to each of its shards".to_owned())
}

/// The shard that a document of this name is on.
fn shard_of(name: &str, shards: u32, routing_shards: u32) -> u32 {
    let hash = i64::from(murmur3(name).cast_signed());
    let part = u32::try_from(hash.rem_euclid(i64::from(routing_shards))).unwrap_or(0);
    part / (routing_shards / shards)
}

/// The hash by which documents are routed: Murmur3 of a text's UTF-16, low bytes first.
pub(super) fn murmur3(text: &str) -> u32 {
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mix = |part: u32| part.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = words.iter().fold(0_u32, |hash, word| {
        let hash = hash ^ mix(u32::from_le_bytes(*word));
        hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    hash ^= mix(u32::from_le_bytes(last));
    hash ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    for (shift, factor) in [(16, 0x85eb_ca6b), (13, 0xc2b2_ae35)] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
    }
    hash ^ (hash >> 16)
}

/// Reads both regions' heartbeats as they stand in an index.
pub(super) async fn read(session: &Session, index: &str, made: Option<&Made>) -> [Beat; 2] {
    let unreadable = |why: String| Beat::Unreadable(why.into());
    let Some(made) = made else {
        let why = format!("its index `{index}` is not in {}", session.place);
        return [unreadable(why.clone()), unreadable(why)];
    };
    let both = match (names(Side::A, made), names(Side::B, made)) {
        (Ok(a), Ok(b)) => [a, b],
        (Err(why), _) | (_, Err(why)) => return [unreadable(why.clone()), unreadable(why)],
    };
    let path = format!(
        "/{index}/_mget?filter_path=docs._id,docs.found,docs._source.at_ms,docs.error.type"
    );
    let body = json!({ "ids": both.concat() });
    match session.call(Method::POST, &path, Some(&body)).await {
        Err(trouble) => {
            [Beat::Unreadable(trouble.message.clone()), Beat::Unreadable(trouble.message)]
        }
        Ok(told) => both.map(|names| told_of(&told, &names)),
    }
}

/// What an answer tells of documents, in the order of their names.
fn told_of(told: &Json, names: &[String]) -> Beat {
    let docs = told["docs"].as_array().map_or(&[][..], Vec::as_slice);
    let mut times = Vec::with_capacity(names.len());
    for name in names {
        let Some(doc) = docs.iter().find(|doc| doc["_id"] == name.as_str()) else {
            return Beat::Unreadable(format!("nothing was told of `{name}`").into());
        };
        if let Some(why) = doc["error"]["type"].as_str() {
            return Beat::Unreadable(format!("`{name}` cannot be read: {why}").into());
        }
        let at = doc["_source"]["at_ms"].as_i64().filter(|at| *at > 0);
        if doc["found"] == true && at.is_none() {
            return Beat::Unreadable(format!("`{name}` holds no milliseconds since 1970").into());
        }
        times.push(at);
    }
    Beat::At(times)
}

/// Writes the heartbeat of a side to each shard of its index, which must be there.
pub(super) async fn write(
    session: &Session,
    (index, made): (&str, Option<&Made>),
    side: Side,
    at: Stamp,
) -> Result<Beaten, Trouble> {
    let fault = |kind, why: String| Trouble::unsent(kind, why);
    let Some(made) = made else {
        let why =
            format!("{} has no index `{index}`; make it where writes are taken", session.place);
        return Err(fault(TroubleKind::Missing, why));
    };
    if made.marked {
        let why = format!("{} follows: it takes no heartbeat of its own", session.place);
        return Ok(Beaten::Standby(why.into()));
    }
    let names = names(side, made).map_err(|why| fault(TroubleKind::Ours, why))?;
    for name in names {
        let (path, body) = (format!("/{index}/_doc/{name}"), json!({ "at_ms": at.wall_ms }));
        let written = session.call(Method::PUT, &path, Some(&body)).await;
        // It follows nobody: a block is no standby's, and nothing is written.
        written.map_err(|trouble| {
            let blocked = trouble.kind == TroubleKind::ReadOnly;
            if blocked { Trouble { kind: TroubleKind::Refused, ..trouble } } else { trouble }
        })?;
    }
    Ok(Beaten::Written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_on_the_shards_that_the_server_says() {
        // As a 2.19.4 answered to `_search_shards?routing=` for 5 shards of 640 parts.
        let check = |name: &str, want: u32| assert_eq!(shard_of(name, 5, 640), want, "{name}");
        for (name, want) in [("warroom-a-0", 1), ("warroom-a-1", 4), ("warroom-b-0", 2)] {
            check(name, want);
        }
        for (name, want) in [("warroom-b-17", 4), ("a", 1), ("odd-length-x", 3)] {
            check(name, want);
        }
        let made = Made { shards: 5, routing_shards: 640, ..Made::default() };
        let names = names(Side::A, &made).expect("five names");
        for (shard, name) in (0..5).zip(&names) {
            assert_eq!(shard_of(name, 5, 640), shard, "{name}");
        }
        assert!(super::names(Side::A, &Made { shards: 65, ..made }).is_err());
    }

    #[test]
    fn what_is_not_told_is_no_heartbeat() {
        let names = ["x".to_owned(), "y".to_owned()];
        let check = |docs: Json, want: Option<Option<i64>>| {
            let told = told_of(&json!({ "docs": docs }), &names);
            let oldest = told.oldest();
            match want {
                Some(want) => assert_eq!(oldest, want, "{told:?}"),
                None => assert!(matches!(told, Beat::Unreadable(_)), "{told:?}"),
            }
        };
        let doc =
            |name: &str, at: i64| json!({ "_id": name, "found": true, "_source": { "at_ms": at } });
        check(json!([doc("y", 7), doc("x", 9)]), Some(Some(7)));
        check(json!([doc("x", 9), { "_id": "y", "found": false }]), Some(None));
        check(json!([doc("x", 9)]), None);
        check(json!([doc("x", 9), doc("y", 0)]), None);
        let closed = json!({ "_id": "y", "error": { "type": "index_closed_exception" } });
        check(json!([doc("x", 9), closed]), None);
        check(json!("odd"), None);
    }
}
