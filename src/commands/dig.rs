//! `sixpane dig`: sends queries to name servers of one or several networks; prints text, only data, or JSON lines.

mod nearest;
mod print;
mod watch;

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use self::print::{Printer, Response};
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

/// Lines of a batch in progress at once; the window of the client limits the packets.
const AHEAD: usize = 2048;
/// Batches with more lines use one TCP connection.
const MANY: usize = 64;

/// The confs and the request of a command line.
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

/// The queries and the form of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    words: Vec<String>,
    lines: Vec<Line>,
    json: bool,
    batch: bool,
    /// Interval of a repeated query.
    every: Option<Duration>,
}

impl Request {
    /// Parses one line.
    ///
    /// # Errors
    /// If it is not a valid dig line (exit 2).
    fn new(words: Vec<String>, json: bool) -> Result<Self, Error> {
        let line = line::parse(&words).map_err(|error| wrong("", &error))?;
        Ok(Self { words, lines: vec![line], json, batch: false, every: None })
    }

    /// Parses the lines of a file, each with the options of `words` before its own. Empty lines and lines that begin
    /// with `#` or `;` are skipped.
    ///
    /// # Errors
    /// If the file cannot be read (exit 3), or a line is not valid (exit 2, with its number).
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

    fn engine(&self) -> Settings {
        let nearest = self.lines.iter().any(|line| line.show.nearest);
        let plan = if nearest { nearest::plan() } else { Settings::default().plan };
        Settings { walk: false, plan, ..Settings::default() }
    }

    /// Whether to add notes: with `+explain`, and for a single query on a terminal.
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

/// A network to query.
struct Org {
    session: Session,
    /// Name of the conf, or its path if another one has the same name.
    name: String,
}

/// The responses to each line, in order.
type Inbox = mpsc::Receiver<Result<Vec<Exchange>, NoServer>>;

/// Sends all queries to all networks at once and prints the responses in the order of the queries, with the differences
/// between servers and networks. The exit code is that of the worst result: 5 if a query failed, 1 if a response is
/// empty or responses differ, 6 if some of a batch failed or a network could not be queried. With `--watch` it runs
/// until interrupted.
///
/// # Errors
/// If no conf can be used (exit 2 or 3), no link comes up in time (exit 4), or the name of a server has no address.
pub async fn run(context: &mut Context<'_>, args: &Dig) -> Result<Exit, Error> {
    let timeout = context.timeout(&args.common);
    // Before anything is sent: a wrong line is reported immediately.
    let (confs, request) = request(args.clone())?;
    let (request, out) = (&request, &mut context.out);
    let (mut orgs, mut left_out) = open(&confs, args.common.force, request)?;
    // The queries leave with the last message of the handshake.
    let inboxes: Vec<Inbox> =
        orgs.iter().filter(|_| request.every.is_none()).map(|org| submit(org, request)).collect();
    let mut inboxes = inboxes.into_iter();
    let mut attached = Vec::new();
    let ups = join_all(orgs.iter_mut().map(|org| org.session.up(timeout))).await;
    let mut first = None;
    for (org, up) in orgs.into_iter().zip(ups) {
        let inbox = inboxes.next();
        match up {
            Ok(()) => attached.push((org, inbox)),
            Err(error) => {
                left_out += 1;
                if let Some(before) = first.replace(error) {
                    warn(&before);
                }
            }
        }
    }
    match first {
        Some(error) if attached.is_empty() => return Err(error),
        Some(error) => warn(&error),
        None => {}
    }
    let (orgs, inboxes): (Vec<Org>, Vec<Option<Inbox>>) = attached.into_iter().unzip();
    if let Some(every) = request.every {
        return watch::run(&orgs, request, every, interrupted(), out).await;
    }
    let inboxes = inboxes.into_iter().flatten().collect();
    print_all(orgs, inboxes, (request, timeout), left_out, out).await
}

/// Attaches to the networks; also returns how many could not be attached to.
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
    errors.iter().for_each(warn);
    Ok((orgs, left_out))
}

/// Sends every line of `request` to a network, in order.
fn submit(org: &Org, request: &Request) -> Inbox {
    let (client, all) = (org.session.engine.client.clone(), request.lines.clone());
    let (answers, inbox) = mpsc::channel(AHEAD);
    if all.len() > MANY {
        client.connect();
    }
    tokio::spawn(async move {
        let mut results = stream::iter(all)
            .map(|line| {
                let client = client.clone();
                async move { query::send(&client, &line).await }
            })
            .buffered(AHEAD);
        while let Some(exchanges) = results.next().await {
            if answers.send(exchanges).await.is_err() {
                return;
            }
        }
    });
    inbox
}

async fn print_all(
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
            let mut responses = Vec::new();
            for (n, (org, exchanges)) in orgs.iter().zip(&answered).enumerate() {
                let conf = (orgs.len() > 1).then_some(org.name.as_str());
                let here = exchanges.iter().skip(at * servers).take(servers);
                let ignored = org.session.engine.client.ignored();
                responses.extend(here.map(|exchange| Response { org: n, conf, ignored, exchange }));
            }
            printer.responses(line, ask, &responses)?;
            if request.explains(line) {
                printer.notes(&orgs, line, ask, &responses).await?;
            }
            if line.show.nearest {
                let answered: Vec<(usize, Exchange)> =
                    responses.iter().map(|one| (one.org, one.exchange.clone())).collect();
                for (org, exchange) in answered {
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
                "sixpane: note: {what} ignored: late, duplicate, or from another sender"
            );
        }
    }
    Ok(if left_out > 0 && matches!(exit, Exit::Ok | Exit::Empty) { Exit::Partial } else { exit })
}

/// Results of the queries.
#[derive(Debug, Default)]
struct Tally {
    failed: usize,
    empty: usize,
    incomplete: usize,
    all: usize,
    /// Whether the responses of servers or networks differ.
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

fn warn(error: &Error) {
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
