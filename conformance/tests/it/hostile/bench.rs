//! A folder with a manifest and a provider, hallmark run on it, and what is left afterwards.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hallmark::results::{Results, ScenarioRecord};
use hallmark::verdict::Verdict;

/// Longest wait for a condition; reaching it is a failure, never a verdict on speed.
const DEADLINE: Duration = Duration::from_mins(2);

/// Time that a job may take where it is not expected to take any: long enough for a machine under load.
pub(super) const AMPLE: &str = "60s";

/// A folder with a manifest and a provider.
pub(super) struct Bench {
    place: tempfile::TempDir,
    mark: String,
}

/// A hallmark that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Bench {
    /// Returns a bench whose provider is a shell script with this body.
    pub(super) fn script(task_timeout: &str, body: &str) -> Self {
        let bench = Self::empty();
        bench.write("provider.sh", body);
        let script = bench.path("provider.sh");
        // The shell is the command: a file that was just written cannot be executed while a fork of this process still holds it open.
        bench.manifest("/bin/sh", &[script.to_str().unwrap()], task_timeout, "");
        bench
    }

    /// Returns a bench without a manifest.
    pub(super) fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mark = format!("hostile-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let place = tempfile::Builder::new().prefix("hallmark-hostile-").tempdir().unwrap();
        Self { place, mark }
    }

    /// Writes the manifest of a provider that has one output; `more` stands at its end.
    pub(super) fn manifest(&self, command: &str, arguments: &[&str], task_timeout: &str, more: &str) {
        let (mark, place) = (&self.mark, self.place.path().display());
        let text = format!(
            "name = \"hostile\"\ncommand = {command:?}\nargs = {arguments:?}\ntask_timeout = {task_timeout:?}\n{more}\n\
             [[output]]\nname = \"token\"\ntype = \"string\"\nrequired = true\n\n\
             [env]\nMARK = {mark:?}\nPLACE = \"{place}\"\n"
        );
        self.write("provider.toml", &text);
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Returns the path of a file.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Returns `hallmark run provider.toml` with further arguments, in the bench's folder, to `out` unless they say otherwise.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
        command.args(["run", "provider.toml"]).args(arguments);
        if !arguments.contains(&"--out") {
            command.args(["--out", "out"]);
        }
        self.prepare(&mut command);
        command
    }

    /// Has a command run in the bench's folder, heard.
    pub(super) fn prepare(&self, command: &mut Command) {
        command.current_dir(self.place.path()).env("NO_COLOR", "1").env("TMPDIR", self.place.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// Runs hallmark to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        let ended = wait(self.command(arguments).spawn().unwrap());
        self.assert_nothing_is_left();
        ended
    }

    /// Returns the results that a run left.
    pub(super) fn results(&self) -> Results {
        Results::read(&self.path("out/results.ndjson")).unwrap()
    }

    /// Returns the ids of the processes that bear the bench's mark.
    pub(super) fn marked(&self) -> Vec<String> {
        marked(&self.mark)
    }

    /// Waits until no process of a job is left, or fails.
    pub(super) fn assert_nothing_is_left(&self) {
        wait_for("no process of a job is left", || self.marked().is_empty());
    }
}

/// Returns the verdict on a rule.
pub(super) fn verdict(results: &Results, rule: &str) -> Verdict {
    let found = results.rules().iter().find(|record| record.id.as_str() == rule);
    found.unwrap_or_else(|| panic!("no verdict on {rule}")).verdict
}

/// Returns what oracles said against a rule.
pub(super) fn against(results: &Results, rule: &str) -> String {
    let judgements = results.scenarios().iter().flat_map(|scenario| &scenario.judgements);
    let failed = judgements.filter(|judgement| judgement.rule.as_str() == rule && judgement.verdict == Verdict::Fail);
    failed.map(|judgement| judgement.actual.as_str()).collect::<Vec<_>>().join("\n")
}

/// Returns hallmark's own trouble.
pub(super) fn trouble(results: &Results) -> Vec<&String> {
    results.scenarios().iter().flat_map(|scenario: &ScenarioRecord| &scenario.trouble).collect()
}

/// Returns the processes whose environment has a variable with this value and that have not ended.
fn marked(mark: &str) -> Vec<String> {
    let mark = format!("={mark}");
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    processes
        .filter(|process| process.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|process| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable.ends_with(mark.as_bytes()))
        })
        .collect()
}

/// Waits for the end of a hallmark and of its output.
pub(super) fn wait(mut child: Child) -> Ended {
    let mut stderr = child.stderr.take().unwrap();
    let talk = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    });
    let mut stdout = Vec::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout).unwrap();
    }
    let code = child.wait().unwrap().code();
    let ended = Ended { code, stdout: String::from_utf8(stdout).unwrap(), stderr: talk.join().unwrap() };
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    ended
}

/// Waits until a condition holds.
#[expect(clippy::disallowed_methods, reason = "the one place of these tests that waits between two looks at a condition")]
pub(super) fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the example that cargo builds beside the tests.
pub(super) fn hostile_provider() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples/hostile_provider");
    assert!(program.exists(), "{} is missing: `cargo test` builds it, `cargo test --test it` does not", program.display());
    program
}

/// Builds the reference provider, once, and returns it.
pub(super) fn reference_provider() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--release", "--package", "reference-provider", "--message-format", "json"];
        let mut command = Command::new(cargo);
        command.args(build).current_dir(root);
        // What cargo tells a test about its package would have build scripts run again, and everything that needs them be built anew.
        for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        let built = command.output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let executable = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
        executable.expect("cargo names the executable")
    });
    &BUILT
}
