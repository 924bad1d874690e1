//! The name server of the demo: computes the response to a query. It knows all name forms of the platform's document, and
//! responds to other names like a forwarder.

use std::net::Ipv6Addr;
use std::str::FromStr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{AAAA, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::scenario::{App, Machine, Scenario};
use crate::dns::names::Form;
use crate::text::Safe;

/// TTL of private records in seconds (reference document, "Test the VPN tunnel").
const TTL: u32 = 5;
/// Maximum size of a UDP response without EDNS, in bytes (RFC 1035 §4.2.1).
const PLAIN: u16 = 512;
/// Maximum size of a UDP response in bytes: a larger one would not fit a tunnel.
const LARGEST: u16 = 1232;

/// The response to `query` in wire form, truncated for UDP unless `tcp`. `None` if it must be ignored.
pub fn respond(org: &Scenario, query: &[u8], tcp: bool) -> Option<Vec<u8>> {
    let query = match Message::from_vec(query) {
        Ok(query) if query.metadata.message_type == MessageType::Query => query,
        Ok(_) => return None,
        Err(_) => {
            let id = crate::dns::message::id(query)?;
            return Message::error_msg(id, OpCode::Query, ResponseCode::FormErr).to_vec().ok();
        }
    };
    let response = answer(org, &query);
    let wire = response.to_vec().ok()?;
    let room = query.edns.as_ref().map_or(PLAIN, |edns| edns.max_payload().clamp(PLAIN, LARGEST));
    if tcp || wire.len() <= usize::from(room) {
        return Some(wire);
    }
    let mut cut = response;
    cut.answers.clear();
    cut.authorities.clear();
    cut.metadata.truncation = true;
    cut.to_vec().ok()
}

/// The full response to `query`.
pub fn answer(org: &Scenario, query: &Message) -> Message {
    let mut response = Message::response(query.metadata.id, query.metadata.op_code);
    response.metadata.recursion_desired = query.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    if let Some(asked) = &query.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST).set_version(0).set_dnssec_ok(asked.flags().dnssec_ok);
        response.set_edns(edns);
    }
    if query.metadata.op_code != OpCode::Query {
        response.metadata.response_code = ResponseCode::NotImp;
        return response;
    }
    let [question] = query.queries.as_slice() else {
        response.metadata.response_code = ResponseCode::FormErr;
        return response;
    };
    response.add_query(question.clone());
    let name = question.name();
    let ours = ["internal", "flycast"]
        .iter()
        .any(|tld| name.iter().next_back().is_some_and(|label| label.eq_ignore_ascii_case(tld.as_bytes())));
    if ours {
        response.metadata.authoritative = true;
        private(org, name, question.query_type(), &mut response);
    } else {
        forward(org, name, question.query_type(), &mut response);
    }
    response
}

/// Contents of a name.
enum Found {
    /// The name does not exist.
    Nothing,
    /// Addresses, in the order to give them.
    Addresses(Vec<Ipv6Addr>),
    /// A list for a TXT record.
    List(String),
}

fn private(org: &Scenario, name: &Name, rtype: RecordType, response: &mut Message) {
    let found = Form::parse(name).map_or(Found::Nothing, |form| look_up(org, &form));
    let data: Vec<RData> = match (found, rtype) {
        (Found::Nothing, _) => {
            response.metadata.response_code = ResponseCode::NXDomain;
            vec![]
        }
        (Found::Addresses(addresses), RecordType::AAAA | RecordType::ANY) => {
            addresses.into_iter().map(|address| RData::AAAA(AAAA(address))).collect()
        }
        (Found::List(list), RecordType::TXT | RecordType::ANY) => {
            // A character-string has at most 255 bytes (RFC 1035 §3.3): a longer list is split anywhere.
            let strings: Vec<&[u8]> =
                if list.is_empty() { vec![b""] } else { list.as_bytes().chunks(255).collect() };
            vec![RData::TXT(TXT::from_bytes(strings))]
        }
        _ => vec![],
    };
    if data.is_empty() {
        response.add_authority(soa(name));
    }
    for data in data {
        response.add_answer(Record::from_rdata(name.clone(), TTL, data));
    }
}

