//! Mutations about privileges.

use super::Mutation;

mutations! {
    // It reads configurations, which no role of a provider allows (LPR-002), and no deletion works (DEL-001, DEL-003, DEL-004, ACT-002) or
    // gets as far as its report.
    DELETION_NEEDS_MORE = "LPR-001/deletion-needs-more", "It cannot delete without a role that no document grants it.";
        breaks "LPR-001" "DEL-001" "DEL-003" "DEL-004" "ACT-002" "LPR-002";
        holes "DEL-006" "DEL-009" "PRV-009" "RTY-009" "RTY-011";
        says "SecretTaskUpdater";
    DELETES_ITS_TASK = "LPR-002/deletes-its-task", "It deletes its own task when it is done.";
        breaks "LPR-002"; says "it called DELETE";
    READS_CONFIGURATIONS = "LPR-002/reads-configurations", "It reads the engine's configurations just in case.";
        breaks "LPR-002"; says "it called GET";
    READS_ITS_SECRET = "LPR-003/reads-its-secret", "It reads the secret that is being created.";
        breaks "LPR-003"; says "which no input names";
    KEY_FOR_EVERYBODY = "LPR-004/key", "It sends the access key to the third party.";
        breaks "LPR-004"; says "carries the access key";
    TOKEN_FOR_EVERYBODY = "LPR-004/token", "It sends its IAM token to the third party.";
        breaks "LPR-004"; says "carries an IAM token";
    PHONES_HOME = "LPR-005/phones-home", "It tells somebody's telemetry that it ran.";
        breaks "LPR-005"; says "it called telemetry.example.com:443";
    SIGNS_IN_AGAIN = "LPR-006/signs-in-again", "It asks for another token before it reports.";
        breaks "LPR-006"; says "2 requests for a token with 1 keys";
}
