//! Secrets other than custom credentials: what a provider reads to log in at the third party.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::contract::{SecretId, SecretType};
use crate::engine::{CustomSecret, SecretState};

/// A stored secret.
#[derive(Clone)]
pub struct StoredSecret {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: String,
    /// Its secret group.
    pub group: String,
    /// Its type.
    pub secret_type: SecretType,
    /// The fields that hold its data, e.g. `payload`, as the API shows them.
    pub data: Map<String, Value>,
}

/// Shows everything but the data.
impl std::fmt::Debug for StoredSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "StoredSecret({} {:?} in {})", self.id, self.secret_type, self.group)
    }
}

/// The stored secrets of one stage.
#[derive(Debug, Default)]
pub struct StoredSecrets {
    secrets: Mutex<BTreeMap<SecretId, StoredSecret>>,
}

impl StoredSecrets {
    /// Stores or replaces a secret.
    pub fn put(&self, secret: StoredSecret) {
        self.lock().insert(secret.id.clone(), secret);
    }

    /// Removes a secret; returns whether it was there.
    pub fn remove(&self, id: &SecretId) -> bool {
        self.lock().remove(id).is_some()
    }

    /// Returns a secret.
    pub fn get(&self, id: &SecretId) -> Option<StoredSecret> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SecretId, StoredSecret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fields that the API shows for every secret.
struct Common<'secret> {
    id: &'secret SecretId,
    name: &'secret str,
    group: &'secret str,
    secret_type: SecretType,
    state: SecretState,
    versions: usize,
    created_at: String,
}

impl Common<'_> {
    fn body(&self) -> Map<String, Value> {
        let state = match self.state {
            SecretState::PreActivation => "pre_activation",
            SecretState::Active => "active",
            SecretState::Deactivated => "deactivated",
            SecretState::Destroyed => "destroyed",
        };
        let body = json!({
            "id": self.id, "name": self.name, "description": "Made by hallmark's fake cloud.", "secret_type": self.secret_type,
            "secret_group_id": self.group, "crn": format!("crn:v1:bluemix:public:secrets-manager:us-south:a/fake:fake:secret:{}", self.id),
            "labels": [], "custom_metadata": {}, "created_by": "iam-ServiceId-fake", "created_at": self.created_at,
            "updated_at": self.created_at, "retrieved_at": "1970-01-01T00:00:00.000Z", "downloaded": true, "locks_total": 0,
            "versions_total": self.versions, "state": self.state as u8, "state_description": state, "referenced_by": [],
        });
        match body {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Returns the body of a GET of a stored secret.
pub(super) fn stored_body(secret: &StoredSecret, created_at: String) -> Value {
    let common = Common {
        id: &secret.id,
        name: &secret.name,
        group: &secret.group,
        secret_type: secret.secret_type,
        state: SecretState::Active,
        versions: 1,
        created_at,
    };
    let mut body = common.body();
    body.extend(secret.data.clone());
    Value::Object(body)
}

/// Returns the body of a GET of a custom-credentials secret; `tasks` counts its tasks.
pub(super) fn custom_body(secret: &CustomSecret, tasks: usize, created_at: String) -> Value {
    let common = Common {
        id: &secret.id,
        name: &secret.name,
        group: &secret.group,
        secret_type: SecretType::CustomCredentials,
        state: secret.state,
        versions: secret.versions.len(),
        created_at,
    };
    let mut body = common.body();
    body.insert("configuration".into(), json!("hallmark"));
    body.insert("parameters".into(), json!(secret.parameters));
    body.insert("task_count".into(), json!(tasks));
    body.insert("credentials_content".into(), Value::Object(secret.current().map(|version| version.payload.clone()).unwrap_or_default()));
    Value::Object(body)
}
