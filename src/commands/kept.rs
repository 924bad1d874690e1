//! The layout and folds of the last run, read from and written to the state folder.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::app::kept::{Folds, Look};
use crate::settings::{Layer, ThemeName};
use crate::state::{self, kept};
use crate::text::{Safe, words};

/// Maximum networks with stored folds; the least recently used is removed.
const MOST: usize = 32;

/// The stored layout and folds of `network`, and a problem with the file.
pub fn load(network: &str) -> ((Look, Folds), Option<String>) {
    let Some(dir) = state::dir() else { return Default::default() };
    let shown = Safe::new(dir.join("screen.json").as_os_str().as_encoded_bytes());
    let note = match kept::read(&dir) {
        kept::Found::Nothing => return Default::default(),
        kept::Found::Kept(map) => return (read(&map, network), None),
        kept::Found::Newer => {
            format!("{shown} was written by a newer sixpane: it is neither used nor changed")
        }
        kept::Found::Damaged => {
            let aside = kept::aside(&dir);
            let aside = Safe::new(aside.file_name().unwrap_or_default().as_encoded_bytes());
            format!("{shown} is damaged and not used; it will be renamed to {aside}")
        }
        kept::Found::Unreadable(kind) => format!("{shown} cannot be read: {kind}"),
    };
    (Default::default(), Some(note))
}

/// The last choices on the screens, as the settings of the lowest precedence.
pub fn chosen() -> Layer {
    match state::dir().map(|dir| kept::read(&dir)) {
        Some(kept::Found::Kept(map)) => layer(&read(&map, "").0),
        _ => Layer::default(),
    }
}

fn layer(look: &Look) -> Layer {
    let theme = look.theme.as_deref().and_then(ThemeName::named);
    Layer { theme, mouse: look.mouse, ..Layer::default() }
}

/// Parts that are not valid are ignored.
fn read(map: &Map<String, Value>, network: &str) -> (Look, Folds) {
    let look = serde_json::from_value(Value::Object(map.clone())).unwrap_or_default();
    let folds = map.get("networks").and_then(|networks| networks.get(network));
    let folds = folds.and_then(|folds| serde_json::from_value(folds.clone()).ok()).unwrap_or_default();
    (look, folds)
}

/// # Errors
/// The reason, as a sentence.
pub fn save(network: &str, now: &(Look, Folds)) -> Result<(), String> {
    let Some(dir) = state::dir() else { return Ok(()) };
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    kept::write(&dir, |map| write(map, network, now, seconds)).map_err(|error| {
        let shown = Safe::new(dir.as_os_str().as_encoded_bytes());
        format!("the layout of the screens cannot be saved in {shown}: {}", words(error))
    })
}

fn write(map: &mut Map<String, Value>, network: &str, (look, folds): &(Look, Folds), seconds: u64) {
    if let Ok(Value::Object(look)) = serde_json::to_value(look) {
        map.extend(look);
    }
    let Some(networks) = map.entry("networks").or_insert_with(|| json!({})).as_object_mut() else { return };
    if let Ok(Value::Object(mut folds)) = serde_json::to_value(folds) {
        folds.insert("used".into(), seconds.into());
        networks.insert(network.into(), folds.into());
    }
    while networks.len() > MOST {
        let used = |folds: &Value| folds.get("used").and_then(Value::as_u64).unwrap_or(0);
        let Some(oldest) = networks.iter().min_by_key(|(_, f)| used(f)).map(|(name, _)| name.clone()) else {
            return;
        };
        networks.shift_remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as the first version wrote it.
    const V1: &str = include_str!("../../tests/fixtures/screen-1.json");

    #[test]
    fn an_old_file_is_still_read() {
        let map: Map<String, Value> = serde_json::from_str(V1).unwrap();
        let (look, folds) = read(&map, "fdaa:0:18::/48");
        let old = Look { split: 6, sort: "rtt".into(), reversed: true, ..Look::default() };
        assert_eq!(look, old);
        assert_eq!(folds.open, [vec!["_peer".to_owned()], vec!["web".into(), "fra".into()]]);
        assert_eq!((folds.all, folds.closed), (false, vec![vec!["api".to_owned()]]));
        assert_eq!(read(&map, "fdaa:0:19::/48").1, Folds::default(), "another network");
    }

    #[test]
    fn invalid_parts_are_ignored() {
        for text in ["{\"split\": \"wide\"}", "{\"networks\": 3}", "{\"networks\": {\"n\": {\"open\": [1]}}}"]
        {
            let map: Map<String, Value> = serde_json::from_str(text).unwrap();
            assert_eq!(read(&map, "n"), Default::default());
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_the_networks_are_bounded() {
        let mut map = Map::new();
        let look = Look {
            split: -4,
            sort: "count".into(),
            theme: Some("dark".into()),
            mouse: Some(false),
            wide: true,
            ..Look::default()
        };
        assert_eq!(layer(&look).theme, Some(ThemeName::Dark));
        for n in 0..40_u64 {
            let folds = Folds { all: n % 2 == 0, open: vec![vec![n.to_string()]], closed: Vec::new() };
            write(&mut map, &n.to_string(), &(look.clone(), folds), n);
        }
        assert_eq!(map["networks"].as_object().unwrap().len(), MOST);
        assert_eq!(read(&map, "3").1, Folds::default(), "the oldest are gone");
        let (read_look, folds) = read(&map, "39");
        assert_eq!((read_look, folds.open), (look, vec![vec!["39".to_owned()]]));
    }
}
