//! The key map: the keys of the table with the changes from the user's settings.

use ratatui::crossterm::event::KeyEvent;

use super::command::{Context, Line, Row};
use super::key::Key;
use super::table::{TABLE, named};

/// The command that Ctrl-C always runs.
const QUIT: &str = "quit";

/// A line of the settings: a command and its new keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap<P> {
    /// Name of the command, see [`Row::id`].
    pub action: String,
    /// New keys in the form that [`Key::parse`] reads. If empty, only `:` runs the command.
    pub keys: Vec<String>,
    /// Position in the settings, returned with an error.
    pub at: P,
}

/// An error in the settings and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash<P> {
    /// Position of the faulty [`Remap`]; if two conflict, of the later one.
    pub at: P,
    /// Reason, as a sentence.
    pub why: String,
}

/// The current keys of all commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// Keys per row of the table, in the same order.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: TABLE.iter().map(|row| row.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// The table with `remaps` applied. In input lines a key that is text does nothing and the keys of the table remain.
    /// Ctrl-C always quits. If the user binds a key that the table gives to another command, the user's binding wins and
    /// the other command loses the key.
    ///
    /// # Errors
    /// The first line with an unknown command or key, or with a key that another line already binds in the same place.
    pub fn with<P: Clone>(remaps: &[Remap<P>]) -> Result<Self, Clash<P>> {
        let mut map = Self::default();
        let mut set: Vec<(&str, &Remap<P>)> = Vec::new();
        for remap in remaps {
            let clash = |why| Clash { at: remap.at.clone(), why };
            let id = named(&remap.action).next().map(|row| row.id).ok_or_else(|| {
                clash(format!("unknown command `{}`: `sixpane keys` lists all names", remap.action))
            })?;
            if set.iter().any(|(other, _)| *other == id) {
                return Err(clash(format!("`{}` is bound twice", remap.action)));
            }
            let keys =
                remap.keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>().map_err(clash)?;
            set.push((id, remap));
            for (row, own) in TABLE.iter().zip(&mut map.keys).filter(|(row, _)| row.id == id) {
                let fit = |key: &&Key| !(row.context.is_line() && key.is_text());
                let mut anew: Vec<Key> = keys.iter().filter(fit).copied().collect();
                if id == QUIT && !anew.contains(&Key::Ctrl('c')) {
                    anew.push(Key::Ctrl('c'));
                }
                if !(anew.is_empty() && row.context.is_line()) {
                    *own = anew;
                }
            }
        }
        map.settle(&set)?;
        Ok(map)
    }

    /// Removes keys so that no key has two meanings in one place.
    fn settle<P: Clone>(&mut self, set: &[(&str, &Remap<P>)]) -> Result<(), Clash<P>> {
        let of = |row: &Row| set.iter().position(|(set, _)| *set == row.id);
        for one in 0..TABLE.len() {
            for two in one + 1..TABLE.len() {
                let (Some(a), Some(b)) = (TABLE.get(one), TABLE.get(two)) else { continue };
                if !a.context.meets(b.context) {
                    continue;
                }
                let keys = |at: usize| self.keys.get(at).map(Vec::as_slice).unwrap_or_default();
                let shared: Vec<Key> =
                    keys(one).iter().filter(|key| keys(two).contains(key)).copied().collect();
                let Some(key) = shared.first() else { continue };
                let quits = |row: &Row| row.id == QUIT && *key == Key::Ctrl('c');
                match (of(a), of(b)) {
                    (Some(_), None) if !quits(b) => self.lose(two, &shared),
                    (None, Some(_)) if !quits(a) => self.lose(one, &shared),
                    (first, second) => {
                        let Some((_, remap)) = first.max(second).and_then(|at| set.get(at)) else { continue };
                        let other = if first > second { b } else { a };
                        return Err(Clash {
                            at: remap.at.clone(),
                            why: format!(
                                "`{}` already means `{}` ({}): bind that one to another key too",
                                key.show(true),
                                other.id,
                                other.help
                            ),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn lose(&mut self, line: usize, keys: &[Key]) {
        if let Some(own) = self.keys.get_mut(line) {
            own.retain(|key| !keys.contains(key));
        }
    }

    /// `text` with each command name in braces replaced by its key in `context`: `{refresh} refreshes` becomes
    /// `r refreshes`, or `:refresh refreshes` if the command has no key.
    pub fn with_keys(&self, context: Context, text: &str, ascii: bool) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, id, after)) = rest
            .split_once('{')
            .and_then(|(before, rest)| rest.split_once('}').map(|(id, after)| (before, id, after)))
        {
            shown.push_str(before);
            match self.key(context, id).or_else(|| self.anywhere(id)) {
                Some(key) => shown.push_str(&key.show(ascii)),
                None if named(id).next().is_some() => shown.extend([":", id]),
                None => shown.extend(["{", id, "}"]),
            }
            rest = after;
        }
        shown.push_str(rest);
        shown
    }

    /// The first key of the command `id` in any context.
    fn anywhere(&self, id: &str) -> Option<Key> {
        self.lines().filter(|line| line.row.id == id).find_map(|line| line.keys.first().copied())
    }

    /// All lines in the table's order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        TABLE.iter().zip(&self.keys).map(|(row, keys)| Line { row, keys })
    }

    /// The lines that work in `context`.
    pub fn holding_in(&self, context: Context) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(move |line| line.row.context.holds_in(context))
    }

    /// The row that a key runs in `context`.
    pub fn row(&self, context: Context, event: KeyEvent) -> Option<&'static Row> {
        let mut here = self.holding_in(context);
        here.find(|line| line.keys.iter().any(|key| key.is(event))).map(|line| line.row)
    }

    /// The row of the command `id`: the one of `context`, else the one for all views, else any.
    #[expect(clippy::unused_self, reason = "as the others: callers have the keys at hand")]
    pub fn find(&self, context: Context, id: &str) -> Option<&'static Row> {
        let everywhere = || named(id).find(|row| row.context == Context::EVERYWHERE);
        let here = named(id).find(|row| row.context.holds_in(context));
        here.or_else(everywhere).or_else(|| named(id).next())
    }

    /// The key to show for the command `id` in `context`.
    pub fn key(&self, context: Context, id: &str) -> Option<Key> {
        self.holding_in(context).filter(|line| line.row.id == id).find_map(|line| line.keys.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::views::{dig, explore};

    fn remap(lines: &[(&str, &[&str])]) -> Result<Keymap, Clash<usize>> {
        let remaps: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(at, (action, keys))| Remap {
                action: (*action).into(),
                keys: keys.iter().map(ToString::to_string).collect(),
                at,
            })
            .collect();
        Keymap::with(&remaps)
    }

    #[test]
    fn a_key_is_rebound() {
        let map = remap(&[("ping", &["E", "ctrl-o"]), ("freeze", &[])]).unwrap();
        let press = |key: Key| map.row(explore::HERE, key.event()).map(|row| row.id);
        assert_eq!(press(Key::Char('E')), Some("ping"));
        assert_eq!(press(Key::Ctrl('o')), Some("ping"));
        assert_eq!(press(Key::Char('p')), None);
        assert_eq!(press(Key::Char('f')), None);
        assert_eq!(map.key(explore::HERE, "ping"), Some(Key::Char('E')));
    }

    #[test]
    fn keys_can_be_swapped_and_can_differ_between_views() {
        let map = remap(&[("ping", &["d"]), ("dig-this", &["p"])]).unwrap();
        assert_eq!(map.row(explore::HERE, Key::Char('p').event()).map(|row| row.id), Some("dig-this"));
        assert!(remap(&[("clear-events", &["p"])]).is_ok());
    }

    #[test]
    fn a_conflict_is_reported_at_the_later_line() {
        let clash = remap(&[("sort", &["E"]), ("ping", &["E"])]).unwrap_err();
        assert_eq!(clash.at, 1);
        assert!(clash.why.contains("`E` already means `sort`"), "{}", clash.why);
        let clash = remap(&[("quit", &["q"]), ("ping", &["q"])]).unwrap_err();
        assert!(clash.why.contains("`quit`"), "{}", clash.why);
        let clash = remap(&[("ping", &["ctrl-c"])]).unwrap_err();
        assert!(clash.why.contains("`quit`"), "quitting stays possible: {}", clash.why);
        for (action, keys, why) in [
            ("pong", &["E"][..], "unknown command `pong`"),
            ("ping", &["ctrl-i"], "reserve ctrl-i"),
            ("ping", &["nokey"], "unknown key `nokey`"),
        ] {
            assert!(remap(&[(action, keys)]).unwrap_err().why.contains(why), "{action}");
        }
        assert!(remap(&[("ping", &["E"]), ("ping", &["i"])]).unwrap_err().why.contains("twice"));
    }

    #[test]
    fn user_bindings_override_defaults_in_any_order() {
        for line in TABLE.iter().filter(|line| line.id != "ping") {
            let Some(key) = line.keys.first().filter(|key| key.is_text()) else { continue };
            let map = remap(&[("ping", &[&key.show(true)])]).unwrap();
            assert_eq!(map.row(explore::HERE, key.event()).map(|row| row.id), Some("ping"), "{line:?}");
            for (n, one) in map.lines().enumerate() {
                for two in map.lines().skip(n + 1).filter(|two| one.row.context.meets(two.row.context)) {
                    assert!(!one.keys.iter().any(|key| two.keys.contains(key)), "{one:?} and {two:?}");
                }
            }
        }
        let map = remap(&[("ping", &["j"])]).unwrap();
        let down = Key::parse("Down").unwrap();
        assert_eq!(
            map.row(explore::HERE, down.event()).map(|row| row.id),
            Some("down"),
            "its other keys stay"
        );
    }

    #[test]
    fn texts_name_the_current_keys() {
        let map = remap(&[("refresh", &["%"]), ("freeze", &[])]).unwrap();
        let shown = |text| map.with_keys(explore::HERE, text, true);
        assert_eq!(shown("{refresh} or {refresh-all}; {freeze}; {what} {"), "% or R; :freeze; {what} {");
        assert_eq!(map.with_keys(explore::HERE, "{open}", false), "↵");
    }

    #[test]
    fn input_lines_keep_their_keys_and_ctrl_c_always_quits() {
        let map = remap(&[("quit", &["Q"]), ("down", &["%"])]).unwrap();
        let press = |context, key: Key| map.row(context, key.event()).map(|row| row.id);
        assert_eq!(press(explore::HERE, Key::Char('Q')), Some("quit"));
        assert_eq!(press(explore::HERE, Key::Char('q')), None);
        for context in [explore::HERE, Context::FILTER, dig::LINE, Context::HELP] {
            assert_eq!(press(context, Key::Ctrl('c')), Some("quit"), "{context:?}");
        }
        assert_eq!(press(Context::FILTER, Key::Char('%')), None, "text");
        let down = Key::parse("Down").unwrap();
        assert_eq!(press(Context::FILTER, down), Some("down"));
        assert_eq!(press(explore::HERE, Key::Char('%')), Some("down"));
    }
}
