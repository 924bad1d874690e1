use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::*;

/// As written by `fly wireguard create`, with test keys.
pub(in crate::profile) fn conf() -> String {
    format!(
        "[Interface]\nPrivateKey = {}\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\nDNS = fdaa:0:18::3\n\n[Peer]\n\
         PublicKey = {}\nAllowedIPs = fdaa:0:18::/48\nEndpoint = iad1.gateway.example:51820\nPersistentKeepalive = 15\n",
        key(1),
        key(2)
    )
}

fn key(byte: u8) -> String {
    BASE64_STANDARD.encode([byte; 32])
}

fn ok(text: &str) -> Profile {
    parse("my-peer", text.as_bytes()).unwrap_or_else(|e| panic!("{e:?}\n{text}"))
}

fn err(text: &str) -> ConfError {
    let error = parse("my-peer", text.as_bytes()).expect_err(text);
    let message = Error::from(error.clone()).to_string();
    for byte in 0..=9 {
        assert!(!message.contains(&key(byte)), "an error shows a key: {message}");
    }
    error
}

/// Without notes, which contain line numbers.
fn facts(mut profile: Profile) -> Profile {
    profile.notes.clear();
    profile
}

#[test]
fn a_conf_of_flyctl() {
    let p = ok(&conf());
    assert_eq!(p.address(), "fdaa:0:18:a7b:d6b:0:a:2".parse::<Ipv6Addr>().unwrap());
    assert_eq!(p.network().to_string(), "fdaa:0:18::/48");
    assert_eq!(p.dns, DnsServer { addr: "fdaa:0:18::3".parse().unwrap(), derived: false });
    assert_eq!((p.mtu, p.listen_port, p.peer.keepalive), (1420, None, Some(15)));
    assert_eq!(p.peer.public_key, [2; 32]);
    assert_eq!(p.peer.endpoint.to_string(), "iad1.gateway.example:51820");
    assert_eq!(p.notes, []);
    assert!(!format!("{p:?}").contains("[1, 1"), "Debug shows the key");
}

#[test]
fn line_ends_and_byte_order_marks_are_accepted() {
    let clean = facts(ok(&conf()));
    for twin in [
        format!("\u{feff}{}", conf()),
        conf().replace('\n', "\r\n"),
        conf().replace('\n', "\r"),
        conf().trim_end().to_owned(),
        conf().replace(" = ", "\t=\t"),
        conf().replace(" = ", "="),
        conf().replace('\n', "  # a comment = [x]\n"),
        conf()
            .to_lowercase()
            .replace(&key(1).to_lowercase(), &key(1))
            .replace(&key(2).to_lowercase(), &key(2)),
    ] {
        assert_eq!(facts(ok(&twin)), clean, "{twin:?}");
    }
}

#[test]
fn lists_merge_in_order() {
    let p = ok(&conf().replace(
        "AllowedIPs = fdaa:0:18::/48",
        "AllowedIPs = fdaa:0:18::/48 , fdaa:0:19::/48,\nAllowedIPs=fdaa::/16",
    ));
    let nets: Vec<String> = p.peer.allowed_ips.iter().map(ToString::to_string).collect();
    assert_eq!(nets, ["fdaa:0:18::/48", "fdaa:0:19::/48", "fdaa::/16"]);
}

#[test]
fn notes_list_ignored_parts() {
    for (from, to, note) in [
        ("DNS = ", "DNS = 10.0.0.1, ", "IPv4"),
        ("DNS = fdaa:0:18::3", "DNS = internal", "search domain"),
        ("DNS = fdaa:0:18::3\n", "", "derived"),
        ("[Peer]", "Table = off\nPostUp = rm -rf /\n[Peer]", "never run: Table, PostUp"),
        ("[Peer]", "; old\n[Peer]", "not a comment for wg-quick"),
        ("[Peer]", "Colour = blue\n[Peer]", "`Colour` is unknown"),
        ("[Peer]", "[Bogus]\nWhatever = 1\n[Peer]", "[Bogus] is unknown"),
        ("[Peer]", "MTU = 68\n[Peer]", "1280 is used"),
        ("AllowedIPs = fdaa:0:18::/48", "AllowedIPs = fdaa:0:99::/48", "do not cover the name server"),
    ] {
        let p = ok(&conf().replace(from, to));
        assert!(p.notes.iter().any(|n| n.text.contains(note)), "{note}: {:?}", p.notes);
    }
    let long = parse("a-name-of-sixteen", conf().as_bytes()).unwrap();
    assert!(long.notes[0].text.contains("at most 15 characters; this has 17"));
}

