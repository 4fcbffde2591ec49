//! A provider against a real HTTP service, behind the layer-7 proxy: the same verdicts as against the simulation of its API.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hallmark::verdict::Verdict;

use super::server::skip;
use super::{Copy, Ran};

/// What the service takes for a login.
const LOGIN: &str = "login-of-the-token-service";

/// The service, a process of its own.
struct Tokens {
    child: Child,
    address: String,
}

impl Tokens {
    fn start() -> Option<Self> {
        let program = folder().join("service.py");
        let started = Command::new("python3").arg(program).arg(LOGIN).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = started else {
            skip("the token service needs python3, which `.ci/prepare` installs");
            return None;
        };
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("its output is piped")).read_line(&mut address).expect("it prints its address");
        Some(Self { child, address: address.trim().to_owned() })
    }

    /// Asks the service itself, past every proxy.
    fn ask(&self, method: &str, path: &str) -> String {
        let host = self.address.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(host).expect("the service listens");
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {LOGIN}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the service reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the service answers");
        answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/http")
}

/// Runs a mutant of the suite's own provider against a service, or against the simulation of its API.
fn run(mutant: &str, service: Option<&str>, arguments: &[&str]) -> Ran {
    let copy = Copy::of(&folder());
    let declared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference-provider/job_config.json");
    std::fs::copy(declared, copy.path().join("job_config.json")).expect("the reference provider declares its inputs");
    match service {
        Some(address) => copy.replace("provider.toml", "http://127.0.0.1:8081", address),
        None => {
            copy.replace("provider.toml", "service = \"http://127.0.0.1:8081\"\n", "");
            copy.replace("provider.toml", &format!("value = \"{LOGIN}\""), "login_of = \"artifactory\"");
        }
    }
    let command = format!("{} mutant {mutant}", env!("CARGO_BIN_EXE_hallmark"));
    copy.run(&[&["--profile", "resilient", "--command", &command], arguments].concat())
}

#[test]
fn a_provider_earns_the_same_verdicts_as_against_the_simulation() {
    let Some(service) = Tokens::start() else { return };
    let (real, simulated) = (run("none", Some(&service.address), &[]), run("none", None, &[]));
    assert_eq!(real.code(), Some(0), "{}", real.said());
    let (mut found, mut expected) = (real.verdicts(), simulated.verdicts());
    // What a real service issues is its own matter.
    assert_eq!(found.remove("CRE-010"), Some(Verdict::NotApplicable));
    assert_eq!(expected.remove("CRE-010"), Some(Verdict::Pass));
    assert!(real.reason("CRE-010").contains("a real service, which issues what it likes"), "{}", real.reason("CRE-010"));
    assert_eq!(found, expected, "{}", real.said());
    assert!(real.with(Verdict::Pass).len() > 40, "{}", real.said());
    assert!(!real.shows(LOGIN));
    // Nor anything else that the service answers: what of it is secret, nobody here can know.
    assert!(!real.shows("of-the-service-alone"));
    assert_eq!(service.ask("GET", "/access/api/v1/tokens"), "{\"tokens\": []}", "the run leaves nothing behind");
}

#[test]
fn a_wrong_provider_is_found_out_as_against_the_simulation() {
    let Some(service) = Tokens::start() else { return };
    for (mutant, rules, words) in [
        ("CRE-005/makes-two", ["CRE-005", "CRE-007", "CRE-001"], "2 alive at the third party"),
        ("DEL-001/never-revokes", ["DEL-001", "DEL-002", "CRE-004"], "was reported deleted and lives"),
        ("CRE-004/trailing-blank", ["CRE-004", "CRE-002", "DEL-003"], "token has another value"),
    ] {
        let selection: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule]).collect();
        let (real, simulated) = (run(mutant, Some(&service.address), &selection), run(mutant, None, &selection));
        assert_eq!(real.verdicts(), simulated.verdicts(), "{mutant}: {}", real.said());
        let (own, _) = mutant.split_once('/').expect("a mutant's id begins with its rule");
        assert!(real.with(Verdict::Fail).contains(&own.to_owned()), "{mutant}: {}", real.said());
        assert!(real.findings(own).iter().any(|finding| finding.contains(words)), "{mutant}: {:?}", real.findings(own));
    }
}

#[test]
fn a_service_that_is_not_there_says_nothing_about_the_provider() {
    let Some(service) = Tokens::start() else { return };
    let address = service.address.clone();
    drop(service);
    let ran = run("none", Some(&address), &["--rule", "CRE-001"]);
    assert_eq!(ran.code(), Some(3), "{}", ran.said());
    assert!(ran.said().contains("ask the real service at http://127.0.0.1:"), "{}", ran.said());
}
