//! The views, and what each of them does for the commands that hold in all. A view knows no other: what crosses from one to
//! another is a [`Request`].
//!
//! To add one: write its file here and in `ui/views`, and name it in both lists.

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

/// A view, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The tree.
    Explore,
    /// DNS queries and responses.
    Dig,
    /// Round trips and loss.
    Ping,
    /// Causes and remedies.
    Doctor,
    /// Changes of the network.
    Events,
}

impl Tab {
    /// All of them, in the order of their keys. The first is where the others lead back to.
    pub const ALL: [Self; 5] = [Self::Explore, Self::Dig, Self::Ping, Self::Doctor, Self::Events];

    /// The view.
    pub fn view(self) -> &'static dyn View {
        match self {
            Self::Explore => &explore::View,
            Self::Dig => &dig::View,
            Self::Ping => &ping::View,
            Self::Doctor => &doctor::View,
            Self::Events => &events::View,
        }
    }

    /// Its key and its name.
    pub fn title(self) -> (char, &'static str) {
        let key = (b'1'..).zip(Self::ALL).find(|(_, tab)| *tab == self);
        (key.map_or(' ', |(key, _)| char::from(key)), self.view().name())
    }
}

/// What each view keeps.
#[derive(Debug, Clone, Default)]
pub struct Views {
    /// The Explore view.
    pub explore: explore::Explore,
    /// The Dig view.
    pub dig: dig::Dig,
    /// The Ping view.
    pub ping: ping::Pings,
    /// The Doctor view.
    pub doctor: doctor::Doctor,
    /// The Events view.
    pub events: events::Log,
}

/// What happened in the network that views follow.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// There is a new catalog in the place of this one.
    Catalog(&'a Catalog),
    /// There are new ping figures.
    Pings,
    /// Lines were answered.
    Digs(&'a [Arc<Answered>]),
}

/// A view.
pub trait View: Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its commands.
    fn rows(&self) -> &'static [Row];
    /// The command that shows it.
    fn entry(&self) -> &'static Row;
    /// Where keys go while nothing lies over it.
    fn context(&self, state: &State) -> Context;

    /// Moves the selection by rows, or scrolls what has the focus.
    fn step(&self, state: &mut State, by: isize);
    /// Selects a row; says whether it was selected already.
    fn select(&self, state: &mut State, row: usize) -> bool;
    /// What a click on the selected row does.
    fn open(&self, _state: &mut State, _out: &mut Out) {}
    /// Gives the focus to the details, or to the list.
    fn focus(&self, _state: &mut State, _details: bool) {}
    /// Scrolls the details or the list, wherever the focus is; `None` is what has it.
    fn wheel(&self, state: &mut State, _details: Option<bool>, rows: isize) {
        self.step(state, rows);
    }
    /// Sorts by the column of this number, or reverses the order where it is sorted so.
    fn sort(&self, _state: &mut State, _column: usize) {}
    /// Scrolls long lines.
    fn scroll(&self, _state: &mut State, _left: bool) {}
    /// Whether there are any.
    fn scrollable(&self, _state: &State, _left: bool) -> Result<(), &'static str> {
        Err("lines fit here: the forms of an answer in the Dig view are longer")
    }
    /// One step back inside the view; `false` where there is none.
    fn back(&self, _state: &mut State) -> bool {
        false
    }

    /// The selected places.
    fn subject(&self, _state: &State) -> Vec<Node> {
        Vec::new()
    }
    /// What is selected, as commands name it.
    fn named(&self, state: &State) -> Named {
        let node = self.subject(state).into_iter().next();
        node.map(|node| Named::of(&node, &state.networks.front().shown.catalog)).unwrap_or_default()
    }
    /// What is shown as a table, filtered and sorted as it is shown.
    fn table(&self, state: &State) -> Sheet;
    /// The same as plain text: all of its rows, not only those on the screen.
    fn plain(&self, state: &State) -> String {
        self.table(state).to_text()
    }
    /// Whether there is anything to copy.
    fn copyable(&self, state: &State) -> Result<(), &'static str>;
    /// What is copied of the selection: what it is, and the text.
    fn copied(&self, state: &State) -> Option<(&'static str, String)>;
    /// All ways to copy it, by name.
    fn forms(&self, state: &State) -> Vec<(&'static str, String)> {
        copy::forms(state, self.named(state), &self.table(state))
    }
    /// Whether anything is shown that could be copied or exported.
    fn shown(&self, state: &State) -> Result<(), &'static str>;

    /// The filter, empty for none; `None` where nothing can be filtered.
    fn filter<'a>(&self, _state: &'a State) -> Option<&'a str> {
        None
    }
    /// How much the filter finds, for the end of its line.
    fn found(&self, _state: &State) -> String {
        String::new()
    }
    /// Filters by `text`.
    fn set_filter(&self, _state: &mut State, _text: &str) {}
    /// The line that takes what is typed.
    fn line<'a>(&self, _state: &'a mut State) -> Option<&'a mut Input> {
        None
    }
    /// That line was edited.
    fn edited(&self, _state: &mut State) {}

    /// Refreshes what is selected; where nothing is, everything.
    fn refresh(&self, state: &mut State, out: &mut Out) {
        let nodes = self.subject(state);
        state.say(match nodes.as_slice() {
            [] => "asking for everything again".into(),
            [one] => format!("asking for {one} again"),
            many => format!("asking for {} again", count(many.len(), "marked row")),
        });
        out.ask(Command::Refresh((!nodes.is_empty()).then_some(nodes)));
    }
    /// Whether that is possible.
    fn refreshable(&self, _state: &State) -> Result<(), &'static str> {
        Ok(())
    }

    /// It is about to be shown.
    fn enter(&self, _state: &mut State, _out: &mut Out) {}
    /// What is shown that one can return to.
    fn place(&self, _state: &State) -> Option<Place> {
        None
    }
    /// Does what is requested; `false` where that is another view's.
    fn take(&self, _state: &mut State, _request: &Request, _out: &mut Out) -> bool {
        false
    }
    /// Addresses that are pinged while it is shown.
    fn measured(&self, _state: &State) -> Vec<Ipv6Addr> {
        Vec::new()
    }
    /// Whether some machines of every app are pinged while it is shown.
    fn samples(&self, _state: &State) -> bool {
        false
    }
    /// Follows what happened.
    fn news(&self, _state: &mut State, _news: News<'_>) {}
    /// Asks for what the new state needs, after every message.
    fn follow(&self, _state: &mut State, _out: &mut Out) {}
    /// Time passed.
    fn tick(&self, _state: &mut State, _out: &mut Out) {}
    /// When that matters next.
    fn next_tick(&self, _state: &State) -> Option<Instant> {
        None
    }
}
