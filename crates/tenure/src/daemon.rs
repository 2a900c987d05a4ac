//! Finding the daemon that holds a data directory.
//!
//! A daemon leaves a file with its address in its data directory. The file may be older than the
//! daemon and the port somebody else's by now, so the address counts only once the one who answers
//! there gives the same identity as the file.

use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::Client;
use crate::error::CommandError;

const FILE_NAME: &str = "daemon.json";
const LENGTH_MAX: u64 = 4096;

/// What a daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) pid: u32,
    /// Identity of this start of it.
    pub(crate) instance: String,
}

/// A notice in a data directory, taken away when the daemon ends.
#[derive(Debug)]
pub(crate) struct Posted {
    path: PathBuf,
    notice: Notice,
}

impl Notice {
    /// Leaves the notice in a data directory, all of it or nothing.
    pub(crate) fn post(self, data: &Path) -> io::Result<Posted> {
        std::fs::create_dir_all(data)?;
        let path = data.join(FILE_NAME);
        let unfinished = data.join(format!("{FILE_NAME}.{}", self.pid));
        let document = json!({
            "address": self.address.to_string(),
            "pid": self.pid,
            "instance": self.instance,
        });
        let mut file = std::fs::File::create(&unfinished)?;
        writeln!(file, "{document}")?;
        drop(file);
        std::fs::rename(&unfinished, &path)?;
        Ok(Posted { path, notice: self })
    }

    fn read(data: &Path) -> io::Result<Option<Self>> {
        use std::io::Read;
        let mut text = String::new();
        match std::fs::File::open(data.join(FILE_NAME)) {
            Ok(file) => file.take(LENGTH_MAX).read_to_string(&mut text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            address: document.get("address")?.as_str()?.parse().ok()?,
            pid: document.get("pid")?.as_u64()?.try_into().ok()?,
            instance: document.get("instance")?.as_str()?.to_owned(),
        })
    }
}

impl Posted {
    /// Takes the notice away, unless another daemon has left its own by now.
    pub(crate) fn withdraw(self, data: &Path) {
        if Notice::read(data).ok().flatten().as_ref() == Some(&self.notice)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "daemon.json stays behind");
        }
    }
}

/// The daemon that holds this data directory now, if one does.
pub(crate) async fn holder_of(data: &Path) -> Result<Option<(Notice, Client)>, CommandError> {
    let notice = Notice::read(data).map_err(|error| {
        let file = data.join(FILE_NAME);
        CommandError::failed(format!("{} cannot be read", file.display())).caused_by(&error)
    })?;
    let Some(notice) = notice else { return Ok(None) };
    let client = Client::new(reachable(notice.address))?;
    let answers = client.is_instance(&notice.instance).await;
    Ok(answers.then_some((notice, client)))
}

/// Whoever listens on every address is reached on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(instance: &str) -> Notice {
        let address = "127.0.0.1:7117".parse().unwrap();
        Notice { address, pid: 17, instance: instance.to_owned() }
    }

    #[test]
    fn a_notice_is_read_back_and_withdrawn() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(Notice::read(data.path()).unwrap(), None);
        let posted = notice("a").post(data.path()).unwrap();
        assert_eq!(Notice::read(data.path()).unwrap(), Some(notice("a")));
        posted.withdraw(data.path());
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_notice_of_another_daemon_stays() {
        let data = tempfile::tempdir().unwrap();
        let older = notice("a").post(data.path()).unwrap();
        let _newer = notice("b").post(data.path()).unwrap();
        older.withdraw(data.path());
        assert_eq!(Notice::read(data.path()).unwrap(), Some(notice("b")));
    }

    #[test]
    fn a_damaged_notice_is_none() {
        for text in ["", "{}", "[1]", r#"{"address":"here","pid":1,"instance":"a"}"#] {
            assert_eq!(Notice::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_daemon_on_every_address_is_reached_here() {
        let check = |address: &str, expected: &str| {
            assert_eq!(reachable(address.parse().unwrap()), expected.parse().unwrap());
        };
        check("0.0.0.0:7117", "127.0.0.1:7117");
        check("[::]:7117", "[::1]:7117");
        check("10.0.0.1:80", "10.0.0.1:80");
    }

    #[tokio::test]
    async fn a_notice_without_a_daemon_is_nobody() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let data = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let _posted =
            Notice { address, pid: 1, instance: "a".to_owned() }.post(data.path()).unwrap();
        assert!(holder_of(data.path()).await.unwrap().is_none());
    }
}
