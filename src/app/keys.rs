//! The table of keys: from it come what a key does, the hint bar and the help. They cannot disagree.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Overlay, State, Tab};
use crate::engine::report::Node;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Every view.
    Everywhere,
    /// The Explore view.
    Explore,
    /// The Dig view: its answer.
    Dig,
    /// The Dig view: its line.
    DigLine,
    /// The Ping view.
    Ping,
    /// The Doctor view.
    Doctor,
    /// The Events view.
    Events,
    /// The filter's line.
    Filter,
    /// The help.
    Help,
    /// The choice between confs.
    Pick,
}

impl Context {
    /// The context of a view.
    pub fn of(tab: Tab) -> Self {
        match tab {
            Tab::Explore => Self::Explore,
            Tab::Dig => Self::Dig,
            Tab::Ping => Self::Ping,
            Tab::Doctor => Self::Doctor,
            Tab::Events => Self::Events,
        }
    }

    /// Whether what is bound in `self` holds in `here`.
    pub fn holds_in(self, here: Self) -> bool {
        self == here || (self == Self::Everywhere && Tab::ALL.iter().any(|tab| Self::of(*tab) == here))
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table's words say it")]
pub enum Action {
    ToExplore,
    ToDig,
    DigThis,
    EditLine,
    NewLine,
    SendLine,
    LeaveLine,
    Complete,
    LineDown,
    LineUp,
    NextFace,
    PreviousFace,
    OlderEntry,
    NewerEntry,
    Forget,
    ToPing,
    RevealTarget,
    ToDoctor,
    ToEvents,
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    Open,
    Close,
    Expand,
    Collapse,
    ExpandAll,
    Filter,
    KeepFilter,
    NextMatch,
    PreviousMatch,
    Sort,
    Reverse,
    Refresh,
    RefreshAll,
    Rehandshake,
    Ping,
    PingBelow,
    Pause,
    Copy,
    NextPane,
    Zoom,
    Narrower,
    Wider,
    Freeze,
    LastMessage,
    Reveal,
    ClearEvents,
    Help,
    HelpDown,
    HelpUp,
    HelpDo,
    Back,
    Suspend,
    Repaint,
    Quit,
}

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// The keys, the one to show first.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// The same in words, for the help.
    pub words: &'static str,
    /// A word or two for the hint bar; the lower the number, the longer it stays when room is short.
    pub hint: Option<(u8, &'static str)>,
}

/// A key as it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character, upper or lower case.
    Char(char),
    /// Control and a letter.
    Ctrl(char),
    /// Any other key.
    Code(KeyCode),
}

impl Key {
    fn is(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Self::Char(c) => event.code == KeyCode::Char(c) && !ctrl && !alt,
            Self::Ctrl(c) => event.code == KeyCode::Char(c) && ctrl && !alt,
            Self::Code(code) => event.code == code,
        }
    }

    /// As it is written: `j`, `^D`, `↵`, `Tab`.
    pub fn show(self, ascii: bool) -> String {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(code) => match (code, ascii) {
                (KeyCode::Enter, false) => "↵".into(),
                (KeyCode::Up, false) => "↑".into(),
                (KeyCode::Down, false) => "↓".into(),
                (KeyCode::Left, false) => "←".into(),
                (KeyCode::Right, false) => "→".into(),
                (KeyCode::PageUp, _) => "PgUp".into(),
                (KeyCode::PageDown, _) => "PgDn".into(),
                (KeyCode::BackTab, _) => "S-Tab".into(),
                (KeyCode::F(n), _) => format!("F{n}"),
                (code, _) => format!("{code}"),
            },
        }
    }
}

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    words: &'static str,
    hint: Option<(u8, &'static str)>,
) -> Binding {
    Binding { context, keys, action, words, hint }
}

use Context::{Dig, DigLine, Events, Everywhere, Explore, Filter, Help, Pick, Ping};
use Key::{Char, Code, Ctrl};

