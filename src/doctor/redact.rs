//! Removes names and addresses from a diagnosis, for sharing: each becomes a placeholder, the same wherever it occurs. A
//! diagnosis never contains keys.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::facts::{Facts, Listed, System};
use super::{Diagnosis, Machine};
use crate::probe::protocol::Banner;

pub fn redact(diagnosis: &Diagnosis) -> Diagnosis {
    let mut words = Words::of(&diagnosis.facts);
    let mut redacted = diagnosis.clone();
    for finding in &mut redacted.findings {
        let lists = [&mut finding.causes, &mut finding.remedies, &mut finding.evidence];
        let all = [&mut finding.title, &mut finding.observed, &mut finding.affects].into_iter();
        for text in all.chain(lists.into_iter().flatten()) {
            *text = words.replace(text);
        }
    }
    redacted.verdict = words.replace(&redacted.verdict);
    redacted.remedy = words.replace(&redacted.remedy);
    redacted.conf = words.replace(&redacted.conf);
    redacted
}

/// Placeholders of names and addresses.
struct Words {
    known: BTreeMap<String, String>,
    addresses: usize,
}

impl Words {
    fn of(facts: &Facts) -> Self {
        let mut words = Self { known: BTreeMap::new(), addresses: 0 };
        let text = |names: &[crate::text::Safe]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let asked = [&facts.apps, &facts.apps_at_own];
        let listed = asked.iter().filter_map(|asked| asked.as_ref()).flat_map(|asked| text(&asked.entries));
        let subject = facts.subject.app.iter().map(ToString::to_string);
        let system = facts.system.iter().filter_map(System::by_resolver_entries).flatten();
        words.add("app", subject.chain(listed).chain(system));
        let reached = facts.machines.iter().flatten().map(|reach| reach.id.to_string());
        let instances = facts.instances.iter().flat_map(|asked| text(&asked.entries));
        let wanted = facts.subject.machine.iter().filter_map(|machine| match machine {
            Machine::Id(id) => Some(id.to_string()),
            Machine::At(_) => None,
        });
        let tried = facts.ports.iter().flatten().map(|tried| tried.who.to_string());
        words.add("machine", wanted.chain(reached).chain(instances).chain(tried));
        let own = facts.listed.iter().filter_map(|listed| match listed {
            Listed::As(name) | Listed::NameOnly(name) | Listed::Another(name, _) => Some(name.to_string()),
            Listed::No => None,
        });
        let banner = facts.ports.iter().chain(&facts.flycast_ports).flatten();
        let certified = banner.filter_map(|tried| match &tried.banner {
            Some(Banner::Certified(_, certificate)) => Some(certificate),
            _ => None,
        });
        let names = certified.flat_map(|certificate| certificate.names.iter().chain(&certificate.issuer));
        words.add("name", names.map(ToString::to_string));
        words.add("peer", own.chain(facts.peers.iter().flat_map(|asked| text(&asked.entries))));
        let siblings = facts.around.siblings.iter().map(|sibling| sibling.name.clone());
        let elsewhere = facts.elsewhere.iter().flatten().cloned().chain(facts.other_is_up.clone());
        words.add("conf", [facts.conf.name.clone()].into_iter().chain(siblings).chain(elsewhere));
        // An interface of wg-quick is named after its conf, often after the org.
        let in_network = facts.system.iter().filter_map(|system| system.interface.as_ref());
        let interfaces = facts.around.interface.iter().chain(in_network.map(|(name, _)| name));
        words.add("interface", interfaces.cloned());
        let host = facts.conf.endpoint.rsplit_once(':').map(|(host, _)| host.to_owned());
        words.add("gateway", host.into_iter().filter(|host| host.parse::<IpAddr>().is_err()));
        words
    }

    fn add(&mut self, kind: &str, names: impl Iterator<Item = String>) {
        let mut n = 0;
        for name in names.filter(|name| !name.is_empty()) {
            self.known.entry(name).or_insert_with(|| {
                n += 1;
                format!("{kind}-{n}")
            });
        }
    }

