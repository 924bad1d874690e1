//! Sessions as scripts: keys and reports are the input, state and effects the result.

use std::net::Ipv6Addr;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::attach::{Loaded, Source};
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::catalog::{App, Machine, Peer, WalkState};
use crate::dns::outcome::Outcome;
use crate::doctor::Subject;
use crate::doctor::facts::{Around, Facts};
use crate::engine::report;
use crate::net::LinkState;
use crate::net::Phase;

pub(crate) fn profile() -> Arc<Identity> {
    loaded("fdaa:0:18").identity().clone()
}

/// A conf for the network with this prefix.
pub(crate) fn loaded(prefix: &str) -> Loaded {
    use base64::Engine as _;
    let key = |byte: u8| base64::prelude::BASE64_STANDARD.encode([byte; 32]);
    let text = format!(
        "[Interface]\nPrivateKey={}\nAddress={prefix}:a7b:d6b:0:a:2/120\nDNS={prefix}::3\n[Peer]\nPublicKey={}\n\
         AllowedIPs={prefix}::/48\nEndpoint=192.0.2.10:51820\n",
        key(1),
        key(2)
    );
    let source = Source::Generated { name: "my-peer".into(), text };
    source.read().unwrap()
}

/// An org of apps given as `web:iad/3d8d9930b01789,iad/90706e10f12094`.
pub(crate) fn org(apps: &[&str], now: Instant) -> Catalog {
    let mut catalog = Catalog::default();
    let mut n = 0;
    for text in apps {
        let (name, machines) = text.split_once(':').unwrap_or((text, ""));
        let mut app = App { complete: true, seen: Some(now), ..App::default() };
        for one in machines.split(',').filter(|one| !one.is_empty()) {
            let (region, id) = one.split_once('/').unwrap();
            n += 1;
            let address = Some(Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 0x7d, 0xf066, 0xb83b + n, 2));
            let machine =
                Machine { region: Some(region.into()), address, seen: Some(now), ..Machine::default() };
            app.machines.insert(id.into(), machine);
        }
        catalog.apps.insert(name.into(), Arc::new(app));
    }
    let address = "fdaa:0:18:a7b:d6b:0:a:2".parse().ok();
    catalog.peers.insert("my-peer".into(), Peer { address, seen: Some(now) });
    catalog.walk =
        WalkState { finished: Some(now), took: Some(Duration::from_millis(40)), ..WalkState::default() };
    catalog
}

pub(crate) const ORG: &[&str] = &[
    "web:iad/148e21b7c93d89,iad/3d8d9930b01789,iad/90706e10f12094,fra/17815dd2b06689,syd/5683d4e5f72089",
    "api:iad/2874d13b5f0e68,lhr/e2865a6e82319b",
    "admin",
];

pub(crate) fn link(phase: Phase, now: Instant) -> Report {
    let mut link = LinkState::new(now, 1420);
    link.phase = phase;
    link.endpoint = "192.0.2.10:51820".parse().ok();
    link.last_handshake = (phase == Phase::Up).then_some(now);
    Report::Link(Arc::new(link))
}

/// A target whose last probe was answered after `newest` milliseconds, or was lost.
pub(crate) fn pinged(label: &str, address: Ipv6Addr, newest: Option<u64>) -> Series {
    use crate::probe::series::{Sample, Target};
    let newest = newest.map_or(Sample::Lost, |ms| Sample::Received(Duration::from_millis(ms)));
    Series { recent: Arc::new(vec![newest]), ..Series::new(Target { label: label.into(), address }) }
}

/// A session: a state, its clock, the effects so far.
#[derive(Clone)]
pub(crate) struct Session {
    pub state: State,
    pub now: Instant,
    pub effects: Vec<Effect>,
}

