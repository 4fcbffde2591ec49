//! A hallmark that does not get to run when it should blames nobody for it.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::Verdict;
use rustix::process::{Pid, Signal, kill_process};

/// Longer than any wait that the scenarios ask for, so that it could explain each finding.
const HELD: Duration = Duration::from_millis(3500);

/// Short enough for all that happens in it to be near a delay.
const LET_GO: Duration = Duration::from_millis(150);

fn start(folder: &Path, out: &Path) -> Child {
    std::fs::write(folder.join("provider.toml"), hallmark::mutant::MANIFEST).expect("the manifest is written");
    std::fs::write(folder.join("job_config.json"), hallmark::mutant::JOB_CONFIG).expect("the declarations are written");
    Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["run", "--quiet", "--profile", "resilient", "--rule", "RTY-002", "--partition", "slice:1/6"])
        .arg("--command")
        .arg(format!("{} mutant RTY-002/ignores-it", env!("CARGO_BIN_EXE_hallmark")))
        .arg(folder.join("provider.toml"))
        .arg("--out")
        .arg(out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hallmark starts")
}

/// Stops the process again and again, for longer than it may run.
fn hold_up(mut child: Child) -> Output {
    let pid = Pid::from_child(&child);
    while child.try_wait().expect("the process can be waited for").is_none() {
        for (signal, time) in [(Signal::STOP, HELD), (Signal::CONT, LET_GO)] {
            kill_process(pid, signal).ok();
            pass(time);
        }
    }
    child.wait_with_output().expect("the process can be waited for")
}

#[expect(clippy::disallowed_methods, reason = "being held up for some time is what is tested")]
fn pass(time: Duration) {
    std::thread::sleep(time);
}

#[test]
fn what_our_own_delay_explains_is_inconclusive() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let verdict = |out: &Path| {
        let results = Results::read(&out.join(FILE_NAME)).expect("the results are readable");
        let rule = results.rules().iter().find(|rule| rule.id.as_str() == "RTY-002").expect("the rule was judged").clone();
        (rule.verdict, rule.reason)
    };
    let (swift, slow) = (folder.path().join("swift"), folder.path().join("slow"));
    let ended = start(folder.path(), &swift).wait_with_output().expect("hallmark ends");
    assert_eq!((ended.status.code(), verdict(&swift).0), (Some(1), Verdict::Fail), "{ended:?}");
    let ended = hold_up(start(folder.path(), &slow));
    let (verdict, reason) = verdict(&slow);
    assert_eq!((ended.status.code(), verdict), (Some(3), Verdict::Inconclusive), "{reason} {}", String::from_utf8_lossy(&ended.stdout));
    assert!(reason.contains("our own threads were up to"), "{reason}");
}
