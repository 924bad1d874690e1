//! The Ping view: targets, their order and their figures.

pub mod matrix;

use std::cmp::{Ordering, Reverse};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use ratatui::crossterm::event::KeyCode;

use crate::app::argument::{PORTS, TARGET};
use crate::app::command::{Context, Row as CommandRow, Run, when};
use crate::app::copy;
use crate::app::key::Key as Press;
use crate::app::key::Key::{Char, Code};
use crate::app::request::Request;
use crate::app::sheet::{Cell, Sheet, millis, text};
use crate::app::targets::{self, unwant, want};
use crate::app::{Out, State, menu, subject};
use crate::catalog::place::Node;
use crate::engine::report::Command;
use crate::engine::targets::{Member, TargetSpec};
use crate::probe::figures::{COUNTS, TIMES};
use crate::probe::ping::Plan;
use crate::probe::port::{PortCheck, host};
use crate::probe::protocol::Protocols;
use crate::probe::series::{Series, Target};
use crate::probe::stats::Stats;
use crate::probe::trace::TracePlan;
use crate::text::Safe;
use matrix::Place;

/// The shortest interval of [`INTERVALS`].
pub const FASTEST: Duration = Duration::from_millis(100);
/// The longest interval of [`INTERVALS`].
pub const SLOWEST: Duration = Duration::from_secs(10);
/// Selectable intervals between two probes to a target.
const INTERVALS: [Duration; 7] = [
    FASTEST,
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    SLOWEST,
];

/// Reason why a command for targets cannot run.
const NONE: &str = "there is no target: {add-target} adds one";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    Target,
    Region,
    /// Number of probes sent; largest first, as for all columns below.
    Sent,
    /// Share of probes without a reply.
    #[default]
    Loss,
    Last,
    Min,
    Avg,
    P50,
    /// 95th percentile of the RTT.
    P95,
    /// 99th percentile of the RTT.
    P99,
    Max,
    /// Mean deviation of the RTT.
    Mdev,
    /// Mean difference between successive RTTs.
    Jitter,
}

impl Column {
    pub const ALL: [Self; 13] = [
        Self::Target,
        Self::Region,
        Self::Sent,
        Self::Loss,
        Self::Last,
        Self::Min,
        Self::Avg,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Max,
        Self::Mdev,
        Self::Jitter,
    ];

    /// Columns to sort by, in the sequence of the sort key.
    const SORTS: [Self; 9] = [
        Self::Loss,
        Self::Last,
        Self::Min,
        Self::Avg,
        Self::P95,
        Self::Max,
        Self::Mdev,
        Self::Target,
        Self::Region,
    ];

    /// Heading of the column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Target => "TARGET",
            Self::Region => "REGION",
            Self::Sent => "SENT",
            Self::Loss => "LOSS",
            Self::Last => "LAST",
            Self::Min => "MIN",
            Self::Avg => "AVG",
            Self::P50 => "P50",
            Self::P95 => "P95",
            Self::P99 => "P99",
            Self::Max => "MAX",
            Self::Mdev => "MDEV",
            Self::Jitter => "JITTER",
        }
    }

    fn next(self) -> Self {
        let at = Self::SORTS.iter().position(|column| *column == self).unwrap_or(0);
        Self::SORTS.get((at + 1) % Self::SORTS.len()).copied().unwrap_or_default()
    }

    /// The sort key of a row. For a window it reads every sample, so it is computed once per row, not per comparison.
    fn key<'a>(self, row: &Row<'a>) -> Key<'a> {
        let time = |pick: fn(Stats) -> Duration| Key::Time(Reverse(row.stats().map(pick)));
        match self {
            Self::Target => Key::Name(row.series.target.label.raw()),
            Self::Region => Key::Region(row.member.and_then(|member| member.region.as_ref())),
            Self::Sent => Key::Count(Reverse(row.series.sent)),
            Self::Loss => Key::Loss(Reverse(row.loss())),
            Self::Last => time(|stats| stats.last),
            Self::Min => time(|stats| stats.min),
            Self::Avg => time(|stats| stats.avg),
            Self::P50 => time(|stats| stats.p50),
            Self::P95 => time(|stats| stats.p95),
            Self::P99 => time(|stats| stats.p99),
            Self::Max => time(|stats| stats.max),
            Self::Mdev => time(|stats| stats.mdev),
            Self::Jitter => time(|stats| stats.jitter),
        }
    }
}

