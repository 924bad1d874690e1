//! Arrival times of datagrams from the kernel: a busy machine reads them late, which must not look like network delay.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use tokio::net::UdpSocket;

/// Maximum believable age of a timestamp; a larger one means that the clock was set.
const LONGEST: Duration = Duration::from_secs(10);

/// Arrival time of the last datagram.
#[derive(Debug, Default)]
pub struct Clock {
    arrived: Option<Instant>,
    #[cfg(target_os = "linux")]
    space: Vec<u8>,
}

impl Clock {
    /// Kernel timestamp of the last datagram read, if any.
    pub fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// Reads one datagram and stores its timestamp.
    #[cfg(target_os = "linux")]
    pub fn recv(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::fd::AsRawFd as _;

        use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
        use nix::sys::time::TimeSpec;

        if self.space.is_empty() {
            self.space = nix::cmsg_space!(TimeSpec);
        }
        let mut into = [io::IoSliceMut::new(buffer)];
        let space = Some(self.space.as_mut_slice());
        let got = recvmsg::<()>(socket.as_raw_fd(), &mut into, space, MsgFlags::empty())?;
        let stamp = got.cmsgs().ok().and_then(|mut messages| {
            messages.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
                _ => None,
            })
        });
        let count = got.bytes;
        self.arrived = stamp.and_then(|at| instant(at, SystemTime::now(), Instant::now()));
        Ok(count)
    }

    /// Reads one datagram, without a timestamp.
    #[cfg(not(target_os = "linux"))]
    pub fn recv(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &*socket2::SockRef::from(socket), buffer)
    }
}

/// Enables kernel timestamps. Without them, the time of reading is used.
pub fn wanted(socket: &socket2::Socket) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::ReceiveTimestampns, &true);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Converts `at`, a time since 1970, to an instant; `wall` and `now` are the same moment.
fn instant(at: Duration, wall: SystemTime, now: Instant) -> Option<Instant> {
    let waited = wall.duration_since(SystemTime::UNIX_EPOCH + at).ok()?;
    if waited > LONGEST { None } else { now.checked_sub(waited) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_across_a_clock_change_are_ignored() {
        let (wall, now) = (SystemTime::UNIX_EPOCH + Duration::from_secs(1000), Instant::now());
        let at = |ms| instant(Duration::from_millis(ms), wall, now);
        assert_eq!(at(999_700), now.checked_sub(Duration::from_millis(300)));
        assert_eq!(at(1_000_001), None, "not received yet");
        assert_eq!(at(900_000), None, "it would have waited for long");
    }
}
