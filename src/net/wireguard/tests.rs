use std::net::Ipv6Addr;

use super::*;
use crate::net::packet;

const HERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 7, 0, 0, 2);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);
const ELSEWHERE: Ipv6Addr = Ipv6Addr::new(0xfdbb, 0, 0, 0, 0, 0, 0, 1);

fn client_addr() -> SocketAddr {
    "192.0.2.1:40000".parse().unwrap()
}

fn gateway_addr() -> SocketAddr {
    "192.0.2.2:51820".parse().unwrap()
}

fn configs() -> (Config, Config) {
    let (ours, theirs) = (Secret::new([0x11; 32]), Secret::new([0x22; 32]));
    let client = Config {
        private_key: ours.clone(),
        public_key: theirs.public_key(),
        preshared_key: None,
        allowed_ips: vec!["fdaa:0:18::/48".parse().unwrap()],
        keepalive: None,
        mtu: 1420,
    };
    let gateway = Config {
        private_key: theirs,
        public_key: ours.public_key(),
        allowed_ips: vec![Ipv6Net::from(HERE)],
        ..client.clone()
    };
    (client, gateway)
}

fn datagram(from: Ipv6Addr, to: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    let at = |ip, port| std::net::SocketAddrV6::new(ip, port, 0, 0);
    packet::udp(at(from, 40_000), at(to, 53), payload, 1420).unwrap()
}

/// A client and a gateway joined by a wire without delay, on a clock that the test moves.
struct Pair {
    client: Peer,
    gateway: Peer,
    now: Instant,
    /// All datagrams on the wire, with their sender.
    wire: Vec<(SocketAddr, Vec<u8>)>,
    /// Packets decrypted by the gateway and by the client.
    at_gateway: Vec<Vec<u8>>,
    at_client: Vec<Vec<u8>>,
}

impl Pair {
    fn new((client, gateway): (Config, Config)) -> Self {
        Self::limited((client, gateway), 1_000)
    }

    fn limited((client, gateway): (Config, Config), per_second: u64) -> Self {
        let now = Instant::now();
        let limiter = Limiter::new(&gateway.private_key, per_second);
        Self {
            client: Peer::new(&client, 0x0012_3456, now),
            gateway: Peer::responder(&gateway, 0x0065_4321, now, limiter),
            now,
            wire: Vec::new(),
            at_gateway: Vec::new(),
            at_client: Vec::new(),
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        #[cfg(feature = "virtual-clock")]
        mock_instant::MockClock::advance(by);
    }

    /// Carries datagrams and the replies to them until none is left.
    fn carry(&mut self, out: Outputs) {
        let mut moving = VecDeque::from(out.network);
        while let Some(Transmit { to, datagram }) = moving.pop_front() {
            let mut out = Outputs::default();
            if to == gateway_addr() {
                self.gateway.feed(self.now, client_addr(), &datagram, &mut out);
                self.at_gateway.append(&mut out.inner);
                self.wire.push((client_addr(), datagram));
            } else {
                self.client.feed(self.now, gateway_addr(), &datagram, &mut out);
                self.at_client.append(&mut out.inner);
                self.wire.push((gateway_addr(), datagram));
            }
            moving.extend(out.network);
        }
    }

    fn attach(&mut self) {
        let mut out = Outputs::default();
        self.client.set_endpoints(self.now, &[gateway_addr()], &mut out);
        self.carry(out);
    }

    fn send(&mut self, packet: &[u8]) {
        let mut out = Outputs::default();
        self.client.send(self.now, packet, &mut out);
        self.carry(out);
    }

    fn reply(&mut self, packet: &[u8]) {
        let mut out = Outputs::default();
        self.gateway.send(self.now, packet, &mut out);
        self.carry(out);
    }

    /// Lets time pass; both ends run their timers.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = [self.client.deadline(), self.gateway.deadline()].into_iter().flatten().min() {
            if at > end {
                break;
            }
            self.advance(at.saturating_duration_since(self.now));
            let mut out = Outputs::default();
            self.client.tick(self.now, &mut out);
            self.gateway.tick(self.now, &mut out);
            self.carry(out);
        }
        self.advance(end - self.now);
    }

    fn kinds(&self) -> Vec<(u8, usize)> {
        self.wire.iter().map(|(_, datagram)| (datagram[0], datagram.len())).collect()
    }
}