#[test]
fn the_derived_name_server_is_that_of_the_document() {
    let p = ok(&conf().replace("DNS = fdaa:0:18::3\n", ""));
    assert_eq!(p.dns, DnsServer { addr: "fdaa:0:18::3".parse().unwrap(), derived: true });
}

#[test]
fn errors_have_a_position_and_a_hint() {
    let bad_key = key(1)[..40].to_owned();
    for (from, to, at, why) in [
        (key(1), bad_key, Some((2, 14)), "too short"),
        (key(1), "AAAA!".into(), Some((2, 14)), "not base64"),
        (key(1), key(0), Some((2, 14)), "all zeros"),
        (key(2), key(0), Some((7, 13)), "low order"),
        ("Address = fdaa".into(), "Address = fdzz".into(), Some((3, 11)), "not an address"),
        ("Address = ".into(), "Address = fdaa::1, what, ".into(), Some((3, 20)), "`what`"),
        ("Address = fdaa:0:18:a7b:d6b:0:a:2/120\n".into(), String::new(), Some((1, 1)), "no Address"),
        (
            "Address = fdaa:0:18:a7b:d6b:0:a:2/120".into(),
            "Address = 10.0.0.2/24".into(),
            Some((1, 1)),
            "IPv4",
        ),
        (":51820".into(), String::new(), Some((9, 12)), "no port"),
        ("Endpoint = iad1.gateway.example:51820\n".into(), String::new(), Some((6, 1)), "no Endpoint"),
        (format!("PublicKey = {}\n", key(2)), String::new(), Some((6, 1)), "no PublicKey"),
        ("[Peer]".into(), "[Peer".into(), Some((6, 1)), "closing"),
        ("[Interface]".into(), "what".into(), Some((1, 1)), "neither a section"),
        ("[Interface]".into(), "[Other]".into(), None, "no [Interface]"),
        ("PersistentKeepalive = 15".into(), "PersistentKeepalive = often".into(), Some((10, 23)), "seconds"),
    ] {
        let error = err(&conf().replace(&from, &to));
        assert_eq!(error.at, at, "{why}: {error:?}");
        assert!(error.why.contains(why), "{why}: {error:?}");
    }
    assert!(err("").why.contains("it is empty"));
    assert!(err(conf().split("[Peer]").next().unwrap()).why.contains("no [Peer]"));
    assert!(parse("x", b"\x7fELF\0\0").unwrap_err().why.contains("binary"));
    assert!(parse("x", b"[Interface]\n\xff").unwrap_err().why.contains("UTF-8"));
    assert!(parse("x", &vec![b'#'; 1 << 21]).unwrap_err().why.contains("1 MiB"));
}

fn second_peer(allowed: &str) -> String {
    format!("{}\n[Peer]\nPublicKey = {}\nEndpoint = 192.0.2.1:1\nAllowedIPs = {allowed}\n", conf(), key(3))
}

#[test]
fn the_peer_of_the_name_server_is_chosen() {
    let p = ok(&second_peer("fdaa:0:99::/48"));
    assert_eq!(p.peer.public_key, [2; 32]);
    assert!(p.notes.iter().any(|n| n.text.starts_with("2 peers; the one of line 6")));
    assert_eq!(ok(&second_peer("fdaa:0:18::/64")).peer.public_key, [3; 32], "the narrower one wins");
    let error = err(&second_peer("fdaa:0:18::/48"));
    assert!(error.why.contains("line 6, line 12"), "{error:?}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse("x", &bytes);
    }

    #[test]
    fn an_arbitrary_line_never_panics(line in "\\PC{0,60}", at in 0_usize..10) {
        let mut lines: Vec<String> = conf().lines().map(str::to_owned).collect();
        lines.insert(at, line);
        let _ = parse("x", lines.join("\n").as_bytes());
    }

    #[test]
    fn comments_are_never_part_of_a_value(comment in "[^\\r\\n\\x00]{0,30}") {
        let text = conf().replace('\n', &format!(" #{comment}\n"));
        prop_assert_eq!(facts(ok(&text)), facts(ok(&conf())));
    }
}
