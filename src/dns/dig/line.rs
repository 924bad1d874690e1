//! Parser of a dig line; words may come in any order, as in `dig`.

use hickory_proto::rr::{DNSClass, Name, RecordType};

use super::error::LineError;
use super::name;
use super::options::{self, Show};
use super::types::{parse_class, parse_type};
use crate::dns::client::PORT;
use crate::dns::exchange::{Options, Question};
use crate::dns::names::Form;
use crate::text::Safe;

/// A parsed line: one or more questions and their parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub asks: Vec<Ask>,
    /// Servers as written after `@`; empty: the network's own server.
    pub servers: Vec<String>,
    pub port: u16,
    pub options: Options,
    pub show: Show,
}

/// One question, with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub question: Question,
    /// Its name form, if it is a name of the network.
    pub form: Option<Form>,
    /// Whether the type was given; otherwise it follows from the name.
    pub type_given: bool,
}

/// A question under construction.
#[derive(Debug, Clone)]
struct Draft {
    name: Name,
    rtype: Option<u16>,
    class: Option<u16>,
}

/// Parses a line from its words. A word that is a type or a class is read as such, unless only a name can stand in its
/// place: `a` alone is the app named `a`.
///
/// # Errors
/// If a word is not understood, or there is no question.
pub fn parse<W: AsRef<str>>(words: &[W]) -> Result<Line, LineError> {
    line_of(words, false)
}

/// Parses one line of very many. Unless it sets its transport (a server, `+tcp` or `+notcp`, `+tries=`), it may share
/// the TCP connection with the others.
///
/// # Errors
/// As [`parse`].
pub fn parse_one_of_many<W: AsRef<str>>(words: &[W]) -> Result<Line, LineError> {
    let mut line = line_of(words, true)?;
    line.options.shared &= line.servers.is_empty() && line.port == PORT && line.options.tries.is_none();
    Ok(line)
}

fn line_of<W: AsRef<str>>(words: &[W], shared: bool) -> Result<Line, LineError> {
    let mut reader = Reader {
        line: Line {
            asks: Vec::new(),
            servers: Vec::new(),
            port: PORT,
            options: Options { authentic: true, shared, ..Options::default() },
            show: Show::default(),
        },
        drafts: Vec::new(),
        rtype: None,
        class: None,
    };
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        reader.word(word, &mut words)?;
    }
    reader.finish()
}

struct Reader<'w> {
    line: Line,
    drafts: Vec<Draft>,
    /// A type that came before its name, with its word.
    rtype: Option<(u16, &'w str)>,
    class: Option<u16>,
}

impl<'w> Reader<'w> {
    fn word(&mut self, word: &'w str, rest: &mut impl Iterator<Item = &'w str>) -> Result<(), LineError> {
        let mut next = |option| rest.next().ok_or(LineError::Alone(option));
        if let Some(server) = word.strip_prefix('@') {
            self.line.servers.push(server.to_owned());
        } else if let Some(option) = word.strip_prefix('+') {
            options::apply(option, &mut self.line.show, &mut self.line.options)?;
        } else if let Some(dash) = word.strip_prefix('-') {
            match dash {
                "x" => {
                    let name = name::reverse(next("-x")?)?;
                    self.name(name, Some(u16::from(RecordType::PTR)));
                }
                "q" => {
                    let name = name::parse(next("-q")?)?;
                    self.name(name, None);
                }
                "t" => {
                    let word = next("-t")?;
                    let rtype = parse_type(word).ok_or_else(|| LineError::Type(Safe::new(word)))?;
                    self.rtype(rtype, word);
                }
                "c" => {
                    let word = next("-c")?;
                    self.class(parse_class(word).ok_or_else(|| LineError::Class(Safe::new(word)))?);
                }
                "p" => {
                    let word = next("-p")?;
                    let port = word.parse().ok().filter(|&port: &u16| port > 0);
                    self.line.port = port.ok_or_else(|| LineError::Port(Safe::new(word)))?;
                }
                _ => return Err(LineError::Dash(Safe::new(word))),
            }
        } else if let Some(rtype) = parse_type(word) {
            self.rtype(rtype, word);
        } else if let Some(class) = parse_class(word) {
            self.class(class);
        } else {
            self.name(name::parse(word)?, None);
        }
        Ok(())
    }

    fn name(&mut self, name: Name, rtype: Option<u16>) {
        let before = self.rtype.take().map(|(rtype, _)| rtype);
        self.drafts.push(Draft { name, rtype: rtype.or(before), class: self.class.take() });
    }

    fn rtype(&mut self, rtype: u16, word: &'w str) {
        match self.drafts.last_mut() {
            Some(draft) if draft.rtype.is_none() => draft.rtype = Some(rtype),
            _ => self.rtype = Some((rtype, word)),
        }
    }

    fn class(&mut self, class: u16) {
        match self.drafts.last_mut() {
            Some(draft) if draft.class.is_none() => draft.class = Some(class),
            _ => self.class = Some(class),
        }
    }

    fn finish(mut self) -> Result<Line, LineError> {
        if let Some((_, word)) = self.rtype {
            if !self.drafts.is_empty() {
                return Err(LineError::Dangling(Safe::new(word)));
            }
            self.rtype = None;
            self.name(name::parse(word)?, None);
        }
        if self.drafts.is_empty() {
            return Err(LineError::Nothing);
        }
        for draft in self.drafts {
            self.line.asks.push(ask(draft)?);
        }
        // As in `dig`: the response to ANY seldom fits a datagram.
        self.line.options.tcp |= self.line.asks.iter().all(|ask| ask.question.rtype == RecordType::ANY);
        Ok(self.line)
    }
}

