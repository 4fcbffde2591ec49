//! What no rule is about, or what only looks like something personal: shown, and never counted.

use std::collections::BTreeSet;

use hallmark_harness::exposure::{unescaped, validated};
use hallmark_harness::journal::{Exchange, Service};
use hallmark_harness::redaction::{Mark, SecretKind, marks};

use super::privacy::in_words;
use super::{At, History, Run};
use crate::warning::Warning;

/// Events that are named for one warning.
const EVENTS: usize = 5;

/// Returns what a person should look at in a scenario, each thing once.
pub fn warnings(history: &History<'_>) -> Vec<Warning> {
    let known = Known::new(history);
    let mut found = Found::default();
    for run in &history.runs {
        for exchange in &run.exchanges {
            misplaced(&mut found, *exchange);
            headers(&mut found, *exchange);
        }
        texts(&mut found, &known, run);
    }
    found.0
}

/// Secrets in fields of an update that are not for them. PRV-002 is about ids and errors alone.
fn misplaced(found: &mut Found, exchange: At<'_, Exchange>) {
    let Some(update) = &exchange.what.facts.update else { return };
    for misplaced in &update.misplaced {
        for mark in marks(&misplaced.mark) {
            // A key that goes astray is LPR-004's.
            if mark.kind != SecretKind::AccessKey {
                found.add(&format!("{} of an update", misplaced.place), in_words(&mark), None, exchange.event);
            }
        }
    }
}

/// Planted values in headers: they may belong there, and every proxy on the way logs them.
fn headers(found: &mut Found, exchange: At<'_, Exchange>) {
    for (name, value) in &exchange.what.headers {
        let personal = |mark: &Mark| mark.kind == SecretKind::Personal;
        for mark in [name, value].into_iter().flat_map(|text| marks(text)).filter(personal) {
            let name = if marks(name).is_empty() { name.as_str() } else { "whose name holds it" };
            let place = format!("the header {name} of a request to {}", receiver(&exchange.what.service));
            found.add(&place, in_words(&mark), None, exchange.event);
        }
    }
}

fn receiver(service: &Service) -> &str {
    match service {
        Service::SecretsManager => "Secrets Manager",
        Service::Iam => "IAM",
        Service::ThirdParty(name) => name,
        Service::Declared => "a declared host",
    }
}

/// Values that have the form of something personal, or of a token, in metadata, addresses and logs.
fn texts(found: &mut Found, known: &Known, run: &Run<'_>) {
    for update in run.updates() {
        let errors = update.facts.errors.iter();
        let errors = errors.flat_map(|error| [("an error code", &error.code), ("an error description", &error.description)]);
        for (place, text) in update.facts.credentials_id.iter().map(|id| ("credentials.id", id)).chain(errors) {
            look(found, known, place, text, update.event);
        }
    }
    for exchange in &run.exchanges {
        let place = format!("the address of a request to {}", receiver(&exchange.what.service));
        look(found, known, &place, &unescaped(&exchange.what.target), exchange.event);
    }
    for line in &run.logs {
        look(found, known, "the log", line.what, line.event);
    }
}

fn look(found: &mut Found, known: &Known, place: &str, text: &str, event: u64) {
    for value in validated(text) {
        let shown = &text[value.range];
        if !known.holds(shown) {
            found.add(place, value.kind.to_string(), Some(shown.chars().count() as u64), event);
        }
    }
}

/// Values that everybody may see: what the services answered, public outputs, and what the manifest writes out.
struct Known(BTreeSet<String>);

impl Known {
    fn new(history: &History<'_>) -> Self {
        let exchanges = || history.runs.iter().flat_map(|run| &run.exchanges).map(|exchange| exchange.what);
        let answers = exchanges().filter_map(|exchange| exchange.response.as_ref());
        let answers = answers.flat_map(|answer| answer.headers.iter().map(|(_, value)| value).chain([&answer.body]));
        // In a recorded payload every output that is not public is a mark.
        let reported = exchanges().filter(|exchange| exchange.facts.update.as_ref().is_some_and(|update| !update.payload.is_empty()));
        let reported: Vec<String> = reported.flat_map(|exchange| payload(&exchange.body)).collect();
        let texts = answers.chain(&reported).chain(&history.recording.header.given);
        Self(texts.flat_map(|text| validated(text).into_iter().map(|value| plain(&text[value.range]))).collect())
    }

    fn holds(&self, value: &str) -> bool {
        self.0.contains(&plain(value))
    }
}

/// Returns the texts of a reported payload; none where the body was cut.
fn payload(body: &str) -> Vec<String> {
    let body: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let payload = body.as_ref().and_then(|body| body.pointer("/credentials/payload")?.as_object());
    payload.into_iter().flatten().filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
}

/// The same number is written with and without signs.
fn plain(value: &str) -> String {
    value.chars().filter(|character| character.is_alphanumeric() || matches!(character, '@' | '.')).flat_map(char::to_lowercase).collect()
}

#[derive(Default)]
struct Found(Vec<Warning>);

impl Found {
    fn add(&mut self, place: &str, what: String, length: Option<u64>, event: u64) {
        match self.0.iter_mut().find(|known| known.place == place && known.what == what && known.length == length) {
            Some(known) if known.evidence.len() < EVENTS && !known.evidence.contains(&event) => known.evidence.push(event),
            Some(_) => {}
            None => self.0.push(Warning { place: place.to_owned(), what, length, evidence: vec![event] }),
        }
    }
}
