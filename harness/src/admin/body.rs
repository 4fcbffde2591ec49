//! What requests of the admin API carry: read here, or refused in the API's own error shape.

use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::fault::FaultPlan;

/// A refusal in the API's error shape.
#[derive(Debug)]
pub(super) struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(Problem { error })).into_response()
    }
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self(status, error.into())
    }

    fn body(call: &str, rejection: &JsonRejection) -> Self {
        // The handbook that the fake cloud follows knows no 422: a body that does not suit is a bad request.
        let status = match rejection.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self(status, format!("reading the body of {call}: {}; GET /admin/v1/openapi.json describes it", rejection.body_text()))
    }
}

/// Returns method and path, for messages.
fn call(request: &Request) -> String {
    format!("{} {}", request.method(), request.uri().path())
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let call = call(&request);
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Refused::body(&call, &rejection)),
        }
    }
}

/// A fault plan: JSON, or its one line as `text/plain`.
pub(super) struct Plan(pub(super) FaultPlan);

impl<S: Send + Sync> FromRequest<S> for Plan {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !content_type.to_ascii_lowercase().starts_with("text/plain") {
            return Body::from_request(request, state).await.map(|Body(plan)| Self(plan));
        }
        let call = call(&request);
        let unread = |status, reason: String| Refused(status, format!("reading the body of {call}: {reason}"));
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection: BytesRejection| unread(rejection.status(), rejection.body_text()))?;
        let line = std::str::from_utf8(&bytes).map_err(|_| unread(StatusCode::BAD_REQUEST, "it is not UTF-8".to_owned()))?;
        let plan = line.parse::<FaultPlan>().map_err(|error| unread(StatusCode::BAD_REQUEST, error.to_string()))?;
        Ok(Self(plan))
    }
}

/// The query of a URL.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                Err(Refused(rejection.status(), format!("reading the query of {}: {}", parts.uri.path(), rejection.body_text())))
            }
        }
    }
}
