//! Screen snapshots at every size class, with their styles.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::app::tests::{ORG, Session, link};
use crate::app::{Effect, Tab};
use crate::catalog::place::Node;
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::engine::report::{Command, Detail, NameRow, Report};
use crate::net::Phase;
use crate::probe::series::{Sample, Series, Target};
use crate::probe::stats::Tally;
use crate::settings::ThemeName;
use theme::Depth;

pub(crate) const MONO: Theme = Theme { name: ThemeName::Auto, depth: Depth::None, ascii: false };
pub(crate) const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

/// The screen as text; under each line with styles, a line that shows them: b bold, d dim, x crossed out, v reversed,
/// and c g y r for the colours.
pub(crate) fn screen(state: &State, theme: Theme, (columns, rows): (u16, u16), styles: bool) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| drop(draw(state, theme, frame))).unwrap();
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..rows {
        let (mut text, mut marks) = (String::new(), String::new());
        let mut skip = 0;
        for x in 0..columns {
            let cell = &buffer[(x, y)];
            if skip == 0 {
                text.push_str(cell.symbol());
                skip = crate::text::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
            marks.push(match (cell.fg, cell.modifier) {
                (_, m) if m.contains(Modifier::REVERSED) => 'v',
                (Color::Cyan, _) => 'c',
                (Color::Green, _) => 'g',
                (Color::Yellow, _) => 'y',
                (Color::Red, _) => 'r',
                (_, m) if m.contains(Modifier::CROSSED_OUT) => 'x',
                (_, m) if m.contains(Modifier::BOLD) => 'b',
                (_, m) if m.contains(Modifier::DIM) && cell.symbol() != " " => 'd',
                _ => ' ',
            });
        }
        let _ = writeln!(out, "{}", text.trim_end());
        if styles && !marks.trim().is_empty() {
            let _ = writeln!(out, "~{}", marks.trim_end());
        }
    }
    out
}

pub(crate) fn series(label: &str, address: std::net::Ipv6Addr, rtts: &[f64]) -> Series {
    let recent: Vec<Sample> = rtts
        .iter()
        .map(|ms| if *ms > 0.0 { Sample::Received(Duration::from_secs_f64(ms / 1e3)) } else { Sample::Lost })
        .collect();
    let mut tally = Tally::new(3);
    let good: Vec<Duration> = recent.iter().filter_map(|sample| sample.rtt()).collect();
    for rtt in &good {
        tally.add(*rtt);
    }
    Series {
        sent: rtts.len() as u64,
        received: good.len() as u64,
        lost: (rtts.len() - good.len()) as u64,
        recent: Arc::new(recent),
        stats: tally.stats(),
        bins: Arc::new(tally.bins().to_vec()),
        ..Series::new(Target { label: label.into(), address })
    }
}

/// Attached, with a selected machine and its details, and with running pings.
pub(crate) fn full() -> Session {
    let mut s = Session::attached();
    s.keys("*").keys("*");
    s.keys("/148e").keys("<enter>G<esc>");
    let node = Node::Machine("web".into(), "148e21b7c93d89".into());
    let catalog = s.state.networks.front().shown.catalog.clone();
    let address = |app: &str, id: &str| catalog.machine(&app.into(), &id.into()).unwrap().address.unwrap();
    let own = address("web", "148e21b7c93d89");
    let other = address("web", "3d8d9930b01789");
    let answer = |outcome, addresses: Vec<std::net::Ipv6Addr>, ms: u64| {
        let rtt = Some(Duration::from_millis(ms));
        Some(Lookup { outcome, addresses, entries: vec![], rtt, lines: vec![] })
    };
    let row = |name: &str, answer| NameRow { name: name.into(), rtype: "AAAA", answer };
    s.report(Report::Detail(Arc::new(Detail {
        node,
        group: Some("app".into()),
        names: vec![
            row("148e21b7c93d89.vm.web.internal", answer(Outcome::NOERROR, vec![own], 9)),
            row("iad.web.internal", answer(Outcome::NOERROR, vec![other, own], 9)),
            row("app.process.web.internal", answer(Outcome::NOERROR, vec![own, other], 10)),
            row("top3.nearest.of.web.internal", None),
            row("web.flycast", answer(Outcome::NXDOMAIN, vec![], 10)),
        ],
    })));
    let dns = s.state.networks.front().identity.dns.addr;
    s.report(Report::Pings(Arc::new(vec![
        series("gateway", dns, &[11.2, 11.4, 11.1, 11.3, 11.2]),
        series("148e21b7c93d89", own, &[11.2, 11.9, 13.1, 11.0, 18.4, 11.2, 11.6, 11.2]),
        series("3d8d9930b01789", other, &[12.0, 12.2, 0.0, 12.1, 11.8, 12.0]),
        series("90706e10f12094", address("web", "90706e10f12094"), &[0.0, 0.0, 0.0]),
    ])));
    s.wait(12);
    s
}

