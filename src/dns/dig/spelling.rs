//! Suggestions without a walk: queries the lists of names when a name does not exist.

use std::time::Duration;

use super::line::Ask;
use super::lists::{self, Listed};
use super::notes;
use super::suggest::{self, Known};
use crate::dns::client::Client;
use crate::dns::exchange::{Exchange, Options, Question};
use crate::dns::names::Form;
use crate::text::Safe;

/// Timeout: a suggestion is not worth a longer wait.
const PATIENCE: Duration = Duration::from_secs(1);

/// Existing names similar to the one of `exchange`, which does not exist; the most similar first.
pub async fn of(client: &Client, ask: &Ask, exchange: &Exchange) -> Vec<Form> {
    if !notes::is_negative(exchange) {
        return Vec::new();
    }
    let list = |form: Form| async move {
        let Ok(name) = form.name() else { return Vec::new() };
        let question = Question::new(name, form.record_type());
        let options = Options { timeout: PATIENCE, ..Options::default() };
        // The server that denies the name is the one to query.
        lists::entries(Some(&form), &client.ask_at(exchange.server, question, &options).await)
    };
    let mut known = Known::default();
    let Some(form) = &ask.form else {
        known.apps = list(Form::Apps).await.into_iter().map(name).collect();
        return suggest::inside(&ask.question.name, &known).into_iter().collect();
    };
    match form.app() {
        None => {
            known.peers = list(Form::Peers).await.into_iter().map(name).collect();
        }
        Some(app) => {
            known.apps = list(Form::Apps).await.into_iter().map(name).collect();
            if known.apps.contains(app) {
                match form {
                    Form::Region(..) => {
                        known.regions =
                            list(Form::Regions(app.clone())).await.into_iter().map(name).collect();
                    }
                    Form::Vm(..) => {
                        known.machines = list(Form::Vms(app.clone())).await.into_iter().map(name).collect();
                    }
                    _ => {}
                }
            }
        }
    }
    suggest::of(form, &known)
}

fn name(entry: Listed) -> Safe {
    match entry {
        Listed::App(name) | Listed::Peer(name) | Listed::Region(name, _) => name,
        Listed::Machine { id, .. } => id,
    }
}
