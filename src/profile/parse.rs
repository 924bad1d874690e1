//! The parser: from the bytes of a conf to a [`Profile`] or one error.
//!
//! The grammar is that of wg-quick: `[Section]`, `Key = Value`, comments from `#`, keys and sections in any case, lists
//! separated by commas or by repeated keys. A byte order mark, CRLF or CR line ends, tabs and a missing final newline are
//! accepted. No error and no note contains a value of a key line.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};

use super::endpoint;
use super::keys;
use super::{DnsServer, Endpoint, Note, Peer, Profile, Secret};
use crate::address;
use crate::error::{Error, Exit};
use crate::text::Safe;

/// Maximum size in bytes: a conf has a few hundred.
pub(super) const LARGEST: u64 = 1 << 20;
/// Maximum length of an interface name on Linux; wg-quick uses the file name (reference document, "Create your tunnel
/// configuration").
pub const LONGEST_NAME: usize = 15;
/// Note on a conf that is readable by all users.
pub const WORLD_READABLE: &str = "the private key in it is readable by other users: chmod 600";
/// Note on a DNS line with an IPv4 server.
pub const FOREIGN_DNS: &str =
    "the DNS line has an IPv4 server, which cannot resolve names of a 6PN network; not used";
const DEFAULT_MTU: u16 = 1420;
/// Start of the note on an MTU that is not used as given.
pub const SMALL_MTU: &str = "an MTU of ";
const NOT_ONE: &str = "not a WireGuard configuration";

/// Reason why a conf is unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfError {
    /// File or name of the conf, sanitized.
    pub file: String,
    /// Line and column (in characters) from 1, if the error has a position.
    pub at: Option<(usize, usize)>,
    /// Error, without any key.
    pub why: String,
    pub hint: Option<String>,
}

impl ConfError {
    /// The file, with line and column where the error is about a place.
    pub fn place(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}:{line}:{column}", self.file),
            None => self.file.clone(),
        }
    }
}

impl fmt::Display for ConfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for ConfError {}

impl From<ConfError> for Error {
    fn from(mut error: ConfError) -> Self {
        let hint = error.hint.take();
        let message = Self::new(Exit::Config, error.place()).because(error);
        match hint {
            Some(hint) => message.hint(hint),
            None => message,
        }
    }
}

