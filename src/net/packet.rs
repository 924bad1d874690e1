//! IPv6 packets: UDP, ICMPv6 echo and ICMPv6 errors, built and parsed without a socket or a clock.
//!
//! The parser is strict, since its input comes from the network: version 6, consistent lengths, correct checksum, no
//! fragment and no extension header (RFC 8200). It reports what it rejects as [`Malformed`].

use std::net::{Ipv6Addr, SocketAddrV6};

use smoltcp::wire::{Icmpv6Message, Icmpv6Packet, IpAddress, IpProtocol, Ipv6Packet, TcpPacket, UdpPacket};

use super::IcmpError;

/// Bytes of an IPv6 header (RFC 8200 §3).
pub const IPV6_HEADER: usize = 40;
/// Bytes of a UDP header.
pub const UDP_HEADER: usize = 8;
/// Bytes of the ICMPv6 header of an echo or an error (RFC 4443 §3, §4).
pub const ICMP_HEADER: usize = 8;
/// The smallest MTU an IPv6 link may have, and so the most an ICMPv6 error may be (RFC 4443 §2.4 c), in bytes.
pub const MIN_MTU: usize = 1280;
pub const HOP_LIMIT: u8 = 64;

/// Reason why bytes are rejected as a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("not an IPv6 packet")]
    Version,
    /// A length field disagrees with the number of bytes.
    #[error("wrong length")]
    Length,
    /// Wrong checksum, or zero in a UDP header, which IPv6 forbids (RFC 8200 §8.1).
    #[error("wrong checksum")]
    Checksum,
    /// A fragment (RFC 8200 §4.5). Reassembly is not supported.
    #[error("a fragment")]
    Fragment,
    /// Extension header or unsupported protocol, by its number.
    #[error("next header {0}")]
    NextHeader(u8),
    #[error("ICMPv6 type {0}")]
    IcmpType(u8),
    /// Invalid source: multicast or unspecified (RFC 4291 §2.5.2, §2.7).
    #[error("impossible source address")]
    Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packet of {bytes} bytes does not fit an MTU of {mtu}")]
pub struct TooBig {
    /// Size of the whole packet.
    pub bytes: usize,
    /// Limit in bytes.
    pub mtu: u16,
}

/// A parsed packet. The payload borrows the bytes it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub from: Ipv6Addr,
    pub to: Ipv6Addr,
    pub hop_limit: u8,
    pub inner: Inner<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner<'a> {
    Udp {
        src: u16,
        dst: u16,
        payload: &'a [u8],
    },
    /// An echo request (RFC 4443 §4.1).
    EchoRequest(Echo<'a>),
    /// An echo reply (RFC 4443 §4.2).
    EchoReply(Echo<'a>),
    /// An ICMPv6 error (RFC 4443 §3).
    Error {
        error: IcmpError,
        /// The packet that caused it.
        about: Quoted,
    },
    /// A TCP segment with its header. The TCP stack verifies the checksum.
    Tcp {
        src: u16,
        dst: u16,
        segment: &'a [u8],
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    pub ident: u16,
    pub seq: u16,
    /// Payload after the 8-byte header.
    pub data: &'a [u8],
}

/// The packet quoted by an ICMPv6 error, as far as it can be parsed: the quote may be truncated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    pub from: Ipv6Addr,
    pub to: Ipv6Addr,
    pub what: QuotedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotedKind {
    Udp {
        src: u16,
        dst: u16,
    },
    Tcp {
        src: u16,
        dst: u16,
    },
    Echo {
        ident: u16,
        seq: u16,
    },
    /// Another protocol, or truncated too early.
    Other,
}

impl<'a> Packet<'a> {
    /// Parses exactly one packet: no missing and no trailing bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let ip = Ipv6Packet::new_checked(bytes).map_err(|_| match bytes.first() {
            Some(first) if first >> 4 != 6 => Malformed::Version,
            _ => Malformed::Length,
        })?;
        if ip.version() != 6 {
            return Err(Malformed::Version);
        }
        if ip.total_len() != bytes.len() {
            return Err(Malformed::Length);
        }
        let (from, to) = (ip.src_addr(), ip.dst_addr());
        if from.is_multicast() || from.is_unspecified() {
            return Err(Malformed::Source);
        }
        let body = ip.payload();
        let inner = match ip.next_header() {
            IpProtocol::Udp => parse_udp(from, to, body)?,
            IpProtocol::Icmpv6 => parse_icmp(from, to, body)?,
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(body).map_err(|_| Malformed::Length)?;
                Inner::Tcp { src: tcp.src_port(), dst: tcp.dst_port(), segment: body }
            }
            IpProtocol::Ipv6Frag => return Err(Malformed::Fragment),
            other => return Err(Malformed::NextHeader(other.into())),
        };
        Ok(Self { from, to, hop_limit: ip.hop_limit(), inner })
    }
}