fn look_up(org: &Scenario, form: &Form) -> Found {
    let app = |name: &Safe| org.apps.iter().find(|app| same(name, &app.name));
    let pick = |name: &Safe, wanted: &dyn Fn(&Machine) -> bool| match app(name) {
        Some(app) => Found::Addresses(started(app).filter(|m| wanted(m)).map(|m| m.address).collect()),
        None => Found::Nothing,
    };
    match form {
        Form::App(name) | Form::Global(name) => pick(name, &|_| true),
        Form::Region(region, name) => pick(name, &|m| same(region, &m.region)),
        Form::Process(group, name) => pick(name, &|m| same(group, &m.group)),
        Form::Vm(id, name) => match app(name) {
            Some(app) if started(app).any(|m| same(id, &m.id)) => pick(name, &|m| same(id, &m.id)),
            _ => Found::Nothing,
        },
        Form::Metadata(value, key, name) => {
            pick(name, &|m| m.metadata.iter().any(|(k, v)| same(key, k) && same(value, v)))
        }
        Form::Nearest(n, name) => app(name).map_or(Found::Nothing, |app| {
            let mut machines: Vec<&Machine> = started(app).collect();
            machines.sort_by(|a, b| a.rtt_ms.total_cmp(&b.rtt_ms));
            Found::Addresses(machines.iter().take(*n as usize).map(|m| m.address).collect())
        }),
        Form::Vms(name) => app(name)
            .map_or(Found::Nothing, |app| list(started(app).map(|m| format!("{} {}", m.id, m.region)), ",")),
        Form::Regions(name) => app(name).map_or(Found::Nothing, |app| {
            let regions: std::collections::BTreeSet<&str> = started(app).map(|m| m.region.as_str()).collect();
            list(regions.into_iter().map(str::to_owned), ",")
        }),
        Form::Flycast(name) => match app(name) {
            Some(app) if !app.flycast.is_empty() => Found::Addresses(app.flycast.clone()),
            _ => Found::Nothing,
        },
        Form::Apps => list(org.apps.iter().map(|app| app.name.clone()), ","),
        Form::Peers => list(listed_peers(org).map(|peer| peer.name.clone()), ","),
        Form::Peer(name) => listed_peers(org)
            .find(|peer| same(name, &peer.name))
            .map_or(Found::Nothing, |peer| Found::Addresses(vec![peer.address])),
        Form::Instances => list(
            org.apps.iter().flat_map(|app| {
                started(app).map(|m| {
                    format!("instance={},app={},ip={},region={}", m.id, app.name, m.address, m.region)
                })
            }),
            ";",
        ),
    }
}

fn list(entries: impl Iterator<Item = String>, separator: &str) -> Found {
    Found::List(entries.collect::<Vec<_>>().join(separator))
}

fn started(app: &App) -> impl Iterator<Item = &Machine> {
    app.machines.iter().filter(|machine| machine.started)
}

/// Generated names are not in DNS (reference document, "Create your tunnel configuration").
fn listed_peers(org: &Scenario) -> impl Iterator<Item = &super::scenario::Peer> {
    org.peers.iter().filter(|peer| !peer.name.starts_with("interactive-"))
}

/// DNS names are case-insensitive (RFC 4343).
fn same(label: &Safe, name: &str) -> bool {
    label.raw().eq_ignore_ascii_case(name.as_bytes())
}

fn soa(name: &Name) -> Record {
    let zone = name.trim_to(1);
    let server = Name::from_ascii("ns.internal.").unwrap_or_default();
    let mailbox = Name::from_ascii("hostmaster.internal.").unwrap_or_default();
    Record::from_rdata(zone, TTL, RData::SOA(SOA::new(server, mailbox, 1, 3600, 600, 86_400, TTL)))
}

fn forward(org: &Scenario, name: &Name, rtype: RecordType, response: &mut Message) {
    let mut name = name.clone();
    let mut known = false;
    // Follows a chain of aliases, as a recursive server does.
    for _ in 0..8 {
        let here: Vec<_> = org
            .forwards
            .iter()
            .filter(|f| {
                Name::from_utf8(&f.name).is_ok_and(|mut n| {
                    n.set_fqdn(true);
                    n == name
                })
            })
            .collect();
        known |= !here.is_empty();
        let mut alias = None;
        for record in here {
            let Ok(kind) = RecordType::from_str(&record.rtype) else { continue };
            let Some(data) = rdata(kind, &record.data) else { continue };
            if kind == rtype || rtype == RecordType::ANY || kind == RecordType::CNAME {
                if let (RData::CNAME(target), true) = (&data, rtype != RecordType::CNAME) {
                    alias = Some(target.0.clone());
                }
                response.add_answer(Record::from_rdata(name.clone(), record.ttl, data));
            }
        }
        match alias {
            Some(target) => name = target,
            None => break,
        }
    }
    if !known {
        response.metadata.response_code = ResponseCode::NXDomain;
    }
}

