//! Oracles: each reads one recording and says what it shows about a rule. None asks the network, the clock or another oracle.
//!
//! A step of a scenario names an oracle; [`universal`] runs over every scenario besides.

mod action;
mod backoff;
mod calls;
mod concurrency;
mod config;
mod connections;
mod crash;
mod creation;
mod deletion;
mod errors;
mod history;
mod image;
mod lateness;
mod ledger;
mod network;
mod outcome;
mod privacy;
mod privilege;
mod rerun;
mod retry;
mod update;
mod warnings;

pub use action::{changed_nothing, refused_action};
pub use backoff::{backs_off, policy, retry_after_respected};
pub use calls::{lost_answer, refusal_accepted, silence_bounded, third_party_retried, token_retried, unknown_key};
pub use concurrency::{undisturbed_creations, undisturbed_deletions};
pub use config::{asks_for_nothing_secret, requires_an_output, says_one_thing, taken_by_both};
pub use creation::{
    created_once, distinct_ids, exists_as_reported, intact, no_undeclared_output, reported_failed, required_outputs, rotated, undo_logged,
    undone, unreported_gone,
};
pub use deletion::{
    daily_retries, deleted_again, failure_reported, never_recovers, no_resurrection, nobody_elses, reported_deleted, revoked_then_reported,
    without_credentials_id,
};
pub(crate) use deletion::{resigned, targets};
pub use errors::codes_by_cause;
pub use history::{At, History, LogLine, Run, Update, answer_in_words};
pub use image::{declares_a_user, platform, runs_to_its_end, stays_within_its_size, tells_nothing_secret, works_with_least_rights};
pub use lateness::disturbed;
pub use network::{ELSEWHERE, certificates_verified, nothing_follows};
pub use outcome::{Ended, ended, ended_so};
pub use privilege::{one_token, works_with_roles};
pub use rerun::{created_again, killed_creations, killed_deletions};
pub use retry::{gives_up, lost_acknowledgement, retried};
pub use update::{accepted_is_accepted, final_answer, fresh_token, same_body};
pub use warnings::warnings;

use crate::verdict::Judgement;

/// Returns what was judged, or says why nothing was.
fn or_not_exercised(judgements: Vec<Judgement>, rule: &str, why: &str) -> Vec<Judgement> {
    if judgements.is_empty() { vec![Judgement::not_exercised(rule, why)] } else { judgements }
}

/// What is judged over every scenario, whatever it is about.
pub fn universal(history: &History<'_>) -> Vec<Judgement> {
    let oracles = [conduct, ledger::universal, image::universal];
    oracles.iter().flat_map(|oracle| oracle(history)).collect()
}

/// What each job run may and may not do, whatever was done to it: all that is universal but the ledger, which knows one act, and the image.
pub fn conduct(history: &History<'_>) -> Vec<Judgement> {
    let oracles = [update::universal, errors::universal, outcome::universal, privacy::universal, privilege::universal];
    oracles.iter().flat_map(|oracle| oracle(history)).collect()
}
