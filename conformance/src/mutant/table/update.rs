//! Mutations about updates and their retries.

use super::Mutation;

mutations! {
    // Secrets Manager takes none of its updates: nothing works (CRE-001, CRE-008, ACT-002, LPR-001), no failure is known (CRE-005, CRE-009,
    // CRE-011, ACT-001), no retry is accepted (RTY-001).
    SENDS_PLAIN_TEXT = "UPD-001/plain-text", "It sends its updates as plain text.";
        breaks "UPD-001" "CRE-001" "CRE-005" "CRE-008" "CRE-009" "CRE-011" "ACT-001" "ACT-002" "RTY-001" "LPR-001";
        holes "CRE-002" "CRE-003" "CRE-004" "CRE-006" "DEL-001" "DEL-002" "DEL-003" "DEL-004" "DEL-005" "DEL-006" "DEL-007" "DEL-008"
            "DEL-009" "DEL-010" "UPD-003" "UPD-004" "UPD-008" "RTY-004" "ERR-001" "ERR-002" "ROT-001" "PRV-009" "RTY-009" "RTY-011";
        says "Content-Type is not application/json";
    // As above; and without an update there is nothing to judge in most scenarios.
    POSTS = "UPD-001/posts", "It sends its updates with POST.";
        breaks "UPD-001" "CRE-001" "CRE-005" "CRE-008" "CRE-009" "CRE-011" "ACT-001" "ACT-002" "LPR-001";
        holes "CRE-002" "CRE-003" "CRE-004" "CRE-006" "CRE-007" "DEL-001" "DEL-002" "DEL-003" "DEL-004" "DEL-005" "DEL-006" "DEL-007"
            "DEL-008" "DEL-009" "DEL-010" "UPD-002" "UPD-003" "UPD-004" "UPD-007" "UPD-008" "RTY-001" "RTY-004" "ERR-001" "ERR-002"
            "ERR-003" "ERR-004" "PRV-001" "PRV-002" "PRV-004" "ROT-001" "NET-002" "PRV-005" "PRV-009" "RTY-002" "RTY-003" "RTY-009"
            "RTY-010" "RTY-011";
        says "POST";
    // Where the first update alone is answered 400, the second is accepted: nothing is left to undo.
    ONCE_MORE_AFTER_400 = "UPD-002/once-more", "It tries an update once more after 400.";
        breaks "UPD-002"; holes "CRE-007"; says "1 more after the 400";
    ONCE_MORE_AFTER_400_LATER = "UPD-002/after-a-retry", "It knows 400 for final only where it is the first answer.";
        breaks "UPD-002";
        holes "CRE-007";
        says "1 more after the 400";
    FAILED_AFTER_400 = "UPD-002/failed-after-400", "It reports failed after its report was answered 400.";
        breaks "UPD-002"; says "1 more after the 400: failed";
    ONCE_MORE_AFTER_404 = "UPD-003/once-more", "It tries an update once more after 404.";
        breaks "UPD-003";
        holes "CRE-007";
        says "1 more after the 404";
    RETRIES_A_404 = "UPD-003/everything-twice-after-404", "It takes 404 for something that passes, whoever answers it.";
        breaks "UPD-003"; says "more after the 404";
    FAILED_AFTER_SUCCESS = "UPD-004/failed-after-success", "It reports failed after its report was accepted.";
        breaks "UPD-004" "UPD-006";
        says "was accepted, then the job reported failed";
    // A job that the launcher ended has no exit status of its own, and no crash.
    HANGS_WITHOUT_A_TOKEN = "UPD-005/waits-for-iam", "It waits for ever when IAM gives no token.";
        breaks "UPD-005" "RTY-011";
        holes "ERR-006" "ERR-007";
        says "it still ran";
    // It reports no refusal with 503 (CRE-005).
    WAITS_FOR_RECOVERY = "UPD-005/waits-for-the-third-party", "It waits for ever when the third party has an outage.";
        breaks "UPD-005" "CRE-005" "RTY-011";
        says "it still ran";
    COUNTS_DOWN = "UPD-007/counts-down", "It builds the body anew for each attempt.";
        breaks "UPD-007"; says "the retry's body differs";
    // One of the two is alive and unknown (CRE-005, CRE-007). When the second is refused it undoes the first, which may be in use
    // (UPD-008).
    MAKES_ANOTHER_FOR_THE_RETRY = "UPD-007/makes-another", "It creates another credential for the second attempt of the report.";
        breaks "UPD-007" "CRE-005" "CRE-007" "UPD-008" "RTY-002" "UPD-009";
        says "the retry's body differs";
    NEVER_LOOKS = "UPD-008/never-looks", "It undoes a creation although its report may have taken effect.";
        breaks "UPD-008"; says "destroyed the live credential";
    // It ends as if the report had failed (ERR-006).
    NEEDS_UPDATED_BY = "UPD-006/needs-updated-by", "It undoes a creation whose accepted report is answered without updated_by.";
        breaks "UPD-006" "ERR-006"; says "was revoked";
    // A panic is a crash.
    PANICS_WITHOUT_UPDATED_BY = "UPD-006/panics", "It panics when the answer to an accepted report lacks updated_by.";
        breaks "UPD-006" "ERR-006" "ERR-007"; says "crashed after the 200";
    FORGETS_ITS_FRESH_TOKEN = "UPD-009/forgets-it", "It fetches a fresh token after a 401 and sends the update again with the old one.";
        breaks "UPD-009"; says "sent again with the refused one";
    KEEPS_ITS_TOKEN = "UPD-009/keeps-its-token", "It never fetches a second token.";
        breaks "UPD-009"; says "no other token was asked for";
    RENEWS_AGAIN_AND_AGAIN = "UPD-009/renews-again", "It fetches a fresh token after each 401.";
        breaks "UPD-009"; says "tokens were fetched after the first 401";
}
