//! Mutations about deletions.

use super::Mutation;

mutations! {
    // It cannot know how the revocation will end when it reports (DEL-002, DEL-004, DEL-005, DEL-010), and never reports a refusal.
    REPORTS_FIRST = "DEL-001/reports-first", "It reports the deletion, then revokes the credential.";
        breaks "DEL-001" "DEL-002" "DEL-004" "DEL-005" "DEL-010";
        holes "ERR-001" "ERR-002" "PRV-009";
        says "was revoked only after";
    // Whatever the third party would say, the credential is reported deleted and lives (DEL-002, DEL-004, DEL-005, DEL-010). No refusal is
    // reported.
    NEVER_REVOKES = "DEL-001/never-revokes", "It reports the deletion and revokes nothing.";
        breaks "DEL-001" "DEL-002" "DEL-004" "DEL-005" "DEL-010";
        holes "ERR-001" "ERR-002" "PRV-009" "RTY-009" "RTY-011";
        says "was reported deleted and lives";
    // The daily retries are played with 409 too (DEL-004, DEL-005). That refusal is never reported.
    TAKES_409_AS_DELETED = "DEL-002/conflict-as-success", "It takes 409 as a sign that the credential is gone.";
        breaks "DEL-002" "DEL-004" "DEL-005"; holes "ERR-001" "ERR-002"; says "the job reported credentials_deleted";
    TAKES_A_RESET_AS_DELETED = "DEL-002/reset-as-success", "It takes a broken connection as a sign that the credential is gone.";
        breaks "DEL-002"; says "the job reported credentials_deleted";
    // The daily retries are played with 503 too (DEL-004, DEL-005).
    TAKES_5XX_AS_DELETED = "DEL-002/outage-as-success", "It takes an outage of the third party as a sign that the credential is gone.";
        breaks "DEL-002" "DEL-004" "DEL-005"; says "the job reported credentials_deleted";
    // A deletion that is run twice finds the credential gone (DEL-009).
    GONE_IS_A_FAILURE = "DEL-003/gone-is-a-failure", "It reports failed when the credential is gone already.";
        breaks "DEL-003" "DEL-009"; says "it reported failed";
    TRIES_ONCE_IN_TEN_DAYS = "DEL-004/tries-once", "It revokes nothing in a daily retry.";
        breaks "DEL-004"; says "the last did not end as deleted";
    // Each refusal, whatever its status, is to be reported (DEL-002, DEL-005, DEL-010). No error of a refused deletion is there to be
    // judged.
    REFUSED_IN_SILENCE = "DEL-004/silent", "It reports nothing when the third party refuses the revocation.";
        breaks "DEL-004" "DEL-002" "DEL-005" "DEL-010";
        holes "ERR-001" "ERR-002" "PRV-009";
        says "it sent no update";
    // That is a credential reported deleted while it lives (DEL-002).
    GIVES_IN_AT_LAST = "DEL-005/gives-in-on-the-last-day", "It reports the credential deleted in the tenth daily retry, come what may.";
        breaks "DEL-005" "DEL-002"; says "was reported deleted and lives";
    BRINGS_IT_BACK = "DEL-006/brings-it-back", "It creates the credential again when the report of its deletion is refused.";
        breaks "DEL-006"; says "the job made credential";
    DELETES_THE_COLLECTION = "DEL-007/deletes-the-collection", "It deletes the whole collection when it has no id.";
        breaks "DEL-007"; says "the job called DELETE";
    NO_ID_IN_SILENCE = "DEL-007/silent", "It reports nothing when it has no id.";
        breaks "DEL-007"; says "0 updates were accepted";
    DELETES_BY_LABEL = "DEL-008/by-label", "It revokes every credential that carries its label.";
        breaks "DEL-008" "RTY-009";
        says "which is not its credential";
    TIDIES_UP = "DEL-008/tidies-up", "It revokes what others made before.";
        breaks "DEL-008"; says "which is not its credential";
    SECOND_RUN_FAILS = "DEL-009/second-run-fails", "It reports failed when an earlier task of the secret was deleted already.";
        breaks "DEL-009"; says "the second run ended failed";
    // That is a credential reported deleted while it lives (DEL-002).
    LOGIN_GONE_IS_DELETED = "DEL-010/login-gone-is-deleted", "It reports the credential deleted when the login secret cannot be read.";
        breaks "DEL-010" "DEL-002"; says "the job reported credentials_deleted";
    // That is a credential reported deleted while it lives (DEL-002).
    FOLLOWS_THE_REDIRECT = "DEL-010/follows-a-redirect", "It follows a redirect to a login page and believes what it finds there.";
        breaks "DEL-010" "DEL-002"; says "the job reported credentials_deleted";
}