#[test]
fn queued_packets_are_sent_with_the_first_message_of_the_session() {
    let mut pair = Pair::new(configs());
    let (first, second) = (datagram(HERE, THERE, b"first"), datagram(HERE, THERE, b"second"));
    let mut out = Outputs::default();
    pair.client.send(pair.now, &first, &mut out);
    pair.client.send(pair.now, &second, &mut out);
    assert!(out.network.is_empty(), "no endpoint is known yet");
    assert_eq!(pair.client.link().phase, Phase::Resolving);

    pair.attach();
    assert_eq!(pair.at_gateway, [first, second]);
    // Initiation, response, confirming keepalive, and both packets padded to 64 bytes.
    assert_eq!(pair.kinds(), [(1, 148), (2, 92), (4, 32), (4, 96), (4, 96)]);
    let link = pair.client.link();
    assert_eq!((link.phase, link.initiations, link.error.clone()), (Phase::Up, 1, None));
    assert!(link.last_handshake.is_some() && link.handshake_rtt.is_some());
    assert_eq!(pair.gateway.link().phase, Phase::Up);
    assert_eq!(pair.gateway.link().endpoint, Some(client_addr()));
}

#[test]
fn padding_stops_at_the_mtu() {
    let mut pair = Pair::new(configs());
    pair.attach();
    pair.wire.clear();
    let full = datagram(HERE, THERE, &[7; 1420 - 48]);
    pair.send(&full);
    assert_eq!(pair.kinds(), [(4, 32 + 1420)]);
    assert_eq!(pair.at_gateway, [full]);
    pair.send(&[0x60; 1421]);
    assert_eq!(pair.client.link().drops.malformed, 1);
}

#[test]
fn a_full_queue_drops_the_oldest() {
    let mut pair = Pair::new(configs());
    let mut out = Outputs::default();
    for number in 0..300_u16 {
        pair.client.send(pair.now, &datagram(HERE, THERE, &number.to_be_bytes()), &mut out);
    }
    pair.attach();
    assert_eq!(pair.at_gateway.len(), QUEUE);
    assert_eq!(pair.at_gateway[0], datagram(HERE, THERE, &44_u16.to_be_bytes()));
    assert_eq!(pair.client.link().drops.overflow, 44);
}

#[test]
fn a_preshared_key_must_be_the_same_on_both_sides() {
    let (mut client, mut gateway) = configs();
    client.preshared_key = Some(Secret::new([9; 32]));
    gateway.preshared_key = Some(Secret::new([9; 32]));
    let mut pair = Pair::new((client.clone(), gateway.clone()));
    pair.attach();
    assert!(pair.client.has_session());

    gateway.preshared_key = Some(Secret::new([8; 32]));
    let mut pair = Pair::new((client, gateway));
    pair.attach();
    pair.pass(Duration::from_millis(1_500));
    let link = pair.client.link();
    assert_eq!((link.phase, link.initiations), (Phase::Handshaking, 2));
    assert_eq!(link.error, Some(LinkError::Silent(gateway_addr())));
}

#[test]
fn a_packet_from_outside_allowed_ips_is_dropped_and_counted() {
    let mut pair = Pair::new(configs());
    pair.attach();
    pair.reply(&datagram(ELSEWHERE, HERE, b"spoofed"));
    pair.reply(&datagram(THERE, HERE, b"honest"));
    assert_eq!(pair.at_client, [datagram(THERE, HERE, b"honest")]);
    assert_eq!(pair.client.link().drops.foreign, 1);

    // Authentic, but not IPv6: counted under another name.
    pair.reply(&[0x45; 60]);
    pair.reply(&[0x60; 60]);
    assert_eq!(pair.at_client.len(), 1);
    assert_eq!(pair.client.link().drops.malformed, 2);
}

