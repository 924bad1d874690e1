//! What the binary tells of itself: `sixpane keys`, `completions` and `man`, made of the tables that it works by.

use std::io::Write;

use clap::ColorChoice;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::app::keys::{Binding, Context, TABLE};
use crate::cli::{self, Failure};
use crate::error::Exit;
use crate::settings;

/// The places of keys, in the order in which they are told, with their titles.
const PLACES: &[(Context, &str)] = &[
    (Context::Everywhere, "Everywhere"),
    (Context::Explore, "Explore"),
    (Context::Dig, "Dig: the answer"),
    (Context::DigLine, "Dig: the line"),
    (Context::Doctor, "Doctor"),
    (Context::Events, "Events"),
    (Context::Filter, "While a filter is typed"),
    (Context::Help, "Help"),
    (Context::Pick, "The choice between confs"),
];

/// The keys of every place: title, and for each action its keys and its words.
fn places() -> impl Iterator<Item = (&'static str, Vec<&'static Binding>)> {
    PLACES.iter().filter_map(|(context, title)| {
        let here: Vec<&Binding> = TABLE.iter().filter(|binding| binding.context == *context).collect();
        (!here.is_empty()).then_some((*title, here))
    })
}

fn shown(binding: &Binding) -> Vec<String> {
    binding.keys.iter().map(|key| key.show(false)).collect()
}

/// Prints what every key does.
///
/// # Errors
/// Where it cannot be written.
pub fn keys(markdown: bool, out: &mut impl Write) -> Result<Exit, Failure> {
    for (n, (title, bindings)) in places().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        if markdown {
            writeln!(out, "| {title} | |\n|---|---|")?;
        } else {
            writeln!(out, "{title}")?;
        }
        for binding in bindings {
            if markdown {
                let keys: Vec<String> =
                    shown(binding).iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
                writeln!(out, "| {} | {} |", keys.join(" "), binding.words)?;
            } else {
                writeln!(out, "  {:<14} {}", shown(binding).join(" "), binding.words)?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// Prints the completions for `shell`.
///
/// # Errors
/// Where they cannot be written.
pub fn completions(shell: clap_complete::Shell, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(ColorChoice::Never), "sixpane", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Ok)
}

/// Prints the manual page.
///
/// # Errors
/// Where it cannot be written.
pub fn page(out: &mut impl Write) -> Result<Exit, Failure> {
    let mut command = cli::command(ColorChoice::Never);
    command.build();
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    out.write_all(&page)?;
    let mut commands = Roff::new();
    commands.control("SH", ["COMMANDS"]);
    commands.to_writer(out)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        out.write_all(&section(sub)?)?;
    }
    let mut rest = Roff::new();
    rest.control("SH", ["KEYS"]);
    for (title, bindings) in places() {
        rest.control("SS", [title]);
        for binding in bindings {
            rest.control("TP", []);
            let mut line = Vec::new();
            for (n, key) in shown(binding).into_iter().enumerate() {
                line.extend((n > 0).then(|| roman(", ")));
                line.push(bold(key));
            }
            rest.text(line);
            rest.text([roman(binding.words)]);
        }
    }
    rest.control("SH", ["SETTINGS"]);
    rest.text([
        roman("A setting comes from a flag, else from the environment, else from "),
        bold("~/.config/sixpane/settings.toml"),
        roman(", else from what was chosen on the screen last, else from its default. "),
        bold("sixpane settings"),
        roman(" prints that file with every default."),
    ]);
    for setting in settings::TABLE {
        rest.control("TP", []);
        rest.text([bold(setting.name), roman(format!(" = {}, {}", setting.default, setting.variable))]);
        rest.text([roman(setting.about.replace('\n', " "))]);
    }
    rest.control("SH", ["ENVIRONMENT"]);
    for (name, about) in ENVIRONMENT {
        rest.control("TP", []);
        rest.text([bold(*name)]);
        rest.text([roman(*about)]);
    }
    rest.control("SH", ["FILES"]);
    for (name, about) in FILES {
        rest.control("TP", []);
        rest.text([bold(*name)]);
        rest.text([roman(*about)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    for (code, about) in cli::EXIT_TABLE {
        rest.control("TP", []);
        rest.text([bold(*code)]);
        rest.text([roman(*about)]);
    }
    rest.control("SH", ["SEE ALSO"]);
    rest.text([bold("wg"), roman("(8), "), bold("dig"), roman("(1), "), bold("ping"), roman("(8)")]);
    rest.to_writer(out)?;
    Ok(Exit::Ok)
}

/// What the environment says beside the settings.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("NO_COLOR", "Set to anything: no colours, neither on the screens nor in what is printed."),
    (
        "CLICOLOR_FORCE",
        "Set to anything but 0: what is printed is coloured though it goes into a pipe or a file.",
    ),
    ("TERM", "dumb: no colours, and no screens; the headless command to use in their place is named."),
    ("LC_ALL, LC_CTYPE, LANG", "A locale without UTF-8 takes ASCII glyphs."),
    (settings::FILE_VARIABLE, "Another file of settings."),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME",
        "Where the folders below are, if not in ~/.config and ~/.local/state.",
    ),
];

const FILES: &[(&str, &str)] = &[
    ("./*.conf, ~/.config/sixpane/*.conf", "Where confs are looked for when none is named."),
    ("~/.config/sixpane/settings.toml", "The settings. It is never written."),
    ("~/.local/state/sixpane/", "What is kept between runs. Every file in it may be deleted."),
];

/// A subcommand as a part of the page: its synopsis, what it does, its options.
fn section(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    // What every command has is told once, above.
    let common = |arg: clap::Arg| {
        let hide = matches!(arg.get_id().as_str(), "color" | "help");
        arg.hide(hide)
    };
    let man = Man::new(command.clone().mut_args(common));
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let text = text
        .replace(".SH SYNOPSIS", &format!(".SS \"{name}\""))
        .replace(".SH DESCRIPTION", ".PP")
        .replace(".SH OPTIONS", ".PP");
    Ok(text.into_bytes())
}