/// A sort key: names ascending, figures descending.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Key<'a> {
    Name(&'a [u8]),
    Region(Option<&'a Safe>),
    Count(Reverse<u64>),
    Loss(Reverse<Option<f64>>),
    Time(Reverse<Option<Duration>>),
}

impl Key<'_> {
    fn order(&self, other: &Self, reversed: bool) -> Ordering {
        let order = self.partial_cmp(other).unwrap_or(Ordering::Equal);
        if reversed { order.reverse() } else { order }
    }
}

/// The details shown for the selected target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lower {
    /// Chart of round trips over time, and more if there is space.
    #[default]
    Chart,
    /// Histogram of round trips.
    Histogram,
    Replies,
    /// The route with its hops.
    Trace,
    /// Results of the port check.
    Ports,
}

impl Lower {
    const ALL: [Self; 3] = [Self::Chart, Self::Histogram, Self::Replies];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|lower| *lower == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// State of the view.
#[derive(Debug, Clone, Default)]
pub struct Pings {
    pub sort: Column,
    pub reversed: bool,
    /// Whether figures cover only the newest probes.
    pub window: bool,
    /// Details shown for the selected target.
    pub lower: Lower,
    /// Selected cell of the matrix; `None` while the targets are shown.
    pub matrix: Option<Place>,
    /// Number of ports that are being checked.
    pub checking: usize,
    /// Whether the table shows all figures instead of the newest probes.
    pub wide: bool,
    /// Samples between the right end of the chart and now.
    pub earlier: usize,
    /// Plan for sending probes.
    pub plan: Plan,
    /// Selected target; `None` selects the first row.
    chosen: Option<Target>,
    /// Target that the engine is tracing.
    sent_trace: Option<Target>,
}

impl Pings {
    /// Interval between two probes to one target; longer with many targets, to keep the pace.
    pub fn interval(&self, targets: usize) -> Duration {
        self.plan.interval.max(self.plan.pace * u32::try_from(targets).unwrap_or(u32::MAX))
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Pings to the target.
    pub series: &'a Series,
    /// Place of the target, if known.
    pub member: Option<&'a Member>,
    /// Whether its figures cover only the newest probes.
    window: bool,
}

impl Row<'_> {
    /// Whether the catalog no longer contains the target.
    pub fn is_gone(&self) -> bool {
        self.member.is_some_and(|member| member.gone)
    }

    /// Loss of the window or of all probes.
    pub fn loss(&self) -> Option<f64> {
        if self.window { self.series.recent_loss() } else { self.series.loss() }
    }

    /// Figures of the window or of all probes.
    pub fn stats(&self) -> Option<Stats> {
        if self.window { self.series.recent_stats() } else { self.series.stats }
    }
}

impl State {
    fn ping_row<'a>(&'a self, series: &'a Series) -> Row<'a> {
        Row {
            series,
            member: self.networks.front().target_list.member_of(series),
            window: self.views.ping.window,
        }
    }

