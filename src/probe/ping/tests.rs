//! Schedules, states and statistics of pings, on a clock that the tests move.

use super::*;
use std::collections::BTreeMap;

use crate::net::IcmpError;

const MS: Duration = Duration::from_millis(1);

fn target(n: u16) -> Target {
    Target { label: format!("m{n}").as_str().into(), address: Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n) }
}

fn reply(request: &EchoRequest, sent: Instant, at: Instant) -> EchoEvent {
    let kind = EchoKind::Reply { hop_limit: 61, bytes: 64 };
    EchoEvent { seq: request.seq, to: request.to, from: request.to, sent, at, kind }
}

fn pinger(plan: Plan, targets: u16, now: Instant) -> Pinger {
    let mut pinger = Pinger::new(plan);
    pinger.set_targets((1..=targets).map(|n| target(n).into()).collect(), now);
    pinger
}

fn kinds(pinger: &mut Pinger) -> Vec<ReplyKind> {
    pinger.series()[0].replies.iter().map(|r| r.kind.clone()).collect()
}

#[test]
fn replies_are_counted() {
    let t0 = Instant::now();
    let mut p = pinger(Plan { count: Some(3), ..Plan::default() }, 1, t0);
    for (i, rtt) in [10, 20, 30].into_iter().enumerate() {
        let now = t0 + Duration::from_secs(i as u64);
        let request = p.poll(now).unwrap();
        assert_eq!(p.poll(now), None);
        p.sent(request.seq, Ok(now));
        p.absorb(&reply(&request, now, now + MS * rtt));
    }
    assert!(p.is_done());
    let series = &p.series()[0];
    let stats = series.stats.unwrap();
    assert_eq!((stats.min, stats.avg, stats.p50, stats.max), (MS * 10, MS * 20, MS * 20, MS * 30));
    assert_eq!((series.sent, series.received, series.loss()), (3, 3, Some(0.0)));
}

#[test]
fn a_late_reply_is_not_lost_and_a_second_one_is_a_duplicate() {
    let t0 = Instant::now();
    let mut p = pinger(Plan { count: Some(1), ..Plan::default() }, 1, t0);
    let request = p.poll(t0).unwrap();
    assert_eq!(p.series()[0].loss(), None, "a probe in flight is not lost");
    assert_eq!(p.next_due(), Some(t0 + Duration::from_secs(2)));
    p.poll(t0 + Duration::from_secs(2));
    assert_eq!((p.series()[0].lost, p.series()[0].loss()), (1, Some(1.0)));
    p.absorb(&reply(&request, t0, t0 + MS * 2500));
    p.absorb(&reply(&request, t0, t0 + MS * 2600));
    let series = &p.series()[0];
    assert_eq!((series.received, series.late, series.lost, series.duplicates), (0, 1, 0, 1));
    assert_eq!((series.loss(), series.stats), (Some(0.0), None), "a late reply is not in the statistics");
    assert_eq!(*series.recent, [Sample::Late(MS * 2500)]);
    let lost = ReplyKind::Lost { after: Duration::from_secs(2) };
    let late = ReplyKind::Late { rtt: MS * 2500 };
    assert_eq!(kinds(&mut p), [lost, late, ReplyKind::Duplicate { rtt: MS * 2600 }]);
}

#[test]
fn a_reply_in_time_counts_as_such_even_when_read_late() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 1, t0);
    let request = p.poll(t0).unwrap();
    // The machine was busy for three seconds: the timer is handled first, then the waiting reply.
    p.poll(t0 + Duration::from_secs(3));
    p.absorb(&reply(&request, t0, t0 + MS * 12));
    let series = &p.series()[0];
    assert_eq!((series.received, series.lost, series.late), (1, 0, 0));
    assert_eq!(series.stats.unwrap().last, MS * 12);
    assert_eq!(series.recent[0], Sample::Received(MS * 12));
}

#[test]
fn the_round_trip_starts_on_departure() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 1, t0);
    let request = p.poll(t0).unwrap();
    p.sent(request.seq, Ok(t0));
    p.absorb(&reply(&request, t0 + MS * 40, t0 + MS * 52));
    assert_eq!(p.series()[0].stats.unwrap().last, MS * 12);
}

