//! A small provider of Artifactory tokens and PagerDuty keys that keeps every rule, unless a mutation makes it wrong at one point.

mod call;
mod cloud;
mod create;
mod delete;
mod failure;
mod inputs;
mod third_party;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use failure::{End, Failure};

use super::table::{self, Mutation, action, error, network};

/// One run of the provider.
struct Provider {
    /// What it does wrong.
    mutation: Option<&'static Mutation>,
    variables: BTreeMap<String, String>,
    client: reqwest::Client,
    /// For the third party.
    third_party_client: reqwest::Client,
    /// The IAM token.
    token: RefCell<String>,
}

/// Runs the provider with the mutation of this id, or without one, and returns its exit status. Reads the environment of the process.
pub fn run(id: &str) -> Result<u8, String> {
    let mutation = match table::find(id) {
        None if id != super::CONTROL => return Err(format!("there is no mutant {id:?}; `hallmark selftest` shows all of them")),
        found => found,
    };
    if mutation == Some(&table::image::WANTS_AN_ARGUMENT) {
        writeln!(std::io::stderr(), "usage: provider create|delete").ok();
        return Ok(2);
    }
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| format!("starting a runtime: {error}"))?;
    let client = |of_third_party| client(mutation, of_third_party).map_err(|error| format!("making an HTTP client: {error}"));
    let (client, third_party_client) = (client(false)?, client(true)?);
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    let provider = Provider { mutation, variables, client, third_party_client, token: RefCell::default() };
    let done = runtime.block_on(provider.job());
    // A name resolution that hangs must not keep a finished job alive.
    runtime.shutdown_background();
    Ok(provider.exit_status(done))
}

fn client(mutation: Option<&Mutation>, of_third_party: bool) -> reqwest::Result<reqwest::Client> {
    let is = |wrong: &Mutation| mutation == Some(wrong);
    let follows = |which: u16| {
        reqwest::redirect::Policy::custom(move |attempt| if attempt.status() == which { attempt.follow() } else { attempt.stop() })
    };
    let redirects = if is(&table::delete::FOLLOWS_THE_REDIRECT) {
        follows(302)
    } else if is(&network::SENDS_IT_ON) {
        follows(307)
    } else {
        reqwest::redirect::Policy::none()
    };
    let mut builder = reqwest::Client::builder();
    if is(&network::TRUSTS_ANY_NAME) {
        // The platform's verifier knows no such carelessness.
        let bundle = std::env::var_os("SSL_CERT_FILE").and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&bundle)?).tls_danger_accept_invalid_hostnames(true);
    }
    builder
        .redirect(redirects)
        .tls_danger_accept_invalid_certs(is(&network::TRUSTS_ANYBODY) || of_third_party && is(&network::THIRD_PARTY_UNCHECKED))
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .timeout(if is(&table::retry::WAITS_FOR_EVER) { Duration::from_hours(24) } else { Duration::from_secs(4) })
        .build()
}

impl Provider {
    /// Tells whether this is the wrong provider that `mutation` describes.
    fn is(&self, mutation: &Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Returns a variable; an empty one counts as absent.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn log(&self, line: &str) {
        if !self.is(&error::LOGS_NOTHING) {
            // An undo does not stop because nobody listens.
            writeln!(std::io::stderr(), "{line}").ok();
        }
    }

    fn exit_status(&self, done: bool) -> u8 {
        if self.is(&error::EXITS_0_ALWAYS) || self.is(&table::create::NEVER_REPORTS) {
            return 0;
        }
        if self.is(&error::DELETION_EXITS_1) && self.variable("SM_ACTION") == Some("delete_credentials") {
            return 1;
        }
        u8::from(!done)
    }

    /// Does the job; returns whether success was reported and accepted.
    async fn job(&self) -> bool {
        if self.is(&table::image::ASKS) {
            self.log("Go on (y/n)?");
            let mut answer = String::new();
            while answer.trim() != "y" {
                std::io::stdin().read_line(&mut answer).ok();
                pause(Duration::from_secs(1)).await;
            }
        }
        if let Err(failure) = self.sign_in().await {
            self.log(&format!("ERROR {failure}"));
            return false;
        }
        if self.is(&table::privilege::PHONES_HOME) {
            self.send(self.client.post("https://telemetry.example.com/v1/ran")).await;
        }
        let end = match self.kept_a_file().and_then(|()| self.action()) {
            Ok(true) => self.create().await,
            Ok(false) => self.delete().await,
            Err(failure) => Err(End::Report(failure)),
        };
        match end {
            Ok(()) => {
                self.afterwards().await;
                true
            }
            // There is nobody to tell but the log.
            Err(End::Log(failure)) => {
                self.log(&format!("ERROR {failure}"));
                false
            }
            Err(End::Report(failure)) => {
                self.log(&format!("ERROR {failure}"));
                self.report_failure(&failure).await;
                false
            }
        }
    }

    /// Returns true for a creation, false for a deletion.
    fn action(&self) -> Result<bool, Failure> {
        let given = self.variable("SM_ACTION");
        let known = match given {
            Some("create_credentials") => Some(true),
            Some("delete_credentials") => Some(false),
            Some(other) if self.is(&action::IGNORES_CASE) && other.eq_ignore_ascii_case("create_credentials") => Some(true),
            Some(_) if self.is(&action::ANYTHING_CREATES) => Some(true),
            None if self.is(&action::NOTHING_CREATES) => Some(true),
            _ => None,
        };
        let trigger = self.variable("SM_TRIGGER").unwrap_or("");
        let trigger_unknown = self.is(&action::ROTATION_BY_HAND_UNKNOWN) && known == Some(true) && trigger == "manual_secret_rotation"
            || self.is(&action::EXPIRATION_UNKNOWN) && trigger == "secret_version_expiration";
        if trigger_unknown {
            return Err(Failure::new("UNKNOWN_TRIGGER", "The provider does not know this trigger. Nothing was changed."));
        }
        known.ok_or_else(|| Failure::new("UNKNOWN_ACTION", "The provider does not know this action. Nothing was changed."))
    }

    /// Keeps a file, where the mutant does.
    fn kept_a_file(&self) -> Result<(), Failure> {
        let kept = !self.is(&table::image::KEEPS_A_FILE) || std::fs::write(format!("{}/lock", super::image::STATE), "x").is_ok();
        kept.then_some(()).ok_or_else(|| Failure::new("NO_LOCK", "The provider could not keep its lock file. Nothing was changed."))
    }

    /// Tells whether Code Engine runs the job again.
    fn runs_again(&self) -> bool {
        self.variable("JOB_INDEX_RETRY_COUNT").is_some_and(|count| count != "0")
    }

    /// What mutants do when everything is done.
    async fn afterwards(&self) {
        if self.is(&table::image::GREEDY) {
            let mut taken = vec![0_u8; 2 << 30];
            // Memory is taken page by page, as it is used.
            taken.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
            self.log(&format!("INFO took {} bytes", taken.len()));
        }
        if self.is(&table::image::WRITES) {
            let megabyte = vec![1; 1_000_000];
            let written = std::fs::File::create("/tmp/spill").and_then(|mut file| (0..420).try_for_each(|_| file.write_all(&megabyte)));
            self.log(&format!("INFO wrote: {}", written.is_ok()));
        }
        if self.is(&table::privilege::DELETES_ITS_TASK) {
            self.send(self.authorized(reqwest::Method::DELETE, &self.task_url())).await;
        }
    }
}

/// Waits before the next attempt, or for ever where a mutant hangs.
#[expect(clippy::disallowed_methods, reason = "a provider's pause between attempts is a wait by definition")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
