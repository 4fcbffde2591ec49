//! Starting a job: what it is given, how it ends, how many start at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hallmark_harness::engine::TokenFile;
use hallmark_harness::job::{JobSpec, LaunchError, ProcessLauncher, SupervisorCommand};
use tokio::sync::Notify;

use crate::world::{launcher, marked, run, shell, stdout, supervisor, wait_for};

#[tokio::test]
async fn the_environment_is_what_was_given_with_a_fresh_home() {
    let mut spec = shell("");
    spec.program = "env".into();
    spec.arguments.clear();
    spec.environment.insert("SM_ACCESS_APIKEY".to_owned(), "key with = and \"quotes\"".to_owned());
    let given = spec.environment.clone();
    let run = run(spec).await.unwrap();
    let mut seen: Vec<_> = stdout(&run).into_iter().map(|line| line.split_once('=').unwrap()).collect();
    let value = |name| seen.iter().find(|(seen, _)| *seen == name).unwrap().1;
    let directory = value("HOME");
    assert_eq!(value("PWD"), directory);
    assert!(!std::path::Path::new(directory).exists(), "{directory} was left behind");
    seen.retain(|(name, _)| !["HOME", "PWD"].contains(name));
    seen.sort_unstable();
    assert_eq!(seen, given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_job_starts_in_its_empty_home_with_nothing_to_read() {
    let run = run(shell("ls -A; pwd -P; cd \"$HOME\"; pwd -P; wc -c")).await.unwrap();
    let lines = stdout(&run);
    assert_eq!((lines.len(), lines[0], lines[2]), (3, lines[1], "0"), "{lines:?}");
}

#[tokio::test]
async fn a_compute_resource_token_is_a_file_in_the_home_and_goes_with_it() {
    let mut spec = shell("cat \"$CR_TOKEN_FILE\"; echo; echo \"$CR_TOKEN_FILE\"");
    spec.token_file = Some(TokenFile { variable: "CR_TOKEN_FILE".into(), contents: "the.token".into() });
    let run = run(spec).await.unwrap();
    let lines = stdout(&run);
    assert_eq!((lines.len(), lines[0]), (2, "the.token"), "{lines:?}");
    assert!(!std::path::Path::new(lines[1]).exists(), "{} was left behind", lines[1]);
}

#[tokio::test]
async fn a_given_working_directory_is_used_and_the_home_is_still_fresh() {
    let directory = tempfile::tempdir().unwrap();
    let mut spec = shell("pwd -P; ls -A \"$HOME\"; echo \"$HOME\"");
    spec.working_directory = Some(directory.path().to_owned());
    let run = run(spec).await.unwrap();
    let lines = stdout(&run);
    assert_eq!((lines.len(), lines[0]), (2, directory.path().canonicalize().unwrap().to_str().unwrap()), "{lines:?}");
    assert_ne!(lines[1], lines[0]);
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    for (script, exit_code, signal) in
        [("true", Some(0), None), ("exit 7", Some(7), None), ("exit 137", Some(137), None), ("kill -SEGV $$", None, Some(11))]
    {
        let outcome = run(shell(script)).await.unwrap().outcome;
        assert_eq!((outcome.exit_code, outcome.signal), (exit_code, signal), "{script}");
        assert!(!outcome.timed_out && outcome.not_started.is_none() && outcome.left_behind == 0, "{script}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_program_that_cannot_run_is_the_providers_matter() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("script");
    std::fs::write(&script, "#!/nonexistent/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (program, exit_code, word) in [
        ("/nonexistent/provider", 127, "/nonexistent/provider"),
        ("no-such-provider", 127, "PATH"),
        ("/etc/passwd", 126, "chmod +x"),
        (script.to_str().unwrap(), 127, "interpreter"),
    ] {
        let spec = JobSpec { program: program.into(), ..shell("") };
        let outcome = run(spec).await.unwrap().outcome;
        assert_eq!(outcome.exit_code, Some(exit_code), "{outcome:?}");
        assert!(outcome.not_started.as_ref().unwrap().contains(word), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_missing_supervisor_or_directory_is_our_trouble() {
    let nowhere = SupervisorCommand { program: "/nonexistent/hallmark".into(), arguments: Vec::new() };
    let error = ProcessLauncher::new(nowhere, 1).run(shell("true"), std::future::pending()).await.unwrap_err();
    assert!(matches!(error, LaunchError::Supervisor { .. }), "{error}");
    let mut spec = shell("true");
    spec.working_directory = Some("/nonexistent/directory".into());
    let error = run(spec).await.unwrap_err();
    assert!(matches!(&error, LaunchError::Refused { what, .. } if what.contains("/nonexistent/directory")), "{error}");
}

#[tokio::test]
async fn debug_shows_neither_variables_nor_output() {
    let mut spec = shell("echo $TOKEN");
    spec.environment.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let text = format!("{spec:?}");
    assert!(text.contains("TOKEN") && !text.contains("hunter2"), "{text}");
    let run = run(spec).await.unwrap();
    assert_eq!(stdout(&run), ["hunter2"]);
    assert!(!format!("{run:?}").contains("hunter2"));
}

#[tokio::test]
async fn no_more_jobs_start_than_permitted_until_one_made_contact() {
    let place = tempfile::tempdir().unwrap();
    let job = |name: &str| {
        let mut spec = shell("> \"$MINE\"; while ! [ -e \"$GO\" ]; do sleep 0.01; done");
        spec.environment.insert("MINE".to_owned(), place.path().join(name).to_str().unwrap().to_owned());
        spec.environment.insert("GO".to_owned(), place.path().join("go").to_str().unwrap().to_owned());
        spec
    };
    let runs = |name: &str| place.path().join(name).exists();
    let launcher = ProcessLauncher::new(supervisor(), 1);
    let contact = Arc::new(Notify::new());
    let first = tokio::spawn({
        let (launcher, spec, contact) = (launcher.clone(), job("first"), Arc::clone(&contact));
        async move { launcher.run(spec, contact.notified()).await }
    });
    wait_for("the first job runs", || runs("first")).await;
    let admitted = Arc::new(AtomicBool::new(false));
    let second = tokio::spawn({
        let (launcher, spec, admitted) = (launcher.clone(), job("second"), Arc::clone(&admitted));
        async move {
            let permit = launcher.admit().await;
            admitted.store(true, Ordering::SeqCst);
            launcher.run_admitted(permit, spec, std::future::pending(), std::future::pending()).await
        }
    });
    // The second had every chance to be admitted while a third, on a launcher of its own, ran to its end.
    run(shell("true")).await.unwrap();
    assert!(!admitted.load(Ordering::SeqCst) && !runs("second"));
    contact.notify_one();
    wait_for("the second job runs beside the first", || runs("second")).await;
    assert!(!first.is_finished());
    std::fs::write(place.path().join("go"), "").unwrap();
    for job in [first, second] {
        assert_eq!(job.await.unwrap().unwrap().outcome.exit_code, Some(0));
    }
    // A job that ended without contact gave its permit back.
    launcher.run(shell("true"), std::future::pending()).await.unwrap();
}

#[tokio::test]
async fn a_job_is_killed_on_demand_with_what_it_started_and_one_that_ended_first_was_not() {
    let place = tempfile::tempdir().unwrap();
    let running = place.path().join("running");
    let mut spec = shell("trap '' TERM; sleep 1000 & echo $!; : > \"$RUNNING\"; wait");
    spec.environment.insert("RUNNING".to_owned(), running.to_str().unwrap().to_owned());
    let task = spec.job.task.clone();
    let launcher = launcher();
    let permit = launcher.admit().await;
    let kill = wait_for("the job runs", || running.exists());
    let outcome = launcher.run_admitted(permit, spec, std::future::pending(), kill).await.unwrap().outcome;
    assert_eq!(
        (outcome.killed, outcome.signal, outcome.exit_code, outcome.timed_out, outcome.left_behind),
        (true, Some(9), None, false, 0)
    );
    assert_eq!(marked(&task), [""; 0].map(std::path::PathBuf::from));

    let permit = launcher.admit().await;
    let outcome = launcher.run_admitted(permit, shell("exit 3"), std::future::pending(), std::future::pending()).await.unwrap().outcome;
    assert_eq!((outcome.killed, outcome.exit_code), (false, Some(3)));
}

#[tokio::test]
async fn what_a_job_takes_of_processor_and_memory_is_measured() {
    let idle = run(shell("true")).await.unwrap().outcome;
    // A hundred megabytes are held at once by a descendant, not by the shell.
    let busy = run(shell("head -c 100000000 /dev/zero | tail -c 100000000 | wc -c")).await.unwrap().outcome;
    let (Some(least), Some(most)) = (idle.processor, busy.processor) else { panic!("{idle:?}, {busy:?}") };
    assert!(least < most, "{least} and {most} ns");
    assert!(busy.peak_memory.unwrap() >= 100_000_000 && idle.peak_memory.unwrap() < 100_000_000, "{idle:?}, {busy:?}");
}
