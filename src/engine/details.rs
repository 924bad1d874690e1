//! Details of one node: its DNS names and the response to each.

use std::future::Future;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::capability::{Capability, Context, Topic, poll_set};
use super::report::{Command, Detail, NameRow, Report};
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::exchange::{Exchange, Question};
use crate::dns::lookup::Lookup;
use crate::dns::names::Form;
use crate::net::Network;
use crate::text::Safe;

/// Default process group of an app: the only group name that can be guessed.
const DEFAULT_GROUP: &str = "app";
/// Number of nearest machines in the query.
const NEAREST: u32 = 3;

/// Details of the inspected node; refreshed after each walk.
pub struct Details {
    inspection: Option<Inspection>,
    queries: FuturesUnordered<Query>,
    walked: watch::Receiver<Arc<Catalog>>,
    topic: Topic,
}

type Query = Pin<Box<dyn Future<Output = (usize, Exchange)> + Send>>;

impl Details {
    pub fn new<N: Network>(cx: &Context<N>) -> Self {
        Self {
            inspection: None,
            queries: FuturesUnordered::new(),
            walked: cx.walked.subscribe(),
            topic: Topic::default(),
        }
    }

    /// Sends all queries of the inspection; earlier queries in flight are dropped.
    fn ask<N: Network>(&mut self, cx: &Context<N>) {
        self.queries.clear();
        let Some(inspection) = &self.inspection else { return };
        for (row, form) in inspection.forms.iter().enumerate() {
            let Ok(name) = form.name() else { continue };
            let (client, options) = (cx.client.clone(), cx.options.clone());
            let question = Question::new(name, form.record_type());
            self.queries.push(Box::pin(async move { (row, client.ask(question, &options).await) }));
        }
    }
}

impl<N: Network> Capability<N> for Details {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Inspect(node) => {
                self.inspection = Some(Inspection::new(node, &cx.catalog));
                self.ask(cx);
                self.topic.ended(cx.now);
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        if self.walked.has_changed().unwrap_or(false) {
            let catalog = self.walked.borrow_and_update().clone();
            if let Some(inspection) = &mut self.inspection {
                inspection.refresh(&catalog);
                self.ask(cx);
            }
        }
        let (row, exchange) = ready!(poll_set(&mut self.queries, task));
        if let Some(inspection) = &mut self.inspection {
            inspection.absorb(row, &exchange);
            self.topic.changed(cx.now);
        }
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        self.inspection.as_ref().map(|inspection| Report::Detail(Arc::new(inspection.detail.clone())))
    }
}

struct Inspection {
    forms: Vec<Form>,
    /// Own address, if the node is a machine.
    address: Option<Ipv6Addr>,
    detail: Detail,
}

impl Inspection {
    fn new(node: Node, catalog: &Catalog) -> Self {
        let forms = forms(&node, catalog);
        let names = forms.iter().map(row).collect();
        let address = address(&node, catalog);
        Self { forms, address, detail: Detail { node, names, group: None } }
    }

    /// Applies a newer catalog: a machine may have moved. Old responses stay until new ones arrive.
    fn refresh(&mut self, catalog: &Catalog) {
        self.address = address(&self.detail.node, catalog);
        let forms = forms(&self.detail.node, catalog);
        if forms != self.forms {
            let known = std::mem::take(&mut self.detail.names);
            self.detail.names = forms
                .iter()
                .map(row)
                .map(|row| known.iter().find(|k| k.name == row.name).cloned().unwrap_or(row))
                .collect();
            self.forms = forms;
        }
    }

    fn absorb(&mut self, row: usize, exchange: &Exchange) {
        let (Some(form), Some(shown)) = (self.forms.get(row), self.detail.names.get_mut(row)) else { return };
        let answer = Lookup::of(form, exchange);
        if let Form::Process(group, _) = form {
            let ours = self.address.is_some_and(|address| answer.addresses.contains(&address));
            self.detail.group = ours.then(|| group.clone());
        }
        shown.answer = Some(answer);
    }
}

fn address(node: &Node, catalog: &Catalog) -> Option<Ipv6Addr> {
    match node {
        Node::Machine(app, id) => catalog.machine(app, id)?.address,
        _ => None,
    }
}

fn row(form: &Form) -> NameRow {
    let rtype = if form.record_type() == hickory_proto::rr::RecordType::TXT { "TXT" } else { "AAAA" };
    NameRow { name: form.to_string(), rtype, answer: None }
}

fn forms(node: &Node, catalog: &Catalog) -> Vec<Form> {
    let group = |app: &Safe| Form::Process(DEFAULT_GROUP.into(), app.clone());
    match node {
        Node::App(app) => vec![
            Form::App(app.clone()),
            Form::Vms(app.clone()),
            Form::Regions(app.clone()),
            group(app),
            Form::Nearest(NEAREST, app.clone()),
            Form::Flycast(app.clone()),
        ],
        Node::Region(app, Some(region)) => vec![Form::Region(region.clone(), app.clone()), group(app)],
        Node::Region(app, None) => vec![Form::Vms(app.clone())],
        Node::Machine(app, id) => {
            let region = catalog.machine(app, id).and_then(|machine| machine.region.clone());
            [
                Some(Form::Vm(id.clone(), app.clone())),
                region.map(|region| Form::Region(region, app.clone())),
                Some(group(app)),
                Some(Form::Nearest(NEAREST, app.clone())),
                Some(Form::Flycast(app.clone())),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        Node::Peers => vec![Form::Peers],
        Node::Peer(peer) => vec![Form::Peer(peer.clone())],
    }
}
