//! The table of keys is tried in every state: enabled commands work, others give a reason, and `:` reaches all of them.

use std::sync::Arc;

use ratatui::crossterm::event::Event;

use crate::app::command::Row;
use crate::app::menu::Choice;
use crate::app::table::TABLE;
use crate::app::tests::{Session, link, log};
use crate::app::*;
use crate::catalog::diff::Change;
use crate::catalog::place::Node;
use crate::doctor::Subject;
use crate::doctor::facts::{Around, Facts};
use crate::net::Phase;

/// A state after these keys, with contents in every view.
fn after(script: &str) -> Session {
    let mut s = Session::attached();
    log(&mut s, vec![Change::AppCame("web".into()), Change::PeerWent("other".into())]);
    let facts = Facts::before(&s.state.networks.front().identity.conf, Around::default(), Subject::default());
    s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
    s.keys(script);
    s
}

/// States that cover every view, input line and list, with and without contents.
fn states() -> Vec<(&'static str, Session)> {
    let mut all: Vec<_> = [
        "",
        "jjj",
        "G",
        "G<enter>G",
        "*",
        "<tab>",
        "z",
        "w",
        "mm",
        ".",
        "f",
        " ",
        "/",
        "/iad",
        "/iad<enter>j",
        "/zzz<enter>",
        "2",
        "2we",
        "2web<esc><enter>",
        "2web<esc><enter>vL",
        "d",
        "dd",
        "da<c-r>",
        "da<c-r>zzz",
        "db",
        "db<enter>",
        "db<enter>we",
        "db<down><down><down><down><down><down><enter>web<enter>",
        "dW",
        "dvvv",
        "dvw",
        "3w",
        "4<enter>",
        "3t",
        "3M",
        "M",
        "3to",
        "jjjt",
        "jjjo",
        "3vx",
        "4",
        "4j<enter>j",
        "4s",
        "5",
        "5j",
        "5/web",
        "5/zzz<enter>",
    ]
    .into_iter()
    .map(|script| (script, after(script)))
    .collect();
    let mut down = after("jjj");
    down.report(link(Phase::Down, down.now));
    all.push(("down", down));
    for tab in Tab::ALL {
        let (key, name) = tab.title();
        all.push((name, after(&format!("jjj{key}"))));
        let mut new = Session::new();
        new.wait(0);
        new.keys(&key.to_string());
        all.push((name, new));
    }
    let mut new = Session::new();
    new.wait(0);
    all.push(("new dig", {
        new.keys("2<esc>");
        new
    }));
    all
}

/// The visible state: all but the time and the last message.
fn seen(state: &State) -> String {
    format!("{:?}", State { toast: None, ..state.clone() })
}

/// Commands that can find nothing to move, fold or step back from, and views that are already in front.
const MAY_STAY: &str = "up down half-page-up half-page-down page-up page-down first last open close expand collapse back complete keep-filter \
                        next-match previous-match line-up line-down older-line newer-line \
                        next-field previous-field explore dig ping-view \
                        doctor events";

fn may_stay(row: &Row) -> bool {
    MAY_STAY.split_whitespace().any(|id| id == row.id)
}

/// The rows that work in the session's context.
fn here(session: &Session) -> impl Iterator<Item = &'static Row> {
    let context = session.state.context();
    TABLE.iter().copied().filter(move |row| row.context.holds_in(context))
}

#[test]
fn enabled_keys_work_and_others_give_a_reason() {
    let mut met = Vec::new();
    for (name, session) in states() {
        for row in here(&session) {
            met.push(row.id);
            for key in row.keys {
                let mut s = session.clone();
                let enabled = (row.enabled)(&s.state);
                s.state.toast = None;
                let before = seen(&s.state);
                s.effects = update(&mut s.state, Message::Input(Event::Key(key.event())), s.now);
                let changed = before != seen(&s.state) || !s.effects.is_empty();
                match enabled {
                    Ok(()) => {
                        let reported = s.state.toast.is_some();
                        assert!(changed || reported || may_stay(row), "{name}: {row:?} does nothing");
                    }
                    Err(reason) => {
                        assert_eq!(
                            s.state.toast(),
                            Some(&*sentence(s.state.keyed(reason))),
                            "{name}: {row:?}"
                        );
                        assert!(!changed, "{name}: {row:?} is disabled and did something");
                    }
                }
            }
        }
    }
    let mut confirm = after("");
    let save = export::Save { path: "a.txt".into(), text: "a".into(), overwrite: false };
    update(&mut confirm.state, Message::Saved(save, export::Saved::Exists), confirm.now);
    for (name, session) in [("help", after("?")), ("palette", after(":")), ("confirm", confirm)] {
        met.extend(here(&session).map(|row| row.id));
        assert_ne!(session.state.context(), views::explore::HERE, "{name}");
    }
    let missed: Vec<_> = TABLE.iter().map(|row| row.id).filter(|id| !met.contains(id)).collect();
    assert!(missed.is_empty(), "no state of this test meets {missed:?}");
}

