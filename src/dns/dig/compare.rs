//! Differences between two responses to one question: from two servers, two networks, or one server at two times.

use std::fmt;

use super::lists;
use super::rdata;
use super::types::type_word;
use super::wire::{ANSWER, Parts};
use crate::dns::exchange::Exchange;
use crate::dns::names::{self, Form};
use crate::dns::outcome::Outcome;

/// One difference; all text is sanitized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Outcome: first, second.
    Status(Outcome, Outcome),
    /// Only in the first.
    Removed(String),
    /// Only in the second.
    Added(String),
    /// Same record with another TTL: record, first, second.
    Ttl(String, u32, u32),
    /// Same records in another order.
    Order,
}

impl Difference {
    /// Kind of difference, for JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Status(..) => "status",
            Self::Removed(_) => "removed",
            Self::Added(_) => "added",
            Self::Ttl(..) => "ttl",
            Self::Order => "order",
        }
    }
}

/// As one line: `- AAAA fdaa:0:18::2`, `+ …`, `NOERROR → timeout`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(first, second) => write!(f, "{first} → {second}"),
            Self::Removed(what) => write!(f, "- {what}"),
            Self::Added(what) => write!(f, "+ {what}"),
            Self::Ttl(what, first, second) => write!(f, "TTL {first} → {second}  {what}"),
            Self::Order => f.write_str("the same records in another order"),
        }
    }
}

/// Contents of one response, sanitized: each record of the answer section, or each entry of its lists, in order and with
/// duplicates, with its TTL.
pub fn contents(form: Option<&Form>, exchange: &Exchange) -> Vec<(String, u32)> {
    let Ok(answer) = &exchange.result else { return Vec::new() };
    let Some(parts) = Parts::of(&answer.wire) else { return Vec::new() };
    let rows = &parts.sections[ANSWER];
    let listed = lists::entries(form, exchange);
    if !listed.is_empty() {
        let ttl = rows.first().map_or(0, |row| row.ttl);
        return listed.iter().map(|entry| (entry.to_string(), ttl)).collect();
    }
    rows.iter()
        .map(|row| {
            let own = row.owner == exchange.question.name;
            let owner = if own { String::new() } else { names::show(&row.owner) + " " };
            let data = rdata::show(parts.wire, &row.rdata, row.rtype, row.class);
            (format!("{owner}{} {data}", type_word(row.rtype)), row.ttl)
        })
        .collect()
}

/// Differences of `second` from `first`, responses to the same question for `form`: outcome and records. TTLs and order
/// vary between responses without a change.
pub fn changes(form: Option<&Form>, first: &Exchange, second: &Exchange) -> Vec<Difference> {
    let mut found: Vec<_> = outcome(first, second).into_iter().collect();
    found.extend(records(form, first, second));
    found
}

/// Difference of the outcomes, if any.
pub fn outcome(first: &Exchange, second: &Exchange) -> Option<Difference> {
    let (before, now) = (first.outcome(), second.outcome());
    (before != now).then_some(Difference::Status(before, now))
}

/// Records that are only in `second`, and those only in `first`; none without two responses: a timeout removes no
/// record.
pub fn records(form: Option<&Form>, first: &Exchange, second: &Exchange) -> Vec<Difference> {
    if first.result.is_err() || second.result.is_err() {
        return Vec::new();
    }
    let (mut removed, mut added) = (contents(form, first), Vec::new());
    for (what, _) in contents(form, second) {
        match removed.iter().position(|(old, _)| *old == what) {
            Some(at) => drop(removed.remove(at)),
            None => added.push(Difference::Added(what)),
        }
    }
    removed.into_iter().map(|(what, _)| Difference::Removed(what)).chain(added).collect()
}

/// Differences between two servers: as [`changes`], and TTLs and order.
pub fn differences(form: Option<&Form>, first: &Exchange, second: &Exchange) -> Vec<Difference> {
    let mut found = changes(form, first, second);
    if !found.is_empty() || first.result.is_err() {
        return found;
    }
    let (one, two) = (contents(form, first), contents(form, second));
    let mut seen = std::collections::BTreeSet::new();
    for (what, ttl) in &one {
        let other = two.iter().find(|(other, _)| other == what).map(|(_, ttl)| *ttl);
        if let Some(other) = other.filter(|other| other != ttl && seen.insert(what)) {
            found.push(Difference::Ttl(what.clone(), *ttl, other));
        }
    }
    if one.iter().map(|(what, _)| what).ne(two.iter().map(|(what, _)| what)) {
        found.push(Difference::Order);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::tests::{aaaa, exchange, silent, txt};

    fn shown(found: &[Difference]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn added_and_removed_records() {
        let (one, two) = ("fdaa:0:18::a", "fdaa:0:18::b");
        let first = exchange("web.internal", 0, vec![aaaa("web.internal", one), aaaa("web.internal", two)]);
        let second = exchange("web.internal", 0, vec![aaaa("web.internal", two)]);
        assert_eq!(shown(&changes(None, &first, &second)), ["- AAAA fdaa:0:18::a"]);
        assert_eq!(shown(&changes(None, &second, &first)), ["+ AAAA fdaa:0:18::a"]);
        assert_eq!(changes(None, &first, &first), []);
        let none = exchange("web.internal", 3, vec![]);
        assert_eq!(shown(&changes(None, &second, &none)), ["NOERROR → NXDOMAIN", "- AAAA fdaa:0:18::b"]);
        // A timeout does not remove records.
        assert_eq!(shown(&changes(None, &first, &silent("web.internal"))), ["NOERROR → timeout"]);
    }

    #[test]
    fn order_and_ttl_are_differences_but_not_changes() {
        let (one, two) = ("fdaa:0:18::a", "fdaa:0:18::b");
        let a = exchange("web.internal", 0, vec![aaaa("web.internal", one), aaaa("web.internal", two)]);
        let b = exchange("web.internal", 0, vec![aaaa("web.internal", two), aaaa("web.internal", one)]);
        assert_eq!(changes(None, &a, &b), []);
        assert_eq!(differences(None, &a, &b), [Difference::Order]);
        let mut slow = aaaa("web.internal", one);
        slow.ttl = 60;
        let c = exchange("web.internal", 0, vec![slow, aaaa("web.internal", two)]);
        assert_eq!(shown(&differences(None, &a, &c)), ["TTL 5 → 60  AAAA fdaa:0:18::a"]);
    }

    #[test]
    fn a_list_is_compared_entry_by_entry() {
        let form = Form::Vms("web".into());
        let before = exchange("vms.web.internal", 0, vec![txt("vms.web.internal", &[b"1f iad,2f fra"])]);
        let after = exchange("vms.web.internal", 0, vec![txt("vms.web.internal", &[b"1f iad,3", b"f fra"])]);
        assert_eq!(shown(&changes(Some(&form), &before, &after)), ["- web/2f fra", "+ web/3f fra"]);
    }
}
