//! From a recording to what each job did about the disturbed call.
//!
//! All times are the cloud's own: read where the bytes are.

use std::collections::BTreeMap;
use std::time::Duration;

use hallmark_harness::contract::TaskStatus;
use hallmark_harness::journal::{Delivery, EventKind, Exchange, JobRef};
use hallmark_harness::stage::Recording;

use crate::experiment::{Call, Experiment};
use crate::trial::{Attempt, Client, End};

/// What jobs did, and how late our own threads were.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The jobs that made the call, in the order in which they first did.
    pub clients: Vec<Client>,
    /// Seconds of the longest delay of our own threads in which an attempt came or was answered: others change nothing that is measured.
    pub lateness: f64,
    /// The harness's own trouble.
    pub trouble: Vec<String>,
}

/// The status of an update that reports a failure.
const FAILED: &str = "failed";

/// A job run as far as it has been read.
#[derive(Default)]
struct Job<'recording> {
    attempts: Vec<Attempt>,
    /// What its first update reported.
    reported: Option<&'recording str>,
    client: Client,
}

/// Reads what the jobs that made the disturbed call did about it; where what fails leaves no trace, what all jobs did that ended under the plan.
///
/// A job that gives its report up may report its failure then, which is another call: whoever got that through has not survived.
pub fn observe(recording: &Recording, experiment: &Experiment) -> Observed {
    let call = experiment.call;
    let mut jobs: BTreeMap<(u64, String), Job<'_>> = BTreeMap::new();
    let mut order: Vec<&JobRef> = Vec::new();
    let mut trouble = recording.played.trouble.clone();
    trouble.extend(recording.played.loss());
    let mut calls: Vec<(u64, &Exchange)> = exchanges(recording, call).collect();
    // The journal notes an exchange when its answer has left, and by then the next one may have ended already.
    calls.sort_by_key(|(_, exchange)| exchange.head_at);
    let first = calls.first().map(|(_, exchange)| exchange.head_at);
    let zero = if experiment.is_unseen() { plan_set(recording) } else { first }.unwrap_or(0);
    for event in &recording.events {
        match &event.kind {
            EventKind::JobRequested { job, .. } => order.push(job),
            EventKind::EngineTrouble { what } => trouble.push(what.clone()),
            _ => {}
        }
    }
    let key = |job: &JobRef| (order.iter().position(|known| *known == job).unwrap_or(usize::MAX) as u64, job.to_string());
    for (ended, exchange) in calls {
        let Some(job) = &exchange.job else { continue };
        let reported = exchange.facts.update.as_ref().and_then(|update| update.status.as_deref());
        // Of what left no trace the first report is not seen: a failure comes after it.
        if experiment.is_unseen() && reported == Some(FAILED) {
            continue;
        }
        let found = jobs.entry(key(job)).or_default();
        // What cannot be read of a body that broke off is an attempt at whatever the others are.
        if reported.is_none_or(|reported| *found.reported.get_or_insert(reported) == reported) {
            found.attempts.push(attempt(exchange, ended, zero));
        }
    }
    for event in &recording.events {
        let EventKind::JobEnded { job, outcome } = &event.kind else { continue };
        if experiment.is_unseen() && event.at >= zero {
            jobs.entry(key(job)).or_default();
        }
        let Some(found) = jobs.get_mut(&key(job)) else { continue };
        // What an engine takes to put a container away is not the job's.
        let began = started(recording, job).unwrap_or_else(|| event.at.saturating_sub(outcome.duration));
        trouble.extend(too_late(experiment, seconds(began, zero)));
        // A job is noted as started a little before its process is.
        let last = found.attempts.iter().map(|attempt| attempt.ended).fold(f64::NEG_INFINITY, f64::max);
        found.client = Client {
            attempts: Vec::new(),
            began: seconds(began, zero),
            ended: seconds(began.saturating_add(outcome.duration), zero).max(last),
            duration: Duration::from_nanos(outcome.duration).as_secs_f64(),
            exit_code: outcome.exit_code,
            cut: outcome.timed_out,
            processor: outcome.processor.map(|nanoseconds| Duration::from_nanos(nanoseconds).as_secs_f64()),
            peak_memory: outcome.peak_memory,
            task: status(recording, job),
            ..made(recording, job)
        };
    }
    let clients = jobs.into_values().map(|mut job| {
        spaced(&mut job.attempts);
        Client { attempts: job.attempts, ..job.client }
    });
    let clients: Vec<Client> = clients.collect();
    Observed { lateness: lateness(recording, zero, &clients), clients, trouble }
}

