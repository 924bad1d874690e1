//! A name server that lies, behind a real WireGuard gateway on loopback: a test says what comes back for each question.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use ipnet::Ipv6Net;
use sixpane::testing::net::IcmpError;
use sixpane::testing::net::handles::{Host, Listener, TcpStream};
use sixpane::testing::net::packet::{self, Inner, Packet};
use sixpane::testing::net::stack::Stack;
use sixpane::testing::net::wireguard::{Config, Limiter, Outputs, Peer};
use sixpane::testing::profile::{self, DnsServer, Endpoint, Profile, Secret, render};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use super::gateway::sixpane;

const MTU: u16 = 1420;
const CLIENT: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 0xd6b, 0, 0xa, 2);
/// The name server.
pub const SERVER: SocketAddrV6 = SocketAddrV6::new(Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3), 53, 0, 0);

/// How a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Udp,
    /// On which connection, counted from 1.
    Tcp(usize),
}

/// A question as it came.
#[derive(Debug, Clone)]
pub struct Query {
    pub over: Over,
    pub wire: Vec<u8>,
    /// How many came before it.
    pub nth: usize,
}

impl Query {
    /// The labels, as bytes.
    pub fn labels(&self) -> Vec<Vec<u8>> {
        let (mut at, mut labels) = (12, Vec::new());
        while let Some(&length @ 1..) = self.wire.get(at) {
            let end = at + 1 + usize::from(length);
            labels.push(self.wire[at + 1..end].to_vec());
            at = end;
        }
        labels
    }

    /// The name, in small letters, without the last dot.
    pub fn name(&self) -> String {
        let labels: Vec<_> =
            self.labels().iter().map(|l| String::from_utf8_lossy(l).to_lowercase()).collect();
        labels.join(".")
    }

    /// The question section.
    fn question(&self) -> &[u8] {
        let name: usize = self.labels().iter().map(|label| label.len() + 1).sum();
        &self.wire[12..12 + name + 5]
    }

    /// Whether an OPT record came along.
    pub fn edns(&self) -> bool {
        self.wire[11] > 0
    }

    /// A response with these flags and this RCODE, the question, and `answers` as they are, counted as `count`.
    pub fn message(&self, flags: u16, count: u16, answers: &[u8]) -> Vec<u8> {
        let mut wire = self.wire[..2].to_vec();
        wire.extend((0x8500 | flags).to_be_bytes());
        wire.extend([0, 1]);
        wire.extend(count.to_be_bytes());
        wire.extend([0; 4]);
        wire.extend(self.question());
        wire.extend(answers);
        wire
    }

    /// NOERROR with these records.
    pub fn answer(&self, records: &[Vec<u8>]) -> Vec<u8> {
        self.message(0, records.len() as u16, &records.concat())
    }

    /// An RCODE and no record.
    pub fn code(&self, code: u16) -> Vec<u8> {
        self.message(code, 0, &[])
    }
}

/// A record of the name that is asked for, with any data.
pub fn record(rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut wire = vec![0xc0, 12];
    wire.extend(rtype.to_be_bytes());
    wire.extend([0, 1, 0, 0, 0, 5]);
    wire.extend((data.len() as u16).to_be_bytes());
    wire.extend(data);
    wire
}

/// A TXT record of these strings.
pub fn txt(strings: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for string in strings {
        data.push(string.len() as u8);
        data.extend(*string);
    }
    record(16, &data)
}

/// A TXT record of one text, cut into strings at 255 bytes.
pub fn text(text: &[u8]) -> Vec<u8> {
    let strings: Vec<&[u8]> = if text.is_empty() { vec![b""] } else { text.chunks(255).collect() };
    txt(&strings)
}

pub fn aaaa(address: &str) -> Vec<u8> {
    record(28, &address.parse::<Ipv6Addr>().unwrap().octets())
}

/// What comes back.
#[derive(Debug, Clone)]
pub enum Do {
    /// A message.
    Say(Vec<u8>),
    /// A datagram from another sender.
    From(SocketAddrV6, Vec<u8>),
    /// Bytes on the connection, as they are.
    Raw(Vec<u8>),
    /// The same, each in a segment of its own.
    Drip(Vec<u8>),
    /// Nothing for a while.
    Wait(Duration),
    /// The end of the connection.
    Close,
    /// The end of all connections, at once, and of taking any.
    Reset,
}

