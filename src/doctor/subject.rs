//! The target of a diagnosis, as typed by the user.

use std::fmt::{self, Display};
use std::net::Ipv6Addr;

use crate::dns::names::Form;
use crate::probe::protocol::Protocol;
use crate::text::Safe;

/// The target of a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    pub app: Option<Safe>,
    /// Whether to reach it by its Flycast address.
    pub flycast: bool,
    /// TCP port on its machines.
    pub port: Option<u16>,
    /// Protocol expected on the port.
    pub protocol: Option<Protocol>,
    pub machine: Option<Machine>,
    /// A part of the app.
    pub within: Option<Within>,
    /// Whether to check the system's own VPN as well.
    pub system: bool,
}

/// A machine, by ID or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Machine {
    Id(Safe),
    /// By an address, for example from a log.
    At(Ipv6Addr),
}

/// A part of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    Region(Safe),
    /// A process group.
    Group(Safe),
}

fn protocol(word: &str) -> Result<Protocol, String> {
    Protocol::read(word).ok_or_else(|| format!("`{}` is not known: http or tls is expected", Safe::new(word)))
}

/// Whether a label is a machine's ID: 14 hexadecimal digits.
fn is_id(label: &str) -> bool {
    label.len() == 14 && label.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Splits the host from what follows its colon. A bare address has several.
fn split_host(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(']') {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
        None => {
            text.split_once(':').map_or((text.trim_end_matches('/'), None), |(host, rest)| (host, Some(rest)))
        }
    }
}

impl Subject {
    /// Parses what people type and what the screens show: `web`, `web:8080/http`, `web.flycast:80`, `nrt.web.internal`,
    /// `cron.process.web`, `ID.vm.web`, `[fdaa::2]:8080`, `http://web.internal:8080/`.
    ///
    /// # Errors
    /// If the port is invalid, the protocol is unknown, or the name has none of the forms; as text.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => {
                (Some(protocol(scheme)?), rest.split(['/', '?', '#']).next().unwrap_or(rest))
            }
            None => (None, text),
        };
        let (host, rest) = split_host(rest);
        let (port, word) = match rest {
            None => (None, None),
            Some(rest) => {
                let (port, word) =
                    rest.split_once('/').map_or((rest, None), |(port, word)| (port, Some(word)));
                let number = port.parse().ok().filter(|&port: &u16| port > 0);
                let number = number.ok_or_else(|| format!("`{}` is not a port", Safe::new(port)))?;
                (Some(number), word)
            }
        };
        let usual = scheme.map(|scheme| if scheme == Protocol::Tls { 443 } else { 80 });
        let protocol = word.map(protocol).transpose()?.or(scheme);
        let subject = Self { port: port.or(usual), protocol, ..Self::default() };
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(Self { machine: Some(Machine::At(address)), ..subject });
        }
        subject.named(host)
    }

    /// With the app, region, process group or machine of `host`.
    fn named(self, host: &str) -> Result<Self, String> {
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let flycast = name.strip_suffix(".flycast");
        let inner = flycast.or_else(|| name.strip_suffix(".internal")).unwrap_or(&name);
        // A public name: its app has the same one here.
        let inner = inner.strip_suffix(".fly.dev").unwrap_or(inner);
        let labels: Vec<&str> = inner.split('.').collect();
        let [part, app] = [labels.first(), labels.last()].map(|label| label.copied().unwrap_or_default());
        if labels.iter().any(|label| label.is_empty()) {
            return Err("the name of an app is expected".into());
        }
        let of_app = Self { app: Some(Safe::new(app)), flycast: flycast.is_some(), ..self };
        let within =
            |within: fn(Safe) -> Within| Self { within: Some(within(Safe::new(part))), ..of_app.clone() };
        match labels.as_slice() {
            [id] if is_id(id) => Ok(Self { machine: Some(Machine::Id(Safe::new(id))), app: None, ..of_app }),
            [_] | ["global" | "vms" | "regions", _] | [_, "nearest", "of", _] => Ok(of_app),
            [_, "_peer"] => Ok(Self { app: Some(Safe::new(part)), ..of_app }),
            [_, _] => Ok(within(Within::Region)),
            [_, "process", _] => Ok(within(Within::Group)),
            [id, "vm", _] => Ok(Self { machine: Some(Machine::Id(Safe::new(id))), ..of_app }),
            _ => Err(format!(
                "`{}` is not the name of an app, a region, a process group or a machine",
                Safe::new(host)
            )),
        }
    }

    /// The DNS name of the region, process group or machine; `None` for an app, an address, or without an app.
    pub fn form(&self) -> Option<Form> {
        let app = self.app.clone()?;
        match (&self.machine, &self.within) {
            (Some(Machine::Id(id)), _) => Some(Form::Vm(id.clone(), app)),
            (None, Some(Within::Region(region))) => Some(Form::Region(region.clone(), app)),
            (None, Some(Within::Group(group))) => Some(Form::Process(group.clone(), app)),
            _ => None,
        }
    }

    /// Whether there is no particular target.
    pub fn is_all(&self) -> bool {
        self.app.is_none() && self.machine.is_none()
    }
}

