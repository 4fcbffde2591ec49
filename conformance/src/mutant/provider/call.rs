//! One call over HTTP, and the loop around it.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Provider, pause};

/// The pause before the second attempt; it doubles from then on, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// How a call was answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The status; none where no answer came.
    pub(super) status: Option<u16>,
    /// The whole body; none where it was cut.
    pub(super) body: Option<String>,
    /// Whether this attempt or one before it may have taken effect all the same.
    pub(super) doubtful: bool,
}

impl Answer {
    /// Tells whether it is a 2xx.
    pub(super) fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Tells whether it is worth another attempt.
    pub(super) fn transient(&self) -> bool {
        self.status.is_none_or(|status| matches!(status, 408 | 429 | 500 | 502..=504))
    }

    /// Returns the body of a 2xx as JSON, an empty one as null.
    pub(super) fn json(&self) -> Option<Value> {
        let body = self.body.as_deref().filter(|_| self.accepted())?;
        if body.trim().is_empty() { Some(Value::Null) } else { serde_json::from_str(body).ok() }
    }

    /// Returns how it was answered, in words.
    pub(super) fn in_words(&self) -> String {
        self.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"))
    }
}

impl Provider {
    /// Sends a request once.
    pub(super) async fn send(&self, request: RequestBuilder) -> Answer {
        match request.send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                Answer { status: Some(status), body: response.text().await.ok(), doubtful: status >= 500 }
            }
            Err(error) => {
                self.log(&format!("WARNING no answer: {}", if error.is_timeout() { "time-out" } else { "the connection broke" }));
                Answer { status: None, body: None, doubtful: true }
            }
        }
    }

    /// Sends a request until the answer is final, at most so many times: on a slow machine as often as on a fast one. `request` is told how many
    /// attempts went before.
    pub(super) async fn patiently(&self, attempts: u32, request: impl AsyncFn(u32) -> RequestBuilder) -> Answer {
        let (mut doubtful, mut before, mut wait) = (false, 0, FIRST_PAUSE);
        loop {
            let mut answer = self.send(request(before).await).await;
            doubtful |= answer.doubtful;
            answer.doubtful = doubtful;
            before += 1;
            if before >= attempts || !self.again(&answer, before) {
                return answer;
            }
            pause(wait).await;
            wait = LONGEST_PAUSE.min(wait * 2);
        }
    }
}
