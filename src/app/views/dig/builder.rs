//! The name builder: a form of the platform's DNS names and its fields (holes) to fill.

use tui_input::Input;

use super::Choice;
use super::history::Past;
use crate::catalog::Catalog;
use crate::dns::names::Form;
use crate::dns::templates::{Placeholder, TEMPLATES, Template};
use crate::text::Safe;

/// Metadata key that the platform's tool sets on each machine: its process group.
const GROUP_KEY: &str = "fly_process_group";
/// Largest number of offers for a field.
const OFFERED: usize = 40;

/// A name that is being built.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    /// Index of the selected row in [`TEMPLATES`].
    pub chosen: usize,
    /// Text of the fields in the order of the name.
    pub parts: Vec<Input>,
    /// Index of the field being filled; `None` while the form is being chosen.
    pub hole: Option<usize>,
    /// Offers for that field.
    pub offers: Vec<String>,
    /// Index of the selected offer.
    pub offer: Option<usize>,
}

impl Builder {
    /// A builder with `template` selected and the app filled in.
    pub fn with_app(chosen: usize, app: &Safe, catalog: &Catalog, past: &Past) -> Self {
        let mut builder = Self { chosen, ..Self::default() };
        builder.take_form();
        for (part, hole) in builder.parts.iter_mut().zip(builder_holes(chosen)) {
            if *hole == Placeholder::App {
                *part = Input::new(app.as_str().to_owned());
            }
        }
        builder.hole = builder.next_empty();
        builder.renew(catalog, past);
        builder
    }