impl Session {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { state: State::new(profile(), Settings::default(), now), now, effects: Vec::new() }
    }

    /// A session with a link that is up and the usual org.
    pub fn attached() -> Self {
        let mut session = Self::new();
        session.report(link(Phase::Up, session.now));
        session.catalog(ORG);
        session
    }

    pub fn report(&mut self, report: Report) {
        self.effects = update(&mut self.state, Message::Report(NetworkId::FIRST, report), self.now);
    }

    pub fn catalog(&mut self, apps: &[&str]) {
        self.report(Report::Catalog(Arc::new(org(apps, self.now))));
    }

    /// A refresh with records of everything but the machines of `app`, because `record` failed with `outcome`.
    pub fn partial(&mut self, app: &str, record: &str, outcome: Outcome) {
        let mut catalog = Catalog::clone(&self.state.networks.front().shown.catalog);
        for (name, entry) in &mut catalog.apps {
            let entry = Arc::make_mut(entry);
            entry.complete = name.as_str() != app;
            entry.seen = Some(self.now);
            if entry.complete {
                entry.machines.values_mut().for_each(|machine| machine.seen = Some(self.now));
            }
        }
        let source = crate::catalog::Source { outcome, rtt: None, at: self.now, entries: 0 };
        catalog.sources.insert(record.into(), source);
        catalog.walk.finished = Some(self.now);
        catalog.walk.problems = vec![format!("{record}: {outcome}")];
        self.report(Report::Catalog(Arc::new(catalog)));
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.effects = update(&mut self.state, Message::Tick, self.now);
    }

    /// Presses keys: a word in `<>` is a named key, all other text is typed.
    pub fn keys(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            let (code, modifiers, length) = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
                Some((name, _)) => {
                    let (code, modifiers) = match name {
                        "enter" => (KeyCode::Enter, KeyModifiers::NONE),
                        "esc" => (KeyCode::Esc, KeyModifiers::NONE),
                        "tab" => (KeyCode::Tab, KeyModifiers::NONE),
                        "down" => (KeyCode::Down, KeyModifiers::NONE),
                        "up" => (KeyCode::Up, KeyModifiers::NONE),
                        "left" => (KeyCode::Left, KeyModifiers::NONE),
                        "right" => (KeyCode::Right, KeyModifiers::NONE),
                        "c-c" => (KeyCode::Char('c'), KeyModifiers::CONTROL),
                        "c-z" => (KeyCode::Char('z'), KeyModifiers::CONTROL),
                        "c-r" => (KeyCode::Char('r'), KeyModifiers::CONTROL),
                        "c-n" => (KeyCode::Char('n'), KeyModifiers::CONTROL),
                        other => panic!("no key {other}"),
                    };
                    (code, modifiers, name.len() + 2)
                }
                None => (KeyCode::Char(c), KeyModifiers::NONE, c.len_utf8()),
            };
            let event = Event::Key(KeyEvent::new(code, modifiers));
            self.effects = update(&mut self.state, Message::Input(event), self.now);
            rest = &rest[length..];
        }
        self
    }

    /// The rows as indented words; the selected one has `>`.
    pub fn rows(&self) -> String {
        let tree = &self.state.views.explore.tree;
        let mut out = String::new();
        for row in tree.rows() {
            let name = match &row.node {
                Node::App(name) | Node::Peer(name) | Node::Machine(_, name) => name.to_string(),
                Node::Region(_, region) => region.as_ref().map_or("?".into(), ToString::to_string),
                Node::Peers => "peers".into(),
            };
            let mark = if Some(&row.node) == tree.selected() { ">" } else { " " };
            let gone = if row.gone { " gone" } else { "" };
            out.push_str(mark);
            out.push_str(&"  ".repeat(row.depth.into()));
            out.push_str(&name);
            out.push_str(gone);
            out.push('\n');
        }
        out
    }
}

#[test]
fn a_small_org_is_unfolded_and_the_first_row_is_selected() {
    let session = Session::attached();
    assert!(session.rows().starts_with(">admin\n api\n   iad\n     2874d13b5f0e68\n"), "{}", session.rows());
    assert!(session.rows().ends_with(" peers\n"), "{}", session.rows());
}

