//! One call over HTTP, what its failure means, and the loop around it.

use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Limited};
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Body, Client, RequestBuilder};
use secrecy::SecretString;
use serde_json::Value;

use crate::retry::{Budget, Phase, parse_retry_after};

/// The longest body that is read; the longest secret of Secrets Manager fits, whatever its escapes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct CallError {
    /// The status with which the server said no for good; none if another attempt may succeed.
    pub(crate) refused: Option<u16>,
    pub(crate) reason: String,
    pub(crate) retry_after: Option<Duration>,
    /// The answer, which may repeat a secret and so is never shown.
    pub(crate) body: SecretString,
    /// This attempt or one before it may have taken effect: a gateway says 502 and 504 for work that was done, and a 500 may
    /// come after the commit.
    pub(crate) is_in_doubt: bool,
}

/// What a call ends with.
pub(crate) type Answer<T> = Result<T, CallError>;

impl CallError {
    fn no_answer(error: reqwest::Error) -> Self {
        let (is_unbuilt, is_unconnected) = (error.is_builder(), error.is_connect());
        let reason = format!("{:#}", anyhow::Error::new(error.without_url()));
        // No wait is long enough for a request that cannot be built, or for rustls to like a certificate.
        let is_hopeless = is_unbuilt || reason.contains("invalid peer certificate");
        let (retry_after, body) = (is_hopeless.then_some(Duration::MAX), SecretString::default());
        Self { refused: None, reason, retry_after, body, is_in_doubt: !is_unbuilt && !is_unconnected }
    }
}

/// The HTTP client of the job, with what all calls share.
pub(crate) struct Http<'a> {
    pub(crate) client: Client,
    pub(crate) budget: Budget,
    log: &'a dyn Fn(&str),
}

impl<'a> Http<'a> {
    pub(crate) fn new(budget: Budget, log: &'a dyn Fn(&str)) -> Result<Self, reqwest::Error> {
        // It fails only where a provider was installed before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                // A redirect could carry a secret to another host.
                .redirect(reqwest::redirect::Policy::none())
                // Retries are ours alone, else two policies multiply.
                .retry(reqwest::retry::never())
                // A pooled connection that the server has just closed looks like a request that may have been taken.
                .pool_max_idle_per_host(0)
                .user_agent(concat!("reference-provider/", env!("CARGO_PKG_VERSION")))
        };
        let client = builder().build().or_else(|_| {
            // One that trusts nobody is still good for plain http.
            log("WARNING: no certificate authority was found, so no https address will be trusted");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self { client, budget, log })
    }

    /// Logs a record, which never holds the value of an input or a secret.
    pub(crate) fn log(&self, record: &str) {
        (self.log)(record);
    }

    /// Attempts until it succeeds, is refused, or the next attempt would pass the end of the phase.
    pub(crate) async fn retry<T>(&self, phase: Phase, mut attempt: impl AsyncFnMut() -> Answer<T>) -> Answer<T> {
        let (mut attempts, mut is_in_doubt) = (0, false);
        loop {
            let answer = attempt().await;
            let Err(mut error) = answer else { return answer };
            attempts += 1;
            self.log(&format!("WARNING: attempt {attempts} failed: {error}"));
            is_in_doubt |= error.is_in_doubt;
            error.is_in_doubt = is_in_doubt;
            if error.refused.is_some() || !self.budget.wait(phase, attempts, error.retry_after).await {
                return Err(error);
            }
        }
    }

    /// Sends a request once. `read` gets the body of a 2xx, or nothing if it was cut, and returns nothing if it needs more.
    pub(crate) async fn send<T>(&self, phase: Phase, request: RequestBuilder, read: impl FnOnce(Option<&str>) -> Option<T>) -> Answer<T> {
        let request = request.header(ACCEPT, "application/json").timeout(self.budget.request_timeout(phase));
        let response = request.send().await.map_err(CallError::no_answer)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| parse_retry_after(value, SystemTime::now()));
        let body = Limited::new(Body::from(response), BODY_LIMIT).collect().await.ok();
        let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
        let (refused, reason) = match status {
            200..300 => match read(body.as_deref()) {
                Some(value) => return Ok(value),
                None => (None, format!("status {status}, but the body is not what it should be")),
            },
            408 | 429 | 500 | 502..=504 => (None, format!("status {status}")),
            _ => (Some(status), format!("refused with status {status}")),
        };
        let is_in_doubt = !(300..500).contains(&status);
        Err(CallError { refused, reason, retry_after, body: body.unwrap_or_default().into(), is_in_doubt })
    }
}

/// Reads a whole body as JSON, an empty one as null; a gateway's page with status 200 is no answer.
pub(crate) fn json(body: Option<&str>) -> Option<Value> {
    match body?.trim() {
        "" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    }
}
