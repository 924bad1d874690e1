//! `sixpane dig`: questions put to name servers of one network or of several, as text, as data alone, or as JSON lines.

mod nearest;
mod print;
mod watch;

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use self::print::{Printer, Said};
use super::session::Session;
use super::{Context, conf, interrupted, plain};
use crate::attach::list::{self, Item};
use crate::cli::args::Dig;
use crate::dns::dig::error::LineError;
use crate::dns::dig::line::Line;
use crate::dns::dig::query::{self, NoServer};
use crate::dns::dig::{line, options, text};
use crate::dns::exchange::Exchange;
use crate::dns::resolver::NoAddress;
use crate::engine::Settings;
use crate::error::{Error, Exit};
use crate::text::{Safe, count};

/// Lines of a batch that are out at once; the client's window is what really leaves.
const AHEAD: usize = 2048;
/// Lines from which on a connection for them all is worth its packets.
const MANY: usize = 64;

/// The confs that are named, those of the option `--conf` first of all, and what is to be done.
fn request(args: Dig) -> Result<(Vec<PathBuf>, Request), Error> {
    let json = args.common.json;
    let (confs, mut words) = conf::split_all(args.words, args.common.confs);
    for (dash, values) in [
        ("-q", args.name),
        ("-x", args.reverse),
        ("-t", args.rtype.into_iter().collect()),
        ("-c", args.class.into_iter().collect()),
        ("-p", args.port.into_iter().collect()),
    ] {
        words.extend(values.into_iter().flat_map(|value| [dash.to_owned(), value]));
    }
    words.extend(args.short.then(|| "+short".to_owned()));
    let request = match args.file {
        Some(file) => Request::batch(&file, &words, json)?,
        None => Request { every: args.watch, ..Request::new(words, json)? },
    };
    Ok((confs, request))
}

/// What was understood of the command line, and how its answers are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    words: Vec<String>,
    lines: Vec<Line>,
    json: bool,
    batch: bool,
    /// Between two times of asking, where it is asked again and again.
    every: Option<Duration>,
}

impl Request {
    /// Reads the line of `words`.
    ///
    /// # Errors
    /// Where it is no dig line (exit 2).
    fn new(words: Vec<String>, json: bool) -> Result<Self, Error> {
        let line = line::parse(&words).map_err(|error| wrong("", &error))?;
        Ok(Self { words, lines: vec![line], json, batch: false, every: None })
    }

    /// Reads the lines of a file: each is a dig line, with the options of `words` before its own. Empty lines and
    /// those that begin with `#` or `;` are passed over.
    ///
    /// # Errors
    /// Where it cannot be read (exit 3), or a line is none (exit 2, with its number).
    fn batch(path: &Path, words: &[String], json: bool) -> Result<Self, Error> {
        let name = Safe::new(path.as_os_str().as_encoded_bytes());
        let text = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(path)
        };
        let text =
            text.map_err(|error| Error::new(Exit::Config, format!("cannot read {name}")).because(error))?;
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with(['#', ';']) {
                continue;
            }
            let all: Vec<&str> = words.iter().map(String::as_str).chain(text.split_whitespace()).collect();
            lines.push(
                line::parse_one_of_many(&all)
                    .map_err(|error| wrong(&format!("{name}:{}: ", number + 1), &error))?,
            );
        }
        Ok(Self { words: Vec::new(), lines, json, batch: true, every: None })
    }

    /// How an engine is to work for this.
    fn engine(&self) -> Settings {
        let nearest = self.lines.iter().any(|line| line.show.nearest);
        let plan = if nearest { nearest::plan() } else { Settings::default().plan };
        Settings { walk: false, plan, ..Settings::default() }
    }

    /// Whether what an answer means is to be told: where it is asked for, or where somebody looks who asked for little.
    fn explains(&self, line: &Line) -> bool {
        line.show.explain.unwrap_or_else(|| !self.batch && std::io::stderr().is_terminal())
    }
}

