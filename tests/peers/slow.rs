//! Slow links to wireguard-go: whatever the round trip, our own handshakes lose no data.

use std::time::{Duration, Instant};

use crate::gateway::Gateway;
use crate::org::Org;
use crate::relay;
use crate::world::possible;

const ENDPOINT: &str = "10.6.0.2:51820";
const PORT: u16 = 5180;
const PINGS: usize = 10;

/// Prints a row a round trip: time to the first tree, and to 10 pings, their loss.
#[test]
fn a_slow_link_loses_no_ping() {
    if !possible() {
        return;
    }
    let gateway = Gateway::start(&Org::small(0x18));
    gateway.change_conf("Endpoint", &format!("127.0.0.1:{PORT}"));
    println!("RTT ms | tree ms | 10 pings ms | lost");
    for rtt in [0, 100, 250, 300, 600, 1_000, 2_000, 3_000].map(Duration::from_millis) {
        let _relay = relay::start(&gateway.client, PORT, ENDPOINT, rtt / 2, 0.0, 1);
        let start = Instant::now();
        let tree = gateway.sixpane("tree", &["--json"]);
        let first = start.elapsed();
        let start = Instant::now();
        let pings = gateway.sixpane("ping", &["gateway", "-c", "10", "-i", "0.1", "--json"]);
        let second = start.elapsed();
        let text = String::from_utf8_lossy(&pings.stdout);
        let replies = text.lines().filter(|line| line.contains("\"reply\"")).count();
        let lost = PINGS - replies.min(PINGS);
        println!("{} | {} | {} | {lost}", rtt.as_millis(), first.as_millis(), second.as_millis());
        assert_eq!(tree.status.code(), Some(0), "{rtt:?}: {}", String::from_utf8_lossy(&tree.stderr));
        assert_eq!((pings.status.code(), lost), (Some(0), 0), "{rtt:?}: {text}");
    }
}
