//! Text from the network in formats that act on some of it: shells, spreadsheets, Markdown.

use std::borrow::Cow;

use super::quoted;

/// A DNS name as an operand of `dig` and of `sixpane dig`, which take a word that begins with `-`, `+`, `@` or `%` for
/// something else. `\-` is the same character in a name (RFC 1035 §5.1).
pub fn dns_operand(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*' | '.' | '\\');
    if name.starts_with(plain) { quoted(name) } else { quoted(&format!("\\{name}")) }
}

/// A path as an operand of a command.
pub fn path_operand(path: &str) -> String {
    if path.starts_with('-') { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// A cell of CSV (RFC 4180). A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula: an apostrophe
/// before it makes it text.
pub fn csv(text: &str) -> Cow<'_, str> {
    let formula =
        text.trim_start().starts_with(['=', '+', '-', '@', '|', '%']) || text.starts_with(['\t', '\r']);
    if !formula && !text.contains([',', '"', '\n', '\r']) {
        return text.into();
    }
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\"")).into()
}

/// A piece of GitHub Markdown that shows `text` and nothing else: no HTML, emphasis, link, image, mention or reference. An
/// empty comment parts what would become a link without any markup; it is not shown.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '/' if before == ':' => out.push_str("<!-- -->/"),
            '@' | '#' => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("<!-- -->."),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_name_is_an_option_of_dig() {
        assert_eq!(dns_operand("vms.web.internal"), "vms.web.internal");
        assert_eq!(dns_operand("_apps.internal"), "_apps.internal");
        for name in ["-2+3.internal", "+short.internal", "@x.internal", "%y.internal"] {
            assert_eq!(dns_operand(name), format!("'\\{name}'"));
        }
        assert_eq!(path_operand("-x.conf"), "./-x.conf");
    }

    #[test]
    fn a_cell_is_no_formula() {
        for text in ["=1+1", "@SUM(1)", "-2+3", "=cmd|'/c calc'!A1", "\t=1", " +1", "|x"] {
            assert!(csv(text).starts_with("\"'"), "{text}");
        }
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("web"), "web");
    }

    #[test]
    fn markup_is_shown_as_text() {
        assert_eq!(markdown("web 1.5 ms (fra)"), "web 1.5 ms (fra)");
        assert_eq!(markdown("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(markdown("![a](http://x)"), "\\!\\[a\\](http:<!-- -->//x)");
        assert_eq!(markdown("@name #12 a|b `c`"), "@<!-- -->name #<!-- -->12 a\\|b \\`c\\`");
        assert_eq!(markdown("WWW.example"), "WWW<!-- -->.example");
    }

    proptest! {
        /// Without our own comments nothing is left that Markdown acts on.
        #[test]
        fn nothing_acts(text in any::<String>()) {
            let shown = markdown(&text).replace("<!-- -->", "\u{0}");
            prop_assert!(!shown.contains(['<', '>', '\n', '\r']));
            prop_assert!(!shown.contains("://") && !shown.to_lowercase().contains("www."));
            let mut escaped = false;
            for c in shown.chars() {
                prop_assert!(escaped || !"`*_[]!|~$".contains(c), "{shown}");
                escaped = !escaped && c == '\\';
            }
            let cell = csv(&text);
            prop_assert!(!cell.strip_prefix('"').unwrap_or(&cell).starts_with(['=', '+', '-', '@']));
        }
    }
}
