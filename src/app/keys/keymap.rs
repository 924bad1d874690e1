//! The keys that hold: those of the table, but for what the user's settings bind anew.

use ratatui::crossterm::event::KeyEvent;

use super::{Action, Binding, Context, Key, TABLE};

/// A line of the table with the keys that hold for it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The table's line.
    pub binding: &'static Binding,
    /// Its keys, the one to show first; none where the user took them all away.
    pub keys: &'a [Key],
}

/// What settings bind anew: an action, its keys, and where in the file that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap<P> {
    /// The action's name, as [`Action::id`] gives it.
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
        Self { keys: TABLE.iter().map(|binding| binding.keys.to_vec()).collect() }
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
        let mut set: Vec<(Action, &Remap<P>)> = Vec::new();
        for remap in remaps {
            let clash = |why| Clash { at: remap.at.clone(), why };
            let action = Action::named(&remap.action).ok_or_else(|| {
                clash(format!("no action is called `{}`: sixpane keys lists them", remap.action))
            })?;
            if set.iter().any(|(other, _)| *other == action) {
                return Err(clash(format!("`{}` is bound twice", remap.action)));
            }
            let keys =
                remap.keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>().map_err(clash)?;
            set.push((action, remap));
            for (binding, own) in TABLE.iter().zip(&mut map.keys).filter(|(line, _)| line.action == action) {
                let fit = |key: &&Key| !(binding.context.is_line() && key.is_text());
                let mut anew: Vec<Key> = keys.iter().filter(fit).copied().collect();
                if action == Action::Quit && !anew.contains(&Key::Ctrl('c')) {
                    anew.push(Key::Ctrl('c'));
                }
                if !(anew.is_empty() && binding.context.is_line()) {
                    *own = anew;
                }
            }
        }
        map.settle(&set)?;
        Ok(map)
    }

    /// Sees to it that no key has two meanings in one place.
    fn settle<P: Clone>(&mut self, set: &[(Action, &Remap<P>)]) -> Result<(), Clash<P>> {
        let of = |line: &Binding| set.iter().position(|(set, _)| *set == line.action);
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
                let quits = |line: &Binding| line.action == Action::Quit && *key == Key::Ctrl('c');
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
                                other.action.id(),
                                other.words
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
            match Action::named(id) {
                Some(action) => match self.key(context, action).or_else(|| self.anywhere(action)) {
                    Some(key) => told.push_str(&key.show(ascii)),
                    None => told.extend([":", id]),
                },
                None => told.extend(["{", id, "}"]),
            }
            rest = after;
        }
        told.push_str(rest);
        told
    }

    /// The key of `action` where it is first bound.
    fn anywhere(&self, action: Action) -> Option<Key> {
        self.lines().filter(|line| line.binding.action == action).find_map(|line| line.keys.first().copied())
    }

    /// Every line, in the table's order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        TABLE.iter().zip(&self.keys).map(|(binding, keys)| Line { binding, keys })
    }

    /// The line of this number in the table.
    pub fn line(&self, number: usize) -> Option<Line<'_>> {
        Some(Line { binding: TABLE.get(number)?, keys: self.keys.get(number)? })
    }

    /// What `event` does in `context`.
    pub fn action(&self, context: Context, event: KeyEvent) -> Option<Action> {
        self.lines()
            .filter(|line| line.binding.context.holds_in(context))
            .find(|line| line.keys.iter().any(|key| key.is(event)))
            .map(|line| line.binding.action)
    }

    /// The key to show for `action` in `context`.
    pub fn key(&self, context: Context, action: Action) -> Option<Key> {
        let here = |line: &Line<'_>| line.binding.action == action && line.binding.context.holds_in(context);
        self.lines().filter(here).find_map(|line| line.keys.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let press = |key: Key| map.action(Context::Explore, key.event());
        assert_eq!(press(Key::Char('E')), Some(Action::Ping));
        assert_eq!(press(Key::Ctrl('o')), Some(Action::Ping));
        assert_eq!(press(Key::Char('p')), None);
        assert_eq!(press(Key::Char('f')), None);
        assert_eq!(map.key(Context::Explore, Action::Ping), Some(Key::Char('E')));
    }

    #[test]
    fn keys_are_swapped_and_the_same_key_may_mean_two_things_in_two_views() {
        let map = remap(&[("ping", &["d"]), ("dig-this", &["p"])]).unwrap();
        assert_eq!(map.action(Context::Explore, Key::Char('p').event()), Some(Action::DigThis));
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
        for line in TABLE.iter().filter(|line| line.action != Action::Ping) {
            let Some(key) = line.keys.first().filter(|key| key.is_text()) else { continue };
            let map = remap(&[("ping", &[&key.show(true)])]).unwrap();
            assert_eq!(map.action(Context::Explore, key.event()), Some(Action::Ping), "{line:?}");
            for (n, one) in map.lines().enumerate() {
                for two in
                    map.lines().skip(n + 1).filter(|two| one.binding.context.meets(two.binding.context))
                {
                    assert!(!one.keys.iter().any(|key| two.keys.contains(key)), "{one:?} and {two:?}");
                }
            }
        }
        let map = remap(&[("ping", &["j"])]).unwrap();
        let down = Key::parse("Down").unwrap();
        assert_eq!(map.action(Context::Explore, down.event()), Some(Action::Down), "its other keys stay");
    }

    #[test]
    fn words_name_the_keys_that_hold() {
        let map = remap(&[("refresh", &["%"]), ("freeze", &[])]).unwrap();
        let told = |text| map.tell(Context::Explore, text, true);
        assert_eq!(told("{refresh} or {refresh-all}; {freeze}; {what} {"), "% or R; :freeze; {what} {");
        assert_eq!(map.tell(Context::Explore, "{open}", false), "↵");
    }

    #[test]
    fn a_line_keeps_its_own_keys_and_ctrl_c_always_quits() {
        let map = remap(&[("quit", &["Q"]), ("down", &["%"])]).unwrap();
        let press = |context, key: Key| map.action(context, key.event());
        assert_eq!(press(Context::Explore, Key::Char('Q')), Some(Action::Quit));
        assert_eq!(press(Context::Explore, Key::Char('q')), None);
        for context in [Context::Explore, Context::Filter, Context::DigLine, Context::Help] {
            assert_eq!(press(context, Key::Ctrl('c')), Some(Action::Quit), "{context:?}");
        }
        assert_eq!(press(Context::Filter, Key::Char('%')), None, "text");
        let down = Key::parse("Down").unwrap();
        assert_eq!(press(Context::Filter, down), Some(Action::Down));
        assert_eq!(press(Context::Explore, Key::Char('%')), Some(Action::Down));
    }
}
