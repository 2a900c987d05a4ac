//! The words the daemon and its clients exchange.
