//! Takes secrets out of an event, whatever kind it is.

use std::fmt::Write as _;

use super::{EventKind, Exchange, JobOutcome, JobRef, LogStream};
use crate::contract::TaskError;
use crate::redaction::Redactor;

/// Bytes of a body that are kept, after redaction.
const BODY_BOUND: usize = 16 * 1024;

/// Replaces every secret in every text of the events. Lines that a job printed to one stream are taken for one text.
pub(super) fn redact_all(kinds: &mut [EventKind], redactor: &Redactor) {
    let mut printed: Vec<((JobRef, LogStream), Vec<&mut String>)> = Vec::new();
    for kind in kinds {
        match kind {
            EventKind::JobLog { job, stream, line } => match printed.iter_mut().find(|((of, on), _)| of == job && on == stream) {
                Some((_, lines)) => lines.push(line),
                None => printed.push(((job.clone(), *stream), vec![line])),
            },
            other => other.redact(redactor),
        }
    }
    for (_, mut lines) in printed {
        redactor.redact_lines(&mut lines);
    }
}

impl EventKind {
    /// Replaces every secret in every text of the event. Exhaustive on purpose: a new kind must decide.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        let clean = |text: &mut String| redactor.clean(text);
        match self {
            Self::Exchange(exchange) => exchange.redact(redactor),
            Self::TlsAborted { host, reason, fault: _ } => {
                clean(host);
                clean(reason);
            }
            Self::HostRefused { job: _, host, port: _ } | Self::ConnectionSpoilt { job: _, service: _, host, connection: _, fault: _ } => {
                clean(host);
            }
            Self::NameAsked { job: _, name, record_type: _, declared: _, fault: _ } => clean(name),
            Self::AdminRefused { job: _, method, path } => {
                clean(method);
                clean(path);
            }
            Self::JobLog { job: _, stream: _, line } => clean(line),
            Self::TaskChanged { errors, .. } => clean_errors(errors, redactor),
            Self::CredentialIssued { credential, .. } | Self::CredentialRevoked { credential, .. } => clean(credential),
            Self::EngineTrouble { what } => clean(what),
            Self::Note { text } => clean(text),
            Self::FaultsSet { plan } => clean(plan),
            Self::JobEnded { job: _, outcome: JobOutcome { not_started, .. } } => not_started.iter_mut().for_each(clean),
            Self::JobRequested { job: _, action, trigger, altered: _, version: _ } => action.iter_mut().chain(trigger).for_each(clean),
            Self::Connection(_) | Self::JobStarted { .. } | Self::KillAsked { .. } | Self::ClockAdvanced { .. } => {}
        }
    }
}

impl Exchange {
    fn redact(&mut self, redactor: &Redactor) {
        let clean = |text: &mut String| redactor.clean(text);
        clean(&mut self.host);
        clean(&mut self.method);
        clean(&mut self.target);
        // A name can carry a secret as well as a value.
        self.headers.iter_mut().for_each(|(name, value)| {
            clean(name);
            clean(value);
        });
        clean(&mut self.body);
        cut(&mut self.body);
        if let Some(response) = &mut self.response {
            response.headers.iter_mut().for_each(|(_, value)| clean(value));
            clean(&mut response.body);
            cut(&mut response.body);
        }
        self.facts.credential.iter_mut().for_each(clean);
        self.facts.task.iter_mut().for_each(clean);
        if let Some(secret) = &mut self.facts.secret {
            clean(&mut secret.0);
        }
        if let Some(update) = &mut self.facts.update {
            update.status.iter_mut().chain(&mut update.credentials_id).chain(&mut update.violations).for_each(clean);
            update.payload.iter_mut().for_each(|value| clean(&mut value.name));
            // The mark is ours, and would be defused.
            update.misplaced.iter_mut().for_each(|misplaced| clean(&mut misplaced.place));
            clean_errors(&mut update.errors, redactor);
        }
    }
}

fn clean_errors(errors: &mut [TaskError], redactor: &Redactor) {
    for error in errors {
        redactor.clean(&mut error.code);
        redactor.clean(&mut error.description);
    }
}

fn cut(text: &mut String) {
    if text.len() > BODY_BOUND {
        let end = text.floor_char_boundary(BODY_BOUND);
        let bytes = text.len() - end;
        text.truncate(end);
        write!(text, "… ({bytes} more bytes)").ok();
    }
}