/// The table.
pub const TABLE: &[Binding] = &[
    bind(
        Explore,
        &[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)],
        Action::Open,
        "Open or expand",
        Some((1, "open")),
    ),
    bind(
        Events,
        &[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)],
        Action::Reveal,
        "Show it in the tree",
        Some((1, "show in tree")),
    ),
    bind(Events, &[Char('c')], Action::ClearEvents, "Clear the list", Some((3, "clear"))),
    bind(Explore, &[Char('d')], Action::DigThis, "Dig this row's name", Some((3, "dig"))),
    bind(Dig, &[Char('i')], Action::EditLine, "Edit the line", Some((0, "edit"))),
    bind(Dig, &[Char('a')], Action::NewLine, "A new line", Some((1, "new"))),
    bind(Dig, &[Code(KeyCode::Enter)], Action::SendLine, "Ask again", Some((1, "ask again"))),
    bind(Dig, &[Char('v')], Action::NextFace, "Next form: Answer, Message, JSON", Some((1, "form"))),
    bind(Dig, &[Char('V')], Action::PreviousFace, "The form before", None),
    bind(Dig, &[Char('[')], Action::OlderEntry, "The line before", Some((2, "back"))),
    bind(Dig, &[Char(']')], Action::NewerEntry, "The next line", None),
    bind(Dig, &[Char('x')], Action::Forget, "Forget this line", None),
    bind(DigLine, &[Code(KeyCode::Enter)], Action::SendLine, "Ask", Some((0, "ask"))),
    bind(DigLine, &[Code(KeyCode::Tab)], Action::Complete, "Complete", Some((0, "complete"))),
    bind(DigLine, &[Code(KeyCode::Down)], Action::LineDown, "Next name", Some((2, "names"))),
    bind(DigLine, &[Code(KeyCode::Up)], Action::LineUp, "Name or line before", Some((2, "history"))),
    bind(DigLine, &[Code(KeyCode::Esc)], Action::LeaveLine, "To the answer", Some((1, "to the answer"))),
    bind(DigLine, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(DigLine, &[Ctrl('c')], Action::Quit, "Quit", Some((1, "quit"))),
    bind(
        Ping,
        &[Code(KeyCode::Enter)],
        Action::RevealTarget,
        "Show it in the tree",
        Some((1, "show in tree")),
    ),
    bind(Ping, &[Char(' ')], Action::Pause, "Pause or resume probes", Some((2, "pause"))),
    bind(Ping, &[Char('s')], Action::Sort, "Sort by the next column", Some((4, "sort"))),
    bind(Ping, &[Char('S')], Action::Reverse, "Reverse the order", None),
    bind(Explore, &[Char('h'), Code(KeyCode::Left)], Action::Close, "Collapse, or go to the parent", None),
    bind(Everywhere, &[Char('j'), Code(KeyCode::Down)], Action::Down, "Down", None),
    bind(Everywhere, &[Char('k'), Code(KeyCode::Up)], Action::Up, "Up", None),
    bind(Everywhere, &[Ctrl('d'), Code(KeyCode::PageDown)], Action::PageDown, "A page down", None),
    bind(Everywhere, &[Ctrl('u'), Code(KeyCode::PageUp)], Action::PageUp, "A page up", None),
    bind(Everywhere, &[Char('g'), Code(KeyCode::Home)], Action::First, "To the first row", None),
    bind(Everywhere, &[Char('G'), Code(KeyCode::End)], Action::Last, "To the last row", None),
    bind(Explore, &[Char('+')], Action::Expand, "Expand", None),
    bind(Explore, &[Char('-')], Action::Collapse, "Collapse", None),
    bind(Explore, &[Char('*')], Action::ExpandAll, "Expand or collapse everything", None),
    bind(Explore, &[Char('p')], Action::Ping, "Ping this, or stop", Some((2, "ping"))),
    bind(Explore, &[Char('P')], Action::PingBelow, "Ping all below, or stop", None),
    bind(Explore, &[Char(' ')], Action::Pause, "Pause or resume probes", Some((6, "pause"))),
    bind(Everywhere, &[Char('y')], Action::Copy, "Copy the address or the name", Some((3, "copy"))),
    bind(Everywhere, &[Char('/')], Action::Filter, "Filter (!text excludes)", Some((2, "filter"))),
    bind(Explore, &[Char('n')], Action::NextMatch, "Next match", None),
    bind(Explore, &[Char('N')], Action::PreviousMatch, "Previous match", None),
    bind(Explore, &[Char('s')], Action::Sort, "Sort by name, count, RTT", Some((5, "sort"))),
    bind(Explore, &[Char('S')], Action::Reverse, "Reverse the order", None),
    bind(Everywhere, &[Char('r')], Action::Refresh, "Ask for everything again", Some((4, "refresh"))),
    bind(Everywhere, &[Char('R')], Action::RefreshAll, "The same, and read the conf again", None),
    bind(Everywhere, &[Ctrl('r')], Action::Rehandshake, "Shake hands anew", None),
    bind(Everywhere, &[Char('f')], Action::Freeze, "Freeze the screen; work goes on", Some((7, "freeze"))),
    bind(Explore, &[Code(KeyCode::Tab), Code(KeyCode::BackTab)], Action::NextPane, "Next pane", None),
    bind(Explore, &[Char('z')], Action::Zoom, "Zoom the pane", None),
    bind(Explore, &[Char('<')], Action::Narrower, "Make the tree narrower", None),
    bind(Explore, &[Char('>')], Action::Wider, "Make the tree wider", None),
    bind(Everywhere, &[Char('!')], Action::LastMessage, "Last message again; hide the banner", None),
    bind(Everywhere, &[Code(KeyCode::Esc)], Action::Back, "One step back", None),
    bind(Everywhere, &[Ctrl('l')], Action::Repaint, "Paint everything anew", None),
    bind(Everywhere, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Everywhere, &[Char('?'), Code(KeyCode::F(1))], Action::Help, "Help", Some((0, "help"))),
    bind(Everywhere, &[Char('q'), Ctrl('c')], Action::Quit, "Quit", Some((1, "quit"))),
    bind(Everywhere, &[Char('1')], Action::ToExplore, "Explore: the tree", None),
    bind(Everywhere, &[Char('2')], Action::ToDig, "Dig: ask a name server", None),
    bind(Everywhere, &[Char('3')], Action::ToPing, "Ping: round trips and loss", None),
    bind(Everywhere, &[Char('4')], Action::ToDoctor, "Doctor: what is wrong", None),
    bind(Everywhere, &[Char('5')], Action::ToEvents, "Events: what has changed", None),
    bind(Filter, &[Code(KeyCode::Enter)], Action::KeepFilter, "Keep the filter", Some((0, "keep"))),
    bind(Filter, &[Code(KeyCode::Esc)], Action::Back, "Clear the filter", Some((0, "clear"))),
    bind(Filter, &[Code(KeyCode::Down)], Action::Down, "Down", None),
    bind(Filter, &[Code(KeyCode::Up)], Action::Up, "Up", None),
    bind(Filter, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Filter, &[Ctrl('c')], Action::Quit, "Quit", Some((1, "quit"))),
    bind(Help, &[Code(KeyCode::Enter)], Action::HelpDo, "Do it", Some((0, "do it"))),
    bind(Help, &[Code(KeyCode::Down)], Action::HelpDown, "Down", None),
    bind(Help, &[Code(KeyCode::Up)], Action::HelpUp, "Up", None),
    bind(Help, &[Code(KeyCode::Esc), Code(KeyCode::F(1))], Action::Back, "Close", Some((0, "close"))),
    bind(Help, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Help, &[Ctrl('c')], Action::Quit, "Quit", Some((1, "quit"))),
    bind(Pick, &[Code(KeyCode::Enter), Char('l')], Action::Open, "Attach", Some((0, "attach"))),
    bind(Pick, &[Char('j'), Code(KeyCode::Down)], Action::Down, "Down", Some((1, "down"))),
    bind(Pick, &[Char('k'), Code(KeyCode::Up)], Action::Up, "Up", Some((1, "up"))),
    bind(Pick, &[Char('g'), Code(KeyCode::Home)], Action::First, "To the first row", None),
    bind(Pick, &[Char('G'), Code(KeyCode::End)], Action::Last, "To the last row", None),
    bind(Pick, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Pick, &[Char('q'), Code(KeyCode::Esc), Ctrl('c')], Action::Quit, "Quit", Some((0, "quit"))),
];

