//! The choice between several confs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::canvas::{Canvas, Size};
use super::overlay;
use super::parts::hints::{hints, possible};
use super::parts::line::{Columns as _, marked, wrap};
use super::parts::list::{below, first_row, lines};
use super::theme::{Role, Theme};
use crate::app::command::Context;
use crate::app::keymap::Keymap;
use crate::app::pick::Pick;
use crate::text::{fit, width};

pub fn draw(pick: &Pick, theme: Theme, frame: &mut Frame<'_>) {
    let mut canvas = Canvas::new(pick, theme, frame.buffer_mut());
    let area = canvas.buffer.area;
    if canvas.size == Size::Tiny {
        overlay::notice(&mut canvas, area);
    } else {
        choice(&mut canvas, area);
    }
    let cursor = canvas.cursor;
    theme.finish(frame.buffer_mut());
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn choice(canvas: &mut Canvas<'_, Pick>, area: Rect) {
    let Canvas { state: pick, theme, .. } = *canvas;
    let line = lines(area);
    let top = if let Some(looked) = &pick.looked {
        let welcome = welcome(area, theme, looked);
        let rows = welcome.len() as u16;
        canvas.lines(area, welcome);
        rows
    } else {
        let title = Line::default().add(" sixpane ", theme.strong()).add(" Which network?", theme.focused());
        title.paint(line(0), canvas);
        let found = format!("{} confs found", pick.choices.len());
        canvas.rule(line(1), &found, false, "sixpane CONF opens one directly");
        2
    };
    let list = below(Rect { height: area.height - 1, ..area }, top);
    let offset = first_row(pick.chosen, pick.choices.len(), list.height.into());
    let longest = pick.choices.iter().map(|choice| width(&choice.path)).max().unwrap_or(0);
    let column = longest.min(usize::from(area.width) / 2) + 4;
    for ((n, choice), line) in pick.choices.iter().enumerate().skip(offset).zip(list.rows()) {
        let here = n == pick.chosen;
        let text = marked(here, theme).add(fit(&choice.path, column - 4), theme.row(here)).to(column);
        let text = match &choice.about {
            Ok(about) => text.add(about, theme.style(Role::Dim)),
            Err(why) => text.add(format!("✗ {why}"), theme.style(Role::Bad)),
        };
        text.paint(line, canvas);
        if here {
            canvas.cursor = Some(line.as_position());
        }
    }
    let foot = match &pick.said {
        Some(said) => Line::default().add(format!(" {said}"), theme.strong()),
        None => hints(&possible(&Keymap::default(), None, Context::PICK, area.width.into()), theme),
    };
    foot.paint(line(area.height - 1), canvas);
}

/// Explains how to get a conf, and where sixpane looks for one.
fn welcome(area: Rect, theme: Theme, looked: &str) -> Vec<Line<'static>> {
    let (dim, plain) = (theme.style(Role::Dim), theme.style(Role::Plain));
    let gap = if area.height >= 22 { vec![Line::default()] } else { Vec::new() };
    let columns = usize::from(area.width.min(100)) - 4;
    let say = |text: &str, style: Style| -> Vec<Line<'static>> {
        wrap(text, columns).iter().map(|part| Line::default().add(format!("  {part}"), style)).collect()
    };
    let title = Line::default()
        .add(" sixpane ", theme.strong())
        .add(" your private network, in panes", theme.focused());
    let command = Line::default()
        .add("    fly wireguard create ", theme.strong())
        .add("[org] [region] [name]", theme.style(Role::Accent));
    let looked = format!("Looked in {looked}. Press r to search again, or run sixpane CONF with a path.");
    [
        vec![title, Line::default().add("─".repeat(area.width.into()), dim)],
        gap.clone(),
        say("No WireGuard conf found. Create one with your platform's tool:", plain),
        gap.clone(),
        vec![command],
        gap.clone(),
        say(
            "Give it a name of your own: a peer without one is left out of DNS. sixpane attaches inside its own process: no root, and nothing of your system changes.",
            plain,
        ),
        gap,
        say(&looked, dim),
        vec![Line::default()],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::ui::tests::SIZES;

    #[test]
    fn several_confs() {
        use crate::app::pick::{Choice, Pick};
        let pick = Pick::new(vec![
            Choice { path: "broken.conf".into(), about: Err("broken.conf:2:1: this is no key".into()) },
            Choice {
                path: "my-peer.conf".into(),
                about: Ok("fdaa:0:18::/48  by iad1.gateway.example:51820".into()),
            },
            Choice {
                path: "~/.config/sixpane/other-org.conf".into(),
                about: Ok("fdaa:2:45::/48  by 192.0.2.10:51820".into()),
            },
        ]);
        for (columns, rows) in [(120, 36), (60, 15), (40, 8)] {
            let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            terminal.draw(|frame| draw(&pick, Theme::default(), frame)).unwrap();
            insta::assert_snapshot!(format!("several_confs_{columns}x{rows}"), terminal.backend());
        }
    }

    #[test]
    fn a_first_run() {
        use crate::app::pick::{Choice, Pick};
        let demo =
            Choice { path: "demo".into(), about: Ok("an org in a box; nothing leaves this machine".into()) };
        let conf = Choice {
            path: "/made/up/Downloads/my-peer.conf".into(),
            about: Ok("fdaa:0:18::/48  by 192.0.2.10:51820".into()),
        };
        for (name, choices) in
            [("first_run", vec![demo.clone()]), ("first_run_with_a_conf", vec![conf, demo])]
        {
            let pick = Pick::first_run(
                choices,
                "this folder, ~/.config/sixpane, ~, ~/Downloads, ~/.fly, /etc/wireguard".into(),
            );
            for (columns, rows) in SIZES {
                let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
                terminal.draw(|frame| draw(&pick, Theme::default(), frame)).unwrap();
                insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), terminal.backend());
            }
        }
    }
}
