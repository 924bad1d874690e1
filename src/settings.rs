//! Settings of the user: theme, glyphs, mouse, ping, intervals, ports, keys.
//!
//! Order of precedence: flag, environment (`SIXPANE_…`), file, last choice on the screen, default. Each source is a
//! [`Layer`]; [`Settings::of`] combines layers.

pub mod file;
mod raw;

use std::time::Duration;

pub use file::Place;
use raw::Raw;

/// Environment variable with the path of another settings file.
pub const FILE_VARIABLE: &str = "SIXPANE_SETTINGS";

/// Default ports of a port check: common services in such networks.
pub const USUAL_PORTS: [u16; 8] = [22, 80, 443, 3000, 5432, 6379, 8080, 9090];

/// Maximum number of ports in a list.
const MOST_PORTS: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// The terminal's own palette: suits light and dark backgrounds.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// For colour vision deficiency: blue and orange instead of green and red.
    Cvd,
    /// Without colours: bold, dim and reverse only.
    Mono,
}

impl ThemeName {
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::Cvd, Self::Mono];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Cvd => "cvd",
            Self::Mono => "mono",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }
}

/// Interval between refreshes; `None`: off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh(pub Option<Duration>);

/// Other keys for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap {
    /// ID of the command in the file.
    pub action: String,
    /// Position of the ID.
    pub at: Place,
    /// Keys in text form; empty removes all keys.
    pub keys: Vec<String>,
}

/// Values from one source; `None` leaves the decision to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    pub theme: Option<ThemeName>,
    /// Whether to use ASCII glyphs only.
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    /// Whether to ping the gateway and the selected region automatically.
    pub auto_ping: Option<bool>,
    pub refresh: Option<Refresh>,
    /// Timeout for the tunnel to come up.
    pub timeout: Option<Duration>,
    /// Default ports of a port check.
    pub ports: Option<Vec<u16>>,
    /// Maximum number of apps, machines and peers.
    pub max_entries: Option<usize>,
    pub keys: Vec<Remap>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub theme: ThemeName,
    /// Whether to use ASCII glyphs only; `None`: according to the locale.
    pub ascii: Option<bool>,
    pub mouse: bool,
    /// Whether to ping the gateway and the selected region automatically.
    pub auto_ping: bool,
    pub refresh: Refresh,
    /// Timeout for the tunnel to come up.
    pub timeout: Duration,
    /// Default ports of a port check.
    pub ports: Vec<u16>,
    /// Maximum number of apps, machines and peers.
    pub max_entries: usize,
    pub keys: Vec<Remap>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Settings {
    /// Combines `layers`, in order of precedence.
    pub fn of(layers: &[&Layer]) -> Self {
        fn first<T>(layers: &[&Layer], get: impl Fn(&Layer) -> Option<T>) -> Option<T> {
            layers.iter().find_map(|layer| get(layer))
        }
        Self {
            theme: first(layers, |l| l.theme).unwrap_or_default(),
            ascii: first(layers, |l| l.ascii),
            mouse: first(layers, |l| l.mouse).unwrap_or(true),
            auto_ping: first(layers, |l| l.auto_ping).unwrap_or(true),
            refresh: first(layers, |l| l.refresh).unwrap_or(Refresh(Some(Duration::from_secs(5)))),
            timeout: first(layers, |l| l.timeout).unwrap_or(Duration::from_secs(10)),
            ports: first(layers, |l| l.ports.clone()).unwrap_or_else(|| USUAL_PORTS.to_vec()),
            max_entries: first(layers, |l| l.max_entries).unwrap_or(50_000),
            keys: first(layers, |l| (!l.keys.is_empty()).then(|| l.keys.clone())).unwrap_or_default(),
        }
    }
}

