//! Peers that keep to no protocol: silent, cut, garbage, drips, floods. The contract meets each
//! kind with all of them.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What a peer does to whoever connects.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    /// Nothing listens.
    Gone,
    /// Accepts and never answers.
    Silent,
    /// Accepts and closes.
    Cuts,
    /// Answers with bytes of no protocol, control characters among them.
    Garbage,
    /// Sends a byte now and then.
    Drips,
    /// Sends as fast as it can, 10 GB and more.
    Floods,
    /// Announces 10 GB over HTTP and sends them.
    FloodsHttp,
    /// Speaks HTTP correctly and puts control characters in everything.
    Escapes,
    /// Answers HTTP in headers without end.
    HeadersWithoutEnd,
}

/// Clears a terminal, turns text around, in ESC, C1 and direction overrides.
pub const NASTY: &str = "\u{1b}[2J\u{9b}31m\u{202e}evil\u{7}\r\n\u{0}";

impl Peer {
    async fn serve(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut asked = [0; 1024];
        match self {
            Self::Gone | Self::Cuts => {}
            Self::Silent => while stream.read(&mut asked).await? > 0 {},
            Self::Garbage => {
                stream.write_all(NASTY.repeat(10).as_bytes()).await?;
                while stream.read(&mut asked).await? > 0 {}
            }
            Self::Drips => {
                let line = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
                for byte in line.iter().cycle() {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Self::Floods => loop {
                stream.write_all(&[b'S'; 16_384]).await?;
            },
            Self::FloodsHttp => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
                stream.write_all(head).await?;
                loop {
                    stream.write_all(&[b' '; 16_384]).await?;
                }
            }
            Self::HeadersWithoutEnd => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    stream.write_all(b"X-More: and more\r\n").await?;
                }
            }
            Self::Escapes => {
                let _ = stream.read(&mut asked).await?;
                let body = Json::from(NASTY).to_string();
                let body = format!("{{\"status\":{body},\"state\":{body},\"role\":{body}}}");
                let length = body.len();
                let head = format!("HTTP/1.1 503 \u{9b}31m\r\nContent-Length: {length}\r\n");
                stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
            }
        }
        Ok(())
    }

    /// What a datagram of this peer answers to one of ours, if anything.
    fn datagram(self, asked: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gone | Self::Silent | Self::Cuts | Self::Drips => None,
            Self::Garbage => Some(NASTY.repeat(10).into_bytes()),
            Self::Floods | Self::FloodsHttp => Some(vec![0xff; 1200]),
            // An answer to the very question, which says that one record follows, and then
            // control characters follow.
            Self::Escapes | Self::HeadersWithoutEnd => {
                let mut answer = asked.to_vec();
                if let Some(flags) = answer.get_mut(2..8) {
                    flags.copy_from_slice(&[0x84, 0, 0, 1, 0, 1]);
                }
                answer.extend_from_slice(NASTY.as_bytes());
                Some(answer)
            }
        }
    }

    /// Starts it on a free port, TCP and UDP.
    pub async fn start(self) -> SocketAddr {
        loop {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            // Both protocols on one port; another one where UDP has it taken.
            let Ok(datagrams) = UdpSocket::bind(address).await else { continue };
            if matches!(self, Self::Gone) {
                return address;
            }
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(self.serve(stream));
                }
            });
            tokio::spawn(async move {
                let mut asked = [0; 2048];
                while let Ok((length, from)) = datagrams.recv_from(&mut asked).await {
                    if let Some(answer) = self.datagram(&asked[..length]) {
                        let _ = datagrams.send_to(&answer, from).await;
                    }
                }
            });
            return address;
        }
    }
}