#[test]
fn moving_folding_and_going_to_the_parent() {
    let mut s = Session::attached();
    s.keys("jjj");
    assert!(s.rows().contains(">    2874d13b5f0e68"));
    s.keys("h");
    assert!(s.rows().contains(">  iad"));
    s.keys("h");
    assert!(!s.rows().contains("2874d13b5f0e68") && s.rows().contains(">  iad"));
    s.keys("<right><right>");
    assert!(s.rows().contains(">    2874d13b5f0e68"));
    s.keys("G");
    assert!(s.rows().contains(">peers"));
    s.keys("<enter>");
    assert!(s.rows().ends_with(">peers\n   my-peer\n"));
    s.keys("g");
    assert!(s.rows().starts_with(">admin"));
    s.keys("***");
}

#[test]
fn the_selection_stays_with_its_node_and_a_gone_row_lingers() {
    let mut s = Session::attached();
    s.keys("/148e<enter><esc>");
    s.keys("jjj");
    s.keys("/90706<enter>G<esc>");
    assert!(s.rows().contains(">    90706e10f12094"), "{}", s.rows());
    s.now += Duration::from_secs(5);
    s.catalog(&["web:iad/148e21b7c93d89,fra/17815dd2b06689", "aaa:iad/00000000000001"]);
    assert!(s.rows().contains(">    90706e10f12094 gone"), "{}", s.rows());
    let came = Node::Machine("aaa".into(), "00000000000001".into());
    assert_eq!(s.state.views.explore.tree.mark(&came, s.now), Some(&views::explore::tree::Mark::New));
    s.wait(9);
    assert!(s.rows().contains("gone"));
    s.wait(2);
    assert!(!s.rows().contains("gone"), "{}", s.rows());
    assert!(s.state.views.explore.tree.selected().is_some());
}

#[test]
fn a_machine_that_moves_stays_selected() {
    let mut s = Session::attached();
    s.keys("/5683<enter>G<esc>");
    s.catalog(&["web:nrt/5683d4e5f72089,iad/148e21b7c93d89"]);
    assert!(s.rows().contains(">    5683d4e5f72089"), "{}", s.rows());
}

#[test]
fn filters_include_exclude_and_clear() {
    let mut s = Session::attached();
    s.keys("/lhr");
    assert_eq!(s.rows().replace('>', " "), " api\n   lhr\n     e2865a6e82319b\n");
    assert_eq!(s.state.views.explore.tree.matches(), 1);
    s.keys("<esc>");
    assert!(s.state.filter_line.is_none() && s.rows().contains("148e21b7c93d89"));
    s.keys("/!iad");
    assert!(!s.rows().contains("148e21b7c93d89") && s.rows().contains("e2865a6e82319b"));
    s.keys("<esc>/zzz");
    assert_eq!(s.rows(), "");
    s.keys("<enter>jk");
    assert_eq!(s.rows(), "");
    s.keys("<esc>");
    assert!(s.rows().contains("web"));
}

#[test]
fn letters_in_the_filter_are_text_not_commands() {
    let mut s = Session::attached();
    s.keys("/q?py");
    assert_eq!(s.state.views.explore.tree.filter(), "q?py");
    assert!(s.effects.is_empty());
    s.keys("<c-c>");
    assert_eq!(s.effects, [Effect::Quit]);
}

#[test]
fn selecting_a_machine_inspects_it_and_pings_its_region() {
    let mut s = Session::attached();
    s.keys("/148e<enter>G");
    let node = Node::Machine("web".into(), "148e21b7c93d89".into());
    assert_eq!(s.effects[0], Effect::Ask(NetworkId::FIRST, Command::Inspect(node)));
    let Effect::Ask(_, Command::Ping(targets)) = &s.effects[1] else { panic!("{:?}", s.effects) };
    let labels: Vec<_> = targets.iter().map(|target| target.target.label.to_string()).collect();
    assert_eq!(labels, ["gateway", "148e21b7c93d89", "3d8d9930b01789", "90706e10f12094"]);
    s.keys(" ");
    let [Effect::Ask(_, Command::Ping(paused))] = s.effects.as_slice() else { panic!("{:?}", s.effects) };
    assert!(paused.len() == 4 && paused.iter().all(|target| target.paused), "a pause keeps the figures");
}