#[test]
fn the_endpoint_moves_only_after_an_authenticated_packet() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let elsewhere: SocketAddr = "198.51.100.7:9".parse().unwrap();
    let mut out = Outputs::default();
    let genuine = datagram(THERE, HERE, b"moved");
    pair.gateway.send(pair.now, &genuine, &mut out);
    let sealed = out.network.pop().unwrap().datagram;

    let mut forged = sealed.clone();
    *forged.last_mut().unwrap() ^= 1;
    pair.client.feed(pair.now, elsewhere, &forged, &mut out);
    assert_eq!(pair.client.link().endpoint, Some(gateway_addr()));
    assert_eq!(pair.client.link().drops.outer, 1);

    pair.client.feed(pair.now, elsewhere, &sealed, &mut out);
    assert_eq!(pair.client.link().endpoint, Some(elsewhere));
    assert_eq!(out.inner, [genuine]);
}

#[test]
fn a_gateway_under_load_gets_its_cookie_on_the_next_try() {
    let mut pair = Pair::limited(configs(), 0);
    pair.attach();
    assert_eq!(pair.kinds(), [(1, 148), (3, 64)]);
    pair.pass(Duration::from_millis(300));
    assert!(pair.client.has_session());
    assert_eq!(pair.kinds(), [(1, 148), (3, 64), (1, 148), (2, 92), (4, 32)]);
}

#[test]
fn a_cookie_reply_from_another_address_does_not_move_the_endpoint() {
    let mut pair = Pair::limited(configs(), 0);
    let mut out = Outputs::default();
    pair.client.set_endpoints(pair.now, &[gateway_addr()], &mut out);
    let initiation = out.network.pop().unwrap().datagram;
    let stranger: SocketAddr = "198.51.100.7:9".parse().unwrap();
    pair.gateway.feed(pair.now, stranger, &initiation, &mut out);
    assert_eq!((out.network[0].to, out.network[0].datagram[0]), (stranger, COOKIE));
    assert_eq!(pair.gateway.link().endpoint, None);
}

#[test]
fn replayed_or_corrupted_datagrams_arrive_at_most_once() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let mut out = Outputs::default();
    let packets: Vec<_> = (0..20_u8).map(|number| datagram(THERE, HERE, &[number])).collect();
    for packet in &packets {
        pair.gateway.send(pair.now, packet, &mut out);
    }
    let sealed: Vec<_> = std::mem::take(&mut out.network);
    for Transmit { datagram, .. } in sealed.iter().rev() {
        for bit in [0, 33, 70, 8 * datagram.len() - 1] {
            let mut bent = datagram.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            pair.client.feed(pair.now, gateway_addr(), &bent, &mut out);
        }
        pair.client.feed(pair.now, gateway_addr(), datagram, &mut out);
        pair.client.feed(pair.now, gateway_addr(), datagram, &mut out);
    }
    let expected: Vec<_> = packets.into_iter().rev().collect();
    assert_eq!(out.inner, expected);
    assert_eq!(pair.client.link().drops.outer, 20 * 5);
}

#[test]
fn the_wire_carries_no_plain_text() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let secret = b"the query of _apps.internal";
    pair.send(&datagram(HERE, THERE, secret));
    pair.reply(&datagram(THERE, HERE, secret));
    assert_eq!((pair.at_gateway.len(), pair.at_client.len()), (1, 1));
    for (_, datagram) in &pair.wire {
        assert!(!datagram.windows(8).any(|window| secret.windows(8).any(|plain| plain == window)));
        assert!(!datagram.windows(16).any(|window| window == HERE.octets() || window == THERE.octets()));
    }
}

#[test]
fn datagrams_of_any_size_and_type_are_handled() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let index = pair.wire.iter().find(|(_, bytes)| bytes[0] == RESPONSE).map(|(_, bytes)| index_at(bytes, 8));
    let index = index.flatten().unwrap();
    let mut out = Outputs::default();
    for size in [0, 1, 3, 4, 15, 16, 31, 32, 64, 92, 148, 2_049, 3_000, 65_507, 65_535, 70_000] {
        for kind in 0..=5_u8 {
            let mut bytes = vec![0xff; size];
            if size >= 16 {
                bytes[..4].copy_from_slice(&[kind, 0, 0, 0]);
                bytes[4..8].copy_from_slice(&index.to_le_bytes());
                bytes[8..16].copy_from_slice(&7_u64.to_le_bytes());
            }
            pair.client.feed(pair.now, gateway_addr(), &bytes, &mut out);
            pair.gateway.feed(pair.now, client_addr(), &bytes, &mut out);
        }
    }
    assert!(out.inner.is_empty());
    assert_eq!(pair.client.link().drops.outer, 16 * 6);
    pair.send(&datagram(HERE, THERE, b"still here"));
    assert_eq!(pair.at_gateway.len(), 1);
}

