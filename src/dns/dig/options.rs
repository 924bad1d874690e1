//! The `+options` of a dig line.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::error::LineError;
use crate::dns::exchange::{Cookie, Options, Subnet};
use crate::text::Safe;

/// Parts of the output to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the switches of dig, independent of each other")]
pub struct Show {
    /// `+cmd`: the banner with the line itself.
    pub cmd: bool,
    /// `+comments`: header, flags, EDNS, the titles of sections.
    pub comments: bool,
    pub question: bool,
    pub answer: bool,
    pub authority: bool,
    pub additional: bool,
    /// `+stats`: time, server, size.
    pub stats: bool,
    /// `+ttlid`: the TTL of each record.
    pub ttl: bool,
    /// `+class`: the class of each record.
    pub class: bool,
    /// `+short`: the data of the answers, and nothing else.
    pub short: bool,
    /// `+multiline`: long data over several lines, with comments.
    pub multiline: bool,
    /// `+qr`: the query as sent.
    pub query: bool,
    /// `+explain`: notes on the response; `None`: only on a terminal.
    pub explain: Option<bool>,
    /// `+nearest`: the server's order of addresses compared with measured round trips.
    pub nearest: bool,
}

impl Show {
    fn all(on: bool) -> Self {
        Self {
            cmd: on,
            comments: on,
            question: on,
            answer: on,
            authority: on,
            additional: on,
            stats: on,
            ..Self::default()
        }
    }
}

impl Default for Show {
    fn default() -> Self {
        Self {
            cmd: true,
            comments: true,
            question: true,
            answer: true,
            authority: true,
            additional: true,
            stats: true,
            ttl: true,
            class: true,
            short: false,
            multiline: false,
            query: false,
            explain: None,
            nearest: false,
        }
    }
}

/// Effect of an option: with a value after `=`, or with the prefix `no`.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// On, or off with `no`.
    Switch(fn(&mut Show, &mut Options, bool)),
    /// A number in this range.
    Number(u64, u64, fn(&mut Options, u64)),
    /// A number in this range, or none with `no`.
    Optional(u64, u64, fn(&mut Options, Option<u64>)),
    /// Expected values as text, whether a value is required, the parser (false if invalid), and the effect of `no`.
    Word(&'static str, bool, fn(&mut Options, Option<&str>) -> bool, fn(&mut Options)),
}

/// An option, as listed in `--help` and errors.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub name: &'static str,
    pub words: &'static str,
    act: Act,
}

impl Known {
    /// As typed, without its `+`; with `=` if it takes a value.
    pub fn written(&self) -> String {
        match self.act {
            Act::Switch(_) | Act::Word(_, false, ..) => self.name.to_owned(),
            Act::Number(..) | Act::Optional(..) | Act::Word(..) => format!("{}=", self.name),
        }
    }
}

const fn switch(name: &'static str, words: &'static str, act: fn(&mut Show, &mut Options, bool)) -> Known {
    Known { name, words, act: Act::Switch(act) }
}

const MOST_TRIES: u64 = 20;

