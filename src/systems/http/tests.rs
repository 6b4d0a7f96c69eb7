//! Looks and requests against real local servers.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::check::Check;
use super::request::Request;
use super::*;
use crate::domain::preview::Standing;
use crate::domain::reading::{FactValue, Health, LookErrorKind};
use crate::port::OperateError;
use crate::port::{Action, Looks};
use crate::systems::kit::testing::{Lines, Stage, execution, probe_setup, spec, table};

/// Requests as the server read them, heads and bodies.
type Asked = Arc<Mutex<Vec<String>>>;

/// Reads one request and sends the answer.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, reply: String, asked: Asked) {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        let wanted = text.split_once("\r\n\r\n").map(|(head, _)| {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            head.len() + 4 + length.map_or(0, |length| length.parse().expect("a length"))
        });
        if wanted.is_some_and(|wanted| read.len() >= wanted) {
            asked.lock().expect("one thread").push(text);
            break;
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A server that answers the n-th request with the n-th reply, and the last one from then on.
async fn server(replies: &[String]) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (asked, replies) = (Asked::default(), replies.to_vec());
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        for index in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            let reply = replies[index.min(replies.len() - 1)].clone();
            answer(stream, reply, Arc::clone(&log)).await;
        }
    });
    (port, asked)
}

async fn look_at(settings: &str) -> crate::domain::reading::Look {
    let spec = spec(settings);
    let mut probe = Http.probe(probe_setup(&spec)).expect("the settings are right");
    probe.look().await.b.expect("B is there")
}

/// `Up`, `Degraded: why`, `Down: why` or `Kind: why`.
fn shown(look: &crate::domain::reading::Look) -> String {
    match look {
        Ok(reading) => match &reading.health {
            Health::Up => format!("Up: {}", reading.note),
            Health::Degraded(why) => format!("Degraded: {why}"),
            Health::Down(why) => format!("Down: {why}"),
            Health::Unknown(why) => format!("Unknown: {why}"),
        },
        Err(error) => format!("{:?}: {error}", error.kind),
    }
}

