//! Output for a locale without UTF-8 (`LANG=C`, or none): glyphs in ASCII, and text from the network escaped as in
//! `dig`, a backslash and three digits per byte.

use std::io::{self, Write};

use crate::ui::theme;

/// Whether the locale is UTF-8 (POSIX: `LC_ALL`, else `LC_CTYPE`, else `LANG`).
pub fn is_utf8() -> bool {
    locale_is_utf8(|name| std::env::var(name).ok())
}

fn locale_is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Standard error, in the character set of the locale.
pub fn stderr() -> Plain<anstream::Stderr> {
    Plain::new(anstream::stderr(), !is_utf8())
}

/// A stream that can convert its text to ASCII.
#[derive(Debug)]
pub struct Plain<W: Write> {
    inner: W,
    ascii: bool,
    /// The beginning of a character that is not complete.
    begun: Vec<u8>,
}

impl<W: Write> Plain<W> {
    pub fn new(inner: W, ascii: bool) -> Self {
        Self { inner, ascii, begun: Vec::new() }
    }

    fn write_ascii(&mut self, text: &str) -> io::Result<()> {
        use std::fmt::Write as _;

        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match theme::ascii(c) {
                Some(plain) => out.push(plain),
                None if c.is_ascii() => out.push(c),
                None => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        let _ = write!(out, "\\{byte:03}");
                    }
                }
            }
        }
        self.inner.write_all(out.as_bytes())
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.ascii {
            return self.inner.write(bytes);
        }
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            // Cut in the middle of a character.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.begun.len(),
        };
        let rest = self.begun.split_off(whole);
        let text = String::from_utf8_lossy(&std::mem::replace(&mut self.begun, rest)).into_owned();
        self.write_ascii(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_is_chosen_as_in_posix() {
        let of = |set: &[(&str, &str)]| {
            locale_is_utf8(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(of(&[("LANG", "de_DE.UTF-8")]) && of(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(
            !of(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]) && !of(&[]) && !of(&[("LANG", "en_US.ISO-8859-1")])
        );
        assert!(of(&[("LC_ALL", ""), ("LANG", "C.UTF-8")]), "an empty one is none");
    }

    #[test]
    fn glyphs_become_ascii_and_other_text_is_escaped_at_any_cut() {
        let text = "✓ 6 apps · 24 ms – „日”…\n";
        for size in 1..9 {
            let mut plain = Plain::new(Vec::new(), true);
            for part in text.as_bytes().chunks(size) {
                plain.write_all(part).unwrap();
            }
            let ascii = String::from_utf8(plain.inner).unwrap();
            assert_eq!(ascii, "+ 6 apps . 24 ms - \\226\\128\\158\\230\\151\\165\"~\n");
        }
        let mut same = Plain::new(Vec::new(), false);
        same.write_all(text.as_bytes()).unwrap();
        assert_eq!(same.inner, text.as_bytes());
    }
}