/// Says that a job met nothing of an outage that leaves no trace: other jobs were started before it for as long.
fn too_late(experiment: &Experiment, began: f64) -> Option<String> {
    let outage = experiment.outage_seconds().filter(|outage| experiment.is_unseen() && began >= *outage)?;
    Some(format!(
        "when the job began, an outage of {outage} s that leaves no trace was over for {:.1} s; let fewer experiments play at once, with --jobs",
        began - outage
    ))
}

/// Returns when a job was started.
fn started(recording: &Recording, job: &JobRef) -> Option<u64> {
    let of = |kind: &EventKind| matches!(kind, EventKind::JobStarted { job: started, .. } if started == job);
    recording.events.iter().find(|event| of(&event.kind)).map(|event| event.at)
}

/// Returns when the first plan with a fault was set.
fn plan_set(recording: &Recording) -> Option<u64> {
    let set = |kind: &EventKind| matches!(kind, EventKind::FaultsSet { plan } if plan != "none");
    recording.events.iter().find(|event| set(&event.kind)).map(|event| event.at)
}

fn exchanges(recording: &Recording, call: Call) -> impl Iterator<Item = (u64, &Exchange)> {
    recording.events.iter().filter_map(move |event| match &event.kind {
        EventKind::Exchange(exchange) if call.is(&exchange.service, exchange.operation) && exchange.job.is_some() => {
            Some((event.at, &**exchange))
        }
        _ => None,
    })
}

fn attempt(exchange: &Exchange, ended: u64, zero: u64) -> Attempt {
    let status = exchange.response.as_ref().map(|response| response.status);
    let end = match (exchange.delivery, status) {
        (Delivery::Complete, Some(status)) => End::Status(status),
        (Delivery::Reset | Delivery::ResetMidBody { .. }, _) => End::Reset,
        (Delivery::Complete | Delivery::Closed | Delivery::Cut { .. }, _) => End::Closed,
        (Delivery::Stalled, _) => End::Unanswered,
        (Delivery::PeerGone, _) => End::Abandoned,
    };
    Attempt {
        began: seconds(exchange.accepted_at, zero),
        head: seconds(exchange.head_at, zero),
        ended: seconds(ended, zero),
        end,
        disturbed: exchange.fault.is_some(),
    }
}

/// An attempt begins with its connection, where that was made for it: one that was kept is older than the attempt before.
fn spaced(attempts: &mut [Attempt]) {
    let mut before: Option<f64> = None;
    for attempt in attempts {
        // A first attempt's connection may have been opened in advance, too.
        if before.is_none_or(|ended| attempt.began < ended) {
            attempt.began = attempt.head;
        }
        before = Some(attempt.ended);
    }
}

fn status(recording: &Recording, job: &JobRef) -> String {
    let task = recording.snapshot.tasks.iter().find(|task| task.id == job.task);
    let word = |status: TaskStatus| serde_json::to_value(status).ok()?.as_str().map(str::to_owned);
    task.and_then(|task| word(task.status)).unwrap_or_default()
}

/// Returns a client with what the job made too much of.
fn made(recording: &Recording, job: &JobRef) -> Client {
    let issued = recording.snapshot.ledger.iter().filter(|entry| !entry.seeded && entry.issued_in.as_ref() == Some(job));
    let reported = recording.snapshot.tasks.iter().any(|task| task.id == job.task && task.status == TaskStatus::CredentialsCreated);
    let alive = issued.clone().filter(|entry| entry.alive).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Client {
        duplicates: number(issued.count().saturating_sub(1)),
        orphans: number(alive.saturating_sub(usize::from(reported))),
        ..Client::default()
    }
}

/// How far from a delay a moment may be that it changed, in seconds: what waited is seen one after another.
const NEAR: f64 = 0.05;

fn lateness(recording: &Recording, zero: u64, clients: &[Client]) -> f64 {
    let attempts = || clients.iter().flat_map(|client| &client.attempts);
    let moments: Vec<f64> = attempts().flat_map(|attempt| [attempt.began, attempt.head, attempt.ended]).collect();
    let delays = recording.snapshot.delays.iter().map(|delay| (seconds(delay.from, zero), seconds(delay.until, zero)));
    let matter = delays.filter(|(from, until)| moments.iter().any(|moment| from - NEAR <= *moment && *moment <= until + NEAR));
    matter.map(|(from, until)| until - from).fold(0.0, f64::max)
}

/// Returns the seconds from `zero` to `at`, negative where it is earlier.
fn seconds(at: u64, zero: u64) -> f64 {
    let between = Duration::from_nanos(at.abs_diff(zero)).as_secs_f64();
    if at < zero { -between } else { between }
}