/// All options, by name.
pub const KNOWN: &[Known] = &[
    switch("additional", "show the additional section", |show, _, on| show.additional = on),
    switch("adflag", "set the AD flag in the query", |_, options, on| options.authentic = on),
    switch("all", "turn all parts of the output on or off", |show, _, on| {
        let Show { ttl, class, multiline, query, explain, nearest, .. } = *show;
        *show = Show { ttl, class, multiline, query, explain, nearest, ..Show::all(on) };
    }),
    switch("answer", "show the answer section", |show, _, on| show.answer = on),
    switch("authority", "show the authority section", |show, _, on| show.authority = on),
    switch("badcookie", "after BADCOOKIE, retry with the server's cookie", |_, options, on| {
        options.renew_cookie = on;
    }),
    Known {
        name: "bufsize",
        words: "EDNS payload size in bytes",
        act: Act::Number(0, 65_535, |options, size| options.edns = u16::try_from(size).ok()),
    },
    switch("cdflag", "set the CD flag in the query", |_, options, on| options.unchecked = on),
    switch("class", "show the class of each record", |show, _, on| show.class = on),
    switch("cmd", "show the first line", |show, _, on| show.cmd = on),
    switch("comments", "show header, flags and the titles of sections", |show, _, on| show.comments = on),
    Known {
        name: "cookie",
        words: "send a cookie: a new one or these bytes",
        act: Act::Word(
            "8 to 40 bytes in hexadecimal",
            false,
            |options, text| {
                let given = text.map(|text| HEXLOWER_PERMISSIVE.decode(text.as_bytes()));
                options.cookie = match given {
                    None => Some(Cookie::Fresh),
                    Some(Ok(bytes)) if (8..=40).contains(&bytes.len()) => Some(Cookie::Given(bytes)),
                    Some(_) => return false,
                };
                options.keep_query = true;
                true
            },
            |options| options.cookie = None,
        ),
    },
    switch("dnssec", "request signatures (DO flag)", |_, options, on| options.dnssec = on),
    Known {
        name: "edns",
        words: "send an OPT record, version 0 or this one",
        act: Act::Word(
            "a version from 0 to 255",
            false,
            |options, text| {
                let Ok(version) = text.unwrap_or("0").parse() else { return false };
                options.edns = options.edns.or(Options::default().edns);
                options.edns_version = version;
                true
            },
            |options| options.edns = None,
        ),
    },
    switch("ednsnegotiation", "after BADVERS, retry with the server's version of EDNS", |_, options, on| {
        options.negotiate_edns = on;
    }),
    switch("explain", "explain the response on standard error", |show, _, on| {
        show.explain = Some(on);
    }),
    switch("ignore", "do not retry over TCP after a truncated response", |_, options, on| {
        options.follow_truncation = !on;
    }),
    switch("multiline", "print long data over several lines, with comments", |show, _, on| {
        show.multiline = on;
    }),
    switch("nearest", "ping the addresses and compare the server's order with round trips", |show, _, on| {
        show.nearest = on;
    }),
    switch("nsid", "request the identifier of the server", |_, options, on| options.nsid = on),
    switch("qr", "show the query as it is sent", |show, options, on| {
        show.query = on;
        options.keep_query |= on;
    }),
    switch("question", "show the question section", |show, _, on| show.question = on),
    switch("recurse", "set the RD flag in the query", |_, options, on| options.recurse = on),
    Known {
        name: "retry",
        words: "number of retries",
        act: Act::Number(0, MOST_TRIES - 1, |options, more| options.tries = Some(more as usize + 1)),
    },
    switch("short", "show only the data of the answers", |show, _, on| show.short = on),
    switch("stats", "show time, server and size", |show, _, on| show.stats = on),
    Known {
        name: "subnet",
        words: "client subnet: an address and a prefix length",
        act: Act::Word(
            "an address, as 192.0.2.0/24, or 0",
            true,
            |options, text| {
                options.subnet = text.and_then(subnet);
                options.subnet.is_some()
            },
            |options| options.subnet = None,
        ),
    },
    switch("tcp", "use TCP", |_, options, on| (options.tcp, options.shared) = (on, false)),
    Known {
        name: "time",
        words: "timeout of a query in seconds, including retries",
        act: Act::Number(1, 300, |options, seconds| {
            (options.timeout, options.patient) = (Duration::from_secs(seconds), false);
        }),
    },
    Known {
        name: "tries",
        words: "datagrams at most, and no TCP after them",
        act: Act::Optional(1, MOST_TRIES, |options, tries| options.tries = tries.map(|n| n as usize)),
    },
    switch("ttlid", "show the TTL of each record", |show, _, on| show.ttl = on),
];

/// Applies one option, without its `+`. A unique prefix of an option is accepted.
///
/// # Errors
/// If there is no such option, or its value is invalid.
pub fn apply(text: &str, show: &mut Show, options: &mut Options) -> Result<(), LineError> {
    let (word, value) = text.split_once('=').map_or((text, None), |(word, value)| (word, Some(value)));
    let word = word.to_ascii_lowercase();
    let (known, on) = match find(&word) {
        Some(known) => (known, true),
        None => match word.strip_prefix("no").and_then(find) {
            Some(known) => (known, false),
            None => return Err(LineError::Option(Safe::new(text))),
        },
    };
    let number = |low: u64, high: u64| {
        value
            .and_then(|value| value.parse().ok())
            .filter(|number| (low..=high).contains(number))
            .ok_or(LineError::Value { option: known.name, low, high })
    };
    match known.act {
        Act::Switch(act) if value.is_none() => act(show, options, on),
        Act::Switch(_) => return Err(LineError::NoValue(known.name)),
        Act::Optional(_, _, act) if !on => act(options, None),
        Act::Word(_, _, _, clear) if !on && value.is_none() => clear(options),
        Act::Word(expected, must, act, _) => {
            let said = value.is_some() || !must;
            if !on || !said || !act(options, value) {
                return Err(LineError::Word { option: known.name, expected });
            }
        }
        Act::Number(..) if !on => return Err(LineError::Option(Safe::new(text))),
        Act::Number(low, high, act) => act(options, number(low, high)?),
        Act::Optional(low, high, act) => act(options, Some(number(low, high)?)),
    }
    Ok(())
}

