//! One call over HTTP, and what its failure means.
//!
//! The main type here is [`CallError`]: it answers the two questions that everything else depends on, "may it pass?" and
//! "may it have happened all the same?".

use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::config::Limits;
use crate::error::chain;
use crate::retry::{Backoff, Phase, parse_retry_after};

/// The longest body that is read; the longest secret of Secrets Manager fits, whatever its escapes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What a 2xx answer needs to count as a success; without it the call is repeated like a failed one.
#[derive(Clone, Copy)]
pub(crate) enum Accept {
    /// The status is enough, whatever the body holds, even when it is cut.
    AnyBody,
    /// The body arrived whole.
    WholeBody,
    /// The body arrived whole and is empty or JSON: a gateway's page with status 200 is no answer.
    Json,
}

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct CallError {
    reason: String,
    /// The status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// The answer's body. It may repeat a secret, so it is never shown.
    pub(crate) body: SecretString,
    /// What the server asked for.
    pub(crate) retry_after: Option<Duration>,
    /// The cause may pass: trying again makes sense.
    pub(crate) transient: bool,
    /// The request may have taken effect although it failed.
    pub(crate) ambiguous: bool,
}

impl CallError {
    /// Returns whether the server understood and said no.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status.is_some() && !self.transient
    }

    /// An answer with a good status, but not with the body that it should have.
    pub(crate) fn unusable(status: u16) -> Self {
        Self {
            reason: format!("status {status}, but the body is cut or not what it should be"),
            status: Some(status),
            body: SecretString::default(),
            retry_after: None,
            transient: true,
            ambiguous: true,
        }
    }

    fn unsuccessful(status: u16, retry_after: Option<Duration>, body: SecretString) -> Self {
        Self {
            reason: format!("status {status}"),
            body,
            retry_after,
            transient: matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            // A gateway answers 502 and 504 for work that was done, and a 500 may come after the commit.
            ambiguous: status >= 500,
            ..Self::unusable(status)
        }
    }

    fn unbuilt() -> Self {
        Self { reason: "the request could not be built".to_owned(), status: None, transient: false, ambiguous: false, ..Self::unusable(0) }
    }

    fn no_answer(error: reqwest::Error) -> Self {
        let is_unsent = error.is_builder() || error.is_connect();
        Self {
            transient: !error.is_builder() && !is_certificate_refused(&error),
            ambiguous: !is_unsent,
            reason: chain(&error.without_url()),
            status: None,
            ..Self::unusable(0)
        }
    }
}

/// The HTTP client of the job, with its time-outs and retries.
pub(crate) struct Http {
    /// Requests are built with it.
    pub(crate) client: Client,
    /// The budget of the run.
    pub(crate) limits: Limits,
    started: Instant,
}

