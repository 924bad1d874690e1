//! Traces over a simulated route.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn address(n: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, n)
}

fn target() -> Target {
    Target { label: "web".into(), address: address(99) }
}

/// Response of the route to a request: sender, kind, delay in milliseconds.
type Way = dyn Fn(&EchoRequest, u64) -> Option<(u16, EchoKind, u32)>;

const REPLY: EchoKind = EchoKind::Reply { hop_limit: 60, bytes: 64 };

/// Three routers, then the target; a packet over `mtu` is too big for the second.
fn usual(mtu: u16, reports: bool) -> impl Fn(&EchoRequest, u64) -> Option<(u16, EchoKind, u32)> {
    move |request, _| {
        let size = request.payload + 48;
        match request.hop_limit {
            limit @ 1..=3 => {
                Some((limit.into(), EchoKind::Error(IcmpError::TimeExceeded(0)), u32::from(limit) * 10))
            }
            _ if size > mtu && reports => Some((2, EchoKind::Error(IcmpError::PacketTooBig(mtu.into())), 20)),
            _ if size > mtu => None,
            _ => Some((99, REPLY, 40)),
        }
    }
}

fn run(plan: TracePlan, way: &Way) -> (Trace, u64) {
    let t0 = Instant::now();
    let mut tracer = Tracer::new(target(), plan, t0);
    let (mut now, mut sent) = (t0, 0);
    let mut coming: Vec<EchoEvent> = Vec::new();
    while !tracer.is_done() {
        while let Some(request) = tracer.poll(now) {
            sent += 1;
            if let Some((from, kind, ms)) = way(&request, sent) {
                let (to, from) = (request.to, address(from));
                coming.push(EchoEvent { seq: request.seq, to, from, sent: now, at: now + MS * ms, kind });
            }
        }
        if tracer.is_done() {
            break;
        }
        coming.sort_by_key(|event| event.at);
        let due = tracer.next_due();
        let next = coming.first().map(|event| event.at);
        now = [due, next].into_iter().flatten().min().unwrap();
        while coming.first().is_some_and(|event| event.at <= now) {
            tracer.absorb(&coming.remove(0));
        }
    }
    (tracer.trace(), sent)
}

fn shown(trace: &Trace) -> Vec<(u8, Vec<u16>, u64, u64)> {
    let who = |hop: &Hop| hop.by.iter().map(|(by, _)| by.segments()[7]).collect();
    trace.hops.iter().map(|hop| (hop.limit, who(hop), hop.sent, hop.received)).collect()
}

#[test]
fn the_route_and_its_end() {
    let plan = TracePlan { rounds: Some(3), ..TracePlan::default() };
    let (trace, _) = run(plan, &usual(1420, true));
    assert_eq!(
        shown(&trace),
        [(1, vec![1], 3, 3), (2, vec![2], 3, 3), (3, vec![3], 3, 3), (4, vec![99], 3, 3)]
    );
    assert_eq!((trace.end, trace.hops[1].stats.unwrap().avg), (Some(4), MS * 20));
}

#[test]
fn a_hop_with_loss_is_reported() {
    let way = |request: &EchoRequest, n: u64| match request.hop_limit {
        2 => None,
        3 if n > 10 => None,
        _ => usual(1420, true)(request, n),
    };
    let plan = TracePlan { rounds: Some(4), ..TracePlan::default() };
    let (trace, _) = run(plan, &way);
    assert_eq!((trace.hops[1].by.len(), trace.hops[1].loss()), (0, Some(1.0)));
    assert!(trace.hops[2].loss().unwrap() > 0.0 && trace.hops[2].received > 0);
    assert_eq!(trace.hops[3].loss(), Some(0.0), "loss at a hop is not loss on the route");
}

#[test]
fn an_unreachable_error_ends_the_route() {
    let way = |request: &EchoRequest, n: u64| match request.hop_limit {
        3.. => Some((3, EchoKind::Error(IcmpError::Unreachable(0)), 30)),
        _ => usual(1420, true)(request, n),
    };
    let (trace, sent) = run(TracePlan { rounds: Some(2), mtu: Some(1420), ..TracePlan::default() }, &way);
    assert_eq!(trace.end, Some(3));
    assert_eq!(trace.hops[2].error.as_deref(), Some("no route to destination"));
    assert!(sent < 20, "{sent}");
}

#[test]
fn a_temporary_unreachable_error_does_not_end_the_trace() {
    let way = |request: &EchoRequest, n: u64| match request.hop_limit {
        2 if n < 4 => Some((2, EchoKind::Error(IcmpError::Unreachable(0)), 20)),
        _ => usual(1420, true)(request, n),
    };
    let (trace, _) = run(TracePlan { rounds: Some(6), ..TracePlan::default() }, &way);
    assert_eq!((trace.end, trace.hops[1].error.as_deref()), (Some(4), None));
}

#[test]
fn a_silent_route_ends_the_trace() {
    let (trace, sent) = run(TracePlan { rounds: Some(2), ..TracePlan::default() }, &|_, _| None);
    assert_eq!((trace.hops.len(), trace.end, sent), (1, None, 2 * u64::from(BEYOND)));
}

#[test]
fn the_largest_packet_is_found() {
    let plan = || TracePlan { rounds: Some(1), mtu: Some(1420), ..TracePlan::default() };
    let mtu = |way: &Way| run(plan(), way).0.mtu;
    let all = mtu(&usual(1500, true));
    assert_eq!((all.fits, all.too_big, all.done), (Some(1420), None, true));
    let shown = mtu(&usual(1380, true));
    assert_eq!(
        (shown.fits, shown.too_big, shown.by, shown.black_hole),
        (Some(1380), Some(1420), Some(address(2)), false)
    );
    let hole = mtu(&usual(1333, false));
    assert_eq!((hole.fits, hole.too_big, hole.by, hole.black_hole), (Some(1333), Some(1334), None, true));
    let none = mtu(&usual(600, false));
    assert_eq!((none.fits, none.done), (None, true), "below the minimum of IPv6");
}
