//! Entries of the platform's TXT lists.

use std::net::Ipv6Addr;

use crate::dns::exchange::Exchange;
use crate::dns::names::Form;
use crate::dns::payload;
use crate::text::Safe;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    App(Safe),
    Peer(Safe),
    /// Entry of `regions.<app>`: region, app.
    Region(Safe, Safe),
    /// Entry of `vms.<app>` or `_instances`.
    Machine {
        app: Safe,
        id: Safe,
        region: Option<Safe>,
        address: Option<Ipv6Addr>,
    },
}

/// All list entries in the answer section for `form`; none if it has no list.
pub fn entries(form: Option<&Form>, exchange: &Exchange) -> Vec<Listed> {
    let Some(form) = form.filter(|form| form.record_type() == hickory_proto::rr::RecordType::TXT) else {
        return Vec::new();
    };
    exchange.texts().iter().flat_map(|text| of(form, text)).collect()
}

fn of(form: &Form, text: &[u8]) -> Vec<Listed> {
    match form {
        Form::Apps => payload::list(text).into_iter().map(Listed::App).collect(),
        Form::Peers => payload::list(text).into_iter().map(Listed::Peer).collect(),
        Form::Regions(app) => {
            payload::list(text).into_iter().map(|region| Listed::Region(region, app.clone())).collect()
        }
        Form::Vms(app) => payload::vms(text)
            .into_iter()
            .map(|(id, region)| Listed::Machine { app: app.clone(), id, region, address: None })
            .collect(),
        Form::Instances => payload::instances(text)
            .0
            .into_iter()
            .map(|i| Listed::Machine { app: i.app, id: i.id, region: i.region, address: i.address })
            .collect(),
        _ => Vec::new(),
    }
}

impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(name) | Self::Peer(name) | Self::Region(name, _) => name.fmt(f),
            Self::Machine { app, id, region, address } => {
                write!(f, "{app}/{id}")?;
                region.iter().try_for_each(|region| write!(f, " {region}"))?;
                address.iter().try_for_each(|address| write!(f, " {address}"))
            }
        }
    }
}