/// Text form: `web.flycast:80/http`.
impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.machine, &self.app) {
            (Some(Machine::At(address)), _) if self.port.is_some() => write!(f, "[{address}]")?,
            (Some(machine), _) => machine.fmt(f)?,
            (None, Some(app)) => match &self.within {
                Some(Within::Region(region)) => write!(f, "{region}.{app}")?,
                Some(Within::Group(group)) => write!(f, "{group}.process.{app}")?,
                None => write!(f, "{app}{}", if self.flycast { ".flycast" } else { "" })?,
            },
            (None, None) => f.write_str("everything")?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.protocol.map_or(Ok(()), |protocol| write!(f, "/{}", protocol.as_str().to_ascii_lowercase()))
    }
}

impl Machine {
    /// Parses a machine's ID, DNS name or address, or a path in the tree: `ID`, `ID.vm.web.internal`, `web/ID`.
    ///
    /// # Errors
    /// If it is none of them, as text.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_matches(['[', ']']);
        if let Ok(address) = text.parse() {
            return Ok(Self::At(address));
        }
        let name = text.rsplit('/').next().unwrap_or(text);
        let id = name.split_once(".vm.").map_or(name, |(id, _)| id);
        if id.is_empty() {
            return Err("a machine's ID or address is expected".into());
        }
        Ok(Self::Id(Safe::new(id.to_ascii_lowercase())))
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::At(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_with_and_without_a_port() {
        let read = |text| Subject::read(text).map(|s| (s.app.map(|app| app.to_string()), s.port));
        assert_eq!(read("web"), Ok((Some("web".into()), None)));
        assert_eq!(read("web.internal:8080"), Ok((Some("web".into()), Some(8080))));
        assert!(read("web:http").is_err() && read("web:0").is_err() && read("").is_err());
    }

    #[test]
    fn what_people_type_and_what_the_screens_show() {
        for (text, shown, name) in [
            ("WEB", "web", None),
            ("web.internal.", "web", None),
            ("web.fly.dev", "web", None),
            ("http://web.internal:8080/health?x=1", "web:8080/http", None),
            ("https://web.internal", "web:443/tls", None),
            ("http://web.flycast/", "web.flycast:80/http", None),
            ("web.internal/", "web", None),
            ("nrt.web", "nrt.web", Some("nrt.web.internal")),
            ("nrt.web.internal:80", "nrt.web:80", Some("nrt.web.internal")),
            ("cron.process.web", "cron.process.web", Some("cron.process.web.internal")),
            ("top3.nearest.of.web.internal", "web", None),
            ("global.web.internal", "web", None),
            ("148E21B7C93D89", "148e21b7c93d89", None),
            ("148e21b7c93d89.vm.web.internal", "148e21b7c93d89", Some("148e21b7c93d89.vm.web.internal")),
            ("laptop._peer.internal", "laptop", None),
            ("[fdaa:0:18::2]:8080", "[fdaa:0:18::2]:8080", None),
            ("fdaa:0:18::2", "fdaa:0:18::2", None),
        ] {
            let read = Subject::read(text).unwrap();
            assert_eq!(read.to_string(), shown, "{text}");
            assert_eq!(read.form().map(|form| form.to_string()).as_deref(), name, "{text}");
        }
        for wrong in [".internal", "a..web", "a.b.c.web", "ftp://web", "http://", "web:8080/gopher"] {
            assert!(Subject::read(wrong).is_err(), "{wrong}");
        }
        for text in ["148e21b7c93d89", "web/148e21b7c93d89", "148E21B7C93D89.vm.web.internal"] {
            assert_eq!(Machine::read(text), Ok(Machine::Id("148e21b7c93d89".into())), "{text}");
        }
        assert!(Machine::read("[fdaa:0:18::2]").is_ok() && Machine::read(" ").is_err());
    }

    #[test]
    fn flycast_and_a_protocol() {
        let read = Subject::read("web.flycast:443/tls").unwrap();
        assert_eq!((read.flycast, read.port, read.protocol), (true, Some(443), Some(Protocol::Tls)));
        assert_eq!(read.to_string(), "web.flycast:443/tls");
        assert!(Subject::read("web:80/gopher").unwrap_err().contains("http or tls"));
        assert!(!Subject::read("web:80").unwrap().flycast);
        assert_eq!(Machine::read("148e21b7c93d89"), Ok(Machine::Id("148e21b7c93d89".into())));
        assert!(matches!(Machine::read("fdaa:0:18::2"), Ok(Machine::At(_))));
    }
}