#[tokio::test]
async fn answers_become_readings() {
    let check = async |answer: String, settings: &str, want: &str| {
        let (port, _) = server(&[answer]).await;
        let settings = format!("{settings}\nb = {{ url = 'http://127.0.0.1:{port}/health' }}");
        let found = shown(&look_at(&settings).await);
        assert_eq!(found, want.replace("PEER", &format!("127.0.0.1:{port}")), "{settings}");
    };
    let up = r#"{"status":"up"}"#;
    let rule = "expect = { json = { '/status' = 'up' } }";
    check(reply("200 OK", "", "hello"), "", "Up: 200 in 12 ms").await;
    check(reply("200 OK", "", up), rule, "Up: 200 in 12 ms").await;
    check(reply("503 Nope", "", ""), "", "Down: 503 Service Unavailable in 12 ms, expected 200")
        .await;
    check(reply("503 Nope", "", ""), "expect = { status = [200, 503] }", "Up: 503 in 12 ms").await;
    check(
        reply("200 OK", "", r#"{"status":"\u001b[2J"}"#),
        rule,
        "Down: 200 OK in 12 ms, /status is \"\\u001b[2J\", expected \"up\"",
    )
    .await;
    check(
        reply("200 OK", "", r#"{"status":"slow"}"#),
        &format!("{rule}\ndegraded = {{ json = {{ '/status' = 'slow' }} }}"),
        "Degraded: 200 OK in 12 ms, and it calls itself degraded",
    )
    .await;
    check(
        reply("403 Forbidden", "", ""),
        "",
        "Permission: 403 Forbidden in 12 ms: our credentials are not accepted here",
    )
    .await;
    check(reply("403 No", "", ""), "expect = { status = 403 }", "Up: 403 in 12 ms").await;
    let elsewhere = "Location: http://other.invalid/\r\n";
    check(
        reply("302 Found", elsewhere, ""),
        "",
        "Down: 302 Found in 12 ms (it points to another host or too often, which is not \
         followed), expected 200",
    )
    .await;
    // To the same place for ever: a few hops, then the redirect is the answer.
    check(
        reply("302 Found", "Location: /health\r\n", ""),
        "expect = { status = 302 }",
        "Up: 302 in 12 ms",
    )
    .await;
    let large =
        reply("200 OK", "", &"x".repeat(crate::systems::kit::web::wire::BODY_BYTES_MAX + 1));
    check(large, "", "Garbage: PEER sent more than 1 MiB").await;
}

#[tokio::test]
async fn redirects_within_a_host_are_followed_and_facts_are_told() {
    let moved = reply("301 Moved", "Location: /new\r\n", "");
    let (port, asked) = server(&[moved, reply("200 OK", "", "fine")]).await;
    let settings = format!(
        "b = {{ url = 'http://127.0.0.1:{port}/old', method = 'POST', body = 'x', headers = {{ \
         Authorization = {{ secret = 'token', prefix = 'Bearer ' }} }} }}"
    );
    let reading = look_at(&settings).await.expect("an answer");
    let fact = |name: &str| reading.fact(name).cloned();
    assert_eq!(fact("status"), Some(FactValue::Number(200.0)));
    assert_eq!(fact("took"), Some(FactValue::Seconds(0.012)));
    assert_eq!(fact("size"), Some(FactValue::Number(4.0)));
    assert_eq!(fact("tls_expires_in"), None);
    assert_eq!(reading.took_ms, Some(12));
    let asked = asked.lock().expect("one thread");
    assert!(asked[0].starts_with("POST /old HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("authorization: Bearer hunter2-token\r\n"), "{}", asked[0]);
    assert!(asked[1].contains(" /new HTTP/1.1\r\n"), "{}", asked[1]);
}

/// Our own authority, and a server certificate that it signed.
struct Authority {
    file: tempfile::NamedTempFile,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), certificate.pem()).expect("the file can be written");
        Self { file, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `name` that ends in November of `year`, with its key.
    fn signed(&self, name: &str, year: i32) -> CertifiedKey {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 11, 20);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let chain = vec![certificate.der().clone()];
        CertifiedKey::from_der(chain, key, &provider).expect("a pair")
    }

    /// A TLS server for `name` whose certificate ends in November of `year`.
    async fn server(&self, name: &str, year: i32) -> u16 {
        tls_server(Shown(Mutex::new(vec![self.signed(name, year).into()])), &[]).await
    }
}

/// Shows one certificate after the other, and the last one from then on.
#[derive(Debug)]
struct Shown(Mutex<Vec<Arc<CertifiedKey>>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut left = self.0.lock().expect("one thread");
        if left.len() > 1 { Some(left.remove(0)) } else { left.first().cloned() }
    }
}

/// A TLS server that answers `200`, by HTTP/2 where that is among the `protocols` it speaks.
async fn tls_server(shown: Shown, protocols: &[&[u8]]) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                answer_by_2(stream).await;
            } else {
                answer(stream, reply("200 OK", "", ""), Asked::default()).await;
            }
        }
    });
    port
}

