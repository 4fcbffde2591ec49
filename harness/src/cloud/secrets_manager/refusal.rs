//! Refusals of the task and secret endpoints. Codes and texts are ours where no public source has them.

use http::StatusCode;

use super::super::answer;
use super::super::wire::Handled;
use crate::engine::{Knobs, UpdateRefused};
use crate::journal::Facts;

/// Returns the service's own error for a status, as it would answer by itself.
pub(super) fn plain(status: StatusCode, facts: Facts) -> Handled {
    let (code, message) = match status.as_u16() {
        400 => ("bad_request", "The request could not be processed because it is not valid for the present state of the task."),
        401 => ("unauthorized", "The bearer token is missing, malformed or expired."),
        403 => ("forbidden", "The caller lacks the permission for this operation."),
        404 => ("not_found", "The resource could not be found."),
        405 => ("method_not_allowed", "The method is not allowed for this resource."),
        409 => ("conflict", "The request conflicts with the present state of the resource."),
        412 => ("precondition_failed", "The resource is locked."),
        415 => ("unsupported_media_type", "The body must be application/json."),
        429 => ("too_many_requests", "Too many requests; try again later."),
        500 => ("internal_error", "An internal error occurred."),
        501 => ("not_implemented", "The operation is not implemented."),
        502 => ("bad_gateway", "The gateway got no valid answer."),
        503 => ("service_unavailable", "The service is temporarily not available."),
        504 => ("gateway_timeout", "The gateway got no answer in time."),
        _ => ("error", "The request was refused."),
    };
    answer::error(status, code, message, facts)
}

/// Returns the answer to an update that the engine refused.
pub(super) fn update(refused: UpdateRefused, knobs: &Knobs, facts: Facts) -> Handled {
    let (status, code, message) = match refused {
        UpdateRefused::Unknown => (404, "not_found", "The task could not be found."),
        UpdateRefused::Cancelled => (knobs.cancelled_task_status, "not_found", "The task was cancelled."),
        UpdateRefused::Final => (knobs.final_task_status, "task_final", "The task is in a final state and takes no further update."),
        UpdateRefused::WrongKind => (400, "bad_request", "The status does not suit the type of the task."),
        UpdateRefused::Queued => (400, "bad_request", "The task is not processed yet."),
    };
    answer::error(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code, message, facts)
}

/// Returns the answer to a body that breaks the API's shape.
pub(super) fn invalid(violations: &[String], facts: Facts) -> Handled {
    let first = violations.first().map_or("The body is not valid.", String::as_str);
    answer::error(StatusCode::BAD_REQUEST, "bad_request", first, facts)
}
