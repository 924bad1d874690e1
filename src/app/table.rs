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
mod tests;