/// Parses `bytes` as the conf `name`.
///
/// # Errors
/// If it is not a WireGuard conf, or is unusable for an IPv6 network.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Profile, ConfError> {
    let whole = |why: &str| ConfError { file: name.to_owned(), at: None, why: why.to_owned(), hint: None };
    if bytes.len() as u64 > LARGEST {
        return Err(whole(&format!("{NOT_ONE}: it is larger than 1 MiB")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err(whole(&format!("{NOT_ONE}: it is a binary file")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| whole(&format!("{NOT_ONE}: it is not UTF-8 text")))?;
    let mut draft = Draft::new(name);
    for (index, line) in lines(text).enumerate() {
        draft.line(index + 1, line)?;
    }
    if !draft.saw_interface {
        let why = if text.trim().is_empty() { "it is empty" } else { "it has no [Interface] section" };
        return Err(whole(&format!("{NOT_ONE}: {why}")));
    }
    draft.finish()
}

/// Splits lines at LF, CRLF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// A value and its position.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    text: &'a str,
    line: usize,
    column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Interface,
    Peer,
    Unknown,
}

/// The conf parsed so far.
struct Draft<'n> {
    name: &'n str,
    section: Section,
    saw_interface: bool,
    interface_line: usize,
    private_key: Option<Secret>,
    addresses: Vec<Ipv6Net>,
    own_v4: usize,
    dns: Vec<Ipv6Addr>,
    mtu: Option<u16>,
    listen_port: Option<u16>,
    peers: Vec<PeerDraft>,
    ignored: Vec<String>,
    ipv4_seen: bool,
    notes: Vec<Note>,
}

#[derive(Default)]
struct PeerDraft {
    line: usize,
    public_key: Option<[u8; 32]>,
    preshared_key: Option<Secret>,
    endpoint: Option<Endpoint>,
    allowed_ips: Vec<Ipv6Net>,
    keepalive: Option<u16>,
}

impl<'n> Draft<'n> {
    fn new(name: &'n str) -> Self {
        Self {
            name,
            section: Section::None,
            saw_interface: false,
            interface_line: 0,
            private_key: None,
            addresses: Vec::new(),
            own_v4: 0,
            dns: Vec::new(),
            mtu: None,
            listen_port: None,
            peers: Vec::new(),
            ignored: Vec::new(),
            ipv4_seen: false,
            notes: Vec::new(),
        }
    }

    fn error(&self, at: At<'_>, why: impl Into<String>) -> ConfError {
        ConfError { file: self.name.to_owned(), at: Some((at.line, at.column)), why: why.into(), hint: None }
    }

    fn note(&mut self, line: usize, text: impl Into<String>) {
        self.notes.push(Note { line: Some(line), text: text.into() });
    }

    fn line(&mut self, number: usize, raw: &str) -> Result<(), ConfError> {
        let trimmed = raw.trim();
        if trimmed.starts_with(';') {
            self.note(number, "`;` is not a comment for wg-quick; treated as one here");
            return Ok(());
        }
        let code = raw.split('#').next().unwrap_or_default();
        let text = code.trim();
        let start = code.chars().take_while(|c| c.is_whitespace()).count() + 1;
        let at = At { text, line: number, column: start };
        if text.is_empty() {
            return Ok(());
        }
        if let Some(section) = text.strip_prefix('[') {
            let Some(section) = section.strip_suffix(']') else {
                return Err(self.error(at, "this section has no closing `]`"));
            };
            self.open(number, section.trim());
            return Ok(());
        }
        let Some((key, value)) = text.split_once('=') else {
            let mut error = self.error(at, "this is neither a section nor `Key = Value`");
            error.hint = Some("Address = fdaa:0:18:a7b:d6b:0:a:2/120".into());
            return Err(error);
        };
        let lead = text.chars().count() - value.trim_start().chars().count();
        let value = At { text: value.trim(), line: number, column: start + lead };
        match self.section {
            Section::Interface => self.interface(key.trim(), value),
            Section::Peer => self.peer(key.trim(), value),
            Section::Unknown => Ok(()),
            Section::None => {
                Err(self.error(at, "this line is before any section; a conf begins with [Interface]"))
            }
        }
    }

    fn open(&mut self, number: usize, section: &str) {
        self.section = match section.to_ascii_lowercase().as_str() {
            "interface" => {
                self.saw_interface = true;
                self.interface_line = number;
                Section::Interface
            }
            "peer" => {
                self.peers.push(PeerDraft { line: number, ..PeerDraft::default() });
                Section::Peer
            }
            _ => {
                let shown = Safe::new(section);
                self.note(number, format!("the section [{shown}] is unknown and not used"));
                Section::Unknown
            }
        };
    }

    fn interface(&mut self, key: &str, value: At<'_>) -> Result<(), ConfError> {
        match key.to_ascii_lowercase().as_str() {
            "privatekey" => {
                self.private_key = Some(keys::secret(value.text).map_err(|why| self.error(value, why))?);
            }
            "address" => {
                for item in items(value) {
                    match self.net(item)? {
                        IpNet::V6(net) => self.addresses.push(net),
                        IpNet::V4(_) => (self.own_v4, self.ipv4_seen) = (self.own_v4 + 1, true),
                    }
                }
            }
            "dns" => {
                for item in items(value) {
                    match item.text.parse() {
                        Ok(IpAddr::V6(addr)) => self.dns.push(addr),
                        Ok(IpAddr::V4(_)) => self.note(item.line, FOREIGN_DNS),
                        Err(_) => {
                            let shown = Safe::new(item.text);
                            self.note(
                                item.line,
                                format!("`{shown}` is a search domain, not a server; not used"),
                            );
                        }
                    }
                }
            }
            "mtu" => self.mtu = Some(self.mtu_value(value)?),
            "listenport" => {
                self.listen_port = Some(self.number(value, "a port from 0 to 65535")?).filter(|p| *p != 0);
            }
            "table" | "preup" | "postup" | "predown" | "postdown" | "saveconfig" | "fwmark" => {
                self.ignored.push(key.to_owned());
            }
            _ => self.unknown(key, value),
        }
        Ok(())
    }

    fn peer(&mut self, key: &str, value: At<'_>) -> Result<(), ConfError> {
        let Some(index) = self.peers.len().checked_sub(1) else { return Ok(()) };
        match key.to_ascii_lowercase().as_str() {
            "publickey" => {
                let parsed = keys::public(value.text).map_err(|why| self.error(value, why))?;
                self.peers[index].public_key = Some(parsed);
            }
            "presharedkey" => {
                let parsed = keys::preshared(value.text).map_err(|why| self.error(value, why))?;
                self.peers[index].preshared_key = parsed;
            }
            "endpoint" => {
                let parsed = endpoint::parse(value.text)
                    .map_err(|bad| ConfError { hint: Some(bad.example), ..self.error(value, bad.why) })?;
                self.peers[index].endpoint = Some(parsed);
            }
            "allowedips" => {
                for item in items(value) {
                    match self.net(item)? {
                        IpNet::V6(net) => self.peers[index].allowed_ips.push(net.trunc()),
                        IpNet::V4(_) => self.ipv4_seen = true,
                    }
                }
            }
            "persistentkeepalive" => {
                let seconds = match value.text.to_ascii_lowercase().as_str() {
                    "off" => 0,
                    _ => self.number(value, "seconds from 0 to 65535, or off")?,
                };
                self.peers[index].keepalive = Some(seconds).filter(|s| *s != 0);
            }
            _ => self.unknown(key, value),
        }
        Ok(())
    }

    fn unknown(&mut self, key: &str, value: At<'_>) {
        self.note(value.line, format!("the key `{}` is unknown and not used", Safe::new(key)));
    }

    /// An address, with or without a prefix length.
    fn net(&self, item: At<'_>) -> Result<IpNet, ConfError> {
        let parsed = item.text.parse().ok().or_else(|| item.text.parse::<IpAddr>().ok().map(IpNet::from));
        parsed.ok_or_else(|| ConfError {
            hint: Some("fdaa:0:18:a7b:d6b:0:a:2/120".into()),
            ..self.error(item, format!("`{}` is not an address", Safe::new(item.text)))
        })
    }

    fn number(&self, value: At<'_>, what: &str) -> Result<u16, ConfError> {
        value
            .text
            .parse()
            .map_err(|_| self.error(value, format!("`{}` is not {what}", Safe::new(value.text))))
    }

    /// IPv6 needs 1,280 (RFC 8200 §5); no path has more than 9,000.
    fn mtu_value(&mut self, value: At<'_>) -> Result<u16, ConfError> {
        let mtu = self.number(value, "an MTU from 1280 to 9000")?;
        let used = mtu.clamp(1280, 9000);
        if used != mtu {
            self.note(value.line, format!("{SMALL_MTU}{mtu} cannot carry IPv6; {used} is used"));
        }
        Ok(used)
    }

    fn finish(mut self) -> Result<Profile, ConfError> {
        let at_interface = At { text: "", line: self.interface_line, column: 1 };
        if self.private_key.is_none() {
            return Err(self.error(at_interface, "[Interface] has no PrivateKey"));
        }
        if self.addresses.is_empty() {
            return Err(if self.own_v4 > 0 {
                self.error(
                    at_interface,
                    "its only Address is IPv4; a 6PN network is IPv6, so this is another VPN's conf",
                )
            } else {
                ConfError {
                    hint: Some("Address = fdaa:0:18:a7b:d6b:0:a:2/120".into()),
                    ..self.error(at_interface, "[Interface] has no Address")
                }
            });
        }
        if self.ipv4_seen {
            self.notes.push(Note { line: None, text: "IPv4 in it is not used: the network is IPv6".into() });
        }
        if !self.ignored.is_empty() {
            let keys: Vec<String> = std::mem::take(&mut self.ignored);
            let text = format!("not used, and never run: {}", keys.join(", "));
            self.notes.push(Note { line: None, text });
        }
        if self.name.chars().count() > LONGEST_NAME {
            let text = format!(
                "Linux and wg-quick take a conf name of at most {LONGEST_NAME} characters; this has {}",
                self.name.chars().count()
            );
            self.notes.push(Note { line: None, text });
        }
        let dns = self.dns_server();
        let peer = self.choose_peer(dns.addr)?;
        if !peer.allowed_ips.iter().any(|net| net.contains(&dns.addr)) {
            let text =
                format!("AllowedIPs of the peer do not cover the name server {}: it cannot answer", dns.addr);
            self.notes.push(Note { line: None, text });
        }
        let Some(private_key) = self.private_key else {
            return Err(ConfError {
                file: self.name.to_owned(),
                at: None,
                why: "no PrivateKey".into(),
                hint: None,
            });
        };
        Ok(Profile {
            name: self.name.to_owned(),
            path: None,
            private_key,
            addresses: self.addresses,
            dns,
            mtu: self.mtu.unwrap_or(DEFAULT_MTU),
            listen_port: self.listen_port,
            peer,
            notes: self.notes,
        })
    }

    /// The first IPv6 `DNS`, or the one derived from the address.
    fn dns_server(&mut self) -> DnsServer {
        if let Some(&addr) = self.dns.first() {
            return DnsServer { addr, derived: false };
        }
        let own = self.addresses.first().map_or(Ipv6Addr::UNSPECIFIED, Ipv6Net::addr);
        let addr = address::dns_of(own);
        let text = format!("no usable DNS line: {addr} is derived from the address");
        self.notes.push(Note { line: None, text });
        DnsServer { addr, derived: true }
    }

    /// The peer with AllowedIPs that contain the name server, or the only peer.
    fn choose_peer(&mut self, dns: Ipv6Addr) -> Result<Peer, ConfError> {
        let whole = |why: String| ConfError { file: self.name.to_owned(), at: None, why, hint: None };
        let total = self.peers.len();
        let covers = |peer: &PeerDraft| {
            // As in routing, the longest prefix wins.
            peer.allowed_ips.iter().filter(|net| net.contains(&dns)).map(Ipv6Net::prefix_len).max()
        };
        let best = self.peers.iter().filter_map(covers).max();
        let fitting: Vec<usize> = match (total, best) {
            (0, _) => return Err(whole("it has no [Peer] section".into())),
            (1, _) => vec![0],
            (_, None) => {
                return Err(whole(format!(
                    "none of its {total} peers has AllowedIPs that cover the name server {dns}"
                )));
            }
            (_, Some(_)) => (0..total).filter(|&i| covers(&self.peers[i]) == best).collect(),
        };
        let [chosen] = fitting[..] else {
            let lines: Vec<String> =
                fitting.iter().map(|&i| format!("line {}", self.peers[i].line)).collect();
            return Err(whole(format!(
                "the AllowedIPs of several peers equally cover the name server {dns}: {}",
                lines.join(", ")
            )));
        };
        if total > 1 {
            let others: Vec<String> =
                (0..total).filter(|&i| i != chosen).map(|i| format!("line {}", self.peers[i].line)).collect();
            let text = format!(
                "{total} peers; the one of line {} is used, whose AllowedIPs cover the name server, not: {}",
                self.peers[chosen].line,
                others.join(", ")
            );
            self.notes.push(Note { line: Some(self.peers[chosen].line), text });
        }
        let peer = self.peers.swap_remove(chosen);
        let at = At { text: "", line: peer.line, column: 1 };
        let public_key = peer.public_key.ok_or_else(|| self.error(at, "[Peer] has no PublicKey"))?;
        let endpoint = peer.endpoint.ok_or_else(|| ConfError {
            hint: Some("Endpoint = iad1.gateway.example:51820".into()),
            ..self.error(at, "[Peer] has no Endpoint")
        })?;
        Ok(Peer {
            public_key,
            preshared_key: peer.preshared_key,
            endpoint,
            allowed_ips: peer.allowed_ips,
            keepalive: peer.keepalive,
        })
    }
}

/// The comma-separated items of a value with their columns, without empty ones.
fn items(value: At<'_>) -> impl Iterator<Item = At<'_>> {
    let mut column = value.column;
    value.text.split(',').filter_map(move |item| {
        let lead = item.chars().take_while(|c| c.is_whitespace()).count();
        let at = At { text: item.trim(), line: value.line, column: column + lead };
        column += item.chars().count() + 1;
        (!at.text.is_empty()).then_some(at)
    })
}

#[cfg(test)]
pub(super) mod tests;