    /// Replaces each name and address in `text`.
    fn replace(&mut self, text: &str) -> String {
        // Names that are not single words are replaced first, the longest first.
        let in_token = |c: char| is_word(c) || matches!(c, ':' | '.' | '/');
        let mut odd: Vec<_> = self.known.iter().filter(|(name, _)| !name.chars().all(in_token)).collect();
        odd.sort_by_key(|(name, _)| Reverse(name.len()));
        let text = odd.into_iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word));
        let mut out = String::with_capacity(text.len());
        let mut rest = &*text;
        while let Some(first) = rest.chars().next() {
            let word: usize = rest.chars().take_while(|c| in_token(*c)).map(char::len_utf8).sum();
            if word == 0 {
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let (token, after) = rest.split_at(word);
            out.push_str(&self.token(token));
            rest = after;
        }
        out
    }

    /// Replaces a run without blanks: an address with a suffix, or names joined by dots, colons and slashes.
    fn token(&mut self, token: &str) -> String {
        let bare = token.trim_end_matches(['.', ':', '/']);
        let tail = &token[bare.len()..];
        let (host, length) = bare.split_once('/').unwrap_or((bare, ""));
        if host.parse::<IpAddr>().is_ok() {
            let slash = if length.is_empty() { "" } else { "/" };
            return format!("{}{slash}{length}{tail}", self.address(host));
        }
        // `192.0.2.1:51820`
        if let Some((host, port)) = bare.rsplit_once(':')
            && host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4())
        {
            return format!("{}:{port}{tail}", self.address(host));
        }
        if let Some(word) = self.known.get(bare) {
            return format!("{word}{tail}");
        }
        // A known name of several labels, before a colon and a port.
        if let Some((host, port)) = bare.rsplit_once(':')
            && let Some(word) = self.known.get(host)
        {
            return format!("{word}:{port}{tail}");
        }
        let mut out = String::new();
        let mut word = String::new();
        for c in token.chars() {
            if is_word(c) {
                word.push(c);
            } else {
                out.push_str(self.known.get(&word).map_or(&word, |known| known));
                out.push(c);
                word.clear();
            }
        }
        out.push_str(self.known.get(&word).map_or(&word, |known| known));
        out
    }

    fn address(&mut self, text: &str) -> String {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        self.addresses += 1;
        let word = format!("[address-{}]", self.addresses);
        self.known.insert(text.to_owned(), word.clone());
        word
    }
}

impl System {
    fn by_resolver_entries(&self) -> Option<Vec<String>> {
        let asked = self.by_resolver.as_ref()?;
        Some(asked.entries.iter().map(ToString::to_string).collect())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::Link;
    use crate::doctor::judge::judge;
    use crate::doctor::judge::tests::healthy;

    #[test]
    fn names_and_addresses_are_replaced_consistently() {
        let mut facts = healthy();
        facts.machines.as_mut().unwrap()[0].pings.answered = 0;
        facts.conf.world_readable = true;
        let redacted = redact(&judge(&facts));
        let text = format!("{:?}{}{}", redacted.findings, redacted.verdict, redacted.remedy);
        for name in ["148e21b7", "fdaa", "my-peer", "192.0.2", "web.internal", " web", "api"] {
            assert!(!text.contains(name), "{name} is left in {text}");
        }
        // The conf and its peer share one name, and so one placeholder.
        assert!(
            text.contains("app-1.internal")
                && text.contains("machine-1")
                && text.contains("chmod 600 peer-1.conf")
        );
        assert_eq!(redact(&judge(&facts)), redacted);
    }

    #[test]
    fn names_of_interfaces_are_replaced() {
        let mut facts = healthy();
        facts.around.interface = Some("acme-prod".into());
        facts.subject.system = true;
        facts.system = Some(System {
            interface: Some(("acme=east".into(), "fdaa:0:18:a7b::9".parse().unwrap())),
            ..System::default()
        });
        let whole = judge(&facts);
        let text =
            |redacted: &Diagnosis| format!("{:?}{}{}", redacted.findings, redacted.verdict, redacted.remedy);
        assert!(text(&whole).contains("acme-prod has") && text(&whole).contains("acme=east"));
        let redacted = text(&redact(&whole));
        assert!(!redacted.contains("acme"), "{redacted}");
        assert!(redacted.contains("interface-1 has") && redacted.contains("ip -6 route add"), "{redacted}");
    }

    #[test]
    fn a_name_of_several_words_is_replaced() {
        let mut facts = healthy();
        let hostile = "x|`reboot` now";
        let mut reach = facts.machines.as_ref().unwrap()[0].clone();
        (reach.id, reach.pings.answered) = (hostile.into(), 0);
        facts.machines = Some(vec![reach]);
        let redacted = redact(&judge(&facts));
        assert!(!format!("{:?}", redacted.findings).contains("reboot"), "{:?}", redacted.findings);
        assert_eq!(redacted.named().unwrap().remedies[0], "fly machine status 'machine-1'");
    }

    #[test]
    fn an_endpoints_name_is_replaced_and_its_port_kept() {
        let mut facts = healthy();
        facts.conf.endpoint = "iad1.gw.example:51820".into();
        facts.link = Some(Link::NoName("no such host".into()));
        let observed = redact(&judge(&facts)).named().unwrap().observed.clone();
        assert_eq!(observed, "gateway-1:51820: no such host.");
    }
}
