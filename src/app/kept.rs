//! The part of the state that is saved for the next run: split, order, and folds made by the user.

use serde::{Deserialize, Serialize};

use super::views::explore::tree::Sort;
use super::{Chosen, State};
use crate::catalog::place::Node;
use crate::settings::ThemeName;

/// Number of saved folds per network.
const MOST: usize = 2000;

/// Saved for all networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Columns added to the default width of the tree; negative removes columns.
    pub split: i16,
    /// Sort order of the tree, as a word.
    pub sort: String,
    pub reversed: bool,
    /// Whether the tree is wide: alone on the screen, with more columns.
    pub wide: bool,
    /// Whether apps without started machines are hidden.
    pub hides_idle: bool,
    /// The theme, if it was selected on the screen.
    pub theme: Option<String>,
    /// Whether the mouse is on, if this was selected on the screen.
    pub mouse: Option<bool>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            split: 0,
            sort: sort_word(Sort::default()),
            reversed: false,
            wide: false,
            hides_idle: false,
            theme: None,
            mouse: None,
        }
    }
}

fn sort_word(sort: Sort) -> String {
    sort.as_str().to_lowercase()
}

/// Folds made by the user in one network; a row is an app, or an app and a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folds {
    /// Whether all other rows are unfolded.
    pub all: bool,
    pub open: Vec<Vec<String>>,
    pub closed: Vec<Vec<String>>,
}

impl State {
    /// The values to save.
    pub fn kept(&self) -> (Look, Folds) {
        let sort = sort_word(self.views.explore.tree.sort());
        let look = Look {
            split: self.views.explore.split,
            sort,
            reversed: self.views.explore.tree.is_reversed(),
            wide: self.views.explore.tree.wide,
            hides_idle: self.views.explore.tree.hides_idle(),
            theme: self.chosen.theme.map(|theme| theme.as_str().to_owned()),
            mouse: self.chosen.mouse,
        };
        let (all, folds) = self.views.explore.tree.folds();
        let mut kept = Folds { all, ..Folds::default() };
        for (node, open) in folds.take(MOST) {
            if let Some(path) = node.to_path() {
                if open { &mut kept.open } else { &mut kept.closed }.push(path);
            }
        }
        kept.open.sort();
        kept.closed.sort();
        (look, kept)
    }

    /// Restores saved values; values that are not understood are ignored.
    pub fn restore(&mut self, look: &Look, folds: &Folds) {
        self.views.explore.split = look.split.clamp(-20, 40);
        self.views.explore.tree.wide = look.wide;
        let theme = look.theme.as_deref().and_then(ThemeName::named);
        self.chosen = Chosen { theme, mouse: look.mouse };
        let sort = Sort::ALL.into_iter().find(|sort| sort.as_str().eq_ignore_ascii_case(&look.sort));
        let rows = |rows: &[Vec<String>], open: bool| {
            rows.iter()
                .take(MOST)
                .filter_map(move |path| Node::from_path(path).map(|node| (node, open)))
                .collect::<Vec<_>>()
        };
        let rows = rows(&folds.open, true).into_iter().chain(rows(&folds.closed, false));
        let order = (sort.unwrap_or_default(), look.reversed);
        self.views.explore.tree.restore(folds.all, rows, order, look.hides_idle);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Session;
    use super::*;

    #[test]
    fn folds_split_and_order_survive_a_run() {
        let mut session = Session::attached();
        session.keys("gj-sS>>w.:theme dark<enter>:mouse off<enter>");
        let kept = session.state.kept();
        assert_eq!((kept.0.split, kept.0.sort.as_str(), kept.0.reversed), (4, "count", true));
        assert!(!kept.1.closed.is_empty(), "{kept:?}");
        let mut next = Session::new();
        next.state.restore(&kept.0, &kept.1);
        assert_eq!(next.state.kept(), kept);
    }

    #[test]
    fn values_that_are_not_understood_are_ignored() {
        let mut session = Session::new();
        let look = Look { split: 999, sort: "colour".into(), ..Look::default() };
        let folds = Folds { open: vec![vec![], vec!["a".into(); 9], vec!["web".into()]], ..Folds::default() };
        session.state.restore(&look, &folds);
        let (look, folds) = session.state.kept();
        assert_eq!((look.split, look.sort.as_str()), (40, "name"));
        assert_eq!(folds.open, [["web"]]);
    }
}
