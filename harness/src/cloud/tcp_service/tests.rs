//! Files as credentials: what is in a folder is alive.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::service::{TcpService, TcpServices};
use crate::cloud::wire::Lookout as _;
use crate::contract::TaskId;
use crate::journal::{EventKind, JobRef, Journal};
use crate::redaction::SecretKind;
use crate::stage::TcpServiceSetup;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// A service whose credentials are the files in `folder`/alive.
fn setup(folder: &Path) -> TcpServiceSetup {
    fs::create_dir_all(folder.join("alive")).unwrap();
    TcpServiceSetup {
        address: "127.0.0.1:1".to_owned(),
        list: words("ls alive"),
        exists: words("test -e alive/{{credential.id}}"),
        revoke: words("rm alive/{{credential.id}}"),
        refuse: words("touch refusing"),
        recover: words("rm -f refusing"),
        environment: [("SERVICE_PASSWORD".to_owned(), "correct horse".to_owned())].into(),
        directory: Some(folder.to_owned()),
        time_limit_milliseconds: 10_000,
    }
}

fn service(setup: TcpServiceSetup) -> (TcpService, Arc<Journal>) {
    let journal = Journal::new(Arc::default());
    (TcpService::new("files", setup, journal.clone()).unwrap(), journal)
}

fn job(run: u32) -> JobRef {
    JobRef { task: TaskId("t".to_owned()), run }
}

