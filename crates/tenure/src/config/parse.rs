//! The forms that values of settings may take.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tenure_connector::Egress;
use tenure_language::did_you_mean;

use super::{LogFormat, PrivateNetworks};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// `127.0.0.1:7117`, `[::1]:7117`, `localhost:7117`, or a port alone.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let expected = "an address with a port, such as 127.0.0.1:7117";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port: u16 = port.parse().map_err(|_| expected.to_owned())?;
    Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

/// A directory; it need not exist.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a directory".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// A level, or a list of `target=level`.
pub(super) fn log_level(text: &str) -> Result<String, String> {
    for directive in text.split(',') {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level).trim();
        if !LEVELS.contains(&level) {
            let hint = did_you_mean(level, LEVELS).map(|hint| format!(" ({hint})"));
            return Err(format!("one of {}{}", LEVELS.join(", "), hint.unwrap_or_default()));
        }
    }
    Ok(text.to_owned())
}

/// `human` or `json`.
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err("human or json".to_owned()),
    }
}

/// A count from 1 to a million.
pub(super) fn count(text: &str) -> Result<usize, String> {
    let most = 1_000_000;
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("a number from 1 to {most}"))
}

/// Networks or single addresses, separated by commas.
pub(super) fn private_networks(text: &str) -> Result<PrivateNetworks, String> {
    let parts = text.split(',').map(|part| part.trim().to_owned());
    let written: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    let egress = Egress::allowing(&written)
        .map_err(|_| "a list of networks such as 10.2.0.0/16 or 127.0.0.1".to_owned())?;
    Ok(PrivateNetworks { written, egress })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_short() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(listen(text).ok(), expected.map(|text| text.parse().unwrap()), "{text}");
        };
        check("0.0.0.0:80", Some("0.0.0.0:80"));
        check("[::1]:7117", Some("[::1]:7117"));
        check("localhost:7118", Some("127.0.0.1:7118"));
        check("7119", Some("127.0.0.1:7119"));
        check("example.com:80", None);
        check("127.0.0.1", None);
        check("70000", None);
        check("", None);
    }

    #[test]
    fn a_level_may_be_given_a_part() {
        assert!(log_level("info").is_ok());
        assert!(log_level("info,tenure_engine=debug").is_ok());
        assert!(log_level("inf").is_err_and(|text| text.contains("info")));
        assert!(log_level("").is_err());
    }

    #[test]
    fn a_count_has_bounds() {
        assert_eq!(count("1"), Ok(1));
        for text in ["0", "1000001", "-1", "many", "1.5"] {
            assert!(count(text).is_err(), "{text}");
        }
    }
}
