//! What each action does.

use tui_input::Input;

use super::export::Save;
use super::keys::Action;
use super::menu::Overlay;
use super::targets::{self, toggle_pings};
use super::travel::{back, go, travel};
use super::tree::Found;
use super::{Effect, Pane, State, Tab, View, copy, export, menu};
use crate::catalog::place::Node;
use crate::doctor::facts::{Around, Facts};
use crate::doctor::{Machine, Subject};
use crate::engine::report::Command;
use crate::probe::port::read as read_ports;
use crate::settings::ThemeName;
use crate::text::{Safe, count};

/// Columns that one key scrolls by.
const SIDEWAYS: usize = 8;

/// Does what an action says. It is enabled.
#[expect(clippy::too_many_lines, reason = "one arm for each action, in one place")]
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let View { catalog, pings, .. } = &state.view;
    let tree = &mut state.tree;
    match action {
        Action::ToExplore => go(state, Tab::Explore, effects),
        Action::ToDoctor => go(state, Tab::Doctor, effects),
        Action::ToEvents => go(state, Tab::Events, effects),
        Action::ToDig => go(state, Tab::Dig, effects),
        Action::ToPing => go(state, Tab::Ping, effects),
        Action::RevealTarget
        | Action::DigTarget
        | Action::AddTarget
        | Action::Matrix
        | Action::Turns
        | Action::Trace
        | Action::Ports
        | Action::Speak
        | Action::RemoveTarget
        | Action::ClearTarget
        | Action::ClearTargets
        | Action::Earlier
        | Action::Later
        | Action::NextLower
        | Action::PreviousLower
        | Action::Window => state.act_in_ping(action, effects),
        Action::Sort | Action::Reverse | Action::Faster | Action::Slower if state.tab == Tab::Ping => {
            state.act_in_ping(action, effects);
        }
        Action::GoBack | Action::GoForward => state.walk_trail(action == Action::GoForward),
        Action::Refresh if state.tab == Tab::Dig => state.ask_again(effects),
        Action::Story => state.story = if state.story.is_some() { None } else { Some(0) },
        Action::System => {
            state.subject.system = !state.subject.system;
            state.say(if state.subject.system {
                "looking at the system's own VPN, too: nothing is changed"
            } else {
                "the system's own VPN is left out"
            });
            diagnose(state, effects);
        }
        Action::Reveal => state.reveal_event(),
        Action::ClearEvents => state.clear_events(),
        Action::Down
        | Action::Up
        | Action::HalfDown
        | Action::HalfUp
        | Action::PageDown
        | Action::PageUp
        | Action::First
        | Action::Last => travel(state, action),
        Action::Open => tree.open(catalog, pings),
        Action::Close => tree.close(catalog, pings),
        Action::Expand => tree.fold(Some(true), catalog, pings),
        Action::Collapse => tree.fold(Some(false), catalog, pings),
        Action::ExpandAll => tree.fold_all(catalog, pings),
        Action::Mark => tree.toggle_mark(),
        Action::Idle => {
            let hidden = tree.toggle_idle(catalog, pings);
            state.say(match hidden {
                None => "apps without started machines are shown".into(),
                Some(0) => "every app has started machines".into(),
                Some(n) => format!("{} without started machines hidden", count(n, "app")),
            });
        }
        Action::Wide => match state.tab {
            Tab::Dig => state.dig.wrapped = !state.dig.wrapped,
            Tab::Ping => state.ping.wide = !state.ping.wide,
            _ => state.tree.wide = !state.tree.wide,
        },
        Action::Filter => {
            let filter = if state.tab == Tab::Events { &state.log.filter } else { tree.filter() };
            state.filter_line = Some(Input::new(filter.to_owned()));
            state.focus = Pane::Tree;
        }
        Action::KeepFilter => state.filter_line = None,
        Action::NextMatch | Action::PreviousMatch => {
            let forward = action == Action::NextMatch;
            match tree.to_match(forward, catalog, pings) {
                Found::Here => {}
                Found::Round if forward => state.say("from the top again"),
                Found::Round => state.say("from the end again"),
                Found::NoOther => state.say("no other match"),
            }
        }
        Action::Sort => {
            tree.next_sort(catalog, pings);
            let text = format!("sorted by {}", tree.sort().as_str());
            state.say(text);
        }
        Action::Reverse => tree.reverse(catalog, pings),
        Action::Refresh if state.tab == Tab::Doctor => diagnose(state, effects),
        Action::Refresh => refresh(state, effects),
        Action::RefreshAll => {
            effects.push(Effect::Ask(Command::Refresh(None)));
            effects.push(Effect::Reload);
            state.say("asking for everything again");
        }
        Action::Rehandshake => {
            effects.push(Effect::Ask(Command::Rehandshake));
            state.say("shaking hands anew");
        }
        Action::Ping => toggle_pings(state, false),
        Action::PingBelow => toggle_pings(state, true),
        Action::Pause => {
            state.paused = !state.paused;
            state.say(if state.paused { "probes are paused" } else { "probes go on" });
        }
        Action::Copy => {
            if let Some((what, text)) = copy::value(state) {
                copy::put(state, what, text, effects);
            }
        }
        Action::ScrollLeft => state.dig.sideways = state.dig.sideways.saturating_sub(SIDEWAYS),
        Action::ScrollRight => state.dig.sideways = (state.dig.sideways + SIDEWAYS).min(2000),
        Action::CopyAs => menu::palette(state, "copy-as "),
        Action::Export => menu::palette(state, "export "),
        Action::Overwrite => {
            if let Some(Overlay::Overwrite(save)) = state.overlay.take() {
                effects.push(Effect::Save(Save { overwrite: true, ..save }));
            }
        }
        Action::Plain => effects.push(Effect::Plain(export::plain(state))),
        Action::NextPane => {
            state.focus = if state.focus == Pane::Tree { Pane::Detail } else { Pane::Tree };
        }
        Action::Theme => menu::palette(state, "theme "),
        Action::Mouse => mouse(state, !state.mouse.on),
        Action::Zoom => state.zoom = !state.zoom,
        Action::Narrower => state.split = (state.split - 2).max(-20),
        Action::Wider => state.split = (state.split + 2).min(40),
        Action::Freeze => freeze(state),
        Action::LastMessage => {
            if !state.is_up() || !state.view.problems.is_empty() {
                state.banner_hidden = !state.banner_hidden;
            } else if let Some(toast) = &mut state.toast {
                toast.at = state.now;
            }
        }
        Action::Help => menu::help(state),
        Action::Palette => menu::palette(state, ""),
        Action::MenuDown | Action::MenuUp => menu::step(state, action == Action::MenuDown),
        Action::MenuComplete => menu::complete(state),
        Action::MenuDo => menu::carry_out(state, effects),
        Action::Back => {
            let lower = state.overlay.is_none() && state.tab == Tab::Ping && state.leave_lower();
            let story = state.overlay.is_none() && state.tab == Tab::Doctor && state.story.take().is_some();
            if !lower && !story {
                back(state);
            }
        }
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Repaint => effects.push(Effect::Repaint),
        Action::Quit => effects.push(Effect::Quit),
        Action::DigThis
        | Action::EditLine
        | Action::NewLine
        | Action::SendLine
        | Action::LeaveLine
        | Action::Complete
        | Action::LineDown
        | Action::LineUp
        | Action::NextFace
        | Action::PreviousFace
        | Action::OlderEntry
        | Action::NewerEntry
        | Action::Forget
        | Action::Follow
        | Action::PingLink
        | Action::RevealLink
        | Action::NextField
        | Action::PreviousField
        | Action::SearchPast
        | Action::BuildName
        | Action::WatchLine
        | Action::Slower
        | Action::Faster
        | Action::NextType
        | Action::ToggleTcp => state.act_in_dig(action, effects),
    }
}

