//! The Ping view: who is pinged, in what order, and how it is shown.

use std::cmp::{Ordering, Reverse};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use super::keys::Action;
use super::matrix::Place;
use super::targets::{self, unwant, want};
use super::{Effect, State, Tab, menu};
use crate::catalog::place::Node;
use crate::engine::report::Command;
use crate::engine::targets::{Member, Wish, at};
use crate::probe::ping::Plan;
use crate::probe::port::{Knock, host};
use crate::probe::series::{Series, Target};
use crate::probe::speech::Speak;
use crate::probe::stats::Stats;
use crate::probe::trace::TracePlan;
use crate::text::Safe;

/// Connections that one key may try.
const MOST_KNOCKS: usize = 512;
const TOO_MANY: &str = "those are too many connections at once: select a region or a machine";
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
    /// Half took no longer.
    P50,
    /// 95 of 100 took no longer.
    P95,
    /// 99 of 100 took no longer.
    P99,
    /// Largest.
    Max,
    /// Deviation.
    Mdev,
    /// From one to the next.
    Jitter,
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

    /// What a row is sorted by. Of a window it takes a look at every sample: once a row, not once a comparison.
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

/// What rows are sorted by: names upwards, figures downwards.
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
    /// The selected cell of the matrix, while that is shown in place of the targets.
    pub matrix: Option<Place>,
    /// Ports that are tried.
    pub knocking: usize,
    /// Whether the table has all figures in the place of the newest probes.
    pub wide: bool,
    /// Samples between the chart's right end and now.
    pub earlier: usize,
    /// How probes are sent.
    pub plan: Plan,
    /// The selected target; `None` is the first row.
    chosen: Option<Target>,
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
    /// Whether its figures are of the newest probes alone.
    window: bool,
}

impl Row<'_> {
    /// Whether the catalog has the target no longer.
    pub fn is_gone(&self) -> bool {
        self.member.is_some_and(|member| member.gone)
    }

    /// Loss, of the window or of all.
    pub fn loss(&self) -> Option<f64> {
        if self.window { self.series.recent_loss() } else { self.series.loss() }
    }

    /// Figures, of the window or of all.
    pub fn stats(&self) -> Option<Stats> {
        if self.window { self.series.recent_stats() } else { self.series.stats }
    }
}

impl State {
    fn ping_row<'a>(&'a self, series: &'a Series) -> Row<'a> {
        Row { series, member: self.wishes.member_of(series), window: self.ping.window }
    }

