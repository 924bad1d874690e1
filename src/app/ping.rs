//! The Ping view: who is pinged, in what order, and how it is shown.

use std::cmp::Ordering;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use super::keys::Action;
use super::targets::{Member, Wish, at, unwant, want};
use super::{Effect, State, Tab, menu};
use crate::engine::report::{Command, Knock, Node, Plan, Series, Stats, Target, TracePlan};
use crate::text::Safe;

/// Connections that one key may try.
const MOST_KNOCKS: usize = 512;
/// The shortest and the longest of [`INTERVALS`].
pub const FASTEST: Duration = Duration::from_millis(100);
/// See [`FASTEST`].
pub const SLOWEST: Duration = Duration::from_secs(10);
/// What may lie between two probes of a target.
const INTERVALS: [Duration; 7] = [
    FASTEST,
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    SLOWEST,
];

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// By name.
    Target,
    /// By region.
    Region,
    /// Probes that have left; most first, and so for all that follow.
    Sent,
    /// The share that no reply came for.
    #[default]
    Loss,
    /// The newest round trip.
    Last,
    /// Smallest.
    Min,
    /// Mean.
    Avg,
    /// 95 of 100 took no longer.
    P95,
    /// Largest.
    Max,
    /// Deviation.
    Mdev,
}

impl Column {
    /// What the rows may be sorted by, in the order in which a key takes them.
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

    /// As it stands over its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Target => "TARGET",
            Self::Region => "REGION",
            Self::Sent => "SENT",
            Self::Loss => "LOSS",
            Self::Last => "LAST",
            Self::Min => "MIN",
            Self::Avg => "AVG",
            Self::P95 => "P95",
            Self::Max => "MAX",
            Self::Mdev => "MDEV",
        }
    }

    fn next(self) -> Self {
        let at = Self::SORTS.iter().position(|column| *column == self).unwrap_or(0);
        Self::SORTS.get((at + 1) % Self::SORTS.len()).copied().unwrap_or_default()
    }

    fn order(self, a: &Row<'_>, b: &Row<'_>) -> Ordering {
        let time = |pick: fn(Stats) -> Duration| b.stats.map(pick).cmp(&a.stats.map(pick));
        let region = |row: &Row<'_>| row.member.and_then(|member| member.region.clone());
        match self {
            Self::Target => a.series.target.label.raw().cmp(b.series.target.label.raw()),
            Self::Region => region(a).cmp(&region(b)),
            Self::Sent => b.series.sent.cmp(&a.series.sent),
            Self::Loss => b.loss.partial_cmp(&a.loss).unwrap_or(Ordering::Equal),
            Self::Last => time(|stats| stats.last),
            Self::Min => time(|stats| stats.min),
            Self::Avg => time(|stats| stats.avg),
            Self::P95 => time(|stats| stats.p95),
            Self::Max => time(|stats| stats.max),
            Self::Mdev => time(|stats| stats.mdev),
        }
    }
}

/// What is shown of the selected target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lower {
    /// Its round trips over time, and what else there is room for.
    #[default]
    Chart,
    /// How often which round trip was seen.
    Histogram,
    /// Its replies one by one.
    Replies,
    /// The way to it.
    Trace,
    /// Its ports.
    Ports,
}

impl Lower {
    const ALL: [Self; 3] = [Self::Chart, Self::Histogram, Self::Replies];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|lower| *lower == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// What is kept of the view.
#[derive(Debug, Clone, Default)]
pub struct Pings {
    /// What the rows are sorted by.
    pub sort: Column,
    /// Whether the order is reversed.
    pub reversed: bool,
    /// Whether the figures are of the newest probes alone.
    pub window: bool,
    /// What is shown of the selected target.
    pub lower: Lower,
    /// The selected row of the matrix, while that is shown in place of the targets.
    pub matrix: Option<usize>,
    /// Ports that are tried.
    pub knocking: usize,
    /// Samples between the chart's right end and now.
    pub earlier: usize,
    /// How probes are sent.
    pub plan: Plan,
    /// The selected target; `None` is the first row.
    chosen: Option<Ipv6Addr>,
}

impl Pings {
    /// Between two probes of one of `targets`: where they are many, the pace makes it longer.
    pub fn interval(&self, targets: usize) -> Duration {
        self.plan.interval.max(self.plan.pace * u32::try_from(targets).unwrap_or(u32::MAX))
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The target's pings.
    pub series: &'a Series,
    /// Where it belongs, where that is known.
    pub member: Option<&'a Member>,
    /// Loss, of the window or of all.
    pub loss: Option<f64>,
    /// Figures, of the window or of all.
    pub stats: Option<Stats>,
}

impl Row<'_> {
    /// Whether the catalog has the target no longer.
    pub fn is_gone(&self) -> bool {
        self.member.is_some_and(|member| member.gone)
    }
}

impl State {
    /// The rows of the view, in order.
    pub fn ping_rows(&self) -> Vec<Row<'_>> {
        let Pings { sort, reversed, window, .. } = self.ping;
        let row = |series| {
            let (loss, stats) = if window { Series::window(series) } else { (series.loss(), series.stats) };
            Row { series, member: self.wishes.member(series.target.address), loss, stats }
        };
        let mut rows: Vec<Row<'_>> = self.view.pings.iter().map(row).collect();
        rows.sort_by(|a, b| if reversed { sort.order(b, a) } else { sort.order(a, b) });
        rows
    }