/// Answers each request of a connection by HTTP/2 with the request's own first line.
async fn answer_by_2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = hyper::service::service_fn(async |request: hyper::Request<_>| {
        let _: &hyper::body::Incoming = request.body();
        let line = format!("{} {} {:?}", request.method(), request.uri(), request.version());
        let body = http_body_util::Full::new(hyper::body::Bytes::from(line));
        Ok::<_, std::convert::Infallible>(hyper::Response::new(body))
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[tokio::test]
async fn certificates_are_checked_and_said_clearly() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let check = async |name: &str, year: i32, ca: PathBuf, want: &str| {
        let port = ours.server(name, year).await;
        let ca = ca.display();
        let settings = format!("b = {{ url = 'https://127.0.0.1:{port}/', ca = '{ca}' }}");
        let look = look_at(&settings).await;
        assert_eq!(shown(&look), want.replace("PEER", &format!("127.0.0.1:{port}")));
        look.ok()
    };
    let known = || ours.file.path().to_owned();
    let look = check("127.0.0.1", 2999, known(), "Up: 200 in 12 ms").await;
    let left = look.expect("it is up").fact("tls_expires_in").cloned();
    assert!(matches!(left, Some(FactValue::Seconds(left)) if left > 3e10), "{left:?}");
    let expired = "Garbage: the certificate of PEER has expired; renew it";
    check("127.0.0.1", 2021, known(), expired).await;
    let wrong_name = "Garbage: the certificate of PEER is for another name";
    check("other.test", 2999, known(), wrong_name).await;
    let unknown = "Ours: the certificate of PEER is signed by an authority that is not known here; \
                   name its file in `ca`";
    check("127.0.0.1", 2999, theirs.file.path().to_owned(), unknown).await;
    let no_file = spec("b = { url = 'https://a.test/', ca = '/no/such/file' }");
    assert!(Http.probe(probe_setup(&no_file)).is_err());
}

#[tokio::test]
async fn each_look_meets_who_is_there_now() {
    let authority = Authority::new("ours");
    // A session that is resumed would go on showing the certificate of the first look.
    let shown = [2999, 2021].map(|year| authority.signed("127.0.0.1", year).into());
    let port = tls_server(Shown(Mutex::new(shown.into())), &[]).await;
    let ca = authority.file.path().display();
    let it = spec(&format!("b = {{ url = 'https://127.0.0.1:{port}/', ca = '{ca}' }}"));
    let mut probe = Http.probe(probe_setup(&it)).expect("the settings are right");
    let mut look = async || shown_b(&probe.look().await);
    assert_eq!(look().await, "Up: 200 in 12 ms");
    let expired = format!("Garbage: the certificate of 127.0.0.1:{port} has expired; renew it");
    assert_eq!(look().await, expired);

    // A server that is being stopped: no new connections, and the old ones are still served.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let it = spec(&format!("b = {{ url = 'http://127.0.0.1:{port}/' }}"));
    let mut probe = Http.probe(probe_setup(&it)).expect("the settings are right");
    let (served, first) = tokio::join!(
        async {
            let (mut stream, _) = listener.accept().await.expect("it is asked");
            let _ = stream.read(&mut [0; 4096]).await;
            let kept_alive = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(kept_alive).await.expect("it listens");
            stream
        },
        probe.look()
    );
    assert_eq!(shown_b(&first), "Up: 200 in 12 ms");
    drop(listener);
    let refused = format!("Unreachable: 127.0.0.1:{port} refused the connection");
    assert_eq!(shown_b(&probe.look().await), refused);
    drop(served);
}

/// What a look told of side B.
fn shown_b(looks: &Looks) -> String {
    shown(looks.b.as_ref().expect("B is there"))
}

#[tokio::test]
async fn http_2_is_spoken_where_the_peer_wants_it() {
    let authority = Authority::new("ours");
    let ca = authority.file.path().display();
    let line = |port: u16| format!("POST https://127.0.0.1:{port}/a?b=c HTTP/2.0");
    let check = async |protocols: &[&[u8]], want_2: bool| {
        let one = Shown(Mutex::new(vec![authority.signed("127.0.0.1", 2999).into()]));
        let port = tls_server(one, protocols).await;
        let settings = format!(
            "b = {{ url = 'https://127.0.0.1:{port}/a?b=c#d', method = 'POST', ca = '{ca}', \
             body = 'x', expect = {{ body_contains = '{}' }} }}",
            line(port)
        );
        let up = shown(&look_at(&settings).await) == "Up: 200 in 12 ms";
        assert_eq!(up, want_2, "{protocols:?}");
    };
    check(&[b"h2", b"http/1.1"], true).await;
    check(&[b"http/1.1"], false).await;
}

#[tokio::test]
async fn redirects_change_the_method_as_browsers_do() {
    let check = async |status: &str, method: &str, want: &str| {
        let moved = reply(status, "Location: new?x#y\r\n", "");
        let (port, asked) = server(&[moved, reply("200 OK", "", "")]).await;
        let settings = format!(
            "b = {{ url = 'http://127.0.0.1:{port}/a/old', method = '{method}', body = 'text', \
             headers = {{ Content-Type = 'text/plain', X-Kept = 'yes' }} }}"
        );
        assert_eq!(shown(&look_at(&settings).await), "Up: 200 in 12 ms");
        let second = asked.lock().expect("one thread")[1].clone();
        let (head, body) = second.split_once("\r\n\r\n").expect("a head");
        let first_line = head.lines().next().expect("a line");
        let kept = head.contains("content-type: ");
        assert_eq!(format!("{first_line} {kept} {body}"), want, "{status} {method}");
        assert!(head.contains("x-kept: yes") && head.contains("accept: */*"), "{head}");
        assert!(head.contains(&format!("host: 127.0.0.1:{port}")), "{head}");
    };
    for status in ["301 Moved", "302 Found", "303 See"] {
        check(status, "POST", "GET /a/new?x HTTP/1.1 false ").await;
    }
    check("301 Moved", "PUT", "PUT /a/new?x HTTP/1.1 true text").await;
    check("303 See", "PUT", "GET /a/new?x HTTP/1.1 false ").await;
    check("307 Temporary", "POST", "POST /a/new?x HTTP/1.1 true text").await;
    check("308 Permanent", "POST", "POST /a/new?x HTTP/1.1 true text").await;
}

#[tokio::test]
async fn the_other_family_of_addresses_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let here = listener.local_addr().expect("an address");
    let nobody = ("::1".parse::<std::net::IpAddr>().expect("an address"), here.port()).into();
    for addresses in [vec![here], vec![nobody, here], vec![here, nobody]] {
        let stream =
            crate::systems::kit::web::wire::connect(&addresses).await.expect("somebody answers");
        assert_eq!(stream.peer_addr().expect("a peer"), here);
    }
    assert!(crate::systems::kit::web::wire::connect(&[nobody]).await.is_err());
    assert!(crate::systems::kit::web::wire::connect(&[]).await.is_err());
}

