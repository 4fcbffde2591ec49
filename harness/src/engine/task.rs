//! A task as the engine keeps it: what the API shows, and what it needs to know besides.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::contract::{Action, SecretId, SecretTask, TaskError, TaskId, TaskStatus, TaskUpdate, Trigger, VersionId};

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its secret.
    pub secret: SecretId,
    /// Its version.
    pub version: VersionId,
    /// What it asks for.
    pub action: Action,
    /// Why it exists.
    pub trigger: Trigger,
    /// Where it stands.
    pub status: TaskStatus,
    /// The errors of a failed one.
    pub errors: Vec<TaskError>,
    /// Which attempt of a deletion this is, from 0; 0 for creations.
    pub attempt: u32,
    /// Job runs so far.
    pub runs: u32,
    /// When it was queued.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub changed_at: OffsetDateTime,
    /// When it fails without a report; set when its job starts.
    pub deadline: Option<OffsetDateTime>,
    /// The update that made it final.
    pub accepted: Option<TaskUpdate>,
    /// Who changed it last.
    pub updated_by: String,
}

impl Task {
    /// Returns the task as the API shows it; `created_by` is Secrets Manager's own service id.
    pub fn wire(&self, created_by: &str) -> SecretTask {
        SecretTask {
            id: self.id.clone(),
            created_by: created_by.to_owned(),
            creation_date: rfc3339(self.created_at),
            last_update_date: rfc3339(self.changed_at),
            updated_by: self.updated_by.clone(),
            action: self.action,
            status: self.status,
            trigger: self.trigger,
            secret_id: self.secret.clone(),
            secret_version_id: Some(self.version.clone()),
            errors: self.errors.clone(),
        }
    }
}

/// Writes a moment as the service does: RFC 3339 with milliseconds.
pub(crate) fn rfc3339(moment: OffsetDateTime) -> String {
    const FORM: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    moment.to_offset(UtcOffset::UTC).format(FORM).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_have_three_digits_of_a_second_whatever_they_are() {
        assert_eq!(rfc3339(datetime!(2022-04-12 23:20:50.52 UTC)), "2022-04-12T23:20:50.520Z");
        assert_eq!(rfc3339(datetime!(2022-04-12 23:20:50 UTC)), "2022-04-12T23:20:50.000Z");
        assert_eq!(rfc3339(datetime!(2022-04-12 23:20:50.1239 +1)), "2022-04-12T22:20:50.123Z");
    }
}
