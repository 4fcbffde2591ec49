//! Who may do what: the roles of Secrets Manager and the secret group they are limited to.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::Operation;

/// The roles that matter to a credentials provider (Secrets Manager documentation, "Managing IAM access").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    /// May update tasks, and nothing else: not even read them.
    SecretTaskUpdater,
    /// May read secrets and tasks.
    SecretsReader,
    /// May read tasks, not secrets.
    Reader,
    /// May read secrets and tasks, and create secrets.
    Writer,
    /// May do everything but update tasks.
    Manager,
}

impl Role {
    fn allows(self, operation: Operation) -> bool {
        match operation {
            Operation::UpdateTask => self == Self::SecretTaskUpdater,
            Operation::ListTasks | Operation::GetTask => self != Self::SecretTaskUpdater,
            Operation::GetSecret => matches!(self, Self::SecretsReader | Self::Writer | Self::Manager),
            Operation::DeleteTask => self == Self::Manager,
            _ => false,
        }
    }
}

/// What the roles are limited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole instance.
    Instance,
    /// One secret group.
    SecretGroup(String),
}

/// A service id with its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `iam-ServiceId-<uuid>`.
    pub iam_id: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// What they are limited to.
    pub scope: Scope,
}

impl Identity {
    /// Tells whether a role allows the operation, wherever.
    pub fn may(&self, operation: Operation) -> bool {
        self.roles.iter().any(|role| role.allows(operation))
    }

    /// Tells whether the scope covers a secret group.
    pub fn covers(&self, group: &str) -> bool {
        match &self.scope {
            Scope::Instance => true,
            Scope::SecretGroup(own) => own == group,
        }
    }

    /// Returns the roles in words, for the journal.
    pub fn describe(&self) -> String {
        let roles: Vec<String> = self.roles.iter().map(|role| format!("{role:?}")).collect();
        if roles.is_empty() { "no role".to_owned() } else { roles.join("+") }
    }
}