/// Seven targets after some minutes of typical replies: near and far, one with loss, one without replies.
pub(crate) fn pinging() -> Session {
    use crate::probe::series::{Reply, ReplyKind};
    let mut s = full();
    s.state.clock = Some((s.now, "2026-11-24T14:03:12.402+00:00[UTC]".parse().unwrap()));
    s.keys("/web<enter>gP<esc>");
    let members: Vec<Target> = s.state.asked_targets();
    let series = |(n, target): (usize, &Target)| {
        let base = [11.2, 11.9, 12.4, 98.4, 201.7, 0.0, 11.6][n % 7];
        let rtts: Vec<f64> = (0..240_u64)
            .map(|at| {
                let noise = (at * 7919 + n as u64 * 104_729) % 97;
                let lossy = n == 2 && noise > 94;
                let slow = if n == 2 && noise > 89 { 30.0 } else { 0.0 };
                if base == 0.0 || lossy { 0.0 } else { base + noise as f64 / 60.0 + slow }
            })
            .collect();
        let mut one = self::series(target.label.as_str(), target.address, &rtts);
        let replies = rtts.iter().zip(1..).skip(220).map(|(rtt, number)| {
            let at = s.now.checked_sub(Duration::from_secs(240 - number)).unwrap();
            let kind = if *rtt > 0.0 {
                let rtt = Duration::from_secs_f64(rtt / 1e3);
                ReplyKind::Answered { rtt, hop_limit: 61, bytes: 64 }
            } else {
                ReplyKind::Lost { after: Duration::from_secs(2) }
            };
            Reply { serial: number, number, at, from: target.address, kind }
        });
        one.replies = Arc::new(replies.collect());
        one
    };
    let all: Vec<Series> = members.iter().enumerate().map(series).collect();
    s.report(Report::Pings(Arc::new(all)));
    s.keys("3j");
    s.wait(4);
    s
}