/// Does what an action says to what it was told. It is enabled.
pub fn act_on(state: &mut State, action: Action, told: &str, effects: &mut Vec<Effect>) {
    let place = Node::read(told, &state.view.catalog);
    match (action, place) {
        (Action::ToExplore, Some(node)) => {
            go(state, Tab::Explore, effects);
            state.tree.reveal(&node, &state.view.catalog, &state.view.pings);
        }
        (Action::ToDoctor, place) => {
            let subject = match place {
                Some(Node::Machine(app, id)) => {
                    Ok(Subject { app: Some(app), machine: Some(Machine::Id(id)), ..Subject::default() })
                }
                _ if told == "all" => Ok(Subject::default()),
                _ => Subject::read(told),
            };
            match subject {
                Ok(subject) => {
                    state.subject = Subject { system: state.subject.system, ..subject };
                    state.leave_place();
                    state.tab = Tab::Doctor;
                    diagnose(state, effects);
                }
                Err(why) => state.say(why),
            }
        }
        (Action::Ping | Action::AddTarget, _) => match targets::read(state, told) {
            Ok(wish) => {
                state.say(format!("pinging {}", Safe::new(told)));
                targets::want(state, wish);
            }
            Err(why) => state.say(why),
        },
        (Action::Ports | Action::Speak, _) => match read_ports(told) {
            Ok(ports) => state.knock_chosen(Some(ports), action == Action::Speak, effects),
            Err(why) => state.say(why),
        },
        (Action::ToDig, _) => state.dig_line(told, effects),
        (Action::CopyAs, _) => {
            let form = copy::forms(state).into_iter().find(|(what, _)| *what == told);
            if let Some((what, text)) = form {
                copy::put(state, what, text, effects);
            }
        }
        (Action::Theme, _) => {
            if let Some(theme) = ThemeName::named(told) {
                state.theme = theme;
                state.chosen.theme = Some(theme);
                state.say(format!("the colours are {told}"));
            }
        }
        (Action::Mouse, _) => mouse(state, told == "on"),
        (Action::Export, _) => export::export(state, told, effects),
        (Action::Filter, _) if state.tab == Tab::Events => told.clone_into(&mut state.log.filter),
        (Action::Filter, _) => state.tree.set_filter(told, &state.view.catalog, &state.view.pings),
        _ => act(state, action, effects),
    }
}