    /// The rows of the view in order.
    pub fn ping_rows(&self) -> Vec<Row<'_>> {
        let Pings { sort, reversed, .. } = self.views.ping;
        let keyed = |series| {
            let row = self.ping_row(series);
            (sort.key(&row), row)
        };
        let mut rows: Vec<(Key<'_>, Row<'_>)> = self.networks.front().shown.pings.iter().map(keyed).collect();
        rows.sort_by(|(a, _), (b, _)| a.order(b, reversed));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Index of the selected row in [`Self::ping_rows`].
    pub fn chosen_ping(&self, rows: &[Row<'_>]) -> usize {
        let chosen = self.views.ping.chosen.as_ref();
        rows.iter().position(|row| Some(&row.series.target) == chosen).unwrap_or(0)
    }

    /// Pings to the selected target, else to that of the first row.
    pub fn chosen_series(&self) -> Option<&Series> {
        let all = &self.networks.front().shown.pings;
        let chosen = self.views.ping.chosen.as_ref();
        let chosen = chosen.and_then(|chosen| all.iter().find(|series| series.target == *chosen));
        let Pings { sort, reversed, .. } = self.views.ping;
        let first = || {
            let keyed = all.iter().map(|series| (sort.key(&self.ping_row(series)), series));
            keyed.reduce(|best, next| if next.0.order(&best.0, reversed).is_lt() { next } else { best })
        };
        chosen.or_else(|| first().map(|(_, series)| series))
    }

    /// The selected target's address.
    pub fn chosen_address(&self) -> Option<Ipv6Addr> {
        self.chosen_series().map(|series| series.target.address)
    }

    /// Targets last sent to the engine.
    #[cfg(test)]
    pub fn asked_targets(&self) -> Vec<Target> {
        self.networks.front().ping_targets.iter().map(|target| target.target.clone()).collect()
    }

    pub fn choose_ping(&mut self, target: Target) {
        self.views.ping.chosen = Some(target);
        self.views.ping.earlier = 0;
    }

    /// Moves the selection by rows.
    pub fn step_pings(&mut self, by: isize) {
        if self.views.ping.matrix.is_some() {
            return self.step_matrix(by, 0);
        }
        let rows = self.ping_rows();
        let last = rows.len().saturating_sub(1);
        let row = self.chosen_ping(&rows).saturating_add_signed(by).min(last);
        if let Some(target) = rows.get(row).map(|row| row.series.target.clone()) {
            self.choose_ping(target);
        }
    }

    /// Place in the tree of the selected target or cell.
    pub fn pinged_node(&self) -> Option<Node> {
        if self.views.ping.matrix.is_some() {
            return self.matrix_node();
        }
        let series = self.chosen_series()?;
        if series.round_robin > 0 {
            return self.networks.front().target_list.member_of(series)?.app.clone().map(Node::App);
        }
        Node::at(series.target.address, &self.networks.front().shown.catalog)
    }

    /// Moves the chart by samples.
    fn step_chart(&mut self, by: isize) {
        let kept = self.chosen_series().map_or(0, |series| series.recent.len());
        self.views.ping.earlier =
            self.views.ping.earlier.saturating_add_signed(by).min(kept.saturating_sub(1));
    }

    /// Stops pings to the selected target and selects the next.
    fn remove_target(&mut self) {
        let rows = self.ping_rows();
        let at = self.chosen_ping(&rows);
        let target = |row: usize| rows.get(row).map(|row| row.series.target.clone());
        let Some(here) = target(at) else { return };
        let next = target(at + 1).or_else(|| target(at.checked_sub(1)?));
        unwant(self, &here);
        self.views.ping.chosen = next;
        self.say(format!("Stopped pinging {}", here.label));
    }
}

/// Context of its keys.
pub const HERE: Context = Context::view("Ping");

static ENTRY: CommandRow = CommandRow::new(
    "ping-view",
    Context::EVERYWHERE,
    &[Char('3')],
    "Show the Ping view: RTT and loss",
    |s, _, out| {
        s.go(super::Tab::Ping, out);
    },
);

static ROWS: &[CommandRow] = &[
    row("show-target", &[Code(KeyCode::Enter)], "Show the target in the tree", |s, _, out| {
        out.requests.extend(s.pinged_node().map(Request::Reveal));
    })
    .hint(4, 40, "show in tree")
    .when(|s| when(s.pinged_node().is_some(), "it is not in the tree")),
    row("matrix", &[Char('M')], "Show a matrix of apps and regions: RTT and loss", |s, _, _| {
        s.views.ping.matrix = if s.views.ping.matrix.is_some() { None } else { Some(Place::default()) };
    })
    .hint(5, 41, "matrix")
    .when(|s| when(s.has_matrix(), "no app has a started machine yet")),
    row("trace", &[Char('t')], "Trace the route to it", |s, _, out| {
        out.requests.extend(spec(s).map(Request::Trace));
    })
    .hint(3, 42, "trace")
    .when(|s| outside_matrix(s).and_then(|()| subject::traceable(s, spec(s)))),
    row("ports", &[Char('o')], "Check its TCP ports", |s, typed, out| {
        subject::check_ports(s, spec(s), typed, false, out);
    })
    .takes(&PORTS)
    .hint(3, 43, "ports")
    .when(|s| outside_matrix(s).and_then(|()| subject::checkable(s, spec(s)))),
    row("protocols", &[Char('O')], "Check ports and protocols: status line, certificate", |s, typed, out| {
        subject::check_ports(s, spec(s), typed, true, out);
    })
    .takes(&PORTS)
    .hint(6, 44, "protocols")
    .when(|s| outside_matrix(s).and_then(|()| subject::checkable(s, spec(s)))),
    row("ping-round-robin", &[Char('T')], "Ping round robin over the app's addresses, or stop", |s, _, _| {
        if let Some(app) = app(s) {
            targets::toggle_turns(s, &app);
        }
    })
    .when(|s| subject::can_turn(s, app(s).as_ref())),
    row("add-target", &[Char('a')], "Add a target", |s, typed, _| match typed {
        Some(typed) => subject::ping(s, typed),
        None => menu::palette(s, "add-target "),
    })
    .takes(&TARGET)
    .hint(1, 45, "add"),
    row("remove-target", &[Char('x')], "Remove the target", |s, _, _| s.remove_target())
        .hint(2, 46, "remove")
        .when(on_target),
    row("dig-target", &[Char('d')], "Query its DNS name", |s, _, out| {
        let line = s.pinged_node().map(|node| node.form().to_string());
        let address = || s.chosen_address().map(|address| format!("-x {address}"));
        out.requests.extend(line.or_else(address).map(Request::Dig));
    })
    .when(on_target),
    row("clear-target", &[Char('c')], "Reset its figures", |s, _, out| {
        let chosen = s.chosen_series().map(|series| vec![series.target.clone()]);
        out.ask(Command::ClearPings(chosen));
        s.say("Figures of the target reset");
    })
    .hint(3, 47, "clear")
    .when(on_target),
    row("clear-targets", &[Char('C')], "Reset the figures of all targets", |s, _, out| {
        out.ask(Command::ClearPings(None));
        s.say("Figures of all targets reset");
    })
    .when(pinging),
    row("faster", &[Char('-')], "Ping at a shorter interval", |s, _, out| pace(s, false, out))
        .hint(5, 48, "faster")
        .when(|s| when(s.views.ping.plan.interval > FASTEST, "this is the shortest interval")),
    row("slower", &[Char('+')], "Ping at a longer interval", |s, _, out| pace(s, true, out))
        .hint(5, 49, "slower")
        .when(|s| when(s.views.ping.plan.interval < SLOWEST, "this is the longest interval")),
    row(
        "earlier",
        &[Char('h'), Code(KeyCode::Left)],
        "Scroll the chart back, or move left in the matrix",
        |s, _, _| {
            if s.views.ping.matrix.is_some() { s.step_matrix(0, -1) } else { s.step_chart(10) }
        },
    )
    .when(|s| {
        if let Some(place) = s.views.ping.matrix {
            when(place.region > 0, "this is the first region")
        } else {
            let kept = s.chosen_series().map_or(0, |series| series.recent.len());
            when(s.views.ping.earlier + 1 < kept, "there are no earlier samples")
        }
    }),
    row(
        "later",
        &[Char('l'), Code(KeyCode::Right)],
        "Scroll the chart forward, or move right in the matrix",
        |s, _, _| {
            if s.views.ping.matrix.is_some() { s.step_matrix(0, 1) } else { s.step_chart(-10) }
        },
    )
    .when(|s| match s.views.ping.matrix {
        Some(place) => {
            when(place.region < s.matrix_regions().len().saturating_sub(1), "this is the last region")
        }
        None => when(s.views.ping.earlier > 0, "these are the newest samples"),
    }),
    row("next-figure", &[Char('v')], "Show the next details: chart, histogram, replies", |s, _, _| {
        s.views.ping.lower = s.views.ping.lower.step(1);
    })
    .hint(4, 50, "form")
    .when(on_target),
    row("previous-figure", &[Char('V')], "Show the previous details", |s, _, _| {
        s.views.ping.lower = s.views.ping.lower.step(Lower::ALL.len() - 1);
    })
    .when(on_target),
    row("window", &[Char('W')], "Show figures of the newest probes or of all", |s, _, _| {
        s.views.ping.window = !s.views.ping.window;
        s.say(if s.views.ping.window { "Figures of the newest probes" } else { "Figures of all probes" });
    })
    .when(on_target),
    row("wide", &[Char('w')], "Show more figures in the table", |s, _, _| {
        s.views.ping.wide = !s.views.ping.wide;
    })
    .when(pinging),
    row("pause", &[Char(' ')], "Pause or resume probes", |s, _, _| subject::pause(s)).hint(2, 51, "pause"),
    row("sort", &[Char('s')], "Sort by the next column", |s, _, _| {
        s.views.ping.sort = s.views.ping.sort.next();
        s.say(format!("Sorted by {}", s.views.ping.sort.title()));
    })
    .hint(4, 52, "sort")
    .when(outside_matrix),
    row("reverse", &[Char('S')], "Reverse the order", |s, _, _| {
        s.views.ping.reversed = !s.views.ping.reversed;
    })
    .when(outside_matrix),
];

const fn row(id: &'static str, keys: &'static [Press], help: &'static str, run: Run) -> CommandRow {
    CommandRow::new(id, HERE, keys, help, run)
}

fn outside_matrix(state: &State) -> Result<(), &'static str> {
    when(state.views.ping.matrix.is_none(), "this needs a target: {back} leaves the matrix")
}

fn pinging(state: &State) -> Result<(), &'static str> {
    when(!state.networks.front().shown.pings.is_empty(), NONE)
}

