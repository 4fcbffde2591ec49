//! Mutations about retries.

use super::Mutation;

mutations! {
    // It tries an undo once too (CRE-012). Without a retry there is no body to compare.
    NEVER_RETRIES = "RTY-001/never", "It tries every call once.";
        breaks "RTY-001" "CRE-012" "RTY-005" "RTY-007";
        says "none of them accepted";
    TAKES_429_AS_FINAL = "RTY-001/not-after-429", "It takes 429 as final.";
        breaks "RTY-001" "RTY-005" "RTY-007";
        says "was answered 429";
    TAKES_A_RESET_AS_FINAL = "RTY-001/not-after-a-reset", "It takes a broken connection as final.";
        breaks "RTY-001" "RTY-005" "RTY-007";
        says "none of them accepted";
    // The job does not end (UPD-005), so it never comes to the undo (CRE-007).
    RETRIES_FOR_EVER = "RTY-004/for-ever", "It tries its report for ever.";
        breaks "RTY-004" "CRE-007" "UPD-005"; says "it still ran";
    IGNORES_ITS_WISH = "RTY-002/ignores-it", "It knows no Retry-After.";
        breaks "RTY-002"; says "the next update came after";
    KNOWS_NO_DATES = "RTY-002/no-dates", "It ignores a Retry-After that is a date.";
        breaks "RTY-002"; says "GMT, the next update came after";
    // The job does not end (UPD-005).
    BELIEVES_ANY_WISH = "RTY-002/believes-anything", "It waits for as long as a Retry-After says, be it a year.";
        breaks "RTY-002" "UPD-005"; says "still waited when the launcher ended it";
    HAMMERS = "RTY-003/hammers", "It tries its report twenty times without a pause.";
        breaks "RTY-003"; says "6 updates within";
    GETS_FASTER = "RTY-003/gets-faster", "Its pauses become shorter.";
        breaks "RTY-003"; says "the median last";
    ASKS_FOR_ITS_TOKEN_ONCE = "RTY-005/once", "It asks for its token once.";
        breaks "RTY-005"; says "not tried again";
    INSISTS_ON_ITS_KEY = "RTY-006/insists", "It tries a key that IAM does not know ten times.";
        breaks "RTY-006"; says "requests with a key that IAM does not know";
    CREATES_ONCE = "RTY-007/creates-once", "It tries a creation once.";
        breaks "RTY-007"; says "not tried again";
    REVOKES_ONCE = "RTY-007/revokes-once", "It tries a revocation once.";
        breaks "RTY-007"; says "not tried again";
    CREATES_BLINDLY = "RTY-008/creates-blindly", "It creates again without looking for what the first attempt left.";
        breaks "RTY-008"; says "2 live";
    INSISTS_AFTER_403 = "RTY-009/insists", "It tries a creation again that was answered 403.";
        breaks "RTY-009"; says "answered 403 and sent 2 times more";
    WAITS_FOR_EVER = "RTY-011/waits-for-ever", "Its requests have no time-out.";
        breaks "RTY-011"; says "it still waited for an answer";
}