#[test]
fn wrong_settings_are_refused() {
    let check = |settings: &str, want: &str| {
        let refusal = Http.secrets_to_watch(&spec(settings)).map_err(|fault| fault.message);
        assert_eq!(refusal, Err(want.to_owned()), "{settings}");
    };
    check("a = {}", "system `it` needs `url`, a text in quotes");
    check("a = { url = 'ftp://x' }", "`url` must start with `https://` or `http://`");
    check(
        "a = { url = 'https://me:pw@x.test/' }",
        "`url` must not hold a user or password; write \
         `headers = { Authorization = { basic = \"secret name\" } }`",
    );
    let metadata =
        "`url`: 169.254.169.254 is a link-local or metadata address, which is never asked";
    check("a = { url = 'http://169.254.169.254/latest' }", metadata);
    // Other writings of the same address.
    check("a = { url = 'http://2852039166/' }", metadata);
    check("a = { url = 'http://0xa9fea9fe/' }", metadata);
    check(
        "a = { url = 'http://x.test', ca = 'ca.pem' }",
        "`ca` in system `it` must be an absolute path, starting with `/`",
    );
    check(
        "a = { url = 'http://x.test', method = 'get' }",
        "`get` is not `method` in system `it`; known are GET, HEAD, POST, PUT, PATCH, DELETE",
    );
    check(
        "a = { url = 'http://x.test', headers = { Authorization = { secrt = 'x' } } }",
        "`secrt` is not a key of header `Authorization`; did you mean `secret`?",
    );
    let secrets = "a = { url = 'http://x.test', headers = { X-Key = { secret = 'k' }, \
                   Authorization = { basic = 'b' } } }\nb = { url = 'http://y.test' }";
    let names = Http.secrets_to_watch(&spec(secrets)).expect("right");
    assert_eq!(names, ["b", "k"]);
}

#[tokio::test]
async fn metadata_behind_a_name_is_refused() {
    // A name in the form of an address is resolved without a server.
    assert!(crate::systems::kit::web::address::resolve("127.0.0.1", 80).await.is_ok());
    let refused = crate::systems::kit::web::address::resolve("169.254.169.254", 80)
        .await
        .expect_err("it is refused");
    assert!(refused.is::<crate::systems::kit::web::address::Forbidden>(), "{refused}");
}

#[tokio::test]
async fn check_waits_for_health() {
    let bad = reply("503 Nope", "", "");
    let (port, _) = server(&[bad.clone(), bad, reply("200 OK", "", "")]).await;
    let system = format!("every = '1s'\nb = {{ url = 'http://127.0.0.1:{port}/' }}");
    let stage = Stage::new(Check.spec(), "", Some(&system));
    let mut operator = Check.operator(stage.setup()).expect("right");
    let before = operator.check().await;
    let why = "503 Service Unavailable in 12 ms, expected 200";
    assert_eq!(before, Standing::NotDone(why.into()));
    let mut lines = Lines::default();
    let applied = operator.apply(&execution(), &mut lines).await;
    assert_eq!(applied, Ok("200 in 12 ms".into()));
    assert_eq!(lines.0, [why]);
    assert_eq!(operator.check().await, Standing::Done("200 in 12 ms".into()));
    assert!(Check.check_settings(&table(""), None).is_err());
}

