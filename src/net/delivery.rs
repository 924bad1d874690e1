//! Reports of the system and the path about a datagram that could not be delivered: the kind of an error, and ICMP errors
//! with their sender.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::Socket;
use tokio::net::UdpSocket;

/// An error of the system, with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemError {
    pub kind: ErrorKind,
    text: String,
}

/// Kind of an error on opening a socket or sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// EPERM, EACCES: a packet filter on this machine.
    Filtered,
    /// EMFILE, ENFILE: too many open files.
    NoFiles,
    /// EADDRINUSE: another program has the port.
    PortTaken,
    NoRoute,
    /// EHOSTUNREACH: the route leads to no host.
    NoHost,
    /// EADDRNOTAVAIL, EAFNOSUPPORT: no source address of the family.
    NoAddress,
    Other,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        use io::ErrorKind as Std;
        // EMFILE and ENFILE have no stable name in std; the numbers are the same on Linux, macOS and the BSDs.
        let kind = match (error.kind(), error.raw_os_error()) {
            (_, Some(23 | 24)) => ErrorKind::NoFiles,
            (Std::PermissionDenied, _) => ErrorKind::Filtered,
            (Std::AddrInUse, _) => ErrorKind::PortTaken,
            (Std::NetworkUnreachable | Std::NetworkDown, _) => ErrorKind::NoRoute,
            (Std::HostUnreachable, _) => ErrorKind::NoHost,
            (Std::AddrNotAvailable | Std::Unsupported, _) => ErrorKind::NoAddress,
            _ => ErrorKind::Other,
        };
        Self { kind, text: error.to_string() }
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An ICMP error about a datagram of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp {
    /// Sender; this machine itself if no neighbour has the address.
    pub by: IpAddr,
    pub kind: IcmpKind,
}

/// Meaning of an ICMP error (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpKind {
    NoRoute,
    NoHost,
    ClosedPort,
    Prohibited,
    Other,
}

impl fmt::Display for IcmpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoute => "no route to the network",
            Self::NoHost => "host unreachable",
            Self::ClosedPort => "port unreachable",
            Self::Prohibited => "administratively prohibited",
            Self::Other => "unreachable",
        })
    }
}

impl IcmpKind {
    fn of(ipv6: bool, kind: u8, code: u8) -> Self {
        match (ipv6, kind, code) {
            (false, 3, 0 | 5 | 6 | 11) | (true, 1, 0 | 2) => Self::NoRoute,
            (false, 3, 1 | 7 | 12) | (true, 1, 3) => Self::NoHost,
            (false, 3, 3) | (true, 1, 4) => Self::ClosedPort,
            (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => Self::Prohibited,
            _ => Self::Other,
        }
    }
}

/// Makes the system keep ICMP errors with their sender.
pub fn keep_icmp(socket: &Socket, to: SocketAddr) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt};
        // Without it, an error has no sender.
        let _ = if to.is_ipv4() {
            setsockopt(socket, sockopt::Ipv4RecvErr, &true)
        } else {
            setsockopt(socket, sockopt::Ipv6RecvErr, &true)
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, to);
}

/// The last ICMP error that was kept; the others are discarded.
#[cfg(target_os = "linux")]
pub fn icmp(socket: &UdpSocket) -> Option<Icmp> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

    /// Origins of an error in `linux/errqueue.h`; 1 is this machine, without ICMP.
    const ICMP: [u8; 2] = [2, 3];
    let mut last = None;
    let mut buffer = [0; 64];
    // An error with its sender, and the arrival time.
    let mut space = nix::cmsg_space!([u8; 64], [u8; 64]);
    loop {
        let mut into = [io::IoSliceMut::new(&mut buffer)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let Ok(got) = recvmsg::<()>(socket.as_raw_fd(), &mut into, Some(space.as_mut_slice()), flags) else {
            return last;
        };
        let found = got.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, from) if ICMP.contains(&error.ee_origin) => Some(Icmp {
                by: IpAddr::V4(Ipv4Addr::from(u32::from_be(from?.sin_addr.s_addr))),
                kind: IcmpKind::of(false, error.ee_type, error.ee_code),
            }),
            ControlMessageOwned::Ipv6RecvErr(error, from) if ICMP.contains(&error.ee_origin) => Some(Icmp {
                by: IpAddr::V6(Ipv6Addr::from(from?.sin6_addr.s6_addr)),
                kind: IcmpKind::of(true, error.ee_type, error.ee_code),
            }),
            _ => None,
        });
        last = found.or(last);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn icmp(_: &UdpSocket) -> Option<Icmp> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_kinds() {
        for (number, kind) in [
            (1, ErrorKind::Filtered),
            (13, ErrorKind::Filtered),
            (23, ErrorKind::NoFiles),
            (24, ErrorKind::NoFiles),
        ] {
            assert_eq!(SystemError::from(&io::Error::from_raw_os_error(number)).kind, kind, "{number}");
        }
        #[cfg(target_os = "linux")]
        for (number, kind) in [
            (98, ErrorKind::PortTaken),
            (99, ErrorKind::NoAddress),
            (101, ErrorKind::NoRoute),
            (113, ErrorKind::NoHost),
            (5, ErrorKind::Other),
        ] {
            assert_eq!(SystemError::from(&io::Error::from_raw_os_error(number)).kind, kind, "{number}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_icmp_error_has_its_sender() {
        for host in ["127.0.0.1", "::1"] {
            let host: IpAddr = host.parse().unwrap();
            let Ok(free) = UdpSocket::bind((host, 0)).await else { continue };
            let closed = free.local_addr().unwrap();
            drop(free);
            let socket = std::net::UdpSocket::bind((host, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(closed).unwrap();
            let socket = Socket::from(socket);
            keep_icmp(&socket, closed);
            let socket = UdpSocket::from_std(socket.into()).unwrap();
            assert_eq!(icmp(&socket), None);
            socket.send(b"there?").await.unwrap();
            assert!(socket.recv(&mut [0; 8]).await.is_err());
            assert_eq!(icmp(&socket), Some(Icmp { by: host, kind: IcmpKind::ClosedPort }));
        }
    }
}
