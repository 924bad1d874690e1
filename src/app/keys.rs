//! The table of keys: from it come what a key does, the hint bar, the help, the palette of `:` and the key section of
//! the documents. They cannot disagree.
//!
//! To add an action: name it in [`action`] (and say what it may be told, if anything), give it at least one line in
//! the [`TABLE`] (the keys may be `&[]`: then `:` alone runs it), say in [`enabled`] when it is possible, and do it in
//! [`act`](super::act). The tests walk the table in every state and fail where one of these is missing.

mod action;
mod enabled;
mod key;
mod keymap;

use ratatui::crossterm::event::KeyCode;

use super::Tab;
pub use action::{Action, Argument};
pub use enabled::enabled;
pub use key::Key;
pub use keymap::{Clash, Keymap, Line, Remap};

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
    /// The Dig view: the search in the history.
    DigSearch,
    /// The Dig view: the builder of names.
    DigBuild,
    /// The Ping view.
    Ping,
    /// The Doctor view.
    Doctor,
    /// The Events view.
    Events,
    /// The filter's line.
    Filter,
    /// Every line that is edited: the three below and those of the Dig view.
    Lines,
    /// The help.
    Help,
    /// The palette of `:`.
    Palette,
    /// A question that is answered with yes or no.
    Confirm,
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

    /// Whether characters are text here.
    pub const fn is_line(self) -> bool {
        matches!(
            self,
            Self::Lines
                | Self::DigLine
                | Self::DigSearch
                | Self::DigBuild
                | Self::Filter
                | Self::Help
                | Self::Palette
        )
    }

    /// Whether what is bound in `self` holds in `here`.
    pub fn holds_in(self, here: Self) -> bool {
        match self {
            Self::Everywhere => self == here || Tab::ALL.iter().any(|tab| Self::of(*tab) == here),
            Self::Lines => here.is_line(),
            _ => self == here,
        }
    }

    /// Whether there is a place where what is bound in either holds.
    pub fn meets(self, other: Self) -> bool {
        self.holds_in(other) || other.holds_in(self)
    }

    /// Where one is, in a word.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Explore => Tab::Explore.title().1,
            Self::Dig => Tab::Dig.title().1,
            Self::Ping => Tab::Ping.title().1,
            Self::Doctor => Tab::Doctor.title().1,
            Self::Events => Tab::Events.title().1,
            Self::DigLine => "Dig, in the line",
            Self::DigSearch => "Dig, in the history",
            Self::DigBuild => "Dig, in the builder",
            Self::Filter => "filter",
            Self::Lines => "in any line",
            Self::Help => "help",
            Self::Palette => "palette",
            Self::Confirm => "a question",
            Self::Pick => "choice of a conf",
        }
    }
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

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    words: &'static str,
    hint: Option<(u8, &'static str)>,
) -> Binding {
    Binding { context, keys, action, words, hint }
}

