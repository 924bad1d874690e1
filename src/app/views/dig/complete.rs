//! Completions of the last word of a line: names from the live catalog, and forms, types, options and servers.

use std::net::Ipv6Addr;

use super::Choice;
use super::builder::open_forms;
use super::history::Past;
use crate::catalog::Catalog;
use crate::dns::dig::options;
use crate::dns::dig::types::{self, parse_type};
use crate::dns::names::Form;
use crate::text::Safe;

/// Largest number of completions.
const CHOICES: usize = 40;

/// Completions of the last word of `text`; `server` is the network's own, `past` is the history.
pub fn choices(text: &str, catalog: &Catalog, server: Ipv6Addr, past: &Past) -> Vec<Choice> {
    let (before, word) = text.rsplit_once(' ').unwrap_or(("", text));
    if word.is_empty() {
        return Vec::new();
    }
    let plain =
        |name: String, about: &'static str, rtype: &'static str| Choice { name, about, rtype, open: None };
    if let Some(begun) = word.strip_prefix('+') {
        let (no, begun) = match begun.strip_prefix("no") {
            Some(rest) if !begun.starts_with("nos") && !begun.starts_with("nsid") => ("no", rest),
            _ => ("", begun),
        };
        let fitting = options::KNOWN.iter().filter(|known| known.name.starts_with(begun));
        return fitting.map(|known| plain(format!("+{no}{}", known.written()), known.words, "")).collect();
    }
    if let Some(begun) = word.strip_prefix('@') {
        let mut all = vec![plain(format!("@{server}"), "the network's own name server", "")];
        let machines = catalog.apps.values().flat_map(|app| app.machines.values());
        all.extend(
            machines.filter_map(|m| m.address).map(|a| plain(format!("@{a}"), "a machine", "")).take(500),
        );
        all.extend(
            catalog.apps.keys().map(|app| plain(format!("@{app}.internal"), "the machines of an app", "")),
        );
        all.retain(|choice| choice.name[1..].starts_with(begun));
        all.truncate(CHOICES);
        return all;
    }
    if word.starts_with('-') {
        return Vec::new();
    }
    let mut all = Vec::new();
    let has_name = before.split(' ').any(|word| !word.is_empty() && !word.starts_with(['@', '+', '-']));
    if has_name {
        let begun = word.to_ascii_uppercase();
        let fitting = types::KNOWN.iter().filter(|known| known.mnemonic.starts_with(&begun));
        // Types that this network uses come first.
        let mut fitting: Vec<_> = fitting.map(|known| known.mnemonic).collect();
        fitting.sort_by_key(|word| !["AAAA", "TXT"].contains(word));
        all.extend(fitting.into_iter().take(8).map(|word| plain(word.to_owned(), "type", "")));
        if parse_type(word).is_some() {
            return all;
        }
    }
    all.extend(names(word, catalog, past));
    all.truncate(CHOICES);
    all
}

/// How well a text matches a name, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Its parts match the starts of labels, from the first label: `g.w` and `global.web.internal`.
    Begins,
    /// The same from a later label: `w`.
    Holds,
    /// The same with labels skipped between: `t.w` and `top3.nearest.of.web.internal`.
    Skips,
}

fn fits(text: &str, name: &str) -> Option<Fit> {
    let parts: Vec<&str> = text.split('.').collect();
    let mut rest = Some(name);
    for at in 0.. {
        let Some(name) = rest else { break };
        let mut labels = name.split('.');
        if parts.iter().all(|part| labels.next().is_some_and(|label| label.starts_with(part))) {
            return Some(if at == 0 { Fit::Begins } else { Fit::Holds });
        }
        rest = name.split_once('.').map(|(_, rest)| rest);
    }
    let mut labels = name.split('.');
    let all = parts.len() > 1
        && parts.iter().all(|part| !part.is_empty() && labels.any(|label| label.starts_with(part)));
    all.then_some(Fit::Skips)
}

/// Names that `text` matches label by label; matches from the first label come first.
fn names(text: &str, catalog: &Catalog, past: &Past) -> Vec<Choice> {
    let text = text.to_lowercase();
    let (mut begins, mut holds, mut skips) = (Vec::new(), Vec::new(), Vec::new());
    let mut put = |choice: Choice| {
        match fits(&text, &choice.name) {
            Some(Fit::Begins) => begins.push(choice),
            Some(Fit::Holds) if holds.len() < CHOICES => holds.push(choice),
            Some(Fit::Skips) if skips.len() < CHOICES => skips.push(choice),
            _ => {}
        }
        begins.len() < CHOICES
    };
    let put_form = |put: &mut dyn FnMut(Choice) -> bool, form: &Form| {
        let rtype = if form.record_type() == hickory_proto::rr::RecordType::TXT { "TXT" } else { "AAAA" };
        put(Choice { name: form.to_string(), about: form.explain(), rtype, open: None })
    };
    for form in [Form::Apps, Form::Instances, Form::Peers] {
        put_form(&mut put, &form);
    }
    for (app, entry) in &catalog.apps {
        let of = |form: fn(Safe) -> Form| form(app.clone());
        put_form(&mut put, &of(Form::App));
        for region in entry.regions().into_keys().flatten() {
            put_form(&mut put, &Form::Region(region.clone(), app.clone()));
        }
        for form in [
            of(Form::Vms),
            of(Form::Regions),
            Form::Nearest(3, app.clone()),
            Form::Process("app".into(), app.clone()),
        ] {
            put_form(&mut put, &form);
        }
        open_forms(app).for_each(|choice| {
            put(choice);
        });
        put_form(&mut put, &of(Form::Global));
        put_form(&mut put, &of(Form::Flycast));
    }
    // Names that no record lists, from the history.
    for form in past.forms() {
        if matches!(form, Form::Metadata(..) | Form::Process(..)) {
            put_form(&mut put, &form);
        }
    }
    'apps: for (app, entry) in &catalog.apps {
        for id in entry.machines.keys() {
            // Most IDs do not match: no names are built for them.
            let id_fits = id.as_str().starts_with(text.split('.').next().unwrap_or_default());
            let other = text.starts_with("vm") || app.as_str().starts_with(&text);
            if (id_fits || other) && !put_form(&mut put, &Form::Vm(id.clone(), app.clone())) {
                break 'apps;
            }
        }
    }
    for peer in catalog.peers.keys() {
        put_form(&mut put, &Form::Peer(peer.clone()));
    }
    let mut all: Vec<Choice> = Vec::new();
    for choice in begins.into_iter().chain(holds).chain(skips) {
        if all.len() < CHOICES && !all.iter().any(|known| known.name == choice.name) {
            all.push(choice);
        }
    }
    all
}
