use proptest::prelude::*;

use super::*;

const HERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 7, 0, 0, 2);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);

fn at(ip: Ipv6Addr, port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(ip, port, 0, 0)
}

fn query() -> Vec<u8> {
    udp(at(HERE, 40_000), at(THERE, 53), b"query", 1420).unwrap()
}

#[test]
fn a_known_udp_datagram() {
    // 40 + 8 + 5 bytes; checksum calculated by hand with the pseudo-header of RFC 8200 §8.1.
    let bytes = query();
    let words: u32 = [0xfdaa_u32, 0, 0x18, 0xa7b, 7, 0, 0, 2, 0xfdaa, 0, 0x18, 0, 0, 0, 0, 3]
        .iter()
        .chain(&[13, 17, 40_000, 53, 13, 0x7175, 0x6572, 0x7900])
        .sum();
    let sum = !(((words & 0xffff) + (words >> 16)) as u16);
    assert_eq!(bytes.len(), 53);
    assert_eq!(&bytes[..8], &[0x60, 0, 0, 0, 0, 13, 17, 64]);
    assert_eq!(&bytes[46..48], &sum.to_be_bytes());
}

#[test]
fn truncated_padded_and_unknown_packets_are_rejected_with_a_reason() {
    let good = query();
    assert!(Packet::parse(&good).is_ok());
    let change = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        Packet::parse(&bytes).unwrap_err()
    };
    assert_eq!(change(0, 0x45), Malformed::Version);
    assert_eq!(change(5, 12), Malformed::Length);
    assert_eq!(change(6, 44), Malformed::Fragment);
    assert_eq!(change(6, 0), Malformed::NextHeader(0));
    assert_eq!(change(6, 60), Malformed::NextHeader(60));
    assert_eq!(change(8, 0xff), Malformed::Source);
    assert_eq!(change(45, 12), Malformed::Length);
    assert_eq!(change(52, b'Y'), Malformed::Checksum);

    let mut padded = good.clone();
    padded.push(0);
    assert_eq!(Packet::parse(&padded), Err(Malformed::Length));
    assert_eq!(Packet::parse(&good[..52]), Err(Malformed::Length));
    assert_eq!(Packet::parse(&[0x45]), Err(Malformed::Version));
    assert_eq!(Packet::parse(&[]), Err(Malformed::Length));

    let mut unsummed = good.clone();
    unsummed[46..48].fill(0);
    assert_eq!(Packet::parse(&unsummed), Err(Malformed::Checksum));
}

#[test]
fn an_error_quotes_its_packet() {
    let echo = Echo { ident: 7, seq: 9, data: &[1; 40] };
    let cases = [
        (query(), QuotedKind::Udp { src: 40_000, dst: 53 }),
        (echo_request(HERE, THERE, 1, echo, 1420).unwrap(), QuotedKind::Echo { ident: 7, seq: 9 }),
        (echo_reply(HERE, THERE, echo, 1420).unwrap(), QuotedKind::Other),
    ];
    for (original, what) in cases {
        let bytes = icmp_error(THERE, HERE, IcmpError::TimeExceeded(0), &original);
        let packet = Packet::parse(&bytes).unwrap();
        let about = Quoted { from: HERE, to: THERE, what };
        assert_eq!(packet.inner, Inner::Error { error: IcmpError::TimeExceeded(0), about });
    }
}

#[test]
fn an_error_never_exceeds_the_minimum_mtu() {
    let original = udp(at(HERE, 1), at(THERE, 2), &[0; 1372], 1420).unwrap();
    let bytes = icmp_error(THERE, HERE, IcmpError::PacketTooBig(1280), &original);
    assert_eq!(bytes.len(), MIN_MTU);
    let packet = Packet::parse(&bytes).unwrap();
    let about = Quoted { from: HERE, to: THERE, what: QuotedKind::Udp { src: 1, dst: 2 } };
    assert_eq!(packet.inner, Inner::Error { error: IcmpError::PacketTooBig(1280), about });
}

#[test]
fn a_payload_over_the_mtu_is_not_built() {
    assert!(udp(at(HERE, 1), at(THERE, 2), &[0; 1232], 1280).is_ok());
    assert_eq!(udp(at(HERE, 1), at(THERE, 2), &[0; 1233], 1280), Err(TooBig { bytes: 1281, mtu: 1280 }));
    let echo = Echo { ident: 0, seq: 0, data: &[0; 1233] };
    assert_eq!(echo_request(HERE, THERE, 64, echo, 1280), Err(TooBig { bytes: 1281, mtu: 1280 }));
}

fn any_ip() -> impl Strategy<Value = Ipv6Addr> {
    any::<[u8; 15]>().prop_map(|tail| {
        let mut octets = [0xfd; 16];
        octets[1..].copy_from_slice(&tail);
        Ipv6Addr::from(octets)
    })
}

proptest! {
    #[test]
    fn udp_round_trips_unchanged(
        from in any_ip(), to in any_ip(), src: u16, dst: u16, payload in prop::collection::vec(any::<u8>(), 0..1372),
    ) {
        let bytes = udp(at(from, src), at(to, dst), &payload, 1420).unwrap();
        let inner = Inner::Udp { src, dst, payload: &payload };
        prop_assert_eq!(Packet::parse(&bytes), Ok(Packet { from, to, hop_limit: HOP_LIMIT, inner }));
    }

    #[test]
    fn echo_round_trips_unchanged(
        from in any_ip(), to in any_ip(), hop_limit: u8, ident: u16, seq: u16,
        data in prop::collection::vec(any::<u8>(), 0..1372),
    ) {
        let echo = Echo { ident, seq, data: &data };
        let bytes = echo_request(from, to, hop_limit, echo, 1420).unwrap();
        prop_assert_eq!(Packet::parse(&bytes), Ok(Packet { from, to, hop_limit, inner: Inner::EchoRequest(echo) }));
        let bytes = echo_reply(from, to, echo, 1420).unwrap();
        prop_assert_eq!(Packet::parse(&bytes).unwrap().inner, Inner::EchoReply(echo));
    }

    #[test]
    fn every_flipped_bit_after_the_header_is_detected(bit in 320_usize..424) {
        let mut bytes = query();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Packet::parse(&bytes).is_err());
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Packet::parse(&bytes);
    }

    #[test]
    fn garbage_after_a_valid_header_never_panics(
        next in prop::sample::select(vec![0_u8, 6, 17, 43, 44, 50, 58, 60]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = header(HERE, THERE, 64, IpProtocol::from(next), body.len(), 1420).unwrap();
        bytes[IPV6_HEADER..].copy_from_slice(&body);
        let _ = Packet::parse(&bytes);
        let _ = quoted(&bytes);
        let _ = Packet::parse(&icmp_error(THERE, HERE, IcmpError::Unreachable(4), &bytes));
    }
}