    /// The selected row of [`Self::ping_rows`].
    pub fn chosen_ping(&self, rows: &[Row<'_>]) -> usize {
        let chosen = self.ping.chosen;
        rows.iter().position(|row| Some(row.series.target.address) == chosen).unwrap_or(0)
    }

    /// The selected target's address.
    pub fn chosen_address(&self) -> Option<Ipv6Addr> {
        let chosen = self.ping.chosen.filter(|chosen| self.series(*chosen).is_some());
        chosen.or_else(|| self.ping_rows().first().map(|row| row.series.target.address))
    }

    /// Who was asked to be pinged last.
    pub fn asked_targets(&self) -> Vec<Target> {
        self.asked_pings.iter().map(|aim| aim.target.clone()).collect()
    }

    /// Selects the target at `address`.
    pub fn choose_ping(&mut self, address: Ipv6Addr) {
        self.ping.chosen = Some(address);
        self.ping.earlier = 0;
    }

    /// Moves the selection by rows.
    pub fn step_pings(&mut self, by: isize) {
        if let Some(row) = self.ping.matrix {
            let last = self.matrix_apps().len().saturating_sub(1);
            self.ping.matrix = Some(row.saturating_add_signed(by).min(last));
            return;
        }
        let rows = self.ping_rows();
        let last = rows.len().saturating_sub(1);
        let row = self.chosen_ping(&rows).saturating_add_signed(by).min(last);
        if let Some(address) = rows.get(row).map(|row| row.series.target.address) {
            self.choose_ping(address);
        }
    }

    /// The node of the selected target, where the tree has one.
    pub fn pinged_node(&self) -> Option<Node> {
        match self.matrix_app() {
            Some(app) => Some(Node::App(app)),
            None => self.node_at(self.chosen_address()?),
        }
    }

    /// The node at `address`, where the tree has one.
    pub fn node_at(&self, address: Ipv6Addr) -> Option<Node> {
        let catalog = &self.view.catalog;
        if let Some((app, id)) = catalog.at(address) {
            return Some(Node::Machine(app.clone(), id.clone()));
        }
        let peer = catalog.peers.iter().find(|(_, peer)| peer.address == Some(address));
        peer.map(|(name, _)| Node::Peer(name.clone()))
    }

    /// What a key does in this view.
    pub fn act_in_ping(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let chosen = self.chosen_address();
        match action {
            Action::AddTarget => menu::palette(self, "ping "),
            Action::RemoveTarget => self.remove_target(),
            Action::ClearTarget => {
                effects.push(Effect::Ask(Command::ClearPings(chosen.map(|address| vec![address]))));
                self.say("its figures start over");
            }
            Action::ClearTargets => {
                effects.push(Effect::Ask(Command::ClearPings(None)));
                self.say("all figures start over");
            }
            Action::Faster | Action::Slower => {
                let at = INTERVALS.iter().position(|interval| *interval >= self.ping.plan.interval);
                let at = at.unwrap_or(INTERVALS.len() - 1);
                let to = if action == Action::Slower { at + 1 } else { at.saturating_sub(1) };
                let Some(interval) = INTERVALS.get(to).copied() else { return };
                self.ping.plan.interval = interval;
                effects.push(Effect::Ask(Command::PingEvery(interval)));
                self.say(format!("every {:.1} s", interval.as_secs_f64()));
            }
            Action::Earlier | Action::Later => {
                let kept =
                    chosen.and_then(|address| self.series(address)).map_or(0, |series| series.recent.len());
                let by = if action == Action::Earlier { 10 } else { -10 };
                self.ping.earlier = self.ping.earlier.saturating_add_signed(by).min(kept.saturating_sub(1));
            }
            Action::Matrix => {
                if self.tab != Tab::Ping {
                    self.leave_place();
                    self.tab = Tab::Ping;
                    self.ping.matrix = None;
                }
                self.ping.matrix = if self.ping.matrix.is_some() { None } else { Some(0) };
            }
            Action::Trace => self.trace_chosen(effects),
            Action::Ports => self.knock_chosen(effects),
            Action::NextLower => self.ping.lower = self.ping.lower.step(1),
            Action::PreviousLower => self.ping.lower = self.ping.lower.step(Lower::ALL.len() - 1),
            Action::Window => {
                self.ping.window = !self.ping.window;
                self.say(if self.ping.window {
                    "figures of the newest probes"
                } else {
                    "figures of all probes"
                });
            }
            Action::Sort => {
                self.ping.sort = self.ping.sort.next();
                self.say(format!("sorted by {}", self.ping.sort.title()));
            }
            Action::Reverse => self.ping.reversed = !self.ping.reversed,
            Action::RevealTarget => {
                if let Some(node) = self.pinged_node() {
                    self.tab = Tab::Explore;
                    self.tree.reveal(&node, &self.view.catalog, &self.view.pings);
                }
            }
            Action::DigTarget => {
                if let Some(line) = self.target_question() {
                    self.dig_line(&line, effects);
                }
            }
            _ => {}
        }
    }

    /// What is selected, here or in the tree.
    pub fn subject(&self) -> Option<Wish> {
        if self.tab == Tab::Ping {
            return self.chosen_address().map(Wish::Address);
        }
        self.tree.selected().cloned().map(Wish::Node)
    }

    /// Whom the subject means.
    fn subjects(&self) -> Vec<Target> {
        match self.subject() {
            Some(Wish::Address(address)) => {
                self.series(address).map(|series| series.target.clone()).into_iter().collect()
            }
            Some(Wish::Node(node)) => {
                let mut all: Vec<Target> =
                    at(&self.view.catalog, &node).into_iter().map(|member| member.target).collect();
                if let Node::App(name) = &node
                    && let Some(app) = self.view.catalog.apps.get(name)
                {
                    let label: Safe = format!("{name}.flycast").as_str().into();
                    all.extend(
                        app.flycast.iter().map(|address| Target { label: label.clone(), address: *address }),
                    );
                }
                all
            }
            _ => Vec::new(),
        }
    }

    /// Why the subject cannot be traced.
    ///
    /// # Errors
    /// Where it cannot.
    pub fn traceable(&self) -> Result<(), &'static str> {
        match self.subjects().len() {
            0 => Err("no address of it is known"),
            1 => Ok(()),
            _ => Err("one machine can be traced at a time: select one"),
        }
    }