fn on_target(state: &State) -> Result<(), &'static str> {
    outside_matrix(state)?;
    pinging(state)
}

/// The selected target, or the app whose addresses are pinged round robin.
fn spec(state: &State) -> Option<TargetSpec> {
    let series = state.chosen_series()?;
    if series.round_robin > 0 {
        return state
            .networks
            .front()
            .target_list
            .member_of(series)?
            .app
            .clone()
            .map(|app| TargetSpec::Node(Node::App(app)));
    }
    Some(TargetSpec::Address(series.target.address))
}

/// The app of the selected target or cell.
fn app(state: &State) -> Option<Safe> {
    state.pinged_node()?.app().cloned()
}

fn pace(state: &mut State, slower: bool, out: &mut Out) {
    let at = INTERVALS.iter().position(|interval| *interval >= state.views.ping.plan.interval);
    let at = at.unwrap_or(INTERVALS.len() - 1);
    let to = if slower { at + 1 } else { at.saturating_sub(1) };
    let Some(interval) = INTERVALS.get(to).copied() else { return };
    state.views.ping.plan.interval = interval;
    out.ask(Command::PingEvery(interval));
    state.say(format!("Interval: {:.1} s", interval.as_secs_f64()));
}

/// Starts to ping the targets of `spec`, shows and returns them.
fn bring(state: &mut State, spec: &TargetSpec) -> Vec<Target> {
    let targets = subject::targets_of(state, spec);
    state.views.ping.matrix = None;
    if state.tab != super::Tab::Ping {
        want(state, spec.clone());
        if let Some(first) = targets.first() {
            state.choose_ping(first.clone());
        }
    }
    targets
}

