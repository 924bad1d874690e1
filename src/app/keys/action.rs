//! Every action has a name that stays: settings bind keys to it, `:` runs it, the help finds it.

/// What an action may be told, behind its name on the line of `:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// A dig line: a name, a type, options.
    Question,
    /// An app, a region, a machine or a peer.
    Place,
    /// Somebody to ping: a place, an address, a name, or `gateway`.
    Target,
    /// What the doctor is asked about: an app, a port of it, a machine.
    Subject,
    /// Any text.
    Text,
    /// TCP ports: numbers and ranges.
    Ports,
    /// A way to copy what is selected.
    Form,
    /// A theme.
    Theme,
    /// `on` or `off`.
    Switch,
    /// A file to write; its ending says the format.
    File,
}

macro_rules! actions {
    ($($action:ident $id:literal $($argument:ident)?),* $(,)?) => {
        /// What a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the table's words say it")]
        pub enum Action {
            $($action),*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// Its name, in lower case with `-` between words. It never changes: settings hold it.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$action => $id),*
                }
            }

            /// What it may be told behind its name. See [`act_on`](crate::app::act::act_on).
            pub const fn argument(self) -> Option<Argument> {
                match self {
                    $(Self::$action => argument!($($argument)?)),*
                }
            }
        }
    };
}

macro_rules! argument {
    () => {
        None
    };
    ($argument:ident) => {
        Some(Argument::$argument)
    };
}

// The variant, its name, and what it may be told (see `Argument`), if anything.
actions! {
    ToExplore "explore" Place,
    ToDig "dig" Question,
    DigThis "dig-this",
    EditLine "edit-line",
    NewLine "new-line",
    SendLine "ask",
    LeaveLine "leave-line",
    Complete "complete",
    LineDown "line-down",
    LineUp "line-up",
    NextFace "next-form",
    PreviousFace "previous-form",
    OlderEntry "older-line",
    NewerEntry "newer-line",
    Forget "forget",
    Follow "follow",
    PingLink "ping-link",
    RevealLink "show-link",
    NextField "next-field",
    PreviousField "previous-field",
    SearchPast "search-history",
    BuildName "build-name",
    WatchLine "watch",
    Slower "slower",
    Faster "faster",
    NextType "next-type",
    ToggleTcp "toggle-tcp",
    GoBack "go-back",
    GoForward "go-forward",
    ToPing "ping-view",
    RevealTarget "show-target",
    DigTarget "dig-target",
    Matrix "matrix",
    Turns "ping-in-turns",
    Trace "trace",
    Ports "ports" Ports,
    Speak "speak" Ports,
    AddTarget "add-target" Target,
    RemoveTarget "remove-target",
    ClearTarget "clear-target",
    ClearTargets "clear-targets",
    Earlier "earlier",
    Later "later",
    NextLower "next-figure",
    PreviousLower "previous-figure",
    Window "window",
    ToDoctor "doctor" Subject,
    Story "story",
    System "system",
    ToEvents "events",
    Down "down",
    Up "up",
    HalfDown "half-page-down",
    HalfUp "half-page-up",
    PageDown "page-down",
    PageUp "page-up",
    First "first",
    Last "last",
    Open "open",
    Close "close",
    Expand "expand",
    Collapse "collapse",
    ExpandAll "expand-all",
    Mark "mark",
    Idle "idle-apps",
    Wide "wide",
    Filter "filter" Text,
    KeepFilter "keep-filter",
    NextMatch "next-match",
    PreviousMatch "previous-match",
    Sort "sort",
    Reverse "reverse",
    Refresh "refresh",
    RefreshAll "refresh-all",
    Rehandshake "handshake",
    Ping "ping" Target,
    PingBelow "ping-below",
    Pause "pause",
    ScrollLeft "scroll-left",
    ScrollRight "scroll-right",
    Copy "copy",
    CopyAs "copy-as" Form,
    Export "export" File,
    Overwrite "overwrite",
    Plain "plain-text",
    NextPane "next-pane",
    Zoom "zoom",
    Theme "theme" Theme,
    Mouse "mouse" Switch,
    Narrower "narrower",
    Wider "wider",
    Freeze "freeze",
    LastMessage "last-message",
    Reveal "show-in-tree",
    ClearEvents "clear-events",
    Help "help",
    Palette "command",
    MenuDown "menu-down",
    MenuUp "menu-up",
    MenuComplete "menu-complete",
    MenuDo "menu-do",
    Back "back",
    Suspend "suspend",
    Repaint "repaint",
    Quit "quit",
}

impl Action {
    /// The action of this name.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.id() == id)
    }

    /// Whether it only moves the selection, or what is in sight.
    pub const fn is_motion(self) -> bool {
        matches!(
            self,
            Self::Down
                | Self::Up
                | Self::HalfDown
                | Self::HalfUp
                | Self::PageDown
                | Self::PageUp
                | Self::First
                | Self::Last
                | Self::ScrollLeft
                | Self::ScrollRight
        )
    }
}
