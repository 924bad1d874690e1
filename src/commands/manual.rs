//! `sixpane keys`, `completions` and `man`, generated from the tables of the program.

use std::io::Write as _;

use clap::ColorChoice;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::app::command::{self, Line};
use crate::app::keymap::Keymap;
use crate::cli::args::{Completions, Keys};
use crate::cli::{self, examples};
use crate::dns::dig::options;
use crate::error::{Error, Exit};
use crate::settings;
use crate::text::width;

use super::Context;
use super::process::CORE_DUMPS;
use super::style::{DIM, STRONG, paint};

/// The lines of every context with its title: first the global context, last the choice of a conf.
fn places(keymap: &Keymap) -> impl Iterator<Item = (String, Vec<Line<'_>>)> {
    let mut places: Vec<command::Context> = Vec::new();
    for context in keymap.lines().map(|line| line.row.context).filter(|context| context.is_documented()) {
        if !places.contains(&context) {
            places.push(context);
        }
    }
    places.into_iter().map(|context| {
        let here: Vec<Line<'_>> = keymap.lines().filter(|line| line.row.context == context).collect();
        let mut title = context.title().to_owned();
        title.get_mut(..1).map(str::make_ascii_uppercase);
        (title, here)
    })
}

fn shown(line: &Line<'_>) -> Vec<String> {
    if line.keys.is_empty() {
        // A command without a key is run by its name.
        return vec![format!(":{}", line.row.id)];
    }
    line.keys.iter().map(|key| key.show(false)).collect()
}

/// Prints all keys with their commands.
///
/// # Errors
/// If the output cannot be written.
pub fn keys(context: &mut Context<'_>, args: &Keys) -> Result<Exit, Error> {
    let (keymap, markdown, out) = (context.sources.keymap(), args.markdown, &mut context.out);
    for (n, (title, lines)) in places(keymap).enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        if markdown {
            writeln!(out, "| {title} | | |\n|---|---|---|")?;
        } else {
            writeln!(out, "{}", paint(STRONG, &title))?;
        }
        for line in lines {
            let (keys, words, id) = (shown(&line), line.row.help, line.row.id);
            if markdown {
                let keys: Vec<String> =
                    keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
                writeln!(out, "| {} | {} | `{id}` |", keys.join(" "), words.replace('|', "\\|"))?;
            } else {
                let keys = keys.join(" ");
                let room = 14_usize.saturating_sub(width(&keys));
                writeln!(out, "  {keys}{:room$} {words:<56} {}", "", paint(DIM, id))?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// Prints the completions for a shell.
///
/// # Errors
/// If the output cannot be written.
pub fn completions(context: &mut Context<'_>, args: &Completions) -> Result<Exit, Error> {
    let (shell, out) = (args.shell, &mut context.out);
    // The generators accept a command only after the conf. So the conf is removed, and added again for the shell that
    // can complete either as the first word.
    let whole = cli::command(ColorChoice::Never);
    let mut either = clap::Command::new("sixpane")
        .args(whole.get_arguments().filter(|arg| !arg.is_positional()).cloned())
        .subcommands(whole.get_subcommands().cloned());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut either, "sixpane", &mut script);
    let script = String::from_utf8_lossy(&script).replace(
        "\":: :_sixpane_commands\"",
        "\":: :{ _alternative 'commands:command:_sixpane_commands' 'confs:conf:_files -g \\*.conf' }\"",
    );
    out.write_all(script.as_bytes())?;
    if shell == clap_complete::Shell::Fish {
        // Its generator completes only the values of options.
        for sub in whole.get_subcommands() {
            for value in sub.get_positionals().flat_map(clap::Arg::get_possible_values) {
                let (sub, value) = (sub.get_name(), value.get_name());
                writeln!(
                    out,
                    "complete -c sixpane -n \"__fish_sixpane_using_subcommand {sub}\" -f -a {value}"
                )?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// Prints the manual page.
///
/// # Errors
/// If the output cannot be written.
pub fn page(context: &mut Context<'_>) -> Result<Exit, Error> {
    let (keymap, out) = (context.sources.keymap(), &mut context.out);
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
        if sub.get_name() == "dig" {
            line_options().to_writer(out)?;
        }
    }
    let mut rest = Roff::new();
    rest.control("SH", ["EXAMPLES"]);
    for (line, purpose) in examples::EXAMPLES.iter().flat_map(|(_, examples)| *examples) {
        rest.control("TP", []);
        rest.text([bold(*line)]);
        rest.text([roman(*purpose)]);
    }
    rest.control("SH", ["KEYS"]);
    for (title, lines) in places(keymap) {
        rest.control("SS", [title.as_str()]);
        for line in &lines {
            rest.control("TP", []);
            let mut keys = Vec::new();
            for (n, key) in shown(line).into_iter().enumerate() {
                keys.extend((n > 0).then(|| roman(", ")));
                keys.push(bold(key));
            }
            rest.text(keys);
            rest.text([roman(line.row.help)]);
        }
    }
    rest.control("SH", ["SETTINGS"]);
    rest.text([
        roman("The value of a setting is that of its flag, else of its environment variable, else in "),
        bold("~/.config/sixpane/settings.toml"),
        roman(", else the last choice on the screens, else the default. "),
        bold("sixpane settings"),
        roman(" prints such a file with all defaults."),
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

/// The options of a dig line.
fn line_options() -> Roff {
    let mut part = Roff::new();
    part.control("PP", []);
    part.text([roman(cli::OPTIONS_ABOUT)]);
    for known in options::KNOWN {
        part.control("TP", []);
        part.text([bold(format!("+{}", known.written()))]);
        part.text([roman(known.words)]);
    }
    part.control("PP", []);
    part.text([roman(cli::COMPARED_ABOUT)]);
    part
}

/// Environment variables besides those of the settings.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("NO_COLOR", "If set: no colours, on the screens and in the output."),
    ("CLICOLOR_FORCE", "If set, and not 0: coloured output also into a pipe or a file."),
    ("TERM", "If dumb: no colours and no screens; use the headless commands."),
    ("LC_ALL, LC_CTYPE, LANG", "Without UTF-8 in the locale, the output is ASCII."),
    (CORE_DUMPS, "Set to anything: permits core dumps. They contain the private key."),
    (settings::FILE_VARIABLE, "Path of another settings file."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Folders to use instead of ~/.config and ~/.local/state."),
];

const FILES: &[(&str, &str)] = &[
    ("./*.conf, ~/.config/sixpane/*.conf", "Confs used if none is given."),
    ("~/.config/sixpane/settings.toml", "The settings. sixpane never writes this file."),
    ("~/.local/state/sixpane/", "Data kept between runs. All files in it may be deleted."),
];

/// The part of the page about a subcommand: synopsis, description, options.
fn section(command: &clap::Command) -> Result<Vec<u8>, Error> {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    // Options of all commands are described once, above.
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
