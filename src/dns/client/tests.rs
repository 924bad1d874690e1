//! The client against servers that lose, forge, truncate and stop, on a paused clock.

use std::sync::Mutex;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{AAAA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::sync::watch;

use super::super::exchange::{Transport, TryEnd};
use super::super::window;
use super::task::SPARE;
use super::*;
use crate::clock;
use crate::dns::outcome::Outcome;
use crate::net::LinkState;
use crate::net::fake::{Fake, Over, SERVER, Serve, up};

const RTT: Duration = Duration::from_millis(10);

fn answer(query: &Message, records: Vec<RData>) -> Message {
    let mut reply = query.clone();
    reply.metadata.message_type = hickory_proto::op::MessageType::Response;
    reply.edns = None;
    for data in records {
        reply.add_answer(Record::from_rdata(query.queries[0].name().clone(), 5, data));
    }
    reply
}

fn wire(message: &Message) -> Vec<u8> {
    message.to_vec().unwrap()
}

fn one() -> Vec<RData> {
    vec![RData::AAAA(AAAA(SERVER))]
}

fn question(name: &str) -> Question {
    Question::new(Name::from_ascii(name).unwrap(), RecordType::AAAA)
}

/// A client of the server `serve`, on a link that is up. The sender keeps the link alive.
fn client(
    serve: impl FnMut(Over, &Message) -> Vec<(Duration, Vec<u8>)> + Send + 'static,
) -> (Client, watch::Sender<LinkState>) {
    let (net, state) = Fake::up(serve);
    (Client::new(&net, SERVER).unwrap(), state)
}

fn ends(exchange: &Exchange) -> Vec<(Transport, TryEnd)> {
    exchange.tries.iter().map(|t| (t.transport, t.end.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_response_has_its_round_trip_and_raw_bytes() {
    let (client, _link) = client(|_, q| vec![(RTT, wire(&answer(q, one())))]);
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(exchange.addresses(), [SERVER]);
    assert_eq!(exchange.rtt(), Some(RTT));
    assert_eq!(ends(&exchange), [(Transport::Udp, TryEnd::Response(RTT))]);
    let got = exchange.result.unwrap();
    assert_eq!(Message::from_vec(&got.wire).unwrap().answers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unresponsive_server_is_tried_three_times_then_over_tcp_within_the_timeout() {
    let (client, _link) = client(|transport, _| match transport {
        Over::Udp => vec![],
        // The connection accepts it and sends nothing for an hour.
        Over::Tcp => vec![(Duration::from_hours(1), vec![])],
    });
    let began = clock::now();
    let exchange = client.ask(question("stuck.internal."), &Options::default()).await;
    assert_eq!(exchange.result.as_ref().unwrap_err(), &Failure::Timeout(Duration::from_secs(2)));
    assert_eq!(clock::now() - began, Duration::from_secs(2));
    let sent: Vec<_> = exchange.tries.iter().map(|t| (t.transport, t.sent.as_millis())).collect();
    // Initially 200 ms for the round trip, and 50, 150, 450 ms of patience.
    assert_eq!(
        sent,
        [(Transport::Udp, 0), (Transport::Udp, 250), (Transport::Udp, 600), (Transport::Tcp, 1250)]
    );
}

#[tokio::test(start_paused = true)]
async fn one_of_many_is_retried_over_udp_while_the_connection_is_blocked() {
    let mut datagrams = 0;
    let (client, _link) = client(move |transport, q| match transport {
        Over::Tcp => vec![(Duration::from_hours(1), vec![])],
        Over::Udp => {
            datagrams += 1;
            if datagrams > 4 { vec![(RTT, wire(&answer(q, one())))] } else { vec![] }
        }
    });
    let options = Options { shared: true, ..Options::default() };
    let exchange = client.ask(question("unlucky.internal."), &options).await;
    assert_eq!(exchange.addresses(), [SERVER]);
    let sent: Vec<_> = exchange.tries.iter().map(|t| (t.transport, t.sent.as_millis())).collect();
    let udp = |at| (Transport::Udp, at);
    assert_eq!(sent, [udp(0), udp(250), udp(600), (Transport::Tcp, 1250), udp(1600), udp(1950)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_query_is_retried_without_delaying_others() {
    let mut seen = 0;
    let (client, _link) = client(move |_, q| {
        seen += 1;
        if seen == 1 { vec![] } else { vec![(RTT, wire(&answer(q, one())))] }
    });
    let options = Options::default();
    let (first, second) = tokio::join!(
        client.ask(question("a.internal."), &options),
        client.ask(question("b.internal."), &options)
    );
    assert_eq!(ends(&first)[0], (Transport::Udp, TryEnd::NoResponse));
    assert_eq!(first.addresses(), [SERVER]);
    assert_eq!(second.tries.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_response_to_the_first_try_has_its_own_round_trip() {
    let mut seen = 0;
    let (client, _link) = client(move |_, q| {
        seen += 1;
        if seen == 1 { vec![(Duration::from_millis(300), wire(&answer(q, one())))] } else { vec![] }
    });
    let exchange = client.ask(question("a.internal."), &Options::default()).await;
    assert_eq!(exchange.rtt(), Some(Duration::from_millis(300)));
    assert_eq!(exchange.tries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn forged_and_stray_messages_are_ignored_and_counted() {
    let (client, _link) = client(|_, q| {
        let right = answer(q, one());
        let mut other_id = right.clone();
        other_id.metadata.id ^= 1;
        let mut other_question = right.clone();
        other_question.queries[0].set_name(Name::from_ascii("evil.internal.").unwrap());
        let ms = Duration::from_millis;
        vec![
            (ms(1), wire(&other_id)),
            (ms(2), wire(&other_question)),
            (ms(3), wire(q)),
            (ms(4), vec![0xff]),
            (ms(5), wire(&right)),
            (ms(6), wire(&right)),
        ]
    });
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(exchange.rtt(), Some(Duration::from_millis(5)));
    client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(
        client.ignored(),
        9,
        "one late duplicate of the first query, and four messages for each query"
    );
}

#[tokio::test(start_paused = true)]
async fn a_response_from_another_address_is_ignored() {
    let (state, link) = watch::channel(up());
    let serve: Serve = Box::new(|_, q| vec![(RTT, wire(&answer(q, one())))]);
    let from = SocketAddrV6::new(SERVER, 5353, 0, 0);
    let client = Client::new(
        &Fake {
            serve: Arc::new(Mutex::new(serve)),
            link,
            from,
            answers: Arc::new(Mutex::new(Box::new(|_| true))),
            rtt: Arc::new(Mutex::new(RTT)),
            on_handshake: Arc::new(Mutex::new(Box::new(|| ()))),
        },
        SERVER,
    )
    .unwrap();
    let options = Options { timeout: Duration::from_millis(100), ..Options::default() };
    let exchange = client.ask(question("web.internal."), &options).await;
    assert!(exchange.result.is_err());
    assert_eq!(client.ignored(), 1);
    drop(state);
}

#[tokio::test(start_paused = true)]
async fn a_truncated_response_is_repeated_over_tcp() {
    let big: Vec<String> = (0..90).map(|i| format!("{i:0255}")).collect();
    let want = big.concat();
    let (client, _link) = client(move |transport, q| match transport {
        Over::Udp => {
            let mut cut = answer(q, vec![]);
            cut.metadata.truncation = true;
            vec![(RTT, wire(&cut))]
        }
        Over::Tcp => vec![(RTT, wire(&answer(q, vec![RData::TXT(TXT::new(big.clone()))])))],
    });
    let exchange = client.ask(question("_instances.internal."), &Options::default()).await;
    assert_eq!(exchange.texts(), [want.into_bytes()]);
    assert_eq!(ends(&exchange)[0], (Transport::Udp, TryEnd::Truncated(RTT)));
    assert_eq!(exchange.result.unwrap().transport, Transport::Tcp);
}

#[tokio::test(start_paused = true)]
async fn formerr_is_retried_once_without_edns() {
    let (client, _link) = client(|_, q| {
        let mut reply = answer(q, vec![]);
        reply.metadata.response_code = ResponseCode::FormErr;
        if q.edns.is_some() { vec![(RTT, wire(&reply))] } else { vec![(RTT, wire(&answer(q, one())))] }
    });
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(
        ends(&exchange),
        [(Transport::Udp, TryEnd::NoEdns(RTT)), (Transport::Udp, TryEnd::Response(RTT))]
    );
}

#[tokio::test(start_paused = true)]
async fn every_rcode_is_a_response() {
    for code in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::NotImp, ResponseCode::NXDomain]
    {
        let (client, _link) = client(move |_, q| {
            let mut reply = answer(q, vec![]);
            reply.metadata.response_code = code;
            vec![(RTT, wire(&reply))]
        });
        assert_eq!(
            client.ask(question("web.internal."), &Options::default()).await.outcome(),
            Outcome::Rcode(code)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_port_is_reported_at_once() {
    let (client, _link) = client(|_, _| vec![(RTT, vec![])]);
    let began = clock::now();
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(exchange.result.unwrap_err(), Failure::Refused);
    assert_eq!(clock::now() - began, RTT);
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_is_reopened_once() {
    let mut connections = 0;
    let (client, _link) = client(move |_, q| {
        connections += 1;
        if connections == 1 { vec![] } else { vec![(RTT, wire(&answer(q, one())))] }
    });
    let options = Options { tcp: true, ..Options::default() };
    let exchange = client.ask(question("web.internal."), &options).await;
    assert_eq!(exchange.addresses(), [SERVER]);
    assert!(matches!(ends(&exchange)[0], (Transport::Tcp, TryEnd::Failed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closes_twice_is_an_error() {
    let (client, _link) = client(|_, _| vec![]);
    let options = Options { tcp: true, ..Options::default() };
    let exchange = client.ask(question("web.internal."), &options).await;
    assert!(matches!(exchange.result.unwrap_err(), Failure::Tcp(_)));
    assert_eq!(exchange.tries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn before_the_handshake_a_query_is_sent_once_and_its_timer_starts_with_the_link() {
    let (state, link) = watch::channel(LinkState::new(clock::now(), 1420));
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = sent.clone();
    let began = clock::now();
    let serve: Serve = Box::new(move |_, _| {
        log.lock().unwrap().push((clock::now() - began).as_millis());
        vec![]
    });
    let from = SocketAddrV6::new(SERVER, PORT, 0, 0);
    let client = Client::new(
        &Fake {
            serve: Arc::new(Mutex::new(serve)),
            link,
            from,
            answers: Arc::new(Mutex::new(Box::new(|_| true))),
            rtt: Arc::new(Mutex::new(RTT)),
            on_handshake: Arc::new(Mutex::new(Box::new(|| ()))),
        },
        SERVER,
    )
    .unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        state.send(up()).unwrap();
        std::future::pending::<()>().await;
    });
    client.ask(question("web.internal."), &Options::default()).await.result.unwrap_err();
    assert_eq!(sent.lock().unwrap()[..2], [0, 1250]);
}

#[tokio::test(start_paused = true)]
async fn the_window_is_never_exceeded_and_no_query_is_lost() {
    let flying = Arc::new(Mutex::new((0_usize, 0_usize)));
    let counter = flying.clone();
    let (client, _link) = client(move |_, q| {
        let mut count = counter.lock().unwrap();
        count.0 += 1;
        count.1 = count.1.max(count.0);
        let counter = counter.clone();
        tokio::spawn(async move {
            tokio::time::sleep(RTT).await;
            counter.lock().unwrap().0 -= 1;
        });
        vec![(RTT, wire(&answer(q, one())))]
    });
    let queries = (0..2000).map(|i| {
        let client = client.clone();
        tokio::spawn(
            async move { client.ask(question(&format!("m{i}.internal.")), &Options::default()).await },
        )
    });
    for query in queries.collect::<Vec<_>>() {
        assert_eq!(query.await.unwrap().addresses(), [SERVER]);
    }
    let most = flying.lock().unwrap().1;
    assert!((window::FIRST..=window::LARGEST + SPARE).contains(&most), "{most}");
}

/// Submits `count` queries at once.
fn submit(client: &Client, count: usize) -> mpsc::Receiver<(usize, Exchange)> {
    let (sender, answers) = mpsc::channel(count);
    let options = Arc::new(Options::default());
    for i in 0..count {
        client.submit(i, question(&format!("m{i}.internal.")), &options, &sender);
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn a_walk_shares_the_connection_until_it_is_blocked() {
    for stuck in [false, true] {
        let over = Arc::new(Mutex::new((0, 0)));
        let count = over.clone();
        let (client, _link) = client(move |transport, q| {
            let mut count = count.lock().unwrap();
            match transport {
                Over::Udp => count.0 += 1,
                Over::Tcp => count.1 += 1,
            }
            // A blocked server takes the tenth query and sends nothing more on this connection for an hour.
            let long = transport == Over::Tcp && stuck && count.1 >= 10;
            let delay = if long { Duration::from_hours(1) } else { Duration::ZERO };
            vec![(delay, wire(&answer(q, one())))]
        });
        client.connect();
        let mut answers = submit(&client, 600);
        let mut numbers = std::collections::BTreeSet::new();
        while let Some((number, exchange)) = answers.recv().await {
            assert_eq!(exchange.addresses(), [SERVER]);
            numbers.insert(number);
        }
        assert_eq!(numbers.len(), 600);
        let (udp, tcp) = *over.lock().unwrap();
        if stuck {
            assert_eq!(tcp, 10);
            assert!(udp >= 590, "{udp}");
        } else {
            assert!(tcp > 400 && udp + tcp == 600, "{udp} over UDP, {tcp} over TCP");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interactive_query_does_not_wait_for_a_walk() {
    let (client, _link) = client(|_, q| vec![(RTT, wire(&answer(q, one())))]);
    let walk = submit(&client, 1000);
    let began = clock::now();
    client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(clock::now() - began, RTT);
    assert!(walk.len() < 1000);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_truncated_response_is_followed_once() {
    let queries = Arc::new(Mutex::new(0));
    let counted = queries.clone();
    let (client, _link) = client(move |over, q| match over {
        Over::Tcp => {
            *counted.lock().unwrap() += 1;
            vec![(RTT, wire(&answer(q, one())))]
        }
        Over::Udp => {
            let mut cut = answer(q, vec![]);
            cut.metadata.truncation = true;
            vec![(RTT, wire(&cut)), (RTT, wire(&cut)), (RTT + RTT / 2, wire(&cut))]
        }
    });
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(exchange.addresses(), [SERVER]);
    assert_eq!((exchange.tries.len(), *queries.lock().unwrap(), client.ignored()), (2, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn over_another_path_the_round_trip_is_measured_again() {
    let rtt = Arc::new(Mutex::new(RTT));
    let late = rtt.clone();
    let (client, link) = client(move |_, q| vec![(*late.lock().unwrap(), wire(&answer(q, one())))]);
    for _ in 0..50 {
        client.ask(question("web.internal."), &Options::default()).await;
    }
    // The host has moved, and the round trip is ten times as long: no query is retried.
    link.send_modify(|link| link.since = clock::now());
    *rtt.lock().unwrap() = RTT * 10;
    let exchange = client.ask(question("web.internal."), &Options::default()).await;
    assert_eq!(ends(&exchange), [(Transport::Udp, TryEnd::Response(RTT * 10))]);
}
