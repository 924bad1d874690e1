//! The Dig view at three sizes.

use std::sync::Arc;
use std::time::Duration;

use crate::app::tests::{Session, pinged};
use crate::app::views::dig::history::Past;
use crate::app::views::dig::tests::{answer, asked};
use crate::dns::dig::tests::{aaaa, exchange, silent, txt};
use crate::dns::exchange::{Transport, Try, TryEnd};
use crate::engine::report::Report;
use crate::ui::tests::{SIZES, screen};
use crate::ui::theme::Theme;

fn session() -> Session {
    let mut s = Session::attached();
    s.state.clock = Some((s.now, "2026-11-24T14:03:00+00:00[UTC]".parse().unwrap()));
    s
}

fn seen(s: &Session, what: &str) {
    for at in SIZES {
        let name = format!("{what}_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, true));
    }
}

#[test]
fn nothing_yet_and_completion() {
    let mut s = session();
    s.keys("2");
    seen(&s, "empty");
    s.keys("we<down><down>");
    seen(&s, "completion");
    s.state.views.dig.edit("");
    s.keys("web +n");
    insta::assert_snapshot!("options_80x24", screen(&s.state, Theme::default(), (80, 24), false));
}

#[test]
fn answer_message_hex_and_json() {
    let mut s = session();
    asked(&mut s, "nope", 3, vec![]);
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
    asked(&mut s, "web", 0, vec![aaaa("web", &own.to_string()), aaaa("web", "fdaa::77")]);
    s.keys("l");
    seen(&s, "answer");
    s.keys("v");
    seen(&s, "message");
    s.keys("vllllllllllllll");
    seen(&s, "hex");
    s.keys("v");
    seen(&s, "json");
    s.keys("v");
    let list: &[u8] =
        b"148e21b7c93d89 iad,3d8d9930b01789 iad,90706e10f12094 iad,17815dd2b06689 fra,5683d4e5f72089 syd";
    asked(&mut s, "vms.web.internal", 0, vec![txt("vms.web.internal", &[list])]);
    s.keys("jl");
    seen(&s, "decoded");
}

#[test]
fn no_such_name() {
    let mut s = session();
    asked(&mut s, "wbe", 3, vec![]);
    seen(&s, "meant");
}

#[test]
fn history_and_builder() {
    let mut s = session();
    let lines = ["_apps TXT", "regions.web TXT", "vms.web.internal", "web AAAA +tcp", "api @fdaa:0:18::3"];
    s.state.views.dig.past = Past::new(lines.map(str::to_owned));
    asked(&mut s, "web", 0, vec![aaaa("web", "fdaa::77")]);
    s.keys("a<c-r>web<down>");
    seen(&s, "history");
    s.keys("<esc><esc>b<down><down><down>");
    seen(&s, "forms");
    s.keys("<up><up><enter>web<enter>");
    seen(&s, "holes");
}

#[test]
fn watch() {
    let mut s = session();
    let two = || vec![aaaa("web", "fdaa::a"), aaaa("web", "fdaa::b")];
    asked(&mut s, "web", 0, two());
    s.keys("W");
    for exchange in
        [exchange("web", 0, vec![aaaa("web", "fdaa::b")]), silent("web"), exchange("web", 0, two())]
    {
        s.wait(5);
        answer(&mut s, vec![exchange]);
    }
    s.keys("V");
    s.state.toast = None;
    seen(&s, "watch");
}

#[test]
fn errors() {
    let mut s = session();
    asked(&mut s, "stuck", 0, vec![]);
    s.keys("r");
    answer(&mut s, vec![silent("stuck")]);
    seen(&s, "error");
    // First cut, then complete.
    let mut cut = exchange("_instances", 0, vec![]);
    let ms = Duration::from_millis;
    cut.tries = vec![
        Try { sent: ms(0), transport: Transport::Udp, end: TryEnd::Truncated(ms(9)) },
        Try { sent: ms(9), transport: Transport::Tcp, end: TryEnd::Response(ms(21)) },
    ];
    s.keys("a_instances<enter>");
    answer(&mut s, vec![cut]);
    seen(&s, "cut");
    let mut failed = exchange("broken", 2, vec![]);
    failed.tries = vec![Try { sent: ms(0), transport: Transport::Udp, end: TryEnd::Response(ms(9)) }];
    s.keys("abroken<enter>");
    answer(&mut s, vec![failed]);
    seen(&s, "servfail");
}

#[test]
fn two_servers() {
    let mut s = session();
    s.keys("2web @fdaa:0:18::3 @fdaa:0:19::3<enter>");
    let one = exchange("web", 0, vec![aaaa("web", "fdaa::a"), aaaa("web", "fdaa::b")]);
    let mut two = exchange("web", 0, vec![aaaa("web", "fdaa::b"), aaaa("web", "fdaa::c")]);
    two.server = "[fdaa:0:19::3]:53".parse().unwrap();
    answer(&mut s, vec![one, two]);
    seen(&s, "two_servers");
}

#[test]
fn addresses_and_round_trips_stand_in_columns() {
    let mut s = session();
    let machines: Vec<String> = s.state.networks.front().shown.catalog.apps[&"web".into()]
        .machines
        .values()
        .filter_map(|machine| machine.address.map(|address| address.to_string()))
        .collect();
    let name = "top3.nearest.of.web.internal";
    let mut records: Vec<_> = machines.iter().take(3).map(|address| aaaa(name, address)).collect();
    records.push(aaaa(name, "fdaa::77"));
    asked(&mut s, &format!("{name} +nearest"), 0, records);
    let known = machines.iter().take(2).zip([108, 11]);
    let series = known.map(|(address, ms)| pinged("m", address.parse().unwrap(), Some(ms))).collect();
    s.report(Report::Pings(Arc::new(series)));
    seen(&s, "nearest");
}
