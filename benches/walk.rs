//! What the machine's own work costs, without any wire: `cargo bench --bench walk`.
//!
//! A whole walk of 1,000 apps of 10 machines, app by app and by `_instances`, over answers in memory; the change
//! log of two snapshots; the payloads and messages that they are made of; a conf.

use std::hint::black_box;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{RData, Record, RecordType};
use sixpane::testing::catalog::Catalog;
use sixpane::testing::catalog::diff::changes;
use sixpane::testing::catalog::walk::{Response, Scope, Walk};
use sixpane::testing::dns::exchange::{Options, Question};
use sixpane::testing::dns::names::Form;
use sixpane::testing::dns::outcome::Outcome;
use sixpane::testing::dns::{message, payload};
use sixpane::testing::profile::parse::parse;

const MACHINES: usize = 10;

fn app(n: usize) -> String {
    format!("some-app-{n:04}")
}

fn id(n: usize, m: usize) -> String {
    format!("{:014x}", 0x0014_8e21_0000_0000_usize + n * 4096 + m)
}

fn address(n: usize, m: usize) -> Ipv6Addr {
    Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, n as u16, m as u16, 0xb83b, 2)
}

fn instances(apps: usize) -> String {
    let one =
        |n: usize, m: usize| format!("instance={},app={},ip={},region=iad", id(n, m), app(n), address(n, m));
    let all: Vec<String> = (0..apps).flat_map(|n| (0..MACHINES).map(move |m| one(n, m))).collect();
    all.join(";")
}

/// What a server with so many apps says to `form`.
fn answer(form: &Form, apps: usize, listed: Option<&str>) -> Response {
    let number = |name: &str| name.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let text = |text: String| (vec![text.into_bytes()], vec![]);
    let (texts, addresses) = match form {
        Form::Apps => text((0..apps).map(app).collect::<Vec<_>>().join(",")),
        Form::Instances => listed.map_or((vec![], vec![]), |listed| text(listed.into())),
        Form::Vms(name) => {
            let n = number(name.as_str());
            text((0..MACHINES).map(|m| format!("{} iad", id(n, m))).collect::<Vec<_>>().join(","))
        }
        Form::Vm(_, name) => (vec![], vec![address(number(name.as_str()), 0)]),
        _ => (vec![], vec![]),
    };
    let rtt = Some(Duration::from_millis(1));
    Response { outcome: Outcome::NOERROR, reason: None, texts, addresses, rtt, ttl: None }
}

fn walked(before: Arc<Catalog>, apps: usize, listed: Option<&str>) -> Arc<Catalog> {
    let now = Instant::now();
    let mut walk = Walk::new(before, Scope::Full, &[], now);
    while let Some(form) = walk.next_question() {
        walk.absorb(&form, &answer(&form, apps, listed), now);
    }
    walk.catalog().clone()
}

fn walk(c: &mut Criterion) {
    let mut group = c.benchmark_group("walk");
    group.sample_size(20);
    group.throughput(Throughput::Elements(12_003));
    group.bench_function("1,000 apps × 10, app by app", |b| {
        b.iter(|| black_box(walked(Arc::default(), 1000, None)).machine_count());
    });
    let listed = instances(75);
    group.throughput(Throughput::Elements(750));
    group.bench_function("75 apps × 10, by _instances", |b| {
        b.iter(|| black_box(walked(Arc::default(), 75, Some(&listed))).machine_count());
    });
    let before = walked(Arc::default(), 1000, None);
    let after = walked(before.clone(), 999, None);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("what changed between two snapshots of 10,000 machines", |b| {
        b.iter(|| changes(black_box(&before), black_box(&after)).len());
    });
    group.finish();
}

fn parses(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    let listed = instances(75);
    group.throughput(Throughput::Bytes(listed.len() as u64));
    group.bench_function("_instances of 750 machines", |b| {
        b.iter(|| payload::instances(black_box(listed.as_bytes())).0.len());
    });
    let question = Question::new("_instances.internal.".parse().expect("a name"), RecordType::TXT);
    let wire = message::write(&question, &Options::default(), 7, true).expect("a message");
    let mut reply = Message::from_vec(&wire).expect("a message");
    reply.metadata.message_type = MessageType::Response;
    let pieces =
        listed.as_bytes().chunks(255).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    reply.add_answer(Record::from_rdata(question.name.clone(), 5, RData::TXT(TXT::new(pieces))));
    let large = reply.to_vec().expect("it fits");
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("the message that holds it", |b| {
        b.iter(|| message::read(black_box(&large), &question));
    });
    let conf = b"[Interface]\nPrivateKey = aMUjLw0wnzZ1yzJVvNMQXEVJFlO0gOrHr1iTQqH1AVA=\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\n\
        DNS = fdaa:0:18::3\n\n[Peer]\nPublicKey = u8UVkXF7eXnJmkwkPIMxJzgHuzSGsbKKaPOgwYVhkx0=\nAllowedIPs = fdaa:0:18::/48\n\
        Endpoint = 192.0.2.1:51820\nPersistentKeepalive = 15\n";
    parse("my-peer", conf).expect("a good conf");
    group.throughput(Throughput::Bytes(conf.len() as u64));
    group.bench_function("a conf", |b| {
        b.iter_batched(|| conf, |conf| parse("my-peer", black_box(conf)).is_ok(), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, walk, parses);
criterion_main!(benches);
