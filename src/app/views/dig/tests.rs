//! The Dig view as scripts: keys and responses are the input, lines and effects the result.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::app::tests::{Session, pinged};
use crate::app::views::explore::Pane;
use crate::app::{Effect, Tab};
use crate::catalog::place::Node;
use crate::dns::dig::query::NoServer;
use crate::dns::dig::tests::{aaaa, exchange, txt};
use crate::dns::exchange::Exchange;
use crate::dns::templates::TEMPLATES;
use crate::engine::report::{Command, Report};

/// Answers the newest line with `exchanges`.
pub(crate) fn answer(s: &mut Session, exchanges: Vec<Exchange>) {
    let number = s.state.views.dig.numbers;
    let answered = Answered { number, at: s.now, exchanges: Ok(exchanges) };
    s.report(Report::Digs(Arc::new(vec![Arc::new(answered)])));
}

/// Sends `line` and answers it.
pub(crate) fn asked(s: &mut Session, line: &str, code: u16, records: Vec<hickory_proto::rr::Record>) {
    if s.state.tab != Tab::Dig || s.state.views.dig.editing {
        s.keys("2");
        s.state.views.dig.editing = false;
    }
    s.keys("a").keys(line).keys("<enter>");
    answer(s, vec![exchange(line, code, records)]);
}

fn sent(s: &Session) -> Vec<String> {
    let lines = s.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(_, Command::Dig(_, line)) => Some(crate::dns::names::show(&line.asks[0].question.name)),
        _ => None,
    });
    lines.collect()
}

fn text(s: &Session) -> &str {
    s.state.views.dig.entry().map_or("", |entry| entry.text.as_str())
}

#[test]
fn a_line_is_completed_sent_answered_and_recalled() {
    let mut s = Session::attached();
    s.keys("2");
    assert_eq!(s.state.context(), LINE);
    s.keys("vms.w");
    let names = |s: &Session| s.state.views.dig.choices.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&s), ["vms.web.internal"]);
    s.keys("<tab><enter>");
    let [Effect::Remember(_), Effect::Ask(_, Command::Dig(number, line))] = s.effects.as_slice() else {
        panic!("{:?}", s.effects)
    };
    assert_eq!((*number, line.asks[0].question.rtype), (1, hickory_proto::rr::RecordType::TXT));
    assert_eq!(s.state.context(), HERE);
    let error = NoServer::Ipv4("192.0.2.1".into());
    let answered = Answered { number: 1, at: s.now, exchanges: Err(error) };
    s.report(Report::Digs(Arc::new(vec![Arc::new(answered)])));
    assert!(s.state.views.dig.entry().is_some_and(|entry| entry.answered.is_some()));
    s.keys("aweb +fast<enter>");
    assert!(s.state.toast().is_some_and(|toast| toast.contains("+fast")), "the error is shown");
    assert!(s.state.views.dig.editing, "and the line is kept");
    s.keys("<esc>");
    assert!(!s.state.views.dig.editing);
    s.keys("a<up>");
    assert_eq!(s.state.views.dig.input.value(), "vms.web.internal");
    s.keys("<down>");
    assert_eq!(s.state.views.dig.input.value(), "");
    s.keys("iad<down><down>");
    let chosen = s.state.views.dig.choices[s.state.views.dig.choice.unwrap()].name.clone();
    s.keys("<enter>");
    assert_eq!(s.state.views.dig.entry().unwrap().text, chosen, "the selected completion is taken");
    s.keys("K");
    assert_eq!(s.state.views.dig.entry().unwrap().text, "vms.web.internal");
    s.keys("v");
    assert_eq!(s.state.views.dig.face(), Face::Message);
    s.keys("<esc>");
    assert_eq!(s.state.tab, Tab::Explore);
    s.keys("d");
    assert!(matches!(s.effects.as_slice(), [.., Effect::Ask(_, Command::Dig(..))]));
    assert_eq!(s.state.views.dig.entry().unwrap().text, "admin.internal");
}

