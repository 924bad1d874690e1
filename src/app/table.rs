//! All rows in one list: views, commands of all views, input lines and overlays.

use std::sync::LazyLock;

use super::command::Row;
use super::pick::rows;
use super::views::Tab;
use super::{everywhere, filter, menu};

/// All rows. Rows of one context are in the order of the help.
pub static TABLE: LazyLock<Vec<&'static Row>> = LazyLock::new(|| {
    let views = Tab::ALL.into_iter().flat_map(|tab| tab.view().rows());
    let entries = Tab::ALL.into_iter().map(|tab| tab.view().entry());
    let lines = [filter::ROWS, menu::ROWS, filter::LINES, rows::ROWS].into_iter().flatten();
    everywhere::ROWS.iter().chain(entries).chain(views).chain(lines).collect()
});

/// All rows with this name.
pub fn named(id: &str) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().copied().filter(move |row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_context() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in TABLE[i + 1..].iter().filter(|b| a.context.meets(b.context)) {
                assert!(!a.keys.iter().any(|key| b.keys.contains(key)), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn a_name_has_one_row_per_context() {
        for (n, row) in TABLE.iter().enumerate() {
            assert!(row.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.id);
            for other in TABLE[n + 1..].iter().filter(|other| other.id == row.id) {
                assert!(!row.context.meets(other.context), "{} twice", row.id);
                let both = [row.argument, other.argument].map(|argument| argument.is_some());
                assert!(both[0] == both[1], "{}: an argument in one place and none in another", row.id);
            }
        }
    }

    #[test]
    fn the_hints_of_a_context_have_a_unique_order() {
        for (n, row) in TABLE.iter().enumerate() {
            for other in TABLE[n + 1..].iter().filter(|other| row.context.meets(other.context)) {
                if let (Some(one), Some(two)) = (row.hint, other.hint) {
                    assert!(one.order != two.order, "{} and {}", row.id, other.id);
                }
            }
        }
    }

    #[test]
    fn no_key_of_an_input_line_is_text() {
        for row in TABLE.iter().filter(|row| row.context.is_line()) {
            assert!(!row.keys.iter().any(|key| key.is_text()), "{row:?}");
        }
    }
}
