//! Recorded replies: what a server once answered, served again over the wire.
//!
//! What such answers mean is asked without a wire, in the kind's own `judge.rs`; here it is asked
//! what becomes of them on the way.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::Rig;

/// Serves every connection with bytes that begin as given, once for each command that came, and
/// then go on for ever, if `more`.
pub fn serve<R: Rig>(first: &'static [u8], more: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = move |mut stream: TcpStream| {
        let mut asked = [0; 4096];
        // The peer may have gone at any time.
        while let Ok(count @ 1..) = stream.read(&mut asked) {
            let commands = R::commands_in(&asked[..count]);
            if stream.write_all(&first.repeat(commands)).is_err() {
                return;
            }
            let more = more.repeat(1024);
            while !more.is_empty() && stream.write_all(&more).is_ok() {}
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}
