//! Which addresses a connector may reach.
//!
//! Names are checked after resolution, so the address that was checked is the one that
//! is connected to; hosts written as addresses never reach a resolver and are checked apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The operator's word on private networks.
///
/// Without it only public addresses are reached. Link-local addresses, the cloud metadata
/// services among them, cannot be opened at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    allow_private: Vec<IpNet>,
}

/// Why a network cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a network like 10.2.0.0/16 or an address like 127.0.0.1")]
pub struct EgressError {
    text: String,
}

/// Why an address is not reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Only the operator can open it.
    #[error("address {address} is {kind}, not opened in `egress.allow_private`")]
    Private {
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        kind: &'static str,
    },
    /// Nobody can open it.
    #[error("address {address} is {kind}, which no connector may reach")]
    Never {
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        kind: &'static str,
    },
}

impl Egress {
    /// Opens private networks, each written like `10.2.0.0/16` or `127.0.0.1`.
    ///
    /// # Errors
    /// When one of them is no network.
    pub fn allowing<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, EgressError> {
        let read = |text: &str| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| EgressError { text: text.to_owned() })
        };
        let allow_private =
            networks.into_iter().map(|network| read(network.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { allow_private })
    }

    /// Decides whether an address may be connected to.
    ///
    /// # Errors
    /// When it is private and not opened, or must never be reached.
    pub fn permits(&self, address: IpAddr) -> Result<(), Blocked> {
        let meant = embedded(address);
        match kind(meant) {
            Kind::Public => Ok(()),
            Kind::Never(kind) => Err(Blocked::Never { address, kind }),
            Kind::Private(kind) => {
                let open = self
                    .allow_private
                    .iter()
                    .any(|network| network.contains(&meant) || network.contains(&address));
                if open { Ok(()) } else { Err(Blocked::Private { address, kind }) }
            }
        }
    }

    /// Decides for a URL whose host is written as an address; names pass.
    pub(crate) fn permits_host(&self, url: &url::Url) -> Result<(), Blocked> {
        match url.host() {
            Some(url::Host::Ipv4(address)) => self.permits(address.into()),
            Some(url::Host::Ipv6(address)) => self.permits(address.into()),
            Some(url::Host::Domain(_)) | None => Ok(()),
        }
    }
}

enum Kind {
    Public,
    Private(&'static str),
    Never(&'static str),
}

/// The address that a translated or mapped form stands for.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // ::ffff:0:0/96 mapped, ::ffff:0:0:0/96 translated, ::/96 compatible (:: and ::1 are their own kinds)
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] => v4(g, h),
        [0, 0, 0, 0, 0, 0] if g != 0 || h > 1 => v4(g, h),
        // 64:ff9b::/96 NAT64, and its local-use prefix 64:ff9b:1::/48
        [0x64, 0xff9b, 0, 0, 0, 0] | [0x64, 0xff9b, 1, _, _, _] => v4(g, h),
        // 2002::/16 6to4
        [0x2002, high, low, _, _, _] => v4(high, low),
        _ => address,
    }
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        [0, ..] => Kind::Never("unspecified"),
        [169, 254, ..] => Kind::Never("link-local"),
        // Metadata services outside the link-local range: Alibaba, Azure, Oracle.
        [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => {
            Kind::Never("a metadata service")
        }
        [127, ..] => Kind::Private("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Kind::Private("private"),
        [100, 64..=127, ..] => Kind::Private("shared (100.64.0.0/10)"),
        [192, 0, 0, _] | [198, 18..=19, ..] => Kind::Private("reserved"),
        [224..=239, ..] => Kind::Never("multicast"),
        [240..=255, ..] => Kind::Never("reserved"),
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Private("loopback"),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Kind::Never("a metadata service"),
        [0xfe80..=0xfebf, ..] => Kind::Never("link-local"),
        [0xff00..=0xffff, ..] => Kind::Never("multicast"),
        [0xfc00..=0xfdff, ..] => Kind::Private("private"),
        [0xfec0..=0xfeff, ..] => Kind::Private("site-local"),
        // Teredo hides the address it leads to.
        [0x2001, 0, ..] => Kind::Never("a tunnel"),
        _ => Kind::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], address: &str, expect: &str) {
        let egress = Egress::allowing(allow).unwrap();
        let said = match egress.permits(address.parse().unwrap()) {
            Ok(()) => "open",
            Err(Blocked::Private { .. }) => "private",
            Err(Blocked::Never { .. }) => "never",
        };
        assert_eq!(said, expect, "{address} with {allow:?}");
    }

    #[test]
    fn public_addresses_are_open() {
        for address in
            ["93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]
        {
            check(&[], address, "open");
        }
    }

    #[test]
    fn private_addresses_are_closed_until_opened() {
        for (address, network) in [
            ("127.0.0.1", "127.0.0.0/8"),
            ("127.8.8.8", "127.0.0.0/8"),
            ("10.1.2.3", "10.0.0.0/8"),
            ("172.16.0.1", "172.16.0.0/12"),
            ("192.168.1.1", "192.168.1.1"),
            ("100.64.0.1", "100.64.0.0/10"),
            ("::1", "::1"),
            ("fd12::1", "fc00::/7"),
            ("::ffff:10.0.0.1", "10.0.0.0/8"),
            ("::ffff:0:10.0.0.1", "10.0.0.0/8"),
            ("::10.0.0.1", "10.0.0.0/8"),
            ("64:ff9b::10.0.0.1", "10.0.0.0/8"),
            ("64:ff9b:1::7f00:1", "127.0.0.1"),
            ("2002:7f00:1::", "127.0.0.1"),
        ] {
            check(&[], address, "private");
            check(&["10.99.0.0/16"], address, "private");
            check(&[network], address, "open");
        }
    }

    #[test]
    fn link_local_and_metadata_stay_closed() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "2001:0:1::1",
        ] {
            check(&["0.0.0.0/0", "::/0"], address, "never");
        }
    }

    #[test]
    fn hosts_written_as_addresses_are_checked_in_every_spelling() {
        let egress = Egress::default();
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(egress.permits_host(&url::Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(egress.permits_host(&url::Url::parse("http://localhost/").unwrap()).is_ok());
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert_eq!(
            Egress::allowing(["10.0.0.0/33"]).unwrap_err().to_string(),
            r#""10.0.0.0/33" is not a network like 10.2.0.0/16 or an address like 127.0.0.1"#
        );
    }
}
