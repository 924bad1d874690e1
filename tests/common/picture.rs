//! Screens as a picture: what a terminal showed over time, as one SVG that moves by itself. It is text all through, so it
//! stays sharp and small; rows that look the same are held once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use vt100::{Cell, Color, Screen};

/// A cell, in units of the picture.
const CELL: (usize, usize) = (8, 17);
/// Around the screen, and above and below it.
const MARGIN: usize = 16;
const TOP: usize = 36;
const BOTTOM: usize = 44;
/// Rows that change together are held together.
const BAND: usize = 6;
/// Between two frames of a film.
const FRAME: Duration = Duration::from_millis(200);
/// How long the last frame stays.
const LAST: Duration = Duration::from_millis(2500);

const BACK: &str = "#10151c";
const FORE: &str = "#d5dae2";
const ANSI: [&str; 16] = [
    "#2a323d", "#f2707a", "#84cf82", "#e6bd62", "#74a9ff", "#cf95e8", "#5ccfe0", "#d5dae2", "#6b7686",
    "#ff8b94", "#9fe39c", "#f5d27d", "#93bdff", "#e0aef5", "#7fe3f1", "#ffffff",
];

/// What was on the screen from a moment on.
struct Shot {
    at: Duration,
    caption: usize,
    bands: Vec<usize>,
    cursor: Option<(usize, usize)>,
}

/// A film of a terminal.
#[derive(Default)]
pub struct Film {
    columns: usize,
    rows: usize,
    captions: Vec<String>,
    shots: Vec<Shot>,
    /// Rows and bands of rows, as they stand in the picture, and their numbers.
    row: Numbers,
    band: Numbers,
    /// Looks that occur: class by its rules.
    look: Numbers,
}

#[derive(Default)]
struct Numbers {
    known: HashMap<String, usize>,
    all: Vec<String>,
}

impl Numbers {
    fn of(&mut self, text: String) -> usize {
        if let Some(number) = self.known.get(&text) {
            return *number;
        }
        self.all.push(text.clone());
        self.known.insert(text, self.all.len() - 1);
        self.all.len() - 1
    }
}

impl Film {
    /// What is shown from here on is about this.
    pub fn caption(&mut self, words: &str) {
        self.captions.push(words.to_owned());
    }

    /// Captions so far.
    pub fn chapters(&self) -> usize {
        self.captions.len()
    }

    /// Takes what is on `screen`, `at` after the start. Of two that come close together the later one stays.
    pub fn take(&mut self, at: Duration, screen: &Screen) {
        let (rows, columns) = screen.size();
        (self.rows, self.columns) = (rows.get().into(), columns.get().into());
        let mut lines = Vec::new();
        for row in 0..rows.get() {
            let cells: Vec<Option<&Cell>> =
                (0..columns.get()).map(|column| screen.cell(row, column)).collect();
            let drawn = self.draw(&cells);
            lines.push(self.row.of(drawn));
        }
        let bands = lines.chunks(BAND).map(|chunk| {
            let mut text = String::new();
            for (n, line) in chunk.iter().enumerate().filter(|(_, line)| !self.row.all[**line].is_empty()) {
                let _ = write!(text, "<use href=\"#r{line}\" y=\"{}\"/>", n * CELL.1);
            }
            text
        });
        let bands: Vec<String> = bands.collect();
        let bands: Vec<usize> = bands.into_iter().map(|band| self.band.of(band)).collect();
        let (row, column) = screen.cursor_position();
        let free = screen.cell(row, column).is_none_or(|cell| !cell.has_contents() || cell.contents() == " ");
        let cursor = (free && !screen.hide_cursor()).then_some((row.into(), column.into()));
        let caption = self.captions.len();
        let shot = Shot { at, caption, bands, cursor };
        match self.shots.last_mut() {
            Some(last) if last.caption == caption && last.bands == shot.bands && last.cursor == cursor => {}
            Some(last) if last.caption == caption && at < last.at + FRAME => {
                *last = Shot { at: last.at, ..shot };
            }
            _ => self.shots.push(shot),
        }
    }

