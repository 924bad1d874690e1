//! The far side: wireguard-go and Knot in one namespace, a client's namespace beside it.

use std::any::Any;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::org::Org;
use crate::world::{Running, Space, keys, run, until, wireguard};

const PORT: u16 = 51820;

/// A gateway with an org behind it, and a client in front that has a conf for it.
pub struct Gateway {
    pub client: Space,
    pub far: Space,
    pub conf: PathBuf,
    pub folder: TempDir,
    dns: String,
    public: String,
    pub interface: String,
    /// The client's public key.
    pub peer_public: String,
    knot: Option<Running>,
    /// What runs beside, for as long.
    beside: Vec<Box<dyn Any>>,
    _wireguard: Running,
}

impl Gateway {
    /// Keeps what runs beside until the gateway goes.
    pub fn keep(&mut self, beside: impl Any) {
        self.beside.push(Box::new(beside));
    }

    pub fn start(org: &Org) -> Self {
        Self::with_zones(org, &[])
    }

    /// The same, with further zones: their names and files' texts.
    pub fn with_zones(org: &Org, zones: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (client, far) = (Space::new("c"), Space::new("g"));
        Space::cable(&client, &far, "10.6.0");
        let (private, public) = keys();
        let (peer_private, peer_public) = keys();
        // Before wireguard-go starts: it ends if its netlink socket overflows with changes of addresses.
        let dns = org.dns().to_string();
        let mut lines = vec![format!("addr add {dns}/128 dev lo nodad")];
        lines.extend(org.addresses().map(|address| format!("addr add {address}/128 dev lo nodad")));
        far.ip_batch(&lines);
        let (wireguard, interface) = wireguard(&far);
        let key = folder.path().join("gateway.key");
        std::fs::write(&key, &private).unwrap();
        let peer = Org::peer_address(org.network).to_string();
        let port = PORT.to_string();
        let mut words = vec!["set", &interface, "listen-port", &port, "private-key", key.to_str().unwrap()];
        let allowed = format!("{peer}/128");
        words.extend(["peer", &peer_public, "allowed-ips", &allowed]);
        run("wg", &words);
        far.ip(&format!("link set {interface} up mtu 1420"));
        // wireguard-go opens its port when it hears that the interface is up.
        until("wireguard-go's port", || far.listens(PORT));
        far.ip(&format!("-6 route add {peer}/128 dev {interface}"));
        let mut all = vec![("internal", org.internal()), ("flycast", org.flycast())];
        all.extend(zones.iter().map(|(name, text)| (*name, text.clone())));
        let knot = knot(&far, &dns, folder.path(), &all);
        until("Knot's answer", || {
            let asked = far.output(
                "dig",
                &[&format!("@{dns}"), "+short", "+tries=1", "+time=1", "_apps.internal", "TXT"],
            );
            asked.stdout.starts_with(b"\"")
        });
        let conf = folder.path().join("my-peer.conf");
        // A gateway forwards, and says where it cannot.
        run("ip", &["netns", "exec", &far.0, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"]);
        let gateway = Self {
            client,
            far,
            conf,
            folder,
            dns,
            public,
            interface,
            peer_public,
            knot: Some(knot),
            beside: vec![],
            _wireguard: wireguard,
        };
        gateway.write_conf(org, &peer_private, &gateway.public, &format!("10.6.0.2:{PORT}"));
        gateway
    }

    /// Writes the client's conf.
    pub fn write_conf(&self, org: &Org, private: &str, public: &str, endpoint: &str) {
        let text = format!(
            "[Interface]\nPrivateKey = {private}\nAddress = {}/120\nDNS = {}\n\n[Peer]\nPublicKey = {public}\n\
             AllowedIPs = {}\nEndpoint = {endpoint}\nPersistentKeepalive = 15\n",
            Org::peer_address(org.network),
            self.dns,
            org.prefix(),
        );
        write_private(&self.conf, &text);
    }

    /// The conf with one line in place of the one with the same key.
    pub fn change_conf(&self, key: &str, value: &str) {
        let text = std::fs::read_to_string(&self.conf).unwrap();
        let lines: Vec<String> = text
            .lines()
            .map(|line| if line.starts_with(key) { format!("{key} = {value}") } else { line.to_owned() })
            .collect();
        // Its mode stays: that may be a fault of its own.
        std::fs::write(&self.conf, lines.join("\n") + "\n").unwrap();
    }

    /// Ends the name server.
    pub fn end_server(&mut self) {
        self.knot = None;
    }

    /// Another name server in its place, with these zones; it is there when it answers anything at all.
    pub fn serve(&mut self, zones: &[(&str, String)]) {
        self.knot = None;
        self.knot = Some(knot(&self.far, &self.dns, self.folder.path(), zones));
        until("Knot's answer", || {
            let words = [&format!("@{}", self.dns), "+tries=1", "+time=1", "_apps.internal", "TXT"];
            self.far.output("dig", &words).status.success()
        });
    }

    /// The conf by another name.
    pub fn rename_conf(&mut self, name: &str) {
        let path = self.conf.with_file_name(format!("{name}.conf"));
        std::fs::rename(&self.conf, &path).unwrap();
        self.conf = path;
    }

    /// A line of the conf.
    pub fn conf_line(&self, key: &str) -> String {
        let text = std::fs::read_to_string(&self.conf).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_once('=').unwrap().1.trim().to_owned()
    }

    /// The system's own VPN on the client's side, with the conf's own key.
    pub fn tun_of_conf(&self, org: &Org) -> Running {
        let (running, interface) = wireguard(&self.client);
        let key = self.folder.path().join("own.key");
        std::fs::write(&key, self.conf_line("PrivateKey")).unwrap();
        let mut words = vec!["set", &interface, "private-key", key.to_str().unwrap(), "peer", &self.public];
        let (prefix, endpoint) = (org.prefix(), format!("10.6.0.2:{PORT}"));
        words.extend(["allowed-ips", &prefix, "endpoint", &endpoint]);
        run("wg", &words);
        self.client.ip(&format!("link set {interface} up mtu 1420"));
        let address = Org::peer_address(org.network);
        self.client.ip(&format!("-6 addr add {address}/128 dev {interface} nodad"));
        self.client.ip(&format!("-6 route add {prefix} dev {interface}"));
        until("an answer over the TUN device", || {
            self.near_dig(&["+short", "+tries=1", "+time=1", "ns.internal", "AAAA"])
                .stdout
                .starts_with(b"::1")
        });
        running
    }

    /// `sixpane COMMAND CONF WORDS…` on the client.
    pub fn sixpane(&self, command: &str, words: &[&str]) -> Output {
        let mut all = vec![command, self.conf.to_str().unwrap()];
        all.extend(words);
        self.client
            .command(env!("CARGO_BIN_EXE_sixpane"), &all)
            .env("XDG_STATE_HOME", self.folder.path())
            .output()
            .unwrap()
    }

    /// A wireguard-go with a TUN device on the client's side, attached as a second peer of the org.
    pub fn tun(&self, org: &Org) -> Running {
        let (running, interface) = wireguard(&self.client);
        let (private, public) = keys();
        let key = self.folder.path().join("tun.key");
        std::fs::write(&key, &private).unwrap();
        let address = Org::tun_address(org.network);
        run("wg", &["set", &self.interface, "peer", &public, "allowed-ips", &format!("{address}/128")]);
        self.far.ip(&format!("-6 route add {address}/128 dev {}", self.interface));
        run(
            "wg",
            &[
                "set",
                &interface,
                "private-key",
                key.to_str().unwrap(),
                "peer",
                &self.public,
                "allowed-ips",
                &org.prefix(),
                "endpoint",
                &format!("10.6.0.2:{PORT}"),
            ],
        );
        self.client.ip(&format!("link set {interface} up mtu 1420"));
        self.client.ip(&format!("-6 addr add {address}/128 dev {interface} nodad"));
        self.client.ip(&format!("-6 route add {} dev {interface}", org.prefix()));
        until("an answer over the TUN device", || {
            self.near_dig(&["+short", "+tries=1", "+time=1", "ns.internal", "AAAA"])
                .stdout
                .starts_with(b"::1")
        });
        running
    }

    /// The real `dig` on the client's side, through a tunnel that is up there.
    pub fn near_dig(&self, words: &[&str]) -> Output {
        let server = format!("@{}", self.dns);
        let mut all = vec![server.as_str()];
        all.extend(words);
        self.client.output("dig", &all)
    }

    /// The real `dig` on the far side, to the same name server.
    pub fn dig(&self, words: &[&str]) -> Output {
        let server = format!("@{}", self.dns);
        let mut all = vec![server.as_str()];
        all.extend(words);
        self.far.output("dig", &all)
    }
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn knot(space: &Space, address: &str, folder: &Path, zones: &[(&str, String)]) -> Running {
    let shown = folder.display();
    // Knot makes no folder for its keys.
    std::fs::create_dir_all(folder.join("db")).unwrap();
    let mut conf = format!(
        "server:\n  rundir: \"{shown}\"\n  listen: [ \"{address}@53\", \"10.6.0.2@53\" ]\n  udp-workers: 1\n  tcp-workers: 1\n  \
         background-workers: 1\n  nsid: \"ns1\"\n\
         database:\n  storage: \"{shown}/db\"\n\
         template:\n  - id: default\n    storage: \"{shown}\"\n    zonefile-sync: -1\n    semantic-checks: false\nzone:\n"
    );
    if zones.iter().any(|(name, _)| *name == "signed") {
        // Whoever sends a cookie has to send the server's, too.
        let modules = "mod-cookies:\n  - id: strict\n    badcookie-slip: 1\ntemplate:\n  - id: default\n    \
                       global-module: mod-cookies/strict\n";
        conf = conf.replace("template:\n  - id: default\n", modules);
    }
    for (name, text) in zones {
        std::fs::write(folder.join(format!("{name}.zone")), text).unwrap();
        let _ = writeln!(conf, "  - domain: {name}.\n    file: {name}.zone");
        if *name == "signed" {
            conf.push_str(
                "    dnssec-signing: on\n    zonefile-load: difference-no-serial\n    journal-content: all\n",
            );
        }
    }
    let path = folder.join("knot.conf");
    std::fs::write(&path, conf).unwrap();
    space.start("knotd", &["-c", path.to_str().unwrap()], &[])
}
