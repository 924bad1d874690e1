//! One question: as a whole command, and over a tunnel that is up; and what the programs weigh.

use crate::flood::dnsperf;
use crate::gateway::Gateway;
use crate::inside;
use crate::org::Org;
use crate::tell::{Figures, ratio, time};
use crate::world::Running;

const RUNS: usize = 10;
/// Questions of a run, one after the other.
const QUESTIONS: usize = 100;

pub fn measure() {
    let small = Org::small(0x18);
    let gateway = Gateway::start(&small);
    let tun = gateway.tun(&small);
    let (mut ours, mut theirs, mut tree) = (vec![], vec![], vec![]);
    let (mut our_one, mut their_one) = (vec![], vec![]);
    let file = gateway.folder.path().join("one");
    std::fs::write(&file, "web.internal AAAA\n".repeat(QUESTIONS)).unwrap();
    for _ in 0..RUNS {
        tree.push(time(|| gateway.sixpane("tree", &["--json"])));
        ours.push(time(|| gateway.sixpane("dig", &["+short", "web.internal"])));
        theirs.push(time(|| gateway.near_dig(&["+short", "web.internal", "AAAA"])));
        our_one.push(inside::one(&gateway, "web.internal", QUESTIONS));
        their_one.push(dnsperf(&gateway, &small.dns().to_string(), file.to_str().unwrap(), "1").latency);
    }
    println!("== one question");
    Figures::new(tree.clone()).tell("tree, 4 apps: start to exit", "ms");
    Figures::new(ours.clone()).tell("sixpane dig, start to exit, its own handshake included", "ms");
    Figures::new(theirs.clone()).tell("dig over a wireguard-go that is up", "ms");
    ratio("  sixpane dig ÷ dig", &ours, &theirs, 0.3);
    Figures::new(our_one.clone()).tell("one query, median, in a tunnel that is up", "µs");
    Figures::new(their_one.clone()).tell("one query of dnsperf through a TUN device, average", "µs");
    ratio("  our median ÷ dnsperf's average", &our_one, &their_one, 0.5);
    weight(&tun);
}

/// Memory at its peak, in kB: ours with 10,000 machines, and that of wireguard-go, which knows none.
fn weight(tun: &Running) {
    let names: Vec<String> = (0..1001).map(|n| format!("some-app-{n:04}")).collect();
    let org = Org::of(0x2c, &names, 10);
    let gateway = Gateway::start(&org);
    let ours = inside::peak(&gateway, 10_000);
    let theirs = peak_of(tun.0.id());
    println!("== memory at its peak");
    println!("{:<62} {:>9.1} MB", "the engine and the tree of 10,000 machines", ours as f64 / 1e3);
    println!("{:<62} {:>9.1} MB", "wireguard-go, which knows no machine", theirs as f64 / 1e3);
}

/// `VmHWM` of a process, in kB.
pub fn peak_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
