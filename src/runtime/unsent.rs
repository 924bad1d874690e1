//! Commands that wait for room in the engine's queue: the screens never wait, and no command is lost.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::mem::discriminant;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::engine::report::Command;

/// Waiting commands, in order. Of commands that replace the one before, only the newest waits: scrolling does not make
/// the queue long.
#[derive(Debug, Default)]
pub struct Unsent(VecDeque<Command>);

impl Unsent {
    /// Sends `command` now, or as soon as there is room and all before it are sent.
    pub fn send(&mut self, commands: &Sender<Command>, command: Command) {
        if replaces(&command) {
            self.0.retain(|waits| discriminant(waits) != discriminant(&command));
        }
        self.0.push_back(command);
        while let Some(first) = self.0.pop_front() {
            match commands.try_send(first) {
                Ok(()) => {}
                Err(TrySendError::Full(first)) => return self.0.push_front(first),
                // The end of the engine shows in its reports.
                Err(TrySendError::Closed(_)) => self.0.clear(),
            }
        }
    }

    /// Sends waiting commands as there is room, then waits forever. Cancel-safe.
    pub async fn send_waiting(&mut self, commands: &Sender<Command>) -> Infallible {
        while !self.0.is_empty() {
            let Ok(room) = commands.reserve().await else { break };
            if let Some(first) = self.0.pop_front() {
                room.send(first);
            }
        }
        std::future::pending().await
    }
}

/// Whether only the newest command of its kind counts.
fn replaces(command: &Command) -> bool {
    match command {
        Command::Inspect(_)
        | Command::Ping(_)
        | Command::Follow(_)
        | Command::PingEvery(_)
        | Command::Show(_)
        | Command::Trace(_)
        | Command::Ports(_)
        | Command::Diagnose(_) => true,
        Command::Refresh(_) | Command::ClearPings(_) | Command::Rehandshake | Command::Dig(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::catalog::place::Node;
    use crate::dns::dig::line::parse;

    fn dig(number: u64) -> Command {
        Command::Dig(number, Box::new(parse(&["web.internal"]).unwrap()))
    }

    fn app(n: usize) -> Command {
        Command::Inspect(Node::App(format!("app-{n}").as_str().into()))
    }

    /// Lets what waits go out for as long as the engine takes it.
    async fn settle(unsent: &mut Unsent, commands: &Sender<Command>) {
        let _ = tokio::time::timeout(Duration::from_millis(1), unsent.send_waiting(commands)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_waits_for_room_and_keeps_its_turn() {
        let (commands, mut inbox) = mpsc::channel(2);
        let mut unsent = Unsent::default();
        for number in 0..5 {
            unsent.send(&commands, dig(number));
        }
        let mut got = Vec::new();
        while let Ok(command) = inbox.try_recv() {
            got.push(command);
            // What comes later does not push in.
            if got.len() == 2 {
                unsent.send(&commands, Command::Rehandshake);
            }
            settle(&mut unsent, &commands).await;
        }
        assert_eq!(got, [dig(0), dig(1), dig(2), dig(3), dig(4), Command::Rehandshake]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_replaces_the_one_before_the_newest_waits() {
        let (commands, mut inbox) = mpsc::channel(1);
        let mut unsent = Unsent::default();
        unsent.send(&commands, dig(1));
        for n in 0..1000 {
            unsent.send(&commands, app(n));
            unsent.send(&commands, Command::Show(vec![format!("app-{n}").as_str().into()]));
        }
        unsent.send(&commands, dig(2));
        assert_eq!(unsent.0.len(), 3);
        let mut got = Vec::new();
        while let Ok(command) = inbox.try_recv() {
            got.push(command);
            settle(&mut unsent, &commands).await;
        }
        assert_eq!(got, [dig(1), app(999), Command::Show(vec!["app-999".into()]), dig(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_has_gone_is_no_reason_to_keep_anything() {
        let (commands, inbox) = mpsc::channel(1);
        let mut unsent = Unsent::default();
        unsent.send(&commands, dig(1));
        unsent.send(&commands, dig(2));
        drop(inbox);
        settle(&mut unsent, &commands).await;
        unsent.send(&commands, dig(3));
        assert!(unsent.0.is_empty());
    }
}