fn parse_udp(from: Ipv6Addr, to: Ipv6Addr, body: &[u8]) -> Result<Inner<'_>, Malformed> {
    let udp = UdpPacket::new_checked(body).map_err(|_| Malformed::Length)?;
    if usize::from(udp.len()) != body.len() {
        return Err(Malformed::Length);
    }
    if udp.checksum() == 0 || !udp.verify_checksum(&IpAddress::Ipv6(from), &IpAddress::Ipv6(to)) {
        return Err(Malformed::Checksum);
    }
    Ok(Inner::Udp { src: udp.src_port(), dst: udp.dst_port(), payload: udp.payload() })
}

fn parse_icmp(from: Ipv6Addr, to: Ipv6Addr, body: &[u8]) -> Result<Inner<'_>, Malformed> {
    let [kind, code, ..] = *body else { return Err(Malformed::Length) };
    let message = Icmpv6Message::from(kind);
    let error = match message {
        Icmpv6Message::EchoRequest | Icmpv6Message::EchoReply => None,
        Icmpv6Message::DstUnreachable => Some(IcmpError::Unreachable(code)),
        Icmpv6Message::PktTooBig => Some(IcmpError::PacketTooBig(0)),
        Icmpv6Message::TimeExceeded => Some(IcmpError::TimeExceeded(code)),
        Icmpv6Message::ParamProblem => Some(IcmpError::ParameterProblem(code)),
        _ => return Err(Malformed::IcmpType(kind)),
    };
    let icmp = Icmpv6Packet::new_checked(body).map_err(|_| Malformed::Length)?;
    if !icmp.verify_checksum(&from, &to) {
        return Err(Malformed::Checksum);
    }
    let data = icmp.payload();
    Ok(match error {
        Some(IcmpError::PacketTooBig(_)) => {
            Inner::Error { error: IcmpError::PacketTooBig(icmp.pkt_too_big_mtu()), about: quoted(data)? }
        }
        Some(error) => Inner::Error { error, about: quoted(data)? },
        None => {
            let echo = Echo { ident: icmp.echo_ident(), seq: icmp.echo_seq_no(), data };
            if message == Icmpv6Message::EchoRequest {
                Inner::EchoRequest(echo)
            } else {
                Inner::EchoReply(echo)
            }
        }
    })
}

/// Parses the start of a quoted packet. The length field describes the whole packet and is not checked.
fn quoted(bytes: &[u8]) -> Result<Quoted, Malformed> {
    let Some((header, body)) = bytes.split_at_checked(IPV6_HEADER) else { return Err(Malformed::Length) };
    let ip = Ipv6Packet::new_unchecked(header);
    if ip.version() != 6 {
        return Err(Malformed::Version);
    }
    let what = match (ip.next_header(), body) {
        (IpProtocol::Udp, &[a, b, c, d, ..]) => {
            QuotedKind::Udp { src: u16::from_be_bytes([a, b]), dst: u16::from_be_bytes([c, d]) }
        }
        (IpProtocol::Tcp, &[a, b, c, d, ..]) => {
            QuotedKind::Tcp { src: u16::from_be_bytes([a, b]), dst: u16::from_be_bytes([c, d]) }
        }
        (IpProtocol::Icmpv6, &[kind, _, _, _, a, b, c, d, ..])
            if kind == u8::from(Icmpv6Message::EchoRequest) =>
        {
            QuotedKind::Echo { ident: u16::from_be_bytes([a, b]), seq: u16::from_be_bytes([c, d]) }
        }
        _ => QuotedKind::Other,
    };
    Ok(Quoted { from: ip.src_addr(), to: ip.dst_addr(), what })
}

