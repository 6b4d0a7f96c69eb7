//! Asks anew where a name leads, so that a kept connection never outlives its name.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;

/// True while `host` still leads to `peer`, the far end of a connection that was opened to it. Where
/// it does not, an operator would meet another server than the one that the connection goes to.
/// Behind one address there may be another server at any time: this proves no identity.
///
/// # Errors
/// When the name leads nowhere, or nobody says where within `limit`.
pub async fn still_leads_to(
    host: &str,
    port: u16,
    peer: SocketAddr,
    limit: Duration,
) -> io::Result<bool> {
    let found = tokio::time::timeout(limit, lookup_host((host, port)));
    let found = found.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let same = |address: SocketAddr| {
        address.ip().to_canonical() == peer.ip().to_canonical() && address.port() == peer.port()
    };
    Ok(found.into_iter().any(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_asked_anew() {
        let check = async |host: &str, peer: &str, want: Option<bool>| {
            let peer = peer.parse().expect("an address");
            let found = still_leads_to(host, 6379, peer, Duration::from_secs(5)).await;
            assert_eq!(found.ok(), want, "{host} {peer}");
        };
        check("127.0.0.1", "127.0.0.1:6379", Some(true)).await;
        check("127.0.0.1", "[::ffff:127.0.0.1]:6379", Some(true)).await;
        check("127.0.0.2", "127.0.0.1:6379", Some(false)).await;
        check("127.0.0.1", "127.0.0.1:6380", Some(false)).await;
        check("", "127.0.0.1:6379", None).await;
    }
}
