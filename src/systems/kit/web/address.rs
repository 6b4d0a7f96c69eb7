//! Keeps requests away from addresses that give out credentials, also when a name leads there.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The provider's metadata service over IPv6, outside the link-local range.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Another provider's metadata service, outside the link-local range.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// An address that is never asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is a link-local or metadata address, which is never asked")]
pub struct Forbidden(pub IpAddr);

/// Lets an address pass or refuses it.
///
/// # Errors
/// When it is link-local or a metadata service, in whatever way it is written.
pub fn permit(address: IpAddr) -> Result<IpAddr, Forbidden> {
    let forbidden_v4 = |v4: Ipv4Addr| v4.is_link_local() || v4 == METADATA_V4;
    let forbidden = match address {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            // Mapped (::ffff:0:0/96), compatible (::/96) and translated (64:ff9b::/96, RFC 6052)
            // addresses carry an IPv4 address in their last 32 bits.
            let carries_v4 =
                matches!(segments[..6], [0, 0, 0, 0, 0, 0 | 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0]);
            let [.., a, b, c, d] = v6.octets();
            (segments[0] & 0xffc0) == 0xfe80
                || v6 == METADATA_V6
                || (carries_v4 && forbidden_v4(Ipv4Addr::new(a, b, c, d)))
        }
    };
    if forbidden { Err(Forbidden(address)) } else { Ok(address) }
}

/// The address that a URL's host is, where it is one and not a name.
pub fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Resolves a name as the system does.
///
/// # Errors
/// When it leads nowhere, or to an address that [`permit`] refuses.
pub async fn resolve(
    name: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
    let mut addresses = Vec::new();
    for address in tokio::net::lookup_host((name, port)).await? {
        permit(address.ip())?;
        addresses.push(address);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_refused_however_written() {
        let check = |text: &str, allowed: bool| {
            let address = literal(text).expect("an address");
            assert_eq!(permit(address).is_ok(), allowed, "{text}");
        };
        check("127.0.0.1", true);
        check("10.0.0.1", true);
        check("[2001:db8::1]", true);
        check("[::1]", true);
        check("169.254.169.254", false);
        check("169.254.0.1", false);
        check("100.100.100.200", false);
        check("[::ffff:169.254.169.254]", false);
        check("[::169.254.169.254]", false);
        check("[64:ff9b::a9fe:a9fe]", false);
        check("[fe80::1]", false);
        check("[febf::1]", false);
        check("[fd00:ec2::254]", false);
    }
}
