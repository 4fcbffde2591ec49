//! The image itself: what it says about itself, and how its containers ended.

use hallmark_harness::docker::ImageFacts;
use hallmark_harness::exposure::{Exposure, ExposureKind};

use super::creation::created_once;
use super::deletion::reported_deleted;
use super::{History, Run, or_not_exercised};
use crate::verdict::Judgement;

/// Bytes of ephemeral storage that the deployer's job has.
const STORAGE: u64 = 400_000_000;

/// No job takes more memory than it has, whatever the scenario is about (IMG-003).
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    if history.recording.header.image.is_none() {
        return Vec::new();
    }
    history.runs.iter().filter_map(out_of_memory).collect()
}

/// The image is for the machines of Code Engine (IMG-001).
pub fn platform(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "IMG-001";
    of_image(history, RULE, |image| {
        let actual = format!("the image is for {}/{}", image.os, image.architecture);
        vec![if (image.os.as_str(), image.architecture.as_str()) == ("linux", "amd64") {
            Judgement::pass(RULE, actual, [])
        } else {
            Judgement::fail(RULE, "an image for linux/amd64 (docker build --platform linux/amd64)", actual, [])
        }]
    })
}

/// Every job runs to its end by itself (IMG-001).
pub fn runs_to_its_end(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "IMG-001";
    let judgements: Vec<Judgement> =
        history.runs.iter().filter(|run| !run.was_killed()).filter_map(|run| ran_to_its_end(RULE, run)).collect();
    or_not_exercised(judgements, RULE, "no job ran to an end of its own")
}

fn ran_to_its_end(rule: &str, run: &Run<'_>) -> Option<Judgement> {
    let outcome = run.outcome.filter(|outcome| !outcome.what.out_of_memory)?;
    let wrong = match (&outcome.what.not_started, outcome.what.exit_code) {
        (Some(reason), _) => Some(format!("it could not be started: {reason}")),
        _ if outcome.what.timed_out => Some("it still ran at its limit, as a job does that waits for input or for a terminal".to_owned()),
        (None, Some(code)) if code != 0 && run.exchanges.is_empty() => Some(format!("it ended with exit status {code} before any request")),
        _ => None,
    };
    Some(match wrong {
        Some(wrong) => {
            let expected = "a job that starts without arguments, terminal and input, does its work and ends";
            Judgement::fail(rule, expected, format!("{}: {wrong}", run.describe()), [outcome.event])
        }
        None => Judgement::pass(rule, format!("{}: it ran to its end by itself", run.describe()), [outcome.event]),
    })
}

/// The image declares somebody else than root (IMG-002).
pub fn declares_a_user(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "IMG-002";
    of_image(history, RULE, |image| {
        vec![if image.declares_root() {
            let user = if image.user.is_empty() { "no user, which is root".to_owned() } else { format!("the user {}", image.user) };
            let expected = "a user that is not root: add USER 65532:65532 to the Dockerfile, after everything that root has to do";
            Judgement::fail(RULE, expected, format!("the image declares {user}"), [])
        } else {
            Judgement::pass(RULE, format!("the image declares the user {}", image.user), [])
        }]
    })
}

/// A creation and a deletion work with the least rights (IMG-002).
pub fn works_with_least_rights(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "IMG-002";
    let mut judgements = created_once(history, RULE);
    if history.deletions().next().is_some() {
        judgements.extend(reported_deleted(history, RULE));
    }
    for judgement in &mut judgements {
        judgement.actual =
            format!("with a read-only root, no capabilities, no new privileges and a user that is not root: {}", judgement.actual);
    }
    judgements
}

/// Every job stays within the size that the deployer gives it (IMG-003).
pub fn stays_within_its_size(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "IMG-003";
    let judgements: Vec<Judgement> = history.runs.iter().filter(|run| !run.was_killed()).filter_map(|run| sized(RULE, run)).collect();
    or_not_exercised(judgements, RULE, "no job ran")
}

fn sized(rule: &str, run: &Run<'_>) -> Option<Judgement> {
    let outcome = run.outcome?;
    if let Some(finding) = out_of_memory(run) {
        return Some(finding);
    }
    let who = run.describe();
    if outcome.what.timed_out {
        let expected = "a job that ends within its limit with half a core";
        return Some(Judgement::fail(rule, expected, format!("{who}: it still ran at its limit"), [outcome.event]));
    }
    Some(match outcome.what.written {
        None => Judgement::not_exercised(rule, "what the job wrote was not measured"),
        Some(bytes) if bytes > STORAGE => {
            let expected = "at most 400 MB of files: stream what is large, or do not keep it";
            Judgement::fail(rule, expected, format!("{who}: its files took {} MB at its end", megabytes(bytes)), [outcome.event])
        }
        Some(bytes) => {
            let actual = format!("{who}: half a core and 1 GiB were enough, and its files took {} MB", megabytes(bytes));
            Judgement::pass(rule, actual, [outcome.event])
        }
    })
}

fn out_of_memory(run: &Run<'_>) -> Option<Judgement> {
    let outcome = run.outcome.filter(|outcome| outcome.what.out_of_memory)?;
    let actual = format!("{}: it was killed because it took more memory than the job has", run.describe());
    Some(Judgement::fail("IMG-003", "a job that needs at most 1 GiB of memory", actual, [outcome.event]))
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// What the image tells everybody who may pull it holds nothing secret and nothing personal (PRV-008).
pub fn tells_nothing_secret(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "PRV-008";
    of_image(history, RULE, |image| match image.exposures.as_slice() {
        [] => vec![Judgement::pass(RULE, "nothing in the image's labels, environment and history", [])],
        exposures => exposures.iter().map(|exposure| exposed(RULE, exposure)).collect(),
    })
}

fn exposed(rule: &str, Exposure { place, kind, length }: &Exposure) -> Judgement {
    let what = match kind {
        ExposureKind::Known(name) => format!("the manifest's secret {name}"),
        ExposureKind::PrivateKey => "a private key".to_owned(),
        ExposureKind::WebToken => "a JSON Web Token".to_owned(),
        ExposureKind::IssuedToken(issuer) => format!("a token of {issuer}"),
        ExposureKind::UrlPassword => "a password in a URL".to_owned(),
        ExposureKind::Authorization => "the credentials of a request".to_owned(),
        ExposureKind::Named(name) => format!("a value for {name}, which is the name of a secret"),
        ExposureKind::Email => "an e-mail address".to_owned(),
        ExposureKind::Iban => "a bank account number".to_owned(),
    };
    let expected = if kind.is_secret() {
        "no secret in what the image tells everybody who may pull it: a build takes one with RUN --mount=type=secret, a job as a secret_id"
    } else {
        "no personal value in what the image tells everybody who may pull it: whom to ask stands in org.opencontainers.image.authors"
    };
    Judgement::fail(rule, expected, format!("{place} holds {what} ({length} characters)"), [])
}

fn of_image(history: &History<'_>, rule: &str, judge: impl FnOnce(&ImageFacts) -> Vec<Judgement>) -> Vec<Judgement> {
    match &history.recording.header.image {
        Some(image) => judge(image),
        None => vec![Judgement::not_exercised(rule, "the recording is of no image")],
    }
}
