//! The program: command line and daemon.
fn main() {}
