//! Drives a trace over a network: sends what is due, takes what comes, tells how it stands.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock;
use crate::net::{Echoes, Network};
use crate::probe::series::Target;
use crate::probe::trace::{Trace, TracePlan, Tracer};

/// Between two tellings.
const GAP: Duration = Duration::from_millis(100);

/// Traces until all rounds are done or nobody listens. While there is no link, it waits.
pub async fn run<N: Network>(net: N, target: Target, mut plan: TracePlan, told: mpsc::Sender<Arc<Trace>>) {
    let Ok(echo) = net.echo() else { return };
    let mut link = net.link();
    let own = link.borrow().mtu;
    plan.mtu = plan.mtu.map(|mtu| mtu.min(own));
    let mut tracer = Tracer::new(target, plan, clock::now());
    let mut tell_at = Some(clock::now());
    loop {
        let now = clock::now();
        let up = link.borrow_and_update().is_up();
        while let Some(request) = up.then(|| tracer.poll(now)).flatten() {
            // What finds no room is lost, as any other.
            let _ = echo.send(request);
            tell_at.get_or_insert(now + GAP);
        }
        let done = tracer.is_done();
        if done || tell_at.is_some_and(|at| at <= now) {
            tell_at = None;
            if told.send(Arc::new(tracer.trace())).await.is_err() || done {
                return;
            }
        }
        let due = if up { tracer.next_due() } else { None };
        let wake = due.into_iter().chain(tell_at).min();
        let asleep = clock::sleep_until(wake);
        tokio::select! {
            event = echo.recv() => match event {
                Ok(event) => {
                    tracer.absorb(&event);
                    tell_at.get_or_insert(clock::now() + GAP);
                }
                Err(_) => return,
            },
            () = asleep => {}
            changed = link.changed() => if changed.is_err() { return },
            () = told.closed() => return,
        }
    }
}