fn rdata(kind: RecordType, text: &str) -> Option<RData> {
    RData::try_from_str(kind, text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::Query;

    fn ask(name: &str, rtype: RecordType) -> Message {
        let mut query = Message::query();
        query.add_query(Query::query(Name::from_ascii(name).unwrap(), rtype));
        answer(&Scenario::built_in().unwrap(), &query)
    }

    fn texts(name: &str) -> String {
        let reply = ask(name, RecordType::TXT);
        let [record] = reply.answers.as_slice() else { panic!("{reply}") };
        let RData::TXT(txt) = &record.data else { panic!("{reply}") };
        String::from_utf8(txt.txt_data.concat()).unwrap()
    }

    fn addresses(name: &str) -> Vec<String> {
        let reply = ask(name, RecordType::AAAA);
        assert!(reply.metadata.authoritative);
        reply.answers.iter().map(|r| r.data.to_string()).collect()
    }

    #[test]
    fn all_name_forms_are_answered() {
        assert_eq!(texts("_apps.internal."), "web,api,db,cache,jobs,admin");
        assert_eq!(texts("_peer.internal."), "my-peer,office,ci-runner");
        assert_eq!(texts("regions.web.internal."), "fra,iad,syd");
        assert!(texts("vms.jobs.internal.").starts_with("683d31d42cdb35 iad,683d32e53dec46 iad"));
        assert!(texts("_instances.internal.").contains(
            "instance=683d31d42cdb35,app=jobs,ip=fdaa:0:18:a7b:7d:10b5:1:2,region=iad;instance=683d32e53dec46"
        ));
        assert_eq!(texts("vms.admin.internal."), "");
        for (name, count) in [
            ("web.internal.", 9),
            ("WEB.Internal.", 9),
            ("global.web.internal.", 9),
            ("iad.web.internal.", 4),
            ("top3.nearest.of.web.internal.", 3),
            ("worker.process.jobs.internal.", 1),
            ("primary.role.kv._metadata.db.internal.", 1),
            ("148e21b7c93d89.vm.web.internal.", 1),
            ("my-peer._peer.internal.", 1),
            ("web.flycast.", 1),
            ("admin.internal.", 0),
        ] {
            assert_eq!(addresses(name).len(), count, "{name}");
        }
        assert_eq!(addresses("148e21b7c93d89.vm.web.internal."), ["fdaa:0:18:a7b:7d:f066:b83b:2"]);
    }

    #[test]
    fn the_wrong_type_is_empty_and_an_unknown_name_does_not_exist() {
        for (name, rtype, code) in [
            ("web.internal.", RecordType::TXT, ResponseCode::NoError),
            ("_apps.internal.", RecordType::AAAA, ResponseCode::NoError),
            ("web.internal.", RecordType::A, ResponseCode::NoError),
            ("wbe.internal.", RecordType::AAAA, ResponseCode::NXDomain),
            ("568323f64efd57.vm.admin.internal.", RecordType::AAAA, ResponseCode::NXDomain),
            ("interactive-4f2a91._peer.internal.", RecordType::AAAA, ResponseCode::NXDomain),
            ("a.b.c.d.internal.", RecordType::AAAA, ResponseCode::NXDomain),
        ] {
            let reply = ask(name, rtype);
            assert_eq!((reply.metadata.response_code, reply.answers.len()), (code, 0), "{name}");
            assert_eq!(reply.authorities.len(), 1, "{name}");
        }
    }

    #[test]
    fn public_names_are_forwarded() {
        let reply = ask("www.example.com.", RecordType::AAAA);
        assert!(!reply.metadata.authoritative && reply.metadata.recursion_available);
        let kinds: Vec<_> = reply.answers.iter().map(Record::record_type).collect();
        assert_eq!(kinds, [RecordType::CNAME, RecordType::AAAA]);
        assert_eq!(ask("nowhere.example.", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
    }

    #[test]
    fn a_large_response_is_truncated_over_udp_and_complete_over_tcp() {
        let org = Scenario::generated(40, 10, 1);
        let mut query = Message::query();
        query.add_query(Query::query(Name::from_ascii("_instances.internal.").unwrap(), RecordType::TXT));
        let wire = query.to_vec().unwrap();
        let udp = Message::from_vec(&respond(&org, &wire, false).unwrap()).unwrap();
        assert!(udp.metadata.truncation && udp.answers.is_empty());
        let tcp = Message::from_vec(&respond(&org, &wire, true).unwrap()).unwrap();
        let RData::TXT(txt) = &tcp.answers[0].data else { panic!() };
        let (instances, bad) = crate::dns::payload::instances(&txt.txt_data.concat());
        assert_eq!((instances.len(), bad), (400, 0));
    }

    #[test]
    fn invalid_queries_get_a_format_error_and_responses_are_ignored() {
        let org = Scenario::built_in().unwrap();
        assert_eq!(respond(&org, &[0], false), None);
        let reply = Message::from_vec(&respond(&org, &[7, 7, 1, 0, 0, 9], false).unwrap()).unwrap();
        assert_eq!(reply.metadata.response_code, ResponseCode::FormErr);
    }
}