#[test]
fn a_restarted_gateway_is_detected_by_three_silent_probes() {
    let mut pair = Pair::new(configs());
    pair.attach();
    pair.wire.clear();
    let (_, gateway) = configs();
    let limiter = Limiter::new(&gateway.private_key, 1_000);
    pair.gateway = Peer::responder(&gateway, 0x0077_7777, pair.now, limiter);
    for wait in [0, 150, 400, 450] {
        pair.pass(Duration::from_millis(wait));
        pair.send(&datagram(HERE, THERE, b"anyone?"));
    }
    assert!(pair.at_gateway.is_empty() || pair.client.has_session());
    pair.pass(Duration::from_millis(100));
    assert_eq!(pair.client.link().initiations, 2);
    assert_eq!(pair.client.link().phase, Phase::Up);
    pair.send(&datagram(HERE, THERE, b"again"));
    assert_eq!(pair.at_gateway.last(), Some(&datagram(HERE, THERE, b"again")));
}

#[test]
fn a_lost_gateway_is_down_and_back_within_a_second() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let query = datagram(HERE, THERE, b"anyone?");
    let mut lost = Outputs::default();
    // Nothing is carried any more.
    for _ in 0..80 {
        pair.advance(Duration::from_millis(100));
        pair.client.tick(pair.now, &mut lost);
        pair.client.send(pair.now, &query, &mut lost);
    }
    assert_eq!(pair.client.link().phase, Phase::Down);
    assert_eq!(pair.client.link().error, Some(LinkError::Silent(gateway_addr())));
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.client.link().phase, Phase::Up);
    assert_eq!(pair.client.link().error, None);
}

#[test]
fn copies_of_an_initiation_go_to_the_next_address() {
    let (client, _) = configs();
    let dead: SocketAddr = "[2001:db8::1]:51820".parse().unwrap();
    let mut pair = Pair::new(configs());
    pair.client = Peer::new(&client, 1, pair.now);
    let mut out = Outputs::default();
    pair.client.set_endpoints(pair.now, &[dead, gateway_addr()], &mut out);
    assert_eq!(out.network.pop().map(|transmit| transmit.to), Some(dead));
    pair.pass(Duration::from_millis(60));
    assert_eq!(pair.client.link().phase, Phase::Up);
    assert_eq!(pair.client.link().endpoint, Some(gateway_addr()));
    assert_eq!(pair.client.link().initiations, 1);
}

#[test]
fn a_host_without_one_family_tries_the_other_at_once() {
    let (client, _) = configs();
    let dead: SocketAddr = "[2001:db8::1]:51820".parse().unwrap();
    let mut pair = Pair::new(configs());
    pair.client = Peer::new(&client, 1, pair.now);
    let mut out = Outputs::default();
    pair.client.set_endpoints(pair.now, &[dead, gateway_addr()], &mut out);
    let mut out = Outputs::default();
    let unreachable = std::io::Error::from(std::io::ErrorKind::NetworkUnreachable);
    let error = LinkError::Send { to: dead, reason: (&unreachable).into() };
    pair.client.report_error(pair.now, dead, error, &mut out);
    pair.carry(out);
    assert_eq!(pair.client.link().phase, Phase::Up);
    assert_eq!(pair.client.link().error, None);
}

#[test]
fn a_closed_port_is_reported_at_once() {
    let mut pair = Pair::new(configs());
    let mut out = Outputs::default();
    pair.client.set_endpoints(pair.now, &[gateway_addr()], &mut out);
    let mut out = Outputs::default();
    pair.client.report_error(pair.now, gateway_addr(), LinkError::Refused(gateway_addr()), &mut out);
    assert_eq!(pair.client.link().error, Some(LinkError::Refused(gateway_addr())));
    assert!(out.network.is_empty(), "and not too often");
    pair.pass(Duration::from_millis(250));
    assert_eq!(pair.client.link().phase, Phase::Up);
    assert_eq!(pair.client.link().error, None);
}