/// A setting: its names, description and conversions.
#[derive(Debug)]
pub struct Setting {
    /// Name in the file.
    pub name: &'static str,
    /// Name in the environment.
    pub variable: &'static str,
    /// Description, as lines of a comment.
    pub about: &'static str,
    /// Default, in the file's format.
    pub default: &'static str,
    read: fn(&mut Layer, Raw<'_>) -> Result<(), String>,
    value: fn(&Layer) -> Option<String>,
}

impl Setting {
    /// Value in `layer`, in the file's format.
    pub fn value(&self, layer: &Layer) -> Option<String> {
        (self.value)(layer)
    }
}

/// All settings except keys, in the order of the file.
pub const TABLE: &[Setting] = &[
    Setting {
        name: "theme",
        variable: "SIXPANE_THEME",
        about: "Colours: auto (the terminal's own, right on light and dark), dark, light,\n\
                cvd (blue and orange in the place of green and red), mono (none).\n\
                NO_COLOR in the environment is mono.",
        default: "\"auto\"",
        read: |layer, raw| {
            let known = || format!("one of {} is expected", ThemeName::ALL.map(ThemeName::as_str).join(", "));
            layer.theme = Some(ThemeName::named(raw.word()?).ok_or_else(known)?);
            Ok(())
        },
        value: |layer| layer.theme.map(|theme| format!("\"{}\"", theme.as_str())),
    },
    Setting {
        name: "ascii",
        variable: "SIXPANE_ASCII",
        about: "Only ASCII glyphs. If not set, the locale decides.",
        default: "false",
        read: |layer, raw| raw.yes().map(|yes| layer.ascii = Some(yes)),
        value: |layer| layer.ascii.map(|yes| yes.to_string()),
    },
    Setting {
        name: "mouse",
        variable: "SIXPANE_MOUSE",
        about: "Click, wheel and drag; hold Shift to select text.",
        default: "true",
        read: |layer, raw| raw.yes().map(|yes| layer.mouse = Some(yes)),
        value: |layer| layer.mouse.map(|yes| yes.to_string()),
    },
    Setting {
        name: "auto_ping",
        variable: "SIXPANE_AUTO_PING",
        about: "Ping the gateway and the selected region's machines automatically, once a second.",
        default: "true",
        read: |layer, raw| raw.yes().map(|yes| layer.auto_ping = Some(yes)),
        value: |layer| layer.auto_ping.map(|yes| yes.to_string()),
    },
    Setting {
        name: "refresh",
        variable: "SIXPANE_REFRESH",
        about: "Seconds between two walks of the network, 0.1 to 3600, or \"off\".",
        default: "5",
        read: |layer, raw| raw.refresh().map(|refresh| layer.refresh = Some(refresh)),
        value: |layer| {
            layer
                .refresh
                .map(|refresh| refresh.0.map_or("\"off\"".into(), |every| every.as_secs_f64().to_string()))
        },
    },
    Setting {
        name: "timeout",
        variable: "SIXPANE_TIMEOUT",
        about: "Timeout in seconds for the tunnel to come up.",
        default: "10",
        read: |layer, raw| raw.seconds().map(|timeout| layer.timeout = Some(timeout)),
        value: |layer| layer.timeout.map(|timeout| timeout.as_secs_f64().to_string()),
    },
    Setting {
        name: "ports",
        variable: "SIXPANE_PORTS",
        about: "TCP ports checked if none is given.",
        default: "[22, 80, 443, 3000, 5432, 6379, 8080, 9090]",
        read: |layer, raw| raw.ports().map(|ports| layer.ports = Some(ports)),
        value: |layer| layer.ports.as_ref().map(|ports| format!("{ports:?}")),
    },
    Setting {
        name: "max_entries",
        variable: "SIXPANE_MAX_ENTRIES",
        about: "Apps, machines and peers that are kept of a network, 1 to 1000000. Each takes up to 1 kB of memory.",
        default: "50000",
        read: |layer, raw| raw.entries().map(|most| layer.max_entries = Some(most)),
        value: |layer| layer.max_entries.map(|most| most.to_string()),
    },
];

/// Parses seconds: `0.5`, `10`; from 0.1 to 3600.
///
/// # Errors
/// The expected format.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.1..=3600.0).contains(&s) => Ok(Duration::from_secs_f64(s)),
        _ => Err("seconds from 0.1 to 3600 are expected".into()),
    }
}

/// The same, or `off`.
///
/// # Errors
/// The expected format.
pub fn refresh(text: &str) -> Result<Refresh, String> {
    if text == "off" {
        return Ok(Refresh(None));
    }
    seconds(text)
        .map(|s| Refresh(Some(s)))
        .map_err(|_| "seconds from 0.1 to 3600, or off, are expected".into())
}