use Context::{
    Confirm, Dig, DigBuild, DigLine, DigSearch, Doctor, Events, Everywhere, Explore, Filter, Help, Lines,
    Palette, Pick, Ping,
};
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
    bind(
        Doctor,
        &[Code(KeyCode::Enter)],
        Action::Story,
        "The whole story, with its evidence; or the list",
        Some((1, "evidence")),
    ),
    bind(
        Doctor,
        &[Char('s')],
        Action::System,
        "Look at the system's own VPN, too, or not",
        Some((5, "system")),
    ),
    bind(Explore, &[Char('p')], Action::Ping, "Ping this, or stop", Some((2, "ping"))),
    bind(Explore, &[Char('d')], Action::DigThis, "Dig this row's name", Some((3, "dig"))),
    bind(Dig, &[Char('i')], Action::EditLine, "Edit the line", Some((0, "edit"))),
    bind(Dig, &[Char('a')], Action::NewLine, "A new line", Some((1, "new"))),
    bind(
        Dig,
        &[Code(KeyCode::Enter), Char('d')],
        Action::Follow,
        "Dig what is under the cursor, or ask again",
        Some((1, "dig this")),
    ),
    bind(Dig, &[Char('p')], Action::PingLink, "Ping what is under the cursor, or stop", Some((3, "ping"))),
    bind(Dig, &[Char('T')], Action::RevealLink, "Show it in the tree", Some((4, "in the tree"))),
    bind(Dig, &[Char('l'), Code(KeyCode::Right)], Action::NextField, "To the next thing in the row", None),
    bind(Dig, &[Char('h'), Code(KeyCode::Left)], Action::PreviousField, "To the one before", None),
    bind(Dig, &[Char('v')], Action::NextFace, "Next form: Answer, Message, Hex, JSON", Some((1, "form"))),
    bind(Dig, &[Char('V')], Action::PreviousFace, "The form before", None),
    bind(Dig, &[Char('W')], Action::WatchLine, "Watch: ask again and again, or stop", Some((3, "watch"))),
    bind(Dig, &[Char('w')], Action::Wide, "Wrap long lines, or cut them", None),
    bind(Dig, &[Char('+')], Action::Slower, "Watch: ask more seldom", None),
    bind(Dig, &[Char('-')], Action::Faster, "Watch: ask more often", None),
    bind(
        Dig,
        &[Char('t')],
        Action::NextType,
        "Ask for the next type: AAAA, TXT, A, SRV, ANY",
        Some((5, "type")),
    ),
    bind(Dig, &[Char('u')], Action::ToggleTcp, "Ask over TCP, or no longer", Some((6, "tcp"))),
    bind(
        Dig,
        &[Char('b')],
        Action::BuildName,
        "Build a name: choose a form, fill its holes",
        Some((4, "build")),
    ),
    bind(Dig, &[Char('J')], Action::NewerEntry, "The next line that was asked", None),
    bind(Dig, &[Char('K')], Action::OlderEntry, "The line before", None),
    bind(Dig, &[Char('x')], Action::Forget, "Forget this line", None),
    bind(Everywhere, &[Char('[')], Action::GoBack, "Back to the place before", Some((5, "back"))),
    bind(Everywhere, &[Char(']')], Action::GoForward, "Forward again", None),
    bind(DigLine, &[Code(KeyCode::Enter)], Action::SendLine, "Ask", Some((0, "ask"))),
    bind(DigLine, &[Code(KeyCode::Tab)], Action::Complete, "Complete", Some((0, "complete"))),
    bind(DigLine, &[Code(KeyCode::Down)], Action::LineDown, "Next name", Some((2, "names"))),
    bind(DigLine, &[Code(KeyCode::Up)], Action::LineUp, "Name or line before", Some((2, "history"))),
    bind(DigLine, &[Code(KeyCode::Esc)], Action::LeaveLine, "To the answer", Some((1, "to the answer"))),
    bind(DigLine, &[Ctrl('r')], Action::SearchPast, "Search the history", Some((2, "search"))),
    bind(DigLine, &[Ctrl('n')], Action::BuildName, "Build a name", Some((3, "build"))),
    bind(DigSearch, &[Code(KeyCode::Enter)], Action::SendLine, "Ask", Some((0, "ask"))),
    bind(DigSearch, &[Code(KeyCode::Tab)], Action::Complete, "Edit it first", Some((0, "edit"))),
    bind(DigSearch, &[Code(KeyCode::Down), Ctrl('r')], Action::LineDown, "Older", Some((2, "older"))),
    bind(DigSearch, &[Code(KeyCode::Up)], Action::LineUp, "Newer", None),
    bind(DigSearch, &[Code(KeyCode::Esc)], Action::LeaveLine, "Close", Some((1, "close"))),
    bind(
        DigBuild,
        &[Code(KeyCode::Enter)],
        Action::SendLine,
        "Take it; ask where all is filled",
        Some((0, "take")),
    ),
    bind(DigBuild, &[Code(KeyCode::Tab)], Action::Complete, "Complete, and go on", Some((0, "complete"))),
    bind(DigBuild, &[Code(KeyCode::Down)], Action::LineDown, "Next", Some((2, "next"))),
    bind(DigBuild, &[Code(KeyCode::Up)], Action::LineUp, "The one before", None),
    bind(DigBuild, &[Code(KeyCode::Esc)], Action::LeaveLine, "One step back", Some((1, "back"))),
    bind(
        Ping,
        &[Code(KeyCode::Enter)],
        Action::RevealTarget,
        "Show it in the tree",
        Some((4, "show in tree")),
    ),
    bind(Explore, &[Char('t')], Action::Trace, "Trace the way to it", None),
    bind(Explore, &[Char('o')], Action::Ports, "Try its TCP ports", Some((6, "ports"))),
    bind(Explore, &[Char('O')], Action::Speak, "The same, and speak: status line, certificate", None),
    bind(Explore, &[Char('M')], Action::Matrix, "All apps by regions: round trips and loss", None),
    bind(
        Ping,
        &[Char('M')],
        Action::Matrix,
        "All apps by regions: round trips and loss",
        Some((5, "matrix")),
    ),
    bind(Ping, &[Char('t')], Action::Trace, "Trace the way to it", Some((3, "trace"))),
    bind(Ping, &[Char('o')], Action::Ports, "Try its TCP ports", Some((3, "ports"))),
    bind(
        Ping,
        &[Char('O')],
        Action::Speak,
        "The same, and speak: status line, certificate",
        Some((6, "speak")),
    ),
    bind(Ping, &[Char('T')], Action::Turns, "Its app in turns, as a client would, or stop", None),
    bind(Ping, &[Char('a')], Action::AddTarget, "Add a target", Some((1, "add"))),
    bind(Ping, &[Char('x')], Action::RemoveTarget, "Ping it no longer", Some((2, "remove"))),
    bind(Ping, &[Char('d')], Action::DigTarget, "Dig its name", None),
    bind(Ping, &[Char('c')], Action::ClearTarget, "Its figures start over", Some((3, "clear"))),
    bind(Ping, &[Char('C')], Action::ClearTargets, "All figures start over", None),
    bind(Ping, &[Char('-')], Action::Faster, "A shorter interval", Some((5, "faster"))),
    bind(Ping, &[Char('+')], Action::Slower, "A longer interval", Some((5, "slower"))),
    bind(
        Ping,
        &[Char('h'), Code(KeyCode::Left)],
        Action::Earlier,
        "Chart: earlier; matrix: to the left",
        None,
    ),
    bind(Ping, &[Char('l'), Code(KeyCode::Right)], Action::Later, "Chart: later; matrix: to the right", None),
    bind(Ping, &[Char('v')], Action::NextLower, "Chart, histogram, replies", Some((4, "form"))),
    bind(Ping, &[Char('V')], Action::PreviousLower, "The figure before", None),
    bind(Ping, &[Char('W')], Action::Window, "Figures of the newest, or of all", None),
    bind(Ping, &[Char('w')], Action::Wide, "Wide: more figures in the table", None),
    bind(Ping, &[Char(' ')], Action::Pause, "Pause or resume probes", Some((2, "pause"))),
    bind(Ping, &[Char('s')], Action::Sort, "Sort by the next column", Some((4, "sort"))),
    bind(Ping, &[Char('S')], Action::Reverse, "Reverse the order", None),
    bind(Explore, &[Char('h'), Code(KeyCode::Left)], Action::Close, "Collapse, or go to the parent", None),
    bind(Everywhere, &[Char('j'), Code(KeyCode::Down)], Action::Down, "Down", None),
    bind(Everywhere, &[Char('k'), Code(KeyCode::Up)], Action::Up, "Up", None),
    bind(Everywhere, &[Ctrl('d')], Action::HalfDown, "Half a page down", None),
    bind(Everywhere, &[Ctrl('u')], Action::HalfUp, "Half a page up", None),
    bind(Everywhere, &[Code(KeyCode::PageDown)], Action::PageDown, "A page down", None),
    bind(Everywhere, &[Code(KeyCode::PageUp)], Action::PageUp, "A page up", None),
    bind(Everywhere, &[Char('g'), Code(KeyCode::Home)], Action::First, "To the first row", None),
    bind(Everywhere, &[Char('G'), Code(KeyCode::End)], Action::Last, "To the last row", None),
    bind(Explore, &[Char('+')], Action::Expand, "Expand", None),
    bind(Explore, &[Char('-')], Action::Collapse, "Collapse", None),
    bind(Explore, &[Char('*')], Action::ExpandAll, "Expand or collapse everything", None),
    bind(Explore, &[Char('m')], Action::Mark, "Mark: p d r y e then take the marked rows", Some((7, "mark"))),
    bind(Explore, &[Char('.')], Action::Idle, "Apps without started machines: show or hide", None),
    bind(Explore, &[Char('w')], Action::Wide, "Wide: the tree alone, with addresses and figures", None),
    bind(Explore, &[Char('P')], Action::PingBelow, "Ping all below, or stop", None),
    bind(Explore, &[Char('T')], Action::Turns, "Ping its app in turns, as a client would, or stop", None),
    bind(Explore, &[Char(' ')], Action::Pause, "Pause or resume probes", Some((6, "pause"))),
    bind(Everywhere, &[Char('y')], Action::Copy, "Copy the address or the name", Some((3, "copy"))),
    bind(Everywhere, &[Char('H')], Action::ScrollLeft, "Long lines: to the left", None),
    bind(Everywhere, &[Char('L')], Action::ScrollRight, "Long lines: to the right", None),
    bind(Everywhere, &[Char('Y')], Action::CopyAs, "Copy as …", None),
    bind(Everywhere, &[Char('e')], Action::Export, "Export this view to a file", Some((8, "export"))),
    bind(Everywhere, &[Char('Z')], Action::Plain, "Plain text, for selecting with the mouse", None),
    bind(
        Everywhere,
        &[Char('/')],
        Action::Filter,
        "Filter (also !not, app:, region:, rtt>50, lost)",
        Some((2, "filter")),
    ),
    bind(Explore, &[Char('n')], Action::NextMatch, "Next match", None),
    bind(Explore, &[Char('N')], Action::PreviousMatch, "Previous match", None),
    bind(Explore, &[Char('s')], Action::Sort, "Sort by name, count, region, RTT", Some((5, "sort"))),
    bind(Explore, &[Char('S')], Action::Reverse, "Reverse the order", None),
    bind(Everywhere, &[Char('r')], Action::Refresh, "Ask again for what is selected", Some((4, "refresh"))),
    bind(
        Everywhere,
        &[Char('R')],
        Action::RefreshAll,
        "Ask again for everything, and read the conf again",
        None,
    ),
    bind(Everywhere, &[Ctrl('r')], Action::Rehandshake, "Shake hands anew", None),
    bind(Everywhere, &[Char('f')], Action::Freeze, "Freeze the screen; work goes on", Some((7, "freeze"))),
    bind(Explore, &[Code(KeyCode::Tab), Code(KeyCode::BackTab)], Action::NextPane, "Next pane", None),
    bind(Explore, &[Char('z')], Action::Zoom, "Zoom the pane", None),
    bind(Explore, &[Char('<')], Action::Narrower, "Make the tree narrower", None),
    bind(Explore, &[Char('>')], Action::Wider, "Make the tree wider", None),
    bind(Everywhere, &[], Action::Theme, "Other colours: auto, dark, light, cvd, mono", None),
    bind(Everywhere, &[], Action::Mouse, "Listen to the mouse, or leave it to the terminal", None),
    bind(Everywhere, &[Char('!')], Action::LastMessage, "Last message again; hide the banner", None),
    bind(Everywhere, &[Code(KeyCode::Esc)], Action::Back, "One step back", None),
    bind(Everywhere, &[Ctrl('l')], Action::Repaint, "Paint everything anew", None),
    bind(Everywhere, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Everywhere, &[Char(':'), Ctrl('p')], Action::Palette, "Run a command", Some((2, "command"))),
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
    bind(Filter, &[Code(KeyCode::F(1))], Action::Help, "Help", None),
    bind(Filter, &[Ctrl('p')], Action::Palette, "Run a command", None),
    bind(DigLine, &[Code(KeyCode::F(1))], Action::Help, "Help", None),
    bind(DigLine, &[Ctrl('p')], Action::Palette, "Run a command", None),
    bind(Lines, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Lines, &[Ctrl('c')], Action::Quit, "Quit", Some((1, "quit"))),
    bind(Help, &[Code(KeyCode::Enter)], Action::MenuDo, "Do it", Some((0, "do it"))),
    bind(Help, &[Code(KeyCode::Down), Ctrl('n')], Action::MenuDown, "Down", None),
    bind(Help, &[Code(KeyCode::Up), Ctrl('p')], Action::MenuUp, "Up", None),
    bind(Help, &[Code(KeyCode::Esc), Code(KeyCode::F(1))], Action::Back, "Close", Some((0, "close"))),
    bind(Palette, &[Code(KeyCode::Enter)], Action::MenuDo, "Do it", Some((0, "do it"))),
    bind(Palette, &[Code(KeyCode::Tab)], Action::MenuComplete, "Complete", Some((0, "complete"))),
    bind(Palette, &[Code(KeyCode::Down), Ctrl('n')], Action::MenuDown, "Down", None),
    bind(Palette, &[Code(KeyCode::Up), Ctrl('p')], Action::MenuUp, "Up", None),
    bind(Palette, &[Code(KeyCode::Esc)], Action::Back, "Close", Some((0, "close"))),
    bind(Confirm, &[Char('y')], Action::Overwrite, "Overwrite the file", Some((0, "overwrite"))),
    bind(Confirm, &[Char('n'), Code(KeyCode::Esc)], Action::Back, "Leave it as it is", Some((0, "leave it"))),
    bind(Confirm, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Confirm, &[Ctrl('c')], Action::Quit, "Quit", None),
    bind(Pick, &[Code(KeyCode::Enter), Char('l')], Action::Open, "Attach", Some((0, "attach"))),
    bind(Pick, &[Char('j'), Code(KeyCode::Down)], Action::Down, "Down", Some((1, "down"))),
    bind(Pick, &[Char('k'), Code(KeyCode::Up)], Action::Up, "Up", Some((1, "up"))),
    bind(Pick, &[Char('g'), Code(KeyCode::Home)], Action::First, "To the first row", None),
    bind(Pick, &[Char('G'), Code(KeyCode::End)], Action::Last, "To the last row", None),
    bind(Pick, &[Char('r')], Action::Refresh, "Look for confs again", Some((2, "look again"))),
    bind(Pick, &[Ctrl('z')], Action::Suspend, "Suspend", None),
    bind(Pick, &[Char('q'), Code(KeyCode::Esc), Ctrl('c')], Action::Quit, "Quit", Some((0, "quit"))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in TABLE[i + 1..].iter().filter(|b| a.context.meets(b.context)) {
                assert!(!a.keys.iter().any(|key| b.keys.contains(key)), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn every_action_has_a_name_of_its_own_and_a_line() {
        for (n, action) in Action::ALL.iter().enumerate() {
            let id = action.id();
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            assert_eq!(Action::named(id), Some(*action));
            assert!(!Action::ALL[n + 1..].iter().any(|other| other.id() == id), "{id} twice");
            assert!(TABLE.iter().any(|line| line.action == *action), "{action:?} is not in the table");
        }
    }

    #[test]
    fn in_a_line_no_key_is_text() {
        for line in TABLE.iter().filter(|line| line.context.is_line()) {
            assert!(!line.keys.iter().any(|key| key.is_text()), "{line:?}");
        }
    }
}