fn wrong(place: &str, error: &LineError) -> Error {
    let wrong = Error::new(Exit::Usage, format!("{place}{error}"));
    match error {
        LineError::Option(_) => wrong.hint(format!("one of {}", known_options())),
        _ => wrong,
    }
}

fn known_options() -> String {
    let names: Vec<_> = options::KNOWN.iter().map(|known| format!("+{}", known.name)).collect();
    names.join(" ")
}

/// A network that is asked.
struct Org {
    session: Session,
    /// The conf's name, or its path where another one has the same name.
    name: String,
}

/// What each line of a request was answered, in their order.
type Inbox = mpsc::Receiver<Result<Vec<Exchange>, NoServer>>;

/// Puts all lines at once to all networks and prints the answers in the order of the questions, with what differs
/// between servers and networks. The exit code is that of the worst: 5 where one failed, 1 where one says no or
/// anything differs, 6 where some of a batch failed or one of several networks could not be asked. A request that
/// watches goes on until interrupted.
///
/// # Errors
/// Where no conf can be used (exit 2 or 3), no link stands in time (exit 4), or a server's name has no address.
pub async fn run(context: &mut Context<'_>, args: &Dig) -> Result<Exit, Error> {
    let timeout = context.timeout(&args.common);
    // Before anything is sent: a wrong line is reported immediately.
    let (confs, request) = request(args.clone())?;
    let (request, out) = (&request, &mut context.out);
    let (mut orgs, mut left_out) = open(&confs, args.common.force, request)?;
    // The questions leave with the handshake's last message.
    let inboxes: Vec<Inbox> =
        orgs.iter().filter(|_| request.every.is_none()).map(|org| put(org, request)).collect();
    let mut inboxes = inboxes.into_iter();
    let mut standing = Vec::new();
    let ups = join_all(orgs.iter_mut().map(|org| org.session.up(timeout))).await;
    let mut first = None;
    for (org, up) in orgs.into_iter().zip(ups) {
        let inbox = inboxes.next();
        match up {
            Ok(()) => standing.push((org, inbox)),
            Err(error) => {
                left_out += 1;
                if let Some(before) = first.replace(error) {
                    tell(&before);
                }
            }
        }
    }
    match first {
        Some(error) if standing.is_empty() => return Err(error),
        Some(error) => tell(&error),
        None => {}
    }
    let (orgs, inboxes): (Vec<Org>, Vec<Option<Inbox>>) = standing.into_iter().unzip();
    if let Some(every) = request.every {
        return watch::run(&orgs, request, every, interrupted(), out).await;
    }
    let inboxes = inboxes.into_iter().flatten().collect();
    answers(orgs, inboxes, (request, timeout), left_out, out).await
}

/// Opens the networks; gives how many of several could not be.
fn open(confs: &[PathBuf], force: bool, request: &Request) -> Result<(Vec<Org>, usize), Error> {
    let (mut orgs, mut errors) = (Vec::<Org>::new(), Vec::new());
    for Item { source, loaded } in list::read(&list::named_or_only(confs)?) {
        let attach = |loaded| Session::attach(conf::noted(loaded), force, request.engine());
        match loaded.map_err(Error::from).and_then(attach) {
            Ok(session) => {
                let name = session.identity.name.clone();
                let same = orgs.iter().any(|org| org.name == name);
                let name = if same { source.label() } else { name };
                orgs.push(Org { session, name });
            }
            Err(error) => errors.push(error),
        }
    }
    let left_out = errors.len();
    if orgs.is_empty() {
        return Err(errors.swap_remove(0));
    }
    errors.iter().for_each(tell);
    Ok((orgs, left_out))
}

/// Puts every line of `request` to a network, in order.
fn put(org: &Org, request: &Request) -> Inbox {
    let (client, all) = (org.session.engine.client.clone(), request.lines.clone());
    let (answers, inbox) = mpsc::channel(AHEAD);
    if all.len() > MANY {
        client.connect();
    }
    tokio::spawn(async move {
        let mut asked = stream::iter(all)
            .map(|line| {
                let client = client.clone();
                async move { query::send(&client, &line).await }
            })
            .buffered(AHEAD);
        while let Some(exchanges) = asked.next().await {
            if answers.send(exchanges).await.is_err() {
                return;
            }
        }
    });
    inbox
}