impl Http {
    pub(crate) fn new(limits: Limits) -> Result<Self, reqwest::Error> {
        // It fails only where a provider was installed before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                // A redirect could carry a secret to another host.
                .redirect(reqwest::redirect::Policy::none())
                // Retries are ours alone, else two policies multiply.
                .retry(reqwest::retry::never())
                // A handful of calls needs no pool, and a pooled connection that the server has just closed looks like
                // a request that may have been taken.
                .pool_max_idle_per_host(0)
                .user_agent(concat!("reference-provider/", env!("CARGO_PKG_VERSION")))
        };
        // Without any CA file there is no client by default. One that trusts nobody is still good for plain http.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self { client, limits, started: Instant::now() })
    }

    /// Returns the moment when a phase of the run ends.
    pub(crate) fn end_of(&self, phase: Phase) -> Instant {
        self.started + self.limits.budget * phase as u32 / 8
    }

    /// Sends a request until it succeeds, fails for good, or the next attempt would pass the deadline.
    ///
    /// The error is the last attempt's, but ambiguous if any of them was.
    pub(crate) async fn call(&self, request: &RequestBuilder, accept: Accept, deadline: Instant) -> Result<SecretString, CallError> {
        let mut backoff = Backoff::new(self.limits, deadline);
        let mut ambiguous = false;
        loop {
            let mut error = match self.send(request, accept, backoff.request_timeout()).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            ambiguous |= error.ambiguous;
            if !error.transient || !backoff.wait(error.retry_after).await {
                error.ambiguous = ambiguous;
                return Err(error);
            }
        }
    }

    /// Sends a request once and returns the body of a 2xx answer.
    pub(crate) async fn send(&self, request: &RequestBuilder, accept: Accept, timeout: Duration) -> Result<SecretString, CallError> {
        // Only a request with a part that was refused, such as a header, cannot be cloned.
        let Some(request) = request.try_clone() else {
            return Err(CallError::unbuilt());
        };
        let request = request.timeout(timeout);
        let response = request.send().await.map_err(CallError::no_answer)?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?, SystemTime::now()));
        let body = read_body(response).await;
        if !status.is_success() {
            let body = body.unwrap_or_default();
            return Err(CallError::unsuccessful(status.as_u16(), retry_after, body));
        }
        let usable = match (accept, &body) {
            (Accept::AnyBody, _) | (Accept::WholeBody, Some(_)) => true,
            (Accept::Json, Some(body)) => is_empty_or_json(body.expose_secret()),
            (_, None) => false,
        };
        if usable { Ok(body.unwrap_or_default()) } else { Err(CallError::unusable(status.as_u16())) }
    }
}

/// Returns the body, or nothing if it is cut or endless.
async fn read_body(mut response: Response) -> Option<SecretString> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(String::from_utf8_lossy(&body).into_owned().into())
}

fn is_empty_or_json(body: &str) -> bool {
    body.trim().is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok()
}

/// Returns whether the server's certificate was refused: that does not pass by waiting.
fn is_certificate_refused(error: &(dyn Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    // An I/O error hides what it wraps: its own `source` is the source of that.
    let cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    };
    cause.is_some_and(is_certificate_refused)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";

    /// Listens for one connection, answers it with these bytes, and ends it: with a RST if there are none, else a FIN.
    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await.unwrap();
            if answer.is_empty() {
                connection.set_zero_linger().unwrap();
            }
            connection.write_all(answer.as_bytes()).await.unwrap();
        });
        address
    }

    async fn put(address: SocketAddr, accept: Accept) -> Result<SecretString, CallError> {
        let http = Http::new(Limits::default()).unwrap();
        let request = http.client.put(format!("http://{address}")).body("{}");
        http.send(&request, accept, Duration::from_mins(1)).await
    }

    #[tokio::test]
    async fn a_cut_body_matters_only_where_a_body_is_needed() {
        assert!(put(server(CUT).await, Accept::AnyBody).await.is_ok());
        for accept in [Accept::WholeBody, Accept::Json] {
            let error = put(server(CUT).await, accept).await.unwrap_err();
            assert!(error.transient && error.ambiguous && !error.is_refusal());
        }
    }

    #[tokio::test]
    async fn a_page_is_no_json() {
        let page = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>";
        let error = put(server(page).await, Accept::Json).await.unwrap_err();
        assert!(error.transient);
        let empty = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        assert!(put(server(empty).await, Accept::Json).await.is_ok());
    }

    #[tokio::test]
    async fn a_reset_is_ambiguous_and_a_refused_connection_is_not() {
        let reset = put(server("").await, Accept::AnyBody).await.unwrap_err();
        assert!(reset.transient && reset.ambiguous && reset.status.is_none());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let refused = put(address, Accept::AnyBody).await.unwrap_err();
        assert!(refused.transient && !refused.ambiguous);
    }

    #[tokio::test]
    async fn a_body_is_never_shown() {
        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ncanary";
        let error = put(server(refusal).await, Accept::Json).await.unwrap_err();
        assert!(error.is_refusal() && !error.ambiguous);
        assert!(!format!("{error:?} {}", chain(&error)).contains("canary"));
    }
}
