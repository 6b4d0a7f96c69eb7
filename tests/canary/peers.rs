//! Peers that tell what they were told: every secret comes back in an answer or an error.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// Starts a peer on a free loopback port; it ends with the test.
fn serve(answer: fn(TcpStream) -> std::io::Result<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that has gone away is no matter.
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
    port
}

/// An HTTP server that sends every request back: in its reason, a header, a redirect and its body.
pub fn echo_http() -> u16 {
    serve(|mut stream| {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.windows(4).any(|part| part == b"\r\n\r\n") {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            request.extend_from_slice(&buffer[..count]);
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let token = text
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "))
            .unwrap_or("none")
            .to_owned();
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace("\r\n", "\\r\\n");
        let body = format!("{{\"status\":\"{token}\",\"you_said\":\"{escaped}\"}}");
        write!(
            stream,
            "HTTP/1.1 503 no service for {token}\r\nX-You-Said: {token}\r\n\
             Location: http://127.0.0.1:9/{token}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
    })
}

/// A PostgreSQL server that asks for the password in clear text and refuses it by name
/// (PostgreSQL documentation, "Frontend/Backend Protocol", Message Formats).
pub fn echo_postgres() -> u16 {
    serve(|mut stream| {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let rest = usize::try_from(u32::from_be_bytes(length)).unwrap_or(4).saturating_sub(4);
        let mut startup = vec![0; rest.min(10_000)];
        stream.read_exact(&mut startup)?;
        stream.write_all(b"R\x00\x00\x00\x08\x00\x00\x00\x03")?;
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut said = vec![0; usize::try_from(size).unwrap_or(4).saturating_sub(4).min(10_000)];
        stream.read_exact(&mut said)?;
        let said = String::from_utf8_lossy(&said).trim_end_matches('\0').to_owned();
        let message = format!("SFATAL\0VFATAL\0C28P01\0Mno entry for \"{said}\"\0\0");
        let size = u32::try_from(message.len() + 4).unwrap_or(u32::MAX);
        stream.write_all(b"E")?;
        stream.write_all(&size.to_be_bytes())?;
        stream.write_all(message.as_bytes())
    })
}
