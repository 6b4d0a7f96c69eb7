//! A real Prometheus that scrapes an exporter in the tests' own process, which can be told.

pub mod exporter;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::janitor::Janitor;
use super::peers::PROMETHEUS;
use super::program::Program;
use super::{DEADLINE, free_port, until};
use exporter::Exporter;

/// How often it scrapes.
pub const SCRAPE_EVERY: Duration = Duration::from_secs(1);

/// The rigs' password for reading, as it is kept: bcrypt, of the fewest rounds.
const READ_HASH: &str = "$2b$04$TO/m9ILs1zr1/cA1aBWc4OfUVguYTtJqZFKvEnNTDT02Qw549DEgW";

/// One server and what it scrapes. Dropping it kills it.
pub struct Prometheus {
    /// The program.
    pub program: Program,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// What it scrapes.
    pub exporter: Exporter,
    /// The authority of its certificate, once it is locked.
    pub ca: PathBuf,
    locked: bool,
    // Both after what lives in the folder.
    _janitor: Janitor,
    home: TempDir,
}

impl Prometheus {
    /// Starts one, and waits until it has scraped.
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("wr-prometheus-").tempdir().unwrap();
        let mut server = Self {
            program: Program::new(home.path(), "prometheus"),
            port: free_port("127.0.0.1"),
            exporter: Exporter::start(),
            ca: home.path().join("ca.pem"),
            locked: false,
            _janitor: Janitor::of(home.path()),
            home,
        };
        let settings = format!(
            "global: {{scrape_interval: {every}s, scrape_timeout: {every}s}}\n\
             scrape_configs:\n\
             - job_name: app\n\
             \x20 static_configs: [{{targets: [\"127.0.0.1:{}\"]}}]\n",
            server.exporter.port,
            every = SCRAPE_EVERY.as_secs(),
        );
        fs::write(server.file("prometheus.yml"), settings).unwrap();
        server.start_again();
        server.until_scraped();
        server
    }

    /// Starts it again with all that it had stored, and waits until it is ready.
    pub fn start_again(&mut self) {
        let mut command = Command::new(PROMETHEUS.home().join("bin/prometheus"));
        command
            .arg(format!("--config.file={}", self.file("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", self.file("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--log.level=warn")
            .current_dir(self.home.path())
            // Two of its own would take both of few cores.
            .env("GOMAXPROCS", "1");
        if self.locked {
            command.arg(format!("--web.config.file={}", self.file("web.yml").display()));
        }
        self.program.start(command);
        until("prometheus is ready", DEADLINE, || {
            self.program.assert_runs();
            // Behind its lock it is asked by nobody here.
            if self.locked {
                TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            } else {
                self.get("/-/ready").is_ok_and(|(status, _)| status == 200)
            }
        });
    }

    /// Starts it again behind TLS and the user `wr_read`.
    pub fn lock(&mut self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "ca of the metrics");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "metrics");
        let certificate = params.signed_by(&key, &authority).unwrap();
        fs::write(&self.ca, authority.pem()).unwrap();
        fs::write(self.file("server.crt"), certificate.pem()).unwrap();
        fs::write(self.file("server.key"), key.serialize_pem()).unwrap();
        let web = format!(
            "tls_server_config: {{cert_file: server.crt, key_file: server.key}}\n\
             basic_auth_users: {{wr_read: \"{READ_HASH}\"}}\n"
        );
        fs::write(self.file("web.yml"), web).unwrap();
        self.program.kill9();
        self.locked = true;
        self.start_again();
    }

    /// Waits for a scrape that begins from now on.
    pub fn until_scraped(&self) {
        let seen = self.exporter.scrapes();
        // The second of them began after this was asked.
        until("it has scraped", DEADLINE, || self.exporter.scrapes() >= seen + 2);
    }

    /// What an instant query answers: its values as text, in the order of its series.
    pub fn query(&self, query: &str) -> Vec<String> {
        let path = format!("/api/v1/query?query={}", escaped(query));
        let (status, body) = self.get(&path).unwrap();
        assert_eq!(status, 200, "{query}: {body}");
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        let values = told["data"]["result"].as_array().into_iter().flatten();
        values.map(|series| series["value"][1].as_str().unwrap().to_owned()).collect()
    }

    fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, body.to_owned()))
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.home.path(), name)
    }
}

/// Every byte that is no letter or digit as its number.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
