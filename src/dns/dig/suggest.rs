//! Suggestions for a name that does not exist: similar names of the network.

use hickory_proto::rr::Name;

use crate::dns::names::Form;
use crate::text::Safe;

/// Maximum number of suggestions.
const MOST: usize = 3;

/// Names known to exist, as far as queried.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub apps: Vec<Safe>,
    pub peers: Vec<Safe>,
    /// Regions of the app in question.
    pub regions: Vec<Safe>,
    /// Machine IDs of the app in question.
    pub machines: Vec<Safe>,
}

/// Existing forms similar to `form`, the most similar first; none if nothing is similar, or if all parts exist, so that
/// spelling is not the cause.
pub fn of(form: &Form, known: &Known) -> Vec<Form> {
    match form {
        Form::App(app) => {
            let mut found: Vec<Form> = near(app, &known.apps).into_iter().map(Form::App).collect();
            // `_app` is not the name of an app.
            let words = [("_apps", Form::Apps), ("_peer", Form::Peers), ("_instances", Form::Instances)];
            let shown = app.as_str().to_lowercase();
            let ours = words.into_iter().filter(|(word, _)| {
                strsim::osa_distance(word, &shown) <= 2
                    || word.trim_start_matches('_') == shown
                    || (shown.len() > 2 && word.starts_with(&shown))
            });
            let place = if shown.starts_with('_') { 0 } else { found.len() };
            found.splice(place..place, ours.map(|(_, form)| form));
            found.truncate(MOST);
            found
        }
        Form::Peer(peer) => near(peer, &known.peers).into_iter().map(Form::Peer).collect(),
        Form::Region(region, app) if known.apps.contains(app) => {
            let mut found: Vec<Form> = near(region, &known.regions)
                .into_iter()
                .map(|near| Form::Region(near, app.clone()))
                .collect();
            let words = [
                ("vms", Form::Vms(app.clone())),
                ("regions", Form::Regions(app.clone())),
                ("global", Form::Global(app.clone())),
            ];
            let shown = region.as_str().to_lowercase();
            // Region codes have three letters: one letter more or less is a lot.
            let similar = words
                .into_iter()
                .filter(|(word, _)| word.starts_with(&shown) || strsim::osa_distance(word, &shown) <= 1);
            found.extend(similar.map(|(_, form)| form));
            found.truncate(MOST);
            found
        }
        Form::Vm(id, app) if known.apps.contains(app) => {
            near(id, &known.machines).into_iter().map(|near| Form::Vm(near, app.clone())).collect()
        }
        other => {
            let Some(app) = other.app().filter(|app| !known.apps.contains(app)) else { return Vec::new() };
            near(app, &known.apps).into_iter().filter_map(|near| other.of_app(near)).collect()
        }
    }
}

/// The form of `name` with `.internal` appended, if it is about something known: with a final dot it was
/// queried as it is.
pub fn inside(name: &Name, known: &Known) -> Option<Form> {
    let internal = Name::from_labels([b"internal".as_slice()]).ok()?;
    let form = Form::parse(&name.clone().append_name(&internal).ok()?)?;
    let exists = match &form {
        Form::Peer(peer) => known.peers.contains(peer),
        form => known.apps.contains(form.app()?),
    };
    exists.then_some(form)
}

/// Members of `names` similar to `name`, the most similar first.
fn near(name: &Safe, names: &[Safe]) -> Vec<Safe> {
    let shown = name.as_str().to_lowercase();
    let bound = match shown.chars().count() {
        0..=2 => 1,
        3..=6 => 2,
        length => length / 3,
    };
    let mut found: Vec<(usize, &Safe)> = names
        .iter()
        .filter(|known| *known != name)
        .filter_map(|known| {
            let other = known.as_str().to_lowercase();
            // A long enough prefix counts as similar.
            let begins = shown.len() >= 3 && other.starts_with(&shown);
            let distance = strsim::osa_distance(&shown, &other);
            (begins || distance <= bound).then_some((if begins { 1.min(distance) } else { distance }, known))
        })
        .collect();
    found.sort();
    // If a name is one letter away, drop those two letters away.
    let best = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance <= best.max(1));
    found.into_iter().take(MOST).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::line;

    #[test]
    fn several_labels_without_internal() {
        let known = Known { apps: vec!["web".into()], peers: vec!["me".into()], ..Known::default() };
        let of = |text: &str| {
            let name = &line::parse(&[text]).unwrap().asks[0].question.name;
            inside(name, &known).map(|form| form.to_string())
        };
        assert_eq!(of("top3.nearest.of.web.").as_deref(), Some("top3.nearest.of.web.internal"));
        assert_eq!(of("vms.web.").as_deref(), Some("vms.web.internal"));
        assert_eq!(of("me._peer.").as_deref(), Some("me._peer.internal"));
        assert_eq!((of("vms.api."), of("example.com"), of("a.b.c.d.e.web")), (None, None, None));
    }

    #[test]
    fn typing_errors_and_suggestions() {
        let safe = |words: &[&str]| words.iter().map(|word| Safe::from(*word)).collect::<Vec<_>>();
        let known = Known {
            apps: safe(&["web", "api", "my-app-db", "web-staging"]),
            peers: safe(&["my-peer"]),
            regions: safe(&["iad", "fra"]),
            machines: safe(&["148e21b7c93d89", "3d8d9930b01789"]),
        };
        for (typed, want) in [
            ("wbe", "web.internal"),
            ("wen", "web.internal"),
            ("my-app", "my-app-db.internal"),
            ("vms.wbe.internal", "vms.web.internal"),
            ("iad.wbe.internal", "iad.web.internal"),
            ("top3.nearest.of.wbe.internal", "top3.nearest.of.web.internal"),
            ("wbe.flycast", "web.flycast"),
            ("_app", "_apps.internal"),
            ("_peers", "_peer.internal"),
            ("instances", "_instances.internal"),
            ("my-per._peer.internal", "my-peer._peer.internal"),
            ("148e21b7c93d98.vm.web.internal", "148e21b7c93d89.vm.web.internal"),
            ("148e.vm.web.internal", "148e21b7c93d89.vm.web.internal"),
            ("idd.web.internal", "iad.web.internal"),
            ("vm.web.internal", "vms.web.internal"),
            ("zzz", ""),
            ("something-else", ""),
            ("app.process.web.internal", ""),
        ] {
            let line = line::parse(&[typed]).unwrap();
            let found = of(line.asks[0].form.as_ref().unwrap(), &known);
            let first = found.first().map(ToString::to_string).unwrap_or_default();
            assert_eq!(first, want, "{typed}: {found:?}");
        }
    }
}
