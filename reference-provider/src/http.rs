//! One call over HTTP, what its failure means, and the loop around it.

use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::SecretString;
use serde_json::Value;

use crate::log::Log;
use crate::retry::{Budget, Phase, parse_retry_after};

/// The longest body that is read; the longest secret of Secrets Manager fits, whatever its escapes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// A call that did not succeed: may it pass, and may it have happened all the same?
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The server said no, for good. The body may repeat a secret, so it is never shown.
    #[error("refused with status {status}")]
    Refused { status: u16, body: SecretString, in_doubt: bool },
    /// There was no definite answer: a gateway says 502 and 504 for work that was done, and a 500 may come after the commit.
    #[error("no definite answer: {reason}")]
    Ambiguous { reason: String, retry_after: Option<Duration> },
    /// Nothing happened, but it may at another time.
    #[error("not possible now: {reason}")]
    Unavailable { reason: String, retry_after: Option<Duration> },
}

impl CallError {
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Returns whether the call, in this attempt or an earlier one, may have taken effect.
    pub(crate) fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Ambiguous { .. } | Self::Refused { in_doubt: true, .. })
    }

    /// Returns the status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self { Some(*status) } else { None }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { .. } => None,
            Self::Ambiguous { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
        }
    }

    fn after_doubt(self) -> Self {
        match self {
            Self::Refused { status, body, .. } => Self::Refused { status, body, in_doubt: true },
            Self::Ambiguous { reason, retry_after } | Self::Unavailable { reason, retry_after } => Self::Ambiguous { reason, retry_after },
        }
    }

    fn no_answer(error: reqwest::Error) -> Self {
        let (is_unbuilt, is_unsent) = (error.is_builder(), error.is_builder() || error.is_connect());
        let reason = format!("{:#}", anyhow::Error::new(error.without_url()));
        if !is_unsent {
            return Self::Ambiguous { reason, retry_after: None };
        }
        // No wait is long enough for a request that cannot be built, or for rustls to like a certificate.
        let is_hopeless = is_unbuilt || reason.contains("invalid peer certificate");
        Self::Unavailable { reason, retry_after: is_hopeless.then_some(Duration::MAX) }
    }
}

/// The HTTP client of the job, with what all calls share.
pub(crate) struct Http<'a> {
    pub(crate) client: Client,
    pub(crate) budget: Budget,
    pub(crate) log: &'a Log<'a>,
}

impl<'a> Http<'a> {
    pub(crate) fn new(budget: Budget, log: &'a Log<'a>) -> Result<Self, reqwest::Error> {
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
        // Without any CA file there is no client by default. One that trusts nobody is still good for plain http.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self { client, budget, log })
    }

    /// Attempts until it succeeds, is refused, or the next attempt would pass the end of the phase.
    pub(crate) async fn retry<T>(&self, phase: Phase, mut attempt: impl AsyncFnMut() -> Result<T, CallError>) -> Result<T, CallError> {
        let mut in_doubt = false;
        let mut attempts = 0;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            in_doubt |= error.is_in_doubt();
            attempts += 1;
            self.log.info(&format!("attempt {attempts} failed: {error}"));
            if error.is_refusal() || !self.budget.wait(phase, attempts, error.retry_after()).await {
                return Err(if in_doubt { error.after_doubt() } else { error });
            }
        }
    }

    /// Sends a request once; `read` gets the body of a 2xx, or nothing if it was cut, and returns nothing if it needs more.
    pub(crate) async fn send<T>(
        &self,
        phase: Phase,
        request: RequestBuilder,
        read: impl FnOnce(Option<&str>) -> Option<T>,
    ) -> Result<T, CallError> {
        let request = request.timeout(self.budget.request_timeout(phase));
        let response = request.send().await.map_err(CallError::no_answer)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| parse_retry_after(value.to_str().ok()?, SystemTime::now()));
        let body = read_body(response).await;
        let reason = format!("status {status}");
        match status {
            200..300 => read(body.as_deref()).ok_or_else(|| {
                let reason = format!("{reason}, but the body is cut or not what it should be");
                CallError::Ambiguous { reason, retry_after: None }
            }),
            408 | 429 => Err(CallError::Unavailable { reason, retry_after }),
            500 | 502..=504 => Err(CallError::Ambiguous { reason, retry_after }),
            _ => Err(CallError::Refused { status, body: body.unwrap_or_default().into(), in_doubt: status >= 500 }),
        }
    }
}

/// Returns the body, or nothing if it is cut or endless.
async fn read_body(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// Reads a whole body as JSON, an empty one as null; a gateway's page with status 200 is no answer.
pub(crate) fn json(body: Option<&str>) -> Option<Value> {
    match body?.trim() {
        "" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    }
}

#[cfg(test)]
#[path = "../tests/unit/http.rs"]
mod tests;
