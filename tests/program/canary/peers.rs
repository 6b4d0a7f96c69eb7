//! Peers that tell what they were told: every secret comes back in an answer or an error.

use std::io::{BufRead, BufReader, Read, Write};
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
        let moved = text.split(' ').nth(1).is_some_and(|path| path.starts_with("/moved"));
        let status = if moved { "302 found" } else { "503 no service for" };
        write!(
            stream,
            "HTTP/1.1 {status} {token}\r\nX-You-Said: {token}\r\n\
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

/// The words of one command to a Redis server (its protocol specification, "Arrays" and "Bulk
/// strings"); none at the end.
fn redis_command(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<String>>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let count = line.trim().trim_start_matches('*').parse().unwrap_or(0_usize);
    let mut words = Vec::new();
    for _ in 0..count {
        line.clear();
        reader.read_line(&mut line)?;
        let length = line.trim().trim_start_matches('$').parse().unwrap_or(0_usize);
        let mut word = vec![0; length.min(10_000) + 2];
        reader.read_exact(&mut word)?;
        words.push(String::from_utf8_lossy(&word[..word.len() - 2]).into_owned());
    }
    Ok(Some(words))
}

/// A Redis server that refuses every command by repeating it.
pub fn echo_redis_errors() -> u16 {
    serve(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(words) = redis_command(&mut reader)? {
            write!(stream, "-ERR no rights for '{}'\r\n", words.join(" "))?;
        }
        Ok(())
    })
}

/// A Redis server that lets everybody in, and tells the password in whatever it says of itself.
pub fn echo_redis_facts() -> u16 {
    serve(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut said = String::new();
        while let Some(words) = redis_command(&mut reader)? {
            match words.first().map(|word| word.to_ascii_uppercase()).as_deref() {
                Some("AUTH") => {
                    said = words.last().cloned().unwrap_or_default();
                    write!(stream, "+OK\r\n")?;
                }
                Some("CLIENT" | "SELECT" | "PING") => write!(stream, "+OK\r\n")?,
                Some("INFO") => {
                    let text = format!(
                        "# Server\r\nredis_version:7.2.0 {said}\r\nrun_id:{said}\r\n\
                         uptime_in_seconds:99\r\nloading:0\r\n# Replication\r\nrole:slave\r\n\
                         master_host:{said}\r\nmaster_port:6379\r\nmaster_link_status:up\r\n\
                         master_last_io_seconds_ago:0\r\nmaster_sync_in_progress:0\r\n\
                         slave_repl_offset:10\r\nmaster_replid:{said}\r\n\
                         master_repl_offset:10\r\n# Keyspace\r\ndb0:keys=3,expires=0\r\n"
                    );
                    write!(stream, "${}\r\n{text}\r\n", text.len())?;
                }
                _ => write!(stream, "-ERR '{}' not for {said}\r\n", words.join(" "))?,
            }
        }
        Ok(())
    })
}
