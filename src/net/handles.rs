//! Sockets, streams and echo sources: handles on a shared [`Stack`].
//!
//! The stack is behind a lock that is held while one packet is handled and never across an await. A handle that has
//! something to send wakes the driver task.

use std::io;
use std::net::SocketAddrV6;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use smoltcp::iface::SocketHandle;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, mpsc};

use super::stack::{Stack, detached};
use super::{Arrival, Datagrams, EchoEvent, EchoRequest, Echoes};
use crate::clock::now;

/// A shared stack and the wake-up signal of its driver task.
pub struct Host {
    stack: Mutex<Stack>,
    bell: Notify,
}

impl Host {
    /// Shares a stack between handles.
    pub fn new(stack: Stack) -> Arc<Self> {
        Arc::new(Self { stack: Mutex::new(stack), bell: Notify::new() })
    }

    /// Locks the stack for the driver. Hold it briefly, never across an await.
    pub fn stack(&self) -> MutexGuard<'_, Stack> {
        // A panic elsewhere leaves the tables consistent: each call changes one entry.
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a handle wakes the driver.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    pub fn ring(&self) {
        self.bell.notify_one();
    }

    pub fn udp(self: &Arc<Self>) -> io::Result<Udp> {
        let (port, arrivals) = self.stack().bind()?;
        Ok(Udp { host: Arc::clone(self), port, arrivals: tokio::sync::Mutex::new(arrivals) })
    }

    pub fn echo(self: &Arc<Self>) -> io::Result<EchoSource> {
        let (ident, events) = self.stack().echo()?;
        Ok(EchoSource { host: Arc::clone(self), ident, events })
    }

    pub async fn connect(self: &Arc<Self>, to: SocketAddrV6) -> io::Result<TcpStream> {
        let started = now();
        let handle = self.stack().connect(to)?;
        let stream = TcpStream { host: Arc::clone(self), handle };
        self.ring();
        std::future::poll_fn(|cx| {
            let mut stack = self.stack();
            if stack.is_closed() {
                return Poll::Ready(Err(detached()));
            }
            stack.tcp().poll_connected(handle, started, now(), cx)
        })
        .await?;
        Ok(stream)
    }

    pub fn listen(self: &Arc<Self>, port: u16) -> io::Result<Listener> {
        let connections = self.stack().tcp().listen(port)?;
        Ok(Listener { host: Arc::clone(self), connections })
    }
}

/// A UDP socket in the tunnel.
pub struct Udp {
    host: Arc<Host>,
    port: u16,
    arrivals: tokio::sync::Mutex<mpsc::Receiver<Arrival>>,
}

impl Datagrams for Udp {
    fn send(&self, to: SocketAddrV6, payload: &[u8]) -> io::Result<()> {
        self.host.stack().send(self.port, to, payload)?;
        self.host.ring();
        Ok(())
    }

    async fn recv(&self) -> io::Result<Arrival> {
        self.arrivals.lock().await.recv().await.ok_or_else(detached)
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        self.host.stack().unbind(self.port);
    }
}

/// A source of echo requests in the tunnel.
pub struct EchoSource {
    host: Arc<Host>,
    ident: u16,
    events: mpsc::Receiver<EchoEvent>,
}

impl Echoes for EchoSource {
    fn send(&self, request: EchoRequest) -> io::Result<Instant> {
        let sent = now();
        self.host.stack().request(self.ident, request, sent)?;
        self.host.ring();
        Ok(sent)
    }

    fn poll_recv(&mut self, task: &mut Context<'_>) -> Poll<io::Result<EchoEvent>> {
        self.events.poll_recv(task).map(|event| event.ok_or_else(detached))
    }
}

impl Drop for EchoSource {
    fn drop(&mut self) {
        self.host.stack().unecho(self.ident);
    }
}

/// A TCP stream in the tunnel.
pub struct TcpStream {
    host: Arc<Host>,
    handle: SocketHandle,
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.host.stack().tcp().poll_read(self.handle, buffer.initialize_unfilled(), cx);
        read.map_ok(|count| {
            buffer.advance(count);
            // The receive window has grown; the peer must be informed.
            self.host.ring();
        })
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.host.stack().tcp().poll_write(self.handle, bytes, cx);
        written.map_ok(|count| {
            self.host.ring();
            count
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Written data is sent without a flush.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.host.stack().tcp().finish(self.handle);
        self.host.ring();
        Poll::Ready(Ok(()))
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.host.stack().tcp().release(self.handle, now());
        self.host.ring();
    }
}

/// A listening TCP port.
pub struct Listener {
    host: Arc<Host>,
    connections: mpsc::Receiver<SocketHandle>,
}

impl Listener {
    pub async fn accept(&mut self) -> io::Result<TcpStream> {
        let handle = self.connections.recv().await.ok_or_else(detached)?;
        Ok(TcpStream { host: Arc::clone(&self.host), handle })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connections.close();
        // Release connections that were never accepted.
        while let Ok(handle) = self.connections.try_recv() {
            self.host.stack().tcp().release(handle, now());
        }
        self.host.ring();
    }
}
