//! Runs the provider for each job that is asked for, one after another, as Code Engine would.

use anyhow::Context as _;
use hallmark_harness::admin::{AdminError, JobFinished, LogLine};
use hallmark_harness::engine::JobRequest;
use hallmark_harness::journal::{EventKind, JobOutcome, Journal, LogStream};
use hallmark_harness::stage::{Provider, Resources};

use super::Served;
use crate::report::printable;

/// Runs jobs until it is dropped; without a provider it only waits.
pub(super) async fn run(served: &Served, provider: Option<&Provider>, resources: &Resources) -> anyhow::Result<()> {
    let Some(provider) = provider else { return std::future::pending().await };
    let mut set_ups = served.cloud.set_ups();
    loop {
        set_ups.mark_unchanged();
        // Empty between two set-ups, or after one that failed.
        let Ok(journal) = served.cloud.journal() else {
            set_ups.changed().await.context("waiting for the fake cloud to be set up")?;
            continue;
        };
        let seen = journal.len();
        match served.client.claim().await {
            Ok(Some(request)) => run_one(served, provider, resources, &request, &journal).await?,
            Ok(None) => tokio::select! {
                () = journal.grown_beyond(seen) => {}
                changed = set_ups.changed() => changed.context("waiting for the fake cloud to be set up")?,
            },
            Err(AdminError::Refused { status: 409, .. }) => {}
            Err(error) => return Err(error).context("taking the next job"),
        }
    }
}

async fn run_one(
    served: &Served,
    provider: &Provider,
    resources: &Resources,
    request: &JobRequest,
    journal: &Journal,
) -> anyhow::Result<()> {
    let job = &request.job;
    let addresses = served.cloud.addresses().context("finding the fake cloud's addresses")?;
    let spec = provider.job_spec(request, &addresses, &resources.authority_file);
    served.client.job_started(job).await.context("saying that a job starts")?;
    let run = resources.launcher.run(spec, std::future::pending()).await.with_context(|| format!("running the job {job}"))?;
    let lines = run.lines.into_iter().map(|(stream, line)| LogLine { stream, line }).collect();
    let from = journal.len();
    let finished = JobFinished { job: job.clone(), outcome: run.outcome.clone(), lines };
    match served.client.job_ended(&finished).await {
        Ok(stopped) => {
            let action = request.variables.get("SM_ACTION").map_or("a job", String::as_str);
            let reported = if stopped.reported { "" } else { "; it sent no accepted report, and its task waits for its time-out" };
            tell(&format!("{job} {action}: {}{reported}", ending(&run.outcome)));
            // From the journal, which knows what must not be shown.
            for event in journal.read(from, usize::MAX) {
                if let EventKind::JobLog { job: of, stream, line } = &event.kind
                    && of == job
                {
                    let mark = if *stream == LogStream::Stdout { "|" } else { "!" };
                    tell(&format!("  {mark} {}", printable(line)));
                }
            }
            Ok(())
        }
        // Somebody set the cloud up anew meanwhile.
        Err(AdminError::Refused { message, .. }) => {
            tell(&format!("{job}: ended, but nobody asked for it any more ({message})"));
            Ok(())
        }
        Err(error) => Err(error).context("saying that a job has ended"),
    }
}

fn ending(outcome: &JobOutcome) -> String {
    let seconds = std::time::Duration::from_nanos(outcome.duration).as_secs_f64();
    match outcome {
        JobOutcome { not_started: Some(reason), .. } => format!("could not be started: {reason}"),
        JobOutcome { timed_out: true, .. } => format!("ended at its time limit after {seconds:.1} s"),
        JobOutcome { exit_code: Some(code), .. } => format!("exit code {code} after {seconds:.1} s"),
        JobOutcome { signal: Some(signal), .. } => format!("ended by signal {signal} after {seconds:.1} s"),
        _ => format!("ended after {seconds:.1} s"),
    }
}

#[expect(clippy::print_stderr, reason = "talk about jobs goes to standard error while the example stands on standard output")]
fn tell(line: &str) {
    eprintln!("{line}");
}
