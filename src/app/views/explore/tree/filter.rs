//! The filter: its syntax, and the rows it matches.
//!
//! Terms are separated by blanks, and a row must match all of them. A word matches an app, region, peer, ID or address
//! that contains it. If no name contains it, it matches names that have its letters in this order (`wb`: `web`), and if
//! there is none either, paths (`web/148e`). `!` excludes rows that contain the word. `app:` and `region:` compare with
//! these only. `rtt>50`, `rtt<20` (milliseconds) and `lost` compare with the newest ping.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::catalog::{Catalog, Machine};
use crate::probe::series::Series;
use crate::text::Safe;

/// Largest number of terms: the number of bits.
const TERMS: usize = 32;

#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
struct Term {
    excludes: bool,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// Any name, ID or address.
    Word(Word),
    App(Word),
    Region(Word),
    Slower(Duration),
    Faster(Duration),
    Lost,
}

#[derive(Debug, Clone)]
struct Word {
    text: String,
    contained: Atom,
    scattered: Atom,
}

/// How loosely a word is compared, if nothing contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Contained,
    /// Names that have its letters in this order.
    Names,
    /// Paths `app/region/ID` that have its letters in this order.
    Paths,
}

impl Word {
    fn new(text: &str) -> Self {
        let atom = |kind| Atom::new(text, CaseMatching::Ignore, Normalization::Smart, kind, false);
        Self {
            text: text.to_lowercase(),
            contained: atom(AtomKind::Substring),
            scattered: atom(AtomKind::Fuzzy),
        }
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let (excludes, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let word = |text: &str| (!text.is_empty()).then(|| Word::new(text));
        let limit = |text: &str| match text.strip_suffix("ms").unwrap_or(text).parse::<f64>() {
            Ok(ms) if (0.0..1e7).contains(&ms) => Some(Duration::from_secs_f64(ms / 1e3)),
            _ => None,
        };
        let what = if let Some(name) = text.strip_prefix("app:") {
            What::App(word(name)?)
        } else if let Some(name) = text.strip_prefix("region:") {
            What::Region(word(name)?)
        } else if let Some(ms) = text.strip_prefix("rtt>") {
            What::Slower(limit(ms)?)
        } else if let Some(ms) = text.strip_prefix("rtt<") {
            What::Faster(limit(ms)?)
        } else if text == "lost" {
            What::Lost
        } else {
            What::Word(word(text)?)
        };
        Some(Self { excludes, what })
    }
}

impl Filter {
    /// Reads `text`. An incomplete term (`!`, `app:`, `rtt>`) has no effect yet.
    pub fn new(text: &str) -> Self {
        let terms = text.split_whitespace().filter_map(Term::parse).take(TERMS).collect();
        Self { text: text.to_owned(), terms }
    }

    /// The text as typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether it depends on pings and must be applied again when they change.
    pub fn needs_pings(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.what, What::Slower(_) | What::Faster(_) | What::Lost))
    }
}

/// The terms that a place matches by its own name, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bits(u32);

/// A filter for one catalog and its pings.
pub struct Judge<'a> {
    terms: &'a [Term],
    reach: Vec<Reach>,
    newest: HashMap<Ipv6Addr, Option<Duration>>,
    matcher: Option<Box<Matcher>>,
    chars: Vec<char>,
}

impl<'a> Judge<'a> {
    /// Determines for each word how loosely it must be compared in `catalog`.
    pub fn new(filter: &'a Filter, catalog: &Catalog, pings: &[Series]) -> Self {
        let mut judge = Self {
            terms: &filter.terms,
            reach: vec![Reach::Contained; filter.terms.len()],
            newest: HashMap::new(),
            matcher: (!filter.terms.is_empty()).then(|| Box::new(Matcher::new(Config::DEFAULT))),
            chars: Vec::new(),
        };
        if filter.needs_pings() {
            let newest = |series: &Series| Some((series.target.address, series.newest()?));
            judge.newest = pings.iter().filter(|series| series.round_robin == 0).filter_map(newest).collect();
        }
        for (n, term) in filter.terms.iter().enumerate() {
            // Exclusion only considers text that is visible.
            if !term.excludes {
                judge.reach[n] = judge.reach_of(term, catalog);
            }
        }
        judge
    }

    /// Whether it matches the whole catalog.
    pub fn means_all(&self) -> bool {
        self.terms.is_empty()
    }

