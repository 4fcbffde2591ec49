//! The failures that a person is told about; README.md lists them.
//!
//! The main type here is [`Failure`]: its `Display` is the description that Secrets Manager shows, [`Failure::code`] the
//! stable code beside it. A description never holds what a server said or what an input held, for both may repeat a
//! secret; the cause goes to the log through `source`.

use std::error::Error;

use crate::http::CallError;

/// Why the task was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("The provider does not know this action. Nothing was changed.")]
    UnknownAction,
    #[error("The job's variable {0} must be {1}. Nothing was changed.")]
    SettingInvalid(&'static str, &'static str),
    #[error("The input {0} must be {1}. Nothing was changed.")]
    InputInvalid(&'static str, &'static str),
    #[error("It is not known which credential to delete. Nothing was deleted.")]
    CredentialsIdMissing,
    #[error("The login secret could not be read. Does it exist, and may the provider read it?")]
    LoginSecretUnreadable(#[source] CallError),
    #[error("The login secret has the wrong type, or what it holds is not a token on one line.")]
    LoginSecretUnusable,
    #[error("The third-party system refused to create a credential. Check inputs and login.")]
    CreateRefused(#[source] CallError),
    #[error("The third-party system could not create a credential now. Try again later.")]
    CreateUnavailable(#[source] CallError),
    #[error("The third-party system's answer held no usable credential. Nothing was kept.")]
    CreateUnusable,
    #[error("A credential of a failed attempt may live on in the third-party system, as {0}.")]
    LeftoverRemains(String, #[source] CallError),
    #[error("The third-party system refused to delete the credential, which is still valid.")]
    DeleteRefused(#[source] CallError),
    #[error("The third-party system could not delete the credential now. It may still be valid.")]
    DeleteUnavailable(#[source] CallError),
    #[error("The report of the new credential was not accepted, so it was revoked.")]
    ReportNotAccepted(#[source] CallError),
    #[error("The task accepts no report any more, so no credential was kept for it.")]
    TaskClosed,
    #[error("The new credential {0} was not accepted, could not be revoked, and may live on.")]
    UndoFailed(String, #[source] CallError),
    #[error("The credential was deleted, but the report of that was not accepted.")]
    DeletionNotReported(#[source] CallError),
}

impl Failure {
    /// Returns the code: one per cause, never changed once published.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownAction => "UNKNOWN_ACTION",
            Self::SettingInvalid(..) => "SETTING_INVALID",
            Self::InputInvalid(..) => "INPUT_INVALID",
            Self::CredentialsIdMissing => "CREDENTIALS_ID_MISSING",
            Self::LoginSecretUnreadable(_) => "LOGIN_SECRET_UNREADABLE",
            Self::LoginSecretUnusable => "LOGIN_SECRET_UNUSABLE",
            Self::CreateRefused(_) => "CREATE_REFUSED",
            Self::CreateUnavailable(_) => "CREATE_UNAVAILABLE",
            Self::CreateUnusable => "CREATE_UNUSABLE",
            Self::LeftoverRemains(..) => "LEFTOVER_REMAINS",
            Self::DeleteRefused(_) => "DELETE_REFUSED",
            Self::DeleteUnavailable(_) => "DELETE_UNAVAILABLE",
            Self::ReportNotAccepted(_) => "REPORT_NOT_ACCEPTED",
            Self::TaskClosed => "TASK_CLOSED",
            Self::UndoFailed(..) => "UNDO_FAILED",
            Self::DeletionNotReported(_) => "DELETION_NOT_REPORTED",
        }
    }

    /// Returns the failure of a creation: refused for good, or not possible now.
    pub(crate) fn creation(cause: CallError) -> Self {
        let constructor = if cause.is_refusal() { Self::CreateRefused } else { Self::CreateUnavailable };
        constructor(cause)
    }

    /// Returns the failure of a deletion, likewise.
    pub(crate) fn deletion(cause: CallError) -> Self {
        let constructor = if cause.is_refusal() { Self::DeleteRefused } else { Self::DeleteUnavailable };
        constructor(cause)
    }
}

/// Returns an error with all its causes, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", chain(cause)));
    format!("{error}{}", cause.unwrap_or_default())
}
