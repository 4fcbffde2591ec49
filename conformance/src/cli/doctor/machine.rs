//! Checks of the machine itself.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use hallmark_harness::contract::TaskId;
use hallmark_harness::job::{JobSpec, ProcessLauncher};
use hallmark_harness::journal::JobRef;
use rustix::process::{Resource, getrlimit};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use super::super::machinery::{FILES, FILES_OF_STAGE};
use super::Check;

/// Scenarios that play at once unless `--jobs` says otherwise.
const STAGES: u64 = 32;
/// A clock that jumps further than this cannot time retries.
const COARSEST_TICK: Duration = Duration::from_millis(1);
/// No certificate and no token of this program is older.
const EARLIEST: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
/// Long enough for a loaded machine to start a program.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs every check of the machine.
pub(super) async fn checks(launcher: &ProcessLauncher) -> Vec<Check> {
    vec![
        loopback(),
        job(launcher).await,
        subreaper(launcher).await,
        temporary_folder(&std::env::temp_dir()),
        cores(),
        open_files(getrlimit(Resource::Nofile).current),
        wall_clock(OffsetDateTime::now_utc()),
        monotonic_clock(),
    ]
}

fn loopback() -> Check {
    let connected = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
        let address = listener.local_addr()?;
        TcpStream::connect(address)?;
        listener.accept().map(|_| address)
    });
    match connected {
        Ok(address) => Check::good("loopback sockets", format!("listened, connected and accepted on {address}")),
        Err(error) => {
            let remedy = "bring the loopback interface up (`ip link set lo up`), and let this program listen and connect on 127.0.0.1";
            Check::bad("loopback sockets", error.to_string(), remedy)
        }
    }
}

fn spec(program: &str, arguments: &[&str]) -> JobSpec {
    let mut spec = JobSpec::new(JobRef { task: TaskId::from("sm-task-doctor"), run: 0 }, program);
    spec.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    spec.environment.insert("PATH".to_owned(), hallmark_harness::job::SANE_PATH.to_owned());
    spec.limit = START_LIMIT;
    spec.grace = Duration::from_secs(1);
    spec
}

async fn job(launcher: &ProcessLauncher) -> Check {
    let remedy = "jobs are started through `hallmark supervise`: let this program start itself and /bin/true (look for noexec, \
                  seccomp or a limit on processes, `ulimit -u`)";
    match launcher.run(spec("/bin/true", &[]), std::future::pending()).await {
        Ok(run) if run.outcome.exit_code == Some(0) => {
            let milliseconds = Duration::from_nanos(run.outcome.duration).as_millis();
            Check::good("supervised job", format!("/bin/true ended with 0 after {milliseconds} ms"))
        }
        Ok(run) => Check::bad("supervised job", format!("/bin/true: {:?}", run.outcome), remedy),
        Err(error) => Check::bad("supervised job", error.to_string(), remedy),
    }
}

/// A job that ends while a child of it lives on: the supervisor must find the child and end it.
async fn subreaper(launcher: &ProcessLauncher) -> Check {
    let remedy = "providers that leave processes behind cannot be cleared up here: /proc must be mounted and readable, and the kernel \
                  must allow PR_SET_CHILD_SUBREAPER";
    match launcher.run(spec("/bin/sh", &["-c", "sleep 1000 >/dev/null 2>&1 &"]), std::future::pending()).await {
        Ok(run) if run.outcome.left_behind == 1 => Check::good("clearing up", "a process that a job left behind was found and ended"),
        Ok(run) => Check::bad("clearing up", format!("a job left one process behind, {} were found", run.outcome.left_behind), remedy),
        Err(error) => Check::bad("clearing up", error.to_string(), remedy),
    }
}

fn temporary_folder(folder: &Path) -> Check {
    let text = b"hallmark doctor";
    let written = tempfile::Builder::new().prefix("hallmark-doctor-").tempfile_in(folder).and_then(|mut file| {
        file.write_all(text)?;
        std::fs::read(file.path())
    });
    match written {
        Ok(read) if read == text => Check::good("temporary folder", format!("{} can be written and read", folder.display())),
        Ok(_) => Check::bad("temporary folder", format!("{} lost what was written", folder.display()), "set TMPDIR to another folder"),
        Err(error) => {
            let remedy = "set TMPDIR to a folder that can be written and has room: jobs get their home in it";
            Check::bad("temporary folder", format!("{}: {error}", folder.display()), remedy)
        }
    }
}

fn cores() -> Check {
    match std::thread::available_parallelism() {
        Ok(cores) => Check::good("cores", format!("{cores}: at most {} jobs start at once", ProcessLauncher::usual_starts())),
        Err(error) => Check::bad("cores", error.to_string(), "the number of cores cannot be found; check cgroup and affinity limits"),
    }
}

fn open_files(limit: Option<u64>) -> Check {
    let needed = FILES + FILES_OF_STAGE * STAGES;
    match limit {
        None => Check::good("open files", "no limit"),
        Some(limit) if limit >= needed => Check::good("open files", format!("limit {limit}; {STAGES} scenarios at once need {needed}")),
        Some(limit) => {
            let possible = limit.saturating_sub(FILES) / FILES_OF_STAGE;
            let fewer = if possible > 0 { format!(", or play fewer at once: `--jobs {possible}`") } else { String::new() };
            Check::bad(
                "open files",
                format!("limit {limit}; {STAGES} scenarios at once need {needed}"),
                format!("raise the limit: `ulimit -n {needed}`{fewer}"),
            )
        }
    }
}

fn wall_clock(now: OffsetDateTime) -> Check {
    let seen = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    if now >= EARLIEST {
        Check::good("wall clock", seen)
    } else {
        Check::bad("wall clock", seen, "set the clock: tokens and certificates of a run bear its time, and clients check it")
    }
}

fn monotonic_clock() -> Check {
    let start = Instant::now();
    // The clock is what is waited for: nothing else moves it.
    let tick = std::iter::repeat_with(|| start.elapsed()).find(|elapsed| !elapsed.is_zero()).unwrap_or_default();
    let seen = format!("smallest step seen {} ns", tick.as_nanos());
    if tick <= COARSEST_TICK {
        Check::good("monotonic clock", seen)
    } else {
        Check::bad("monotonic clock", seen, "waits between retries cannot be measured here; try a machine with a finer clock source")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_on_files_says_how_to_raise_it_and_how_to_live_with_it() {
        let check = open_files(Some(256));
        assert_eq!(check.remedy.as_deref(), Some("raise the limit: `ulimit -n 544`, or play fewer at once: `--jobs 14`"));
        assert_eq!(open_files(Some(40)).remedy.as_deref(), Some("raise the limit: `ulimit -n 544`"));
        assert_eq!(open_files(Some(544)).remedy, None);
        assert_eq!(open_files(None).remedy, None);
    }

    #[test]
    fn a_clock_in_the_past_is_told() {
        let check = wall_clock(datetime!(1970-01-01 0:00:07.5 UTC));
        assert_eq!(check.seen, "1970-01-01T00:00:07Z");
        assert!(check.remedy.is_some_and(|remedy| remedy.starts_with("set the clock")));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let check = temporary_folder(Path::new("/no/such/folder"));
        assert!(check.seen.starts_with("/no/such/folder: "), "{check:?}");
        assert!(check.remedy.is_some_and(|remedy| remedy.contains("TMPDIR")));
    }
}