fn states() -> Vec<(&'static str, Session)> {
    let mut connecting = Session::new();
    connecting.report(link(Phase::Handshaking, connecting.now));
    let mut silent = Session::new();
    silent.report(link(Phase::Handshaking, silent.now));
    silent.wait(6);
    let mut filtered = full();
    filtered.keys("/lhr");
    let mut missed = full();
    missed.keys("/redis");
    let mut empty = Session::attached();
    empty.catalog(&[]);
    empty.state.networks.front_mut().shown.catalog = Arc::new(crate::catalog::Catalog {
        peers: std::collections::BTreeMap::default(),
        ..(*empty.state.networks.front().shown.catalog).clone()
    });
    let catalog = empty.state.networks.front().shown.catalog.clone();
    empty.report(Report::Catalog(catalog));
    empty.wait(11);
    let mut moved = full();
    moved.catalog(&[
        "web:ams/148e21b7c93d89,iad/3d8d9930b01789,iad/90706e10f12094,fra/17815dd2b06689,syd/5683d4e5f72089",
        "api:iad/2874d13b5f0e68,lhr/e2865a6e82319b",
        "admin",
    ]);
    let mut partial = full();
    partial.wait(200);
    partial.partial("web", "vms.web.internal TXT", Outcome::Timeout);
    let mut down = full();
    down.report(link(Phase::Down, down.now));
    down.wait(31);
    let mut help = full();
    help.keys("?");
    let mut help_copy = full();
    help_copy.keys("?copy");
    let mut frozen = full();
    frozen.keys("f");
    frozen.wait(7);
    let mut gone = full();
    gone.catalog(&["web:iad/148e21b7c93d89,ams/aaaaaaaaaaaaaa", "api:iad/2874d13b5f0e68", "fresh"]);
    let mut hostile = Session::attached();
    hostile.catalog(&[
        "\u{1b}[2Jweb:\u{202e}iad/148e21b7c93d89",
        "日本語の長い名前のアプリケーションです:iad/1",
        "a\tb",
    ]);
    let mut detail = full();
    detail.keys("<tab>");
    let mut marked = full();
    marked.keys("km").keys("m");
    let mut wide = full();
    wide.keys("w");
    let mut hidden = full();
    hidden.keys(".");
    hidden.wait(11);
    let mut copied = full();
    copied.keys("y");
    vec![
        ("connecting", connecting),
        ("silent", silent),
        ("full", full()),
        ("filter", filtered),
        ("filter_without_hit", missed),
        ("empty", empty),
        ("down", down),
        ("help", help),
        ("help_search", help_copy),
        ("frozen", frozen),
        ("gone_and_new", gone),
        ("moved", moved),
        ("partial", partial),
        ("hostile", hostile),
        ("detail_focused", detail),
        ("wide", wide),
        ("idle_hidden", hidden),
        ("toast", copied),
        ("marked", marked),
    ]
}

#[test]
fn screens() {
    for (name, session) in states() {
        for (columns, rows) in SIZES {
            let shot = screen(&session.state, Theme::default(), (columns, rows), true);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), shot);
        }
    }
}

#[test]
fn a_small_window_shows_a_notice_and_any_size_is_drawn() {
    let s = full();
    insta::assert_snapshot!("notice_59x14", screen(&s.state, Theme::default(), (59, 14), false));
    for columns in [0, 1, 2, 20, 59, 60, 77, 78, 109, 110, 500] {
        for rows in [0, 1, 2, 5, 14, 15, 21, 22, 30, 200] {
            for (_, session) in states().iter().take(8) {
                screen(&session.state, Theme::default(), (columns, rows), false);
            }
        }
    }
}

#[test]
fn without_colour_and_in_ascii_the_words_are_the_same() {
    let words = |shot: &str| -> Vec<String> {
        shot.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == ':'))
            .filter(|w| {
                w.chars().any(char::is_alphabetic)
                    && w.is_ascii()
                    && w.len() > 2
                    && *w != "Enter"
                    && !w.chars().all(|c| c == 'x')
            })
            // The arrow for more rows may follow a word directly.
            .map(|w| w.trim_end_matches('v').to_owned())
            .collect()
    };
    for (name, session) in states() {
        for size in SIZES {
            let colour = screen(&session.state, Theme::default(), size, false);
            let mono = screen(&session.state, MONO, size, false);
            assert_eq!(colour, mono, "{name}");
            let ascii = screen(&session.state, Theme { ascii: true, ..MONO }, size, false);
            if name != "hostile" {
                assert!(ascii.is_ascii(), "{name}: {ascii}");
                // Key names are ASCII words: `Enter`, `Right`.
                if !name.starts_with("help") {
                    assert_eq!(words(&ascii), words(&colour), "{name} {size:?}");
                }
            }
            assert!(!ascii.contains('\u{1b}') && !colour.contains('\u{1b}'));
        }
    }
}

