//! Custom-credentials secrets and their versions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::contract::{SecretId, VersionId};

/// NIST states of a secret with the integers that the service shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretState {
    /// 0: its first credential is not there yet.
    PreActivation = 0,
    /// 1: it has a credential.
    Active = 1,
    /// 3: its first credential could not be made.
    Deactivated = 3,
    /// 5: its data expired or was removed.
    Destroyed = 5,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// Waits for its create task.
    Pending,
    /// Holds a reported credential.
    Active,
    /// Its create task failed.
    Failed,
    /// Its delete task, or the wait for the next daily retry, is under way.
    Deleting,
    /// Its credential is reported deleted.
    Destroyed,
    /// All retries of its deletion failed: an orphan that Secrets Manager knows.
    DeletionFailed,
}

impl VersionState {
    /// Returns the state as recordings write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Destroyed => "destroyed",
            Self::DeletionFailed => "deletion_failed",
        }
    }
}

/// One version: at most one credential.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Where it stands.
    pub state: VersionState,
    /// The reported `credentials.id`.
    pub credentials_id: Option<String>,
    /// The reported payload. Secret: it leaves only as the answer to an authorised GET.
    pub payload: Map<String, Value>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When its time to live ends; none before activation or without one.
    pub expires_at: Option<OffsetDateTime>,
}

/// A custom-credentials secret.
#[derive(Debug, Clone)]
pub struct CustomSecret {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: String,
    /// Its secret group.
    pub group: String,
    /// Input values by lower-case name.
    pub parameters: BTreeMap<String, String>,
    /// How long a version lives.
    pub ttl: Option<Duration>,
    /// How often it rotates by itself.
    pub rotation: Option<Duration>,
    /// When it rotates next.
    pub next_rotation: Option<OffsetDateTime>,
    /// State.
    pub state: SecretState,
    /// Versions, oldest first.
    pub versions: Vec<Version>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// Whether its deletion was asked for.
    pub deleted: bool,
}

impl CustomSecret {
    /// Returns the version with this id.
    pub fn version(&self, id: &VersionId) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == *id)
    }

    pub(super) fn version_mut(&mut self, id: &VersionId) -> Option<&mut Version> {
        self.versions.iter_mut().find(|version| version.id == *id)
    }

    /// Returns the newest version that holds a credential.
    pub fn current(&self) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.state == VersionState::Active)
    }
}
