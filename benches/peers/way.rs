//! A long way: how many round trips a tree takes, with 50 ms of delay each way, and what loss makes of it.
//!
//! The speed of a large response depends on the server's TCP. CUBIC is the default of Linux: it
//! sends what its window allows at once. BBR spreads it over the round trip, and a tree that hangs on one large answer
//! comes later by half of one.

use std::time::Duration;

use crate::gateway::{Gateway, write_private};
use crate::inside;
use crate::org::Org;
use crate::relay;
use crate::tell::{Figures, ratio};

const RUNS: usize = 5;
/// How the server's TCP sends.
const CUBIC: &str = "cubic";
/// Where the gateway listens, and where the relay does.
const ENDPOINT: &str = "10.6.0.2:51820";
const PORT: u16 = 5180;
const DELAY: Duration = Duration::from_millis(50);

pub fn measure() {
    println!("== a way of 100 ms there and back: from the start to the whole tree, in round trips");
    let names = |count: usize, name: &str| (0..count).map(|n| format!("{name}-{n:04}")).collect::<Vec<_>>();
    let few = ["web", "api", "db", "ui", "admin"].map(str::to_owned);
    rounds("16 machines", &Org::of(0x31, &few, 4), CUBIC, 2.2);
    let middle = Org::of(0x32, &names(74, "some-app"), 10);
    rounds("_instances of 60 KB", &middle, CUBIC, 5.3);
    rounds("  the same where the server's TCP is BBR", &middle, "bbr", 5.3);
    let large = Org::of(0x33, &names(1001, "some-app"), 10);
    let clear = rounds("1,000 apps, app by app", &large, CUBIC, 16.0);
    let bad = trees(&large, CUBIC, 0.05);
    assert!(bad.iter().all(|[stood, _, problems]| stood.is_finite() && *problems == 0.0), "a name was lost");
    let whole = |trees: &[[f64; 3]]| trees.iter().map(|[_, ended, _]| *ended).collect::<Vec<_>>();
    Figures::new(whole(&bad)).tell("the same with 5 % of the datagrams lost each way, to its end", "ms");
    ratio("  with loss ÷ without", &whole(&bad), &whole(&clear), 1.6);
}

fn rounds(what: &str, org: &Org, tcp: &str, at_most: f64) -> Vec<[f64; 3]> {
    let trees = trees(org, tcp, 0.0);
    let stood: Vec<f64> = trees.iter().map(|[stood, ..]| *stood).collect();
    assert!(trees.iter().all(|[.., problems]| *problems == 0.0), "{what}: a name was lost");
    ratio(what, &stood, &vec![DELAY.as_secs_f64() * 2e3; stood.len()], at_most);
    trees
}

fn trees(org: &Org, tcp: &str, loss: f64) -> Vec<[f64; 3]> {
    let gateway = Gateway::start(org);
    let (peer, interface) = (Org::peer_address(org.network), &gateway.interface);
    gateway.far.ip(&format!("-6 route replace {peer}/128 dev {interface} congctl {tcp}"));
    let machines = org.apps.iter().map(|app| app.machines.len()).sum();
    let text = std::fs::read_to_string(&gateway.conf).unwrap();
    let conf = gateway.folder.path().join("far.conf");
    write_private(&conf, &text.replace(ENDPOINT, &format!("127.0.0.1:{PORT}")));
    (0..RUNS)
        .map(|run| {
            let _relay = relay::start(&gateway.client, PORT, ENDPOINT, DELAY, loss, run as u64);
            std::thread::sleep(Duration::from_millis(200));
            inside::tree(&gateway, &conf, machines)
        })
        .collect()
}
