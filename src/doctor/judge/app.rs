//! The requested app or machine.

use super::Check;
use super::dns::noerror;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{AppSeen, Facts};
use crate::doctor::{Finding, Group, Machine};
use crate::text::{Safe, count, quoted};

pub const CHECKS: &[Check] = &[
    Check {
        id: "app",
        group: Group::App,
        needs: &["name-server"],
        title: |facts| format!("{} has started machines", name(facts)),
        applies: |facts| facts.subject.app.is_some(),
        judge: app,
    },
    Check {
        id: "machine",
        group: Group::App,
        needs: &["name-server"],
        title: |facts| format!("Machine {} is in the records", machine_name(facts)),
        applies: |facts| facts.subject.machine.is_some(),
        judge: machine,
    },
    Check {
        id: "flycast",
        group: Group::App,
        needs: &["name-server", "app"],
        title: |facts| format!("{}.flycast has an address", name(facts)),
        applies: |facts| facts.subject.app.is_some(),
        judge: flycast,
    },
];

/// Name of the app.
pub fn name(facts: &Facts) -> &str {
    facts.subject.app.as_ref().map_or("", Safe::as_str)
}

fn machine_name(facts: &Facts) -> String {
    facts.subject.machine.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn lines(seen: &AppSeen) -> Vec<String> {
    seen.addresses.lines.iter().chain(&seen.flycast.lines).cloned().collect()
}

fn app(facts: &Facts) -> Option<Finding> {
    let name = name(facts);
    let seen = facts.app.as_ref()?;
    let addresses = &seen.addresses;
    let asked = format!("{name}.internal: {}", addresses.outcome);
    let finding = if facts.subject.flycast && !seen.flycast.addresses.is_empty() {
        // It may belong to another org that exposes it here, and its machines may be stopped until the first request.
        Finding::pass(format!("{name} is reachable by its Flycast address")).observed(format!("{asked}."))
    } else if let Some(foreign) =
        addresses.addresses.iter().find(|address| !facts.conf.network.contains(*address))
    {
        Finding::fail("names-foreign", format!("{name}.internal has an address outside this network"))
            .observed(format!("{foreign} is not in {}.", facts.conf.network))
            .cause("The name server gives wrong addresses, or something on the path replaces them.")
            .affects("Connections to that address do not stay in this network.")
            .remedy(format!("sixpane dig {}", quoted(name)))
    } else if addresses.outcome == Outcome::NOERROR && !addresses.addresses.is_empty() {
        let n = addresses.addresses.len();
        let title = format!("{name}.internal has {n} address{}", if n == 1 { "" } else { "es" });
        Finding::pass(title)
    } else if !addresses.outcome.is_definite() {
        let (fault, what) = match addresses.outcome {
            Outcome::Rcode(_) => ("name-fails", format!("responds with {}", addresses.outcome)),
            _ => ("app-unanswered", "does not respond".to_owned()),
        };
        Finding::fail(fault, format!("The name server {what} for {name}.internal"))
            .observed(format!("{asked}, though _apps.internal got a response."))
            .cause("The name server has an internal error.")
            .cause("Many packets are lost on the path.")
            .affects(format!("{name} cannot be reached by name."))
            .remedy(format!("sixpane dig {}", quoted(name)))
    } else if seen.listed == Some(false) {
        elsewhere(facts, name, &asked)
    } else if known_machines(facts) > 0 {
        Finding::fail(
            "app-record-missing",
            format!("{name}.internal has no address, though {name} has machines"),
        )
        .observed(format!("{asked}; other records list {}.", count(known_machines(facts), "machine")))
        .cause("The records of the name server are inconsistent, for example during a deployment.")
        .affects(format!("{name} cannot be reached by name."))
        .remedy(format!("sixpane dig vms.{} TXT", quoted(name)))
    } else {
        Finding::fail("app-stopped", format!("{name} has no started machine"))
            .observed(format!("_apps.internal lists it; {asked}, no address."))
            .cause("All its machines are stopped: stopped machines are not in DNS.")
            .affects(format!("{name} is unreachable, except by Flycast, which starts a machine."))
            .remedy(format!("fly machine list -a {}", quoted(name)))
            .remedy(format!("fly machine start -a {}", quoted(name)))
    };
    Some(finding.took(addresses.rtt).shown(lines(seen)))
}

/// Number of the app's machines in the lists.
fn known_machines(facts: &Facts) -> usize {
    let app = facts.subject.app.as_ref();
    facts.machines.iter().flatten().filter(|reach| Some(&reach.app) == app).count()
}

/// Finding for an app that is not in this network.
fn elsewhere(facts: &Facts, name: &str, asked: &str) -> Finding {
    let observed = format!("_apps.internal does not list it; {asked}.");
    let affects = format!("{name} is unreachable from here.");
    if let Some(found) = facts.elsewhere.as_ref().and_then(|all| all.first()) {
        return Finding::fail("app-elsewhere", format!("{name} is in the org of {found}, not in this one"))
            .observed(format!("{observed} The network of {found} lists it."))
            .cause("The conf belongs to another org than the app.")
            .affects(affects)
            .remedy(format!("sixpane {}", quoted(&format!("{found}.conf"))));
    }
    let near = noerror(facts.apps.as_ref()).and_then(|asked| nearest(name, &asked.entries));
    let finding = Finding::fail("app-unknown", format!("{name} is not in this network"))
        .observed(observed)
        .affects(affects);
    let other = match &facts.elsewhere {
        Some(_) => "It is in an org without a conf here.",
        None => "It is in another org: use the conf of that org.",
    };
    match near {
        Some(near) => finding
            .cause(format!("It is misspelt: there is {near}."))
            .cause(other)
            .cause("It was never created.")
            .likely()
            .remedy(format!("sixpane doctor --app {}", quoted(near.as_str()))),
        None => finding.cause(other).cause("It is misspelt, or was never created."),
    }
    .remedy(format!("check its org: fly status -a {}", quoted(name)))
    .remedy(format!("search all confs: sixpane find {}", quoted(name)))
}

/// The name at most two edits away, if exactly one is that close.
pub fn nearest<'a>(name: &str, all: &'a [Safe]) -> Option<&'a Safe> {
    let most = if name.chars().count() < 5 { 1 } else { 2 };
    let mut near: Vec<(usize, &Safe)> = all
        .iter()
        .map(|other| (distance(name, other.as_str()), other))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort();
    match near.as_slice() {
        [(_, one)] => Some(one),
        [(a, one), (b, _), ..] if a < b => Some(one),
        _ => None,
    }
}