/// Builds a UDP datagram. `mtu` limits the whole packet, in bytes.
pub fn udp(from: SocketAddrV6, to: SocketAddrV6, payload: &[u8], mtu: u16) -> Result<Vec<u8>, TooBig> {
    let (source, target) = (*from.ip(), *to.ip());
    let size = UDP_HEADER + payload.len();
    let mut bytes = header(source, target, HOP_LIMIT, IpProtocol::Udp, size, mtu)?;
    let mut udp = UdpPacket::new_unchecked(&mut bytes[IPV6_HEADER..]);
    udp.set_src_port(from.port());
    udp.set_dst_port(to.port());
    udp.set_len(size as u16);
    udp.payload_mut().copy_from_slice(payload);
    udp.fill_checksum(&IpAddress::Ipv6(source), &IpAddress::Ipv6(target));
    Ok(bytes)
}

/// Builds an echo request. `mtu` limits the whole packet, in bytes.
pub fn echo_request(
    from: Ipv6Addr,
    to: Ipv6Addr,
    hop_limit: u8,
    echo: Echo<'_>,
    mtu: u16,
) -> Result<Vec<u8>, TooBig> {
    let word = [echo.ident.to_be_bytes(), echo.seq.to_be_bytes()].concat();
    icmp(from, to, hop_limit, (Icmpv6Message::EchoRequest.into(), 0), &word, echo.data, mtu)
}

/// Builds an echo reply. `mtu` limits the whole packet, in bytes.
pub fn echo_reply(from: Ipv6Addr, to: Ipv6Addr, echo: Echo<'_>, mtu: u16) -> Result<Vec<u8>, TooBig> {
    let word = [echo.ident.to_be_bytes(), echo.seq.to_be_bytes()].concat();
    icmp(from, to, HOP_LIMIT, (Icmpv6Message::EchoReply.into(), 0), &word, echo.data, mtu)
}

/// Builds an ICMPv6 error that quotes as much of `original` as fits into 1,280 bytes (RFC 4443 §2.4 c).
pub fn icmp_error(from: Ipv6Addr, to: Ipv6Addr, error: IcmpError, original: &[u8]) -> Vec<u8> {
    let (kind, code, word) = match error {
        IcmpError::Unreachable(code) => (Icmpv6Message::DstUnreachable, code, 0),
        IcmpError::PacketTooBig(mtu) => (Icmpv6Message::PktTooBig, 0, mtu),
        IcmpError::TimeExceeded(code) => (Icmpv6Message::TimeExceeded, code, 0),
        IcmpError::ParameterProblem(code) => (Icmpv6Message::ParamProblem, code, 0),
    };
    let room = MIN_MTU - IPV6_HEADER - ICMP_HEADER;
    let quote = original.get(..room).unwrap_or(original);
    icmp(from, to, HOP_LIMIT, (kind.into(), code), &word.to_be_bytes(), quote, MIN_MTU as u16)
        .unwrap_or_default()
}

/// Builds an ICMPv6 message: type and code, four type-specific bytes of header, and data.
fn icmp(
    from: Ipv6Addr,
    to: Ipv6Addr,
    hop_limit: u8,
    (kind, code): (u8, u8),
    word: &[u8],
    data: &[u8],
    mtu: u16,
) -> Result<Vec<u8>, TooBig> {
    let mut bytes = header(from, to, hop_limit, IpProtocol::Icmpv6, ICMP_HEADER + data.len(), mtu)?;
    let body = &mut bytes[IPV6_HEADER..];
    body[0] = kind;
    body[1] = code;
    body[4..ICMP_HEADER].copy_from_slice(word);
    body[ICMP_HEADER..].copy_from_slice(data);
    Icmpv6Packet::new_unchecked(body).fill_checksum(&from, &to);
    Ok(bytes)
}

/// Builds an IPv6 header followed by `body` zero bytes.
fn header(
    from: Ipv6Addr,
    to: Ipv6Addr,
    hop_limit: u8,
    next: IpProtocol,
    body: usize,
    mtu: u16,
) -> Result<Vec<u8>, TooBig> {
    let bytes = IPV6_HEADER + body;
    if bytes > usize::from(mtu) {
        return Err(TooBig { bytes, mtu });
    }
    let mut packet = vec![0; bytes];
    let mut ip = Ipv6Packet::new_unchecked(&mut packet);
    ip.set_version(6);
    ip.set_payload_len(body as u16);
    ip.set_next_header(next);
    ip.set_hop_limit(hop_limit);
    ip.set_src_addr(from);
    ip.set_dst_addr(to);
    Ok(packet)
}

#[cfg(test)]
mod tests;
