//! A value from the file or the environment, and its conversions.

use std::time::Duration;

use toml::de::DeValue;

use super::{MOST_PORTS, Refresh, refresh, seconds};

#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    Toml(&'a DeValue<'a>),
    Text(&'a str),
}

impl<'a> Raw<'a> {
    pub(super) fn word(self) -> Result<&'a str, String> {
        match self {
            Self::Text(text) => Ok(text.trim()),
            Self::Toml(value) => value.as_str().ok_or_else(|| "a string in quotes is expected".into()),
        }
    }

    pub(super) fn yes(self) -> Result<bool, String> {
        match self {
            Self::Toml(value) => value.as_bool().ok_or_else(|| "true or false is expected".into()),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Ok(true),
                "0" | "false" | "no" | "off" => Ok(false),
                _ => Err("true or false is expected".into()),
            },
        }
    }

    pub(super) fn seconds(self) -> Result<Duration, String> {
        seconds(&self.number()?)
    }

    pub(super) fn refresh(self) -> Result<Refresh, String> {
        match self {
            Self::Toml(DeValue::Boolean(false)) => Ok(Refresh(None)),
            Self::Toml(DeValue::String(word)) => refresh(word),
            _ => refresh(&self.number()?),
        }
    }

    pub(super) fn entries(self) -> Result<usize, String> {
        let number = self.number()?.parse().ok().filter(|most| (1..=1_000_000).contains(most));
        number.ok_or_else(|| "a number from 1 to 1000000 is expected".into())
    }

    /// Ports and ranges: `[80, "8000-8010"]`, or `80,8000-8010`.
    pub(super) fn ports(self) -> Result<Vec<u16>, String> {
        let expected = || "TCP ports, 1 to 65535, and ranges such as \"8000-8010\" are expected".to_owned();
        let words: Vec<String> = match self {
            Self::Text(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
            Self::Toml(value) => {
                let list = value.as_array().ok_or("a list of ports is expected, as in [80, 443]")?;
                let word = |value: &DeValue<'_>| Raw::Toml(value).number();
                let words: Result<_, String> =
                    list.iter().map(|value| word(value.get_ref()).map_err(|_| expected())).collect();
                words?
            }
        };
        let mut ports = Vec::new();
        for word in words {
            let (from, to) = word.split_once('-').unwrap_or((&word, &word));
            let port = |text: &str| text.trim().parse::<u16>().ok().filter(|&port| port > 0);
            match (port(from), port(to)) {
                (Some(from), Some(to)) if from <= to => ports.extend(from..=to),
                _ => return Err(expected()),
            }
            if ports.len() > MOST_PORTS {
                return Err(format!("{MOST_PORTS} ports at most"));
            }
        }
        Ok(ports)
    }

    /// A number, or text that contains one.
    fn number(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.trim().to_owned()),
            Self::Toml(DeValue::String(text)) => Ok(text.trim().to_owned()),
            Self::Toml(DeValue::Integer(number)) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            Self::Toml(DeValue::Float(number)) => Ok(number.as_str().to_owned()),
            Self::Toml(_) => Err("a number is expected".into()),
        }
    }
}
