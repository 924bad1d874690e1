//! `sixpane find NAME`: which org has that app? All confs are asked at once.

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
use crate::dns::exchange::Options;
use crate::dns::lookup::ask;
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::doctor::judge::nearest;
use crate::engine::Settings;
use crate::error::{Error, Exit};
use crate::text::{Safe, count};

/// What is looked for.
#[derive(Debug, Clone)]
struct Request {
    /// The app.
    name: Safe,
    /// The confs; none means all that are found.
    confs: Vec<PathBuf>,
    /// Attach even though another sixpane uses a conf.
    force: bool,
    /// How long a tunnel may take to come up.
    timeout: Duration,
    /// Whether JSON is printed.
    json: bool,
}

/// What one network says of the app.
struct Told {
    /// Whether `_apps` lists it.
    listed: bool,
    addresses: Vec<String>,
    flycast: Vec<String>,
    /// A name there that is nearly the same.
    near: Option<String>,
}

/// A conf, and what was told, or why nothing was.
struct Answer {
    conf: String,
    network: Option<String>,
    told: Result<Told, String>,
}

/// Asks all confs at once. The exit code is 0 where any network has the app, 1 where none has, and 6 where none of
/// those that answered has it and others did not answer.
///
/// # Errors
/// Where there is no conf at all (exit 3).
pub async fn run(context: &mut Context<'_>, args: &Find) -> Result<Exit, Error> {
    let confs = args.confs.iter().chain(&args.common.confs).cloned().collect();
    let name = Safe::new(args.name.strip_suffix(".internal").unwrap_or(&args.name));
    let (force, json, timeout) = (args.common.force, args.common.json, context.timeout(&args.common));
    let request = &Request { name, confs, force, timeout, json };
    let out = &mut context.out;
    let items = list::without_copies(list::read(&list::named_or_found(&request.confs)?));
    let answers = join_all(items.into_iter().map(|Item { source, loaded }| async move {
        match loaded {
            Ok(loaded) => Answer {
                conf: loaded.identity().name.clone(),
                network: Some(loaded.identity().network().to_string()),
                told: told(loaded, request).await.map_err(|error| error.line()),
            },
            Err(error) => {
                Answer { conf: source.label(), network: None, told: Err(Error::from(error).line()) }
            }
        }
    }))
    .await;
    if request.json {
        writeln!(out, "{}", to_json(&request.name, &answers))?;
    } else {
        text(&request.name, &answers, out)?;
    }
    let has = |answer: &Answer| answer.told.as_ref().is_ok_and(|told| told.listed);
    Ok(match (answers.iter().any(has), answers.iter().any(|answer| answer.told.is_err())) {
        (true, _) => Exit::Ok,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Empty,
    })
}

async fn told(loaded: Loaded, request: &Request) -> Result<Told, Error> {
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
    Ok(Told {
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
        let (mark, words) = match &answer.told {
            Err(why) => ("?", why.clone()),
            Ok(told) if told.listed => {
                let machines = match told.addresses.len() {
                    0 => "no started machine".to_owned(),
                    n => count(n, "started machine"),
                };
                let flycast = told.flycast.first().map(|_| format!(", {name}.flycast")).unwrap_or_default();
                ("✓", format!("has {name}: {machines}{flycast}"))
            }
            Ok(told) => {
                let near = told.near.as_ref().map(|near| format!("; similar: {near}")).unwrap_or_default();
                // Another org's app can be exposed here (reference document, "Assign a Flycast address").
                let flycast = if told.flycast.is_empty() { "" } else { ", but reaches it by Flycast" };
                ("·", format!("has no {name}{flycast}{near}"))
            }
        };
        writeln!(out, "{mark} {:<width$}  {network:<20} {words}", answer.conf)?;
    }
    Ok(())
}

fn to_json(name: &Safe, answers: &[Answer]) -> Value {
    let has = |answer: &&Answer| answer.told.as_ref().is_ok_and(|told| told.listed);
    let found: Vec<&str> = answers.iter().filter(has).map(|answer| answer.conf.as_str()).collect();
    let confs: Vec<Value> = answers
        .iter()
        .map(|answer| {
            let told = answer.told.as_ref().ok();
            json!({
                "conf": answer.conf,
                "network": answer.network,
                "listed": told.map(|told| told.listed),
                "addresses": told.map(|told| &told.addresses),
                "flycast": told.map(|told| &told.flycast),
                "similar": told.and_then(|told| told.near.as_ref()),
                "error": answer.told.as_ref().err(),
            })
        })
        .collect();
    json!({ "schema": "sixpane.find/2", "name": name, "found": found, "confs": confs })
}
