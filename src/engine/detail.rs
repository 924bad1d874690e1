//! What is told about one node: the names that concern it, and what each answers.

use std::net::Ipv6Addr;

use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::exchange::Exchange;
use crate::dns::lookup::Lookup;
use crate::dns::names::Form;
use crate::engine::report::{Detail, NameRow};
use crate::text::Safe;

/// The process group of an app that names none; the only one that can be tried without being told.
const DEFAULT_GROUP: &str = "app";
/// How many of the nearest machines are asked for.
const NEAREST: u32 = 3;

/// A node under inspection.
#[derive(Debug)]
pub struct Inspection {
    forms: Vec<Form>,
    /// The machine's own address, where the node is one.
    address: Option<Ipv6Addr>,
    detail: Detail,
}

impl Inspection {
    /// What there is to ask about `node`.
    pub fn new(node: Node, catalog: &Catalog) -> Self {
        let forms = forms(&node, catalog);
        let names = forms.iter().map(row).collect();
        let address = address(&node, catalog);
        Self { forms, address, detail: Detail { node, names, group: None } }
    }

    /// Adapts to a newer catalog: a machine may have moved. What was answered stays until it is answered anew.
    pub fn refresh(&mut self, catalog: &Catalog) {
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

    /// The questions, one a row.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// What is known so far.
    pub fn detail(&self) -> &Detail {
        &self.detail
    }

    /// Takes the answer for `row`.
    pub fn absorb(&mut self, row: usize, exchange: &Exchange) {
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
