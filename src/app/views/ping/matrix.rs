//! The matrix: apps by regions, with the RTT to and loss of each cell.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::State;
use crate::catalog::place::Node;
use crate::text::Safe;

/// A cell, as row and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Index of the app.
    pub app: usize,
    /// Index of the region.
    pub region: usize,
}

/// Figures of an app in a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    pub machines: usize,
    /// Number of pinged machines.
    pub pinged: usize,
    /// Median of the machines' median RTTs.
    pub rtt: Option<Duration>,
    /// Loss from 0 to 1; `None` before the first probe is answered or lost.
    pub loss: Option<f64>,
}

impl State {
    /// Whether the matrix has any cell. Called for every frame, so it counts nothing.
    pub fn has_matrix(&self) -> bool {
        self.networks.front().shown.catalog.apps.values().any(|app| !app.machines.is_empty())
    }

    /// Regions of the org, sorted.
    pub fn matrix_regions(&self) -> Vec<Option<Safe>> {
        let apps = self.networks.front().shown.catalog.apps.values();
        let regions: BTreeSet<Option<Safe>> =
            apps.flat_map(|app| app.regions().into_keys().map(Option::<&Safe>::cloned)).collect();
        regions.into_iter().collect()
    }

    /// Apps with machines, sorted.
    pub fn matrix_apps(&self) -> Vec<Safe> {
        let apps = self.networks.front().shown.catalog.apps.iter();
        apps.filter(|(_, app)| !app.machines.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    pub fn matrix_app(&self) -> Option<Safe> {
        let apps = self.matrix_apps();
        apps.get(self.views.ping.matrix?.app.min(apps.len().checked_sub(1)?)).cloned()
    }

    pub fn matrix_region(&self) -> Option<Option<Safe>> {
        let regions = self.matrix_regions();
        regions.get(self.views.ping.matrix?.region.min(regions.len().checked_sub(1)?)).cloned()
    }

    /// Place of the selected cell: the app in the region, or the app if it has no machine there.
    pub fn matrix_node(&self) -> Option<Node> {
        let app = self.matrix_app()?;
        let region = self.matrix_region().filter(|region| self.matrix_cells(&app).contains_key(region));
        Some(region.map_or_else(|| Node::App(app.clone()), |region| Node::Region(app.clone(), region)))
    }

    /// Moves the selection by rows and columns.
    pub fn step_matrix(&mut self, rows: isize, columns: isize) {
        let last =
            (self.matrix_apps().len().saturating_sub(1), self.matrix_regions().len().saturating_sub(1));
        if let Some(Place { app, region }) = &mut self.views.ping.matrix {
            *app = app.saturating_add_signed(rows).min(last.0);
            *region = region.saturating_add_signed(columns).min(last.1);
        }
    }

    /// The cells of an app, by region.
    pub fn matrix_cells(&self, app: &Safe) -> BTreeMap<Option<Safe>, Cell> {
        let Some(entry) = self.networks.front().shown.catalog.apps.get(app) else { return BTreeMap::new() };
        let cell = |machines: &[(&Safe, &crate::catalog::Machine)]| {
            let of = machines.iter().filter_map(|(_, machine)| self.series(machine.address?));
            let (mut medians, mut unanswered, mut settled) = (Vec::new(), 0, 0);
            let mut pinged = 0;
            for series in of {
                pinged += 1;
                medians.extend(series.stats.map(|stats| stats.p50));
                unanswered += series.lost + series.errors;
                settled += series.settled();
            }
            medians.sort_unstable();
            let loss = (settled > 0).then(|| unanswered as f64 / settled as f64);
            Cell { machines: machines.len(), pinged, rtt: medians.get(medians.len() / 2).copied(), loss }
        };
        entry.regions().into_iter().map(|(region, machines)| (region.cloned(), cell(&machines))).collect()
    }
}