async fn answers(
    mut orgs: Vec<Org>,
    mut inboxes: Vec<Inbox>,
    (request, timeout): (&Request, Duration),
    left_out: usize,
    out: &mut impl Write,
) -> Result<Exit, Error> {
    let Request { words, lines, json, batch, .. } = request;
    if let ([line], false, false) = (lines.as_slice(), *batch, *json) {
        write!(out, "{}", text::banner(words, line))?;
    }
    let mut printer = Printer { request, tally: Tally::default(), out };
    for line in lines {
        let mut answered = Vec::new();
        for inbox in &mut inboxes {
            let Some(exchanges) = inbox.recv().await else { break };
            answered.push(exchanges.map_err(|error| no_server(&error))?);
        }
        let servers = line.servers.len().max(1);
        for (at, ask) in line.asks.iter().enumerate() {
            let mut said = Vec::new();
            for (n, (org, exchanges)) in orgs.iter().zip(&answered).enumerate() {
                let conf = (orgs.len() > 1).then_some(org.name.as_str());
                let here = exchanges.iter().skip(at * servers).take(servers);
                let ignored = org.session.engine.client.ignored();
                said.extend(here.map(|exchange| Said { org: n, conf, ignored, exchange }));
            }
            printer.question(line, ask, &said)?;
            if request.explains(line) {
                printer.notes(&orgs, line, ask, &said).await?;
            }
            if line.show.nearest {
                let said: Vec<(usize, Exchange)> =
                    said.iter().map(|said| (said.org, said.exchange.clone())).collect();
                for (org, exchange) in said {
                    let several = orgs.len() > 1;
                    let Some(org) = orgs.get_mut(org) else { continue };
                    let found = nearest::measure(&mut org.session, &exchange, timeout).await?;
                    nearest::print(
                        &found,
                        several.then_some(org.name.as_str()),
                        &exchange,
                        request.json,
                        printer.out,
                    )?;
                }
            }
        }
    }
    let exit = printer.tally.exit(*batch);
    for org in orgs.iter().filter(|_| lines.iter().any(|line| request.explains(line))) {
        let ignored = org.session.engine.client.ignored();
        if ignored > 0 {
            printer.out.flush()?;
            let what = count(ignored as usize, "message");
            let _ = writeln!(
                plain::stderr(),
                "sixpane: note: {what} were late, duplicated, or from another sender, and were ignored"
            );
        }
    }
    Ok(if left_out > 0 && matches!(exit, Exit::Ok | Exit::Empty) { Exit::Partial } else { exit })
}

/// How the questions ended.
#[derive(Debug, Default)]
struct Tally {
    failed: usize,
    empty: usize,
    incomplete: usize,
    all: usize,
    /// Whether servers or networks say different things.
    differ: bool,
}

impl Tally {
    fn count(&mut self, exit: Exit) {
        self.all += 1;
        match exit {
            Exit::Ok => {}
            Exit::Empty => self.empty += 1,
            Exit::Partial => self.incomplete += 1,
            _ => self.failed += 1,
        }
    }

    fn exit(&self, batch: bool) -> Exit {
        match (self.failed, self.empty) {
            (1.., _) if batch && self.failed < self.all => Exit::Partial,
            (1.., _) => Exit::Dns,
            (0, _) if self.incomplete > 0 => Exit::Partial,
            (0, 1..) => Exit::Empty,
            (0, 0) if self.differ => Exit::Empty,
            (0, 0) => Exit::Ok,
        }
    }
}

fn tell(error: &Error) {
    let _ = writeln!(plain::stderr(), "sixpane: {error}");
}

fn no_server(error: &NoServer) -> Error {
    let exit = match error {
        NoServer::Ipv4(_) | NoServer::Word(..) => Exit::Usage,
        NoServer::NoAddress(_, NoAddress::NoAnswer(_)) => Exit::Dns,
        NoServer::NoAddress(..) => Exit::Empty,
    };
    Error::new(exit, error.to_string())
}