/// Every row of the document's table is queried from an empty line with at most eight keys, Enter included.
#[test]
fn every_form_is_queried_with_eight_keys() {
    let known = ["blue.color.kv._metadata.web.internal", "worker.process.web.internal"];
    let table = [
        ("<app>.internal", "we<tab><enter>", "web.internal"),
        ("<region>.<app>.internal", "iad.w<tab><enter>", "iad.web.internal"),
        ("vms.<app>.internal", "v.w<tab><enter>", "vms.web.internal"),
        ("regions.<app>.internal", "r.w<tab><enter>", "regions.web.internal"),
        ("global.<app>.internal", "g.w<tab><enter>", "global.web.internal"),
        ("top<number>.nearest.of.<app>.internal", "t.w<tab><enter>", "top3.nearest.of.web.internal"),
        ("<machine id>.vm.<app>.internal", "148e<tab><enter>", "148e21b7c93d89.vm.web.internal"),
        ("<group>.process.<app>.internal", "a.p.w<tab><enter>", "app.process.web.internal"),
        ("<group>.process.<app>.internal", "wo<tab><enter>", "worker.process.web.internal"),
        // Metadata queried before, and the metadata of each machine: key, then value.
        ("<value>.<key>.kv._metadata.<app>.internal", "b.c<tab><enter>", known[0]),
        (
            "<value>.<key>.kv._metadata.<app>.internal",
            "k.ap<tab><enter><enter>",
            "blue.color.kv._metadata.api.internal",
        ),
        (
            "<value>.<key>.kv._metadata.<app>.internal",
            "k.w<tab><down><down><enter><enter>",
            "worker.fly_process_group.kv._metadata.web.internal",
        ),
        ("<app>.flycast", "web.f<tab><enter>", "web.flycast"),
        ("<peer>._peer.internal", "my-p<tab><enter>", "my-peer._peer.internal"),
        ("_apps.internal", "_a<tab><enter>", "_apps.internal"),
        ("_peer.internal", "_p<tab><enter>", "_peer.internal"),
        ("_instances.internal", "_i<tab><enter>", "_instances.internal"),
    ];
    for (pattern, keys, name) in table {
        let mut s = Session::attached();
        s.state.views.dig.past = Past::new(known.map(str::to_owned));
        let presses = keys.split('<').fold(0, |sum, part| match part.split_once('>') {
            Some((_, typed)) => sum + 1 + typed.len(),
            None => sum + part.len(),
        });
        assert!(presses <= 8, "{keys}: {presses}");
        s.keys("2").keys(keys);
        assert_eq!(text(&s), name, "{keys}");
        assert_eq!(
            s.effects.iter().filter(|effect| matches!(effect, Effect::Ask(_, Command::Dig(..)))).count(),
            1
        );
        assert!(TEMPLATES.iter().any(|template| template.pattern == pattern), "{pattern}");
    }
    for template in &TEMPLATES {
        assert!(table.iter().any(|(pattern, ..)| *pattern == template.pattern), "{}", template.pattern);
    }
    // Without a history the metadata of each machine is offered.
    let mut s = Session::attached();
    s.keys("2k.w<tab><enter><enter>");
    assert_eq!(text(&s), "app.fly_process_group.kv._metadata.web.internal");
}

#[test]
fn links_to_names_addresses_and_regions_lead_there_and_back() {
    let mut s = Session::attached();
    asked(
        &mut s,
        "vms.web.internal",
        0,
        vec![txt("vms.web.internal", &[b"148e21b7c93d89 iad,17815dd2b06689 fra"])],
    );
    // The cursor is on the first machine.
    s.keys("<enter>");
    assert_eq!(
        (text(&s), sent(&s)),
        ("148e21b7c93d89.vm.web.internal", vec!["148e21b7c93d89.vm.web.internal.".into()])
    );
    let own = s
        .state
        .networks
        .front()
        .shown
        .catalog
        .machine(&"web".into(), &"148e21b7c93d89".into())
        .unwrap()
        .address
        .unwrap();
    let name = "148e21b7c93d89.vm.web.internal";
    answer(&mut s, vec![exchange(name, 0, vec![aaaa(name, &own.to_string())])]);
    // The address, then its owner, then the region.
    s.keys("y");
    assert_eq!(s.effects, [Effect::Copy(own.to_string())]);
    s.keys("lld");
    assert_eq!(text(&s), "iad.web.internal");
    s.keys("[[");
    assert_eq!(text(&s), "vms.web.internal");
    s.keys("]");
    assert_eq!(text(&s), name);
    s.keys("p");
    assert!(s.state.networks.front().target_list.member(own).is_some());
    s.keys("p");
    assert!(s.state.networks.front().target_list.is_empty());
    s.keys("T");
    assert_eq!(s.state.tab, Tab::Explore);
    assert_eq!(
        s.state.views.explore.tree.selected(),
        Some(&Node::Machine("web".into(), "148e21b7c93d89".into()))
    );
    s.keys("[");
    assert_eq!((s.state.tab, text(&s)), (Tab::Dig, name));
    s.keys("]");
    assert_eq!((s.state.tab, s.state.views.explore.focus), (Tab::Explore, Pane::Tree));
    // From the tree and back to the tree.
    s.keys("d");
    assert_eq!((s.state.tab, text(&s)), (Tab::Dig, name));
    s.keys("[");
    assert_eq!(s.state.tab, Tab::Explore);
}