    /// One row: lines and bars as shapes, since fonts leave gaps between them; the rest as runs of one look.
    fn draw(&mut self, cells: &[Option<&Cell>]) -> String {
        let mut out = String::new();
        let mut column = 0;
        while column < cells.len() {
            let Some(cell) = cells[column] else { break };
            let (look, back) = look(cell);
            let glyph = cell.contents();
            let same = |other: Option<&Cell>| {
                other.is_some_and(|other| self::look(other) == (look.clone(), back) && !other.is_wide())
            };
            let is_shape = |text: &str| shape(text).is_some();
            let length = if is_shape(glyph) {
                cells[column..]
                    .iter()
                    .take_while(|c| same(**c) && c.is_some_and(|c| c.contents() == glyph))
                    .count()
            } else {
                cells[column..]
                    .iter()
                    .take_while(|c| same(**c) && c.is_some_and(|c| !is_shape(c.contents())))
                    .count()
            }
            .max(1);
            let x = column * CELL.0;
            if let Some(back) = back {
                let _ =
                    write!(out, "<path d=\"M{x} 0h{}v{}h-{0}z\" fill=\"{back}\"/>", length * CELL.0, CELL.1);
            }
            let class = self.look.of(look);
            if let Some((dx, y, width, height)) = shape(glyph) {
                let width = if width == 0 { length * CELL.0 } else { width };
                for n in 0..if width == length * CELL.0 { 1 } else { length } {
                    let _ = write!(
                        out,
                        "<path class=\"l{class}\" d=\"M{} {y}h{width}v{height}h-{width}z\"/>",
                        x + n * CELL.0 + dx
                    );
                }
            } else {
                let text: Vec<&str> = cells[column..column + length]
                    .iter()
                    .flatten()
                    .filter(|cell| !cell.is_wide_continuation())
                    .map(|cell| if cell.has_contents() { cell.contents() } else { " " })
                    .collect();
                for (start, words) in runs(&text) {
                    let chars = words.chars().count();
                    let fit =
                        if chars > 1 { format!(" textLength=\"{}\"", chars * CELL.0) } else { String::new() };
                    let words = words.replace('&', "&amp;").replace('<', "&lt;");
                    let x = x + start * CELL.0;
                    let _ = write!(out, "<text class=\"l{class}\" x=\"{x}\" y=\"13\"{fit}>{words}</text>");
                }
            }
            column += length;
        }
        out
    }

    /// The picture. It shows the frame at `still` where nothing moves.
    pub fn svg(&self, still: Duration) -> String {
        let (width, height) = (self.columns * CELL.0 + 2 * MARGIN, self.rows * CELL.1 + TOP + BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace,\
             'SF Mono',Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace\" font-size=\"13.3\">\n<style>\n\
             text{{white-space:pre;fill:{FORE}}}path{{shape-rendering:crispEdges}}.c{{font:15px system-ui,'Segoe UI','DejaVu Sans',sans-serif}}\n"
        );
        for (number, rules) in self.look.all.iter().enumerate().filter(|(_, rules)| !rules.is_empty()) {
            let _ = writeln!(svg, ".l{number}{{{rules}}}");
        }
        let end = self.shots.last().map_or(LAST, |shot| shot.at + LAST);
        let shown = self.shots.iter().rposition(|shot| shot.at <= still).unwrap_or(0);
        if self.shots.len() > 1 {
            let _ =
                write!(svg, ".f{{animation:f {:.2}s step-end infinite}}@keyframes f{{", end.as_secs_f64());
            for (n, shot) in self.shots.iter().enumerate() {
                let at = shot.at.as_secs_f64() / end.as_secs_f64() * 100.0;
                let _ = write!(svg, "{at:.2}%{{transform:translateX(-{}px)}}", n * width);
            }
            svg.push_str("}\n@media(prefers-reduced-motion){.f{animation:none}}\n");
        }
        svg.push_str("</style>\n<defs>\n");
        for (number, row) in self.row.all.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
            let _ = writeln!(svg, "<g id=\"r{number}\">{row}</g>");
        }
        for (number, band) in self.band.all.iter().enumerate().filter(|(_, band)| !band.is_empty()) {
            let _ = writeln!(svg, "<g id=\"b{number}\">{band}</g>");
        }
        let _ = write!(
            svg,
            "</defs>\n<rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{BACK}\"/>\n\
             <g fill=\"#39424f\"><circle cx=\"22\" cy=\"18\" r=\"6\"/><circle cx=\"42\" cy=\"18\" r=\"6\"/>\
             <circle cx=\"62\" cy=\"18\" r=\"6\"/></g>\n<path d=\"M0 {0}h{width}\" stroke=\"#232b36\"/>\n\
             <g class=\"f\" transform=\"translate(-{1})\">\n",
            height - BOTTOM + 6,
            shown * width,
        );
        for (n, shot) in self.shots.iter().enumerate() {
            let left = n * width + MARGIN;
            let _ = write!(svg, "<g transform=\"translate({left} {TOP})\">");
            if let Some((row, column)) = shot.cursor {
                let (x, y) = (column * CELL.0, row * CELL.1);
                let _ = write!(svg, "<path d=\"M{x} {y}h{}v{}h-{0}z\" fill=\"#8a94a3\"/>", CELL.0, CELL.1);
            }
            for (n, band) in
                shot.bands.iter().enumerate().filter(|(_, band)| !self.band.all[**band].is_empty())
            {
                let _ = write!(svg, "<use href=\"#b{band}\" y=\"{}\"/>", n * BAND * CELL.1);
            }
            if let Some(words) = shot.caption.checked_sub(1).and_then(|at| self.captions.get(at)) {
                let y = height - TOP - 13;
                let words = words.replace('&', "&amp;").replace('<', "&lt;");
                let _ = write!(svg, "<text class=\"c\" x=\"4\" y=\"{y}\">{words}</text>");
            }
            svg.push_str("</g>\n");
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }
}

