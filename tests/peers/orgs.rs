//! Two orgs behind two gateways, and one client with a conf for each.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::world::{Space, possible};

struct Orgs {
    first: Gateway,
    second: Gateway,
}

impl Orgs {
    /// `first` has web, api, db; `second` has shop, mail. The client of the first reaches both.
    fn start() -> Self {
        let first = Gateway::start(&Org::small(0x18));
        let names = ["shop", "mail", "idle"].map(str::to_owned);
        let mut second = Gateway::start(&Org::of(0x19, &names, 2));
        Space::cable(&first.client, &second.far, "10.7.0");
        second.change_conf("Endpoint", "10.7.0.2:51820");
        second.rename_conf("other-org");
        Self { first, second }
    }

    fn sixpane(&self, words: &[&str]) -> Output {
        let mut command = self.first.client.command(env!("CARGO_BIN_EXE_sixpane"), words);
        command.env("XDG_STATE_HOME", self.first.folder.path()).output().unwrap()
    }

    fn confs(&self) -> [&str; 2] {
        [&self.first.conf, &self.second.conf].map(|path: &PathBuf| path.to_str().unwrap())
    }

    /// `doctor` of both confs, and its exit code.
    fn doctor(&self, words: &[&str]) -> ([Value; 2], Option<i32>) {
        let [a, b] = self.confs();
        let mut all = vec!["doctor", a, b, "--json"];
        all.extend(words);
        let output = self.sixpane(&all);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let printed: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let printed = printed
            .try_into()
            .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        (printed, output.status.code())
    }

    /// What `find` says, and its exit code.
    fn find(&self, app: &str) -> (Value, Option<i32>) {
        let [a, b] = self.confs();
        let output = self.sixpane(&["find", app, a, b, "--timeout", "3", "--json"]);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        (serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{why}")), output.status.code())
    }
}

fn finding<'a>(diagnosis: &'a Value, id: &str) -> &'a Value {
    let all = diagnosis["findings"].as_array().unwrap();
    all.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {diagnosis}"))
}

#[test]
fn find_names_the_network_that_has_the_app() {
    if !possible() {
        return;
    }
    let orgs = Orgs::start();
    let (found, code) = orgs.find("shop");
    assert_eq!((&found["found"], code), (&serde_json::json!(["other-org"]), Some(0)), "{found}");
    assert_eq!(found["confs"][1]["addresses"].as_array().unwrap().len(), 2, "{found}");
    let (found, code) = orgs.find("nowhere");
    assert_eq!((&found["found"], code), (&serde_json::json!([]), Some(1)), "{found}");

    let ([first, second], code) = orgs.doctor(&["--app", "shop"]);
    assert_eq!(code, Some(1));
    assert_eq!((&first["conf"], &first["fault"]), (&"my-peer".into(), &"app-elsewhere".into()), "{first}");
    assert_eq!(finding(&first, "app")["remedies"][0], "sixpane other-org.conf");
    assert_eq!((&second["conf"], &second["fault"]), (&"other-org".into(), &Value::Null), "{second}");
    assert_eq!(finding(&second, "app")["status"], "pass");

    // Nobody has it: no org is claimed to.
    let ([first, second], _) = orgs.doctor(&["--app", "nowhere"]);
    for printed in [&first, &second] {
        assert_eq!(printed["fault"], "app-unknown");
        let printed = finding(printed, "app").to_string();
        assert!(!printed.contains("other-org") && !printed.contains("my-peer"), "{printed}");
    }
}

#[test]
fn a_gateway_that_is_silent_while_another_answers_is_not_blamed_on_the_network() {
    if !possible() {
        return;
    }
    let orgs = Orgs::start();
    orgs.second.far.filter(&["ip meta l4proto udp drop"]);
    let ([first, second], code) = orgs.doctor(&[]);
    assert_eq!((&first["fault"], code), (&Value::Null, Some(1)), "{first}");
    assert_eq!(second["fault"], "peer-or-key", "{second}");
    assert!(
        finding(&second, "handshake")["observed"].as_str().unwrap().contains("my-peer connects from here"),
        "{second}"
    );
    // One does not have it, the other cannot be asked: that is no no.
    let (found, code) = orgs.find("shop");
    assert_eq!((&found["found"], code), (&serde_json::json!([]), Some(6)), "{found}");
}
