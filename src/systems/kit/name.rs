//! Which addresses a name leads to now, asked anew, so that a look sees what a step would meet.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::domain::text::Clean;
use crate::domain::time::spoken_time;

/// What a fresh answer of the resolver means for a connection that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// The name still leads to its peer.
    Here,
    /// The name leads elsewhere: what the peer says is no longer said under this name.
    Elsewhere,
    /// The name could not be resolved; why.
    Nowhere(Clean),
}

/// The addresses that `host` leads to now; the host itself where it is an address.
///
/// # Errors
/// A sentence when it leads nowhere or the resolver does not answer within `limit`.
pub async fn addresses(host: &str, limit: Duration) -> Result<Vec<IpAddr>, Clean> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    match tokio::time::timeout(limit, tokio::net::lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<IpAddr> = found.map(|found| found.ip().to_canonical()).collect();
            addresses.dedup();
            if addresses.is_empty() {
                return Err(format!("the name {host} leads to no address").into());
            }
            Ok(addresses)
        }
        Ok(Err(error)) => Err(format!("the name {host} is not found: {error}").into()),
        Err(_) => {
            let limit = spoken_time(limit);
            Err(format!("the name {host} was not resolved within {limit}").into())
        }
    }
}

/// Whether `host` still leads to the peer of a kept connection.
pub async fn leads(host: &str, peer: SocketAddr, limit: Duration) -> Leads {
    match addresses(host, limit).await {
        Ok(found) if found.contains(&peer.ip().to_canonical()) => Leads::Here,
        Ok(_) => Leads::Elsewhere,
        Err(why) => Leads::Nowhere(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_kept_peer_is_compared_with_what_the_name_says_now() {
        let limit = Duration::from_secs(5);
        let check = async |host: &str, peer: &str, want: Option<Leads>| {
            let found = leads(host, peer.parse().expect("an address"), limit).await;
            match want {
                Some(want) => assert_eq!(found, want, "{host} {peer}"),
                None => assert!(matches!(found, Leads::Nowhere(_)), "{host}: {found:?}"),
            }
        };
        check("127.0.0.1", "127.0.0.1:5", Some(Leads::Here)).await;
        check("127.0.0.1", "[::ffff:127.0.0.1]:5", Some(Leads::Here)).await;
        check("127.0.0.1", "127.0.0.2:5", Some(Leads::Elsewhere)).await;
        check("localhost", "192.0.2.1:5", Some(Leads::Elsewhere)).await;
        check("no name at all", "127.0.0.1:5", None).await;
    }
}
