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
    /// Whether it was started to stay, as `nohup` does.
    outlives_terminal: bool,
}

impl Signals {
    /// Listens from now on; nothing that comes later is missed.
    pub(crate) fn listen() -> io::Result<Self> {
        // To be read before the next line changes it.
        let outlives_terminal = ignores_hangup();
        Ok(Self {
            outlives_terminal,
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

    /// Done once somebody wants the daemon to end.
    pub(crate) async fn term(&mut self) {
        while self.next().await != Wish::End {}
    }

    /// Done once somebody wants a command to end; closing its terminal is such a wish.
    pub(crate) async fn end(&mut self) {
        while self.next().await == Wish::Reload && self.outlives_terminal {}
    }
}

/// Whether the process was started with SIGHUP ignored; elsewhere than on Linux nobody says so.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signals count from 1, and SIGHUP is the first.
    ignored.is_some_and(|mask| mask & 1 == 1)
}
