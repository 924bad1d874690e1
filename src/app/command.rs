//! A command is one row: name, argument, context, keys, help, hint, condition and function. The rows are beside the code
//! they run. The key map, hints, help, palette, README and man page are generated from them.
//!
//! To add a command, write its row. The tests run every row in every state.

use super::key::Key;
use super::{Out, State};

/// Whether a command can run now, or the reason why not.
pub type Check = fn(&State) -> Result<(), &'static str>;
/// Runs a command with its argument.
pub type Run = fn(&mut State, Option<&str>, &mut Out);

/// A command in one context. A command that works in several contexts has one row per context, all with the same name.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name in lower case with `-` between words. It never changes, because settings refer to it.
    pub id: &'static str,
    /// Argument that can follow the name.
    pub argument: Option<&'static Argument>,
    /// Context in which its keys work.
    pub context: Context,
    /// Keys, the one to show first; empty if only `:` runs it.
    pub keys: &'static [Key],
    /// Help text: one imperative line.
    pub help: &'static str,
    pub hint: Option<Hint>,
    /// Whether it only moves the selection or scrolls.
    pub is_motion: bool,
    /// Condition under which it can run.
    pub enabled: Check,
    pub run: Run,
}

/// A row of the table and its current keys.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub row: &'static Row,
    /// Keys, the one to show first; empty if settings removed them all.
    pub keys: &'a [Key],
}

/// Text and position of a command in the hint bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Priority when space is short: the lowest rank stays longest.
    pub rank: u8,
    /// Position from left to right.
    pub order: u8,
    /// One or two words.
    pub words: &'static str,
}

/// Rows are equal if name and context are.
impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.context == other.context
    }
}

impl Eq for Row {}

impl Row {
    /// A row without argument, hint or condition.
    pub const fn new(
        id: &'static str,
        context: Context,
        keys: &'static [Key],
        help: &'static str,
        run: Run,
    ) -> Self {
        let (argument, hint, enabled): (_, _, Check) = (None, None, |_| Ok(()));
        Self { id, argument, context, keys, help, hint, is_motion: false, enabled, run }
    }

    pub const fn hint(self, rank: u8, order: u8, words: &'static str) -> Self {
        Self { hint: Some(Hint { rank, order, words }), ..self }
    }

    /// Sets the condition under which it can run.
    pub const fn when(self, enabled: Check) -> Self {
        Self { enabled, ..self }
    }

    pub const fn takes(self, argument: &'static Argument) -> Self {
        Self { argument: Some(argument), ..self }
    }

    /// Marks the row as a motion.
    pub const fn motion(self) -> Self {
        Self { is_motion: true, ..self }
    }
}

/// `Ok` if `possible`, else the reason.
pub fn when(possible: bool, reason: &'static str) -> Result<(), &'static str> {
    if possible { Ok(()) } else { Err(reason) }
}

/// The argument of a command.
#[derive(Debug)]
pub struct Argument {
    /// Whether values outside the list are accepted.
    pub is_free: bool,
    /// Whether the command requires it.
    pub is_needed: bool,
    /// Values that can be chosen now.
    pub values: fn(&State) -> Vec<Value>,
}

/// A value of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Text to type, safe to show.
    pub text: String,
    pub about: String,
}

impl Value {
    pub fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }
}

/// The part of the screen that receives keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    title: &'static str,
    kind: Kind,
    is_documented: bool,
    /// Marks on the screen with their meaning, for the help.
    pub marks: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Everywhere,
    View,
    AnyLine,
    Line,
    Other,
}

impl Context {
    pub const EVERYWHERE: Self = Self::new("everywhere", Kind::Everywhere);
    pub const LINES: Self = Self::new("any input line", Kind::AnyLine);
    pub const FILTER: Self = Self::line("filter");
    pub const HELP: Self = Self::line("help");
    pub const PALETTE: Self = Self::line("palette");
    pub const CONFIRM: Self = Self::new("a question", Kind::Other).undocumented();
    pub const PICK: Self = Self::new("choice of a conf", Kind::Other);

    const fn new(title: &'static str, kind: Kind) -> Self {
        Self { title, kind, is_documented: true, marks: &[] }
    }

    /// The context of a view.
    pub const fn view(title: &'static str) -> Self {
        Self::new(title, Kind::View)
    }

    /// The context of an input line.
    pub const fn line(title: &'static str) -> Self {
        Self::new(title, Kind::Line)
    }

    pub const fn with_marks(self, marks: &'static [(&'static str, &'static str)]) -> Self {
        Self { marks, ..self }
    }

    /// Leaves the context out of the documents.
    pub const fn undocumented(self) -> Self {
        Self { is_documented: false, ..self }
    }

    pub const fn title(self) -> &'static str {
        self.title
    }

    /// Whether the documents list its keys.
    pub const fn is_documented(self) -> bool {
        self.is_documented
    }

    /// Whether characters are text here.
    pub fn is_line(self) -> bool {
        matches!(self.kind, Kind::AnyLine | Kind::Line)
    }

    /// Whether keys bound in `self` work in `here`.
    pub fn holds_in(self, here: Self) -> bool {
        match self.kind {
            Kind::Everywhere => self == here || here.kind == Kind::View,
            Kind::AnyLine => here.is_line(),
            Kind::View | Kind::Line | Kind::Other => self == here,
        }
    }

    /// Whether a context exists in which keys bound in either one work.
    pub fn meets(self, other: Self) -> bool {
        self.holds_in(other) || other.holds_in(self)
    }
}
