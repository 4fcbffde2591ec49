//! What faults change about an answer, one after the other.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};

use super::backend::Handled;
use super::rewriting::Alteration;
use crate::fault::{Acting, FaultWhat, Quota};

/// The header that makes a head too large.
const PADDING: HeaderName = HeaderName::from_static("x-padding");

/// What is changed about an answer after the journal's copy was made.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Bytes of a further header.
    header: usize,
    /// Length up to which the body is filled up.
    body: usize,
    /// Bytes a second at which the body leaves.
    pub(super) pace: Option<u64>,
    malformed_chunk: bool,
    alteration: Alteration,
}

impl Changes {
    /// Changes an answer as faults want it, in their order. `clock` is what the service takes the time to be, where that is wrong.
    pub(super) fn make(answer: &mut Handled, acting: &[Acting], clock: Option<SystemTime>) -> Self {
        let mut changes = Self::default();
        for acting in acting {
            changes.add(answer, &acting.fault.what);
            if let Some(quota) = &acting.quota {
                tell_of_limit(&mut answer.headers, quota);
            }
        }
        if let Some(clock) = clock {
            answer.headers.extend(HeaderValue::from_str(&httpdate::fmt_http_date(clock)).ok().map(|date| (DATE, date)));
        }
        changes
    }

    fn add(&mut self, answer: &mut Handled, what: &FaultWhat) {
        match *what {
            FaultWhat::InvalidJson => answer.body = broken_json(&answer.body),
            FaultWhat::WrongContentType => {
                answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            }
            FaultWhat::OversizeHeader { bytes } => self.header += usize::try_from(bytes).unwrap_or(0),
            FaultWhat::OversizeBody { bytes } => self.body = self.body.max(usize::try_from(bytes).unwrap_or(0)),
            // Of several, the slowest is felt.
            FaultWhat::SlowBody { bytes_per_second } => {
                self.pace = Some(self.pace.map_or(bytes_per_second, |pace| pace.min(bytes_per_second)));
            }
            FaultWhat::MalformedChunk => self.malformed_chunk = true,
            FaultWhat::WrongLength { by } => self.alteration.length += by,
            FaultWhat::Duplicate => self.alteration.copies += 1,
            FaultWhat::Informational { status } => self.alteration.informational.push(status),
            _ => {}
        }
    }

    /// Fills head and body up.
    pub(super) fn fill_up(&self, headers: &mut HeaderMap, body: Bytes) -> Bytes {
        if self.header > 0
            && let Ok(value) = HeaderValue::from_bytes(&vec![b'a'; self.header])
        {
            headers.insert(PADDING, value);
        }
        if self.body <= body.len() {
            return body;
        }
        let mut filled = BytesMut::from(body);
        filled.resize(self.body, b' ');
        filled.freeze()
    }

    /// Returns how the bytes of the answer are to differ. A cut body is neither chunked nor sent again.
    pub(super) fn alteration(mut self, body: usize, cut: bool) -> Alteration {
        if cut {
            self.alteration.copies = 0;
        } else if self.malformed_chunk {
            // Half of it, so that nobody takes what has come for the whole.
            self.alteration.chunk = Some(body.div_ceil(2));
        }
        self.alteration
    }
}

/// Tells of a limit as draft-ietf-httpapi-ratelimit-headers does, and as many services did before it. All times are in seconds from now on.
fn tell_of_limit(headers: &mut HeaderMap, quota: &Quota) {
    let Quota { limit, remaining, window, reset_seconds, .. } = quota;
    for (name, value) in [
        ("ratelimit-policy", format!("\"default\";q={limit};w={}", window.as_secs())),
        ("ratelimit", format!("\"default\";r={remaining};t={reset_seconds}")),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset_seconds.to_string()),
    ] {
        headers.extend(HeaderValue::from_str(&value).ok().map(|value| (HeaderName::from_static(name), value)));
    }
}

/// Breaks a JSON text without changing its length: no JSON text ends with a comma.
fn broken_json(body: &Bytes) -> Bytes {
    let mut broken = body.to_vec();
    if let Some(last) = broken.iter().rposition(|byte| !byte.is_ascii_whitespace()) {
        broken[last] = b',';
    }
    Bytes::from(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_keeps_its_length_and_never_parses() {
        for text in ["{}", "[1,2]\n", "\"a\"", "12", "1", "null", "{\"a\":{\"b\":[]}}  "] {
            let broken = broken_json(&Bytes::from_static(text.as_bytes()));
            assert_eq!(broken.len(), text.len());
            assert!(serde_json::from_slice::<serde_json::Value>(&broken).is_err(), "{text}");
        }
    }
}
