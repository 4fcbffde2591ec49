//! The failures that a person is told about.
//!
//! The main type here is [`Failure`]: its `Display` is the description that Secrets Manager shows, [`Failure::code`] the
//! stable code beside it. A description never holds what a server said or what an input held, for both may repeat a
//! secret; the cause goes to the log through `source`. README.md lists the codes.

use std::error::Error;

use crate::http::CallError;

/// Why the task was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("The provider does not know the action that it was asked for. Nothing was changed.")]
    UnknownAction,
    #[error("The job's variable {name} must be {expected}. Nothing was changed.")]
    SettingInvalid {
        name: &'static str,
        expected: &'static str,
    },
    #[error("The input {name} is required, but it has no value. Nothing was changed.")]
    InputMissing { name: &'static str },
    #[error("The input {name} must be {expected}. Nothing was changed.")]
    InputInvalid {
        name: &'static str,
        expected: &'static str,
    },
    #[error(
        "Secrets Manager did not say which credential to delete, or named one that cannot exist. Nothing was deleted."
    )]
    CredentialsIdMissing,
    #[error(
        "The login secret could not be read. Check that it exists and that the provider has the SecretsReader role for its secret group."
    )]
    LoginSecretUnreadable(#[source] CallError),
    #[error(
        "The login secret cannot be used. It must be an arbitrary secret, user credentials or IAM credentials, and hold a token on one line."
    )]
    LoginSecretUnusable,
    #[error(
        "The {system} system refused to create the credential. Check the inputs and the rights of the login secret."
    )]
    CreateRefused {
        system: &'static str,
        #[source]
        cause: CallError,
    },
    #[error(
        "The {system} system could not be reached or had trouble of its own, so no credential was created. Try again later."
    )]
    CreateUnavailable {
        system: &'static str,
        #[source]
        cause: CallError,
    },
    #[error(
        "The {system} system gave an answer without a usable credential. What it may have created was revoked."
    )]
    CreateUnusable { system: &'static str },
    #[error(
        "The {system} system may hold a credential of an attempt that failed, and it could not be revoked. Look there for the label or description {task_id} and revoke what carries it."
    )]
    LeftoverRemains {
        system: &'static str,
        task_id: String,
        #[source]
        cause: CallError,
    },
    #[error(
        "The {system} system refused to delete the credential, so it is still valid. Check the rights of the login secret."
    )]
    DeleteRefused {
        system: &'static str,
        #[source]
        cause: CallError,
    },
    #[error(
        "The {system} system could not be reached or had trouble of its own, so the credential may still be valid. Secrets Manager tries again."
    )]
    DeleteUnavailable {
        system: &'static str,
        #[source]
        cause: CallError,
    },
    #[error(
        "Secrets Manager did not accept the report of the created credential, so the credential was revoked. Check that the provider has the SecretTaskUpdater role."
    )]
    ReportNotAccepted(#[source] CallError),
    #[error(
        "Secrets Manager accepts no report for this task any more, so no credential of it was kept."
    )]
    TaskClosed,
    #[error(
        "Secrets Manager did not accept the report of the created credential, and the credential {credentials_id} could not be revoked: it may live on."
    )]
    UndoFailed {
        credentials_id: String,
        #[source]
        cause: CallError,
    },
    #[error("The credential was deleted, but Secrets Manager did not accept the report.")]
    DeletionNotReported(#[source] CallError),
}

impl Failure {
    /// Returns the code: one per cause, never changed once published.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownAction => "UNKNOWN_ACTION",
            Self::SettingInvalid { .. } => "SETTING_INVALID",
            Self::InputMissing { .. } => "INPUT_MISSING",
            Self::InputInvalid { .. } => "INPUT_INVALID",
            Self::CredentialsIdMissing => "CREDENTIALS_ID_MISSING",
            Self::LoginSecretUnreadable(_) => "LOGIN_SECRET_UNREADABLE",
            Self::LoginSecretUnusable => "LOGIN_SECRET_UNUSABLE",
            Self::CreateRefused { .. } => "CREATE_REFUSED",
            Self::CreateUnavailable { .. } => "CREATE_UNAVAILABLE",
            Self::CreateUnusable { .. } => "CREATE_UNUSABLE",
            Self::LeftoverRemains { .. } => "LEFTOVER_REMAINS",
            Self::DeleteRefused { .. } => "DELETE_REFUSED",
            Self::DeleteUnavailable { .. } => "DELETE_UNAVAILABLE",
            Self::ReportNotAccepted(_) => "REPORT_NOT_ACCEPTED",
            Self::TaskClosed => "TASK_CLOSED",
            Self::UndoFailed { .. } => "UNDO_FAILED",
            Self::DeletionNotReported(_) => "DELETION_NOT_REPORTED",
        }
    }
}

/// Returns an error with all its causes, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
