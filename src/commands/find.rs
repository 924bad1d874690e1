//! `sixpane find NAME`: searches the networks of all confs for an app, side by side.

use std::io::Write;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Context;
use super::session::Session;
use crate::attach::Loaded;
use crate::attach::list::{self, Item};
use crate::cli::args::Find;
use crate::dns::dig::name;
use crate::dns::exchange::Options;
use crate::dns::host::{Host, Typed};
use crate::dns::lookup::ask;
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::doctor::judge::nearest;
use crate::engine::Settings;
use crate::error::{Error, Exit};
use crate::text::{Safe, count};

#[derive(Debug, Clone)]
struct Request {
    name: Safe,
    /// All confs found, if empty.
    confs: Vec<PathBuf>,
    /// Attach even if another sixpane uses a conf.
    force: bool,
    /// Limit for the handshake.
    timeout: Duration,
    json: bool,
}

/// The app in one network.
struct Found {
    /// Whether `_apps` lists it.
    listed: bool,
    addresses: Vec<String>,
    flycast: Vec<String>,
    /// A similar name in this network.
    near: Option<String>,
}

/// The result for one conf.
struct Answer {
    conf: String,
    network: Option<String>,
    result: Result<Found, String>,
}

/// Queries all networks at once. The exit code is 0 if any network has the app, 1 if none has it, and 6 if some could
/// not be queried and none of the others has it.
///
/// # Errors
/// If there is no conf (exit 3).
pub async fn run(context: &mut Context<'_>, args: &Find) -> Result<Exit, Error> {
    let confs = args.confs.iter().chain(&args.common.confs).cloned().collect();
    let name = app(&args.name)?;
    let (force, json, timeout) = (args.common.force, args.common.json, context.timeout(&args.common));
    let request = &Request { name, confs, force, timeout, json };
    let out = &mut context.out;
    let items = list::without_copies(list::read(&list::named_or_found(&request.confs)?));
    let answers = join_all(items.into_iter().map(|Item { source, loaded }| async move {
        match loaded {
            Ok(loaded) => Answer {
                conf: loaded.identity().name.clone(),
                network: Some(loaded.identity().network().to_string()),
                result: find(loaded, request).await.map_err(|error| error.line()),
            },
            Err(error) => {
                Answer { conf: source.label(), network: None, result: Err(Error::from(error).line()) }
            }
        }
    }))
    .await;
    if request.json {
        writeln!(out, "{}", to_json(&request.name, &answers))?;
    } else {
        text(&request.name, &answers, out)?;
    }
    let has = |answer: &Answer| answer.result.as_ref().is_ok_and(|found| found.listed);
    Ok(match (answers.iter().any(has), answers.iter().any(|answer| answer.result.is_err())) {
        (true, _) => Exit::Ok,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Empty,
    })
}

/// The app in a name as people type it: `web`, `vms.web`, `http://web.internal:8080/`.
fn app(text: &str) -> Result<Safe, Error> {
    let wrong =
        |why| Error::new(Exit::Usage, format!("`{}` is not the name of an app", Safe::new(text))).why(why);
    let typed = Typed::read(text).map_err(|error| wrong(error.to_string()))?;
    let Host::Name(name) = typed.host else { return Err(wrong("it is an address".into())) };
    let parsed = name::parse(name.trim_end_matches('.')).map_err(|error| wrong(error.to_string()))?;
    Ok(Form::parse(&parsed).and_then(|form| form.app().cloned()).unwrap_or_else(|| Safe::new(&name)))
}

async fn find(loaded: Loaded, request: &Request) -> Result<Found, Error> {
    let settings = Settings { walk: false, ..Settings::default() };
    let mut session = Session::attach(loaded, request.force, settings)?;
    session.up(request.timeout).await?;
    let client = session.engine.client.clone();
    let server = client.server();
    let forms = [Form::Apps, Form::App(request.name.clone()), Form::Flycast(request.name.clone())];
    let [apps, own, flycast] = forms.map(|form| {
        let client = client.clone();
        async move { ask(&client, server, &form, &Options::default()).await }
    });
    let (apps, own, flycast) = tokio::join!(apps, own, flycast);
    if apps.outcome != Outcome::NOERROR {
        return Err(Error::new(Exit::Dns, format!("_apps.internal: {}", apps.outcome)));
    }
    let texts = |addresses: &[Ipv6Addr]| addresses.iter().map(ToString::to_string).collect();
    let listed = apps.entries.contains(&request.name);
    Ok(Found {
        listed,
        addresses: texts(&own.addresses),
        flycast: texts(&flycast.addresses),
        near: if listed {
            None
        } else {
            nearest(request.name.as_str(), &apps.entries).map(ToString::to_string)
        },
    })
}

fn text(name: &Safe, answers: &[Answer], out: &mut impl Write) -> std::io::Result<()> {
    let width = answers.iter().map(|answer| crate::text::width(&answer.conf)).max().unwrap_or(0);
    for answer in answers {
        let network = answer.network.as_deref().unwrap_or("–");
        let (mark, words) = match &answer.result {
            Err(why) => ("?", why.clone()),
            Ok(found) if found.listed => {
                let machines = match found.addresses.len() {
                    0 => "no started machine".to_owned(),
                    n => count(n, "started machine"),
                };
                let flycast = found.flycast.first().map(|_| format!(", {name}.flycast")).unwrap_or_default();
                ("✓", format!("has {name}: {machines}{flycast}"))
            }
            Ok(found) => {
                let near = found.near.as_ref().map(|near| format!("; similar: {near}")).unwrap_or_default();
                // An app of another org can be exposed here (reference document, "Assign a Flycast address").
                let flycast = if found.flycast.is_empty() { "" } else { ", but reaches it by Flycast" };
                ("·", format!("has no {name}{flycast}{near}"))
            }
        };
        writeln!(out, "{mark} {:<width$}  {network:<20} {words}", answer.conf)?;
    }
    Ok(())
}

fn to_json(name: &Safe, answers: &[Answer]) -> Value {
    let has = |answer: &&Answer| answer.result.as_ref().is_ok_and(|found| found.listed);
    let found: Vec<&str> = answers.iter().filter(has).map(|answer| answer.conf.as_str()).collect();
    let confs: Vec<Value> = answers
        .iter()
        .map(|answer| {
            let found = answer.result.as_ref().ok();
            json!({
                "conf": answer.conf,
                "network": answer.network,
                "listed": found.map(|found| found.listed),
                "addresses": found.map(|found| &found.addresses),
                "flycast": found.map(|found| &found.flycast),
                "similar": found.and_then(|found| found.near.as_ref()),
                "error": answer.result.as_ref().err(),
            })
        })
        .collect();
    json!({ "schema": "sixpane.find/2", "name": name, "found": found, "confs": confs })
}
