//! A path in the tree, as typed on a command line: `web`, `web/iad` or `web/iad/148e21b7c93d89`.

use crate::text::Safe;

/// A part of the tree. The default is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreePath {
    pub app: Option<Safe>,
    pub region: Option<Safe>,
    pub machine: Option<Safe>,
}

impl TreePath {
    /// Parses a path.
    ///
    /// # Errors
    /// The expected form.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut parts =
            text.trim_end_matches('/').split('/').map(|part| (!part.is_empty()).then(|| Safe::new(part)));
        let path = Self {
            app: parts.next().flatten(),
            region: parts.next().flatten(),
            machine: parts.next().flatten(),
        };
        let in_order = path.app.is_some() && (path.region.is_some() || path.machine.is_none());
        if in_order && parts.next().is_none() {
            Ok(path)
        } else {
            Err("APP, APP/REGION or APP/REGION/MACHINE is expected".into())
        }
    }

    pub fn has_app(&self, name: &Safe) -> bool {
        self.app.as_ref().is_none_or(|app| app == name)
    }

    pub fn has_region(&self, name: Option<&Safe>) -> bool {
        self.region.as_ref().is_none_or(|region| name == Some(region))
    }

    pub fn has_machine(&self, id: &Safe) -> bool {
        self.machine.as_ref().is_none_or(|machine| machine == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_to_three_parts_in_order() {
        let path = TreePath::read("web/iad/148e21b7c93d89/").unwrap();
        assert!(path.has_app(&"web".into()) && !path.has_app(&"api".into()));
        assert!(path.has_region(Some(&"iad".into())) && !path.has_region(None));
        assert!(path.has_machine(&"148e21b7c93d89".into()) && !path.has_machine(&"1".into()));
        let app = TreePath::read("web").unwrap();
        assert!(app.has_region(None) && app.has_machine(&"1".into()));
        for text in ["", "/", "/iad", "web//1", "web/iad/1/2"] {
            assert!(TreePath::read(text).is_err(), "{text}");
        }
    }
}
