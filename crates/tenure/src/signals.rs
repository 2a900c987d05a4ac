//! What the system tells the program.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What somebody wants of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Read the project again.
    Reload,
    /// End.
    End,
}

/// Waits for signals.
#[derive(Debug)]
pub(crate) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on; nothing that comes later is missed.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.hangup.recv() => Wish::Reload,
            _ = self.terminate.recv() => Wish::End,
            _ = self.interrupt.recv() => Wish::End,
        }
    }

    /// Done once somebody wants the program to end.
    pub(crate) async fn end(&mut self) {
        while self.next().await != Wish::End {}
    }
}
