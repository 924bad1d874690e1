//! The target of a diagnosis, as typed by the user.

use std::fmt::{self, Display};
use std::net::Ipv6Addr;

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

impl Subject {
    /// Parses `web`, `web:8080`, `web:8080/http`, `web.flycast:80`.
    ///
    /// # Errors
    /// If the port is invalid, or the protocol is unknown; as text.
    pub fn read(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let (port, protocol) = match rest {
            None => (None, None),
            Some(rest) => {
                let (port, protocol) = rest.split_once('/').map_or((rest, None), |(p, s)| (p, Some(s)));
                let number = port.parse().ok().filter(|&port: &u16| port > 0);
                let number = number.ok_or_else(|| format!("`{}` is no port", Safe::new(port)))?;
                let protocol = protocol
                    .map(|word| {
                        let unknown =
                            || format!("`{}` is not known: http or tls is expected", Safe::new(word));
                        Protocol::read(word).ok_or_else(unknown)
                    })
                    .transpose()?;
                (Some(number), protocol)
            }
        };
        let flycast = name.ends_with(".flycast");
        let name = name.strip_suffix(".internal").or_else(|| name.strip_suffix(".flycast")).unwrap_or(name);
        if name.is_empty() {
            return Err("the name of an app is expected".into());
        }
        Ok(Self { app: Some(Safe::new(name)), flycast, port, protocol, ..Self::default() })
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
            (Some(machine), _) => machine.fmt(f)?,
            (None, Some(app)) => write!(f, "{app}{}", if self.flycast { ".flycast" } else { "" })?,
            (None, None) => f.write_str("everything")?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.protocol.map_or(Ok(()), |protocol| write!(f, "/{}", protocol.as_str().to_ascii_lowercase()))
    }
}

impl Machine {
    /// Parses a machine's ID or address.
    ///
    /// # Errors
    pub fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a machine's ID or address is expected".into());
        }
        Ok(text.parse().map_or_else(|_| Self::Id(Safe::new(text)), Self::At))
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