/// `192.0.2.0/24`, `2001:db8::1`, or `0` for no client subnet.
fn subnet(text: &str) -> Option<Subnet> {
    if text == "0" {
        return Some(Subnet { address: Some(Ipv4Addr::UNSPECIFIED.into()), prefix: 0 });
    }
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok().filter(|bits| *bits <= most))?;
    Some(Subnet { address: Some(address), prefix })
}

/// The option named `word`, or the only one with that prefix; `vc` is the old word for `tcp`.
fn find(word: &str) -> Option<&'static Known> {
    let word = match word {
        "vc" => "tcp",
        "do" => "dnssec",
        "rdflag" | "rec" => "recurse",
        "timeout" => "time",
        other => other,
    };
    if let Some(known) = KNOWN.iter().find(|known| known.name == word) {
        return Some(known);
    }
    let mut begin = KNOWN.iter().filter(|known| !word.is_empty() && known.name.starts_with(word));
    begin.next().filter(|_| begin.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(words: &[&str]) -> (Show, Options) {
        let (mut show, mut options) = (Show::default(), Options::default());
        for word in words {
            apply(word, &mut show, &mut options).unwrap();
        }
        (show, options)
    }

    #[test]
    fn the_table_is_sorted_and_each_switch_works_both_ways() {
        assert!(KNOWN.is_sorted_by_key(|known| known.name));
        for known in KNOWN.iter().filter(|known| matches!(known.act, Act::Switch(_))) {
            let off = format!("no{}", known.name);
            assert_ne!(applied(&[known.name]), applied(&[off.as_str()]), "{}", known.name);
        }
    }

    #[test]
    fn noall_answer_shows_only_the_answer_section() {
        let (show, _) = applied(&["noall", "answer"]);
        assert!(show.answer && show.ttl && show.class);
        assert!(!(show.cmd || show.comments || show.question || show.stats || show.authority));
    }

    #[test]
    fn numbers_and_prefixes() {
        let (show, options) = applied(&["bufsize=4096", "time=7", "tries=1", "sho", "norec", "vc", "noedns"]);
        assert!(show.short && options.tcp && !options.recurse);
        assert_eq!((options.edns, options.timeout, options.tries), (None, Duration::from_secs(7), Some(1)));
        assert_eq!(applied(&["retry=2", "notries"]).1.tries, None);
    }

    #[test]
    fn words_after_an_option() {
        let subnet = |text: &str| applied(&[&format!("subnet={text}")]).1.subnet;
        let of = |address: &str, prefix| Some(Subnet { address: address.parse().ok(), prefix });
        assert_eq!(subnet("192.0.2.0/24"), of("192.0.2.0", 24));
        assert_eq!(subnet("2001:db8::1"), of("2001:db8::1", 128));
        assert_eq!(subnet("0"), of("0.0.0.0", 0));
        assert_eq!(applied(&["subnet=0", "nosubnet"]).1.subnet, None);
        assert_eq!(applied(&["cookie"]).1.cookie, Some(Cookie::Fresh));
        assert_eq!(applied(&["cookie=0102030405060708"]).1.cookie, Some(Cookie::Given((1..9).collect())));
        assert_eq!(applied(&["cookie", "nocookie"]).1.cookie, None);
    }

    #[test]
    fn errors_name_their_cause() {
        let (mut show, mut options) = (Show::default(), Options::default());
        let mut wrong = |text: &str| apply(text, &mut show, &mut options).unwrap_err().to_string();
        assert!(wrong("a").contains("`+a`"));
        assert!(wrong("fast").contains("`+fast`"));
        assert!(wrong("no").contains("`+no`"));
        assert!(wrong("notime").contains("`+notime`"));
        assert_eq!(wrong("time=0"), "+time= needs a number from 1 to 300");
        assert_eq!(wrong("bufsize"), "+bufsize= needs a number from 0 to 65535");
        assert_eq!(wrong("short=1"), "+short takes no value");
        assert_eq!(wrong("subnet"), "+subnet= needs an address, as 192.0.2.0/24, or 0");
        assert_eq!(wrong("subnet=192.0.2.0/33"), "+subnet= needs an address, as 192.0.2.0/24, or 0");
        assert_eq!(wrong("cookie=abcd"), "+cookie= needs 8 to 40 bytes in hexadecimal");
    }
}