#[test]
fn a_click_hits_the_displayed_target() {
    use crate::app::mouse::Spot;
    for (columns, rows) in SIZES {
        let s = full();
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let mut hits = Hits::default();
        terminal.draw(|frame| hits = draw(&s.state, Theme::default(), frame)).unwrap();
        let shot = screen(&s.state, Theme::default(), (columns, rows), false);
        // The mouse target at the first letter of a text.
        let under = |text: &str| {
            let (y, line) = shot.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
            let x = crate::text::width(line.split(text).next().unwrap());
            hits.at(x as u16, y as u16)
        };
        let does = |text, id| matches!(under(text), Some(Spot::Do(row)) if row.id == id);
        assert_eq!(under("2"), Some(Spot::Tab(Tab::Dig)));
        assert!(does("? help", "help"));
        assert!(does("quit", "quit"));
        assert!(does("open", "open"));
        let row = s
            .state
            .views
            .explore
            .tree
            .rows()
            .position(|row| row.node == Node::Machine("web".into(), "3d8d9930b01789".into()));
        assert_eq!(under("3d8d9930b01789"), row.map(Spot::Row));
        if columns >= 80 {
            assert_eq!(
                under("COUNT"),
                Some(Spot::Heading(crate::app::views::explore::tree::Sort::Count as usize))
            );
            assert_eq!(under("Machine 148e"), Some(Spot::Detail));
            assert!(matches!(under("│"), Some(Spot::Split(_))));
        }
    }
}

#[test]
fn states_differ_without_colour() {
    let mut shots: Vec<String> = states()
        .iter()
        .map(|(_, session)| screen(&session.state, Theme { ascii: true, ..MONO }, (80, 24), true))
        .collect();
    let n = shots.len();
    shots.sort();
    shots.dedup();
    assert_eq!(shots.len(), n);
}

#[test]
fn a_big_org_draws_only_what_is_on_the_screen() {
    let many: Vec<String> = (0..1000).map(|n| format!("iad/{n:014x}")).collect();
    let mut s = Session::attached();
    s.catalog(&[&format!("big:{}", many.join(",")), ORG[0]]);
    s.keys("*G");
    for at in SIZES {
        let name = format!("big_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
    }
}

#[test]
fn the_screens_show_the_configured_keys() {
    use crate::app::keymap::{Keymap, Remap};
    use crate::probe::port::{Port, PortResult};
    let keys = [
        ("next-form", "!"),
        ("ports", "$"),
        ("protocols", "%"),
        ("overwrite", "&"),
        ("back", "|"),
        ("story", "+"),
    ];
    let remaps = keys.map(|(action, key)| Remap { action: action.into(), keys: vec![key.into()], at: () });
    let keymap = Keymap::with(&remaps).unwrap();
    let shot = |s: &Session| screen(&s.state, Theme::default(), SIZES[2], false);
    let mut s = Session::attached();
    s.state.keymap = keymap.clone();
    s.keys("2web.internal<enter>W");
    assert!(s.state.toast().unwrap().ends_with(": ! shows the changes"), "{:?}", s.state.toast());
    let mut s = pinging();
    s.state.keymap = keymap.clone();
    s.keys("3$");
    let Some(Effect::Ask(_, Command::Ports(checks))) = s.effects.first() else { panic!("{:?}", s.effects) };
    let settled =
        checks.iter().map(|check| PortResult { check: check.clone(), port: Port::Filtered, protocol: None });
    s.report(Report::Ports(Arc::new(settled.collect())));
    assert!(shot(&s).contains("$ repeat · % protocols"), "{}", shot(&s));
    let mut s = Session::attached();
    s.state.keymap = keymap;
    let save = crate::app::export::Save { path: "a.csv".into(), text: String::new(), overwrite: false };
    s.state.overlay = Some(Overlay::Overwrite(save));
    assert!(shot(&s).contains("& overwrite · | cancel"), "{}", shot(&s));
    s.state.overlay = None;
    s.keys("4");
    let mut facts = crate::doctor::judge::tests::healthy();
    let server = facts.apps.as_mut().unwrap();
    (server.outcome, server.lines) =
        (crate::doctor::judge::tests::SERVFAIL, vec!["_apps.internal TXT: SERVFAIL".into()]);
    s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
    assert!(shot(&s).contains("+ 1 line ·"), "{}", shot(&s));
    s.keys("+");
    assert!(shot(&s).contains("· |: the list"), "{}", shot(&s));
}

mod look;