#[test]
fn rows_are_cached_until_something_changes() {
    let mut s = Session::attached();
    let records = || (0..1000).map(|n| aaaa("web", &format!("fdaa::{n:x}"))).collect::<Vec<_>>();
    asked(&mut s, "web", 0, records());
    let rows = |s: &Session| s.state.views.dig.rows(&s.state.networks.front().shown);
    let before = rows(&s);
    assert_eq!(before.len(), 1001);
    s.keys("jj");
    assert!(Arc::ptr_eq(&before, &rows(&s)));
    s.report(Report::Pings(Arc::new(vec![pinged("m", "fdaa::7".parse().unwrap(), Some(11))])));
    let after = rows(&s);
    assert!(!Arc::ptr_eq(&before, &after));
    assert!(after[8].pieces.iter().any(|piece| piece.text.contains("11.0 ms")), "{:?}", after[8]);
    s.keys("r");
    answer(&mut s, vec![exchange("web", 0, vec![])]);
    assert_eq!(rows(&s).len(), 3, "and a note");
    asked(&mut s, "api", 0, records());
    s.keys("K");
    assert_eq!(rows(&s).len(), 3, "each entry has its own rows");
}

#[test]
fn nearest_pings_the_addresses_while_they_are_shown() {
    let mut s = Session::attached();
    let own = s
        .state
        .networks
        .front()
        .shown
        .catalog
        .machine(&"web".into(), &"148e21b7c93d89".into())
        .unwrap()
        .address
        .unwrap();
    let pinged = |s: &Session| {
        s.state.networks.front().target_list.member(own).map(|member| member.target.label.to_string())
    };
    asked(&mut s, "web", 0, vec![aaaa("web", &own.to_string()), aaaa("web", "fdaa::77")]);
    assert_eq!(pinged(&s), None);
    asked(&mut s, "web +nearest", 0, vec![aaaa("web", &own.to_string()), aaaa("web", "fdaa::77")]);
    assert_eq!(pinged(&s).as_deref(), Some("148e21b7c93d89"));
    assert!(s.state.networks.front().target_list.member("fdaa::77".parse().unwrap()).is_some());
    s.keys("1");
    assert_eq!(pinged(&s), None);
    assert!(s.state.networks.front().target_list.is_empty(), "they are not targets of the user");
}

#[test]
fn an_unknown_address_gets_a_reverse_query() {
    let mut s = Session::attached();
    asked(&mut s, "web", 0, vec![aaaa("web", "fdaa::77")]);
    assert!((crate::app::table::named("show-link").next().unwrap().enabled)(&s.state).is_err());
    s.keys("p");
    assert!(s.state.networks.front().target_list.member("fdaa::77".parse().unwrap()).is_some());
    s.keys("d");
    assert_eq!(text(&s), "-x fdaa::77");
}

#[test]
fn a_suggested_name_is_one_key_away() {
    let mut s = Session::attached();
    asked(&mut s, "wbe", 3, vec![]);
    s.keys("<enter>");
    assert_eq!(text(&s), "web.internal");
    asked(&mut s, "my-pear._peer.internal", 3, vec![]);
    s.keys("<enter>");
    assert_eq!(text(&s), "my-peer._peer.internal");
}