fn ask(draft: Draft) -> Result<Ask, LineError> {
    let form = Form::parse(&draft.name);
    let rtype = draft.rtype.map_or_else(|| default_type(&draft.name, form.as_ref()), RecordType::from);
    match u16::from(rtype) {
        251 => return Err(LineError::Transfer("IXFR")),
        252 => return Err(LineError::Transfer("AXFR")),
        _ => {}
    }
    let class = DNSClass::from(draft.class.unwrap_or(1));
    let question = Question { name: draft.name, rtype, class };
    Ok(Ask { question, form, type_given: draft.rtype.is_some() })
}

/// The default type: the record type of the form; for other names that of `dig`, except that a private network has AAAA
/// and no A.
pub fn default_type(name: &Name, form: Option<&Form>) -> RecordType {
    match form {
        Some(form) => form.record_type(),
        None if name.is_root() => RecordType::NS,
        None if name.iter().next_back().is_some_and(|tld| tld.eq_ignore_ascii_case(b"internal")) => {
            RecordType::AAAA
        }
        None => RecordType::A,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::types::type_word;
    use crate::dns::names::show;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Line, LineError> {
        parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn asks(line: &str) -> String {
        read(line).map_or_else(
            |error| error.to_string(),
            |line| {
                let asks: Vec<_> = line
                    .asks
                    .iter()
                    .map(|ask| {
                        let q = &ask.question;
                        format!("{} {} {}", show(&q.name), q.class, type_word(q.rtype.into()))
                    })
                    .collect();
                asks.join(", ")
            },
        )
    }

    #[test]
    fn words_in_any_order() {
        for (line, want) in [
            ("web", "web.internal. IN AAAA"),
            ("_apps", "_apps.internal. IN TXT"),
            ("web.internal", "web.internal. IN AAAA"),
            ("vms.web.internal", "vms.web.internal. IN TXT"),
            ("web.flycast", "web.flycast. IN AAAA"),
            ("a.b.c.web.internal", "a.b.c.web.internal. IN AAAA"),
            ("example.com", "example.com. IN A"),
            (".", ". IN NS"),
            ("TXT _apps.internal", "_apps.internal. IN TXT"),
            ("web txt", "web.internal. IN TXT"),
            ("web IN TXT", "web.internal. IN TXT"),
            ("CH TXT version.bind", "version.bind. CH TXT"),
            ("version.bind CH TXT", "version.bind. CH TXT"),
            ("web TYPE65280", "web.internal. IN TYPE65280"),
            ("a", "a.internal. IN AAAA"),
            ("-t TXT web", "web.internal. IN TXT"),
            ("web -t TXT", "web.internal. IN TXT"),
            ("-q mx -t TXT", "mx.internal. IN TXT"),
            ("-x 192.0.2.1", "1.2.0.192.in-addr.arpa. IN PTR"),
            ("web AAAA api TXT", "web.internal. IN AAAA, api.internal. IN TXT"),
            ("AAAA web TXT api", "web.internal. IN AAAA, api.internal. IN TXT"),
            ("web api", "web.internal. IN AAAA, api.internal. IN AAAA"),
        ] {
            assert_eq!(asks(line), want, "{line}");
        }
    }

    #[test]
    fn servers_ports_and_options() {
        let line = read("@fdaa::3 web +short +tcp -p 5353 @fdaa:1::3").unwrap();
        assert_eq!(line.servers, ["fdaa::3", "fdaa:1::3"]);
        assert_eq!((line.port, line.options.tcp, line.show.short), (5353, true, true));
        assert!(read("web ANY").unwrap().options.tcp);
        let many = |line: &str| parse_one_of_many(&line.split(' ').collect::<Vec<_>>()).unwrap().options;
        assert!(many("web +short").shared && !read("web +short").unwrap().options.shared);
        for own_way in ["web +notcp", "web +tcp", "web @fdaa::3", "web -p 5353", "web +tries=1"] {
            assert!(!many(own_way).shared, "{own_way}");
        }
        assert!(!read("web").unwrap().options.tcp);
    }

    #[test]
    fn errors_name_their_cause() {
        for (line, want) in [
            ("", "no name given: NAME [TYPE] [@SERVER] [+OPTION…]"),
            ("@fdaa::3 +short", "no name given: NAME [TYPE] [@SERVER] [+OPTION…]"),
            ("web +fast", "unknown option `+fast`"),
            ("web -t NOPE", "`NOPE` is not a record type"),
            ("web -t", "-t needs a value"),
            ("web -p 0", "`0` is not a port"),
            ("-x web", "-x needs an address, not `web`"),
            ("web AAAA TXT", "`TXT` is a record type without a name"),
            ("internal. AXFR", "AXFR is not supported: zone transfers need `dig`"),
            ("a..b", "each label has 1 to 63 bytes, but `a..b` has one of 0"),
        ] {
            assert_eq!(asks(line), want, "{line}");
        }
        assert!(asks("web --fast").contains("`--fast`"));
    }

    proptest! {
        #[test]
        fn arbitrary_words_never_panic(words in proptest::collection::vec("[-+@]?\\PC{0,12}", 0..6)) {
            let _ = parse(&words);
        }
    }
}
