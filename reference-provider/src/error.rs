//! The failures that a person is told about; README.md lists them.

use serde_json::{Value, json};

use crate::http::CallError;

/// Why the task was not done, as `CODE: description`; a published code never changes.
///
/// Neither repeats what a server said or what an input held, for both may hold a secret. The cause goes to the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("UNKNOWN_ACTION: The provider does not know this action. Nothing was changed.")]
    UnknownAction,
    #[error("SETTING_INVALID: The job's variable {0} must be {1}. Nothing was changed.")]
    SettingInvalid(&'static str, &'static str),
    #[error("INPUT_INVALID: The input {0} must be {1}. Nothing was changed.")]
    InputInvalid(&'static str, &'static str),
    #[error("CREDENTIALS_ID_MISSING: It is not known which credential to delete. Nothing was deleted.")]
    CredentialsIdMissing,
    #[error("LOGIN_SECRET_UNREADABLE: The login secret could not be read. Does it exist, and may the provider read it?")]
    LoginSecretUnreadable(#[source] CallError),
    #[error("LOGIN_SECRET_UNUSABLE: The login secret has the wrong type, or what it holds is not a token on one line.")]
    LoginSecretUnusable,
    #[error("CREATE_REFUSED: The third-party system refused to create a credential. Check inputs and login.")]
    CreateRefused(#[source] CallError),
    #[error("CREATE_UNAVAILABLE: The third-party system could not create a credential now. Try again later.")]
    CreateUnavailable(#[source] CallError),
    #[error("CREATE_UNUSABLE: The third-party system's answer held no usable credential. Nothing was kept.")]
    CreateUnusable,
    #[error("LEFTOVER_REMAINS: A credential of a failed attempt may live on in the third-party system, marked with the id of the task.")]
    LeftoverRemains(#[source] CallError),
    #[error("DELETE_REFUSED: The third-party system refused to delete the credential, which is still valid.")]
    DeleteRefused(#[source] CallError),
    #[error("DELETE_UNAVAILABLE: The third-party system could not delete the credential now. It may still be valid.")]
    DeleteUnavailable(#[source] CallError),
    #[error("REPORT_NOT_ACCEPTED: The report of the new credential was not accepted, so it was revoked.")]
    ReportNotAccepted(#[source] CallError),
    #[error("TASK_CLOSED: The task accepts no report any more, so no credential was kept for it.")]
    TaskClosed,
    #[error("UNDO_FAILED: The new credential was not accepted, could not be revoked, and may live on.")]
    UndoFailed(#[source] CallError),
    #[error("DELETION_NOT_REPORTED: The credential was deleted, but the report of that was not accepted.")]
    DeletionNotReported(#[source] CallError),
}

impl Failure {
    pub(crate) fn creation(cause: CallError) -> Self {
        if cause.refused.is_some() { Self::CreateRefused(cause) } else { Self::CreateUnavailable(cause) }
    }

    pub(crate) fn deletion(cause: CallError) -> Self {
        if cause.refused.is_some() { Self::DeleteRefused(cause) } else { Self::DeleteUnavailable(cause) }
    }

    /// Returns what the task is told.
    pub(crate) fn report(&self) -> Value {
        let text = self.to_string();
        let (code, description) = text.split_once(": ").unwrap_or((&text, &text));
        json!({ "status": "failed", "errors": [{ "code": code, "description": description }] })
    }
}