fn mouse(state: &mut State, on: bool) {
    state.mouse.on = on;
    state.chosen.mouse = Some(on);
    state.say(if on {
        "the mouse is listened to; Shift selects text"
    } else {
        "the mouse is the terminal's"
    });
}

/// Asks again for what is selected; where nothing is, for everything.
fn refresh(state: &mut State, effects: &mut Vec<Effect>) {
    let nodes = match state.tab {
        Tab::Explore => state.meant(),
        Tab::Ping => state.pinged_node().into_iter().collect(),
        Tab::Events => {
            state.chosen_event().and_then(|event| state.node_of(&event.change)).into_iter().collect()
        }
        Tab::Dig | Tab::Doctor => Vec::new(),
    };
    state.say(match nodes.as_slice() {
        [] => "asking for everything again".into(),
        [one] => format!("asking for {} again", one),
        many => format!("asking for {} again", count(many.len(), "marked row")),
    });
    let nodes = (!nodes.is_empty()).then_some(nodes);
    effects.push(Effect::Ask(Command::Refresh(nodes)));
}

/// Freezes the screen, or shows what came since.
fn freeze(state: &mut State) {
    state.frozen = match state.frozen.take() {
        None => Some((state.now, state.view.clone())),
        Some((_, later)) => {
            let before = std::mem::replace(&mut state.view, later);
            state.tree.renew(&before.catalog, &state.view.catalog, &state.view.pings, state.now);
            None
        }
    };
}

/// Starts a diagnosis of the network.
pub fn diagnose(state: &mut State, effects: &mut Vec<Effect>) {
    (state.check, state.story) = (None, None);
    let facts = Facts::before(&state.profile.conf, Around::default(), state.subject.clone());
    effects.push(Effect::Examine(Box::new(facts)));
}
