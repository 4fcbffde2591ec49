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

/// The one scenario that is played: the first update is answered 503 with a Retry-After of two seconds.
const ONE: &str = "slice:1/18";

/// A job says that it is there and goes on when it is let.
const JOB: &str = ": >\"$1/started\"; until [ -e \"$1/held\" ]; do /bin/sleep 0.01; done; exec \"$2\" mutant RTY-002/ignores-it\n";

fn start(folder: &Path, out: &Path) -> Child {
    std::fs::write(folder.join("provider.toml"), hallmark::mutant::MANIFEST).expect("the manifest is written");
    std::fs::write(folder.join("job_config.json"), hallmark::mutant::JOB_CONFIG).expect("the declarations are written");
    let script = folder.join("provider.sh");
    std::fs::write(&script, JOB).expect("the script is written");
    Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["run", "--quiet", "--profile", "resilient", "--rule", "RTY-002", "--partition", ONE])
        .arg("--command")
        .arg(format!("/bin/sh {} {} {}", script.display(), folder.display(), env!("CARGO_BIN_EXE_hallmark")))
        .arg(folder.join("provider.toml"))
        .arg("--out")
        .arg(out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hallmark starts")
}

/// From the start of the job on, stops the process again and again, for longer than it may run. Not earlier: a whole scenario might fit between two
/// stops, and would be judged rightly.
fn hold_up(folder: &Path, mut child: Child) -> Output {
    let pid = Pid::from_child(&child);
    let running = |child: &mut Child| child.try_wait().expect("the process can be waited for").is_none();
    while running(&mut child) && !folder.join("started").exists() {
        pass(Duration::from_millis(5));
    }
    while running(&mut child) {
        kill_process(pid, Signal::STOP).ok();
        std::fs::write(folder.join("held"), "").expect("the job is let go on");
        pass(HELD);
        kill_process(pid, Signal::CONT).ok();
        pass(LET_GO);
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
        assert_eq!(results.scenarios().len(), 1, "scenarios were added: of more than one, some may fit between two stops");
        let rule = results.rules().iter().find(|rule| rule.id.as_str() == "RTY-002").expect("the rule was judged").clone();
        (rule.verdict, rule.reason)
    };
    let (swift, slow) = (folder.path().join("swift"), folder.path().join("slow"));
    let held = folder.path().join("held");
    std::fs::write(&held, "").expect("the job is let go on");
    let ended = start(folder.path(), &swift).wait_with_output().expect("hallmark ends");
    assert_eq!((ended.status.code(), verdict(&swift).0), (Some(1), Verdict::Fail), "{ended:?}");
    for left in [held, folder.path().join("started")] {
        std::fs::remove_file(left).expect("the first run's mark is removed");
    }
    let ended = hold_up(folder.path(), start(folder.path(), &slow));
    let (verdict, reason) = verdict(&slow);
    assert_eq!((ended.status.code(), verdict), (Some(3), Verdict::Inconclusive), "{reason} {}", String::from_utf8_lossy(&ended.stdout));
    assert!(reason.contains("our own threads were up to"), "{reason}");
}