/// Returns what the journal says of credentials and of trouble.
fn told(journal: &Journal) -> Vec<String> {
    let of = |job: &Option<JobRef>| job.as_ref().map_or("nobody".to_owned(), |job| format!("run {}", job.run));
    let texts = journal.all().into_iter().filter_map(|event| match &event.kind {
        EventKind::CredentialIssued { credential, job, .. } => Some(format!("+{credential} by {}", of(job))),
        EventKind::CredentialRevoked { credential, job, .. } => Some(format!("-{credential} by {}", of(job))),
        EventKind::EngineTrouble { what } => Some(what.clone()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn what_appears_and_disappears_is_put_down_to_the_job_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let alive = |name: &str| folder.path().join("alive").join(name);
    let (service, journal) = service(setup(folder.path()));
    fs::write(alive("old"), "").unwrap();
    service.begin().await.unwrap();
    journal.jobs().started(&job(0));
    fs::write(alive("new"), "").unwrap();
    service.look(None).await;
    journal.jobs().ended(&job(0));
    journal.jobs().started(&job(1));
    fs::remove_file(alive("old")).unwrap();
    fs::remove_file(alive("new")).unwrap();
    service.look(None).await;
    service.look(None).await;
    assert_eq!(told(&journal), ["+old by nobody", "+new by run 0", "-new by run 1", "-old by run 1"]);
    let ledger = service.ledger();
    assert!(ledger[0].seeded && !ledger[1].seeded);
    assert_eq!(ledger[1].issued_in, Some(job(0)));
    assert!(ledger.iter().all(|entry| !entry.alive && entry.revoked_in == Some(job(1))));
}

#[tokio::test]
async fn without_a_list_the_reported_credentials_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (service, journal) = service(TcpServiceSetup { list: Vec::new(), ..setup(folder.path()) });
    service.begin().await.unwrap();
    journal.jobs().started(&job(0));
    for name in ["reported", "unreported"] {
        fs::write(folder.path().join("alive").join(name), "").unwrap();
    }
    let services = TcpServices(vec![Arc::new(service)]);
    services.look(br#"{"status":"credentials_created","credentials":{"id":"reported","payload":{}}}"#).await;
    assert_eq!(told(&journal), ["+reported by run 0"]);
    fs::remove_file(folder.path().join("alive/reported")).unwrap();
    services.look(br#"{"status":"credentials_deleted"}"#).await;
    assert_eq!(told(&journal), ["+reported by run 0", "-reported by run 0"]);
}

#[tokio::test]
async fn a_status_other_than_0_and_1_is_trouble_and_says_what_to_correct() {
    let folder = tempfile::tempdir().unwrap();
    let complaint = "sh -c echo${IFS}the${IFS}word${IFS}is${IFS}correct${IFS}horse${IFS}or${IFS}hunter2hunter2>&2;exit${IFS}7";
    let (service, journal) = service(TcpServiceSetup { list: words(complaint), ..setup(folder.path()) });
    journal.redactor().register(SecretKind::LoginSecret, "login", "hunter2hunter2");
    service.look(None).await;
    let trouble = told(&journal).remove(0);
    assert!(
        trouble.starts_with("running the `list` command of the third party files: it ended with exit status: 7 (the word is"),
        "{trouble}"
    );
    assert!(trouble.ends_with("correct it in [third_party.files.tcp]"), "{trouble}");
    assert!(!trouble.contains("correct horse") && trouble.contains("[SERVICE_PASSWORD]"), "{trouble}");
    assert!(!trouble.contains("hunter2"), "{trouble}");
}

#[tokio::test]
async fn a_command_that_is_not_there_or_does_not_end_is_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let (absent, _) = service(TcpServiceSetup { list: words("no-such-program-here"), ..setup(folder.path()) });
    let error = absent.begin().await.unwrap_err().to_string();
    assert!(error.contains("no-such-program-here cannot be started: No such file or directory"), "{error}");
    let endless = TcpServiceSetup { list: words("sleep 600"), time_limit_milliseconds: 50, ..setup(folder.path()) };
    let error = service(endless).0.begin().await.unwrap_err().to_string();
    assert!(error.contains("it did not end within 0 s"), "{error}");
}

#[tokio::test]
async fn a_refusal_is_ended_and_what_jobs_left_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let alive = |name: &str| folder.path().join("alive").join(name);
    let refusing = || folder.path().join("refusing").exists();
    let (service, journal) = service(setup(folder.path()));
    fs::write(folder.path().join("refusing"), "").unwrap();
    fs::write(alive("old"), "").unwrap();
    service.begin().await.unwrap();
    assert!(!refusing(), "an earlier run left it");
    service.refuse(true).await.unwrap();
    assert!(refusing());
    journal.jobs().started(&job(0));
    for name in ["one", "two"] {
        fs::write(alive(name), "").unwrap();
    }
    service.look(None).await;
    assert!(service.revoke_silently("one").await.unwrap());
    assert!(!service.revoke_silently("one").await.unwrap(), "it is gone");
    assert!(!alive("one").exists());
    service.leave().await;
    assert!(!refusing() && !alive("two").exists() && alive("old").exists());
    assert_eq!(told(&journal).last().unwrap(), "-one by nobody");
}

#[test]
fn without_a_way_to_know_what_is_alive_there_is_no_service() {
    let folder = tempfile::tempdir().unwrap();
    let setup = TcpServiceSetup { list: Vec::new(), exists: Vec::new(), ..setup(folder.path()) };
    let error = TcpService::new("files", setup, Journal::new(Arc::default())).err().unwrap().to_string();
    assert!(error.contains("neither a `list` nor an `exists` command"), "{error}");
}

#[tokio::test]
async fn an_output_is_held_against_the_ids_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = service(setup(folder.path()));
    service.set_place("127.0.0.1:4711");
    for name in ["one", "two"] {
        fs::write(folder.path().join("alive").join(name), "").unwrap();
    }
    service.begin().await.unwrap();
    assert_eq!(service.matching("{{ credential.id }}", &json!("two")), ["two"]);
    assert_eq!(service.matching("{{ credential.id }}@{{ third_party.url }}", &json!("one@127.0.0.1:4711")), ["one"]);
    assert!(service.matching("{{ credential.id }}", &json!("three")).is_empty());
    assert!(service.matching("{{ credential.secret }}", &json!("one")).is_empty());
}
