//! An index from an address to its pings.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use crate::probe::series::Series;

/// Positions of addresses in the list of pings. Round robins over several addresses are not included.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<HashMap<Ipv6Addr, usize>>);

impl Places {
    /// The index of `pings`. Shares that of `before` if the targets are the same, which is the usual case.
    pub fn renew(&mut self, before: &[Series], pings: &[Series]) {
        let same = before.len() == pings.len()
            && before.iter().zip(pings).all(|(a, b)| a.target == b.target && a.round_robin == b.round_robin);
        if same {
            return;
        }
        let mut places = HashMap::with_capacity(pings.len());
        for (at, series) in pings.iter().enumerate().filter(|(_, series)| series.round_robin == 0) {
            places.entry(series.target.address).or_insert(at);
        }
        self.0 = Arc::new(places);
    }

    /// The pings of `address`; `pings` must be the indexed list.
    pub fn find<'a>(&self, pings: &'a [Series], address: Ipv6Addr) -> Option<&'a Series> {
        pings.get(*self.0.get(&address)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::series::Target;

    fn series(n: u16, round_robin: usize) -> Series {
        let address = Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n);
        Series { round_robin, ..Series::new(Target { label: n.to_string().as_str().into(), address }) }
    }

    #[test]
    fn an_address_is_found_with_one_lookup() {
        let mut places = Places::default();
        let first = [series(1, 3), series(1, 0), series(2, 0)];
        places.renew(&[], &first);
        let at = |places: &Places, pings: &[Series], n| {
            places
                .find(pings, series(n, 0).target.address)
                .map(|found| (found.round_robin, found.target.label.to_string()))
        };
        assert_eq!(at(&places, &first, 1), Some((0, "1".into())), "not the round robin");
        assert_eq!(at(&places, &first, 3), None);
        // The same targets share the index.
        let before = Arc::as_ptr(&places.0);
        places.renew(&first, &first.clone());
        assert_eq!(before, Arc::as_ptr(&places.0));
        let second = [series(2, 0), series(3, 0)];
        places.renew(&first, &second);
        assert_eq!(at(&places, &second, 3), Some((0, "3".into())));
        assert_eq!(at(&places, &second, 1), None);
    }
}
