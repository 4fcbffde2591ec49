//! Mutations about errors, logs and ends.

use super::Mutation;

mutations! {
    // Secrets Manager refuses such a report (UPD-001), so no failure is ever known: not that of a creation (CRE-005, CRE-009, CRE-011), of
    // a deletion (DEL-002, DEL-004, DEL-005, DEL-007, DEL-010), of an action (ACT-001). Without an error there is no code, no text and no
    // secret to judge.
    NO_ERRORS = "ERR-001/none", "It reports failed without an error.";
        breaks "ERR-001" "CRE-005" "CRE-009" "CRE-011" "DEL-002" "DEL-004" "DEL-005" "DEL-007" "DEL-010" "ACT-001" "UPD-001";
        holes "UPD-004" "ERR-002" "ERR-003" "ERR-004" "PRV-002" "PRV-005";
        says "0 errors";
    // Secrets Manager refuses such a report (UPD-001), so no failure is ever known: not that of a creation (CRE-005, CRE-009, CRE-011), of
    // a deletion (DEL-002, DEL-004, DEL-005, DEL-007, DEL-010), of an action (ACT-001).
    ELEVEN_ERRORS = "ERR-001/eleven", "It reports eleven errors.";
        breaks "ERR-001" "CRE-005" "CRE-009" "CRE-011" "DEL-002" "DEL-004" "DEL-005" "DEL-007" "DEL-010" "ACT-001" "UPD-001";
        holes "UPD-004";
        says "11 errors";
    DELETION_WITHOUT_WORDS = "ERR-001/blank", "It describes the failure of a deletion with a blank.";
        breaks "ERR-001"; says "an error without code or description";
    STATUS_AS_CODE = "ERR-002/status", "Its code for a refused creation is an HTTP status.";
        breaks "ERR-002"; says "it is a bare HTTP status";
    SENTENCE_AS_CODE = "ERR-002/sentence", "Its code for a failed deletion is a sentence.";
        breaks "ERR-002"; says "it is no single token";
    ONE_CODE_FOR_ALL = "ERR-003/one-for-all", "It has one code for everything.";
        breaks "ERR-003"; says "stands for both";
    CODE_BY_TASK = "ERR-003/changes", "Its codes are different in each run.";
        breaks "ERR-003"; says "create refused";
    PASSES_THE_ANSWER_ON = "ERR-004/raw-answer", "Its description is the third party's raw answer.";
        breaks "ERR-004" "PRV-003" "PRV-009";
        says "it holds";
    BREAKS_LINES = "ERR-004/two-lines", "Its description of a refused creation has two lines.";
        breaks "ERR-004"; says "a line break";
    TALKS_ON = "ERR-004/long", "Its descriptions are longer than anybody reads.";
        breaks "ERR-004"; says "characters";
    SHOWS_ITS_STACK = "ERR-004/stack", "Its description names a line of its source.";
        breaks "ERR-004"; says "a stack trace";
    // Nor does it name what an undo left (CRE-012).
    LOGS_NOTHING = "ERR-005/silent", "It logs nothing.";
        breaks "ERR-005" "CRE-012";
        holes "PRV-003";
        says "logged nothing";
    EXITS_0_ALWAYS = "ERR-006/always-0", "It exits 0 after a failure.";
        breaks "ERR-006"; says "no success was accepted, exit status 0";
    DELETION_EXITS_1 = "ERR-006/deletion-exits-1", "It exits 1 after a deletion.";
        breaks "ERR-006"; says "exit status 1";
    PANICS_WITHOUT_A_TOKEN = "ERR-007/iam-answer", "It panics when IAM's answer holds no token.";
        breaks "ERR-007"; says "panicked";
    // A crash reports nothing (CRE-011, DEL-010), so there is no error in which the secret could stand.
    PANICS_ON_ANOTHER_TYPE = "ERR-007/login-type", "It panics when the login secret has another type.";
        breaks "ERR-007" "CRE-011" "DEL-010"; holes "PRV-002"; says "panicked";
    // A crash reports nothing (CRE-011).
    PANICS_ON_A_PAGE = "ERR-007/html", "It panics when the third party answers with a page.";
        breaks "ERR-007" "CRE-011"; says "panicked";
    // A crash reports nothing (CRE-011).
    KILLED_BY_A_PAGE = "ERR-007/signal", "It dies of a signal when the third party answers with a page.";
        breaks "ERR-007" "CRE-011"; says "signal 6";
}
