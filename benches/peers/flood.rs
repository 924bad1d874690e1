//! Thousands of questions: by the walk and by `dig -f`, beside dnsperf with and without a tunnel.

use std::time::{Duration, Instant};

use crate::gateway::Gateway;
use crate::org::Org;
use crate::tell::{Figures, ratio};

const RUNS: usize = 5;
/// A gateway takes at most one handshake of a peer in 20 ms.
const PAUSE: Duration = Duration::from_millis(200);

/// What dnsperf tells: questions a second, questions lost, the average time of an answer in microseconds.
pub struct Perf {
    pub rate: f64,
    pub lost: f64,
    pub latency: f64,
}

/// dnsperf with the questions of `file` once, at most `window` out at a time.
pub fn dnsperf(gateway: &Gateway, server: &str, file: &str, window: &str) -> Perf {
    let words = ["-s", server, "-d", file, "-n", "1", "-c", "1", "-T", "1", "-q", window, "-t", "2"];
    let output = gateway.client.output("dnsperf", &words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = |label: &str| -> f64 {
        let line =
            text.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label} in {text}"));
        let rest = line.split(label).nth(1).unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    Perf {
        rate: figure("Queries per second:"),
        lost: figure("Queries lost:"),
        latency: figure("Average Latency (s):") * 1e6,
    }
}

fn questions(org: &Org) -> Vec<String> {
    let mut all = Vec::new();
    for app in &org.apps {
        all.push(format!("vms.{}.internal TXT", app.name));
        all.extend(
            app.machines.iter().map(|machine| format!("{}.vm.{}.internal AAAA", machine.id, app.name)),
        );
    }
    all
}

pub fn measure() {
    let names: Vec<String> = (0..1001).map(|n| format!("some-app-{n:04}")).collect();
    let org = Org::of(0x2b, &names, 10);
    let gateway = Gateway::start(&org);
    let _tun = gateway.tun(&org);
    let list = questions(&org);
    let file = gateway.folder.path().join("questions");
    std::fs::write(&file, list.join("\n") + "\n").unwrap();
    let file = file.to_str().unwrap();
    let dns = org.dns().to_string();
    let asked = list.len() as f64;
    // In milliseconds, for all the questions.
    let [mut batch, mut walk, mut tun, mut bare]: [Vec<f64>; 4] = Default::default();
    for _ in 0..RUNS {
        let ours = |words: &[&str], command: &str| {
            std::thread::sleep(PAUSE);
            let start = Instant::now();
            let output = gateway.sixpane(command, words);
            let took = start.elapsed().as_secs_f64() * 1e3;
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && !errors.contains("did not answer"), "{errors}");
            (took, output)
        };
        batch.push(ours(&["-f", file, "+short"], "dig").0);
        let (took, output) = ours(&["--json"], "tree");
        let machines = String::from_utf8_lossy(&output.stdout).matches("\"address\":\"fdaa").count();
        assert!(machines >= 10_000, "{machines} machines with an address");
        walk.push(took);
        let best = |server: &str| {
            let runs = ["32", "64", "128", "256"].map(|window| dnsperf(&gateway, server, file, window));
            let best = runs.iter().filter(|run| run.lost == 0.0).map(|run| run.rate).fold(0.0, f64::max);
            asked / best * 1e3
        };
        tun.push(best(&dns));
        bare.push(best("10.6.0.2"));
    }
    println!("== {asked} questions");
    Figures::new(walk.clone()).tell("the walk of tree, start to exit", "ms");
    Figures::new(batch.clone()).tell("dig -f, start to exit", "ms");
    Figures::new(tun.clone()).tell("dnsperf through a TUN device, its best window without loss", "ms");
    Figures::new(bare.clone()).tell("dnsperf without a tunnel, its best window without loss", "ms");
    ratio("  the walk ÷ dnsperf without a tunnel", &walk, &bare, 1.25);
    ratio("  the walk ÷ dnsperf through a TUN device", &walk, &tun, 0.5);
    ratio("  dig -f ÷ dnsperf through a TUN device", &batch, &tun, 1.0 / 1.5);
}