/// Settings from the environment; `get` returns the value of a variable. Empty variables are ignored.
///
/// # Errors
/// The variable's name and the expected format.
pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Layer, String> {
    let mut layer = Layer::default();
    for setting in TABLE {
        if let Some(text) = get(setting.variable).filter(|text| !text.is_empty()) {
            (setting.read)(&mut layer, Raw::Text(&text))
                .map_err(|why| format!("{}: {why}", setting.variable))?;
        }
    }
    // https://no-color.org: an explicit theme takes precedence.
    let no_color = get("NO_COLOR").is_some_and(|value| !value.is_empty());
    layer.theme = layer.theme.or(no_color.then_some(ThemeName::Mono));
    Ok(layer)
}

/// The settings as a file in which everything is commented out.
pub fn commented() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Settings of sixpane: ~/.config/sixpane/settings.toml, or sixpane/settings.toml in $XDG_CONFIG_HOME.\n\
         # Everything is optional; what stands here are the defaults. A flag beats a variable of the environment,\n\
         # which beats this file, which beats what was last chosen on the screen.\n\n\
         version = 1\n",
    );
    for setting in TABLE {
        text.push('\n');
        for line in setting.about.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "# In the environment: {}", setting.variable);
        let _ = writeln!(text, "# {} = {}", setting.name, setting.default);
    }
    text.push_str(
        "\n# Other keys for an action: its id, as `sixpane keys` lists them, and one key or several. An empty list\n\
         # takes the keys away. A key that would mean two things in one place is an error.\n\
         # [keys]\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file() {
        let theme = |theme| Layer { theme: Some(theme), ..Layer::default() };
        let (flags, env, file) = (theme(ThemeName::Dark), theme(ThemeName::Light), theme(ThemeName::Cvd));
        let none = Layer::default();
        let resolved = |layers: &[&Layer]| Settings::of(layers).theme;
        assert_eq!(resolved(&[&flags, &env, &file]), ThemeName::Dark);
        assert_eq!(resolved(&[&none, &env, &file]), ThemeName::Light);
        assert_eq!(resolved(&[&none, &none, &file]), ThemeName::Cvd);
        assert_eq!(resolved(&[&none, &none, &none]), ThemeName::Auto);
    }

    #[test]
    fn every_setting_can_be_set_in_the_environment() {
        let env = |name: &str, value: &str| {
            let pair = (name.to_owned(), value.to_owned());
            from_environment(move |asked| (asked == pair.0).then(|| pair.1.clone()))
        };
        assert_eq!(env("SIXPANE_MOUSE", "off").unwrap().mouse, Some(false));
        assert_eq!(env("SIXPANE_ASCII", "1").unwrap().ascii, Some(true));
        assert_eq!(env("SIXPANE_REFRESH", "off").unwrap().refresh, Some(Refresh(None)));
        assert_eq!(env("SIXPANE_TIMEOUT", "0.5").unwrap().timeout, Some(Duration::from_millis(500)));
        assert_eq!(env("SIXPANE_PORTS", "80, 8000-8002").unwrap().ports, Some(vec![80, 8000, 8001, 8002]));
        assert_eq!(env("SIXPANE_THEME", "").unwrap(), Layer::default(), "an empty value sets nothing");
        assert_eq!(env("NO_COLOR", "1").unwrap().theme, Some(ThemeName::Mono));
        assert_eq!(
            env("SIXPANE_THEME", "pink").unwrap_err(),
            "SIXPANE_THEME: one of auto, dark, light, cvd, mono is expected"
        );
        for (name, value) in [
            ("SIXPANE_TIMEOUT", "0"),
            ("SIXPANE_PORTS", "0"),
            ("SIXPANE_PORTS", "9-8"),
            ("SIXPANE_MOUSE", "maybe"),
        ] {
            assert!(env(name, value).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn the_commented_file_contains_the_defaults() {
        let read = file::parse("settings.toml", &commented());
        assert_eq!(read, (Layer::default(), Vec::new()), "the commented file sets nothing");
        let live: String = commented()
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
            .filter(|line| !line.starts_with('#'))
            .fold(String::new(), |text, line| text + line + "\n");
        let (layer, notes) = file::parse("settings.toml", &live);
        assert_eq!(notes, []);
        // The default of the glyphs depends on the locale, which a file cannot express.
        assert_eq!(layer.ascii, Some(false));
        assert_eq!(Settings::of(&[&layer]), Settings { ascii: Some(false), ..Settings::default() });
    }
}
