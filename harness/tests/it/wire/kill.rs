//! Killing a job at a call: what has taken effect by then, and that nothing does until the job is gone.

use hallmark_harness::journal::{Delivery, EventKind, JobRef};

use super::bench::{Bench, put};

async fn kill_asked(bench: &Bench, job: &JobRef) {
    let mut seen = 0;
    loop {
        let events = bench.events();
        if events.iter().any(|event| matches!(&event.kind, EventKind::KillAsked { job: asked } if asked == job)) {
            return;
        }
        bench.journal.grown_beyond(seen.max(events.len() as u64)).await;
        seen = events.len() as u64;
    }
}

#[tokio::test]
async fn a_job_is_killed_before_a_call_has_an_effect_after_it_has_one_or_after_its_answer() {
    for (what, applied, answered) in [
        ("before_commit kill_job", false, false),
        ("after_commit kill_job", true, false),
        ("after_commit kill_job_after_reply", true, true),
    ] {
        let bench = Bench::plain();
        let job = JobRef { task: "task".into(), run: 0 };
        bench.journal.jobs().started(&job);
        bench.spoil(&format!("secrets_manager.update_task@nth:1 {what}"));
        let mut killed = bench.connect().await;
        killed.send(&put("{}")).await;
        if answered {
            assert!(killed.answer().await.0.starts_with("http/1.1 200 "), "{what}");
        }
        kill_asked(&bench, &job).await;

        // Another call of the job, which has not died yet, gets nowhere: it ends when its sender does.
        let mut late = bench.connect().await;
        late.send(&put("{}")).await;
        late.finish_sending().await;
        assert_eq!(late.rest().await.0, "", "{what}");
        drop(killed);
        let exchanges = bench.exchanges().await;
        assert_eq!(bench.service.taken().len(), usize::from(applied), "{what}");
        let held = exchanges.iter().find(|exchange| exchange.fault.is_none()).expect("the late call is journalled");
        assert_eq!((held.applied, held.delivery, held.facts.identity.as_deref()), (false, Delivery::Stalled, Some("refused")), "{what}");
        let spoilt = exchanges.iter().find(|exchange| exchange.fault.is_some()).expect("the call is journalled");
        let delivery = if answered { Delivery::Complete } else { Delivery::Stalled };
        assert_eq!((spoilt.applied, spoilt.delivery), (applied, delivery), "{what}");

        bench.wiring.lift_halt();
        let mut next = bench.connect().await;
        next.send(&put("{}")).await;
        assert!(next.answer().await.0.starts_with("http/1.1 200 "), "{what}");
    }
}
