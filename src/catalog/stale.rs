//! Stale rows: kept because their query failed, with the last time a record contained them.

use std::time::Instant;

use super::{App, Catalog, Machine};

impl Catalog {
    /// Last time that a record contained `machine` of `app`, if the last walk could not query it.
    pub fn stale(&self, app: &App, machine: &Machine) -> Option<Instant> {
        self.missed(app, machine.seen)
    }

    /// The same for an app and its machines.
    pub fn stale_app(&self, app: &App) -> Option<Instant> {
        if app.complete {
            return None;
        }
        let machine = || app.machines.values().find_map(|machine| self.stale(app, machine));
        self.missed(app, app.seen).or_else(machine)
    }

    fn missed(&self, app: &App, seen: Option<Instant>) -> Option<Instant> {
        let began = self.walk.finished?.checked_sub(self.walk.took?)?;
        let began = app.queried.map_or(began, |queried| queried.max(began));
        seen.filter(|seen| !app.complete && *seen < began)
    }

    /// Reason why `app` is stale: the failed record and its outcome.
    pub fn why_stale(&self, app: &str) -> Option<String> {
        let of_app = format!("vms.{app}.internal TXT");
        [of_app.as_str(), "_instances.internal TXT", "_apps.internal TXT"].into_iter().find_map(|name| {
            let source = self.sources.get(name)?;
            let failed = !source.outcome.is_definite();
            failed.then(|| format!("{name}: {}", source.outcome))
        })
    }
}
