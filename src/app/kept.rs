//! What of a state is kept for the next run: the split, the order, and what was folded by hand.

use serde::{Deserialize, Serialize};

use super::views::explore::tree::Sort;
use super::{Chosen, State};
use crate::catalog::place::Node;
use crate::settings::ThemeName;

/// Folds of one network that are kept.
const MOST: usize = 2000;

/// What holds for every network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Columns that the tree gained or lost against the layout's own split.
    pub split: i16,
    /// What the tree is sorted by, in a word.
    pub sort: String,
    /// Whether that order is reversed.
    pub reversed: bool,
    /// Whether the tree stands alone, with more columns.
    pub wide: bool,
    /// Whether apps without started machines are left out.
    pub hides_idle: bool,
    /// The theme that was chosen on the screen, if any.
    pub theme: Option<String>,
    /// Whether the mouse is listened to, where that was chosen on the screen.
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

/// What was folded by hand in one network; a row is its app, or its app and its region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folds {
    /// Whether everything else is unfolded.
    pub all: bool,
    /// Unfolded.
    pub open: Vec<Vec<String>>,
    /// Folded.
    pub closed: Vec<Vec<String>>,
}

impl State {
    /// What is worth keeping.
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

    /// Takes what was kept; what is not understood is left as it is.
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
    fn what_makes_no_sense_is_left_out() {
        let mut session = Session::new();
        let look = Look { split: 999, sort: "colour".into(), ..Look::default() };
        let folds = Folds { open: vec![vec![], vec!["a".into(); 9], vec!["web".into()]], ..Folds::default() };
        session.state.restore(&look, &folds);
        let (look, folds) = session.state.kept();
        assert_eq!((look.split, look.sort.as_str()), (40, "name"));
        assert_eq!(folds.open, [["web"]]);
    }
}