type Lies = Arc<Mutex<dyn FnMut(&Query) -> Vec<Do> + Send>>;

/// A gateway with such a server, and a conf to attach with. It ends with this.
pub struct Liar {
    pub folder: TempDir,
    conf: PathBuf,
    /// Every question that came.
    pub asked: Arc<Mutex<Vec<Query>>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    pub fn new(lies: impl FnMut(&Query) -> Vec<Do> + Send + 'static) -> Self {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let endpoint = socket.local_addr().unwrap();
        let (ours, theirs) = (Secret::new(rand::random()), Secret::new(rand::random()));
        let profile = Profile {
            name: "liar".into(),
            path: None,
            private_key: theirs.clone(),
            addresses: vec![Ipv6Net::new_assert(CLIENT, 120)],
            dns: DnsServer { addr: *SERVER.ip(), derived: false },
            mtu: MTU,
            listen_port: None,
            peer: profile::Peer {
                public_key: ours.public_key(),
                preshared_key: None,
                endpoint: Endpoint::Addr(endpoint),
                allowed_ips: vec!["fdaa:0:18::/48".parse().unwrap()],
                keepalive: None,
            },
            notes: vec![],
        };
        let config = Config {
            private_key: ours,
            public_key: theirs.public_key(),
            preshared_key: None,
            allowed_ips: vec![Ipv6Net::new_assert(CLIENT, 128)],
            keepalive: None,
            mtu: MTU,
        };
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("liar.conf");
        std::fs::write(&conf, render::conf(&profile).as_bytes()).unwrap();
        std::fs::set_permissions(&conf, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = oneshot::channel();
        let (log, lies): (_, Lies) = (asked.clone(), Arc::new(Mutex::new(lies)));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let socket = UdpSocket::from_std(socket).unwrap();
                tokio::select! {
                    () = serve(socket, config, log, lies) => {}
                    _ = ended => {}
                }
            });
        });
        Self { folder, conf, asked, end: Some(end), thread: Some(thread) }
    }

    /// One that answers the same to a name, whatever is asked of it, and to all other names that there is none.
    pub fn of(names: Vec<(&'static str, Vec<Vec<u8>>)>) -> Self {
        Self::new(move |query| {
            let found = names.iter().find(|(name, _)| *name == query.name());
            vec![Do::Say(
                found.map_or_else(|| query.code(3), |(_, records)| fit(query, query.answer(records))),
            )]
        })
    }

    /// `sixpane COMMAND CONF WORDS…`.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut all = vec![words[0], self.conf.to_str().unwrap()];
        all.extend(&words[1..]);
        sixpane(self.folder.path(), &all).output().unwrap()
    }

    /// The questions for `name` so far.
    pub fn asked(&self, name: &str) -> Vec<Query> {
        self.asked.lock().unwrap().iter().filter(|query| query.name() == name).cloned().collect()
    }
}

/// `message`, or where a datagram cannot hold it, the word that it is cut.
pub fn fit(query: &Query, message: Vec<u8>) -> Vec<u8> {
    if query.over == Over::Udp && message.len() > 1232 { query.message(0x200, 0, &[]) } else { message }
}

impl Drop for Liar {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn serve(socket: UdpSocket, config: Config, asked: Arc<Mutex<Vec<Query>>>, lies: Lies) {
    let mut peer = Peer::responder(
        &config,
        rand::random::<u32>() >> 8,
        clock(),
        Limiter::new(&config.private_key, 1000),
    );
    let host = Host::new(Stack::new(&[*SERVER.ip()], MTU, rand::random(), clock()));
    let (leaving, mut outbox) = mpsc::unbounded_channel::<Vec<u8>>();
    let tell = move |over, wire: Vec<u8>| {
        let query = {
            let mut asked = asked.lock().unwrap();
            let query = Query { over, wire, nth: asked.len() };
            asked.push(query.clone());
            query
        };
        (lies.lock().unwrap())(&query)
    };
    let tell = Arc::new(tell);
    let listener = host.listen(SERVER.port()).unwrap();
    tokio::spawn(accept(listener, host.clone(), tell.clone()));
    let mut datagram = vec![0; 65_535];
    loop {
        let now = clock();
        let mut packets = std::collections::VecDeque::new();
        host.stack().poll(now, &mut packets);
        let mut out = Outputs::default();
        for packet in &packets {
            peer.send(now, packet, &mut out);
        }
        peer.tick(now, &mut out);
        transmit(&socket, out).await;
        let wake = [host.stack().deadline(clock()), peer.deadline()].into_iter().flatten().min();
        let asleep = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            came = socket.recv_from(&mut datagram) => {
                let Ok((length, from)) = came else { continue };
                let mut out = Outputs::default();
                peer.feed(clock(), from, &datagram[..length], &mut out);
                let inner = std::mem::take(&mut out.inner);
                transmit(&socket, out).await;
                for bytes in &inner {
                    route(bytes, &host, &leaving, tell.as_ref());
                }
            }
            Some(packet) = outbox.recv() => {
                let mut out = Outputs::default();
                peer.send(clock(), &packet, &mut out);
                transmit(&socket, out).await;
            }
            () = host.rung() => {}
            () = asleep => {}
        }
    }
}