#[test]
fn enter_without_a_link_repeats_the_query() {
    let mut s = Session::attached();
    asked(&mut s, "example.com TXT", 0, vec![txt("example.com", &[b"x"])]);
    s.keys("<enter>");
    assert_eq!((text(&s), sent(&s)), ("example.com TXT", vec!["example.com.".into()]));
    assert!(
        s.state.views.dig.entry().unwrap().answered.is_some(),
        "the old answer stays until the new one is there"
    );
    s.keys("r");
    assert_eq!(sent(&s).len(), 1);
}

#[test]
fn a_search_finds_a_line_of_earlier_runs() {
    let mut s = Session::attached();
    s.state.views.dig.past = Past::new(["vms.web.internal TXT", "_peer", "api @fdaa::3"].map(str::to_owned));
    s.keys("2<c-r>");
    assert_eq!(s.state.context(), SEARCH);
    s.keys("vweb<enter>");
    assert_eq!((text(&s), sent(&s).len()), ("vms.web.internal TXT", 1));
    s.keys("a<c-r><down>");
    assert_eq!(s.state.views.dig.search.as_ref().unwrap().chosen, 1);
    s.keys("<tab>");
    assert_eq!((s.state.views.dig.input.value(), s.state.context()), ("api @fdaa::3", LINE));
    s.keys("<c-r>zzzz<enter>");
    assert!(s.state.toast().is_some_and(|toast| toast.contains("matches")));
    s.keys("<esc>");
    assert_eq!(s.state.views.dig.input.value(), "api @fdaa::3", "Esc keeps the line unchanged");
    // Up in the input line goes through them too.
    s.keys("<esc>a<up><up><up>");
    assert_eq!(s.state.views.dig.input.value(), "_peer");
}

#[test]
fn a_name_is_built_from_its_form() {
    let mut s = Session::attached();
    s.keys("2<c-n>");
    assert_eq!(s.state.context(), BUILD);
    // The region form: the app first, then its regions.
    s.keys("<down><enter>we<tab>");
    assert_eq!(s.state.views.dig.builder.as_ref().unwrap().offers, ["fra", "iad", "syd"]);
    s.keys("<down><down><enter>");
    assert_eq!((text(&s), sent(&s).len()), ("iad.web.internal", 1));
    // There are no offers for metadata: typed text is taken.
    s.keys("b<down><down><down><down><down><down><enter>web<enter>color<enter>blue<enter>");
    assert_eq!(text(&s), "blue.color.kv._metadata.web.internal");
    s.keys("b<esc>");
    assert_eq!(s.state.context(), HERE);
    // An invalid part is reported and kept.
    s.keys("b<enter>").keys(&"a".repeat(64)).keys("<enter>");
    assert!(s.state.toast().is_some_and(|toast| toast.contains("63 bytes")), "{:?}", s.state.toast);
    assert!(s.state.views.dig.builder.is_some());
}

#[test]
fn completion_knows_types_options_servers_and_open_forms() {
    let mut s = Session::attached();
    let first = |s: &mut Session, text: &str| {
        s.state.views.dig.edit("");
        s.keys(text);
        s.state.views.dig.choices.first().map(|choice| choice.name.clone()).unwrap_or_default()
    };
    s.keys("2");
    assert_eq!(first(&mut s, "web t"), "TXT");
    assert_eq!(first(&mut s, "web +nsi"), "+nsid");
    assert_eq!(first(&mut s, "web +nonsi"), "+nonsid");
    assert_eq!(first(&mut s, "web +buf"), "+bufsize=");
    assert_eq!(first(&mut s, "web @"), "@fdaa:0:18::3");
    assert_eq!(first(&mut s, "web @ap"), "@api.internal");
    assert_eq!(first(&mut s, "web +nsid t"), "TXT");
    assert_eq!(first(&mut s, "web ap"), "APL");
    assert_eq!(first(&mut s, "k.x"), "");
    s.keys("<esc>");
    assert_eq!(first(&mut s, "kv._m.w"), "<value>.<key>.kv._metadata.web.internal");
    // The key before its value.
    s.keys("<tab>color<enter>");
    assert_eq!(s.state.context(), BUILD);
    s.keys("blue<enter>");
    assert_eq!(text(&s), "blue.color.kv._metadata.web.internal");
}