    fn reach_of(&mut self, term: &Term, catalog: &Catalog) -> Reach {
        let apps = || catalog.apps.keys();
        let regions = || {
            let machines = catalog.apps.values().flat_map(|app| app.machines.values());
            machines.filter_map(|machine| machine.region.as_ref())
        };
        let mut any = |atom: &Atom, mut names: Box<dyn Iterator<Item = &Safe> + '_>| {
            names.any(|name| self.has(atom, name))
        };
        match &term.what {
            What::App(word) if any(&word.contained, Box::new(apps())) => Reach::Contained,
            What::Region(word) if any(&word.contained, Box::new(regions())) => Reach::Contained,
            What::App(_) | What::Region(_) => Reach::Names,
            What::Slower(_) | What::Faster(_) | What::Lost => Reach::Contained,
            What::Word(word) => {
                // Regions come last: here they are as numerous as machines.
                let names = || apps().chain(catalog.peers.keys()).chain(regions());
                if any(&word.contained, Box::new(names())) {
                    return Reach::Contained;
                }
                let hit = any(&word.scattered, Box::new(names())) || {
                    let ids = catalog.apps.values().flat_map(|app| &app.machines);
                    let peers = catalog.peers.values().filter_map(|peer| peer.address);
                    let mut ids = ids.map(|(id, machine)| (id, machine.address));
                    ids.any(|(id, at)| {
                        self.has(&word.contained, id) || at.is_some_and(|at| within(at, &word.text))
                    }) || peers.into_iter().any(|at| within(at, &word.text))
                };
                if hit { Reach::Names } else { Reach::Paths }
            }
        }
    }

    fn has(&mut self, atom: &Atom, name: &Safe) -> bool {
        self.has_str(atom, name.as_str())
    }

    fn has_str(&mut self, atom: &Atom, text: &str) -> bool {
        let Some(matcher) = &mut self.matcher else { return true };
        atom.score(Utf32Str::new(text, &mut self.chars), matcher).is_some()
    }

    fn named(&mut self, word: &Word, reach: Reach, name: &Safe) -> bool {
        self.has(&word.contained, name) || (reach != Reach::Contained && self.has(&word.scattered, name))
    }

    fn bits(&mut self, mut hit: impl FnMut(&mut Self, &What, Reach) -> bool) -> Bits {
        let terms = self.terms;
        let mut bits = 0;
        for (n, term) in terms.iter().enumerate() {
            let reach = self.reach[n];
            bits |= u32::from(hit(self, &term.what, reach)) << n;
        }
        Bits(bits)
    }

    fn fulfilled(&self, bits: Bits) -> bool {
        let hits = (0..).map(|n| bits.0 & (1 << n) != 0);
        self.terms.iter().zip(hits).all(|(term, hit)| hit != term.excludes)
    }

    /// Terms that an app's name matches.
    pub fn app(&mut self, name: &Safe) -> Bits {
        self.bits(|judge, what, reach| match what {
            What::Word(word) | What::App(word) => judge.named(word, reach, name),
            _ => false,
        })
    }

    /// Terms that an app and a region of it match.
    pub fn region(&mut self, app: Bits, region: Option<&Safe>) -> Bits {
        let Some(region) = region else { return app };
        let own = self.bits(|judge, what, reach| match what {
            What::Word(word) | What::Region(word) => judge.named(word, reach, region),
            _ => false,
        });
        Bits(app.0 | own.0)
    }

    /// Whether it matches an app without machines.
    pub fn means_app(&self, app: Bits) -> bool {
        self.fulfilled(app)
    }

    /// Whether it matches a machine. `bits` are the terms that its region matches, `path` is the text before its ID.
    pub fn means_machine(&mut self, bits: Bits, path: [&str; 2], id: &Safe, machine: &Machine) -> bool {
        if self.terms.is_empty() {
            return true;
        }
        let own = self.bits(|judge, what, reach| match what {
            What::Word(word) => {
                judge.has(&word.contained, id)
                    || machine.address.is_some_and(|address| within(address, &word.text))
                    || (reach == Reach::Paths
                        && judge.has_str(&word.scattered, &format!("{}/{}/{id}", path[0], path[1])))
            }
            _ => judge.pinged(what, machine.address),
        });
        self.fulfilled(Bits(bits.0 | own.0))
    }

    /// Whether it matches a peer.
    pub fn means_peer(&mut self, name: &Safe, address: Option<Ipv6Addr>) -> bool {
        let own = self.bits(|judge, what, reach| match what {
            What::Word(word) => {
                judge.named(word, reach, name) || address.is_some_and(|address| within(address, &word.text))
            }
            _ => judge.pinged(what, address),
        });
        self.fulfilled(own)
    }

    fn pinged(&self, what: &What, address: Option<Ipv6Addr>) -> bool {
        let newest = address.and_then(|address| self.newest.get(&address));
        match (what, newest) {
            (What::Slower(limit), Some(Some(rtt))) => rtt > limit,
            (What::Faster(limit), Some(Some(rtt))) => rtt < limit,
            (What::Lost, Some(None)) => true,
            _ => false,
        }
    }
}

/// Whether the text form of `address` (RFC 5952) contains `text`, which is in lower case.
fn within(address: Ipv6Addr, text: &str) -> bool {
    if !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
        || text.bytes().any(|b| b.is_ascii_uppercase())
    {
        return false;
    }
    if text.contains(':') {
        return address.to_string().contains(text);
    }
    // A match within one group of at most four digits. Formatting thousands of addresses to find a few would be slow.
    text.len() <= 4
        && address.segments().into_iter().any(|group| {
            let digits = 4 - (group.leading_zeros() / 4).min(3) as usize;
            let digit = |n: usize| char::from_digit(u32::from(group >> (4 * (digits - 1 - n)) & 15), 16);
            let matches = |from| text.chars().enumerate().all(|(n, c)| digit(from + n) == Some(c));
            digits >= text.len() && (0..=digits - text.len()).any(matches)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terms_are_read_as_they_are_written() {
        let read = |text: &str| {
            format!("{:?}", Filter::new(text).terms.iter().map(|t| (t.excludes, &t.what)).collect::<Vec<_>>())
        };
        assert_eq!(read("! app: rtt> !region: "), "[]", "an incomplete term has no effect");
        assert_eq!(read("rtt>50 !lost"), "[(false, Slower(50ms)), (true, Lost)]");
        assert_eq!(read("rtt<0.5ms"), "[(false, Faster(500µs))]");
        assert!(read("lost-and-found").contains("Word"));
        assert!(read("rtt>fast").starts_with("[]"));
        assert_eq!(Filter::new(&"x ".repeat(99)).terms.len(), TERMS);
    }

    proptest! {
        #[test]
        fn an_address_is_searched_as_it_is_written(raw in any::<u128>(), keep in any::<u128>(), text in "[0-9a-f]{1,4}") {
            let address = Ipv6Addr::from(raw & keep);
            prop_assert_eq!(within(address, &text), address.to_string().contains(&text));
        }
    }
}
