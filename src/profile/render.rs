//! The writer: a [`Profile`] as a conf. Its output parses to the same profile.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Profile, Secret};

/// The conf of `profile` for wg-quick. It contains the private key and is zeroized on drop.
pub fn conf(profile: &Profile) -> Zeroizing<String> {
    let list = |nets: &[ipnet::Ipv6Net]| nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let key = |secret: &Secret| Zeroizing::new(BASE64_STANDARD.encode(secret.expose()));
    let mut lines = vec![
        Zeroizing::new("[Interface]".to_owned()),
        Zeroizing::new(format!("PrivateKey = {}", *key(&profile.private_key))),
        Zeroizing::new(format!("Address = {}", list(&profile.addresses))),
    ];
    let mut line = |text: String| lines.push(Zeroizing::new(text));
    if !profile.dns.derived {
        line(format!("DNS = {}", profile.dns.addr));
    }
    line(format!("MTU = {}", profile.mtu));
    if let Some(port) = profile.listen_port {
        line(format!("ListenPort = {port}"));
    }
    line(String::new());
    line("[Peer]".into());
    line(format!("PublicKey = {}", BASE64_STANDARD.encode(profile.peer.public_key)));
    if let Some(secret) = &profile.peer.preshared_key {
        line(format!("PresharedKey = {}", *key(secret)));
    }
    line(format!("AllowedIPs = {}", list(&profile.peer.allowed_ips)));
    line(format!("Endpoint = {}", profile.peer.endpoint));
    if let Some(seconds) = profile.peer.keepalive {
        line(format!("PersistentKeepalive = {seconds}"));
    }
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|l| l.len() + 1).sum()));
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::parse::parse;
    use crate::profile::{DnsServer, Endpoint, Peer};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn output_parses_to_the_same_profile(
            private in proptest::array::uniform32(1_u8..),
            public in proptest::array::uniform32(2_u8..),
            psk in proptest::option::of(proptest::array::uniform32(1_u8..)),
            mtu in 1280_u16..=9000,
            listen_port in proptest::option::of(1_u16..),
            keepalive in proptest::option::of(1_u16..),
            port in 1_u16..,
            derived in any::<bool>(),
        ) {
            let profile = Profile {
                name: "x".into(),
                path: None,
                private_key: Secret::new(private),
                addresses: vec!["fdaa:0:18:a7b:d6b:0:a:2/120".parse().unwrap()],
                dns: DnsServer { addr: "fdaa:0:18::3".parse().unwrap(), derived },
                mtu,
                listen_port,
                peer: Peer {
                    public_key: public,
                    preshared_key: psk.map(Secret::new),
                    endpoint: Endpoint::Host { name: "gw.example".into(), port },
                    allowed_ips: vec!["fdaa:0:18::/48".parse().unwrap()],
                    keepalive,
                },
                notes: vec![],
            };
            let mut again = parse("x", conf(&profile).as_bytes()).unwrap();
            again.notes.clear();
            prop_assert_eq!(again, profile);
        }
    }
}