/// A character that is drawn: left, top, width (0 is the cell's) and height.
fn shape(glyph: &str) -> Option<(usize, usize, usize, usize)> {
    let (width, height) = CELL;
    Some(match glyph {
        "─" => (0, height / 2, 0, 1),
        "│" => (width / 2, 0, 1, height),
        "▌" => (0, 0, width / 2, height),
        "▏" => (0, 0, 1, height),
        _ => {
            let level = "▁▂▃▄▅▆▇█".chars().position(|bar| glyph.chars().eq([bar]))? + 1;
            let tall = (level * height).div_ceil(8);
            (0, height - tall, 0, tall)
        }
    })
}

/// The rules of a cell's look, and its background.
fn look(cell: &Cell) -> (String, Option<&'static str>) {
    let (mut fore, mut back) = (color(cell.fgcolor()), color(cell.bgcolor()));
    if cell.inverse() {
        (fore, back) = (back.or(Some(BACK)), fore.or(Some(FORE)));
    }
    let mut rules = String::new();
    if let Some(fore) = fore {
        let _ = write!(rules, "fill:{fore};");
    } else if shape(cell.contents()).is_some() {
        let _ = write!(rules, "fill:{FORE};");
    }
    if cell.bold() {
        rules.push_str("font-weight:700;");
    }
    if cell.dim() {
        rules.push_str("opacity:.55;");
    }
    if cell.italic() {
        rules.push_str("font-style:italic;");
    }
    if cell.underline() {
        rules.push_str("text-decoration:underline;");
    }
    (rules, back)
}

/// Of the 256 colours our screens use the first sixteen; whatever else comes is near one of them.
fn color(color: Color) -> Option<&'static str> {
    match color {
        Color::Default => None,
        Color::Idx(n) => ANSI.get(usize::from(n)).copied().or(Some(ANSI[8])),
        Color::Rgb(..) => Some(ANSI[7]),
    }
}

/// Words with what stands between them, but for gaps that are wide: start and text.
fn runs(cells: &[&str]) -> Vec<(usize, String)> {
    let mut runs: Vec<(usize, String)> = Vec::new();
    let mut gap = usize::MAX;
    for (at, cell) in cells.iter().enumerate() {
        if *cell == " " {
            gap = gap.saturating_add(1);
            continue;
        }
        match runs.last_mut() {
            Some((_, text)) if gap < 3 => {
                text.extend(std::iter::repeat_n(' ', gap));
                text.push_str(cell);
            }
            _ => runs.push((at, (*cell).to_owned())),
        }
        gap = 0;
    }
    runs
}
