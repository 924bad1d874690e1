//! Compares an app's own names with the lists of its machines. Pure, so that tests cover every contradiction.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use super::{App, Conflict};
use crate::text::Safe;

/// Maximum number of contradictions reported per app; the rest are of the same kind.
const MOST: usize = 4;

/// Contradictions of `<app>.internal` (`addresses`) and `regions.<app>.internal` (`regions`) with the known machines of
/// `app`. `None` (no response) contradicts nothing.
pub fn disagreements(
    name: &Safe,
    app: &App,
    addresses: Option<&[Ipv6Addr]>,
    regions: Option<&[Safe]>,
) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut report = |machine: Option<&Safe>, text: String| {
        found.push(Conflict { app: name.clone(), machine: machine.cloned(), text, since: None });
    };
    if let Some(addresses) = addresses {
        let named: BTreeSet<&Ipv6Addr> = addresses.iter().collect();
        let known: BTreeSet<&Ipv6Addr> =
            app.machines.values().filter_map(|machine| machine.address.as_ref()).collect();
        for address in named.difference(&known) {
            report(None, format!("{name}.internal has {address}, which no list of machines has"));
        }
        for (id, machine) in &app.machines {
            if let Some(address) = machine.address.filter(|address| !named.contains(address)) {
                report(Some(id), format!("{name}.internal lacks {address} of {id}"));
            }
        }
    }
    if let Some(regions) = regions {
        let named: BTreeSet<&Safe> = regions.iter().collect();
        // A machine without a known region may be in any.
        if app.machines.values().all(|machine| machine.region.is_some()) {
            let known: BTreeSet<&Safe> =
                app.machines.values().filter_map(|machine| machine.region.as_ref()).collect();
            for region in named.difference(&known) {
                report(None, format!("regions.{name} lists {region}, where no machine is listed"));
            }
            for region in known.difference(&named) {
                report(None, format!("regions.{name} lacks {region}, where a machine is listed"));
            }
        }
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Machine;

    #[test]
    fn each_contradiction_is_reported_and_a_missing_response_is_none() {
        let address = |n: u16| Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, n, 2);
        let machine = |n, region: &str| Machine {
            address: Some(address(n)),
            region: Some(region.into()),
            ..Machine::default()
        };
        let mut app = App::default();
        app.machines.insert("a".into(), machine(1, "iad"));
        app.machines.insert("b".into(), machine(2, "fra"));
        let texts = |addresses: Option<&[Ipv6Addr]>, regions: Option<&[Safe]>| -> Vec<String> {
            disagreements(&"web".into(), &app, addresses, regions).into_iter().map(|c| c.text).collect()
        };
        let both = ["fra".into(), "iad".into()];
        assert_eq!(texts(Some(&[address(2), address(1)]), Some(&both)), [""; 0]);
        assert_eq!(texts(None, None), [""; 0]);
        assert_eq!(
            texts(Some(&[address(1), address(3)]), Some(&both[..1])),
            [
                "web.internal has fdaa:0:18::3:2, which no list of machines has",
                "web.internal lacks fdaa:0:18::2:2 of b",
                "regions.web lacks iad, where a machine is listed"
            ]
        );
        assert_eq!(texts(Some(&[]), None).len(), 2);
    }
}