async fn transmit(socket: &UdpSocket, out: Outputs) {
    for transmit in out.network {
        let to: SocketAddr = transmit.to;
        let _ = socket.send_to(&transmit.datagram, to).await;
    }
}

/// What becomes of a packet from the client.
fn route(
    bytes: &[u8],
    host: &Arc<Host>,
    leaving: &mpsc::UnboundedSender<Vec<u8>>,
    tell: &(dyn Fn(Over, Vec<u8>) -> Vec<Do> + Send + Sync),
) {
    let Ok(asked) = Packet::parse(bytes) else { return };
    match asked.inner {
        Inner::Udp { src, dst, payload } if SocketAddrV6::new(asked.to, dst, 0, 0) == SERVER => {
            let back = SocketAddrV6::new(asked.from, src, 0, 0);
            let (todo, leaving) = (tell(Over::Udp, payload.to_vec()), leaving.clone());
            tokio::spawn(async move {
                for step in todo {
                    let (from, payload) = match step {
                        Do::Wait(time) => {
                            tokio::time::sleep(time).await;
                            continue;
                        }
                        Do::Say(payload) | Do::Raw(payload) => (SERVER, payload),
                        Do::From(from, payload) => (from, payload),
                        Do::Drip(_) | Do::Close | Do::Reset => panic!("{step:?} of a datagram"),
                    };
                    let _ = leaving.send(packet::udp(from, back, &payload, MTU).unwrap());
                }
            });
        }
        Inner::Tcp { .. } if asked.to == *SERVER.ip() => host.stack().ingress(clock(), bytes),
        Inner::EchoRequest(echo) => {
            let _ = leaving.send(packet::echo_reply(asked.to, asked.from, echo, MTU).unwrap());
        }
        _ => {
            let error = packet::icmp_error(*SERVER.ip(), asked.from, IcmpError::Unreachable(3), bytes);
            let _ = leaving.send(error);
        }
    }
}

async fn accept(
    mut listener: Listener,
    host: Arc<Host>,
    tell: Arc<impl Fn(Over, Vec<u8>) -> Vec<Do> + Send + Sync + 'static>,
) {
    let mut count = 0;
    while let Ok(stream) = listener.accept().await {
        count += 1;
        tokio::spawn(connection(stream, count, host.clone(), tell.clone()));
    }
}

async fn connection(
    mut stream: TcpStream,
    number: usize,
    host: Arc<Host>,
    tell: Arc<impl Fn(Over, Vec<u8>) -> Vec<Do> + Send + Sync + 'static>,
) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut wire = vec![0; usize::from(length)];
        stream.read_exact(&mut wire).await?;
        for step in tell(Over::Tcp(number), wire) {
            match step {
                Do::Wait(time) => tokio::time::sleep(time).await,
                Do::Say(message) => {
                    let mut frame = (message.len() as u16).to_be_bytes().to_vec();
                    frame.extend(message);
                    stream.write_all(&frame).await?;
                }
                Do::Raw(bytes) => stream.write_all(&bytes).await?,
                Do::Drip(bytes) => {
                    for byte in bytes {
                        stream.write_all(&[byte]).await?;
                        // The pace of a server that trickles, which nothing waits for.
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                Do::Close => return Ok(()),
                Do::Reset => {
                    host.stack().tcp().abort();
                    host.ring();
                    return Ok(());
                }
                Do::From(..) => panic!("a stream comes from one"),
            }
        }
    }
}

fn clock() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
