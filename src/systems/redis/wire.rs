//! The bytes under a session: TCP or TLS, within what a peer may send.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::settings::Redis;
use super::trouble::{of_connecting, of_handshake};
use crate::systems::kit::metered::{Allowance, Metered};
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// A connection of either kind.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// Shakes hands where there is TLS.
pub(super) async fn over(
    stream: TcpStream,
    target: &Target<Redis>,
    allowance: &Allowance,
) -> Result<Metered<Box<dyn Duplex>>, Trouble> {
    let failed = |error| of_connecting(&error, &target.place);
    stream.set_nodelay(true).map_err(failed)?;
    let stream: Box<dyn Duplex> = match &target.trust {
        None => Box::new(stream),
        Some(trust) => {
            let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
            let host = &target.endpoint.host;
            let name = ServerName::try_from(host.clone())
                .map_err(|_| ours(format!("`{host}` is not a name that TLS knows")))?;
            let connector = TlsConnector::from(trust.config().await.map_err(ours)?);
            let hands = connector.connect(name, stream).await;
            Box::new(hands.map_err(|error| of_handshake(&error, &target.place))?)
        }
    };
    Ok(Metered { stream, allowance: allowance.clone() })
}