    /// Why the ports of the subject cannot be tried.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn knockable(&self) -> Result<(), &'static str> {
        match self.subjects().len() * self.settings.ports.len() {
            0 => Err("no address of it is known"),
            1..=MOST_KNOCKS => Ok(()),
            _ => Err("those are too many connections at once: select a region or a machine"),
        }
    }

    /// Shows the subject in this view, pinged.
    fn bring(&mut self) -> Vec<Target> {
        let targets = self.subjects();
        if let (Tab::Explore, Some(wish)) = (self.tab, self.subject()) {
            want(self, wish);
            self.leave_place();
            self.tab = Tab::Ping;
            if let Some(first) = targets.first() {
                self.choose_ping(first.address);
            }
        }
        targets
    }

    fn trace_chosen(&mut self, effects: &mut Vec<Effect>) {
        let Some(target) = self.bring().into_iter().next() else { return };
        self.ping.lower = Lower::Trace;
        self.view.trace = None;
        let plan = TracePlan { mtu: Some(u16::MAX), ..TracePlan::default() };
        effects.push(Effect::Ask(Command::Trace(Some((target, plan)))));
    }

    fn knock_chosen(&mut self, effects: &mut Vec<Effect>) {
        let ports = self.settings.ports.clone();
        let knocks: Vec<Knock> = self
            .bring()
            .into_iter()
            .flat_map(|target| {
                let to = |port: &u16| SocketAddrV6::new(target.address, *port, 0, 0);
                let knock = |port| Knock { label: target.label.clone(), to: to(port) };
                ports.iter().map(knock).collect::<Vec<_>>()
            })
            .collect();
        self.ping.lower = Lower::Ports;
        self.ping.knocking = knocks.len();
        self.view.ports = Arc::default();
        effects.push(Effect::Ask(Command::Ports(knocks)));
    }

    /// Leaves the trace or the ports, where they are shown; says whether they were.
    pub fn leave_lower(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.ping.matrix.take().is_some() {
            return true;
        }
        let lower = std::mem::take(&mut self.ping.lower);
        if lower == Lower::Trace {
            effects.push(Effect::Ask(Command::Trace(None)));
        }
        lower != Lower::Chart
    }

    /// The selected one is pinged no longer; the next one is selected.
    fn remove_target(&mut self) {
        let rows = self.ping_rows();
        let at = self.chosen_ping(&rows);
        let address = |row: usize| rows.get(row).map(|row| row.series.target.address);
        let Some(here) = address(at) else { return };
        let next = address(at + 1).or_else(|| address(at.checked_sub(1)?));
        let label = rows.get(at).map_or_else(|| Safe::new(""), |row| row.series.target.label.clone());
        unwant(self, here);
        self.ping.chosen = next;
        self.say(format!("no longer pinging {label}"));
    }

    /// What is to be asked about the selected target.
    fn target_question(&self) -> Option<String> {
        let address = self.chosen_address()?;
        Some(match self.node_at(address) {
            Some(Node::Machine(app, id)) => format!("{id}.vm.{app}.internal"),
            Some(Node::Peer(peer)) => format!("{peer}._peer.internal"),
            _ => format!("-x {address}"),
        })
    }
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
