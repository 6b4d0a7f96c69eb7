//! Sites of any size, and peers that answer, that never answer, and that stop answering.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Peers in this process.
pub struct Peers {
    _runtime: Runtime,
    /// Answers at once.
    pub healthy: String,
    /// Takes the connection and never answers.
    pub hung: String,
    /// Answers until it is switched off.
    pub switched: String,
    on: Arc<AtomicBool>,
}

impl Peers {
    /// Starts all three.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let on = Arc::new(AtomicBool::new(true));
        let serve = |answers: Arc<AtomicBool>| {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
            let address = listener.local_addr().expect("an address").to_string();
            runtime.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(talk(stream, Arc::clone(&answers)));
                }
            });
            address
        };
        let healthy = serve(Arc::new(AtomicBool::new(true)));
        let hung = serve(Arc::new(AtomicBool::new(false)));
        let switched = serve(Arc::clone(&on));
        Self { _runtime: runtime, healthy, hung, switched, on }
    }

    /// From now on the switched peer never answers.
    pub fn switch_off(&self) {
        self.on.store(false, Ordering::SeqCst);
    }
}

async fn talk(mut stream: TcpStream, answers: Arc<AtomicBool>) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
        if !answers.load(Ordering::SeqCst) {
            continue;
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// A site in a folder of its own, where its console also keeps its state.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// Writes a site of `count` systems at a peer for each region, with a plan that only looks.
    pub fn new(count: usize, peers: [&str; 2], steps: usize) -> Self {
        Self::of(count, |_| peers, steps)
    }

    /// The same, the first half of its systems at one peer on both sides, the others at another.
    pub fn half_hung(count: usize, [hung, healthy]: [&str; 2]) -> Self {
        Self::of(count, |number| [if number < count / 2 { hung } else { healthy }; 2], 1)
    }

    fn of<'a>(count: usize, peers: impl Fn(usize) -> [&'a str; 2], steps: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut site = "schema = 1\nname = \"bench\"\ntitle = \"Bench\"\nred_needs_signals = 1\n\
            people.anna = { roles = [\"commander\"], may_declare = true }\n\
            objectives.core = { rto = \"10m\", rpo = \"5m\", rpo_guaranteed = false }\n\
            regions.a = { label = \"Region A\", starts_as = \"primary\" }\n\
            regions.b = { label = \"Region B\", starts_as = \"standby\" }\n"
            .to_owned();
        for number in 0..count {
            let url = |peer: &str| format!("{{ url = \"http://{peer}/health/{number}\" }}");
            let [in_a, in_b] = peers(number).map(url);
            let _ = write!(
                site,
                "\n[systems.s{number:03}]\nkind = \"http\"\nobjective = \"core\"\n\
                 every = \"1s\"\ntimeout = \"1s\"\na = {in_a}\nb = {in_b}\n"
            );
        }
        site.push_str("\n[rules]\ns000_down = { system = \"s000\", failures = 3 }\n");
        let mut plan = "schema = 1\nname = \"failover\"\ntitle = \"Bench\"\n\
            from = \"a\"\nto = \"b\"\n\
            restored = [{ system = \"s000\", in = \"to\", fact = \"healthy\", is = true }]\n"
            .to_owned();
        for number in 1..=steps {
            let _ = write!(
                plan,
                "\n[[steps]]\nid = \"step{number}\"\ntitle = \"Look\"\n\
                 action = \"command.check\"\n\
                 expect = \"1s\"\ntimeout = \"20s\"\nwith = {{ check = [\"true\"] }}\n"
            );
        }
        let dir = folder.path().join("bench");
        fs::create_dir_all(dir.join("runbooks")).expect("a folder");
        fs::write(dir.join("site.toml"), site).expect("a site");
        fs::write(dir.join("runbooks/failover.toml"), plan).expect("a plan");
        Self { folder }
    }

    /// The same, with one step that prints without end.
    pub fn flooding(count: usize, peers: [&str; 2]) -> Self {
        let place = Self::new(count, peers, 0);
        let path = place.path().join("bench/runbooks/failover.toml");
        let mut plan = fs::read_to_string(&path).expect("a plan");
        plan.push_str(
            "\n[[steps]]\nid = \"flood\"\ntitle = \"Flood\"\naction = \"command.set\"\n\
             expect = \"1m\"\ntimeout = \"5m\"\n\
             compensation = { none = \"nothing to take back\" }\n\
             with = { argv = [\"yes\", \"a flooded line\"], check = [\"false\"] }\n",
        );
        fs::write(&path, plan).expect("a plan");
        place
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The site's folder.
    pub fn site(&self) -> String {
        self.folder.path().join("bench").display().to_string()
    }
}
