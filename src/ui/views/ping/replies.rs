//! The replies of the selected target, newest first.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::State;
use crate::app::views::ping::Row;
use crate::probe::series::{Reply, ReplyKind, Stray};
use crate::text::ms;
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::below;
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, row: &Row<'_>) {
    let Canvas { state, theme, .. } = *canvas;
    if area.height == 0 {
        return;
    }
    canvas.rule(area, "Last replies", false, "newest first");
    let lines = row.series.replies.iter().rev().map(|reply| reply_line(state, row, reply, theme));
    canvas.lines(below(area, 1), lines);
}

fn reply_line(state: &State, row: &Row<'_>, reply: &Reply, theme: Theme) -> Line<'static> {
    let at = state.clock_at(reply.at).map(|time| time.strftime("%H:%M:%S%.3f").to_string());
    let seq = if reply.number == 0 { "–".to_owned() } else { reply.number.to_string() };
    let (figure, words, role) = self::words(&reply.kind);
    let from =
        if reply.from == row.series.target.address { String::new() } else { format!("  by {}", reply.from) };
    Line::default()
        .add(format!("  {}", at.unwrap_or_default()), theme.style(Role::Dim))
        .to(16)
        .add(format!("seq {seq:<5}"), theme.style(Role::Dim))
        .add(format!("{figure:>10}"), theme.style(role))
        .add(format!("   {words}{from}"), theme.style(if role == Role::Plain { Role::Dim } else { role }))
}

/// A reply as value, remaining text and role.
fn words(kind: &ReplyKind) -> (String, String, Role) {
    let rtt = |rtt: &Duration| format!("{} ms", ms(*rtt));
    match kind {
        ReplyKind::Answered { rtt: took, hop_limit, bytes } => {
            (rtt(took), format!("{bytes} B   hop limit {hop_limit}"), Role::Plain)
        }
        ReplyKind::Lost { after } => {
            ("lost".into(), format!("no reply within {} s", after.as_secs_f64()), Role::Warn)
        }
        ReplyKind::Late { rtt: took } => (rtt(took), "late, not lost".into(), Role::Warn),
        ReplyKind::Duplicate { rtt: took } => (rtt(took), "a duplicate".into(), Role::Warn),
        ReplyKind::Stray(stray) => ("stray".into(), stray_words(*stray), Role::Warn),
        ReplyKind::Error(error) => ("error".into(), error.to_string(), Role::Warn),
        ReplyKind::Unsent(why) => ("unsent".into(), why.clone(), Role::Warn),
    }
}

fn stray_words(stray: Stray) -> String {
    match stray {
        Stray::Ident(ident) => format!("identifier {ident} is not ours"),
        Stray::Seq(seq) => format!("sequence number {seq} was not sent"),
        Stray::Sender(_) => "reply from another address".into(),
    }
}