/// Edit distance: insertions, deletions, substitutions, and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

fn machine(facts: &Facts) -> Option<Finding> {
    let wanted = facts.subject.machine.as_ref()?;
    let found = facts.machines.iter().flatten().next();
    if facts.machine_known? {
        let place = found.map(|reach| format!(" as {}/{} at {}", reach.app, reach.id, reach.address));
        return Some(Finding::pass(format!(
            "Machine {wanted} is in the records{}",
            place.unwrap_or_default()
        )));
    }
    Some(match wanted {
        Machine::Id(id) => Finding::fail("machine-unknown", format!("No record contains machine {id}"))
            .observed("It is neither in _instances.internal nor in an app's list of machines.")
            .cause("It is stopped: stopped machines are not in DNS.")
            .cause("It is in another org, was destroyed, or the ID is misspelt.")
            .affects("It is unreachable.")
            .remedy(format!("fly machine status {}", quoted(id.as_str())))
            .remedy(format!("fly machine start {}", quoted(id.as_str()))),
        Machine::At(address) => {
            Finding::fail("stale-address", format!("No machine has the address {address}"))
                .observed(format!(
                    "No record contains it{}.",
                    if facts.conf.network.contains(address) {
                        ""
                    } else {
                        ", and it is outside of this network"
                    }
                ))
                .cause("Its machine has moved or stopped: an address changes with the host.")
                .cause("It is an address of another org.")
                .affects("Connections to this address fail.")
                .remedy("use a name, not an address: ID.vm.APP.internal")
        }
    })
}

fn flycast(facts: &Facts) -> Option<Finding> {
    let name = name(facts);
    let seen = facts.app.as_ref()?;
    if !seen.flycast.addresses.is_empty() {
        let title = format!("{name}.flycast has an address");
        return Some(Finding::pass(title).took(seen.flycast.rtt).shown(seen.flycast.lines.clone()));
    }
    let title = format!("{name} has no Flycast address");
    let observed = format!("{name}.flycast AAAA: {}.", seen.flycast.outcome);
    let remedy = format!("fly ips allocate-v6 --private -a {}", quoted(name));
    if !facts.subject.flycast {
        return Some(Finding::skip(title, observed).remedy(remedy));
    }
    if !seen.flycast.outcome.is_definite() {
        return Some(
            Finding::fail("name-fails", format!("The name server does not resolve {name}.flycast"))
                .observed(observed)
                .cause("The name server has an internal error.")
                .cause("Many packets are lost on the path.")
                .affects(format!("{name}.flycast cannot be reached by name."))
                .remedy(format!("sixpane dig {}.flycast", quoted(name)))
                .shown(seen.flycast.lines.clone()),
        );
    }
    Some(
        Finding::fail("flycast-missing", title)
            .observed(observed)
            .cause("None was allocated for it in this org.")
            .affects(format!("{name}.flycast does not resolve; {name}.internal does not need it."))
            .remedy(remedy)
            .shown(seen.flycast.lines.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_recognised() {
        let all: Vec<Safe> = ["web", "api", "billing", "billings-2"].map(Safe::from).into();
        let near = |name: &str| nearest(name, &all).map(Safe::as_str);
        assert_eq!((near("wbe"), near("blling"), near("db")), (Some("web"), Some("billing"), None));
        assert_eq!(distance("abcd", "abcd"), 0);
    }
}
