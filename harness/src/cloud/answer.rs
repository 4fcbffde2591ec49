//! Answers in the forms of the IBM Cloud API handbook.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use super::wire::{Handled, Received};
use crate::journal::Facts;

/// Headers that the handbook has every service echo.
const ECHOED: [HeaderName; 2] = [HeaderName::from_static("x-correlation-id"), HeaderName::from_static("x-request-id")];

/// Returns a JSON answer.
pub(super) fn json(status: StatusCode, body: &impl Serialize, applied: bool, facts: Facts) -> Handled {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Every body has texts for keys, so that it can be written.
    let body = Bytes::from(serde_json::to_vec(body).unwrap_or_default());
    Handled { status, headers, body, applied, facts }
}

/// Returns an answer without a body.
pub(super) fn empty(status: StatusCode, applied: bool, facts: Facts) -> Handled {
    Handled { status, headers: HeaderMap::new(), body: Bytes::new(), applied, facts }
}

/// Adds the correlation and request ids of the request, or new ones.
pub(super) fn echo(mut handled: Handled, request: &Received) -> Handled {
    for name in ECHOED {
        let value = request.headers.get(&name).cloned().or_else(|| HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).ok());
        if let Some(value) = value {
            handled.headers.insert(name, value);
        }
    }
    handled
}

/// An error in the handbook's shape: `errors`, `status_code`, `trace`.
pub(super) fn error(status: StatusCode, code: &str, message: &str, facts: Facts) -> Handled {
    let body = json!({
        "errors": [{
            "code": code,
            "message": message,
            "more_info": "https://cloud.ibm.com/apidocs/secrets-manager/secrets-manager-v2",
        }],
        "status_code": status.as_u16(),
        "trace": uuid::Uuid::new_v4().to_string(),
    });
    let mut handled = json(status, &body, false, facts);
    match status {
        StatusCode::UNAUTHORIZED => {
            handled.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"IBM Cloud\""));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            handled.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    handled
}