fn trace(state: &mut State, spec: &TargetSpec, out: &mut Out) {
    let Some(target) = bring(state, spec).into_iter().next() else { return };
    state.views.ping.lower = Lower::Trace;
    state.views.ping.sent_trace = Some(target.clone());
    state.networks.front_mut().shown.trace = None;
    let plan = TracePlan { mtu: Some(u16::MAX), ..TracePlan::default() };
    out.ask(Command::Trace(Some((target, plan))));
}

/// Starts a port check, and a protocol check of the open ports if `protocols` is set.
fn check_ports(state: &mut State, spec: &TargetSpec, ports: &[u16], protocols: bool, out: &mut Out) {
    let protocols = protocols.then_some(Protocols::Any);
    let mut checks = Vec::new();
    for target in bring(state, spec) {
        let host = host_of(state, &target);
        checks.extend(ports.iter().map(|port| PortCheck {
            label: target.label.clone(),
            to: SocketAddrV6::new(target.address, *port, 0, 0),
            protocols,
            host: host.clone(),
        }));
    }
    state.views.ping.lower = Lower::Ports;
    state.views.ping.checking = checks.len();
    state.networks.front_mut().shown.ports = Arc::default();
    out.ask(Command::Ports(checks));
}

/// The host name of `target` for protocol checks.
fn host_of(state: &State, target: &Target) -> Option<String> {
    let label = target.label.as_str();
    match Node::at(target.address, &state.networks.front().shown.catalog) {
        Some(Node::Machine(app, _)) => host(&format!("{app}.internal")),
        // A label with a dot is a name.
        _ if label.contains('.') => host(label.split(' ').next()?),
        _ => None,
    }
}

