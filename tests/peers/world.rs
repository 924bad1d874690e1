//! Namespaces, programs in them, and waiting for what they do.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::net::Ipv6Addr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot;

/// What has to be there, and the Debian package that it comes with.
const PROGRAMS: [(&str, &str); 11] = [
    ("ip", "iproute2"),
    ("wireguard-go", "wireguard-go"),
    ("wg", "wireguard-tools"),
    ("knotd", "knot"),
    ("dig", "bind9-dnsutils"),
    ("ping", "iputils-ping"),
    ("nft", "nftables"),
    ("socat", "socat"),
    ("openssl", "openssl"),
    ("faketime", "faketime"),
    ("tcpdump", "tcpdump"),
];

/// Whether such tests can run here; else the reason is printed.
///
/// # Panics
/// Where they cannot and `SIXPANE_REQUIRE_PEERS` is set.
pub fn possible() -> bool {
    let Err(reason) = check() else { return true };
    let line = "*".repeat(78);
    // Not by the macro, whose words `cargo test` keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "\n{line}\n** SKIPPED, nothing was proved against other people's programs:\n** {reason}\n{line}"
    );
    assert!(std::env::var_os("SIXPANE_REQUIRE_PEERS").is_none(), "a skip is a failure here: {reason}");
    false
}

fn check() -> Result<(), String> {
    for (program, package) in PROGRAMS {
        if !has(program) {
            return Err(format!("{program} is not installed (apt-get install {package})"));
        }
    }
    if !Path::new("/dev/net/tun").exists() {
        return Err("there is no /dev/net/tun, which wireguard-go needs".into());
    }
    let name = unique("t");
    let made =
        Command::new("ip").args(["netns", "add", &name]).output().map_err(|error| error.to_string())?;
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr);
        return Err(format!("no network namespace can be made ({}); root is needed", why.trim()));
    }
    let _ = Command::new("ip").args(["netns", "del", &name]).status();
    Ok(())
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder: PathBuf| folder.join(program).exists())
}

/// A unique name, short enough for an interface.
pub fn unique(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("sp{}{kind}{}", std::process::id() % 1_000_000, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A network namespace with its loopback up. It goes when this is dropped.
pub struct Space(pub String);

impl Space {
    pub fn new(kind: &str) -> Self {
        let space = Self(unique(kind));
        run("ip", &["netns", "add", &space.0]);
        space.ip("link set lo up");
        space
    }

    /// `ip` inside.
    pub fn ip(&self, words: &str) {
        let mut all = vec!["-n", self.0.as_str()];
        all.extend(words.split(' '));
        run("ip", &all);
    }

    /// Many lines for `ip` inside.
    pub fn ip_batch(&self, lines: &[String]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        run("ip", &["-6", "-n", &self.0, "-batch", file.path().to_str().unwrap()]);
    }

    /// A program inside, not yet started.
    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]).args(words).stdin(Stdio::null());
        // dig and Knot must not look elsewhere, and messages must be the same everywhere.
        command.env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Runs a program inside to its end.
    pub fn output(&self, program: &str, words: &[&str]) -> Output {
        self.command(program, words).output().unwrap()
    }

    /// Whether a UDP socket inside is bound to `port`.
    pub fn listens(&self, port: u16) -> bool {
        let table = self.output("cat", &["/proc/net/udp", "/proc/net/udp6"]);
        String::from_utf8_lossy(&table.stdout).contains(&format!(":{port:04X} "))
    }

    /// A program inside that runs until this is dropped.
    pub fn start(&self, program: &str, words: &[&str], env: &[(&str, &str)]) -> Running {
        let mut command = self.command(program, words);
        command.envs(env.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    /// Does `make` inside, on a thread of its own; the sockets that it opens belong there wherever they are used.
    pub fn inside<T: Send>(&self, make: impl FnOnce() -> T + Send) -> T {
        let space = File::open(PathBuf::from("/run/netns").join(&self.0)).unwrap();
        let there = || {
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            make()
        };
        std::thread::scope(|scope| scope.spawn(there).join().unwrap())
    }

    /// Two namespaces with a cable between: `here` gets the first address, `there` the second.
    pub fn cable(here: &Self, there: &Self, net: &str) {
        let (a, b) = (unique("a"), unique("b"));
        run("ip", &["-n", &here.0, "link", "add", &a, "type", "veth", "peer", "name", &b, "netns", &there.0]);
        here.ip(&format!("addr add {net}.1/24 dev {a}"));
        there.ip(&format!("addr add {net}.2/24 dev {b}"));
        here.ip(&format!("link set {a} up"));
        there.ip(&format!("link set {b} up"));
    }
}

impl Space {
    /// Rules of a packet filter for what comes in.
    pub fn filter(&self, rules: &[&str]) {
        let mut text = String::new();
        for family in ["ip", "ip6"] {
            let _ = writeln!(text, "add table {family} f");
            let _ = writeln!(text, "add chain {family} f i {{ type filter hook input priority 0; }}");
        }
        for rule in rules {
            let (family, rule) = rule.split_once(' ').unwrap();
            let _ = writeln!(text, "add rule {family} f i {rule}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let output = self.output("nft", &["-f", file.path().to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The name server that programs inside find in their resolv.conf, until this is dropped.
    pub fn resolver(&self, server: &str) {
        let folder = PathBuf::from("/etc/netns").join(&self.0);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("resolv.conf"), format!("nameserver {server}\n")).unwrap();
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(PathBuf::from("/etc/netns").join(&self.0));
        let _ = Command::new("ip").args(["netns", "del", &self.0]).output();
    }
}

/// A program that is ended when this is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What runs on a thread of its own until this is dropped.
pub struct Beside {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    pub fn run<F: Future<Output = ()>>(what: impl FnOnce() -> F + Send + 'static) -> Self {
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = what() => {}
                }
            });
        });
        Self { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.end.take());
        // Its sockets are closed then; its panic was reported.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Runs a program that must succeed.
pub fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {why}", words.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// Asks again and again until `done`, at most ten seconds.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} did not happen within 10 s");
        pause();
    }
}

/// Poll interval for the state of other programs, which send no events.
#[expect(clippy::disallowed_methods, reason = "another program is waited for, with a deadline")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// A pair of WireGuard keys, private and public, in base64.
pub fn keys() -> (String, String) {
    let private = run("wg", &["genkey"]).trim().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, &private).unwrap();
    let output =
        Command::new("wg").arg("pubkey").stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    (private, String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// wireguard-go with an interface inside `space`; it is not configured yet.
pub fn wireguard(space: &Space) -> (Running, String) {
    let interface = unique("w");
    let running = space.start("wireguard-go", &["-f", &interface], &[]);
    let socket = PathBuf::from(format!("/var/run/wireguard/{interface}.sock"));
    // A `wg` that comes before it listens would take the socket for a dead one, and remove it.
    until("wireguard-go's socket", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    (running, interface)
}

/// The words of `dig +short`, sorted.
pub fn short(output: &Output) -> Vec<String> {
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect();
    lines.sort();
    lines
}

/// Addresses as `dig` writes them, sorted in the same way.
pub fn shown(addresses: impl IntoIterator<Item = Ipv6Addr>) -> Vec<String> {
    let mut all: Vec<String> = addresses.into_iter().map(|address| address.to_string()).collect();
    all.sort();
    all
}
