//! Copies and exports: each form, each format, each view.

use crate::app::export::{Save, Saved};
use crate::app::tests::{Session, log};
use crate::app::*;
use crate::catalog::diff::Change;

fn forms(s: &Session) -> Vec<(&'static str, String)> {
    s.state.front().forms(&s.state)
}

#[test]
fn a_machine_is_copied_in_every_form() {
    let mut s = Session::attached();
    s.keys("/148e<enter>G<esc>");
    let all = forms(&s);
    let get = |what| all.iter().find(|(name, _)| *name == what).map(|(_, text)| text.as_str());
    assert_eq!(get("name"), Some("148e21b7c93d89.vm.web.internal"));
    let address = get("address").unwrap();
    assert_eq!(get("dig"), Some("dig +norecurse 148e21b7c93d89.vm.web.internal AAAA @fdaa:0:18::3"));
    assert_eq!(get("ping6"), Some(format!("ping6 {address}").as_str()));
    assert_eq!(get("sixpane"), Some("sixpane dig 148e21b7c93d89.vm.web.internal AAAA"));
    assert_eq!(get("sixpane-ping"), Some(format!("sixpane ping {address}").as_str()));
    assert_eq!(get("row"), Some(format!("web\tiad\t148e21b7c93d89\t{address}\t–\tlisted").as_str()));
    assert!(get("table").unwrap().starts_with("APP    REGION  MACHINE"));
    assert!(
        get("markdown").unwrap().starts_with("| app | region | machine | address | rtt_ms | state |\n|---|")
    );
    let json: serde_json::Value = serde_json::from_str(get("json").unwrap()).unwrap();
    assert_eq!(json["schema"], "sixpane.sheet/2");
    assert_eq!(json["rows"].as_array().unwrap().len(), 9, "7 machines, an app without any, a peer");
    assert_eq!(json["rows"][1]["rtt_ms"], serde_json::Value::Null);
    s.keys("Yping6<enter>");
    assert_eq!(s.effects, [Effect::Copy(format!("ping6 {address}"))]);
    s.keys("Ytable<enter>");
    assert_eq!(s.state.toast(), Some("Copied the table, 10 lines"));
}

#[test]
fn a_copy_too_long_for_a_terminal_is_reported() {
    let mut s = Session::attached();
    let many: Vec<String> = (0..2000).map(|n| format!("iad/{n:014x}")).collect();
    s.catalog(&[&format!("big:{}", many.join(","))]);
    s.keys("Yjson<enter>");
    assert!(s.effects.is_empty());
    assert!(
        s.state.toast().unwrap().contains("terminals accept 74 KB. e writes it"),
        "{:?}",
        s.state.toast()
    );
}

#[test]
fn a_view_is_exported_by_extension_and_no_file_is_replaced_without_a_question() {
    let mut s = Session::attached();
    let path = |s: &mut Session, keys: &str| {
        s.keys("e").keys(keys);
        match s.effects.as_slice() {
            [Effect::Save(save)] => save.clone(),
            other => panic!("{other:?} {:?}", s.state.toast()),
        }
    };
    assert_eq!(path(&mut s, "<enter>").path, "sixpane-explore.txt");
    let csv = path(&mut s, "~/a b.csv<enter>");
    assert_eq!(csv.path, "~/a b.csv");
    assert!(csv.text.starts_with("app,region,machine,address,rtt_ms,state\nadmin,,,,,no started machines\n"));
    s.keys("enothing<enter>");
    assert!(s.effects.is_empty() && s.state.toast().unwrap().contains(".csv"));
    s.effects = update(&mut s.state, Message::Saved(csv.clone(), Saved::Exists), s.now);
    assert_eq!(s.state.context(), Context::CONFIRM);
    s.keys("n");
    assert!(s.effects.is_empty() && s.state.overlay.is_none());
    s.effects = update(&mut s.state, Message::Saved(csv.clone(), Saved::Exists), s.now);
    s.keys("y");
    assert_eq!(s.effects, [Effect::Save(Save { overwrite: true, ..csv.clone() })]);
    s.effects = update(&mut s.state, Message::Saved(csv, Saved::Done), s.now);
    assert!(s.state.toast().unwrap().starts_with("Wrote ~/a b.csv"));
}

