//! Names whose addresses are followed: asked for now, and again as long as somebody wants them.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::rr::Name;

use crate::dns::dig::name;
use crate::dns::exchange::Exchange;
use crate::text::Safe;

/// The TTL of the platform's records (reference document, "Test the VPN tunnel").
const AGAIN: Duration = Duration::from_secs(5);

/// What is followed.
#[derive(Debug, Default)]
pub struct Names {
    wanted: Vec<(Safe, Name)>,
    told: Arc<BTreeMap<Safe, Vec<Ipv6Addr>>>,
    ask_at: Option<Instant>,
}

impl Names {
    /// Follows exactly these from `now` on. What is no name has no addresses.
    pub fn follow(&mut self, wanted: Vec<Safe>, now: Instant) {
        self.wanted = wanted
            .into_iter()
            .filter_map(|word| name::parse(word.as_str()).ok().map(|name| (word, name)))
            .collect();
        let keep = |word: &Safe| self.wanted.iter().any(|(wanted, _)| wanted == word);
        Arc::make_mut(&mut self.told).retain(|word, _| keep(word));
        self.ask_at = (!self.wanted.is_empty()).then_some(now);
    }

    /// When [`Self::due`] has something to ask.
    pub fn next_due(&self) -> Option<Instant> {
        self.ask_at
    }

    /// What is to be asked at `now`.
    pub fn due(&mut self, now: Instant) -> Vec<(Safe, Name)> {
        if self.ask_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.ask_at = Some(now + AGAIN);
        self.wanted.clone()
    }

    /// Takes an answer; says whether anything is new. A failure changes nothing.
    pub fn absorb(&mut self, word: &Safe, exchange: &Exchange) -> bool {
        let wanted = self.wanted.iter().any(|(wanted, _)| wanted == word);
        if !wanted || !exchange.outcome().is_definite() {
            return false;
        }
        let addresses = exchange.addresses();
        if self.told.get(word).is_some_and(|told| *told == addresses) {
            return false;
        }
        Arc::make_mut(&mut self.told).insert(word.clone(), addresses);
        true
    }

    /// The addresses of each name that was answered.
    pub fn told(&self) -> Arc<BTreeMap<Safe, Vec<Ipv6Addr>>> {
        self.told.clone()
    }
}
