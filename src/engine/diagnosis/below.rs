//! Collects what the system, the path and the endpoint said about the link.

use crate::doctor::facts::{Facts, Icmp, IcmpKind, SystemError};
use crate::net::{LinkError, Network, said};

pub fn below<N: Network>(net: &N, facts: &mut Facts) {
    let states = net.link();
    let state = states.borrow();
    facts.system_error = match &state.error {
        Some(LinkError::Send { reason, .. } | LinkError::Socket(reason)) => Some(reason.kind.into()),
        _ => None,
    };
    facts.icmp = state.icmp.map(|icmp| Icmp { by: icmp.by, kind: icmp.kind.into() });
    facts.endpoint = state.endpoint;
    facts.alien = Some(state.drops.alien);
}

impl From<said::Kind> for SystemError {
    fn from(kind: said::Kind) -> Self {
        match kind {
            said::Kind::Filtered => Self::Filtered,
            said::Kind::NoFiles => Self::NoFiles,
            said::Kind::PortTaken => Self::PortTaken,
            said::Kind::NoRoute => Self::NoRoute,
            said::Kind::NoHost => Self::NoHost,
            said::Kind::NoAddress => Self::NoAddress,
            said::Kind::Other => Self::Other,
        }
    }
}

impl From<said::IcmpKind> for IcmpKind {
    fn from(kind: said::IcmpKind) -> Self {
        match kind {
            said::IcmpKind::NoRoute => Self::NoRoute,
            said::IcmpKind::NoHost => Self::NoHost,
            said::IcmpKind::ClosedPort => Self::ClosedPort,
            said::IcmpKind::Prohibited => Self::Prohibited,
            said::IcmpKind::Other => Self::Other,
        }
    }
}
