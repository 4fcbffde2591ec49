//! One call over HTTP, and the loop around it.

use std::time::{Duration, SystemTime};

use reqwest::RequestBuilder;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use super::{Provider, pause};
use crate::mutant::table::retry;

/// The pause before the second attempt; it doubles from then on, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Longest wait that an answer may ask for; with more there is no point in another attempt.
const LONGEST_WISH: Duration = Duration::from_secs(4);

/// How a call was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// The status; none where no answer came.
    pub(super) status: Option<u16>,
    /// The whole body; none where it was cut.
    pub(super) body: Option<String>,
    /// Whether this attempt or one before it may have taken effect all the same.
    pub(super) doubtful: bool,
    /// Whether nothing came for as long as a request may take.
    pub(super) silent: bool,
    /// Which attempt it answered, from 1; 0 where no more than one was made.
    pub(super) attempts: u32,
    /// Whether a fresh token was wanted for another attempt, and there was none.
    pub(super) without_token: bool,
    /// The statuses of all attempts up to this one.
    pub(super) statuses: Vec<Option<u16>>,
    /// How long the server asked to be left alone.
    pub(super) wish: Option<Duration>,
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

    /// Tells whether the attempts so far were answered so.
    pub(super) fn came_as(&self, statuses: &[Option<u16>]) -> bool {
        self.statuses == statuses
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
                let wish = response.headers().get(RETRY_AFTER).and_then(|value| self.wish(value.to_str().ok()?));
                let body = response.text().await.ok();
                // What of an answer was cut may have been anything.
                Answer { status: Some(status), doubtful: status >= 500 || body.is_none(), body, wish, ..Answer::default() }
            }
            Err(error) => {
                self.log(&format!("WARNING no answer: {}", if error.is_timeout() { "time-out" } else { "the connection broke" }));
                Answer { doubtful: true, silent: error.is_timeout(), ..Answer::default() }
            }
        }
    }

    /// Reads a Retry-After.
    fn wish(&self, value: &str) -> Option<Duration> {
        if self.is(&retry::IGNORES_ITS_WISH) {
            return None;
        }
        match value.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) if self.is(&retry::KNOWS_NO_DATES) => None,
            Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok(),
        }
    }

    /// Reads JSON, tried again also where an answer came in pieces; none where it cannot be had.
    pub(super) async fn read(&self, attempts: u32, request: impl AsyncFn(u32) -> RequestBuilder) -> Option<Value> {
        for _ in 0..attempts {
            let answer = self.patiently(attempts, &request).await;
            match answer.json() {
                None if answer.accepted() => pause(FIRST_PAUSE).await,
                read => return read,
            }
        }
        None
    }

    /// Sends a request until the answer is final, at most so many times: on a slow machine as often as on a fast one. `request` is told how many
    /// attempts went before.
    pub(super) async fn patiently(&self, attempts: u32, request: impl AsyncFn(u32) -> RequestBuilder) -> Answer {
        let (mut doubtful, mut before, mut wait, mut statuses) = (false, 0, FIRST_PAUSE, Vec::new());
        if self.is(&retry::GETS_FASTER) {
            wait = LONGEST_PAUSE * 5;
        }
        let attempts = if self.is(&retry::HAMMERS) { attempts * 4 } else { attempts };
        loop {
            let mut answer = self.send(request(before).await).await;
            doubtful |= answer.doubtful;
            answer.doubtful = doubtful;
            before += 1;
            answer.attempts = before;
            statuses.push(answer.status);
            answer.statuses.clone_from(&statuses);
            if before >= attempts || !self.again(&answer, before) {
                return answer;
            }
            match answer.wish {
                Some(wish) if wish > LONGEST_WISH && !self.is(&retry::BELIEVES_ANY_WISH) => return answer,
                Some(wish) => pause(wish.max(wait)).await,
                None if self.is(&retry::HAMMERS) => {}
                None => pause(wait).await,
            }
            wait = if self.is(&retry::GETS_FASTER) { wait / 3 } else { LONGEST_PAUSE.min(wait * 2) };
        }
    }
}