#[tokio::test]
async fn a_request_is_sent_once_and_judged() {
    let check = async |answer: String, with: &str, want: Result<&str, OperateError>| {
        let (port, asked) = server(&[answer]).await;
        let with = format!("url = 'http://127.0.0.1:{port}/{{from}}'\n{with}");
        let stage = Stage::new(Request.spec(), &with, None);
        Request.check_settings(&table(&with), None).expect("right");
        let mut operator = Request.operator(stage.setup()).expect("right");
        assert!(!operator.senses());
        assert!(matches!(operator.check().await, Standing::Unknown(_)));
        let applied = operator.apply(&execution(), &mut Lines::default()).await;
        assert_eq!(applied, want.map(Into::into));
        assert!(matches!(operator.check().await, Standing::Unknown(_)));
        let asked = asked.lock().expect("one thread").clone();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    };
    let with = "headers = { Idempotency-Key = '{key}' }\nbody = '{\"to\": \"{to_label}\"}'";
    let asked = check(reply("201 Created", "", ""), with, Ok("201 Created in 12 ms")).await;
    assert!(asked.starts_with("POST /a HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("idempotency-key: run-1/the-step/1\r\n"), "{asked}");
    assert!(asked.ends_with("{\"to\": \"West side\"}"), "{asked}");
    let says = |text: &str| crate::domain::text::Clean::new(text);
    let codes = "expected 200 or 201 or 202 or 203 or 204 or 206";
    let refused = says(&format!("404 Not Found in 12 ms, {codes}"));
    check(reply("404 No", "", ""), "", Err(OperateError::Refused(refused))).await;
    let missing = says(&format!("401 Unauthorized in 12 ms, {codes}"));
    check(reply("401 No", "", ""), "", Err(OperateError::Permission(missing))).await;
    let broken = says(&format!("500 Internal Server Error in 12 ms, {codes}"));
    check(reply("500 No", "", ""), "", Err(OperateError::Ambiguous(broken))).await;
    // Followed, a POST would become a GET.
    let moved = reply("303 See", "Location: /x\r\n", "");
    check(
        moved,
        "success = { status = 303 }",
        Ok("303 See Other in 12 ms (it points to another \
        host or too often, which is not followed)"),
    )
    .await;
    check(
        reply("200 OK", "", "{\"ok\": false}"),
        "success = { json = { '/ok' = true } }",
        Err(OperateError::Ambiguous(says("200 OK in 12 ms, /ok is false, expected true"))),
    )
    .await;
}

#[tokio::test]
async fn a_request_that_never_left_is_refused_and_a_check_tells() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr();
    let peer = free.expect("an address").to_string();
    let stage = Stage::new(Request.spec(), &format!("url = 'http://{peer}/'"), None);
    let mut operator = Request.operator(stage.setup()).expect("right");
    let applied = operator.apply(&execution(), &mut Lines::default()).await;
    let why = format!("{peer} refused the connection; nothing was sent");
    assert_eq!(applied, Err(OperateError::Refused(why.into())));

    let (port, _) = server(&[reply("404 No", "", ""), reply("200 OK", "", "")]).await;
    let url = format!("http://127.0.0.1:{port}/{{to}}");
    let with = format!("url = 'http://{peer}/'\ncheck = {{ url = '{url}' }}");
    let stage = Stage::new(Request.spec(), &with, None);
    let mut operator = Request.operator(stage.setup()).expect("right");
    assert!(operator.senses());
    let not_done = "404 Not Found in 12 ms, expected 200";
    assert_eq!(operator.check().await, Standing::NotDone(not_done.into()));
    assert_eq!(operator.check().await, Standing::Done("200 in 12 ms".into()));
    let preview = operator.preview().await;
    assert_eq!(preview.call.as_str(), format!("POST http://{peer}/"));
    for wrong in ["check = { url = 'http://x/{run}' }", "check = { url = 'http://x', on = 1 }"] {
        let with = format!("url = 'http://{peer}/'\n{wrong}");
        assert!(Request.check_settings(&table(&with), None).is_err(), "{wrong}");
    }
    assert!(matches!(look_at(&format!("b = {{ url = 'http://{peer}/' }}")).await,
        Err(error) if error.kind == LookErrorKind::Unreachable));
}