#[test]
fn probes_are_paced_and_missed_ones_are_skipped() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 100, t0);
    let mut now = t0;
    for _ in 0..100 {
        assert!(p.poll(now).is_some());
        assert!(p.poll(now).is_none());
        now = p.next_due().unwrap();
    }
    assert_eq!(now, t0 + Duration::from_secs(1));
    let mut one = pinger(Plan::default(), 1, t0);
    one.poll(t0);
    let later = t0 + Duration::from_mins(1);
    assert!(one.poll(later).is_some());
    assert!(one.poll(later + MS * 10).is_none());
}

#[test]
fn a_timer_of_one_millisecond_keeps_a_fast_pace() {
    let t0 = Instant::now();
    let plan = Plan { pace: Duration::from_micros(400), ..Plan::default() };
    let mut p = pinger(plan, 5000, t0);
    let sent =
        (0..1000).flat_map(|ms| std::iter::repeat_n(t0 + MS * ms, 9)).filter(|now| p.poll(*now).is_some());
    assert!((2495..=2530).contains(&sent.count()));
}

#[test]
fn with_more_targets_than_the_pace_allows_all_are_probed_equally() {
    let t0 = Instant::now();
    let mut p = pinger(Plan { interval: MS * 100, ..Plan::default() }, 100, t0);
    let mut now = t0;
    let mut sent = vec![0; 101];
    while now < t0 + Duration::from_secs(10) {
        if let Some(request) = p.poll(now) {
            sent[usize::from(request.to.segments()[7])] += 1;
        }
        now = p.next_due().unwrap();
    }
    // 200 a second for 100 targets: two a second each.
    assert!(sent[1..].iter().all(|n| (19..=21).contains(n)), "{sent:?}");
}

#[test]
fn errors_settle_a_probe_and_stray_replies_do_not() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 1, t0);
    let request = p.poll(t0).unwrap();
    let answer = reply(&request, t0, t0 + MS);
    p.absorb(&EchoEvent { seq: request.seq.wrapping_add(9), ..answer });
    p.absorb(&EchoEvent { kind: EchoKind::Stray { ident: 9 }, ..answer });
    p.absorb(&EchoEvent { from: target(9).address, ..answer });
    p.absorb(&EchoEvent { to: Ipv6Addr::LOCALHOST, from: Ipv6Addr::LOCALHOST, ..answer });
    let series = &p.series()[0];
    assert_eq!(
        (series.received, series.strays, series.in_flight()),
        (0, 3, 1),
        "the last one matches no target"
    );
    let strays = [Stray::Seq(request.seq.wrapping_add(9)), Stray::Ident(9), Stray::Sender(target(9).address)];
    assert_eq!(kinds(&mut p), strays.map(ReplyKind::Stray));
    p.absorb(&EchoEvent {
        kind: EchoKind::Error(IcmpError::Unreachable(3)),
        from: target(7).address,
        ..answer
    });
    let series = &p.series()[0];
    assert_eq!((series.lost, series.errors, series.loss()), (0, 1, Some(1.0)));
    assert_eq!(series.error.as_deref(), Some("address unreachable, from fdaa::7"));
}

#[test]
fn a_probe_that_meets_a_full_queue_is_not_counted_and_retried() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 1, t0);
    let request = p.poll(t0).unwrap();
    p.sent(request.seq, Err(Unsent::Busy));
    assert_eq!((p.series()[0].sent, p.poll(t0)), (0, None));
    let again = p.poll(p.next_due().unwrap()).unwrap();
    assert_eq!(again.seq, request.seq);
    p.sent(again.seq, Err(Unsent::Refused("it does not fit".into())));
    let series = &p.series()[0];
    assert_eq!((series.sent, series.errors, series.error.as_deref()), (1, 1, Some("it does not fit")));
}

#[test]
fn remaining_targets_keep_their_statistics_and_held_ones_are_not_probed() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 2, t0);
    let request = p.poll(t0).unwrap();
    p.absorb(&reply(&request, t0, t0 + MS));
    let held = PingTarget { paused: true, ..target(1).into() };
    p.set_targets(vec![target(3).into(), held], t0 + MS);
    let found: Vec<_> =
        p.series().iter().map(|s| (s.target.label.to_string(), s.received, s.paused)).collect();
    assert_eq!(found, [("m3".into(), 0, false), ("m1".into(), 1, true)]);
    let mut asked = Vec::new();
    for ms in 0..3000 {
        asked.extend(p.poll(t0 + MS * ms).map(|request| request.to));
    }
    assert_eq!(asked, [target(3).address; 3]);
    p.set_targets(vec![target(1).into()], t0 + MS * 3000);
    assert_eq!(p.poll(t0 + MS * 3000).map(|request| request.to), Some(target(1).address));
}

