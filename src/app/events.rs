//! The Events view: the log of changes, newest first, with a selection that stays on its event.

use std::time::Instant;

use jiff::ZonedDateTime;

use super::{State, Tab};
use crate::catalog::diff::Change;
use crate::engine::report::{Event, Node};

/// What is kept of the view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The serial of the selected event; `None` stays with the newest.
    chosen: Option<u64>,
    /// Events up to this serial were cleared.
    cleared: u64,
    /// A part of a subject or of what happened; `!` before it excludes. Empty for none.
    pub filter: String,
}

impl State {
    /// The events to show, newest first.
    pub fn shown_events(&self) -> impl Iterator<Item = &Event> {
        let (wanted, text) = match self.log.filter.strip_prefix('!') {
            Some(rest) => (rest.is_empty(), rest),
            None => (true, self.log.filter.as_str()),
        };
        let text = text.to_lowercase();
        let cleared = self.log.cleared;
        self.view.events.iter().rev().filter(move |event| {
            let hit = || {
                let line = format!("{} {}", event.change.subject(), event.change.clause());
                line.to_lowercase().contains(&text)
            };
            event.serial > cleared && (text.is_empty() || hit() == wanted)
        })
    }

    /// The selected event.
    pub fn chosen_event(&self) -> Option<&Event> {
        let chosen = self.log.chosen;
        self.shown_events()
            .find(|event| chosen.is_none_or(|serial| event.serial <= serial))
            .or_else(|| self.shown_events().last())
    }

    /// The place of the selected event among the shown.
    pub fn chosen_row(&self) -> Option<usize> {
        let serial = self.chosen_event()?.serial;
        self.shown_events().position(|event| event.serial == serial)
    }

    /// Moves the selection by rows.
    pub fn step_events(&mut self, by: isize) {
        let Some(row) = self.chosen_row() else { return };
        let last = self.shown_events().count().saturating_sub(1);
        let row = row.saturating_add_signed(by).min(last);
        let serial = self.shown_events().nth(row).map(|event| event.serial);
        // At the top it stays with what comes.
        self.log.chosen = if row == 0 { None } else { serial };
    }

    /// Forgets what is shown.
    pub fn clear_events(&mut self) {
        self.log.cleared = self.view.events.last().map_or(0, |event| event.serial);
        self.log.chosen = None;
    }

    /// Where in the tree `change` happened, if it is still there.
    pub fn node_of(&self, change: &Change) -> Option<Node> {
        let catalog = &self.view.catalog;
        match change {
            Change::AppCame(app) | Change::AppWent(app) => {
                catalog.apps.contains_key(app).then(|| Node::App(app.clone()))
            }
            Change::MachineCame(place)
            | Change::MachineWent(place)
            | Change::MachineMoved(place, _)
            | Change::MachineReaddressed(place, _) => match catalog.machine(&place.app, &place.id) {
                Some(_) => Some(Node::Machine(place.app.clone(), place.id.clone())),
                None => catalog.apps.contains_key(&place.app).then(|| Node::App(place.app.clone())),
            },
            Change::Silent(pinged) | Change::Answers(pinged, _) | Change::RttMoved(pinged, ..) => {
                self.node_at(pinged.address)
            }
            Change::PeerCame(peer) | Change::PeerWent(peer) => {
                catalog.peers.contains_key(peer).then(|| Node::Peer(peer.clone()))
            }
            Change::Disagree(app, id, _) | Change::Agree(app, id, _) => match id {
                Some(id) if catalog.machine(app, id).is_some() => {
                    Some(Node::Machine(app.clone(), id.clone()))
                }
                _ => catalog.apps.contains_key(app).then(|| Node::App(app.clone())),
            },
        }
    }

    /// Goes to the selected event's place in the tree.
    pub fn reveal_event(&mut self) {
        let node = self.chosen_event().and_then(|event| self.node_of(&event.change));
        if let Some(node) = node {
            self.leave_place();
            self.tab = Tab::Explore;
            self.tree.reveal(&node, &self.view.catalog, &self.view.pings);
        }
    }

    /// The time of day at `at`, as `14:03:12`.
    pub fn time_of_day(&self, at: Instant) -> String {
        self.clock_at(at).map(|time| time.strftime("%H:%M:%S").to_string()).unwrap_or_default()
    }

    /// The date and the time at `at`.
    pub fn clock_at(&self, at: Instant) -> Option<ZonedDateTime> {
        let (then, clock) = self.clock.as_ref()?;
        let shifted = match at.checked_duration_since(*then) {
            Some(later) => clock.checked_add(later),
            None => clock.checked_sub(then.saturating_duration_since(at)),
        };
        shifted.ok()
    }
}