    pub fn template(&self) -> &'static Template {
        &TEMPLATES[self.chosen.min(TEMPLATES.len() - 1)]
    }

    /// The name, if all fields are filled.
    ///
    /// # Errors
    /// Reason why it is not a valid name.
    pub fn name(&self) -> Result<String, String> {
        let parts: Vec<Safe> = self.parts.iter().map(|part| Safe::new(part.value().trim())).collect();
        match self.template().name(&parts) {
            Ok(Some(name)) => Ok(name),
            Ok(None) => {
                let empty = self.template().placeholders.iter().zip(&parts).find(|(_, part)| part.is_empty());
                Err(match empty {
                    Some((hole, _)) => format!("the {} is missing", hole.as_str()),
                    None => "this is not a number".into(),
                })
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Selects the next or previous form or offer.
    pub fn step(&mut self, down: bool) {
        let step = |at: usize, last: usize| if down { (at + 1).min(last) } else { at.saturating_sub(1) };
        if self.hole.is_none() {
            self.chosen = step(self.chosen, TEMPLATES.len() - 1);
            return;
        }
        let last = self.offers.len().saturating_sub(1);
        self.offer = match self.offer {
            None if down && !self.offers.is_empty() => Some(0),
            Some(0) if !down => None,
            Some(at) => Some(step(at, last)),
            None => None,
        };
    }

    /// Takes the selected form or offer and moves to the next field. Returns whether the name is complete.
    pub fn next(&mut self, complete: bool, catalog: &Catalog, past: &Past) -> bool {
        match self.hole {
            None => self.take_form(),
            Some(at) => {
                let typed = self.parts.get(at).map(|part| part.value().to_owned()).unwrap_or_default();
                // Tab completes with the first offer; Enter takes the typed text or the selected offer.
                let offer = self.offer.or((complete || typed.is_empty()).then_some(0));
                if let (Some(offer), Some(part)) =
                    (offer.and_then(|offer| self.offers.get(offer)), self.parts.get_mut(at))
                {
                    *part = Input::new(offer.clone());
                }
                if self.parts.get(at).is_none_or(|part| part.value().trim().is_empty()) {
                    return false;
                }
            }
        }
        self.hole = self.next_empty();
        self.renew(catalog, past);
        if self.hole.is_some() {
            return false;
        }
        true
    }

    /// Goes one step back: to the previous field or to the choice of the form. False if there is no step back.
    pub fn back(&mut self) -> bool {
        let was_open = self.hole.take().is_some();
        self.offers.clear();
        self.offer = None;
        was_open
    }

    /// Updates the offers after text was typed.
    pub fn renew(&mut self, catalog: &Catalog, past: &Past) {
        self.offer = None;
        self.offers = self.hole.map(|hole| self.offered(hole, catalog, past)).unwrap_or_default();
    }

    fn take_form(&mut self) {
        let holes = self.template().placeholders;
        // Text in fields is kept if the new form has that field.
        if self.parts.len() != holes.len() {
            self.parts = vec![Input::default(); holes.len()];
        }
        for (part, hole) in self.parts.iter_mut().zip(holes) {
            if *hole == Placeholder::Number && part.value().is_empty() {
                *part = Input::new("3".into());
            }
        }
    }

    /// The next empty field. The app comes first and a key comes before its value, because other offers depend on them.
    fn next_empty(&self) -> Option<usize> {
        let holes = self.template().placeholders;
        let empty = |at: &usize| self.parts.get(*at).is_some_and(|part| part.value().trim().is_empty());
        let of = |wanted: Placeholder| holes.iter().position(|hole| *hole == wanted).filter(empty);
        of(Placeholder::App).or_else(|| of(Placeholder::Key)).or_else(|| (0..holes.len()).find(empty))
    }

    fn offered(&self, at: usize, catalog: &Catalog, past: &Past) -> Vec<String> {
        let holes = self.template().placeholders;
        let typed = self.parts.get(at).map(|part| part.value().trim().to_lowercase()).unwrap_or_default();
        let app = holes.iter().position(|hole| *hole == Placeholder::App);
        let app = app.and_then(|app| Some(Safe::new(self.parts.get(app)?.value().trim())));
        let of_app = || {
            let chosen = app.as_ref().and_then(|app| catalog.apps.get(app));
            let all = chosen.is_none().then(|| catalog.apps.values()).into_iter().flatten();
            chosen.into_iter().chain(all)
        };
        let mut all: Vec<String> = match holes.get(at) {
            Some(Placeholder::App) => catalog.apps.keys().map(ToString::to_string).collect(),
            Some(Placeholder::Region) => {
                let regions = of_app().flat_map(|app| app.regions().into_keys().flatten());
                let regions: std::collections::BTreeSet<_> = regions.map(ToString::to_string).collect();
                regions.into_iter().collect()
            }
            Some(Placeholder::Machine) => {
                of_app().flat_map(|app| app.machines.keys()).map(ToString::to_string).collect()
            }
            Some(Placeholder::Peer) => catalog.peers.keys().map(ToString::to_string).collect(),
            Some(Placeholder::Group) => groups(past),
            Some(Placeholder::Number) => ["1", "3", "5"].map(str::to_owned).to_vec(),
            Some(Placeholder::Key) => {
                let mut keys = asked_for(past, |form| match form {
                    Form::Metadata(_, key, _) => Some(key),
                    _ => None,
                });
                keys.extend((!keys.iter().any(|key| key == GROUP_KEY)).then(|| GROUP_KEY.to_owned()));
                keys
            }
            Some(Placeholder::Value) => {
                let key = holes.iter().position(|hole| *hole == Placeholder::Key);
                let key = key.and_then(|key| Some(self.parts.get(key)?.value().trim().to_owned()));
                let mut values = asked_for(past, |form| match form {
                    Form::Metadata(value, other, _) if Some(other.as_str()) == key.as_deref() => Some(value),
                    _ => None,
                });
                if key.as_deref() == Some(GROUP_KEY) {
                    values.extend(
                        groups(past).into_iter().filter(|group| !values.contains(group)).collect::<Vec<_>>(),
                    );
                }
                values
            }
            None => Vec::new(),
        };
        all.retain(|offer| offer.to_lowercase().contains(&typed));
        all.sort_by_key(|offer| !offer.to_lowercase().starts_with(&typed));
        all.truncate(OFFERED);
        all
    }
}

/// Process groups. No record lists them; an app without groups uses `app`.
fn groups(past: &Past) -> Vec<String> {
    let mut groups = asked_for(past, |form| match form {
        Form::Process(group, _) => Some(group),
        _ => None,
    });
    groups.extend((!groups.iter().any(|group| group == "app")).then(|| "app".to_owned()));
    groups
}

/// Parts of names in the history, newest first, without duplicates.
fn asked_for(past: &Past, take: impl Fn(Form) -> Option<Safe>) -> Vec<String> {
    let mut found = Vec::new();
    for word in past.forms().filter_map(take).map(|part| part.to_string()) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn builder_holes(chosen: usize) -> &'static [Placeholder] {
    TEMPLATES.get(chosen).map_or(&[], |template| template.placeholders)
}

/// Completions that open the builder: forms of `app` with more fields than the app.
pub fn open_forms(app: &Safe) -> impl Iterator<Item = Choice> {
    TEMPLATES.iter().enumerate().filter_map(|(at, template)| {
        let open =
            template.placeholders.iter().any(|hole| matches!(hole, Placeholder::Group | Placeholder::Key));
        let form = template.example().filter(|_| open)?;
        Some(Choice {
            name: template.pattern.replace("<app>", app.as_str()),
            about: form.explain(),
            rtype: "AAAA",
            open: Some((at, app.clone())),
        })
    })
}
