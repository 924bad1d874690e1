//! What the last word of a line may be completed to: names made of the live catalog and the table of forms, types,
//! options, servers.

use std::net::Ipv6Addr;

use super::Choice;
use super::builder::open_forms;
use crate::catalog::Catalog;
use crate::dns::dig::options;
use crate::dns::dig::types::{self, parse_type};
use crate::dns::names::Form;
use crate::text::Safe;

/// Completions that are offered at once.
const CHOICES: usize = 40;

/// What the last word of `text` may be completed to; `server` is the network's own.
pub fn choices(text: &str, catalog: &Catalog, server: Ipv6Addr) -> Vec<Choice> {
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
            machines.filter_map(|m| m.address).map(|a| plain(format!("@{a}"), "a Machine", "")).take(500),
        );
        all.extend(
            catalog.apps.keys().map(|app| plain(format!("@{app}.internal"), "the Machines of an app", "")),
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
        // What this network has comes first.
        let mut fitting: Vec<_> = fitting.map(|known| known.mnemonic).collect();
        fitting.sort_by_key(|word| !["AAAA", "TXT"].contains(word));
        all.extend(fitting.into_iter().take(8).map(|word| plain(word.to_owned(), "type", "")));
        if parse_type(word).is_some() {
            return all;
        }
    }
    all.extend(names(word, catalog));
    all.truncate(CHOICES);
    all
}

/// The first label of `name` from which on each part of `text` begins one: `g.w` fits `global.web.internal` at 0,
/// `w` fits it at 1.
fn fits(text: &str, name: &str) -> Option<usize> {
    let parts: Vec<&str> = text.split('.').collect();
    let mut rest = Some(name);
    for at in 0.. {
        let name = rest?;
        let mut labels = name.split('.');
        if parts.iter().all(|part| labels.next().is_some_and(|label| label.starts_with(part))) {
            return Some(at);
        }
        rest = name.split_once('.').map(|(_, rest)| rest);
    }
    None
}

/// The names that `text` begins, label by label; those that it begins from their first label on come first.
fn names(text: &str, catalog: &Catalog) -> Vec<Choice> {
    let text = text.to_lowercase();
    let (mut begins, mut holds) = (Vec::new(), Vec::new());
    let mut put = |choice: Choice| {
        match fits(&text, &choice.name) {
            Some(0) => begins.push(choice),
            Some(_) if holds.len() < CHOICES => holds.push(choice),
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
    'apps: for (app, entry) in &catalog.apps {
        for id in entry.machines.keys() {
            // Most IDs do not fit, and are not made into names.
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
    begins.extend(holds);
    begins.truncate(CHOICES);
    begins
}
