//! Finding the daemon that holds a data directory.
//!
//! A daemon leaves a file with its address in its data directory. The file may be older than the
//! daemon and the port somebody else's by now, so the address counts only once the one who answers
//! there gives the same identity as the file.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
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
        let path = data.join(FILE_NAME);
        let unfinished = data.join(format!("{FILE_NAME}.{}", self.pid));
        let document = json!({
            "address": self.address.to_string(),
            "pid": self.pid,
            "instance": self.instance,
        });
        // Whatever has the name, it is not this process's.
        remove(&unfinished)?;
        let mut file = for_its_owner().open(&unfinished)?;
        writeln!(file, "{document}")?;
        file.sync_all()?;
        drop(file);
        if path.is_dir() {
            std::fs::remove_dir(&path)?;
        }
        std::fs::rename(&unfinished, &path)?;
        Ok(Posted { path, notice: self })
    }

    /// Reads the notice; what no daemon can have left is none.
    fn read(data: &Path) -> io::Result<Option<Self>> {
        let path = data.join(FILE_NAME);
        // Looked at before it is opened: opening a pipe waits for somebody to write to it.
        let read = std::fs::metadata(&path).and_then(|found| {
            if !found.is_file() || found.len() > LENGTH_MAX {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            std::fs::File::open(&path)?.take(LENGTH_MAX).read_to_end(&mut bytes)?;
            Ok(Self::parse(&bytes))
        });
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read,
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
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

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Prepares to create a file that nobody else may read.
fn for_its_owner() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true);
    options
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
            assert_eq!(Notice::parse(text.as_bytes()), None, "{text}");
        }
    }

    /// Puts something in the notice's place and expects it to be nobody's, and no hindrance.
    fn check_obstacle(place: impl FnOnce(&Path)) {
        let data = tempfile::tempdir().unwrap();
        place(&data.path().join(FILE_NAME));
        assert_eq!(Notice::read(data.path()).unwrap(), None);
        let posted = notice("a").post(data.path()).unwrap();
        assert_eq!(Notice::read(data.path()).unwrap(), Some(notice("a")));
        posted.withdraw(data.path());
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_no_daemon_left_is_no_hindrance() {
        check_obstacle(|path| std::fs::write(path, [0xff, 0xfe, b'{']).unwrap());
        check_obstacle(|path| std::fs::write(path, vec![b' '; 5000]).unwrap());
        check_obstacle(|path| std::fs::create_dir(path).unwrap());
        check_obstacle(|path| std::fs::write(path.with_extension("json.17"), b"half").unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_hindrance() {
        check_obstacle(|path| {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_notice_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let posted = notice("a").post(data.path()).unwrap();
        let mode = std::fs::metadata(&posted.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
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
