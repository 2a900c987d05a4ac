//! Every setting: its names, its default, its reading.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tenure_engine::Limits;

use super::pick::Key;
use super::{LogFormat, PrivateNetworks, parse};

pub(super) const LISTEN: Key<SocketAddr> = Key {
    name: "listen",
    flag: "--listen",
    variable: "TENURE_LISTEN",
    default: || SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7117),
    parse: parse::listen,
};

pub(super) const DATA: Key<PathBuf> = Key {
    name: "data",
    flag: "--data",
    variable: "TENURE_DATA",
    default: || PathBuf::from(".tenure"),
    parse: parse::path,
};

pub(super) const LOG_LEVEL: Key<String> = Key {
    name: "log.level",
    flag: "--log-level",
    variable: "TENURE_LOG_LEVEL",
    default: || "info".to_owned(),
    parse: parse::log_level,
};

pub(super) const LOG_FORMAT: Key<LogFormat> = Key {
    name: "log.format",
    flag: "--log-format",
    variable: "TENURE_LOG_FORMAT",
    default: || LogFormat::Human,
    parse: parse::log_format,
};

pub(super) const ACTIVE_RUNS: Key<usize> = Key {
    name: "limits.active_runs",
    flag: "--active-runs",
    variable: "TENURE_ACTIVE_RUNS",
    default: || Limits::default().active_runs,
    parse: parse::count,
};

pub(super) const QUEUED_RUNS: Key<usize> = Key {
    name: "limits.queued_runs",
    flag: "--queued-runs",
    variable: "TENURE_QUEUED_RUNS",
    default: || Limits::default().queued_runs,
    parse: parse::count,
};

pub(super) const ALLOW_PRIVATE: Key<PrivateNetworks> = Key {
    name: "egress.allow_private",
    flag: "--allow-private",
    variable: "TENURE_ALLOW_PRIVATE",
    default: PrivateNetworks::default,
    parse: parse::private_networks,
};