#[cfg(test)]
pub(crate) mod tests {
    use hallmark_harness::cloud::Delay;
    use hallmark_harness::journal::{Event, Facts, JobOutcome, Operation, ResponseRecord, Service, UpdateFacts};

    use super::*;
    use crate::metrics::tests::experiment;

    fn job() -> JobRef {
        JobRef { task: "t-1".into(), run: 0 }
    }

    /// An update: when its connection was accepted, when its head came, when its answer had left, in milliseconds.
    pub(crate) fn update(accepted: u64, head: u64, ended: u64, status: Option<u16>) -> Event {
        let exchange = Exchange {
            service: Service::SecretsManager,
            operation: Operation::UpdateTask,
            job: Some(job()),
            connection: 1,
            tls: false,
            host: String::new(),
            method: "PUT".into(),
            target: String::new(),
            headers: Vec::new(),
            body: String::new(),
            body_bytes: 0,
            accepted_at: accepted * 1_000_000,
            head_at: head * 1_000_000,
            body_at: head * 1_000_000,
            response: status.map(|status| ResponseRecord { status, headers: Vec::new(), body: String::new() }),
            delivery: if status.is_some() { Delivery::Complete } else { Delivery::Reset },
            applied: false,
            fault: (status != Some(200)).then(|| "a fault".to_owned()),
            met: None,
            facts: Facts::default(),
        };
        Event { id: 0, at: ended * 1_000_000, kind: EventKind::Exchange(Box::new(exchange)) }
    }

    /// What a job with these exchanges leaves.
    pub(crate) fn recording(exchanges: Vec<Event>) -> Recording {
        let mut recording = Recording::of_nothing("update-503-1s/0");
        let outcome = JobOutcome {
            exit_code: Some(0),
            processor: Some(20_000_000),
            peak_memory: Some(9_000_000),
            duration: 3_000_000_000,
            ..JobOutcome::default()
        };
        let requested = EventKind::JobRequested { job: job(), action: None, trigger: None, altered: Vec::new(), version: None };
        recording.events.push(Event { id: 0, at: 0, kind: requested });
        recording.events.extend(exchanges);
        recording.events.push(Event { id: 0, at: 4_000_000_000, kind: EventKind::JobEnded { job: job(), outcome } });
        recording
    }

    #[test]
    fn a_wait_ends_with_the_new_connection_or_with_the_head_on_a_kept_one() {
        let kept =
            recording(vec![update(900, 1000, 1010, Some(503)), update(900, 2010, 2012, Some(503)), update(3512, 3520, 3521, Some(200))]);
        let observed = observe(&kept, &experiment("update-503-1s"));
        let [client] = &*observed.clients else { panic!("{observed:?}") };
        let gaps = client.gaps();
        assert!((gaps[0] - 1.0).abs() < 1e-9 && (gaps[1] - 1.5).abs() < 1e-9, "{gaps:?}");
        assert_eq!(client.succeeded_at().map(|at| (at * 1000.0).round()), Some(2512.0));
        assert!((client.ended - 3.0).abs() < 1e-9 && (client.duration - 3.0).abs() < 1e-9);
        assert_eq!((client.processor, client.peak_memory), (Some(0.02), Some(9_000_000)));
        assert_eq!(client.attempts.iter().filter(|attempt| attempt.disturbed).count(), 2);
    }

    #[test]
    fn what_the_journal_notes_late_is_put_in_order() {
        let observed = observe(&recording(vec![update(5, 30, 31, Some(200)), update(5, 10, 40, None)]), &experiment("update-503-1s"));
        let ends: Vec<End> = observed.clients[0].attempts.iter().map(|attempt| attempt.end).collect();
        assert_eq!(ends, [End::Reset, End::Status(200)]);
    }

    #[test]
    fn other_calls_are_not_attempts_and_only_delays_near_an_attempt_count() {
        let mut recording = recording(vec![update(900, 1000, 1010, Some(503)), update(900, 3000, 3400, Some(200))]);
        let delay = |from: u64, until: u64| Delay { from: from * 1_000_000, until: until * 1_000_000 };
        recording.snapshot.delays = vec![delay(100, 900), delay(1500, 2500), delay(2970, 3220), delay(3600, 3900)];
        let observed = observe(&recording, &experiment("update-503-1s"));
        assert!((observed.lateness - 0.25).abs() < 1e-9);
        assert!(observe(&recording, &experiment("token-503-1s")).clients.is_empty());
    }