    /// The rows of the view, in order.
    pub fn ping_rows(&self) -> Vec<Row<'_>> {
        let Pings { sort, reversed, .. } = self.ping;
        let keyed = |series| {
            let row = self.ping_row(series);
            (sort.key(&row), row)
        };
        let mut rows: Vec<(Key<'_>, Row<'_>)> = self.view.pings.iter().map(keyed).collect();
        rows.sort_by(|(a, _), (b, _)| a.order(b, reversed));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The selected row of [`Self::ping_rows`].
    pub fn chosen_ping(&self, rows: &[Row<'_>]) -> usize {
        let chosen = self.ping.chosen.as_ref();
        rows.iter().position(|row| Some(&row.series.target) == chosen).unwrap_or(0)
    }

    /// The selected target's pings: of who was selected, or of the first row.
    pub fn chosen_series(&self) -> Option<&Series> {
        let all = &self.view.pings;
        let chosen = self.ping.chosen.as_ref();
        let chosen = chosen.and_then(|chosen| all.iter().find(|series| series.target == *chosen));
        let Pings { sort, reversed, .. } = self.ping;
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

    /// Who was asked to be pinged last.
    pub fn asked_targets(&self) -> Vec<Target> {
        self.asked_pings.iter().map(|aim| aim.target.clone()).collect()
    }

    /// Selects a target.
    pub fn choose_ping(&mut self, target: Target) {
        self.ping.chosen = Some(target);
        self.ping.earlier = 0;
    }

    /// Moves the selection by rows.
    pub fn step_pings(&mut self, by: isize) {
        if self.ping.matrix.is_some() {
            return self.step_matrix(by, 0);
        }
        let rows = self.ping_rows();
        let last = rows.len().saturating_sub(1);
        let row = self.chosen_ping(&rows).saturating_add_signed(by).min(last);
        if let Some(target) = rows.get(row).map(|row| row.series.target.clone()) {
            self.choose_ping(target);
        }
    }

    /// The node of the selected target or cell, where the tree has one.
    pub fn pinged_node(&self) -> Option<Node> {
        if self.ping.matrix.is_some() {
            return self.matrix_node();
        }
        let series = self.chosen_series()?;
        if series.turns > 0 {
            return self.wishes.member_of(series)?.app.clone().map(Node::App);
        }
        Node::at(series.target.address, &self.view.catalog)
    }

    /// What a key does in this view.
    pub fn act_in_ping(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::AddTarget => menu::palette(self, "add-target "),
            Action::RemoveTarget => self.remove_target(),
            Action::ClearTarget => {
                let chosen = self.chosen_series().map(|series| vec![series.target.clone()]);
                effects.push(Effect::Ask(Command::ClearPings(chosen)));
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
            Action::Earlier | Action::Later if self.ping.matrix.is_some() => {
                self.step_matrix(0, if action == Action::Later { 1 } else { -1 });
            }
            Action::Earlier | Action::Later => {
                let kept = self.chosen_series().map_or(0, |series| series.recent.len());
                let by = if action == Action::Earlier { 10 } else { -10 };
                self.ping.earlier = self.ping.earlier.saturating_add_signed(by).min(kept.saturating_sub(1));
            }
            Action::Matrix => {
                if self.tab != Tab::Ping {
                    self.leave_place();
                    self.tab = Tab::Ping;
                    self.ping.matrix = None;
                }
                self.ping.matrix = if self.ping.matrix.is_some() { None } else { Some(Place::default()) };
            }
            Action::Turns => targets::toggle_turns(self),
            Action::Trace => self.trace_chosen(effects),
            Action::Ports | Action::Speak => self.knock_chosen(None, action == Action::Speak, effects),
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
            let series = self.chosen_series()?;
            if series.turns > 0 {
                return self.wishes.member_of(series)?.app.clone().map(|app| Wish::Node(Node::App(app)));
            }
            return Some(Wish::Address(series.target.address));
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

    /// The app that the subject is of.
    pub fn subject_app(&self) -> Option<Safe> {
        let node = if self.tab == Tab::Ping { self.pinged_node() } else { self.tree.selected().cloned() };
        node?.app().cloned()
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

    /// Why the ports of the subject cannot be tried, whichever they are.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn knockable(&self) -> Result<(), &'static str> {
        if self.subjects().is_empty() { Err("no address of it is known") } else { Ok(()) }
    }

    /// Shows the subject in this view, pinged.
    fn bring(&mut self) -> Vec<Target> {
        let targets = self.subjects();
        self.ping.matrix = None;
        if let (Tab::Explore, Some(wish)) = (self.tab, self.subject()) {
            want(self, wish);
            self.leave_place();
            self.tab = Tab::Ping;
            if let Some(first) = targets.first() {
                self.choose_ping(first.clone());
            }
        }
        targets
    }

    fn trace_chosen(&mut self, effects: &mut Vec<Effect>) {
        let Some(target) = self.bring().into_iter().next() else { return };
        self.ping.lower = Lower::Trace;
        self.told_trace = Some(target.clone());
        self.view.trace = None;
        let plan = TracePlan { mtu: Some(u16::MAX), ..TracePlan::default() };
        effects.push(Effect::Ask(Command::Trace(Some((target, plan)))));
    }

    /// Tries `ports` of the subject, or the usual ones, and speaks to the open ones where that is wanted.
    pub fn knock_chosen(&mut self, ports: Option<Vec<u16>>, speak: bool, effects: &mut Vec<Effect>) {
        let ports = ports.unwrap_or_else(|| self.settings.ports.to_vec());
        let speak = speak.then_some(Speak::Any);
        if ports.is_empty() {
            return self.say("the settings name no port to try: `:ports 22` tries that one");
        }
        // What is refused changes nothing.
        if self.subjects().len() * ports.len() > MOST_KNOCKS {
            return self.say(TOO_MANY);
        }
        let targets = self.bring();
        let mut knocks = Vec::new();
        for target in targets {
            let host = self.host_of(&target);
            knocks.extend(ports.iter().map(|port| Knock {
                label: target.label.clone(),
                to: SocketAddrV6::new(target.address, *port, 0, 0),
                speak,
                host: host.clone(),
            }));
        }
        self.ping.lower = Lower::Ports;
        self.ping.knocking = knocks.len();
        self.view.ports = Arc::default();
        effects.push(Effect::Ask(Command::Ports(knocks)));
    }

    /// The name by which a service of `target` is asked for.
    fn host_of(&self, target: &Target) -> Option<String> {
        let label = target.label.as_str();
        match Node::at(target.address, &self.view.catalog) {
            Some(Node::Machine(app, _)) => host(&format!("{app}.internal")),
            // A label with a dot is a name.
            _ if label.contains('.') => host(label.split(' ').next()?),
            _ => None,
        }
    }

    /// Leaves the trace or the ports, where they are shown; says whether they were.
    pub fn leave_lower(&mut self) -> bool {
        if self.ping.matrix.take().is_some() {
            return true;
        }
        std::mem::take(&mut self.ping.lower) != Lower::Chart
    }

    /// The selected one is pinged no longer; the next one is selected.
    fn remove_target(&mut self) {
        let rows = self.ping_rows();
        let at = self.chosen_ping(&rows);
        let target = |row: usize| rows.get(row).map(|row| row.series.target.clone());
        let Some(here) = target(at) else { return };
        let next = target(at + 1).or_else(|| target(at.checked_sub(1)?));
        unwant(self, &here);
        self.ping.chosen = next;
        self.say(format!("no longer pinging {}", here.label));
    }

    /// What is to be asked about the selected target.
    fn target_question(&self) -> Option<String> {
        let address = self.chosen_address()?;
        let node = self.pinged_node();
        Some(node.map_or_else(|| format!("-x {address}"), |node| node.form().to_string()))
    }
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