#[test]
fn y_copies_the_address_and_reports_it() {
    let mut s = Session::attached();
    s.keys("/148e<enter>Gy");
    let address = "fdaa:0:18:a7b:7d:f066:b83e:2";
    assert!(
        matches!(&s.effects[..], [Effect::Copy(text)] if text.starts_with("fdaa:0:18:")),
        "{:?} {address}",
        s.effects
    );
    assert!(s.state.toast().unwrap().starts_with("Copied the address"));
    s.keys("<esc>gy");
    assert_eq!(s.effects, [Effect::Copy("admin.internal".into())]);
}

#[test]
fn reports_during_a_freeze_are_shown_after_it() {
    let mut s = Session::attached();
    s.keys("f");
    s.catalog(&["only:iad/00000000000001"]);
    assert!(s.rows().contains("web"));
    s.keys("f");
    assert!(s.rows().contains("only") && s.rows().contains("gone"), "{}", s.rows());
}

#[test]
fn help_is_searched_and_runs_the_selected_command() {
    let mut s = Session::attached();
    s.keys("?freeze<enter>");
    assert!(s.state.frozen.is_some() && s.state.overlay.is_none());
    s.keys("?<esc>");
    assert!(s.state.overlay.is_none());
}

#[test]
fn help_finds_a_command_by_its_description() {
    let mut s = Session::attached();
    s.keys("?NEW HANDSHAKE<enter>");
    assert!(matches!(s.effects.as_slice(), [Effect::Ask(_, Command::Rehandshake)]), "{:?}", s.effects);
}

#[test]
fn esc_never_quits() {
    let mut s = Session::attached();
    for _ in 0..10 {
        s.keys("<esc>");
        assert!(!s.effects.contains(&Effect::Quit));
    }
}

#[test]
fn a_paste_is_text_in_an_input_line_and_ignored_elsewhere() {
    let mut s = Session::attached();
    let paste = |s: &mut Session, text: &str| {
        s.effects = update(&mut s.state, Message::Input(Event::Paste(text.into())), s.now);
    };
    paste(&mut s, "qqq\u{1b}");
    assert!(s.effects.is_empty());
    s.keys("/");
    paste(&mut s, "we\nb");
    assert_eq!(s.state.views.explore.tree.filter(), "web");
}

#[test]
fn next_tick_is_when_an_age_grows() {
    let mut s = Session::attached();
    assert_eq!(s.state.next_tick(), Some(s.now + Duration::from_secs(10)));
    s.wait(125);
    assert_eq!(s.state.next_tick(), Some(s.now + Duration::from_secs(55)));
}

/// The log after these changes, reported ten seconds apart.
pub(crate) fn log(s: &mut Session, changes: Vec<crate::catalog::diff::Change>) {
    let mut events = Vec::clone(&s.state.networks.front().shown.events);
    for change in changes {
        let serial = events.len() as u64 + 1;
        events.push(report::Event { serial, at: s.now + Duration::from_secs(10 * serial), change });
    }
    s.report(Report::Events(Arc::new(events)));
}

#[test]
fn events_are_selected_filtered_cleared_and_shown_in_the_tree() {
    use crate::catalog::diff::{Change, Place};
    let mut s = Session::attached();
    s.keys("5");
    assert_eq!(s.state.chosen_event(), None);
    assert!((table::named("show-in-tree").next().unwrap().enabled)(&s.state).is_err());
    let place = |id: &str, region: &str| Place {
        app: "web".into(),
        id: id.into(),
        region: Some(region.into()),
        address: None,
    };
    let came = Change::MachineCame(place("17815dd2b06689", "fra"));
    let moved = Change::MachineMoved(place("5683d4e5f72089", "syd"), Some("ams".into()));
    log(&mut s, vec![came, moved, Change::PeerWent("other".into())]);
    let chosen = |s: &Session| s.state.chosen_event().map(|event| event.serial);
    assert_eq!(chosen(&s), Some(3), "the newest");
    assert!((table::named("show-in-tree").next().unwrap().enabled)(&s.state).is_err(), "that peer is gone");
    s.keys("jj");
    assert_eq!(chosen(&s), Some(1));
    log(&mut s, vec![Change::AppCame("new".into())]);
    assert_eq!(chosen(&s), Some(1), "it stays on its event");
    s.keys("/moved<enter>");
    assert_eq!(s.state.shown_events().count(), 1);
    s.keys("<enter>");
    assert_eq!(s.state.tab, Tab::Explore);
    assert_eq!(
        s.state.views.explore.tree.selected(),
        Some(&Node::Machine("web".into(), "5683d4e5f72089".into()))
    );
    s.keys("5<esc>");
    assert_eq!(s.state.shown_events().count(), 4);
    s.keys("c");
    assert_eq!(s.state.shown_events().count(), 0);
    s.keys("<esc>");
    assert_eq!(s.state.tab, Tab::Explore);
}

