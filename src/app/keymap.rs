//! The keys that hold: those of the table, but for what the user's settings bind anew.

use ratatui::crossterm::event::KeyEvent;

use super::command::{Context, Line, Row};
use super::key::Key;
use super::table::{TABLE, named};

/// The command that Ctrl-C always runs.
const QUIT: &str = "quit";

/// What settings bind anew: an action, its keys, and where in the file that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap<P> {
    /// The action's name, as [`Row::id`] has it.
    pub action: String,
    /// All keys that it is to have, as [`Key::parse`] reads them. None takes its keys away; `:` still runs it.
    pub keys: Vec<String>,
    /// Where this stands; it comes back with an error.
    pub at: P,
}

/// Why settings cannot be followed, and where that stands in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash<P> {
    /// Of the [`Remap`] at fault; of two, the later.
    pub at: P,
    /// What is wrong, in words.
    pub why: String,
}

/// The keys that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The keys of each line of the table, in its order.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: TABLE.iter().map(|row| row.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// The table with `remaps`, in the order of the settings. A key that is text does nothing in a line that is
    /// edited, where the keys of the table stay; Ctrl-C always quits. Where a key that the user bound is another
    /// action's in the table, the user's holds and that action loses the key.
    ///
    /// # Errors
    /// The first that names no action or no key, or whose key the user gave to another action in the same place too.
    pub fn with<P: Clone>(remaps: &[Remap<P>]) -> Result<Self, Clash<P>> {
        let mut map = Self::default();
        let mut set: Vec<(&str, &Remap<P>)> = Vec::new();
        for remap in remaps {
            let clash = |why| Clash { at: remap.at.clone(), why };
            let id = named(&remap.action).next().map(|row| row.id).ok_or_else(|| {
                clash(format!("no action is called `{}`: sixpane keys lists them", remap.action))
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

    /// Sees to it that no key has two meanings in one place.
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
                                "`{}` already means `{}` ({}): give that one another key too",
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

    /// `text` with the key that holds in `context` for each action that it names in braces: `{refresh} asks again`
    /// is `r asks again`, or `:refresh asks again` where it has no key.
    pub fn tell(&self, context: Context, text: &str, ascii: bool) -> String {
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, id, after)) = rest
            .split_once('{')
            .and_then(|(before, rest)| rest.split_once('}').map(|(id, after)| (before, id, after)))
        {
            told.push_str(before);
            match self.key(context, id).or_else(|| self.anywhere(id)) {
                Some(key) => told.push_str(&key.show(ascii)),
                None if named(id).next().is_some() => told.extend([":", id]),
                None => told.extend(["{", id, "}"]),
            }
            rest = after;
        }
        told.push_str(rest);
        told
    }

    /// The key of the command `id` where it is first bound.
    fn anywhere(&self, id: &str) -> Option<Key> {
        self.lines().filter(|line| line.row.id == id).find_map(|line| line.keys.first().copied())
    }

    /// Every line, in the table's order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        TABLE.iter().zip(&self.keys).map(|(row, keys)| Line { row, keys })
    }

    /// The lines that hold in `context`.
    pub fn holding_in(&self, context: Context) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(move |line| line.row.context.holds_in(context))
    }

    /// The row of a key in `context`.
    pub fn row(&self, context: Context, event: KeyEvent) -> Option<&'static Row> {
        let mut here = self.holding_in(context);
        here.find(|line| line.keys.iter().any(|key| key.is(event))).map(|line| line.row)
    }

    /// The row of the command `id`: the one that holds in `context`, else the one of everywhere, else any.
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
    fn a_key_is_bound_anew() {
        let map = remap(&[("ping", &["E", "ctrl-o"]), ("freeze", &[])]).unwrap();
        let press = |key: Key| map.row(explore::HERE, key.event()).map(|row| row.id);
        assert_eq!(press(Key::Char('E')), Some("ping"));
        assert_eq!(press(Key::Ctrl('o')), Some("ping"));
        assert_eq!(press(Key::Char('p')), None);
        assert_eq!(press(Key::Char('f')), None);
        assert_eq!(map.key(explore::HERE, "ping"), Some(Key::Char('E')));
    }

    #[test]
    fn keys_are_swapped_and_the_same_key_may_mean_two_things_in_two_views() {
        let map = remap(&[("ping", &["d"]), ("dig-this", &["p"])]).unwrap();
        assert_eq!(map.row(explore::HERE, Key::Char('p').event()).map(|row| row.id), Some("dig-this"));
        assert!(remap(&[("clear-events", &["p"])]).is_ok());
    }

    #[test]
    fn a_clash_is_told_with_the_place_of_the_later_line() {
        let clash = remap(&[("sort", &["E"]), ("ping", &["E"])]).unwrap_err();
        assert_eq!(clash.at, 1);
        assert!(clash.why.contains("`E` already means `sort`"), "{}", clash.why);
        let clash = remap(&[("quit", &["q"]), ("ping", &["q"])]).unwrap_err();
        assert!(clash.why.contains("`quit`"), "{}", clash.why);
        let clash = remap(&[("ping", &["ctrl-c"])]).unwrap_err();
        assert!(clash.why.contains("`quit`"), "nobody is locked in: {}", clash.why);
        for (action, keys, why) in [
            ("pong", &["E"][..], "no action is called `pong`"),
            ("ping", &["ctrl-i"], "keep ctrl-i"),
            ("ping", &["nokey"], "no key is called `nokey`"),
        ] {
            assert!(remap(&[(action, keys)]).unwrap_err().why.contains(why), "{action}");
        }
        assert!(remap(&[("ping", &["E"]), ("ping", &["i"])]).unwrap_err().why.contains("twice"));
    }

    #[test]
    fn what_the_user_binds_beats_a_default_in_whatever_order_they_stand() {
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
    fn words_name_the_keys_that_hold() {
        let map = remap(&[("refresh", &["%"]), ("freeze", &[])]).unwrap();
        let told = |text| map.tell(explore::HERE, text, true);
        assert_eq!(told("{refresh} or {refresh-all}; {freeze}; {what} {"), "% or R; :freeze; {what} {");
        assert_eq!(map.tell(explore::HERE, "{open}", false), "↵");
    }

    #[test]
    fn a_line_keeps_its_own_keys_and_ctrl_c_always_quits() {
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
