//! `serve`: what it prints works as it stands.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Called, call, hallmark};

/// The last line of the example.
const LAST: &str = "/openapi.json\"";

/// A provider in shell: logs in, reports one credential.
const PROVIDER: &str = r#"#!/bin/sh
set -eu
answer=$(curl -sSf https://iam.cloud.ibm.com/identity/token --data-urlencode grant_type=urn:ibm:params:oauth:grant-type:apikey \
    --data-urlencode "apikey=$SM_ACCESS_APIKEY")
token=$(printf %s "$answer" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -sSf -X PUT "$SM_INSTANCE_URL/api/v2/secrets/$SM_SECRET_ID/tasks/$SM_SECRET_TASK_ID" -H "Authorization: Bearer $token" \
    -H 'Content-Type: application/json' -d '{"status":"credentials_created","credentials":{"id":"c-1","payload":{"token":"t"}}}'
echo
echo reported
"#;

/// `hallmark serve`, running.
struct Serving {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    example: String,
}

impl Serving {
    /// Starts it and reads the example.
    fn start(arguments: &[&str]) -> Self {
        let mut command = hallmark(&[&["serve"], arguments].concat());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hallmark starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut example = String::new();
        while !example.trim_end().ends_with(LAST) {
            let read = stdout.read_line(&mut example).expect("the example is text");
            assert_ne!(read, 0, "serve ended early: {example}\n{}", rest(&mut child));
        }
        Self { child, stdout, example }
    }

    /// Returns the lines that define and export variables.
    fn variables(&self) -> String {
        let variable = |line: &&str| ["admin=", "auth=", "export "].iter().any(|start| line.starts_with(start));
        self.example.lines().filter(variable).flat_map(|line| [line, "\n"]).collect()
    }

    /// Returns the example's command lines that have `part` in them.
    fn lines(&self, part: &str) -> String {
        let found: Vec<&str> = self.example.lines().filter(|line| !line.starts_with('#') && line.contains(part)).collect();
        assert!(!found.is_empty(), "{part} in {}", self.example);
        found.join("\n")
    }

    /// Runs lines in a shell after the example's variables, as somebody would who pasted both.
    fn paste(&self, lines: &str) -> String {
        let script = format!("{}\n{lines}\n", self.variables());
        let output = Command::new("sh").args(["-eu", "-c", &script]).output().expect("a shell starts");
        let called = Called::from(output);
        assert_eq!(called.code, Some(0), "{lines}: {} {}", called.stdout, called.stderr);
        called.stdout
    }

    fn json(&self, lines: &str) -> Value {
        let answer = self.paste(lines);
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{lines}: {error} in {answer}"))
    }

    /// Returns the first events of the journal's stream, which has no end of its own.
    fn streamed(&self, count: usize) -> Vec<Value> {
        let script = format!("{}\nexec {}", self.variables(), self.lines("/journal/stream"));
        let mut curl = Command::new("sh").args(["-eu", "-c", &script]).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let lines = BufReader::new(curl.stdout.take().expect("it is piped")).lines().take(count);
        let events = lines.map(|line| serde_json::from_str(&line.expect("text")).expect("one event a line")).collect();
        curl.kill().expect("it runs");
        curl.wait().expect("it ends");
        events
    }

    /// Ends it with a signal; returns the exit code, what else it printed, and its talk.
    fn end(mut self, signal: Signal) -> Called {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
        let code = self.child.wait().expect("it ends").code();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).expect("text");
        Called { code, stdout, stderr: rest(&mut self.child) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn rest(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut text).ok();
    }
    text
}

#[test]
fn every_line_of_the_example_works() {
    let serving = Serving::start(&[]);
    let provider = format!("provider() {{\n(\n{PROVIDER}\n)\n}}\n");
    assert!(serving.paste(&format!("{provider}provider")).ends_with("reported\n"), "the first job, by hand");

    let secret = serving.json(&serving.lines("\"$admin/custom-credentials\""));
    assert!(secret.as_str().is_some_and(|id| id.len() == 36), "{secret}");
    let take = serving.lines("/jobs/");
    let reported = serving.paste(&format!("{provider}{take}\nprovider"));
    assert!(reported.contains(secret.as_str().expect("an id")), "the second job is the new secret's: {reported}");
    let rotated = serving.json(&serving.lines("/rotate"));
    assert_eq!(rotated["tasks"].as_array().map(Vec::len), Some(1));
    let rotation =
        serving.paste(&format!("{provider}{}\n{take}\nprovider", serving.lines("/faults")).replace("curl -sSf -X PUT", "curl -sS -X PUT"));
    assert!(rotation.contains("service_unavailable"), "the fault acts: {rotation}");

    assert_eq!(serving.json(&serving.lines("/clock/advance"))["seconds"], 0);
    assert_eq!(serving.json(&serving.lines("/delete"))["tasks"].as_array().map(Vec::len), Some(2), "both versions were created");
    assert!(serving.json(&serving.lines("/ledger")).as_array().is_some_and(|ledger| ledger.iter().all(|entry| entry["seeded"] == true)));
    assert_eq!(serving.json(&serving.lines("/openapi.json"))["openapi"], "3.1.0");
    for event in serving.streamed(3) {
        assert!(event["id"].is_u64() && event["event"].is_string(), "{event}");
    }

    let ended = serving.end(Signal::TERM);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn the_token_is_shown_once_and_no_provider_gets_it() {
    let serving = Serving::start(&["--preset", "pagerduty"]);
    let line = serving.lines("Authorization: Bearer ").lines().find(|line| line.starts_with("auth=")).expect("a token").to_owned();
    let token = line.trim_end_matches('\'').rsplit(' ').next().expect("a token").to_owned();
    assert_eq!((token.len(), serving.example.matches(&token).count()), (64, 1));
    assert!(!serving.paste("env").contains(&token), "it is not exported");
    assert!(serving.lines("export SM_URL_VALUE=").ends_with("https://api.pagerduty.com"));
    let ended = serving.end(Signal::INT);
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr.contains(&token), "{}", ended.stderr);
}

#[test]
fn a_manifests_provider_runs_for_each_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = folder.path().join("provider.sh");
    fs::write(&provider, PROVIDER).expect("it can be written");
    fs::set_permissions(&provider, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    let job_config = r#"{"job_env_variables":[{"name":"SMOUT_TOKEN","value":"type:string, required:true"}]}"#;
    fs::write(folder.path().join("job_config.json"), job_config).expect("it can be written");
    let manifest = folder.path().join("provider.toml");
    fs::write(&manifest, "name = \"shell\"\ncommand = \"./provider.sh\"\njob_config = \"job_config.json\"\n").expect("it can be written");

    let mut serving = Serving::start(&["--manifest", manifest.to_str().expect("text"), "--run"]);
    assert!(!serving.example.contains("/jobs/claim"), "nobody else takes the jobs");
    let mut talk = BufReader::new(serving.child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    for run in 0..2 {
        line.clear();
        while !line.contains("| reported") {
            line.clear();
            assert_ne!(talk.read_line(&mut line).expect("talk is text"), 0, "it ended");
            assert!(!line.contains("exit code") || line.contains("exit code 0"), "{line}");
        }
        if run == 0 {
            // The second secret's job, after everything was set up anew.
            let reset = r#"curl -sSf -X POST -H "$auth" "$admin/reset""#;
            serving.paste(&format!("{reset}\n{}", serving.lines("\"$admin/custom-credentials\"")));
        }
    }
    let tasks = serving.json(r#"curl -sSf -H "$auth" "$admin/tasks""#);
    assert_eq!(tasks["tasks"][0]["status"], "credentials_created", "{tasks}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for option in ["--port", "--admin-port"] {
        let called = call(&["serve", option, &port]);
        assert_eq!((called.code, called.stdout.as_str()), (Some(2), ""), "{option}");
        assert!(called.stderr.contains(&port) && called.stderr.contains("choose another port"), "{option}: {}", called.stderr);
    }
}

#[test]
fn an_unknown_variant_is_told() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference-provider/provider.toml");
    let called = call(&["serve", "--manifest", manifest, "--variant", "vault"]);
    assert_eq!(called.code, Some(2));
    assert!(called.stderr.contains("it has artifactory, pagerduty"), "{}", called.stderr);
}
