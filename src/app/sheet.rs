//! The contents of a view as rows and columns: the one source for copy, export and plain text.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::text::{escape, width};

/// Placeholder for an unknown value.
const UNKNOWN: &str = "–";

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// Name of the view: `explore`, `ping` …
    pub name: &'static str,
    /// Column names as in JSON: `rtt_ms`.
    pub columns: Vec<&'static str>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Index of the selected row.
    pub chosen: Option<usize>,
}

/// The contents of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, safe to show.
    Text(String),
    /// A number; milliseconds and percentages with fractions.
    Number(f64),
    /// The value is unknown or does not apply.
    Unknown,
}

impl Cell {
    fn show(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
            Self::Number(number) => format!("{number:.3}"),
            Self::Unknown => UNKNOWN.into(),
        }
    }
}

pub fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A text cell, or unknown.
pub fn maybe<T: ToString>(value: Option<T>) -> Cell {
    value.map_or(Cell::Unknown, |value| Cell::Text(value.to_string()))
}

/// Milliseconds with three decimals.
pub fn millis(time: Option<Duration>) -> Cell {
    time.map_or(Cell::Unknown, |time| Cell::Number((time.as_secs_f64() * 1e6).round() / 1e3))
}

impl Sheet {
    /// Text in columns with headings, numbers right-aligned.
    pub fn to_text(&self) -> String {
        let shown: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::show).collect()).collect();
        let heading = |name: &str| name.to_uppercase().replace('_', " ");
        let columns: Vec<(usize, bool)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let cells = shown.iter().filter_map(|row| row.get(n)).map(|cell| width(cell));
                let number = self.rows.iter().any(|row| matches!(row.get(n), Some(Cell::Number(_))));
                (cells.chain([width(name)]).max().unwrap_or(0), number)
            })
            .collect();
        let headings: Vec<String> = self.columns.iter().map(|name| heading(name)).collect();
        let mut out = String::new();
        for row in std::iter::once(&headings).chain(&shown) {
            let mut line = String::new();
            for (cell, (columns, number)) in row.iter().zip(&columns) {
                let gap = " ".repeat(columns.saturating_sub(width(cell)));
                let _ = if *number { write!(line, "{gap}{cell}  ") } else { write!(line, "{cell}{gap}  ") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The selected row with tabs between its cells.
    pub fn row(&self) -> Option<String> {
        let row = self.rows.get(self.chosen?)?;
        Some(row.iter().map(Cell::show).collect::<Vec<_>>().join("\t"))
    }

    /// Comma-separated values with a heading (RFC 4180, but with the line ends of this system).
    pub fn to_csv(&self) -> String {
        let shown = |cell: &Cell| match cell {
            Cell::Unknown => String::new(),
            Cell::Text(text) => escape::csv(text).into_owned(),
            Cell::Number(_) => cell.show(),
        };
        let mut out = format!("{}\n", self.columns.join(","));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(shown).collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }

    /// A table in GitHub Markdown.
    pub fn to_markdown(&self) -> String {
        let numbers = |n| self.rows.iter().any(|row| matches!(row.get(n), Some(Cell::Number(_))));
        let rule: String =
            (0..self.columns.len()).map(|n| if numbers(n) { "---:|" } else { "---|" }).collect();
        let mut out = format!("| {} |\n|{rule}\n", self.columns.join(" | "));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape::markdown(&cell.show())).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out
    }

    /// JSON for programs, schema `sixpane.sheet/2`; unknown values are null.
    pub fn to_json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let cell = |cell: &Cell| match cell {
                    Cell::Text(text) => json!(text),
                    Cell::Number(number) => json!(number),
                    Cell::Unknown => Value::Null,
                };
                let fields = self.columns.iter().zip(row).map(|(name, one)| ((*name).to_owned(), cell(one)));
                Value::Object(fields.collect::<Map<_, _>>())
            })
            .collect();
        let all = json!({ "schema": "sixpane.sheet/2", "view": self.name, "rows": rows });
        let mut out = serde_json::to_string_pretty(&all).unwrap_or_default();
        out.push('\n');
        out
    }
}