#[test]
fn each_command_runs_by_name_with_the_same_result() {
    for (name, mut session) in states() {
        session.state.toast = None;
        for row in here(&session) {
            let mut palette = session.clone();
            menu::palette(&mut palette.state, "");
            palette.keys(row.id);
            let menu = palette.state.overlay.as_ref().unwrap().menu().unwrap();
            assert_eq!(menu.choice(), Some(&Choice::Row(row)), "{name}");
            let enabled = (row.enabled)(&session.state);
            palette.keys("<enter>");
            if let Err(reason) = enabled {
                assert_eq!(
                    palette.state.toast(),
                    Some(&*sentence(palette.state.keyed(reason))),
                    "{name}: {row:?}"
                );
                assert!(palette.state.overlay.is_some() && palette.effects.is_empty());
                continue;
            }
            let mut pressed = session.clone();
            let mut out = Out::new(NetworkId::FIRST);
            (row.run)(&mut pressed.state, None, &mut out);
            let effects = finish(&mut pressed.state, out);
            assert_eq!(palette.effects, effects, "{name}: {row:?}");
            let opens = pressed.state.overlay.is_some();
            assert!(opens || seen(&palette.state) == seen(&pressed.state), "{name}: {row:?}");
        }
    }
}

#[test]
fn the_help_lists_what_the_palette_lists() {
    for (name, session) in states() {
        let listed = |open: fn(&mut State)| {
            let mut s = session.clone();
            open(&mut s.state);
            s.state.overlay.unwrap().menu().unwrap().found.clone()
        };
        let mut help = listed(menu::help);
        help.retain(|choice| matches!(choice, menu::Choice::Row(_)));
        assert_eq!(help, listed(|state| menu::palette(state, "")), "{name}");
    }
}

#[test]
fn the_help_finds_commands_and_marks_by_their_descriptions() {
    let (_, mut s) = states().into_iter().next().unwrap();
    s.keys("?route");
    let found = |s: &Session| s.state.overlay.as_ref().unwrap().menu().unwrap().found.clone();
    assert!(found(&s).iter().any(|choice| matches!(choice, menu::Choice::Row(row) if row.id == "trace")));
    s.keys("<esc>?mark:");
    let marks: Vec<String> = found(&s)
        .iter()
        .filter_map(|choice| match choice {
            menu::Choice::Value(value) => Some(value.text.clone()),
            menu::Choice::Row(_) => None,
        })
        .collect();
    assert!(marks.contains(&"●".to_owned()) && marks.contains(&"◌".to_owned()), "{marks:?}");
    s.keys("<enter>");
    assert!(s.state.overlay.is_some(), "a mark is no command");
}

#[test]
fn the_palette_matches_fuzzily_and_completes_arguments() {
    let mut s = after(":frz<enter>");
    assert!(s.state.frozen.is_some());
    s.keys("<esc>:dg<tab>");
    let input = |s: &Session| s.state.overlay.as_ref().unwrap().menu().unwrap().input.value().to_owned();
    assert_eq!(input(&s), "dig ");
    s.keys("web AAAA<enter>");
    assert!(matches!(s.effects.as_slice(), [.., Effect::Ask(_, Command::Dig(..))]), "{:?}", s.effects);
    assert_eq!(s.state.tab, Tab::Dig);
    s.keys(":explore web148e<tab>");
    assert_eq!(input(&s), "explore web/148e21b7c93d89");
    s.keys("<enter>");
    assert_eq!(s.state.tab, Tab::Explore);
    assert_eq!(
        s.state.views.explore.tree.selected(),
        Some(&Node::Machine("web".into(), "148e21b7c93d89".into()))
    );
    s.keys(":filter syd<enter>");
    assert_eq!(s.state.views.explore.tree.filter(), "syd");
    s.keys(":zzzz<enter>");
    assert_eq!(s.state.toast(), Some("Nothing matches"));
    s.keys("<esc>");
    assert!(s.state.overlay.is_none());
}

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