#[test]
fn clearing_restarts_only_the_given_targets() {
    let t0 = Instant::now();
    let mut p = pinger(Plan { pace: Duration::ZERO, ..Plan::default() }, 2, t0);
    let (a, b) = (p.poll(t0).unwrap(), p.poll(t0).unwrap());
    p.clear(Some(&[target(1)]));
    p.absorb(&reply(&a, t0, t0 + MS));
    p.absorb(&reply(&b, t0, t0 + MS));
    let found: Vec<_> = p.series().iter().map(|s| (s.sent, s.received, s.strays, s.in_flight())).collect();
    assert_eq!(found, [(0, 0, 0, 0), (1, 1, 0, 0)]);
    p.clear(None);
    assert!(p.series().iter().all(|s| s.sent == 0 && s.stats.is_none() && s.replies.is_empty()));
    assert!(p.poll(t0 + Duration::from_secs(1)).is_some(), "the schedule continues");
}

#[test]
fn addresses_are_probed_round_robin() {
    let t0 = Instant::now();
    let mut p = Pinger::new(Plan { interval: MS * 100, ..Plan::default() });
    let round_robin = vec![target(4).address, target(5).address];
    p.set_targets(vec![PingTarget { round_robin, ..target(4).into() }], t0);
    let mut to = Vec::new();
    for n in 0..4 {
        let now = t0 + MS * 100 * n;
        let request = p.poll(now).unwrap();
        p.absorb(&reply(&request, now, now + MS));
        to.push(request.to.segments()[7]);
    }
    assert_eq!((to, p.series()[0].received, p.series()[0].round_robin), (vec![4, 5, 4, 5], 4, 2));
    assert_eq!(p.series()[0].replies[1].from, target(5).address);
}

#[test]
fn an_outage_and_its_end_raise_alerts() {
    let t0 = Instant::now();
    let mut p = pinger(Plan::default(), 1, t0);
    let mut found = Vec::new();
    for n in 0..12 {
        let now = t0 + Duration::from_secs(n);
        let request = p.poll(now).unwrap();
        if !(2..7).contains(&n) {
            p.absorb(&reply(&request, now, now + MS * 9));
        }
        found.extend(p.take_alerts().map(|(target, alert)| (n, target.label.to_string(), alert)));
    }
    assert_eq!(found, [(6, "m1".into(), Alert::Unreachable), (7, "m1".into(), Alert::Reachable(MS * 9))]);
}

/// A thousand probes; `fate` returns the round trips of the replies to each.
fn thousand(fate: impl Fn(u64) -> Vec<u32>) -> Series {
    let t0 = Instant::now();
    let plan = Plan { count: Some(1000), pace: Duration::ZERO, ..Plan::default() };
    let mut p = pinger(plan, 1, t0);
    let mut now = t0;
    let mut coming: BTreeMap<(Instant, u64), EchoEvent> = BTreeMap::new();
    let mut n = 0;
    while !p.is_done() || !coming.is_empty() {
        while let Some(request) = p.poll(now) {
            for rtt in fate(n) {
                coming.insert((now + MS * rtt, n), reply(&request, now, now + MS * rtt));
            }
            n += 1;
        }
        let next = coming.first_key_value().map(|((at, _), _)| *at);
        let due = p.next_due();
        now = [next, due].into_iter().flatten().min().unwrap_or(now);
        while let Some(entry) = coming.first_entry().filter(|entry| entry.key().0 <= now) {
            p.absorb(&entry.remove());
        }
    }
    p.series().remove(0)
}

#[test]
fn loss_is_exact_over_a_thousand_probes() {
    for (each, lost) in [(20, 50), (10, 300), (1, 1000)] {
        let is_lost = |n: u64| if each == 10 { n % 10 < 3 } else { n.is_multiple_of(each) };
        let series = thousand(|n| if is_lost(n) { vec![] } else { vec![12] });
        assert_eq!((series.sent, series.received, series.lost), (1000, 1000 - lost, lost));
    }
    let series = thousand(|n| match n % 100 {
        0 => vec![2500],
        1 => vec![12, 13],
        2 => vec![],
        3 => vec![3000, 3001],
        _ => vec![12],
    });
    assert_eq!((series.received, series.late, series.lost, series.duplicates), (970, 20, 10, 20));
    assert_eq!(series.loss(), Some(0.01));
}
