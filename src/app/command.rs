//! A command is one row: its name, what may be typed behind it, where it holds, its keys, its words, when it can be run and
//! what it does. The rows stand beside what they act on; key map, hints, help, palette, README and man page are made
//! from them.
//!
//! To add one: write its row, that is all. The tests run every row in every state.

use super::key::Key;
use super::{Out, State};

/// Whether a command can be run now, or why not.
pub type Check = fn(&State) -> Result<(), &'static str>;
/// Runs a command, with what was typed behind its name.
pub type Run = fn(&mut State, Option<&str>, &mut Out);

/// A command in one context. One that holds in several contexts has a row in each, all of the same name.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name, in lower case with `-` between words. It never changes: settings hold it.
    pub id: &'static str,
    /// What may be typed behind its name.
    pub argument: Option<&'static Argument>,
    /// Where it holds.
    pub context: Context,
    /// The keys, the one to show first; none where `:` alone runs it.
    pub keys: &'static [Key],
    /// What it does, for the help.
    pub help: &'static str,
    /// Its place in the hint bar.
    pub hint: Option<Hint>,
    /// Whether it only moves the selection, or what is visible.
    pub is_motion: bool,
    /// When it can be run.
    pub enabled: Check,
    /// What it does.
    pub run: Run,
}

/// A line of the table with the keys that hold for it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The table's row.
    pub row: &'static Row,
    /// Its keys, the one to show first; none where the user took them all away.
    pub keys: &'a [Key],
}

/// A place in the hint bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// The lower, the longer it stays when room is short.
    pub rank: u8,
    /// From left to right.
    pub order: u8,
    /// A word or two.
    pub words: &'static str,
}

/// Two rows are the same where name and context are.
impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.context == other.context
    }
}

impl Eq for Row {}

impl Row {
    /// A row that can always be run.
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

    /// The same with a place in the hint bar.
    pub const fn hint(self, rank: u8, order: u8, words: &'static str) -> Self {
        Self { hint: Some(Hint { rank, order, words }), ..self }
    }

    /// The same, run only where `enabled` says so.
    pub const fn when(self, enabled: Check) -> Self {
        Self { enabled, ..self }
    }

    /// The same with something that may be typed behind its name.
    pub const fn takes(self, argument: &'static Argument) -> Self {
        Self { argument: Some(argument), ..self }
    }

    /// The same as a motion.
    pub const fn motion(self) -> Self {
        Self { is_motion: true, ..self }
    }
}

/// `Ok` where something is possible, the reason where it is not.
pub fn when(possible: bool, reason: &'static str) -> Result<(), &'static str> {
    if possible { Ok(()) } else { Err(reason) }
}

/// What may be typed behind a command's name.
#[derive(Debug)]
pub struct Argument {
    /// Whether anything may be typed, not only what is listed.
    pub is_free: bool,
    /// Whether the command can do nothing without it.
    pub is_needed: bool,
    /// What there is to choose from now.
    pub values: fn(&State) -> Vec<Value>,
}

/// Something that may be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it is typed, fit to show.
    pub text: String,
    /// What it is.
    pub about: String,
}

impl Value {
    /// A value and what it is.
    pub fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    title: &'static str,
    kind: Kind,
    is_documented: bool,
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
    /// Every view.
    pub const EVERYWHERE: Self = Self::new("everywhere", Kind::Everywhere);
    /// Every line that is edited.
    pub const LINES: Self = Self::new("in any line", Kind::AnyLine);
    /// The filter's line.
    pub const FILTER: Self = Self::line("filter");
    /// The help.
    pub const HELP: Self = Self::line("help");
    /// The palette of `:`.
    pub const PALETTE: Self = Self::line("palette");
    /// A question that is answered with yes or no.
    pub const CONFIRM: Self = Self::new("a question", Kind::Other).undocumented();
    /// The choice between confs.
    pub const PICK: Self = Self::new("choice of a conf", Kind::Other);

    const fn new(title: &'static str, kind: Kind) -> Self {
        Self { title, kind, is_documented: true }
    }

    /// That of a view.
    pub const fn view(title: &'static str) -> Self {
        Self::new(title, Kind::View)
    }

    /// That of a line in which characters are text.
    pub const fn line(title: &'static str) -> Self {
        Self::new(title, Kind::Line)
    }

    /// The same, left out of the documents.
    pub const fn undocumented(self) -> Self {
        Self { is_documented: false, ..self }
    }

    /// Where one is, in a word.
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

    /// Whether what is bound in `self` holds in `here`.
    pub fn holds_in(self, here: Self) -> bool {
        match self.kind {
            Kind::Everywhere => self == here || here.kind == Kind::View,
            Kind::AnyLine => here.is_line(),
            Kind::View | Kind::Line | Kind::Other => self == here,
        }
    }

    /// Whether there is a place where what is bound in either holds.
    pub fn meets(self, other: Self) -> bool {
        self.holds_in(other) || other.holds_in(self)
    }
}
