//! From a change in ping replies to the line in the Events view: engine, state and screen together, on a simulated
//! clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::app::network::NetworkId;
use crate::app::tests::profile;
use crate::app::{self, Effect, Message, State};
use crate::catalog::diff::Change;
use crate::clock::now;
use crate::engine::{Engine, Settings};
use crate::net::fake::{Fake, SERVER};
use crate::ui::tests::screen;

/// Runs engine and state until `done`, for ten minutes at most.
async fn until(engine: &mut Engine, state: &mut State, done: impl Fn(&State) -> bool) {
    let end = now() + Duration::from_mins(10);
    while !done(state) {
        assert!(now() < end, "no such event: {:?}", state.networks.front().shown.events);
        let report = engine.reports.recv().await.unwrap();
        for effect in app::update(state, Message::Report(NetworkId::FIRST, report), now()) {
            if let Effect::Ask(_, command) = effect {
                engine.commands.send(command).await.unwrap();
            }
        }
    }
}

fn kinds(state: &State) -> Vec<&'static str> {
    state.networks.front().shown.events.iter().map(|event| event.change.kind()).collect()
}

#[tokio::test(start_paused = true)]
async fn lost_regained_and_slower_replies_are_events_on_the_screen() {
    let (net, _link) = Fake::up(|_, _| vec![]);
    let (way, alive) = (net.rtt.clone(), Arc::new(Mutex::new(true)));
    let answers = alive.clone();
    *net.answers.lock().unwrap() = Box::new(move |_| *answers.lock().unwrap());
    let settings = Settings { walk: false, ..Settings::default() };
    let mut engine = Engine::start(net, SERVER, settings).unwrap();
    // The gateway is pinged automatically.
    let mut state = State::new(profile(), app::Settings::default(), now());
    state.clock = Some((now(), jiff::ZonedDateTime::now()));
    let received = |state: &State| state.series(SERVER).map_or(0, |series| series.received);
    until(&mut engine, &mut state, |state| received(state) >= 3).await;
    *alive.lock().unwrap() = false;
    until(&mut engine, &mut state, |state| !kinds(state).is_empty()).await;
    *alive.lock().unwrap() = true;
    until(&mut engine, &mut state, |state| kinds(state).len() > 1).await;
    // The usual round trip is known after a while; then it changes.
    until(&mut engine, &mut state, |state| received(state) >= 45).await;
    assert_eq!(kinds(&state), ["target-unreachable", "target-reachable"]);
    *way.lock().unwrap() = Duration::from_millis(40);
    until(&mut engine, &mut state, |state| kinds(state).len() > 2).await;
    let Change::RttMoved(_, from, to) = state.networks.front().shown.events[2].change.clone() else {
        panic!("{:?}", kinds(&state))
    };
    assert_eq!((from.as_millis(), to.as_millis()), (7, 40));
    // It is reported once.
    until(&mut engine, &mut state, |state| received(state) >= 200).await;
    assert_eq!(kinds(&state).len(), 3);
    state.tab = app::Tab::Events;
    let shot = screen(&state, crate::ui::theme::Theme::default(), (80, 24), false);
    for text in ["gateway", "no longer replies to ping", "replies to ping again", "40"] {
        assert!(shot.contains(text), "{text} is not in\n{shot}");
    }
}
