//! Lookup of a name form: one query, its outcome and its content.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use super::client::Client;
use super::exchange::{Exchange, Options, Question};
use super::names::Form;
use super::outcome::Outcome;
use super::payload;
use crate::text::{Safe, ms};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    pub outcome: Outcome,
    /// AAAA records in the server's order.
    pub addresses: Vec<Ipv6Addr>,
    /// Entries of a TXT list; of a list of machines their IDs.
    pub entries: Vec<Safe>,
    /// Round-trip time, if there was a response.
    pub rtt: Option<Duration>,
    /// The exchange as sanitized lines: the query and each try.
    pub lines: Vec<String>,
}

impl Lookup {
    /// Content of `exchange`, a query for `form`.
    pub fn of(form: &Form, exchange: &Exchange) -> Self {
        let texts = exchange.texts();
        let entries: Vec<Safe> = texts
            .iter()
            .flat_map(|text| match form {
                Form::Instances => payload::instances(text).0.into_iter().map(|one| one.id).collect(),
                Form::Vms(_) => payload::vms(text).into_iter().map(|(id, _)| id).collect(),
                _ => payload::list(text),
            })
            .collect();
        let (outcome, addresses) = (exchange.settled(), exchange.addresses());
        let count = if texts.is_empty() { addresses.len() } else { entries.len() };
        let server = exchange.server.ip();
        let server = server.to_ipv4_mapped().map_or(server.to_string(), |v4| v4.to_string());
        // The name that was sent, not the form's text: a dot inside a label is escaped.
        let name = Safe::new(exchange.question.name.to_string().trim_end_matches('.'));
        let mut lines = vec![format!("{name} {} @{server}: {outcome}, {count} entries", form.record_type())];
        lines.extend(exchange.tries.iter().map(|attempt| {
            format!("  {} at +{} ms: {}", attempt.transport.as_str(), ms(attempt.sent), attempt.end)
        }));
        Self { outcome, addresses, entries, rtt: exchange.rtt(), lines }
    }
}

/// Queries `server` for `form`.
pub async fn ask(client: &Client, server: SocketAddrV6, form: &Form, options: &Options) -> Lookup {
    let Ok(name) = form.name() else {
        let lines = vec![format!("{form} cannot be queried")];
        return Lookup {
            outcome: Outcome::Unsendable,
            addresses: Vec::new(),
            entries: Vec::new(),
            rtt: None,
            lines,
        };
    };
    let question = Question::new(name, form.record_type());
    Lookup::of(form, &client.ask_at(server, question, options).await)
}