    #[test]
    fn a_report_of_failure_is_no_attempt_at_the_report_that_was_given_up() {
        let reporting = |status: &str, event: Event| {
            let EventKind::Exchange(mut exchange) = event.kind else { panic!("an update") };
            exchange.facts.update = Some(UpdateFacts { status: Some(status.to_owned()), ..UpdateFacts::default() });
            Event { kind: EventKind::Exchange(exchange), ..event }
        };
        let created = [
            reporting("credentials_created", update(5, 10, 20, Some(503))),
            reporting("credentials_created", update(5, 510, 520, Some(503))),
        ];
        let failed = reporting("failed", update(5, 1500, 1510, Some(200)));
        let observed = observe(&recording(created.into_iter().chain([failed]).collect()), &experiment("update-503-1s"));
        let [client] = &*observed.clients else { panic!("{observed:?}") };
        assert_eq!((client.attempts.len(), client.succeeded_at()), (2, None));
        assert!(client.gave_up(false).is_some_and(|at| (at - 3.99).abs() < 1e-9), "{client:?}");
        // Who has nothing but a failure to report is through with that.
        let alone = observe(&recording(vec![reporting("failed", update(5, 1500, 1510, Some(200)))]), &experiment("update-503-1s"));
        assert!(alone.clients[0].succeeded_at().is_some());
        // But where the report left no trace, it is known to have been given up.
        let mut refused = recording(vec![reporting("failed", update(5, 3500, 3510, Some(200)))]);
        let plan = "secrets_manager.connect@window:0ms..1000ms before_commit refuse".into();
        refused.events.insert(0, Event { id: 0, at: 900_000_000, kind: EventKind::FaultsSet { plan } });
        let observed = observe(&refused, &experiment("update-refused-1s"));
        assert_eq!((observed.clients[0].attempts.len(), observed.clients[0].succeeded_at(), observed.trouble.len()), (0, None, 0));
    }

    #[test]
    fn no_job_ends_before_its_last_attempt() {
        // It ran for three seconds from its note on, and its answer left 30 ms after that.
        let mut noted = recording(vec![update(5, 10, 3980, Some(503))]);
        noted.events.insert(1, Event { id: 0, at: 950_000_000, kind: EventKind::JobStarted { job: job() } });
        let observed = observe(&noted, &experiment("update-503-1s"));
        assert!((observed.clients[0].ended - 3.97).abs() < 1e-9, "{observed:?}");
    }

    #[test]
    fn where_nothing_leaves_a_trace_only_jobs_that_met_the_outage_count() {
        let set = |at: u64| {
            let plan = "secrets_manager.connect@window:0ms..1000ms before_commit refuse".into();
            Event { id: 0, at: at * 1_000_000, kind: EventKind::FaultsSet { plan } }
        };
        // The job ended before: it made what is revoked under the plan.
        let mut earlier = recording(Vec::new());
        earlier.events.push(set(4500));
        let observed = observe(&earlier, &experiment("update-refused-1s"));
        assert_eq!((observed.clients.len(), observed.trouble.len()), (0, 0));
        // It ran for three seconds, from 2.5 s after the plan on.
        let mut later = recording(Vec::new());
        later.events.insert(0, set(0));
        let Some(Event { at, .. }) = later.events.last_mut() else { panic!("it ended") };
        *at = 5_500_000_000;
        let observed = observe(&later, &experiment("update-refused-1s"));
        assert!(observed.trouble[0].contains("an outage of 1 s that leaves no trace was over for 1.5 s"), "{observed:?}");
        assert!(observe(&later, &experiment("update-refused-5s")).trouble.is_empty());
        assert_eq!(observed.clients[0].gave_up(true), Some(3.0));
        // Where its start was noted, that counts: a container is put away before its end is.
        let job_started = EventKind::JobStarted { job: job() };
        later.events.insert(2, Event { id: 0, at: 900_000_000, kind: job_started });
        let observed = observe(&later, &experiment("update-refused-1s"));
        assert!(observed.trouble.is_empty() && (observed.clients[0].ended - 3.9).abs() < 1e-9, "{observed:?}");
    }

    #[test]
    fn an_outage_without_a_trace_begins_with_the_plan_and_counts_every_job() {
        let mut refused = recording(Vec::new());
        let set = EventKind::FaultsSet { plan: "secrets_manager.connect@window:0ms..1000ms before_commit refuse".into() };
        refused.events.insert(0, Event { id: 0, at: 500_000_000, kind: set });
        let observed = observe(&refused, &experiment("update-refused-1s"));
        let [client] = &*observed.clients else { panic!("{observed:?}") };
        assert!(client.attempts.is_empty() && (client.ended - 3.5).abs() < 1e-9, "{client:?}");
        assert!(observe(&refused, &experiment("update-503-1s")).clients.is_empty());
    }
}
