//! A screen over a big org, without a network: for what is measured in this process.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use sixpane::testing::app::network::NetworkId;
use sixpane::testing::app::{Message, Settings, State, update};
use sixpane::testing::attach::Source;
use sixpane::testing::catalog::{App, Catalog, Machine, Record, WalkState};
use sixpane::testing::demo::scenario::Scenario;
use sixpane::testing::engine::report::Report;
use sixpane::testing::net::{LinkState, Phase};
use sixpane::testing::probe::series::{KEPT, Sample, Series, Target};
use sixpane::testing::probe::stats::Tally;
use sixpane::testing::text::Safe;
use sixpane::testing::ui;
use sixpane::testing::ui::theme::Theme;

/// The size at which frames are measured.
pub const SIZE: (u16, u16) = (200, 60);

/// What a walk finds in an org of `apps` × `machines`.
pub fn catalog(apps: usize, machines: usize, now: Instant) -> Catalog {
    let mut catalog = Catalog::default();
    for app in Scenario::generated(apps, machines, 7).apps {
        let mut entry = App { complete: true, seen: Some(now), ..App::default() };
        entry.said_by.insert(Record::Apps);
        for machine in &app.machines {
            let found = Machine {
                region: Some(machine.region.as_str().into()),
                address: Some(machine.address),
                seen: Some(now),
                said_by: [Record::Instances].into_iter().collect(),
                ..Machine::default()
            };
            entry.machines.insert(machine.id.as_str().into(), found);
        }
        catalog.apps.insert(app.name.as_str().into(), Arc::new(entry));
    }
    let took = Some(Duration::from_millis(40));
    catalog.walk = WalkState { finished: Some(now), took, ..WalkState::default() };
    catalog
}

/// A screen, its terminal and its clock.
pub struct Desk {
    pub state: State,
    pub terminal: Terminal<TestBackend>,
    pub now: Instant,
}

impl Desk {
    /// Attached to an org of `apps` × `machines`, its link up.
    pub fn new(apps: usize, machines: usize) -> Self {
        let key = |byte: u8| base64::prelude::BASE64_STANDARD.encode([byte; 32]);
        let text = format!(
            "[Interface]\nPrivateKey={}\nAddress=fdaa:0:18:a7b:d6b:0:a:2/120\nDNS=fdaa:0:18::3\n[Peer]\n\
             PublicKey={}\nAllowedIPs=fdaa:0:18::/48\nEndpoint=192.0.2.10:51820\n",
            key(1),
            key(2)
        );
        let source = Source::Generated { name: "my-peer".into(), text };
        let profile = source.read().unwrap().identity().clone();
        let now = Instant::now();
        let terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
        let mut desk = Self { state: State::new(profile, Settings::default(), now), terminal, now };
        let mut link = LinkState::new(now, 1420);
        link.phase = Phase::Up;
        link.last_handshake = Some(now);
        desk.report(Report::Link(Arc::new(link)));
        desk.report(Report::Catalog(Arc::new(catalog(apps, machines, now))));
        desk
    }

    /// The same, with every row open.
    pub fn open(apps: usize, machines: usize) -> Self {
        let mut desk = Self::new(apps, machines);
        desk.key(KeyCode::Char('*'));
        if desk.state.views.explore.tree.rows().len() < apps * machines {
            desk.key(KeyCode::Char('*'));
        }
        assert!(desk.state.views.explore.tree.rows().len() >= apps * machines);
        // In the middle of the tree, where the most is around.
        for _ in 0..(apps * machines).min(3000) / 10 {
            desk.key(KeyCode::PageDown);
        }
        desk
    }

    /// The Ping view with `targets` pinged for five minutes, every hundredth of them lossy.
    pub fn pinging(targets: usize) -> Self {
        let mut desk = Self::new(targets.div_ceil(10), 10);
        desk.pings(targets);
        desk.key(KeyCode::Char('3'));
        desk
    }

    /// The report of another round of pings to `targets` machines.
    pub fn pings(&mut self, targets: usize) {
        let machines =
            self.state.networks.front().shown.catalog.apps.values().flat_map(|app| app.machines.iter());
        let series = |(n, (id, machine)): (usize, (&Safe, &Machine))| {
            let rtt = |k: usize| Duration::from_micros((10_000 + (n * 37 + k * 101) % 5_000) as u64);
            let lost = |k: usize| n.is_multiple_of(100) && k.is_multiple_of(7);
            let sample = |k| if lost(k) { Sample::Lost } else { Sample::Received(rtt(k)) };
            let mut tally = Tally::new(2);
            (0..KEPT).filter(|k| !lost(*k)).for_each(|k| tally.add(rtt(k)));
            let target = Target { label: id.clone(), address: machine.address.unwrap() };
            let missing = (0..KEPT).filter(|k| lost(*k)).count() as u64;
            Series {
                sent: KEPT as u64,
                received: KEPT as u64 - missing,
                lost: missing,
                recent: Arc::new((0..KEPT).map(sample).collect()),
                stats: tally.stats(),
                bins: Arc::new(tally.bins().to_vec()),
                ..Series::new(target)
            }
        };
        let all: Vec<Series> = machines.enumerate().take(targets).map(series).collect();
        self.report(Report::Pings(Arc::new(all)));
    }

    pub fn report(&mut self, report: Report) {
        black_box(update(&mut self.state, Message::Report(NetworkId::FIRST, report), self.now));
    }

    pub fn key(&mut self, code: KeyCode) {
        let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        black_box(update(&mut self.state, Message::Input(event), self.now));
    }

    pub fn draw(&mut self) {
        let state = &self.state;
        self.terminal
            .draw(|frame| {
                ui::draw(state, Theme::default(), frame);
            })
            .unwrap();
    }

    /// How long it takes from a key to the frame that shows it.
    pub fn key_to_frame(&mut self, code: KeyCode) -> Duration {
        let start = Instant::now();
        self.key(code);
        self.draw();
        start.elapsed()
    }
}

/// How long two things take, in turns, so that a busy machine slows both: seconds of one call, sorted.
pub fn in_turns(rounds: usize, calls: u32, mut a: impl FnMut(), mut b: impl FnMut()) -> [Vec<f64>; 2] {
    let mut turns: [(&mut dyn FnMut(), Vec<f64>); 2] = [(&mut a, Vec::new()), (&mut b, Vec::new())];
    for _ in 0..rounds {
        for (what, times) in &mut turns {
            let start = Instant::now();
            for _ in 0..calls {
                what();
            }
            times.push(start.elapsed().as_secs_f64() / f64::from(calls));
        }
    }
    turns.map(|(_, mut times)| {
        times.sort_by(f64::total_cmp);
        times
    })
}

/// The value below which `share` of the sorted `times` lie.
pub fn quantile(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share).round() as usize]
}