/// One query every `gap`, answered after `rtt`, for an hour; counts the initiations on the wire.
fn an_hour_of_queries(gap: Duration, rtt: Duration) -> (u64, usize) {
    let mut pair = Pair::new(configs());
    pair.attach();
    let end = pair.now + Duration::from_hours(1);
    let mut asked = 0;
    while pair.now < end {
        pair.send(&datagram(HERE, THERE, b"query"));
        asked += 1;
        // Other calls into the peer while the response is on its way.
        let mut out = Outputs::default();
        for _ in 0..4 {
            pair.advance(rtt / 4);
            pair.client.tick(pair.now, &mut out);
        }
        pair.carry(out);
        pair.reply(&datagram(THERE, HERE, b"answer"));
        pair.pass(gap.saturating_sub(rtt));
    }
    assert_eq!(pair.at_gateway.len(), asked, "each query arrived");
    assert_eq!(pair.at_client.len(), asked, "and has a response");
    let initiations = pair.wire.iter().filter(|(_, datagram)| datagram[0] == INITIATION).count();
    (pair.client.link().initiations, initiations)
}

/// With the feature `virtual-clock`, boringtun's own timers run through the hour, too.
#[test]
fn sparse_traffic_makes_no_handshake_storm() {
    for (gap, rtt) in [(20, 4), (20, 400), (16, 200), (60, 300), (5, 80)] {
        let (gap, rtt) = (Duration::from_secs(gap), Duration::from_millis(rtt));
        let (counted, seen) = an_hour_of_queries(gap, rtt);
        assert_eq!(counted as usize, seen);
        assert!((15..=31).contains(&counted), "{counted} handshakes an hour at {gap:?} and {rtt:?}");
    }
}

#[test]
fn an_idle_peer_sends_nothing_and_has_no_error() {
    let mut pair = Pair::new(configs());
    pair.attach();
    pair.wire.clear();
    pair.pass(Duration::from_hours(2));
    assert_eq!(pair.wire, []);
    assert_eq!((pair.client.link().phase, pair.client.link().error.clone()), (Phase::Up, None));
    pair.send(&datagram(HERE, THERE, b"good morning"));
    assert_eq!(pair.at_gateway.len(), 1);
}

#[test]
fn data_of_another_client_are_distinguished_from_data_of_earlier_sessions() {
    let packet = datagram(THERE, HERE, b"for another");
    let mut pair = Pair::new(configs());
    pair.attach();
    pair.reply(&packet);
    let (_, data) = pair.wire.last().unwrap().clone();
    for (known, (strays, late)) in [(false, (1, 0)), (true, (0, 1))] {
        let mut next = Pair::new(configs());
        next.client = Peer::new(&configs().0, 0x0000_0001, next.now);
        if known {
            next.client.know(0x0012_3456);
        }
        next.attach();
        let mut out = Outputs::default();
        next.client.feed(next.now, gateway_addr(), &data, &mut out);
        let drops = next.client.link().drops;
        assert_eq!((drops.strays, drops.late, drops.alien), (strays, late, 0));
        assert_eq!(next.client.link().other_client, (strays > 0).then_some(next.now));
    }
    // A replaced session of this attachment.
    pair.advance(Duration::from_secs(1));
    for _ in 0..9 {
        let mut out = Outputs::default();
        pair.client.rehandshake(pair.now, &mut out);
        pair.carry(out);
        pair.advance(Duration::from_secs(1));
    }
    let mut out = Outputs::default();
    pair.client.feed(pair.now, gateway_addr(), &data, &mut out);
    assert_eq!((pair.client.link().drops.strays, pair.client.link().drops.late), (0, 1));
}

#[test]
fn datagrams_that_are_not_wireguard_are_counted() {
    let mut pair = Pair::new(configs());
    pair.attach();
    let mut out = Outputs::default();
    for datagram in [&b"HTTP/1.1 400\r\n"[..], b"", &[4, 0, 0, 0], &[2; 92], &[1, 0, 0, 0, 7]] {
        pair.client.feed(pair.now, gateway_addr(), datagram, &mut out);
    }
    // A forged one is WireGuard's.
    let forged = [&[4, 0, 0, 0][..], &[7; 60]].concat();
    pair.client.feed(pair.now, gateway_addr(), &forged, &mut out);
    assert_eq!((pair.client.link().drops.alien, pair.client.link().drops.outer), (5, 6));
}
