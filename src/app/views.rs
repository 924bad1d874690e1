//! The views and their common interface. A view does not know any other: actions across views are a [`Request`].
//!
//! To add a view, write its file here and in `ui/views`, and add it to both lists.

pub mod dig;
pub mod doctor;
pub mod events;
pub mod explore;
pub mod ping;

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Instant;

use tui_input::Input;

use super::command::{Context, Row};
use super::copy::{self, Named};
use super::request::{Place, Request};
use super::sheet::Sheet;
use super::{Out, State};
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::engine::report::{Answered, Command};
use crate::text::count;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Explore,
    /// DNS queries and responses.
    Dig,
    /// Round trips and loss.
    Ping,
    Doctor,
    /// Changes of the network.
    Events,
}

impl Tab {
    /// All views in the order of their keys. Going back from any view ends at the first.
    pub const ALL: [Self; 5] = [Self::Explore, Self::Dig, Self::Ping, Self::Doctor, Self::Events];

    pub fn view(self) -> &'static dyn View {
        match self {
            Self::Explore => &explore::View,
            Self::Dig => &dig::View,
            Self::Ping => &ping::View,
            Self::Doctor => &doctor::View,
            Self::Events => &events::View,
        }
    }

    /// Its key and name.
    pub fn title(self) -> (char, &'static str) {
        let key = (b'1'..).zip(Self::ALL).find(|(_, tab)| *tab == self);
        (key.map_or(' ', |(key, _)| char::from(key)), self.view().name())
    }
}

/// The state of each view.
#[derive(Debug, Clone, Default)]
pub struct Views {
    pub explore: explore::Explore,
    pub dig: dig::Dig,
    pub ping: ping::Pings,
    pub doctor: doctor::Doctor,
    pub events: events::Log,
}

/// A change in the network that views follow.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// There is a new catalog; this is the previous one.
    Catalog(&'a Catalog),
    /// There are new ping figures.
    Pings,
    /// Dig lines were answered.
    Digs(&'a [Arc<Answered>]),
}

/// The interface of a view.
pub trait View: Sync {
    fn name(&self) -> &'static str;
    fn rows(&self) -> &'static [Row];
    /// The command that shows the view.
    fn entry(&self) -> &'static Row;
    /// Context that receives keys while no overlay is open.
    fn context(&self, state: &State) -> Context;

    /// Moves the selection by rows, or scrolls the focused pane.
    fn step(&self, state: &mut State, by: isize);
    /// Selects a row; returns whether it was already selected.
    fn select(&self, state: &mut State, row: usize) -> bool;
    /// Handles a click on the selected row.
    fn open(&self, _state: &mut State, _out: &mut Out) {}
    /// Focuses the details or the list.
    fn focus(&self, _state: &mut State, _details: bool) {}
    /// Scrolls the details or the list without a change of focus; `None` scrolls the focused one.
    fn wheel(&self, state: &mut State, _details: Option<bool>, rows: isize) {
        self.step(state, rows);
    }
    /// Sorts by this column; if already sorted by it, reverses the order.
    fn sort(&self, _state: &mut State, _column: usize) {}
    fn scroll(&self, _state: &mut State, _left: bool) {}
    /// Whether long lines can be scrolled, or why not.
    fn scrollable(&self, _state: &State, _left: bool) -> Result<(), &'static str> {
        Err("only the Dig view has lines that scroll")
    }
    /// Goes one step back inside the view; `false` if there is none.
    fn back(&self, _state: &mut State) -> bool {
        false
    }

    fn subject(&self, _state: &State) -> Vec<Node> {
        Vec::new()
    }
    /// The names of the selection for use in commands.
    fn named(&self, state: &State) -> Named {
        let node = self.subject(state).into_iter().next();
        node.map(|node| Named::of(&node, &state.networks.front().shown.catalog)).unwrap_or_default()
    }
    /// The contents as a table with the current filter and order.
    fn table(&self, state: &State) -> Sheet;
    /// The contents as plain text: all rows, not only the visible ones.
    fn plain(&self, state: &State) -> String {
        self.table(state).to_text()
    }
    /// Whether there is a selection to copy, or why not.
    fn copyable(&self, state: &State) -> Result<(), &'static str>;
    /// The default copy of the selection: its name and text.
    fn copied(&self, state: &State) -> Option<(&'static str, String)>;
    /// All copies of the selection: pairs of name and text.
    fn forms(&self, state: &State) -> Vec<(&'static str, String)> {
        copy::forms(state, self.named(state), &self.table(state))
    }
    /// Whether there is something to copy or export, or why not.
    fn shown(&self, state: &State) -> Result<(), &'static str>;

    /// The filter, empty for none; `None` if the view has no filter.
    fn filter<'a>(&self, _state: &'a State) -> Option<&'a str> {
        None
    }
    /// Number of matches, for the end of the filter's line.
    fn found(&self, _state: &State) -> String {
        String::new()
    }
    fn set_filter(&self, _state: &mut State, _text: &str) {}
    /// The view's input line that receives text, if any.
    fn line<'a>(&self, _state: &'a mut State) -> Option<&'a mut Input> {
        None
    }
    /// Updates the results after the input line was edited.
    fn edited(&self, _state: &mut State) {}

    /// Refreshes the selection, or everything if nothing is selected.
    fn refresh(&self, state: &mut State, out: &mut Out) {
        let nodes = self.subject(state);
        state.say(match nodes.as_slice() {
            [] => "Refreshing everything".into(),
            [one] => format!("Refreshing {one}"),
            many => format!("Refreshing {}", count(many.len(), "marked row")),
        });
        out.ask(Command::Refresh((!nodes.is_empty()).then_some(nodes)));
    }
    /// Whether a refresh is possible, or why not.
    fn refreshable(&self, _state: &State) -> Result<(), &'static str> {
        Ok(())
    }

    /// Called before the view is shown.
    fn enter(&self, _state: &mut State, _out: &mut Out) {}
    /// The shown place, for the history.
    fn place(&self, _state: &State) -> Option<Place> {
        None
    }
    /// Handles a request; `false` if it is for another view.
    fn take(&self, _state: &mut State, _request: &Request, _out: &mut Out) -> bool {
        false
    }
    /// Addresses that are pinged while the view is shown.
    fn measured(&self, _state: &State) -> Vec<Ipv6Addr> {
        Vec::new()
    }
    /// Whether the view needs pings to some machines of every app.
    fn samples(&self, _state: &State) -> bool {
        false
    }
    /// Handles a change in the network.
    fn news(&self, _state: &mut State, _news: News<'_>) {}
    /// Sends commands that the new state needs; called after every message.
    fn follow(&self, _state: &mut State, _out: &mut Out) {}
    /// Called as time passes.
    fn tick(&self, _state: &mut State, _out: &mut Out) {}
    /// Next time at which [`Self::tick`] is needed.
    fn next_tick(&self, _state: &State) -> Option<Instant> {
        None
    }
}
