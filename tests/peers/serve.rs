//! wireguard-go, dig and ping attach to `sixpane demo --serve`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::world::{Running, Space, possible, run, short, wireguard};

/// The demo's own org, with nothing happening in it.
fn calm() -> String {
    let text = include_str!("../../assets/demo.toml");
    text.split("[[event]]").next().unwrap().to_owned()
}

struct Demo {
    space: Space,
    folder: tempfile::TempDir,
    _running: [Running; 2],
}

impl Demo {
    /// The demo's gateway and wireguard-go as its client, in one namespace.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new("d");
        let (scenario, conf) = (folder.path().join("calm.toml"), folder.path().join("demo.conf"));
        std::fs::write(&scenario, calm()).unwrap();
        let words = [
            "demo",
            "--serve",
            "--scenario",
            scenario.to_str().unwrap(),
            "--conf-out",
            conf.to_str().unwrap(),
        ];
        let mut command = space.command(env!("CARGO_BIN_EXE_sixpane"), &words);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("# listening on 127.0.0.1:"), "{line}");
        let gateway = Running(child);
        let (wireguard, interface) = wireguard(&space);
        // `wg` knows the conf without what only wg-quick reads.
        let text = std::fs::read_to_string(&conf).unwrap();
        let value = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_once('=').unwrap().1.trim().to_owned()
        };
        let plain: Vec<&str> = text
            .lines()
            .filter(|line| !["Address", "DNS", "MTU"].iter().any(|key| line.starts_with(key)))
            .collect();
        let stripped = folder.path().join("wg.conf");
        std::fs::write(&stripped, plain.join("\n") + "\n").unwrap();
        run("wg", &["setconf", &interface, stripped.to_str().unwrap()]);
        space.ip(&format!("link set {interface} up mtu {}", value("MTU")));
        space.ip(&format!("-6 addr add {} dev {interface} nodad", value("Address")));
        for net in value("AllowedIPs").split(", ") {
            space.ip(&format!("-6 route replace {net} dev {interface}"));
        }
        Self { space, folder, _running: [wireguard, gateway] }
    }

    fn dig(&self, words: &[&str]) -> Vec<String> {
        let mut all = vec!["@fdaa:0:18::3", "+short"];
        all.extend(words);
        short(&self.space.output("dig", &all))
    }
}

#[test]
fn dig_and_ping_through_wireguard_go_get_right_answers() {
    if !possible() {
        return;
    }
    let demo = Demo::start();
    assert_eq!(demo.dig(&["_apps.internal", "TXT"]), ["\"web,api,db,cache,jobs,admin\""]);
    assert_eq!(demo.dig(&["admin.internal", "AAAA"]), [""; 0]);
    assert_eq!(
        demo.dig(&["db.internal", "AAAA"]),
        ["fdaa:0:18:a7b:7d:db00:1:2", "fdaa:0:18:a7b:7e:db00:2:2", "fdaa:0:18:a7b:a1:db00:3:2"]
    );
    assert_eq!(
        demo.dig(&["leader.role.kv._metadata.web.internal", "AAAA"]),
        ["fdaa:0:18:a7b:7d:f066:b83b:2"]
    );
    assert_eq!(demo.dig(&["worker.process.jobs.internal", "AAAA"]), ["fdaa:0:18:a7b:7d:10b5:1:2"]);
    assert_eq!(demo.dig(&["regions.api.internal", "TXT"]), ["\"iad,lhr\""]);
    assert_eq!(demo.dig(&["web.flycast", "AAAA"]), ["fdaa:0:18:0:1::3"]);
    assert_eq!(demo.dig(&["example.com", "A"]), ["192.0.2.80"]);
    let peers = demo.dig(&["_peer.internal", "TXT"]).join("");
    assert!(!peers.contains("interactive-"), "{peers}");
    let instances = demo.dig(&["+tcp", "_instances.internal", "TXT"]).join("").replace("\" \"", "");
    assert_eq!(instances.matches("instance=").count(), 24, "{instances}");
    // Without +tcp the answer is cut, and dig asks again.
    assert_eq!(demo.dig(&["_instances.internal", "TXT"]).join("").replace("\" \"", ""), instances);
    let unknown = demo.space.output("dig", &["@fdaa:0:18::3", "nope.internal", "AAAA"]);
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("status: NXDOMAIN"));
    let ping = |address: &str| demo.space.output("ping", &["-6", "-c", "3", "-i", "0.2", "-W", "1", address]);
    let answered = ping("fdaa:0:18:a7b:7d:f066:b83b:2");
    let said = String::from_utf8_lossy(&answered.stdout).into_owned();
    assert!(said.contains("3 packets transmitted, 3 received"), "{said}");
    let silent = ping("fdaa:0:18:a7b:a2:aa10:9c01:2");
    assert!(String::from_utf8_lossy(&silent.stdout).contains("0 received"));
    assert!(demo.folder.path().join("demo.conf").exists());
}