#[test]
fn marked_rows_are_pinged_copied_and_exported_together() {
    let mut s = Session::attached();
    let lines = |s: &Session| match s.effects.as_slice() {
        [Effect::Copy(text)] => text.lines().map(str::to_owned).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    s.keys("/17815<enter>Gm<esc>/e2865<enter>Gm<esc>");
    assert_eq!(s.state.views.explore.tree.marked().len(), 2);
    s.keys("y");
    let address = |app: &str, id: &str| {
        s.state.networks.front().shown.catalog.machine(&app.into(), &id.into()).unwrap().address
    };
    let both = [address("api", "e2865a6e82319b"), address("web", "17815dd2b06689")];
    assert_eq!(lines(&s), both.map(|address| address.unwrap().to_string()));
    assert_eq!(s.state.front().table(&s.state).rows.len(), 2);
    s.keys("p");
    let pinged = |s: &Session| {
        s.state
            .networks
            .front()
            .ping_targets
            .iter()
            .filter(|target| both.contains(&Some(target.target.address)))
            .count()
    };
    assert_eq!(pinged(&s), 2);
    s.keys("p");
    assert!(s.state.networks.front().target_list.is_empty());
    s.keys("<esc>");
    assert!(s.state.views.explore.tree.marked().is_empty());
}

#[test]
fn the_doctor_starts_when_first_shown_and_on_refresh() {
    let mut s = Session::attached();
    s.keys("4");
    let asked = |s: &Session| s.effects.iter().any(|e| matches!(e, Effect::Examine(..)));
    assert!(asked(&s));
    assert_eq!(s.state.tab, Tab::Doctor);
    assert_eq!(s.state.chosen_check(), None);
    let facts = Facts::before(&s.state.networks.front().identity.conf, Around::default(), Subject::default());
    s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
    assert_eq!(s.state.chosen_check(), Some(0));
    s.keys("jj");
    assert_eq!(s.state.chosen_check(), Some(2));
    s.keys("14");
    assert!(!asked(&s), "the results are kept");
    s.keys("r");
    assert!(asked(&s));
    s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
    // The details of a check fill the view until they are closed; then the list is as before.
    s.keys("j<enter>jj");
    assert_eq!((s.state.views.doctor.story, s.state.chosen_check()), (Some(2), Some(1)));
    s.keys("<esc>");
    assert_eq!((s.state.views.doctor.story, s.state.tab), (None, Tab::Doctor));
    let subject = |s: &Session| match s.effects.as_slice() {
        [Effect::Examine(_, facts)] => Some(facts.subject.clone()),
        _ => None,
    };
    s.keys("s");
    assert!(subject(&s).unwrap().system);
    s.keys(":doctor web:8080/http<enter>");
    let asked_for = subject(&s).unwrap();
    assert_eq!((asked_for.to_string().as_str(), asked_for.system), ("web:8080/http", true));
    s.keys(":doctor web/148e21b7c93d89<enter>");
    assert_eq!(subject(&s).unwrap().machine, Some(crate::doctor::Machine::Id("148e21b7c93d89".into())));
    s.keys("s:doctor all<enter>");
    assert_eq!(subject(&s), Some(Subject::default()));
    s.keys("<esc>");
    assert_eq!(s.state.tab, Tab::Explore);
}