/// What `event` does in `context`.
pub fn action(context: Context, event: KeyEvent) -> Option<Action> {
    let here = TABLE.iter().filter(|binding| binding.context.holds_in(context));
    here.into_iter()
        .find(|binding| binding.keys.iter().any(|key| key.is(event)))
        .map(|binding| binding.action)
}

/// The lines of `context` whose keys or words contain `text`, in the table's order.
pub fn listed(context: Context, text: &str) -> impl Iterator<Item = &'static Binding> {
    let text = text.to_lowercase();
    TABLE.iter().filter(move |binding| {
        binding.context.holds_in(context)
            && (text.is_empty()
                || binding.words.to_lowercase().contains(&text)
                || binding.keys.iter().any(|key| key.show(false) == text))
    })
}

/// Whether `action` can be done now, or why not.
///
/// # Errors
/// The reason, in words for the user.
pub fn enabled(state: &State, action: Action) -> Result<(), &'static str> {
    let when = |possible: bool, reason: &'static str| if possible { Ok(()) } else { Err(reason) };
    let rows = state.tree.rows().len();
    match action {
        Action::Copy if state.tab == Tab::Events => {
            when(state.chosen_event().is_some(), "no event is selected: nothing has changed yet")
        }
        Action::Reveal => match state.chosen_event() {
            None => Err("no event is selected: nothing has changed yet"),
            Some(event) => when(state.node_of(&event.change).is_some(), "it is no longer in the tree"),
        },
        Action::ClearEvents => when(state.shown_events().next().is_some(), "the list is empty"),
        Action::Copy if state.tab == Tab::Doctor => {
            when(state.chosen_check().is_some(), "nothing was examined yet: r does it")
        }
        Action::Copy if state.tab == Tab::Dig => when(state.dig.entry().is_some(), "nothing was asked yet"),
        Action::NextFace
        | Action::PreviousFace
        | Action::OlderEntry
        | Action::NewerEntry
        | Action::Forget => when(state.dig.entry().is_some(), "nothing was asked yet"),
        Action::SendLine => {
            when(!state.dig.input.value().trim().is_empty(), "the line is empty: type a name")
        }
        Action::Complete => when(!state.dig.choices.is_empty(), "no name of the network begins so"),
        Action::RevealTarget => when(state.pinged_node().is_some(), "it is not in the tree"),
        Action::Copy if state.tab == Tab::Ping => {
            when(!state.view.pings.is_empty(), "nobody is pinged: p does it in the tree")
        }
        Action::Filter if matches!(state.tab, Tab::Doctor | Tab::Dig | Tab::Ping) => {
            Err("there is nothing to filter here")
        }
        Action::Copy
        | Action::DigThis
        | Action::Ping
        | Action::PingBelow
        | Action::Open
        | Action::Close
        | Action::Expand
        | Action::Collapse
        | Action::ExpandAll => {
            when(state.tree.selected().is_some(), "nothing is selected: the tree is still empty")?;
            match (action, state.tree.selected()) {
                (Action::Expand | Action::Collapse, Some(Node::Machine(..) | Node::Peer(_))) => {
                    Err("this row has nothing below it")
                }
                _ => Ok(()),
            }
        }
        Action::NextMatch | Action::PreviousMatch => {
            when(!state.tree.filter().is_empty(), "there is no filter: / sets one")?;
            when(rows > 0, "nothing matches the filter")
        }
        Action::Rehandshake => when(state.view.link.is_some(), "there is no link yet"),
        Action::LastMessage => when(state.toast.is_some() || !state.is_up(), "there has been no message"),
        Action::HelpDo => match &state.overlay {
            Some(Overlay::Help { input, .. })
                if listed(Context::of(state.tab), input.value()).next().is_none() =>
            {
                Err("no key is called so")
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[i + 1..] {
                if a.context.holds_in(b.context) || b.context.holds_in(a.context) {
                    assert!(!a.keys.iter().any(|key| b.keys.contains(key)), "{a:?} and {b:?}");
                }
            }
        }
    }

    #[test]
    fn help_is_searched_by_words_and_keys() {
        let words = |text| listed(Explore, text).map(|b| b.action).collect::<Vec<_>>();
        assert_eq!(words("copy"), [Action::Copy]);
        assert!(words("").len() > 25);
    }
}
