//! When a datagram came, by the kernel: a busy machine reads it later, and that must not look like a slow network.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use tokio::net::UdpSocket;

/// A datagram that waited longer for us does so because a clock was set.
const LONGEST: Duration = Duration::from_secs(10);

/// When the last datagram came.
#[derive(Debug, Default)]
pub struct Clock {
    arrived: Option<Instant>,
    #[cfg(target_os = "linux")]
    space: Vec<u8>,
}

impl Clock {
    /// When the datagram that was read last came, where the kernel said it.
    pub fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// Reads one datagram, and remembers when it came.
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
        let told = got.cmsgs().ok().and_then(|mut told| {
            told.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
                _ => None,
            })
        });
        let count = got.bytes;
        self.arrived = told.and_then(|at| instant(at, SystemTime::now(), Instant::now()));
        Ok(count)
    }

    /// Reads one datagram; when it came is not told here.
    #[cfg(not(target_os = "linux"))]
    pub fn recv(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &*socket2::SockRef::from(socket), buffer)
    }
}

/// Asks the kernel to say when datagrams come. Where it does not, the time at which they are read has to do.
pub fn wanted(socket: &socket2::Socket) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::ReceiveTimestampns, &true);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// The moment that the time of day `at`, as time since 1970, was, when `wall` and `now` are the same moment.
fn instant(at: Duration, wall: SystemTime, now: Instant) -> Option<Instant> {
    let waited = wall.duration_since(SystemTime::UNIX_EPOCH + at).ok()?;
    if waited > LONGEST { None } else { now.checked_sub(waited) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_not_believed() {
        let (wall, now) = (SystemTime::UNIX_EPOCH + Duration::from_secs(1000), Instant::now());
        let at = |ms| instant(Duration::from_millis(ms), wall, now);
        assert_eq!(at(999_700), now.checked_sub(Duration::from_millis(300)));
        assert_eq!(at(1_000_001), None, "it has not come yet");
        assert_eq!(at(900_000), None, "it would have waited for long");
    }
}
