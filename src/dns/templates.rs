//! The platform's name forms as templates (reference document, "Fly.io .internal DNS").

use super::names::{Form, NameError};
use crate::text::Safe;

/// A placeholder in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    App,
    Region,
    Machine,
    Group,
    /// Key of a machine's metadata.
    Key,
    /// Value of a machine's metadata.
    Value,
    Number,
    Peer,
}

impl Placeholder {
    /// Its text in a pattern, without the brackets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Region => "region",
            Self::Machine => "machine id",
            Self::Group => "group",
            Self::Key => "key",
            Self::Value => "value",
            Self::Number => "number",
            Self::Peer => "peer",
        }
    }
}

/// A name form with placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The name, with placeholders in angle brackets.
    pub pattern: &'static str,
    /// The placeholders in order.
    pub placeholders: &'static [Placeholder],
    make: fn(&[Safe]) -> Option<Form>,
}

impl Template {
    /// Fills the placeholders in the order of [`Self::placeholders`]; `None` if a part is missing or not a number where one is
    /// needed.
    pub fn fill(&self, parts: &[Safe]) -> Option<Form> {
        (parts.len() == self.placeholders.len() && !parts.iter().any(Safe::is_empty))
            .then(|| (self.make)(parts))
            .flatten()
    }

    /// An example of the form, for descriptions: its placeholders filled with their own names.
    pub fn example(&self) -> Option<Form> {
        let parts: Vec<Safe> = self
            .placeholders
            .iter()
            .map(|placeholder| {
                if *placeholder == Placeholder::Number {
                    "3".into()
                } else {
                    Safe::from(placeholder.as_str())
                }
            })
            .collect();
        self.fill(&parts)
    }

    /// The name with its placeholders filled.
    ///
    /// # Errors
    /// If a part is not valid in a name.
    pub fn name(&self, parts: &[Safe]) -> Result<Option<String>, NameError> {
        self.fill(parts).map(|form| form.name().map(|_| form.to_string())).transpose()
    }
}

const fn row(
    pattern: &'static str,
    placeholders: &'static [Placeholder],
    make: fn(&[Safe]) -> Option<Form>,
) -> Template {
    Template { pattern, placeholders, make }
}

fn at(parts: &[Safe], place: usize) -> Option<Safe> {
    parts.get(place).cloned()
}

/// All templates, in the document's order, with the apps' names first.
pub const TEMPLATES: [Template; 14] = [
    row("<app>.internal", &[Placeholder::App], |p| Some(Form::App(at(p, 0)?))),
    row("<region>.<app>.internal", &[Placeholder::Region, Placeholder::App], |p| {
        Some(Form::Region(at(p, 0)?, at(p, 1)?))
    }),
    row("vms.<app>.internal", &[Placeholder::App], |p| Some(Form::Vms(at(p, 0)?))),
    row("regions.<app>.internal", &[Placeholder::App], |p| Some(Form::Regions(at(p, 0)?))),
    row("top<number>.nearest.of.<app>.internal", &[Placeholder::Number, Placeholder::App], |p| {
        Some(Form::Nearest(at(p, 0)?.as_str().parse().ok()?, at(p, 1)?))
    }),
    row("<group>.process.<app>.internal", &[Placeholder::Group, Placeholder::App], |p| {
        Some(Form::Process(at(p, 0)?, at(p, 1)?))
    }),
    row(
        "<value>.<key>.kv._metadata.<app>.internal",
        &[Placeholder::Value, Placeholder::Key, Placeholder::App],
        |p| Some(Form::Metadata(at(p, 0)?, at(p, 1)?, at(p, 2)?)),
    ),
    row("<machine id>.vm.<app>.internal", &[Placeholder::Machine, Placeholder::App], |p| {
        Some(Form::Vm(at(p, 0)?, at(p, 1)?))
    }),
    row("global.<app>.internal", &[Placeholder::App], |p| Some(Form::Global(at(p, 0)?))),
    row("<app>.flycast", &[Placeholder::App], |p| Some(Form::Flycast(at(p, 0)?))),
    row("<peer>._peer.internal", &[Placeholder::Peer], |p| Some(Form::Peer(at(p, 0)?))),
    row("_apps.internal", &[], |_| Some(Form::Apps)),
    row("_peer.internal", &[], |_| Some(Form::Peers)),
    row("_instances.internal", &[], |_| Some(Form::Instances)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_order() {
        for template in &TEMPLATES {
            let form = template.example().unwrap();
            let mut want = template.pattern.replace("<number>", "3").replace(['<', '>'], "");
            want = want.replace(' ', "\\032");
            assert_eq!(form.to_string(), want);
            assert_eq!(Form::parse(&form.name().unwrap()), Some(form), "{}", template.pattern);
        }
    }

    #[test]
    fn invalid_parts_are_rejected() {
        let nearest = &TEMPLATES[4];
        assert_eq!(nearest.fill(&["3".into()]), None);
        assert_eq!(nearest.fill(&["x".into(), "web".into()]), None);
        assert_eq!(TEMPLATES[0].fill(&["".into()]), None);
        let long = Safe::new("a".repeat(64));
        assert!(TEMPLATES[0].name(&[long]).is_err());
        assert_eq!(TEMPLATES[0].name(&["web".into()]), Ok(Some("web.internal".into())));
    }
}