#[derive(Debug)]
pub struct View;

impl super::View for View {
    fn name(&self) -> &'static str {
        HERE.title()
    }

    fn rows(&self) -> &'static [CommandRow] {
        ROWS
    }

    fn entry(&self) -> &'static CommandRow {
        &ENTRY
    }

    fn context(&self, _: &State) -> Context {
        HERE
    }

    fn step(&self, state: &mut State, by: isize) {
        state.step_pings(by);
    }

    fn select(&self, state: &mut State, row: usize) -> bool {
        let here = state.views.ping.matrix.map(|place| place.app);
        let at = here.unwrap_or_else(|| state.chosen_ping(&state.ping_rows()));
        state.step_pings(row.cast_signed() - at.cast_signed());
        at == row
    }

    fn sort(&self, state: &mut State, column: usize) {
        let Some(column) = Column::ALL.get(column).copied() else { return };
        if state.views.ping.sort == column {
            state.views.ping.reversed = !state.views.ping.reversed;
        } else {
            (state.views.ping.sort, state.views.ping.reversed) = (column, false);
        }
    }

    fn back(&self, state: &mut State) -> bool {
        state.views.ping.matrix.take().is_some()
            || std::mem::take(&mut state.views.ping.lower) != Lower::Chart
    }

    fn subject(&self, state: &State) -> Vec<Node> {
        state.pinged_node().into_iter().collect()
    }

    fn named(&self, state: &State) -> copy::Named {
        match state.pinged_node() {
            Some(node) => copy::Named::of(&node, &state.networks.front().shown.catalog),
            None => copy::Named { address: state.chosen_address(), ..copy::Named::default() },
        }
    }

    fn table(&self, state: &State) -> Sheet {
        sheet(state)
    }

    fn copyable(&self, state: &State) -> Result<(), &'static str> {
        pinging(state)
    }

    fn copied(&self, state: &State) -> Option<(&'static str, String)> {
        Some(("address", state.chosen_address()?.to_string()))
    }

    fn shown(&self, state: &State) -> Result<(), &'static str> {
        when(
            !state.networks.front().shown.pings.is_empty(),
            "there is no target: {ping} in the tree adds one",
        )
    }

    fn take(&self, state: &mut State, request: &Request, out: &mut Out) -> bool {
        match request {
            Request::Trace(spec) => trace(state, spec, out),
            Request::Ports { of, ports, protocols } => check_ports(state, of, ports, *protocols, out),
            Request::Matrix => state.views.ping.matrix = Some(Place::default()),
            Request::Reveal(_) | Request::Dig(_) | Request::Return(_) => return false,
        }
        true
    }

    fn samples(&self, state: &State) -> bool {
        state.views.ping.matrix.is_some()
    }

    fn follow(&self, state: &mut State, out: &mut Out) {
        // The trace is hidden whatever is shown instead, so no probes are sent for it.
        if state.views.ping.lower != Lower::Trace && state.views.ping.sent_trace.take().is_some() {
            out.ask(Command::Trace(None));
        }
    }
}

/// The targets and their figures.
fn sheet(state: &State) -> Sheet {
    let shown = state.ping_rows();
    let chosen = (!shown.is_empty()).then(|| state.chosen_ping(&shown));
    let rows = shown
        .into_iter()
        .map(|row| {
            let one = row.series;
            let figures = row.stats();
            let loss = row.loss().map_or(Cell::Unknown, |loss| Cell::Number((loss * 1e5).round() / 1e3));
            let mut cells = vec![text(one.target.label.as_str()), text(one.target.address.to_string())];
            cells.extend(COUNTS.map(|(_, count)| Cell::Number(count(one) as f64)));
            cells.push(loss);
            cells.extend(TIMES.map(|(_, pick)| millis(figures.as_ref().map(pick))));
            cells
        })
        .collect();
    let mut columns = vec!["target", "address"];
    columns.extend(COUNTS.map(|(name, _)| name));
    columns.push("loss_percent");
    columns.extend(TIMES.map(|(name, _)| name));
    Sheet { name: "ping", columns, rows, chosen }
}

#[cfg(test)]
mod tests;
