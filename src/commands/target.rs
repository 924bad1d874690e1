//! The targets of `ping`, `trace` and `ports`: what a typed word means, and its addresses.
//!
//! Order: an address, a place (`web/iad`), a name of the network (complete or not), a machine's ID, a peer's name. Names of
//! the network come before words of ours.

use std::io::Write as _;
use std::net::Ipv6Addr;
use std::time::Duration;

use super::plain;
use super::session::Session;
use crate::dns::dig::name;
use crate::dns::exchange::{Options, Question};
use crate::dns::host::{Host, Typed};
use crate::dns::lookup::ask;
use crate::dns::names::{self, Form};
use crate::dns::payload;
use crate::dns::resolver::NoAddress;
use crate::doctor::judge::nearest;
use crate::engine::targets::labelled;
use crate::error::{Error, Exit};
use crate::probe::series::Target;
use crate::text::Safe;
use crate::text::escape::dns_operand;

/// A word of ours for the network's name server, unless an app has this name.
const GATEWAY: &str = "gateway";

/// The addresses of a typed word.
#[derive(Debug, Clone)]
pub struct Found {
    /// Name whose addresses can change; `None` for a fixed address.
    pub name: Option<Safe>,
    /// Name to send to a service, for example in HTTP.
    pub host: Option<String>,
    pub targets: Vec<Target>,
    /// Text behind the colon.
    pub ports: Option<String>,
    /// Scheme of a URL.
    pub scheme: Option<String>,
}

impl Found {
    fn fixed(label: &str, address: Ipv6Addr) -> Self {
        let targets = vec![Target { label: Safe::new(label), address }];
        Self { name: None, host: None, targets, ports: None, scheme: None }
    }

    pub fn following(name: Safe, targets: Vec<Target>) -> Self {
        Self { name: Some(name), host: None, targets, ports: None, scheme: None }
    }
}

/// Finds the addresses of `word`, which must not have a port.
///
/// # Errors
/// As [`find`]; with a port, exit 2.
pub async fn resolve(session: &Session, word: &str) -> Result<Found, Error> {
    let found = find(session, word).await?;
    match &found.ports {
        None => Ok(found),
        Some(ports) => {
            let host = found.name.as_ref().or(found.targets.first().map(|target| &target.label));
            let host = host.map(Safe::to_string).unwrap_or_default();
            Err(Error::new(
                Exit::Usage,
                format!("`{}` has a port, which this command does not use", Safe::new(word)),
            )
            .hint(format!("sixpane ports {} {}", dns_operand(&host), Safe::new(ports))))
        }
    }
}

/// Finds the addresses of `word`.
///
/// # Errors
/// If it is no target (exit 2), or has no address (exit 1 or 5).
pub async fn find(session: &Session, word: &str) -> Result<Found, Error> {
    let shown = Safe::new(word);
    let typed = Typed::read(word)
        .map_err(|why| Error::new(Exit::Usage, format!("`{shown}` is not a target")).because(why))?;
    let mut found = match typed.host {
        Host::Address(address) => Found::fixed(&address.to_string(), address),
        Host::Name(text) => named(session, &text).await?,
    };
    (found.ports, found.scheme) = (typed.ports, typed.scheme);
    let own = session.identity.conf.address;
    if found.targets.iter().all(|target| target.address == own) {
        return Err(Error::new(
            Exit::Usage,
            format!("{shown} is this peer itself: {own} is the address of the conf"),
        )
        .hint("sixpane ping gateway"));
    }
    Ok(found)
}

async fn named(session: &Session, text: &str) -> Result<Found, Error> {
    let shown = Safe::new(text);
    if text == GATEWAY && !has_app(session, &shown).await {
        return Ok(Found::fixed(GATEWAY, session.identity.dns.addr));
    }
    let text = place(text).unwrap_or_else(|| text.to_owned());
    let name = name::parse(&text).map_err(|error| {
        Error::new(Exit::Usage, format!("`{shown}` is neither an address nor a name")).why(error)
    })?;
    let host = Some(names::show(&name)).filter(|_| Form::parse(&name).is_some());
    let error = match session.addresses(name).await {
        Ok(addresses) => {
            if text == GATEWAY {
                let dns = session.identity.dns.addr;
                let _ = writeln!(
                    plain::stderr(),
                    "sixpane: note: {GATEWAY} is an app of this network; its gateway is {dns}"
                );
            }
            let (one, label) = (addresses.len() == 1, Safe::new(&text));
            let targets = addresses.into_iter().map(|address| labelled(&label, address, one)).collect();
            return Ok(Found { host, ..Found::following(label, targets) });
        }
        Err(error) => error,
    };
    let exit = if matches!(error, NoAddress::NoAnswer(_)) { Exit::Dns } else { Exit::Empty };
    let mut similar = None;
    if exit == Exit::Empty && !text.contains('.') {
        if let Some(found) = by_label(session, &shown).await {
            return Ok(found);
        }
        let client = &session.engine.client;
        let apps = ask(client, client.server(), &Form::Apps, &Options::default()).await;
        similar = nearest(shown.as_str(), &apps.entries).cloned();
    }
    let error = Error::new(exit, format!("cannot reach {shown}")).why(error);
    Err(match similar {
        Some(similar) => error.hint(format!("a similar name is {similar}")),
        None => error.hint("only started machines are in DNS; sixpane tree shows them"),
    })
}

/// Whether the network has the app. A name server that is down must not delay a ping of the gateway.
async fn has_app(session: &Session, app: &Safe) -> bool {
    let client = &session.engine.client;
    let options = Options { timeout: Duration::from_millis(500), ..Options::default() };
    !ask(client, client.server(), &Form::App(app.clone()), &options).await.addresses.is_empty()
}

/// The name of a place in its text form: `web/iad`, `web/148e21b7c93d89`, `peers/laptop`.
fn place(text: &str) -> Option<String> {
    let (app, inside) = text.split_once('/')?;
    let region = inside.len() == 3 && inside.bytes().all(|byte| byte.is_ascii_lowercase());
    Some(match app {
        "peers" => format!("{inside}._peer.internal"),
        _ if region => format!("{inside}.{app}.internal"),
        _ => format!("{inside}.vm.{app}.internal"),
    })
}

/// The machine with this ID, or the peer with this name.
async fn by_label(session: &Session, label: &Safe) -> Option<Found> {
    let (client, options) = (&session.engine.client, &Options::default());
    let instances = Form::Instances;
    let question = Question::new(instances.name().ok()?, instances.record_type());
    let (exchange, peers) =
        tokio::join!(client.ask(question, options), ask(client, client.server(), &Form::Peers, options));
    let machine = exchange
        .texts()
        .iter()
        .flat_map(|text| payload::instances(text).0)
        .find(|instance| instance.id == *label && instance.address.is_some());
    let form = match machine {
        Some(instance) => Form::Vm(instance.id, instance.app),
        None => Form::Peer(peers.entries.iter().find(|peer| *peer == label)?.clone()),
    };
    let addresses = session.addresses(form.name().ok()?).await.ok()?;
    let name = Safe::new(form.to_string());
    let targets = addresses.iter().map(|&address| labelled(&name, address, addresses.len() == 1)).collect();
    Some(Found { host: Some(form.to_string()), ..Found::following(name, targets) })
}