#[test]
fn every_view_has_a_table_and_plain_text() {
    let mut s = Session::attached();
    log(&mut s, vec![Change::AppCame("we,b\"".into()), Change::PeerWent("o|ther".into())]);
    for tab in Tab::ALL {
        s.keys(&tab.title().0.to_string());
        s.keys("<esc>");
        s.state.tab = tab;
        let sheet = s.state.front().table(&s.state);
        assert!(sheet.rows.iter().all(|row| row.len() == sheet.columns.len()), "{tab:?}");
        assert_eq!(sheet.to_csv().lines().count(), sheet.rows.len() + 1);
        s.keys("Z");
        let shows = !sheet.rows.is_empty();
        assert_eq!(
            matches!(s.effects.as_slice(), [Effect::Plain(text)] if !text.is_empty()),
            shows,
            "{tab:?}"
        );
    }
    let csv = s.state.front().table(&s.state).to_csv();
    assert!(csv.contains("\"we,b\"\"\""), "{csv}");
    assert!(s.state.front().table(&s.state).to_markdown().contains("o\\|ther"));
}

/// Whether a task is done.
type Done<'a> = Box<dyn Fn(&Session) -> bool + 'a>;

/// Ten everyday tasks and the keys they take, from the first screen of sixpane.
#[test]
fn everyday_tasks_take_few_keys() {
    let machine = "148e21b7c93d89";
    let asks = |s: &Session, what: fn(&Command) -> bool| {
        s.effects.iter().any(|effect| matches!(effect, Effect::Ask(_, command) if what(command)))
    };
    let on_machine = move |s: &Session| matches!(s.state.views.explore.tree.selected(), Some(crate::catalog::place::Node::Machine(_, id)) if id.as_str() == machine);
    let copied =
        |s: &Session, part: &str| matches!(s.effects.as_slice(), [Effect::Copy(text)] if text.contains(part));
    let tasks: Vec<(&str, &str, usize, Done<'_>)> = vec![
        (
            "what runs, and where",
            "",
            0,
            Box::new(|s| s.rows().contains("148e21b7c93d89") || s.rows().contains("web")),
        ),
        ("find a machine by a part of its ID", "/148e<enter>G", 7, Box::new(on_machine)),
        ("copy its address", "/148e<enter>Gy", 8, Box::new(|s| copied(s, "fdaa:"))),
        (
            "copy the dig command for it",
            "/148e<enter>GYdig<enter>",
            12,
            Box::new(|s| copied(s, "dig +norecurse")),
        ),
        (
            "is it there, how far",
            "/148e<enter>G",
            7,
            Box::new(|s| asks(s, |c| matches!(c, Command::Ping(..)))),
        ),
        (
            "who answers for an app",
            "2web<enter>",
            5,
            Box::new(|s| asks(s, |c| matches!(c, Command::Dig(..)))),
        ),
        (
            "its machines by region, as DNS says it",
            "2v.w<tab><enter>",
            6,
            Box::new(|s| asks(s, |c| matches!(c, Command::Dig(..)))),
        ),
        (
            "why can I not reach it",
            "4",
            1,
            Box::new(|s| s.effects.iter().any(|effect| matches!(effect, Effect::Examine(..)))),
        ),
        ("what has changed", "5", 1, Box::new(|s| s.state.tab == Tab::Events)),
        (
            "all machines into a CSV file",
            "e<down><enter>",
            3,
            Box::new(
                |s| matches!(s.effects.as_slice(), [Effect::Save(save)] if save.path == "sixpane-explore.csv"),
            ),
        ),
    ];
    for (task, keys, count, done) in tasks {
        let mut s = Session::attached();
        s.keys(keys);
        assert!(done(&s), "{task}: {:?}", s.effects);
        let pressed = keys
            .split('>')
            .map(|part| part.split('<').next().unwrap_or("").len() + usize::from(part.contains('<')));
        assert_eq!(pressed.sum::<usize>(), count, "{task}");
    }
}