#[test]
fn a_watched_line_is_sent_repeatedly_and_only_changes_are_kept() {
    let mut s = Session::attached();
    let two = || vec![aaaa("web", "fdaa::a"), aaaa("web", "fdaa::b")];
    asked(&mut s, "web", 0, two());
    s.keys("W");
    assert!(s.state.next_tick().is_some_and(|at| at <= s.now + Duration::from_secs(5)));
    s.wait(4);
    assert!(sent(&s).is_empty());
    s.wait(1);
    assert_eq!(sent(&s).len(), 1);
    s.wait(5);
    assert!(sent(&s).is_empty(), "not while a response is awaited");
    answer(&mut s, vec![exchange("web", 0, vec![aaaa("web", "fdaa::b")])]);
    let watch = s.state.views.dig.entry().unwrap().watch.clone().unwrap();
    assert_eq!((watch.answers, watch.log[0].what.to_string().as_str()), (1, "- AAAA fdaa::a"));
    s.keys("V");
    assert_eq!(s.state.views.dig.face(), Face::Changes);
    // It continues while another line is shown.
    asked(&mut s, "api", 0, vec![]);
    s.wait(6);
    assert_eq!(sent(&s), ["web.internal."]);
    answer(&mut s, vec![exchange("web", 3, vec![])]);
    s.keys("K--");
    assert_eq!(text(&s), "web");
    assert_eq!(s.state.views.dig.entry().unwrap().watch.as_ref().unwrap().every(), Duration::from_secs(1));
    s.keys("W");
    s.wait(100);
    assert!(sent(&s).is_empty() && s.state.views.dig.face() == Face::Answer);
}

#[test]
fn the_hex_cursor_moves_by_byte_row_and_field() {
    let mut s = Session::attached();
    asked(&mut s, "web", 0, vec![aaaa("web", "fdaa::a")]);
    s.keys("vv");
    assert_eq!(s.state.views.dig.face(), Face::Hex);
    let at = |s: &Session| s.state.views.dig.hex_at(&s.state.views.dig.messages()).unwrap();
    assert_eq!(at(&s), (0, 0));
    s.keys("l");
    assert_eq!(at(&s), (0, 2), "the flags");
    s.keys("j");
    assert_eq!(at(&s), (0, 18));
    s.keys("h");
    assert_eq!(at(&s), (0, 12), "the start of QNAME");
    s.keys("h");
    assert_eq!(at(&s), (0, 10));
    s.keys("G");
    assert_eq!(at(&s), (0, s.state.views.dig.messages()[0].len() - 1));
    s.keys("l");
    assert_eq!(at(&s), (0, s.state.views.dig.messages()[0].len() - 1));
    s.keys("g");
    assert_eq!(at(&s), (0, 0));
}

#[test]
fn type_and_transport_are_stepped_through() {
    let mut s = Session::attached();
    asked(&mut s, "web", 0, vec![]);
    for want in ["web TXT", "web A", "web SRV", "web ANY", "web AAAA"] {
        s.keys("t");
        assert_eq!(text(&s), want);
    }
    s.keys("u");
    assert_eq!(text(&s), "web AAAA +tcp");
    s.keys("u");
    assert_eq!(text(&s), "web AAAA");
    asked(&mut s, "mx", 0, vec![]);
    s.keys("t");
    assert_eq!(text(&s), "mx TXT", "a single word is the name");
}

#[test]
fn a_hostile_name_is_copied_as_one_word_of_a_shell() {
    let mut s = Session::new();
    s.catalog(&["x|reboot", "`id`"]);
    s.keys("gd");
    assert_eq!((s.state.tab, text(&s)), (Tab::Dig, "`id`.internal"));
    s.keys("y");
    assert_eq!(s.effects, [Effect::Copy("sixpane dig '`id`.internal'".into())]);
    s.keys("1jdy");
    assert_eq!(s.effects, [Effect::Copy("sixpane dig 'x|reboot.internal'".into())]);
    // Text that needs no quotes has none.
    s.state.views.dig.edit("web.internal +tries=2 @[fdaa::3]");
    s.keys("<enter>y");
    assert_eq!(s.effects, [Effect::Copy("sixpane dig web.internal +tries=2 '@[fdaa::3]'".into())]);
}
